"""L1: the reference's rules, one at a time, against values worked out from docs/envs/pong.md."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from references.contract import Step
from references.pong import SPEC, Pong
from references.pong.rules import PongState

pytestmark = pytest.mark.l1

STAY, UP, DOWN = 0, 1, 2


def state(**fields: Any) -> PongState:
    """A game with the ball in the middle of the field, flying level to the right."""
    base = {
        "paddle_yl": 285.0,
        "paddle_yr": 285.0,
        "ball_x": 240.0,
        "ball_y": 304.0,
        "ball_vx": 10.0,
        "ball_vy": 0.0,
        "score_l": 0,
        "score_r": 0,
    }
    return Pong().import_fields({**base, **fields}, (1, 2), 5)


def step(before: PongState, action: int = STAY, frame_skip: int = 1) -> tuple[PongState, Step]:
    return Pong(frame_skip=frame_skip).step(before, action)


def test_a_step_leaves_the_state_it_was_given() -> None:
    before = state()
    kept = dataclasses.replace(before)
    after, _ = step(before, UP, 8)
    assert before == kept
    assert after.t == 6


def test_actions_move_the_agents_paddle() -> None:
    moved = [float(step(state(paddle_yr=100.0), action)[0].paddle_yr) for action in (0, 1, 2)]
    assert moved == [100.0, 108.0, 92.0]


@pytest.mark.parametrize(
    ("ball_y", "returned"), [(268.0, False), (269.0, True), (369.0, True), (370.0, False)]
)
def test_touching_edges_do_not_count(ball_y: float, returned: bool) -> None:
    at_right_end = state(paddle_yr=300.0, ball_x=460.0, ball_y=ball_y)
    assert step(at_right_end)[1].reward == np.float32(0.1 if returned else -1.0)


def test_a_point_keeps_the_observation_of_the_last_completed_frame() -> None:
    losing = state(paddle_yr=300.0, ball_x=450.0, ball_y=100.0, ball_vy=4.0)
    after, out = step(losing, frame_skip=8)
    completed, seen = step(losing)
    assert completed.ball_x == 460.0
    np.testing.assert_array_equal(out.obs, seen.obs)
    assert (after.score_l, float(after.ball_x)) == (1, 100.0)


def test_the_twenty_first_point_ends_the_game_without_a_serve() -> None:
    losing = state(paddle_yr=300.0, ball_x=460.0, ball_y=100.0, score_l=20)
    after, out = step(losing)
    assert out.terminated
    assert not out.truncated
    assert (after.score_l, float(after.ball_x)) == (21, 470.0)


def test_a_serve_is_level_or_goes_down() -> None:
    speeds = {float(Pong().reset((seed, 0))[0].ball_vy) for seed in range(50)}
    assert speeds == {0.0, -1.0}


def test_states_that_cannot_exist_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^score_l is 21; a running game has 0 to 20$"):
        state(score_l=21)
    with pytest.raises(ValueError, match=r"^ball_y is nan; it must be finite$"):
        state(ball_y=np.nan)


def test_parameters_are_checked() -> None:
    with pytest.raises(ValueError, match=r"^frame_skip is 0; accepted: an integer from 1 to 1024$"):
        Pong(frame_skip=0)
    with pytest.raises(ValueError, match=r"^pong has no parameter 'speed'; accepted: frame_skip, "):
        Pong(speed=2)


def test_observations_lie_in_their_bounds() -> None:
    corners = [
        {"paddle_yl": -35.0, "paddle_yr": 605.0, "ball_x": 8.0, "ball_vx": -10.0},
        {"ball_y": 12.0, "ball_vy": -13.0},
        {"ball_y": 607.0, "ball_vy": 13.0, "ball_x": 468.0},
    ]
    for fields in corners:
        obs = step(state(**fields))[1].obs
        assert (obs >= SPEC.obs.low).all()
        assert (obs <= SPEC.obs.high).all()
