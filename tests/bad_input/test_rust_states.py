"""Packed state rows and indices that must be refused: all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from references.pong.spec import SPEC
from tests.bad_input.refusing import assert_refused

samestep_rust = pytest.importorskip("samestep_rust")

N = 4
SIZE = SPEC.state_bytes
ROWS = f"accepted: a NumPy array of uint8 (4, {SIZE})"
LAYOUT = f"{SPEC.layout_id:#010x}"


def with_field(name: str, value: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Rows of which the third has another value."""

    def changed(rows: np.ndarray) -> np.ndarray:
        rows = rows.copy()
        rows.view(SPEC.row_dtype)[name][2] = value
        return rows

    return changed


CASES: dict[str, tuple[type[Exception], str, Callable[[np.ndarray], Any]]] = {
    "cut off": (ValueError, f"state rows is uint8 (4, 55); {ROWS}", lambda rows: rows[:, :-1]),
    "too few": (ValueError, f"state rows is uint8 (3, {SIZE}); {ROWS}", lambda rows: rows[:3]),
    "flat": (ValueError, f"state rows is uint8 (224,); {ROWS}", lambda rows: rows.reshape(-1)),
    "dtype": (
        ValueError,
        f"state rows is int32 (4, {SIZE}); {ROWS}",
        lambda rows: rows.astype(np.int32),
    ),
    "strided": (
        ValueError,
        f"state rows is not contiguous; {ROWS} in C order",
        lambda rows: np.repeat(rows, 2, 0)[::2],
    ),
    "a list": (TypeError, f"state rows is a list; {ROWS}", lambda rows: rows.tolist()),
    "bytes": (TypeError, f"state rows is a bytes; {ROWS}", lambda rows: rows.tobytes()),
    "another layout": (
        ValueError,
        f"state row 2 has layout 0x00000000; pong version 1 has {LAYOUT}",
        with_field("layout", 0),
    ),
    "NaN": (
        ValueError,
        "state row 2: ball_x is NaN; it must be finite",
        with_field("ball_x", np.nan),
    ),
    "infinite": (
        ValueError,
        "state row 2: paddle_yr is -inf; it must be finite",
        with_field("paddle_yr", -np.inf),
    ),
    "game over": (
        ValueError,
        "state row 2: score_l is 21; a running game has 0 to 20",
        with_field("score_l", 21),
    ),
    "negative score": (
        ValueError,
        "state row 2: score_r is -1; a running game has 0 to 20",
        with_field("score_r", -1),
    ),
}


def started() -> Any:
    envs = samestep_rust.make_vec("pong", N)
    envs.reset(seed=1)
    for _ in range(5):
        envs.step([1] * N)
    return envs


@pytest.mark.parametrize(("kind", "message", "change"), CASES.values(), ids=CASES)
def test_rows(kind: type[Exception], message: str, change: Callable[[np.ndarray], Any]) -> None:
    envs = started()
    before = envs.export_state()
    other = samestep_rust.make_vec("pong", N)
    other.reset(seed=2)
    rows = change(other.export_state())
    assert_refused(lambda: envs.import_state(rows), kind, message)
    assert_array_equal(envs.export_state(), before)
    envs.import_state(other.export_state())  # and it goes on


def test_rows_of_another_environment() -> None:
    if "duel" not in samestep_rust.env_names():
        pytest.skip("samestep_rust was built without the test environments; `make setup` has them")
    envs = started()
    before = envs.export_state()
    theirs = samestep_rust.Batch("duel", N, 1, {}).export_state()
    size = theirs.shape[1]
    assert_refused(
        lambda: envs.import_state(theirs),
        ValueError,
        f"state rows is uint8 (4, {size}); {ROWS}",
    )
    padded = np.zeros((N, SIZE), np.uint8)
    padded[:, :24] = theirs[:, :24]
    layout = int(padded[0, :4].view("<u4")[0])
    assert_refused(
        lambda: envs.import_state(padded),
        ValueError,
        f"state row 0 has layout {layout:#010x}; pong version 1 has {LAYOUT}",
    )
    assert_array_equal(envs.export_state(), before)


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        ([4], "index 4 is out of range; accepted: integers from 0 to 3"),
        ([0, 1 << 40], "index 1099511627776 is out of range; accepted: integers from 0 to 3"),
        ([1, 1], "an index is given twice; accepted: distinct indices"),
        ([-1], "indices are [-1]; accepted: a list of integers from 0 to 3"),
        ([1.5], "indices are [1.5]; accepted: a list of integers from 0 to 3"),
        ([False, True], "indices are [False, True]; accepted: a list of integers from 0 to 3"),
        (2, "indices are 2; accepted: a list of integers from 0 to 3"),
    ],
)
def test_indices(indices: Any, message: str) -> None:
    envs = started()
    before = envs.export_state()
    n = len(indices) if isinstance(indices, list) else 1
    rows = np.repeat(before[:1], n, 0)
    obs = np.full((N, 8), -7, np.float32)
    for call in (
        lambda: envs.export_state(indices),
        lambda: envs.import_state(rows, indices),
        lambda: envs.core.reset(9, obs, indices),
    ):
        assert_refused(call, ValueError, message)
    assert_array_equal(envs.export_state(), before)
    assert (obs == -7).all()


def test_rows_that_cannot_be_drawn() -> None:
    from samestep_rust import render

    rows = started().export_state()
    assert_refused(
        lambda: render.draw("pong", rows[:, 1:]),
        ValueError,
        f"state rows are uint8 (4, 55); accepted: uint8 (n, {SIZE})",
    )
    assert_refused(
        lambda: render.draw("pong", with_field("layout", 7)(rows)),
        ValueError,
        f"state row 2 has layout 0x00000007; accepted: {LAYOUT}",
    )
    assert_refused(
        lambda: render.draw("chess", rows),
        ValueError,
        "chess cannot be drawn; accepted: pong, halfcheetah",
    )
