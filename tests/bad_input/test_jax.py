"""What samestep_jax refuses: names, parameters, actions and states, on the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from references.pong.spec import SPEC
from tests.bad_input.refusing import assert_refused

samestep_jax = pytest.importorskip("samestep_jax")

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


def test_unknown_environment() -> None:
    accepted = ", ".join(samestep_jax.names())
    message = f"unknown environment 'pnog'; accepted: {accepted}"
    assert_refused(lambda: samestep_jax.make("pnog"), ValueError, message)


@pytest.mark.parametrize("num_envs", [0, -1])
def test_batch_size(num_envs: int) -> None:
    env = samestep_jax.make("pong")
    message = f"num_envs is {num_envs}; accepted: an integer of at least 1"
    assert_refused(lambda: samestep_jax.reset_batch(env, 0, num_envs), ValueError, message)


@pytest.mark.parametrize("seed", [-1, 1 << 64])
def test_seed(seed: int) -> None:
    env = samestep_jax.make("pong")
    message = f"seed is {seed}; accepted are integers from 0 to 2**64 - 1"
    assert_refused(lambda: samestep_jax.reset_batch(env, seed, N), ValueError, message)


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
    "NaN": ("ball_x is nan; it must be finite", with_field("ball_x", np.nan)),
    "game over": (
        "score_l is 21; a running game has 0 to 20",
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
