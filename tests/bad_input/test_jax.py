"""What samestep_jax refuses: names, parameters, actions and states, on the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import samestep_jax
from references.pong.spec import SPEC
from samestep_jax.gymnax import GymnaxEnv
from samestep_jax.pong import Pong
from tests.bad_input.refusing import assert_refused

N = 4
LAYOUT = f"{SPEC.layout_id:#010x}"
FRAME_SKIP = "accepted: an integer from 1 to 1024"

MAKE: list[tuple[str, dict[str, Any]]] = [
    (
        "pong has no parameter 'frameskip'; accepted: frame_skip, continuous, max_episode_steps",
        {"frameskip": 8},
    ),
    (f"frame_skip is 0; {FRAME_SKIP}", {"frame_skip": 0}),
    (f"frame_skip is 1025; {FRAME_SKIP}", {"frame_skip": 1025}),
    (f"frame_skip is 2.0; {FRAME_SKIP}", {"frame_skip": 2.0}),
    (f"frame_skip is '8'; {FRAME_SKIP}", {"frame_skip": "8"}),
    (f"frame_skip is True; {FRAME_SKIP}", {"frame_skip": True}),
    ("continuous is 1; accepted: True or False", {"continuous": 1}),
    (
        "max_episode_steps is -1; accepted: an integer from 0 to 2147483647",
        {"max_episode_steps": -1},
    ),
]


@pytest.mark.parametrize(("message", "params"), MAKE, ids=[case[0][:40] for case in MAKE])
def test_make(message: str, params: dict[str, Any]) -> None:
    assert_refused(lambda: samestep_jax.make("pong", **params), ValueError, message)


@pytest.mark.parametrize(("message", "params"), MAKE[1:], ids=[case[0][:40] for case in MAKE[1:]])
def test_the_class_itself(message: str, params: dict[str, Any]) -> None:
    assert_refused(lambda: Pong(**params), ValueError, message)


def test_unknown_environment() -> None:
    accepted = ", ".join(samestep_jax.names())
    message = f"unknown environment 'pnog'; accepted: {accepted}"
    assert_refused(lambda: samestep_jax.make("pnog"), ValueError, message)


@pytest.mark.parametrize("num_envs", [0, -1, 4.0, "4", True, None])
def test_batch_size(num_envs: Any) -> None:
    env = samestep_jax.make("pong")
    message = f"num_envs is {num_envs!r}; accepted: an integer of at least 1"
    assert_refused(lambda: samestep_jax.reset_batch(env, 0, num_envs), ValueError, message)


@pytest.mark.parametrize("seed", [-1, 1 << 64])
def test_seed(seed: int) -> None:
    env = samestep_jax.make("pong")
    message = f"seed is {seed}; accepted are integers from 0 to 2**64 - 1"
    assert_refused(lambda: samestep_jax.reset_batch(env, seed, N), ValueError, message)


SEEDS = "accepted are integers from 0 to 2**64 - 1"
WORDS = "accepted: two uint32, as threefry's"
KEYS: list[tuple[Any, type[Exception], str]] = [
    (1.5, TypeError, f"seed is 1.5; {SEEDS}"),
    ("a", TypeError, f"seed is 'a'; {SEEDS}"),
    (None, TypeError, f"seed is None; {SEEDS}"),
    (np.float32(2), TypeError, f"seed is np.float32(2.0); {SEEDS}"),
    ((1, 2, 3), ValueError, f"the key has 3 words; {WORDS}"),
    ((1, -2), TypeError, "a word of the key is -2; accepted: uint32"),
    (np.zeros(2), TypeError, "a word of the key is float64; accepted: uint32"),
]


@pytest.mark.parametrize(("seed", "kind", "message"), KEYS)
def test_what_is_no_seed(seed: Any, kind: type[Exception], message: str) -> None:
    env = samestep_jax.make("pong")
    assert_refused(lambda: samestep_jax.reset_batch(env, seed, N), kind, message)
    state, _ = samestep_jax.reset_batch(env, 0, N)
    assert_refused(lambda: samestep_jax.reset_instances(env, state, seed, [1]), kind, message)


def test_what_is_no_key() -> None:
    number: Any = 1
    assert_refused(
        lambda: samestep_jax.make("pong").reset(number), TypeError, f"the key is 1; {WORDS}"
    )


INDEX = "accepted: an integer from 0 to 4294967292"


@pytest.mark.parametrize("first", [-1, 4294967293, 1 << 70, 0.0, "0", True, None])
def test_first_index(first: Any) -> None:
    env = samestep_jax.make("pong")
    message = f"first_index is {first!r}; {INDEX}"
    assert_refused(lambda: samestep_jax.reset_batch(env, 0, N, first), ValueError, message)
    state, _ = samestep_jax.reset_batch(env, 0, N)
    call = lambda: samestep_jax.reset_instances(env, state, 0, [1], first)  # noqa: E731
    assert_refused(call, ValueError, message)


def test_traced_first_index() -> None:
    env = samestep_jax.make("pong")
    start = jax.jit(lambda first: samestep_jax.reset_batch(env, 3, 2, first))
    rows = samestep_jax.export_state(env, start(jnp.uint32(0xFFFFFFFE))[0])
    assert np.asarray(rows).view(SPEC.row_dtype)["env_index"].ravel().tolist() == [
        0xFFFFFFFE,
        0xFFFFFFFF,
    ]
    message = "first_index is traced, of float32; accepted: an integer from 0 to 4294967294"
    assert_refused(lambda: start(jnp.float32(0)), ValueError, message)


INTEGERS = "accepted: integers from 0 to 2"
NUMBERS = "accepted: numbers from -1.0 to 1.0"

ACTIONS: dict[str, tuple[bool, type[Exception], str, Any]] = {
    "too high": (False, ValueError, f"action (2,) is 3; {INTEGERS}", [0, 1, 3, 0]),
    "negative": (False, ValueError, f"action (0,) is -1; {INTEGERS}", [-1, 1, 2, 0]),
    "floats": (False, TypeError, "actions are float64; accepted: integers", [0.0] * 4),
    "NaN": (True, ValueError, f"action (1, 0) is nan; {NUMBERS}", [[0.0], [np.nan]]),
    "beyond": (True, ValueError, f"action (0, 0) is 1.5; {NUMBERS}", [[1.5], [0.0]]),
    "integers": (
        True,
        TypeError,
        "actions are int64; accepted: floating-point numbers",
        [[0], [1]],
    ),
    "a row": (
        True,
        ValueError,
        "actions have shape (3,); accepted: (..., 1)",
        [0.0, 0.0, 0.0],
    ),
}


@pytest.mark.parametrize(
    ("continuous", "kind", "message", "actions"), ACTIONS.values(), ids=ACTIONS
)
def test_actions(continuous: bool, kind: type[Exception], message: str, actions: Any) -> None:
    env = samestep_jax.make("pong", continuous=continuous)
    assert_refused(lambda: samestep_jax.check_actions(env, actions), kind, message)


ACCEPTED = "accepted: int32 (4,)"
PUSHES = "accepted: float32 (4, 1)"
STEPS: dict[str, tuple[bool, type[Exception], str, Any]] = {
    "floats": (False, TypeError, f"actions are float32 (4,); {ACCEPTED}", jnp.zeros(N)),
    "bools": (False, TypeError, f"actions are bool (4,); {ACCEPTED}", np.zeros(N, bool)),
    "int64": (False, TypeError, f"actions are int64 (4,); {ACCEPTED}", np.zeros(N, np.int64)),
    "a column": (
        False,
        ValueError,
        f"actions are int32 (4, 1); {ACCEPTED}",
        np.zeros((N, 1), np.int32),
    ),
    "too few": (False, ValueError, f"actions are int32 (3,); {ACCEPTED}", np.zeros(3, np.int32)),
    "a list": (False, TypeError, f"actions are a list; {ACCEPTED}", [0] * N),
    "integers": (True, TypeError, f"actions are int32 (4, 1); {PUSHES}", jnp.zeros((N, 1), int)),
    "columns": (True, ValueError, f"actions are float32 (4, 3); {PUSHES}", jnp.zeros((N, 3))),
    "a row": (True, ValueError, f"actions are float32 (4,); {PUSHES}", jnp.zeros(N)),
}


@pytest.mark.parametrize(("continuous", "kind", "message", "actions"), STEPS.values(), ids=STEPS)
def test_step(continuous: bool, kind: type[Exception], message: str, actions: Any) -> None:
    """At once, and where a step is traced: shapes and dtypes are known then."""
    env = samestep_jax.make("pong", continuous=continuous)
    state, _ = samestep_jax.reset_batch(env, 1, N)
    before = np.asarray(samestep_jax.export_state(env, state))
    assert_refused(lambda: samestep_jax.step_batch(env, state, actions), kind, message)
    assert_array_equal(samestep_jax.export_state(env, state), before)
    if isinstance(actions, jax.Array):
        step = jax.jit(samestep_jax.step_batch, static_argnums=0)
        assert_refused(lambda: step(env, state, actions), kind, message)
        roll = lambda: jax.lax.scan(  # noqa: E731
            lambda s, a: samestep_jax.step_batch(env, s, a), state, actions[None]
        )
        assert_refused(roll, kind, message)


ONES: list[tuple[bool, type[Exception], str, Any]] = [
    (False, TypeError, "the action is float32 (); accepted: integers ()", jnp.float32(1)),
    (False, TypeError, "the action is bool (); accepted: integers ()", True),
    (False, TypeError, "the action is a str; accepted: integers ()", "up"),
    (False, ValueError, "the action is int32 (1,); accepted: integers ()", jnp.array([1])),
    (
        True,
        ValueError,
        "the action is float32 (3,); accepted: floating-point numbers (1,)",
        [0.0] * 3,
    ),
    (True, TypeError, "the action is int32 (1,); accepted: floating-point numbers (1,)", [1]),
]


@pytest.mark.parametrize(("continuous", "kind", "message", "action"), ONES)
def test_step_of_one(continuous: bool, kind: type[Exception], message: str, action: Any) -> None:
    env = samestep_jax.make("pong", continuous=continuous)
    state, _ = env.reset(jax.random.key(0))
    assert_refused(lambda: env.step(state, action), kind, message)
    face = GymnaxEnv.make("pong", continuous=continuous)
    if not isinstance(action, str):
        action = jnp.asarray(action)
        call = lambda: face.step(jax.random.key(1), state, action)  # noqa: E731
        assert_refused(call, kind, message)


def test_step_of_something_else() -> None:
    env = samestep_jax.make("pong")
    state, _ = env.reset(jax.random.key(0))
    message = "state is a PongState; accepted: what reset_batch or import_state gave"
    call = lambda: samestep_jax.step_batch(env, state, np.zeros(N, np.int32))  # noqa: E731
    assert_refused(call, TypeError, message)


def with_field(name: str, value: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Rows of which the third has another value."""

    def changed(rows: np.ndarray) -> np.ndarray:
        rows = rows.copy()
        rows.view(SPEC.row_dtype)[name][2] = value
        return rows

    return changed


ROWS: dict[str, tuple[str, Callable[[np.ndarray], Any]]] = {
    "cut off": (
        "state rows are uint8 (4, 55); pong takes uint8 (N, 56)",
        lambda rows: rows[:, :-1],
    ),
    "too few": ("there are 3 state rows; accepted: 4", lambda rows: rows[:3]),
    "dtype": (
        "state rows are int32 (4, 56); pong takes uint8 (N, 56)",
        lambda rows: rows.astype(np.int32),
    ),
    "another layout": (
        f"state row 2 has layout 0x00000000; pong version 1 has {LAYOUT}",
        with_field("layout", 0),
    ),
    "NaN": ("state row 2: ball_x is nan; it must be finite", with_field("ball_x", np.nan)),
    "the last t": (
        "state row 2: t is 4294967295; accepted: 0 to 4294967294",
        with_field("t", 0xFFFFFFFF),
    ),
    "game over": (
        "state row 2: score_l is 21; a running game has 0 to 20",
        with_field("score_l", 21),
    ),
}


@pytest.mark.parametrize(("message", "change"), ROWS.values(), ids=ROWS)
def test_rows(message: str, change: Callable[[np.ndarray], Any]) -> None:
    env = samestep_jax.make("pong")
    state, _ = samestep_jax.reset_batch(env, 1, N)
    rows = np.asarray(samestep_jax.export_state(env, state))
    changed = change(rows)
    assert_refused(lambda: samestep_jax.import_state(env, state, changed), ValueError, message)
    assert_array_equal(samestep_jax.export_state(env, state), rows)


def test_the_last_step_of_all() -> None:
    env = samestep_jax.make("pong")
    state, _ = samestep_jax.reset_batch(env, 1, N)
    rows = with_field("t", 0xFFFFFFFE)(np.asarray(samestep_jax.export_state(env, state)))
    state, _ = samestep_jax.step_batch(
        env, samestep_jax.import_state(env, None, rows), jnp.zeros(N, jnp.int32)
    )
    assert state.env_state.t.tolist() == [1, 1, 0xFFFFFFFF, 1]


@pytest.mark.parametrize("first", [0, 1, 6, 12])
def test_the_first_row_that_cannot_be_is_named(first: int) -> None:
    env = samestep_jax.make("pong")
    state, _ = samestep_jax.reset_batch(env, 1, 13)
    rows = np.array(samestep_jax.export_state(env, state))
    view = rows.view(SPEC.row_dtype)[:, 0]
    view["score_l"][12] = 99
    view["score_r"][first] = 50  # later in the row, and the first row for all that
    name = "score_l is 99" if first == 12 else "score_r is 50"
    message = f"state row {first}: {name}; a running game has 0 to 20"
    assert_refused(lambda: samestep_jax.import_state(env, None, rows), ValueError, message)


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        ([4], "index 4 is out of range; accepted: 0 to 3"),
        ([-1], "index -1 is out of range; accepted: 0 to 3"),
        ([1, 1], "an index is given twice; accepted: distinct indices"),
        ([1.5], "indices are float64 (1,); accepted: a list of integers"),
    ],
)
def test_indices(indices: Any, message: str) -> None:
    env = samestep_jax.make("pong")
    state, _ = samestep_jax.reset_batch(env, 1, N)
    call = lambda: samestep_jax.reset_instances(env, state, 2, indices)  # noqa: E731
    assert_refused(call, ValueError, message)
