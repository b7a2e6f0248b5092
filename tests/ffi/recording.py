"""What the native batch does, step by step: the measure of the calls inside JAX."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from harness import registry
from harness.implementations import make_batch
from harness.registry import Entry
from harness.verifying.actions import ActionSource
from references.batch import BatchStep

SEED = (5 << 32) + 3  # both words of the root key


class Recording(NamedTuple):
    """T steps of N instances of a native batch under random legal actions."""

    first_obs: np.ndarray  # (N, ...)
    actions: np.ndarray  # (T, N, ...)
    steps: BatchStep  # each (T, N, ...)
    rows: np.ndarray  # (N, state_bytes), after the last step


def environments() -> list[Entry]:
    """Every registered environment that is in the installed module."""
    import samestep_rust

    built = samestep_rust.env_names()
    return [registry.get(name) for name in registry.names() if name in built]


@functools.cache
def record(env: str, num_envs: int, length: int, **params: Any) -> Recording:
    """Play from a reset under SEED."""
    entry = registry.get(env)
    batch = make_batch(entry, "rust", num_envs, params)
    layout = entry.spec.action(entry.spec.check_params(params))
    players = entry.spec.under(params).num_players
    source = ActionSource(layout, players, 1, np.arange(num_envs))
    first_obs = batch.reset(SEED)
    legal, acting = batch.legal() if batch_masks(entry, params) else None, None
    if players > 1:
        acting = batch.acting()
    actions, steps = [], []
    for number in range(length):
        actions.append(source(number, legal, acting))
        step = batch.step(actions[-1])
        legal, acting = step.legal, step.acting
        steps.append(step)
    fields = zip(*steps, strict=True)
    stacked: Any = (None if field[0] is None else np.stack(field) for field in fields)
    return Recording(first_obs, np.stack(actions), BatchStep(*stacked), batch.export_state())


def batch_masks(entry: Entry, params: dict[str, Any]) -> bool:
    """Whether actions are discrete, so that there are masks."""
    return hasattr(entry.spec.action(entry.spec.check_params(params)), "n")


def assert_steps_equal(expected: BatchStep, found: Any, where: Any = slice(None)) -> None:
    """Bit for bit; final_obs where an episode ended, and there equal to obs elsewhere.

    Args:
        expected: of a recording.
        found: what `step_batch` returned, with the same leading axes once `where` has chosen
            from the recording.
    """
    for name in ("obs", "reward", "terminated", "truncated", "legal", "acting"):
        want, got = getattr(expected, name), getattr(found, name)
        if want is None or got is None:
            assert want is None and got is None, name
            continue
        np.testing.assert_array_equal(np.asarray(got), want[where], err_msg=name, strict=True)
    if found.final_obs is None:
        return
    ended = (expected.terminated | expected.truncated)[where]
    final_obs = np.asarray(found.final_obs)
    np.testing.assert_array_equal(final_obs[ended], expected.final_obs[where][ended])
    np.testing.assert_array_equal(final_obs[~ended], expected.obs[where][~ended])
