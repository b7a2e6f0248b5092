"""Arrays, actions and seeds that a batch or a vector environment must refuse, unchanged."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from tests.bad_input.refusing import assert_refused

samestep_rust = pytest.importorskip("samestep_rust")

N = 4
Arrays = dict[str, Any]


def arrays(n: int = N) -> Arrays:
    """Arguments that `step_into` accepts."""
    return {
        "actions": np.ones(n, np.int32),
        "obs": np.zeros((n, 8), np.float32),
        "final_obs": np.zeros((n, 8), np.float32),
        "reward": np.zeros(n, np.float32),
        "terminated": np.zeros(n, np.bool_),
        "truncated": np.zeros(n, np.bool_),
    }


def started(**params: Any) -> Any:
    batch = samestep_rust.Batch("pong", N, 1, params)
    batch.reset(3, np.zeros((N, 8), np.float32))
    return batch


def read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def unaligned(like: np.ndarray) -> np.ndarray:
    raw = np.zeros(like.nbytes + 1, np.uint8)[1:]
    return raw.view(like.dtype).reshape(like.shape)


def overlapping() -> Arrays:
    both = np.zeros((N + 1, 8), np.float32)
    return {"obs": both[:-1], "final_obs": both[1:]}


def same_memory() -> Arrays:
    words = np.zeros(N, np.int32)
    return {"actions": words, "reward": words.view(np.float32)}


def other_owners_of_the_memory() -> Arrays:
    memory = bytearray(N * 8 * 4)
    shape = (N, 8)
    return {
        "obs": np.frombuffer(memory, np.float32).reshape(shape),
        "final_obs": np.frombuffer(memory, np.float32).reshape(shape),
    }


def strided_by_hand() -> Arrays:
    obs = np.zeros((N, 8), np.float32)
    return {"obs": obs, "final_obs": np.lib.stride_tricks.as_strided(obs, obs.shape, obs.strides)}


OBS = "accepted: a NumPy array of float32 (4, 8)"
ACTIONS = "accepted: a NumPy array of int32 (4,)"
FLAGS = "accepted: a NumPy array of bool (4,)"

BUFFERS: dict[str, tuple[type[Exception], str, Callable[[], Arrays]]] = {
    "read-only": (
        ValueError,
        "obs is read-only; accepted: a writable array",
        lambda: {"obs": read_only(np.zeros((N, 8), np.float32))},
    ),
    "read-only flags": (
        ValueError,
        "truncated is read-only; accepted: a writable array",
        lambda: {"truncated": read_only(np.zeros(N, np.bool_))},
    ),
    "overlapping": (
        ValueError,
        "final_obs overlaps another argument; accepted: arrays of their own",
        overlapping,
    ),
    "the same memory of other owners": (
        ValueError,
        "final_obs overlaps another argument; accepted: arrays of their own",
        other_owners_of_the_memory,
    ),
    "the same memory, strided by hand": (
        ValueError,
        "final_obs overlaps another argument; accepted: arrays of their own",
        strided_by_hand,
    ),
    "the same memory under two dtypes": (
        ValueError,
        "reward overlaps another argument; accepted: arrays of their own",
        same_memory,
    ),
    "dtype": (
        ValueError,
        f"obs is float64 (4, 8); {OBS}",
        lambda: {"obs": np.zeros((N, 8))},
    ),
    "shape": (
        ValueError,
        f"final_obs is float32 (5, 8); {OBS}",
        lambda: {"final_obs": np.zeros((N + 1, 8), np.float32)},
    ),
    "as many elements in another shape": (
        ValueError,
        f"obs is float32 (32,); {OBS}",
        lambda: {"obs": np.zeros(N * 8, np.float32)},
    ),
    "strided": (
        ValueError,
        f"obs is not contiguous; {OBS} in C order",
        lambda: {"obs": np.zeros((N, 16), np.float32)[:, ::2]},
    ),
    "Fortran order": (
        ValueError,
        f"obs is not contiguous; {OBS} in C order",
        lambda: {"obs": np.zeros((N, 8), np.float32, order="F")},
    ),
    "unaligned": (
        ValueError,
        f"obs is not aligned in memory; {OBS}",
        lambda: {"obs": unaligned(np.zeros((N, 8), np.float32))},
    ),
    "other byte order": (
        ValueError,
        f"actions is >i4 (4,); {ACTIONS}",
        lambda: {"actions": np.zeros(N, ">i4")},
    ),
    "bytes for flags": (
        ValueError,
        f"terminated is uint8 (4,); {FLAGS}",
        lambda: {"terminated": np.zeros(N, np.uint8)},
    ),
    "no array": (TypeError, f"final_obs is a NoneType; {OBS}", lambda: {"final_obs": None}),
    "no observations": (ValueError, "obs has 0 elements; accepted: 32", lambda: {"obs": None}),
    "a list": (TypeError, f"actions is a list; {ACTIONS}", lambda: {"actions": [0] * N}),
    "action too high": (
        ValueError,
        "action 2 is 3; accepted: integers from 0 to 2",
        lambda: {"actions": np.array([0, 1, 3, 0], np.int32)},
    ),
    "action negative": (
        ValueError,
        "action 3 is -1; accepted: integers from 0 to 2",
        lambda: {"actions": np.array([0, 1, 2, -1], np.int32)},
    ),
    "mask of another shape": (
        ValueError,
        "legal is bool (4, 4); accepted: a NumPy array of bool (4, 3)",
        lambda: {"legal": np.zeros((N, 4), np.bool_)},
    ),
}


@pytest.mark.parametrize(("kind", "message", "changed"), BUFFERS.values(), ids=BUFFERS)
def test_step_into(kind: type[Exception], message: str, changed: Callable[[], Arrays]) -> None:
    batch, arguments = started(), arrays()
    arguments |= changed()
    before = batch.export_state()
    kept = {key: value.copy() for key, value in arguments.items() if hasattr(value, "copy")}
    assert_refused(lambda: batch.step_into(**arguments), kind, message)
    assert_array_equal(batch.export_state(), before)
    for key, value in kept.items():
        assert_array_equal(arguments[key], value)
    batch.step_into(**arrays())  # and it goes on


BOX = "accepted: numbers from -1.0 to 1.0"
INTEGERS = "accepted: integers from 0 to 2"

ACTIONS_OF_USERS: dict[str, tuple[bool, type[Exception], str, Any]] = {
    "floats": (False, TypeError, f"actions are float64; {INTEGERS}, shape (4,)", [0.0] * 4),
    "truth values": (False, TypeError, f"actions are bool; {INTEGERS}, shape (4,)", [True] * 4),
    "text": (False, TypeError, f"actions are <U2; {INTEGERS}, shape (4,)", ["up"] * 4),
    "nothing": (False, TypeError, f"actions are object; {INTEGERS}, shape (4,)", None),
    "one number": (False, ValueError, f"actions is int32 (); {ACTIONS}", 1),
    "too few": (False, ValueError, f"actions is int32 (3,); {ACTIONS}", [0, 1, 2]),
    "a column": (False, ValueError, f"actions is int32 (4, 1); {ACTIONS}", [[0]] * 4),
    "ragged": (
        False,
        ValueError,
        f"actions have rows of unequal length; {INTEGERS}, shape (4,)",
        [[0], [1, 2], [0], [0]],
    ),
    "out of range": (False, ValueError, f"action 1 is 3; {INTEGERS}", [0, 3, 0, 0]),
    "negative": (False, ValueError, f"action 0 is -1; {INTEGERS}", [-1, 0, 0, 0]),
    "0 in 32 bits": (
        False,
        ValueError,
        f"action 2 is 4294967296; {INTEGERS}, shape (4,)",
        [0, 0, 1 << 32, 0],
    ),
    "unsigned": (
        False,
        ValueError,
        f"action 0 is 9223372036854775809; {INTEGERS}, shape (4,)",
        np.array([(1 << 63) + 1, 0, 0, 0], np.uint64),
    ),
    "NaN": (True, ValueError, f"action 3 is NaN; {BOX}", [[0], [0], [0], [np.nan]]),
    "infinite": (True, ValueError, f"action 0 is -inf; {BOX}", [[-np.inf], [0], [0], [0]]),
    "beyond": (True, ValueError, f"action 1 is 1.5; {BOX}", [[0], [1.5], [0], [0]]),
    "beyond float32": (True, ValueError, f"action 1 is inf; {BOX}", [[0], [1e300], [0], [0]]),
    "a row": (
        True,
        ValueError,
        "actions is float32 (4,); accepted: a NumPy array of float32 (4, 1)",
        [0.0] * 4,
    ),
    "complex": (
        True,
        TypeError,
        f"actions are complex128; {BOX}, shape (4, 1)",
        [[1j], [0], [0], [0]],
    ),
}


@pytest.mark.parametrize(
    ("continuous", "kind", "message", "actions"), ACTIONS_OF_USERS.values(), ids=ACTIONS_OF_USERS
)
def test_actions(continuous: bool, kind: type[Exception], message: str, actions: Any) -> None:
    envs = samestep_rust.make_vec("pong", N, continuous=continuous)
    envs.reset(seed=0)
    before = envs.export_state()
    assert_refused(lambda: envs.step(actions), kind, message)
    assert_array_equal(envs.export_state(), before)
    envs.step(envs.action_space.sample())


SEED = "accepted: None or an integer from 0 to 2**64 - 1"
MASK = "accepted: a NumPy array of bool (4,)"

RESETS: dict[str, tuple[type[Exception], str, dict[str, Any]]] = {
    "negative": (ValueError, f"seed is -1; {SEED}", {"seed": -1}),
    "too large": (ValueError, f"seed is {1 << 64}; {SEED}", {"seed": 1 << 64}),
    "float": (TypeError, f"seed is 1.5; {SEED}", {"seed": 1.5}),
    "text": (TypeError, f"seed is 'x'; {SEED}", {"seed": "x"}),
    "a list": (TypeError, f"seed is [1, 2, 3, 4]; {SEED}", {"seed": [1, 2, 3, 4]}),
    "option": (
        ValueError,
        "reset has no option 'level'; accepted: 'reset_mask'",
        {"options": {"level": 3}},
    ),
    "mask as list": (
        TypeError,
        f"reset_mask is a list; {MASK}",
        {"options": {"reset_mask": [True] * 4}},
    ),
    "mask of numbers": (
        TypeError,
        f"reset_mask is int64 (4,); {MASK}",
        {"options": {"reset_mask": np.ones(4, np.int64)}},
    ),
    "short mask": (
        ValueError,
        f"reset_mask is bool (3,); {MASK}",
        {"options": {"reset_mask": np.ones(3, np.bool_)}},
    ),
    "empty mask": (
        ValueError,
        f"reset_mask is all False; {MASK} with at least one True",
        {"options": {"reset_mask": np.zeros(4, np.bool_)}},
    ),
}


@pytest.mark.parametrize(("kind", "message", "arguments"), RESETS.values(), ids=RESETS)
def test_reset(kind: type[Exception], message: str, arguments: dict[str, Any]) -> None:
    envs = samestep_rust.make_vec("pong", N)
    envs.reset(seed=0)
    before, seed = envs.export_state(), envs.np_random_seed
    assert_refused(lambda: envs.reset(**arguments), kind, message)
    assert_array_equal(envs.export_state(), before)
    assert envs.np_random_seed == seed


@pytest.mark.parametrize("seed", [-1, 1 << 64, 1.5, None])
def test_a_batch_wants_a_seed(seed: Any) -> None:
    batch = started()
    before = batch.export_state()
    assert_refused(
        lambda: batch.reset(seed, np.zeros((N, 8), np.float32)),
        ValueError,
        f"seed is {seed}; accepted: an integer from 0 to 2**64 - 1",
    )
    assert_array_equal(batch.export_state(), before)


def test_steps_and_masks_before_the_first_reset() -> None:
    envs = samestep_rust.make_vec("pong", N)
    needed = gymnasium.error.ResetNeeded
    assert_refused(lambda: envs.step([0] * N), needed, "step before the first reset; call reset")
    assert_refused(
        lambda: envs.reset(options={"reset_mask": np.ones(N, np.bool_)}),
        needed,
        "reset_mask before the first reset; accepted: reset() of all",
    )


def test_a_closed_environment() -> None:
    envs = samestep_rust.make_vec("pong", N, render_mode="rgb_array")
    envs.reset(seed=0)
    rows = envs.export_state()
    envs.close()
    message = "the environment is closed; make a new one"
    for call in (
        lambda: envs.step([0] * N),
        envs.reset,
        envs.export_state,
        lambda: envs.import_state(rows),
        envs.render,
        envs.legal,
        envs.clone,
        envs.core.info,
    ):
        assert_refused(call, RuntimeError, message)
    envs.close()


def test_rendering() -> None:
    envs = samestep_rust.make_vec("pong", N)
    envs.reset(seed=0)
    message = "render_mode is None; accepted: make_vec(..., render_mode='rgb_array')"
    assert_refused(envs.render, ValueError, message)
    many = samestep_rust.make_vec("pong", 257, render_mode="rgb_array")
    assert_refused(
        many.render,
        ValueError,
        "render() of 257 instances; accepted: at most 256, or render(indices=[...])",
    )
    assert len(many.render([256])) == 1


def test_two_threads_at_once() -> None:
    """The second is told so, the first is not disturbed."""
    n = 1 << 15
    batch, twin = (samestep_rust.Batch("pong", n, 1, {"frame_skip": 1024}) for _ in range(2))
    mine = arrays(n)
    thread = threading.Thread(target=lambda: [batch.step_into(**mine) for _ in range(10)])
    thread.start()
    messages: set[str] = set()
    other = arrays(n)
    while thread.is_alive() and not messages:
        try:
            batch.export_state([0])
        except RuntimeError as error:
            messages.add(str(error))
            with pytest.raises(RuntimeError, match="another thread"):
                batch.step_into(**other)
    thread.join()
    assert messages == {"the environment is in use by another thread; step it from one at a time"}
    for _ in range(10):
        twin.step_into(**other)
    assert_array_equal(batch.export_state(), twin.export_state())
