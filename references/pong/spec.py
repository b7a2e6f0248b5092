"""Pong: the numbers and layouts that define it.

Source: PufferLib 3.0.0, `pufferlib/ocean/pong/pong.py` (defaults) and `pong.h` (rules), MIT.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from references.contract import (
    ActionLayout,
    BoxAction,
    DiscreteAction,
    EnvSpec,
    Field,
    ObsLayout,
    Param,
)

CONSTANTS: dict[str, int | float] = {
    "WIDTH": 500.0,  # pixels, as all lengths here
    "HEIGHT": 640.0,
    "PADDLE_WIDTH": 20.0,  # drawn only; the rules do not use it
    "PADDLE_HEIGHT": 70.0,
    "BALL_WIDTH": 32.0,
    "BALL_HEIGHT": 32.0,
    "PADDLE_SPEED": 8.0,  # pixels a frame
    "BALL_SPEED_X": 10.0,
    "BALL_SERVE_SPEED_Y": 1.0,
    "BALL_SPEED_Y_INCREMENT": 3.0,
    "BALL_MAX_SPEED_Y": 13.0,
    # Upstream compares with the double 0.01, which lies between this float32 and the next: so
    # in float32 the comparison is "at most".
    "HORIZONTAL_SPEED_Y": 0.01,
    "MAX_SCORE": 21,
    "MIN_PADDLE_Y": -35.0,  # -PADDLE_HEIGHT / 2: half a paddle may leave the field
    "MAX_PADDLE_Y": 605.0,  # HEIGHT - PADDLE_HEIGHT / 2
    "PADDLE_START_Y": 285.0,  # HEIGHT / 2 - PADDLE_HEIGHT / 2
    "BALL_START_X": 100.0,  # WIDTH / 5
    "BALL_START_Y": 304.0,  # HEIGHT / 2 - BALL_HEIGHT / 2
    "REWARD_WIN_POINT": 1.0,
    "REWARD_LOSE_POINT": -1.0,
    "REWARD_BOUNCE": 0.1,  # rounded to float32
    # Observations are one multiplication by a float32 constant, never a division.
    "OBS_PADDLE_SCALE": 1.0 / 640.0,  # 1 / (MAX_PADDLE_Y - MIN_PADDLE_Y)
    "OBS_X_SCALE": 1.0 / 500.0,
    "OBS_Y_SCALE": 1.0 / 640.0,
    "OBS_VX_SCALE": 1.0 / 20.0,  # 1 / (2 * BALL_SPEED_X)
    "OBS_VY_SCALE": 1.0 / 26.0,  # 1 / (2 * BALL_MAX_SPEED_Y)
}


def action(params: Mapping[str, Any]) -> ActionLayout:
    """Stay, up, down; or, if `continuous`, the paddle's direction and share of its speed."""
    if params["continuous"]:
        return BoxAction((1,), -1.0, 1.0)
    return DiscreteAction(3, ("stay", "up", "down"))


SPEC = EnvSpec(
    name="pong",
    version=1,
    state=(
        Field("paddle_yl", "f4", (), "bottom of the opponent's paddle (left), pixels"),
        Field("paddle_yr", "f4", (), "bottom of the agent's paddle (right), pixels"),
        Field("ball_x", "f4", (), "left edge of the ball, pixels"),
        Field("ball_y", "f4", (), "bottom edge of the ball, pixels"),
        Field("ball_vx", "f4", (), "pixels a frame"),
        Field("ball_vy", "f4", (), "pixels a frame"),
        Field("score_l", "i4", (), "the opponent's points"),
        Field("score_r", "i4", (), "the agent's points"),
    ),
    obs=ObsLayout(
        "f4",
        (8,),
        -0.05,  # a ball about to bounce off the left or the bottom is a little outside
        1.0,
        (
            "paddle_yl",
            "paddle_yr",
            "ball_x",
            "ball_y",
            "ball_vx",
            "ball_vy",
            "score_l",
            "score_r",
        ),
    ),
    action=action,
    slots={"serve": 0},
    constants=CONSTANTS,
    params={
        "frame_skip": Param(1, 1, 1024, "frames that one step runs; a point ends the step"),
        "continuous": Param(False, doc="the action is a direction in [-1, 1]"),
    },
    exact=True,
    transfer_margin=1.0,
)
