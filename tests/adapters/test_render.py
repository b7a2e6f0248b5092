from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from references.halfcheetah.spec import SPEC as CHEETAH
from references.pong.spec import SPEC
from tools import halfcheetah_picture, png, pong_picture

samestep_rust = pytest.importorskip("samestep_rust")
from samestep_rust import render  # noqa: E402
from samestep_rust.render import canvas, halfcheetah, pong  # noqa: E402


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


def cheetah_row(x: float = 0.0, **fields: object) -> np.ndarray:
    """One packed row (1, 240) of a cheetah that stands there as it begins."""
    state = np.zeros(1, CHEETAH.row_dtype)
    state["layout"] = CHEETAH.layout_id
    state["qpos"][0, 0] = x
    for name, value in fields.items():
        state[name] = value
    return state.view(np.uint8).reshape(1, -1)


def test_a_cheetahs_rows_are_those_that_the_spec_declares() -> None:
    assert CHEETAH.row_dtype == halfcheetah.ROW
    frames = render.draw("halfcheetah", np.concatenate([cheetah_row(), cheetah_row(3.0)]))
    assert frames.shape == (2, 360, 640, 3)
    assert frames.dtype == np.uint8


def test_capsules_are_where_mujoco_has_them() -> None:
    mujoco = pytest.importorskip("mujoco")
    pytest.importorskip("gymnasium.envs.mujoco.mujoco_env")
    from references.halfcheetah.derive import load_model

    model = load_model()
    data = mujoco.MjData(model)
    random = np.random.default_rng(0)
    for _ in range(100):
        data.qpos[:] = random.uniform(-4, 4, 9)
        mujoco.mj_kinematics(model, data)
        axes = data.geom_xmat[1:].reshape(-1, 3, 3)[:, :, 2] * model.geom_size[1:, 1:2]
        pairs = np.stack([data.geom_xpos[1:] - axes, data.geom_xpos[1:] + axes], axis=1)
        drawn = halfcheetah.capsules(data.qpos.tolist())
        assert [body + 1 for body, *_ in drawn] == model.geom_bodyid[1:].tolist()
        ours = np.array([sorted(ends) for _, *ends in drawn])
        theirs = np.array([sorted(pair) for pair in pairs[:, :, [0, 2]].tolist()])
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
        assert (model.geom_size[1:, 0] == 0.046).all()


def test_the_floor_moves_and_the_cheetah_stays_in_the_middle() -> None:
    """A quarter of a metre is 40 pixels."""
    rows = np.concatenate([cheetah_row(2.0), cheetah_row(2.25), cheetah_row(-3.0)])
    here, ahead, behind = render.draw("halfcheetah", rows)
    above, marks = slice(0, halfcheetah.FLOOR), slice(halfcheetah.FLOOR, None)
    assert_array_equal(here[above], ahead[above])
    assert_array_equal(here[marks, 40:], ahead[marks, :-40])
    assert (here[marks] != ahead[marks]).any()
    assert (here[marks] != behind[marks]).any()  # by the numbers alone
    lines = slice(halfcheetah.FLOOR, halfcheetah.FLOOR + 20)
    assert_array_equal(here[lines], behind[lines])


@pytest.mark.parametrize("height", [0.5, -0.25])
def test_a_jump_is_seen(height: float) -> None:
    """160 pixels a metre."""
    (before,) = render.draw("halfcheetah", cheetah_row())
    (after,) = render.draw("halfcheetah", cheetah_row(qpos=[0, height, *[0] * 7]))
    for colour in (halfcheetah.TORSO_COLOUR, halfcheetah.BACK_LEG, halfcheetah.FRONT_LEG):
        top, bottom, *columns = extent(before, colour)
        up = round(160 * height)
        assert extent(after, colour) == (top - up, bottom - up, *columns)


def test_every_joint_moves_what_hangs_on_it() -> None:
    (before,) = render.draw("halfcheetah", cheetah_row())
    colours = [halfcheetah.BACK_LEG] * 3 + [halfcheetah.FRONT_LEG] * 3
    for joint, own in enumerate(colours, 3):
        turned = np.where(np.arange(9) == joint, 0.5, 0.0)
        (after,) = render.draw("halfcheetah", cheetah_row(qpos=turned))
        for colour in (halfcheetah.BACK_LEG, halfcheetah.FRONT_LEG):
            moved = ((before == colour).all(-1) != (after == colour).all(-1)).any()
            assert moved == (colour == own)


@pytest.mark.parametrize(
    "positions",
    [
        [1e10, -1e10, *[0] * 7],
        [-1e10, 1e10, 1e10, *[1e10] * 6],
        [0, -3, 0, *[0] * 6],
        [0, 30, 0, *[0] * 6],
        [np.nan, *[0] * 8],
        [0, 0, np.inf, *[0] * 6],
    ],
)
def test_a_cheetah_out_of_sight_draws_nothing(positions: list[float]) -> None:
    (frame,) = render.draw("halfcheetah", cheetah_row(qpos=positions))
    for colour in halfcheetah.BODY_COLOURS:
        assert not (frame == colour).all(-1).any()
    assert (frame[: halfcheetah.FLOOR] == halfcheetah.SKY).all()


@pytest.mark.parametrize("turn", [np.pi, 100.0])
def test_a_cheetah_may_lie_on_its_back(turn: float) -> None:
    (frame,) = render.draw("halfcheetah", cheetah_row(qpos=[0, 0.3, turn, *[0.4] * 6]))
    for colour in halfcheetah.BODY_COLOURS:
        assert (frame == colour).all(-1).any()


def test_a_capsule_is_a_line_with_round_ends() -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    canvas.capsule(image, (20, 20), (40, 20), 5, (255, 255, 255))
    covered = image[..., 0] / 255
    assert covered.sum() == pytest.approx(20 * 10 + np.pi * 25, rel=0.01)
    assert extent(image, (255, 255, 255))[:2] == (15, 24)
    assert (covered[:, 30] == covered[::-1, 30]).all() and covered[20, 16] == 1
    assert not image[:, :14].any() and not image[:, 46:].any()
    corner = np.zeros((40, 60, 3), np.uint8)
    canvas.capsule(corner, (0, 0), (20, 0), 5, (255, 255, 255))
    assert_array_equal(corner[:20, :40], image[20:, 20:])


def test_numbers_below_zero_have_a_sign() -> None:
    with_sign, without = np.zeros((2, 9, 21, 3), np.uint8)
    canvas.write_number(with_sign, -7, 10, 2, 1, (255, 255, 255))
    canvas.write_number(without, 7, 12, 2, 1, (255, 255, 255))
    assert_array_equal(with_sign[:, 11:], without[:, 11:])
    assert with_sign[:, :11].any(-1).sum() == 3
    assert not without[:, :11].any()


@pytest.mark.parametrize(
    ("name", "frames_a_second"), [("pong", (60, 7)), ("halfcheetah", (20, 12))]
)
def test_frames_a_second_are_those_of_the_environments_time(
    name: str, frames_a_second: tuple[int, int]
) -> None:
    assert render.frames_a_second(name, {}) == frames_a_second[0]
    assert render.frames_a_second(name, {"frame_skip": 8}) == frames_a_second[1]
    assert render.frames_a_second(name, {"frame_skip": 1000}) == 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (row(), r"uint8 \(1, 56\); accepted: uint8 \(n, 240\)"),
        (cheetah_row()[0], r"uint8 \(240,\); accepted"),
        (cheetah_row().astype(np.int16), r"int16 \(1, 240\); accepted"),
        (cheetah_row(layout=7), r"state row 0 has layout 0x00000007; accepted: 0x[0-9a-f]{8}$"),
    ],
)
def test_rows_of_something_else_are_refused(rows: np.ndarray, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        render.draw("halfcheetah", rows)


def test_a_cheetahs_frames_are_of_its_states() -> None:
    envs = samestep_rust.make_vec("halfcheetah", 2, render_mode="rgb_array")
    envs.reset(seed=0)
    envs.step(envs.action_space.sample())
    frames = envs.render()
    assert_array_equal(np.stack(frames), render.draw("halfcheetah", envs.export_state()))
    assert (frames[0] != frames[1]).any()
    assert envs.metadata["render_modes"] == ["rgb_array"]
    assert envs.metadata["render_fps"] == 20


@pytest.mark.parametrize("tool", [pong_picture, halfcheetah_picture])
def test_the_readmes_pictures_are_up_to_date(tool: ModuleType, tmp_path: Path) -> None:
    """To within one step of a colour, for smooth edges are computed in floats."""
    drawn, shown = tool.picture(), png.read(tool.PICTURE)
    assert shown.shape == drawn.shape
    assert np.abs(shown.astype(int) - drawn).max() <= 1
    png.write(tmp_path / "again.png", drawn)
    assert_array_equal(png.read(tmp_path / "again.png"), drawn)
