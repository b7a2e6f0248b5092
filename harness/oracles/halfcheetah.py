"""HalfCheetah's oracle: Gymnasium's own `HalfCheetah-v5`, made and stepped as a user would.

Each episode begins where Gymnasium's own reset put it; the reference is put into that state once
and then runs beside it, under the same actions, to the time limit. MuJoCo's state, observations,
rewards and flags must be equal bit for bit after every step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gymnasium
import numpy as np

from references.halfcheetah.derive import quiet
from references.halfcheetah.rules import V5_OPTIONS, HalfCheetah, HalfCheetahState
from references.halfcheetah.spec import MOTORS, SPEC

Progress = Callable[[int, int], None]
Difference = dict[str, Any]

MAX_STEPS = 1000
"""The time limit that v5 is registered with."""


def run(
    episodes: int,
    seed: int,
    variant_params: Mapping[str, Any],
    progress: Progress = lambda done, total: None,
    reference: Callable[..., HalfCheetah] = HalfCheetah,
) -> dict[str, Any]:
    """Hold the reference against Gymnasium over whole episodes.

    Args:
        episodes: of 1,000 steps each.
        seed: of Gymnasium's generator and of the actions.
        variant_params: v5's own are given to Gymnasium, too; the batch driver's are ignored.
        progress: called after every episode.
        reference: what is held against it; tests plant faulty ones.

    Returns:
        episodes, steps, differences (episodes in which the sides differed) and first_difference
        (None, or its episode, step, field and both values).
    """
    own = {name: value for name, value in variant_params.items() if name in SPEC.params}
    options = {name: value for name, value in own.items() if name in V5_OPTIONS}
    with quiet():
        upstream = gymnasium.make("HalfCheetah-v5", **options)
    ours = reference(**own)
    rng = np.random.default_rng(seed)
    steps = differences = 0
    first: Difference | None = None
    for episode in range(episodes):
        obs, _ = upstream.reset(seed=int(rng.integers(2**31)))
        taken, found = _episode(upstream, ours, obs, rng)
        steps += taken
        if found is not None:
            differences += 1
            first = first or {"episode": episode, "step": taken, **found}
        progress(episode + 1, episodes)
    upstream.close()
    return {
        "episodes": episodes,
        "steps": steps,
        "differences": differences,
        "first_difference": first,
    }


def _episode(
    upstream: Any, ours: HalfCheetah, obs: np.ndarray, rng: np.random.Generator
) -> tuple[int, Difference | None]:
    """Step both until the episode ends or they differ: the steps taken, and the difference."""
    data = upstream.unwrapped.data
    start = {name: getattr(data, name).copy() for name in ("qpos", "qvel", "qacc_warmstart")}
    state = ours.import_fields(start, (0, 0), 0)
    for step in range(1, MAX_STEPS + 1):
        action = rng.uniform(-1, 1, len(MOTORS)).astype(np.float32)
        # In f32 Gymnasium would sum the squared action in f32; the reference says why not.
        obs, reward, terminated, truncated, _ = upstream.step(action.astype(np.float64))
        state, got = ours.step(state, action)
        expected = {
            **{name: getattr(data, name) for name in start},
            "obs": obs.astype(got.obs.dtype),
            "reward": np.asarray(reward, got.reward.dtype),
            "terminated": np.asarray(terminated),
            "truncated": np.asarray(truncated and step < MAX_STEPS),
        }
        found = _difference(expected, state, got._asdict())
        if found is not None:
            return step, found
        if truncated != (step == MAX_STEPS):
            limit = {"field": "time limit", "expected": MAX_STEPS, "got": step}
            return step, limit
    return MAX_STEPS, None


def _difference(
    expected: Mapping[str, np.ndarray], state: HalfCheetahState, step: Mapping[str, Any]
) -> Difference | None:
    """The first array that is not equal bit for bit."""
    for name, want in expected.items():
        have = np.asarray(step[name] if name in step else getattr(state, name))
        if want.dtype != have.dtype or want.tobytes() != have.tobytes():
            return {"field": name, "expected": want.tolist(), "got": have.tolist()}
    return None
