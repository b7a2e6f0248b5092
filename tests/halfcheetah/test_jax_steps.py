"""L2: steps of the JAX HalfCheetah: against the reference, and what a step must keep apart."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

import samestep_jax
from references.halfcheetah.rules import HalfCheetah as Reference
from references.halfcheetah.rules import HalfCheetahState as ReferenceState
from references.halfcheetah.states import CLASSES, draw
from samestep_jax.halfcheetah import HalfCheetah, HalfCheetahState
from samestep_jax.halfcheetah.env import PARAMS

pytestmark = pytest.mark.l2

COUNT = 60
KEY = (1, 2)
BODY = ("qpos", "qvel", "qacc_warmstart")


def states_of(env: HalfCheetah, *body: np.ndarray) -> HalfCheetahState:
    """A batch of states."""
    dtype = jnp.float64 if env.double_precision else jnp.float32
    count = len(body[0])
    words = [jnp.full(count, word, jnp.uint32) for word in (*KEY, 5)]
    fields = [jnp.asarray(part, dtype) for part in body]
    return HalfCheetahState((words[0], words[1]), words[2], *fields)


@partial(jax.jit, static_argnums=0)
def compiled_step(env: HalfCheetah, state: HalfCheetahState, actions: Any) -> Any:
    """Compiled once for every test that has this environment and COUNT instances."""
    return jax.vmap(env.step)(state, actions)


def stepped(env: HalfCheetah, state: HalfCheetahState, actions: Any) -> tuple[Any, Any]:
    """One step of a batch."""
    after, step = compiled_step(env, state, jnp.asarray(actions, jnp.float32))
    return after, step


def numbers(state: Any, step: Any) -> np.ndarray:
    """STATE, observation and reward of one instance or of a batch, flat."""
    parts = [getattr(state, name) for name in BODY] + [step.obs, step.reward]
    count = np.shape(step.reward)[:1]
    return np.concatenate([np.asarray(p, np.float64).reshape(*count, -1) for p in parts], -1)


def reference_numbers(found: Any, **params: Any) -> np.ndarray:
    """The same from MuJoCo, in f64."""
    reference = Reference(**{**params, "double_precision": True})
    rows = []
    for qpos, qvel, warm, action in zip(
        found.qpos, found.qvel, found.qacc_warmstart, found.actions, strict=True
    ):
        state, step = reference.step(ReferenceState(KEY, 5, qpos, qvel, warm), action)
        rows.append(numbers(state, step))
    return np.array(rows)


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize(("double", "bound"), [(False, 1e-6), (True, 1e-8)])
def test_a_step_is_mujocos(kind: str, double: bool, bound: float) -> None:
    found = draw(kind, COUNT, 11, 0)
    with jax.enable_x64(double):
        env = HalfCheetah(double_precision=double)
        start = states_of(env, found.qpos, found.qvel, found.qacc_warmstart)
        got = numbers(*stepped(env, start, found.actions))
    expected = reference_numbers(found)
    assert (np.abs(got - expected) / np.maximum(1, np.abs(expected))).max() < bound


def test_parameters_are_the_references() -> None:
    params: dict[str, Any] = {
        "forward_reward_weight": 2.5,
        "ctrl_cost_weight": 0.7,
        "frame_skip": 3,
        "exclude_current_positions_from_observation": False,
    }
    found = draw("play", COUNT, 12, 0)
    env = HalfCheetah(**params)
    got = numbers(
        *stepped(env, states_of(env, found.qpos, found.qvel, found.qacc_warmstart), found.actions)
    )
    assert got.shape[1] == 27 + 18 + 1
    assert_allclose(got, reference_numbers(found, **params), rtol=1e-6, atol=1e-6)


def test_defaults_are_the_references() -> None:
    defaults = {name: param.default for name, param in PARAMS.items()}
    spec = Reference().spec
    theirs = {name: param.default for name, param in spec.params.items()}
    assert defaults == {**theirs, "max_episode_steps": spec.default_max_episode_steps}


def test_the_solver_starts_warm() -> None:
    """From another warm start MuJoCo's solver ends elsewhere within its tolerance: so do we."""
    found = draw("extreme", COUNT, 13, 0)
    with jax.enable_x64(True):
        env = HalfCheetah(double_precision=True, frame_skip=1)
        got = [
            numbers(*stepped(env, states_of(env, found.qpos, found.qvel, warm), found.actions))
            for warm in (found.qacc_warmstart, 0 * found.qacc_warmstart)
        ]
    expected = reference_numbers(found, frame_skip=1)
    assert (got[0] != got[1]).any()
    assert_allclose(got[0], expected, rtol=1e-8, atol=1e-8)


def test_reward_is_as_exact_a_kilometre_away() -> None:
    found = draw("gait", COUNT, 14, 0)
    far = found.qpos + np.eye(9)[0] * 1000.0
    env = HalfCheetah()
    near_step, far_step = (
        stepped(env, states_of(env, qpos, found.qvel, found.qacc_warmstart), found.actions)[1]
        for qpos in (found.qpos, far)
    )
    assert np.array_equal(near_step.reward, far_step.reward)
    assert np.array_equal(near_step.obs, far_step.obs)


def test_motors_clamp_and_the_cost_does_not() -> None:
    found = draw("play", COUNT, 15, 0)
    env = HalfCheetah()
    start = states_of(env, found.qpos, found.qvel, found.qacc_warmstart)
    full = np.sign(found.actions)
    after, step = stepped(env, start, full)
    beyond, costly = stepped(env, start, 3 * full)
    for name in BODY:
        assert np.array_equal(getattr(after, name), getattr(beyond, name))
    cost = 0.1 * (9 - 1) * (full**2).sum(axis=1)
    assert_allclose(step.reward - costly.reward, cost, rtol=1e-5)


@pytest.mark.parametrize("field", [*BODY, "action"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e6, -1e30])
def test_absurd_numbers_stay_in_their_lane(field: str, bad: float) -> None:
    """The other instances are untouched, bit for bit, and the absurd one goes on or is reset."""
    found = draw("play", COUNT, 16, 0)
    arrays = {name: np.array(getattr(found, name)) for name in BODY} | {
        "action": np.array(found.actions)
    }
    env = HalfCheetah()
    usual = numbers(
        *stepped(env, states_of(env, *(arrays[name] for name in BODY)), arrays["action"])
    )
    arrays[field][3, 4] = bad
    absurd = numbers(
        *stepped(env, states_of(env, *(arrays[name] for name in BODY)), arrays["action"])
    )
    others = np.arange(COUNT) != 3
    assert np.array_equal(usual[others], absurd[others])
    assert np.isfinite(absurd[3, :27]).all()


@pytest.mark.parametrize("joint", [1, 2, 4])
@pytest.mark.parametrize("speed", [1e6, -1e9, 1e11])
def test_divergence_is_reset_as_in_mujoco(joint: int, speed: float) -> None:
    """Velocities that MuJoCo gives up on: it resets positions, velocities and controls."""
    found = draw("play", COUNT, 17, 0)
    found.qvel[:, joint] = np.float32(speed)
    env = HalfCheetah()
    got = numbers(
        *stepped(env, states_of(env, found.qpos, found.qvel, found.qacc_warmstart), found.actions)
    )
    expected = reference_numbers(found)
    assert (np.abs(got - expected) / np.maximum(1, np.abs(expected))).max() < 1e-5


def test_a_cheetah_at_rest_stays_at_rest() -> None:
    """Settled on the floor without controls, it neither sinks nor gains speed."""
    env, found, still = HalfCheetah(), draw("reset", COUNT, 18, 0), np.zeros((COUNT, 6))
    state = states_of(env, found.qpos, found.qvel, found.qacc_warmstart)
    for _ in range(400):
        state, last = stepped(env, state, still)
    before = state.qpos
    for _ in range(20):
        state, last = stepped(env, state, still)
    assert np.abs(state.qvel).max() < 0.02
    assert np.abs(state.qpos - before)[:, 1:].max() < 0.02
    assert np.abs(last.reward).max() < 0.02


def test_flags_of_one_instance_from_one_trace() -> None:
    env, traces = HalfCheetah(max_episode_steps=3), 0

    def traced(state: HalfCheetahState, action: jax.Array) -> Any:
        nonlocal traces
        traces += 1
        return env.step(state, action)

    state, obs = env.reset((jnp.uint32(0), jnp.uint32(1)))
    assert obs.shape == (17,) and obs.dtype == jnp.float32
    flags, advance = [], jax.jit(traced)
    for action in (0.0, 0.5, -0.5):
        state, step = advance(state, jnp.full(6, action))
        assert not step.terminated
        flags.append(bool(step.truncated))
    assert flags == [False, False, True] and int(state.t) == 3 and traces == 1


def test_states_that_are_not_finite_are_refused() -> None:
    env = samestep_jax.make("halfcheetah")
    state, _ = samestep_jax.reset_batch(env, 0, 3)
    rows = np.array(samestep_jax.export_state(env, state))
    view = rows.view(env.layout.row_dtype)[:, 0]
    for bad in (np.nan, np.inf):
        view["qvel"][1, 2] = bad
        with pytest.raises(
            ValueError, match=r"^state row 1: qvel is (nan|inf); it must be finite$"
        ):
            samestep_jax.import_state(env, state, rows)


def test_double_precision_needs_its_setting() -> None:
    with pytest.raises(ValueError, match="jax_enable_x64"):
        samestep_jax.make("halfcheetah", double_precision=True)
