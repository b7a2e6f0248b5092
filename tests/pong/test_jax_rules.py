"""L1: the JAX rules of Pong against the reference's, a function and a step at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import samestep_jax
from references.pong import SPEC, Pong
from references.pong.rules import MAX_SCORE, PongState, clip, observe, threefry_serve
from samestep_jax.pong import PongState as JaxState
from samestep_jax.pong import rules
from samestep_jax.pong.env import PARAMS

pytestmark = pytest.mark.l1

f32 = np.float32
N = 8  # states an example, so that all calls share one trace
MOVING = rules.Flight._fields


def near(*values: float) -> list[float]:
    """The values, and their float32 neighbours on both sides."""
    infinity = f32(np.inf)
    sides = [
        [np.nextafter(f32(v), -infinity), f32(v), np.nextafter(f32(v), infinity)] for v in values
    ]
    # XLA takes subnormal numbers for zeros; no game reaches one.
    return [float(x) for side in sides for x in side if x == 0 or abs(x) > 1e-30]


def number(bounds: list[float], low: int, high: int, per_unit: int = 1) -> st.SearchStrategy[Any]:
    """A boundary value, or any multiple of 1 / per_unit in a range."""
    grid = st.integers(low * per_unit, high * per_unit).map(lambda i: float(f32(i / per_unit)))
    return st.one_of(st.sampled_from([*bounds, 0.0, -0.0]), grid)


paddle_y = number(near(-35, 605, 285, 597, -27), -40, 610, 2)
ball_x = number(near(468, 458, 500, 10, -10), -20, 510, 2)
ball_y = number(near(608, 640, 13, -13, 595, -35, 35), -60, 660, 8)
speed_x = st.sampled_from([10.0, -10.0])
speed_y = number(near(13, -13, 3, -3, 0.01, -0.01), -13, 13, 1 << 20)
score = st.one_of(st.just(MAX_SCORE - 1), st.integers(0, MAX_SCORE - 1))
word = st.integers(0, 2**32 - 1)
states = st.builds(
    PongState,
    key=st.tuples(word, word),
    t=st.integers(0, 2**31),
    paddle_yl=paddle_y.map(f32),
    paddle_yr=paddle_y.map(f32),
    ball_x=ball_x.map(f32),
    ball_y=ball_y.map(f32),
    ball_vx=speed_x.map(f32),
    ball_vy=speed_y.map(f32),
    score_l=score,
    score_r=score,
)
batches = st.lists(states, min_size=N, max_size=N)
directions = st.lists(
    number([1.0, -1.0, 1 / 3, -1 / 3], -1, 1, 1 << 24).map(f32), min_size=N, max_size=N
)
discrete = st.lists(st.integers(0, 2), min_size=N, max_size=N)
many = settings(max_examples=60, deadline=None)


def columns(batch: list[PongState]) -> JaxState:
    """States as one JAX state with N in front."""
    key = np.array([state.key for state in batch], np.uint32)
    fields = {f.name: np.array([getattr(s, f.name) for s in batch], f.dtype) for f in SPEC.state}
    t = jnp.asarray([state.t for state in batch], jnp.uint32)
    arrays = {name: jnp.asarray(column) for name, column in fields.items()}
    return JaxState(key=(jnp.asarray(key[:, 0]), jnp.asarray(key[:, 1])), t=t, **arrays)


def flights(batch: list[PongState]) -> rules.Flight:
    return rules.Flight(*(getattr(columns(batch), name) for name in MOVING))


def assert_same_bits(made: Any, expected: Any, what: str) -> None:
    """Equal down to the sign of zero."""
    made, expected = np.asarray(made), np.asarray(expected)
    assert made.dtype == expected.dtype, what
    assert made.tobytes() == expected.tobytes(), f"{what}: {made} is not {expected}"


def assert_flights(made: rules.Flight, expected: list[PongState]) -> None:
    for name in MOVING:
        column = np.array([getattr(state, name) for state in expected], f32)
        assert_same_bits(getattr(made, name), column, name)


def changed(batch: list[PongState], change: Callable[[int, PongState], None]) -> list[PongState]:
    """Copies of the states, each changed in place by `change`."""
    copies = [dataclasses.replace(state) for state in batch]
    for index, state in enumerate(copies):
        change(index, state)
    return copies


JITTED = {
    name: jax.jit(jax.vmap(getattr(rules, name)))
    for name in ("move_paddles", "move_ball", "bounce_off_agent", "ball_meets", "observe", "serve")
}
REFERENCE = Pong()


@many
@given(batches, directions)
def test_move_paddles(batch: list[PongState], direction: list[np.float32]) -> None:
    made = JITTED["move_paddles"](flights(batch), np.array(direction))
    assert_flights(made, changed(batch, lambda i, s: REFERENCE._move_paddles(s, direction[i])))


@many
@given(batches)
def test_move_ball(batch: list[PongState]) -> None:
    made = JITTED["move_ball"](flights(batch))
    assert_flights(made, changed(batch, lambda _, s: REFERENCE._move_ball(s)))


@many
@given(batches, directions)
def test_bounce_off_agent(batch: list[PongState], direction: list[np.float32]) -> None:
    bounced = np.arange(N) % 4 != 0

    def change(index: int, state: PongState) -> None:
        if bounced[index]:
            REFERENCE._bounce_off_agent(state, direction[index])

    made = JITTED["bounce_off_agent"](flights(batch), bounced, np.array(direction))
    assert_flights(made, changed(batch, change))


@many
@given(batches)
def test_ball_meets(batch: list[PongState]) -> None:
    flight = flights(batch)
    made = JITTED["ball_meets"](flight, flight.paddle_yr)
    expected = [REFERENCE._ball_meets(state, state.paddle_yr) for state in batch]
    assert np.asarray(made).tolist() == expected


@many
@given(batches)
def test_observe(batch: list[PongState]) -> None:
    made = JITTED["observe"](flights(batch))
    assert_same_bits(made, np.stack([observe(state) for state in batch]), "obs")


@many
@given(batches)
def test_serve(batch: list[PongState]) -> None:
    whole = columns(batch)
    made = JITTED["serve"](whole.key, whole.t)
    assert_flights(made, changed(batch, lambda _, s: REFERENCE._serve(s)))


def test_serves_go_both_ways() -> None:
    key = (1, 2)
    times = jnp.arange(64, dtype=jnp.uint32)
    keys = (jnp.full(64, key[0], jnp.uint32), jnp.full(64, key[1], jnp.uint32))
    made = jax.jit(jax.vmap(rules.serve))(keys, times).ball_vy
    assert np.asarray(made).tolist() == [threefry_serve(key, t) - 1.0 for t in range(64)]
    assert set(np.asarray(made).tolist()) == {0.0, -1.0}


@pytest.mark.parametrize("value", [*near(0, 468, -35, 605), -0.0])
@pytest.mark.parametrize("bounds", [(0.0, 468.0), (-35.0, 605.0), (-0.0, 0.0)])
def test_clip_keeps_the_sign_of_zero(value: float, bounds: tuple[float, float]) -> None:
    made = jax.jit(lambda x: rules.clip(x, *bounds))(f32(value))
    assert_same_bits(made, clip(f32(value), f32(bounds[0]), f32(bounds[1])), "clip")


@pytest.mark.parametrize(("action", "direction"), [(0, 0), (1, 1), (2, -1), (3, 0), (-1, 0)])
def test_direction_of(action: int, direction: int) -> None:
    assert float(rules.direction_of(jnp.int32(action))) == direction


_STEPS: dict[tuple[Any, ...], Any] = {}


def check_step(batch: list[PongState], actions: np.ndarray, **params: Any) -> None:
    """One step without a driver: state (that of an ended game too), observation, reward, flags."""
    key = tuple(params.items())
    if key not in _STEPS:
        _STEPS[key] = jax.jit(jax.vmap(samestep_jax.make("pong", **params).step))
    made, step = _STEPS[key](columns(batch), jnp.asarray(actions))
    reference = Pong(**params)
    expected = [reference.step(state, actions[i]) for i, state in enumerate(batch)]
    for field in SPEC.state:
        column = np.array([getattr(state, field.name) for state, _ in expected], field.dtype)
        assert_same_bits(getattr(made, field.name), column, field.name)
    assert np.asarray(made.t).tolist() == [state.t for state, _ in expected]
    assert_same_bits(step.obs, np.stack([out.obs for _, out in expected]), "obs")
    assert_same_bits(step.reward, np.stack([out.reward for _, out in expected]), "reward")
    assert np.asarray(step.terminated).tolist() == [out.terminated for _, out in expected]
    assert not np.asarray(step.truncated).any()


@pytest.mark.parametrize("frame_skip", [1, 8])
def test_discrete_step(frame_skip: int) -> None:
    @many
    @given(batches, discrete)
    def check(batch: list[PongState], actions: list[int]) -> None:
        check_step(batch, np.array(actions, np.int32), frame_skip=frame_skip)

    check()


def test_a_point_overwrites_the_reward_of_a_bounce_in_the_same_step() -> None:
    """The agent returns the ball, and the opponent cannot reach it before the step is over."""
    returned = PongState(
        *((1, 2), 5, f32(-35), f32(560), f32(460), f32(570), f32(10), f32(13)), score_l=3, score_r=4
    )
    rewards = {Pong(frame_skip=frames).step(returned, 0)[1].reward.item() for frames in (8, 64)}
    assert rewards == {f32(0.1), 1}
    batch = [dataclasses.replace(returned, ball_y=f32(570 - i)) for i in range(N)]
    check_step(batch, np.zeros(N, np.int32), frame_skip=64)


@pytest.mark.parametrize("frame_skip", [1, 3])
def test_continuous_step(frame_skip: int) -> None:
    @many
    @given(batches, directions)
    def check(batch: list[PongState], actions: list[np.float32]) -> None:
        given_actions = np.array(actions, f32)[:, None]
        check_step(batch, given_actions, frame_skip=frame_skip, continuous=True)

    check()


def test_parameters_are_those_of_the_spec() -> None:
    declared = {name: (p.default, p.low, p.high) for name, p in SPEC.all_params.items()}
    assert {name: (p.default, p.low, p.high) for name, p in PARAMS.items()} == declared


def test_spaces_are_those_of_the_spec() -> None:
    env = samestep_jax.make("pong")
    assert (env.obs_space.low, env.obs_space.high) == (SPEC.obs.low, SPEC.obs.high)
    assert (env.obs_space.shape, np.dtype(env.obs_space.dtype).str[1:]) == ((8,), SPEC.obs.dtype)
    assert env.action_space == samestep_jax.Discrete(3)
    assert samestep_jax.make("pong", continuous=True).action_space == samestep_jax.Box(
        -1.0, 1.0, (1,)
    )
