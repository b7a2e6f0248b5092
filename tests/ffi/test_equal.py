"""The kernels inside JAX do what the native batch does, at any size and under every variant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

ffi = pytest.importorskip("samestep_rust.ffi", exc_type=ImportError)
import jax  # noqa: E402

from harness import registry  # noqa: E402
from harness.precision import jax_precision  # noqa: E402
from tests.ffi.recording import SEED, assert_steps_equal, environments, record  # noqa: E402

STEPS = 150
CASES = [
    pytest.param(entry.name, variant.params, id=f"{entry.name}-{variant.name}")
    for entry in environments()
    for variant in entry.variants
]


@pytest.fixture
def precision(name: str, params: dict[str, Any]) -> Iterator[None]:
    """JAX with f64 where the case computes in it."""
    with jax_precision(registry.get(name).spec.under(params)):
        yield


@pytest.mark.usefixtures("precision")
@pytest.mark.parametrize("num_envs", [1, 15, 16, 17, 37])
@pytest.mark.parametrize(("name", "params"), CASES)
def test_a_long_run(name: str, params: dict[str, Any], num_envs: int) -> None:
    expected = record(name, num_envs, STEPS, **params)
    env = ffi.make(name, **params)
    state, obs = ffi.reset_batch(env, SEED, num_envs)
    np.testing.assert_array_equal(np.asarray(obs), expected.first_obs, strict=True)
    state, steps = jax.jit(
        lambda state, actions: jax.lax.scan(
            lambda state, action: ffi.step_batch(env, state, action), state, actions
        )
    )(state, expected.actions)
    assert_steps_equal(expected.steps, steps)
    np.testing.assert_array_equal(ffi.export_state(env, state), expected.rows)


@pytest.mark.usefixtures("precision")
@pytest.mark.parametrize(("name", "params"), CASES)
def test_episodes_end_in_these_runs(name: str, params: dict[str, Any]) -> None:
    """With a time limit that is no multiple of anything, at every size, on both paths."""
    params = {**params, "max_episode_steps": 13}
    expected = record(name, 37, 60, **params)
    assert expected.steps.truncated.sum() > 0
    env = ffi.make(name, **params)
    state, _ = ffi.reset_batch(env, SEED, 37)
    step = jax.jit(ffi.step_batch, static_argnums=0)
    for number, actions in enumerate(expected.actions):
        state, found = step(env, state, actions)
        assert_steps_equal(expected.steps, found, number)
    np.testing.assert_array_equal(ffi.export_state(env, state), expected.rows)


def test_games_end_by_the_rules_too() -> None:
    expected = record("pong", 37, STEPS, frame_skip=8)
    assert expected.steps.terminated.sum() > 0


@pytest.mark.parametrize("name", [entry.name for entry in environments()])
def test_masks_of_a_state(name: str) -> None:
    expected = record(name, 37, 20)
    env = ffi.make(name)
    state = ffi.import_state(env, None, expected.rows)
    for mask, found in (
        (expected.steps.legal, ffi.legal_batch(env, state)),
        (expected.steps.acting, jax.jit(ffi.acting_batch, static_argnums=0)(env, state)),
    ):
        assert (mask is None) == (found is None)
        if mask is not None:
            np.testing.assert_array_equal(np.asarray(found), mask[-1], strict=True)


def test_without_final_obs() -> None:
    expected = record("pong", 17, 30, max_episode_steps=13)
    env = ffi.make("pong", max_episode_steps=13)
    state, _ = ffi.reset_batch(env, SEED, 17)
    for number, actions in enumerate(expected.actions):
        state, found = ffi.step_batch(env, state, actions, final_obs=False)
        assert found.final_obs is None
        assert_steps_equal(expected.steps, found, number)
