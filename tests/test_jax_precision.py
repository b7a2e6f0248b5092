"""JAX over rows that carry f64: single and double precision, and the setting that f64 needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import samestep_jax
from samestep_jax import Box, Step
from samestep_jax.core import rows as packed
from samestep_jax.core.rows import Layout
from samestep_jax.core.threefry import Key, draw, uniform
from samestep_jax.core.types import time_limit
from samestep_jax.gymnax import GymnaxEnv

LAYOUT = Layout("drift", 1, 77, (("x", "f8", (2,)), ("on", "b1", ())))
N = 3
REFUSED = (
    "drift computes in float64 under these parameters, and JAX would in float32; accepted: "
    "jax.config.update('jax_enable_x64', True) first, or parameters for float32"
)


class State(NamedTuple):
    key: Key
    t: jax.Array
    x: jax.Array
    on: jax.Array


@dataclass(frozen=True)
class Drift:
    """Two numbers on their way to the action, in either precision."""

    double: bool = False
    max_episode_steps: int = 9

    layout = LAYOUT
    state_type = State
    num_players = 1
    action_space = Box(-1.0, 1.0, (2,))

    @property
    def dtype(self) -> str:
        return "float64" if self.double else "float32"

    @property
    def obs_space(self) -> Box:
        return Box(float("-inf"), float("inf"), (2,), self.dtype)

    def reset(self, key: Any) -> tuple[State, jax.Array]:
        t = jnp.uint32(0)
        x = jnp.stack([uniform(draw(key, t, slot)) for slot in (0, 1)]).astype(self.dtype)
        return State((key[0], key[1]), t, x, x[0] > 0.5), x

    def step(self, state: State, action: jax.Array) -> tuple[State, Step]:
        x = state.x + (action.astype(self.dtype) - state.x) / 3
        after = State(state.key, state.t + 1, x, ~state.on)
        ended = jnp.zeros((), jnp.bool_)
        return after, Step(x, x.sum(), ended, time_limit(after.t, ended, self.max_episode_steps))

    def legal(self, state: State) -> None:
        return None

    def acting(self, state: State) -> None:
        return None

    def check_state(self, fields: Mapping[str, np.ndarray]) -> None:
        if not np.isfinite(fields["x"]).all():
            raise ValueError("x must be finite")


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samestep_jax.registry, "_REGISTERED", {"drift": Drift})


def floats() -> np.ndarray:
    """f32 of every kind: any bits, every power of two, subnormals, zeros, infinities, NaN."""
    rng = np.random.default_rng(0)
    bits = [
        rng.integers(0, 2**32, 100_000),
        rng.integers(0, 2**23, 10_000) | (rng.integers(0, 2, 10_000) << 31),
        np.arange(256) << 23,
        1 << np.arange(32),
        [0x7FFFFF, 0x800000, 0x7F7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001],
    ]
    return np.concatenate([np.asarray(part, np.uint64) for part in bits]).astype("u4").view("f4")


@pytest.mark.parametrize("x64", [False, True])
def test_widening_is_exact_for_every_kind_of_float(x64: bool) -> None:
    given = floats()
    layout = SimpleNamespace(fields=(("x", "f8", ()),))
    with jax.enable_x64(x64):
        rows: Any = jax.jit(lambda x: packed.pack(layout, {"x": x}))(given)  # type: ignore[arg-type]
    wide = np.asarray(rows).view("<f8")[:, 0]
    number = ~np.isnan(given)
    assert number.sum() > 100_000 and (~number).sum() > 100
    want = given[number].astype(np.float64).view(np.uint64)
    np.testing.assert_array_equal(wide[number].view(np.uint64), want)
    payload = (wide[~number].view(np.uint64) >> np.uint64(29)) & np.uint64(0x7FFFFF)
    assert np.isnan(wide[~number]).all()
    np.testing.assert_array_equal(payload, given[~number].view(np.uint32) & 0x7FFFFF)


def rows_of(x: list[float]) -> np.ndarray:
    rows = np.zeros(1, LAYOUT.row_dtype)
    rows["layout"], rows["x"] = LAYOUT.layout_id, x
    return rows.view(np.uint8).reshape(1, -1)


@pytest.mark.parametrize("x64", [False, True])
@pytest.mark.parametrize(
    ("given", "rounded"),
    [
        (1 + 2.0**-24, 1.0),  # a tie: to even, down
        (1 + 3 * 2.0**-24, 1 + 2.0**-22),  # a tie: to even, up
        (1 + 2.0**-24 + 2.0**-50, 1 + 2.0**-23),
        (-1e-60, -0.0),
        (3.4028235677973362e38, float(np.finfo(np.float32).max)),
        (2.0**-149, 2.0**-149),
    ],
)
def test_single_precision_takes_the_nearest(given: float, rounded: float, x64: bool) -> None:
    with jax.enable_x64(x64):
        state = samestep_jax.import_state(Drift(), None, rows_of([given, 0.5]))
        assert state.env_state.x.dtype == jnp.float32
        back = np.asarray(samestep_jax.export_state(Drift(), state)).view(LAYOUT.row_dtype)
    assert back["x"].tobytes() == np.array([rounded, 0.5]).tobytes()


def test_what_single_precision_does_not_hold_is_refused() -> None:
    state = samestep_jax.import_state(Drift(), None, rows_of([1, 2]))
    message = "state row 0: x is 1e+39; it is computed in float32, accepted: numbers up to 3.40"
    with pytest.raises(ValueError) as error:
        samestep_jax.import_state(Drift(), state, rows_of([3, 1e39]))
    assert str(error.value).startswith(message) and "\n" not in str(error.value)


def test_double_precision_keeps_all_of_it() -> None:
    env = Drift(double=True)
    with jax.enable_x64(True):
        state, obs = samestep_jax.reset_batch(env, 7, N)
        state, step = samestep_jax.step_batch(env, state, np.full((N, 2), 0.3, np.float32))
        rows = samestep_jax.export_state(env, state)
        again = samestep_jax.import_state(env, None, rows)
        back = samestep_jax.export_state(env, again)
    assert obs.dtype == step.obs.dtype == step.reward.dtype == state.env_state.x.dtype == "f8"
    fields = np.asarray(rows).view(LAYOUT.row_dtype)[:, 0]
    np.testing.assert_array_equal(fields["x"], step.obs)
    assert (fields["x"] != fields["x"].astype(np.float32)).any()
    np.testing.assert_array_equal(back, rows)


@pytest.mark.parametrize("x64", [False, True])
def test_single_precision_is_the_same_under_either_setting(x64: bool) -> None:
    with jax.enable_x64(x64):
        state, obs = samestep_jax.reset_batch(Drift(), 7, N)
        for _ in range(12):
            state, step = samestep_jax.step_batch(Drift(), state, np.ones((N, 2), np.float32))
        again = samestep_jax.import_state(Drift(), None, samestep_jax.export_state(Drift(), state))
    types = {array.dtype for array in (obs, step.obs, step.reward, state.env_state.x)}
    assert types == {np.dtype(np.float32)}
    assert jax.tree.map(lambda leaf: (leaf.dtype, leaf.shape), again) == jax.tree.map(
        lambda leaf: (leaf.dtype, leaf.shape), state
    )
    for left, right in zip(jax.tree.leaves(again), jax.tree.leaves(state), strict=True):
        np.testing.assert_array_equal(left, right)


def test_double_precision_is_refused_without_the_setting(registered: None) -> None:
    env = Drift(double=True)
    with jax.enable_x64(True):
        assert samestep_jax.make("drift", double=True) == env
        state, _ = samestep_jax.reset_batch(env, 0, N)
        rows = samestep_jax.export_state(env, state)
    calls: dict[str, Callable[[], Any]] = {
        "make": lambda: samestep_jax.make("drift", double=True),
        "reset": lambda: samestep_jax.reset_batch(env, 0, N),
        "step": lambda: samestep_jax.step_batch(env, state, np.zeros((N, 2), np.float32)),
        "import": lambda: samestep_jax.import_state(env, None, rows),
    }
    for name, call in calls.items():
        with pytest.raises(ValueError) as error:
            call()
        assert str(error.value) == REFUSED, name


def test_the_functional_face_takes_the_limit_of_the_environment(registered: None) -> None:
    key = jax.random.key(0)
    cases: list[tuple[dict[str, Any], int]] = [({}, 9), ({"max_episode_steps": 2}, 2)]
    for given, limit in cases:
        env = GymnaxEnv.make("drift", **given)
        assert env.default_params.max_steps_in_episode == limit
        _, state = env.reset(key)
        cut = []
        for _ in range(limit):
            _, state, _, _, truncated, _ = env.step(key, state, jnp.zeros(2))
            cut.append(bool(truncated))
        assert cut == [False] * (limit - 1) + [True]
        # What a call's parameters say counts, also where it is longer than the default.
        longer = env.default_params._replace(max_steps_in_episode=12)
        _, state = env.reset(key)
        for _ in range(11):
            _, state, _, _, truncated, _ = env.step(key, state, jnp.zeros(2), longer)
            assert not truncated
        sample = env.observation_space().sample(key)
        assert np.isfinite(sample).all() and sample.shape == (2,)
