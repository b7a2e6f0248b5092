from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from references.pong.spec import SPEC

samestep_rust = pytest.importorskip("samestep_rust")
from samestep_rust import render  # noqa: E402
from samestep_rust.render import pong  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


def row(**fields: float) -> np.ndarray:
    """One packed row (1, 56) of a state in the middle of things."""
    state = np.zeros(1, SPEC.row_dtype)
    state["layout"] = SPEC.layout_id
    middle = {"paddle_yl": 285, "paddle_yr": 285, "ball_x": 234, "ball_y": 304}
    for name, value in {**middle, **fields}.items():
        state[name] = value
    return state.view(np.uint8).reshape(1, -1)


def extent(frame: np.ndarray, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """First and last row, first and last column that have a colour."""
    rows, columns = np.nonzero((frame == colour).all(-1))
    return int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max())


def test_it_reads_the_rows_that_the_spec_declares() -> None:
    assert SPEC.row_dtype == pong.ROW
    assert SPEC.layout_id == pong.LAYOUT
    lengths = {
        "WIDTH": pong.FIELD_WIDTH,
        "HEIGHT": pong.FIELD_HEIGHT,
        "PADDLE_WIDTH": pong.PADDLE_WIDTH,
        "PADDLE_HEIGHT": pong.PADDLE_HEIGHT,
        "BALL_WIDTH": pong.BALL,
        "BALL_HEIGHT": pong.BALL,
    }
    assert lengths == {name: SPEC.constants[name] for name in lengths}


def test_things_are_where_the_state_says() -> None:
    (frame,) = render.draw("pong", row(paddle_yl=0, paddle_yr=570, ball_x=100, ball_y=30))
    assert frame.shape == (640, 560, 3)
    assert frame.dtype == np.uint8
    left, right = pong.MARGIN, pong.MARGIN + 500  # the field's sides
    assert extent(frame, pong.OPPONENT) == (570, 639, left - 20, left - 1)  # at the bottom
    assert extent(frame, pong.AGENT) == (0, 69, right, right + 19)  # at the top
    assert extent(frame, pong.BALL_COLOUR) == (578, 609, left + 100, left + 131)


@pytest.mark.parametrize(
    ("x", "y"), [(-10, 304), (478, 304), (234, -12), (234, 620), (-9, -12), (477, 619)]
)
def test_a_ball_beyond_the_edge_is_cut_off(x: int, y: int) -> None:
    (frame,) = render.draw("pong", row(ball_x=x, ball_y=y))
    top, bottom, left, right = extent(frame, pong.BALL_COLOUR)
    assert top == max(0, 640 - y - 32)
    assert bottom == min(639, 640 - y - 1)
    assert (left, right) == (pong.MARGIN + x, pong.MARGIN + x + 31)


def test_a_ball_out_of_sight_draws_nothing() -> None:
    for field in ({"ball_x": -1e6}, {"ball_y": 1e6}, {"ball_x": 1e9, "ball_y": -1e9}):
        (frame,) = render.draw("pong", row(**field))
        assert not (frame == pong.BALL_COLOUR).all(-1).any()


@pytest.mark.parametrize("paddle", ["paddle_yl", "paddle_yr"])
@pytest.mark.parametrize("y", [-35, 605])
def test_half_a_paddle_may_leave_the_field(paddle: str, y: int) -> None:
    colour = pong.OPPONENT if paddle == "paddle_yl" else pong.AGENT
    (frame,) = render.draw("pong", row(**{paddle: y}))
    top, bottom, *_ = extent(frame, colour)
    assert (top, bottom) == ((605, 639) if y < 0 else (0, 34))


def test_every_score_looks_different() -> None:
    rows = np.concatenate([row(score_l=score) for score in range(21)])
    frames = render.draw("pong", rows)
    assert len({frame.tobytes() for frame in frames}) == 21
    for frame in frames:
        top, bottom, _, right = extent(frame, pong.SCORE)
        assert (top, bottom) == (24, 68)
        assert right < 560
    swapped = render.draw("pong", row(score_l=3, score_r=18))
    assert (swapped != render.draw("pong", row(score_l=18, score_r=3))).any()


def test_render_is_a_frame_an_instance() -> None:
    envs = samestep_rust.make_vec("pong", 3, render_mode="rgb_array")
    envs.reset(seed=0)
    before = envs.export_state()
    envs.step([0, 1, 2])
    frames = envs.render()
    assert isinstance(frames, tuple)
    assert len(frames) == 3
    assert len({frame.tobytes() for frame in frames}) == 3
    assert_array_equal(np.stack(frames), render.draw("pong", envs.export_state()))
    assert (np.stack(frames) != render.draw("pong", before)).any()
    (chosen,) = envs.render([2])
    assert_array_equal(chosen, frames[2])
    frames[0][:] = 0
    assert (envs.render()[0] != 0).any()


def load_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pong_picture", ROOT / "tools/pong_picture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readmes_picture_is_up_to_date(tmp_path: Path) -> None:
    tool = load_tool()
    assert_array_equal(tool.read_png(tool.PICTURE), tool.picture())
    tool.write_png(tmp_path / "again.png", tool.picture())
    assert_array_equal(tool.read_png(tmp_path / "again.png"), tool.picture())
