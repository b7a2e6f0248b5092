"""The rules of Pong, one instance at a time.

Semantics of PufferLib 3.0.0's `pong.h`, quirks included; docs/envs/pong.md lists them. The field
is 500 x 640 pixels with its origin at the bottom left. The agent's paddle is on the right
(`yr`), the opponent's on the left (`yl`). All arithmetic is in float32; with discrete actions
every quantity is a small integer, so it is exact.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from references.contract import EnvSpec, Step
from references.pong import spec
from references.pong.spec import CONSTANTS
from references.threefry import Key, below, threefry2x32

Serve = Callable[[Key, int], int]
"""(env_key, t) -> 0 or 1: where the vertical direction of a serve comes from."""

f32 = np.float32
WIDTH = f32(CONSTANTS["WIDTH"])
HEIGHT = f32(CONSTANTS["HEIGHT"])
PADDLE_HEIGHT = f32(CONSTANTS["PADDLE_HEIGHT"])
HALF_PADDLE = PADDLE_HEIGHT / f32(2)
BALL_WIDTH = f32(CONSTANTS["BALL_WIDTH"])
BALL_HEIGHT = f32(CONSTANTS["BALL_HEIGHT"])
PADDLE_SPEED = f32(CONSTANTS["PADDLE_SPEED"])
BALL_SPEED_X = f32(CONSTANTS["BALL_SPEED_X"])
BALL_SERVE_SPEED_Y = f32(CONSTANTS["BALL_SERVE_SPEED_Y"])
BALL_SPEED_Y_INCREMENT = f32(CONSTANTS["BALL_SPEED_Y_INCREMENT"])
BALL_MAX_SPEED_Y = f32(CONSTANTS["BALL_MAX_SPEED_Y"])
MAX_SCORE = int(CONSTANTS["MAX_SCORE"])
MIN_PADDLE_Y = f32(CONSTANTS["MIN_PADDLE_Y"])
MAX_PADDLE_Y = f32(CONSTANTS["MAX_PADDLE_Y"])
HORIZONTAL_SPEED_Y = f32(CONSTANTS["HORIZONTAL_SPEED_Y"])  # at most: counts as horizontal
DIRECTIONS = (f32(0), f32(1), f32(-1))  # stay, up, down


@dataclass
class PongState:
    """STATE, and the key and time that the next serve is drawn from."""

    key: Key
    t: int
    paddle_yl: np.float32
    paddle_yr: np.float32
    ball_x: np.float32
    ball_y: np.float32
    ball_vx: np.float32
    ball_vy: np.float32
    score_l: int
    score_r: int


def threefry_serve(key: Key, t: int) -> int:
    """The serve's random bit: slot "serve" of step t."""
    return below(threefry2x32(key, (t, spec.SPEC.slots["serve"]))[0], 2)


def clip(value: np.float32, low: np.float32, high: np.float32) -> np.float32:
    return min(max(value, low), high)


class Pong:
    """One game of Pong at a time; see `references.contract.Reference`.

    Args:
        serve: the source of the serve's random bit; a tape when held against the C code.
        params: `frame_skip` and `continuous`, as in spec.py.
    """

    spec: EnvSpec = spec.SPEC

    def __init__(self, serve: Serve = threefry_serve, **params: Any) -> None:
        self.params = self.spec.check_params(params)
        self.frame_skip: int = self.params["frame_skip"]
        self.continuous: bool = self.params["continuous"]
        self._draw_serve = serve

    def reset(self, key: Key) -> tuple[PongState, np.ndarray]:
        """A new game under `key`: state and (8,) float32 observation."""
        zero = f32(0)
        state = PongState(key, 0, zero, zero, zero, zero, zero, zero, score_l=0, score_r=0)
        self._serve(state)
        return state, observe(state)

    def step(self, state: PongState, action: Any) -> tuple[PongState, Step]:
        """Run `frame_skip` frames, fewer if a point is made; see docs/envs/pong.md.

        Args:
            action: 0 stay, 1 up, 2 down; if continuous, (1,) float32 in [-1, 1].
        """
        state = dataclasses.replace(state, t=state.t + 1)
        direction = f32(action[0]) if self.continuous else DIRECTIONS[int(action)]
        reward = f32(0)
        for _ in range(self.frame_skip):
            before = dataclasses.replace(state)
            self._move_paddles(state, direction)
            self._move_ball(state)
            if state.ball_x < 0:
                if self._ball_meets(state, state.paddle_yl):
                    state.ball_vx = -state.ball_vx
                else:
                    return self._point(state, before, agent_won=True)
            if state.ball_x + BALL_WIDTH > WIDTH:
                if self._ball_meets(state, state.paddle_yr):
                    reward = f32(CONSTANTS["REWARD_BOUNCE"])
                    self._bounce_off_agent(state, direction)
                else:
                    return self._point(state, before, agent_won=False)
        return state, Step(observe(state), np.asarray(reward), terminated=False, truncated=False)

    def legal(self, state: PongState) -> np.ndarray | None:
        """All three actions, always."""
        return None if self.continuous else np.ones(3, np.bool_)

    def acting(self, state: PongState) -> np.ndarray | None:
        """One player: nobody waits."""
        return None

    def export_fields(self, state: PongState) -> dict[str, Any]:
        """STATE's fields by name."""
        return {field.name: getattr(state, field.name) for field in self.spec.state}

    def import_fields(self, fields: Mapping[str, Any], key: Key, t: int) -> PongState:
        """The state with these fields.

        Raises:
            ValueError: for positions that are not finite, or scores of no running game.
        """
        for name in ("score_l", "score_r"):
            if not 0 <= int(fields[name]) < MAX_SCORE:
                raise ValueError(
                    f"{name} is {int(fields[name])}; a running game has 0 to {MAX_SCORE - 1}"
                )
        for field in self.spec.state[:6]:
            if not np.isfinite(fields[field.name]):
                raise ValueError(f"{field.name} is {fields[field.name]}; it must be finite")
        return PongState(
            key,
            t,
            paddle_yl=f32(fields["paddle_yl"]),
            paddle_yr=f32(fields["paddle_yr"]),
            ball_x=f32(fields["ball_x"]),
            ball_y=f32(fields["ball_y"]),
            ball_vx=f32(fields["ball_vx"]),
            ball_vy=f32(fields["ball_vy"]),
            score_l=int(fields["score_l"]),
            score_r=int(fields["score_r"]),
        )

    def _serve(self, state: PongState) -> None:
        """Both paddles to the middle, the ball towards the agent, level or downwards."""
        state.paddle_yl = f32(CONSTANTS["PADDLE_START_Y"])
        state.paddle_yr = f32(CONSTANTS["PADDLE_START_Y"])
        state.ball_x = f32(CONSTANTS["BALL_START_X"])
        state.ball_y = f32(CONSTANTS["BALL_START_Y"])
        state.ball_vx = BALL_SPEED_X
        state.ball_vy = f32(self._draw_serve(state.key, state.t) - 1) * BALL_SERVE_SPEED_Y

    def _move_paddles(self, state: PongState, direction: np.float32) -> None:
        """The agent's goes where it is told, the opponent's towards the ball's lower edge."""
        to_ball = state.ball_y - (state.paddle_yl + HALF_PADDLE)
        state.paddle_yr = clip(
            state.paddle_yr + PADDLE_SPEED * direction, MIN_PADDLE_Y, MAX_PADDLE_Y
        )
        state.paddle_yl = clip(
            state.paddle_yl + clip(to_ball, -PADDLE_SPEED, PADDLE_SPEED),
            MIN_PADDLE_Y,
            MAX_PADDLE_Y,
        )

    def _move_ball(self, state: PongState) -> None:
        """One frame of flight; bottom and top walls turn the vertical speed around."""
        state.ball_x = state.ball_x + state.ball_vx
        state.ball_y = state.ball_y + state.ball_vy
        if state.ball_y < 0 or state.ball_y + BALL_HEIGHT > HEIGHT:
            state.ball_vy = -state.ball_vy

    def _ball_meets(self, state: PongState, paddle_y: np.float32) -> bool:
        """Whether the ball's height overlaps the paddle's."""
        above = state.ball_y + BALL_HEIGHT > paddle_y
        below_top = state.ball_y < paddle_y + PADDLE_HEIGHT
        return bool(above and below_top)

    def _bounce_off_agent(self, state: PongState, direction: np.float32) -> None:
        """A moving paddle drags the ball along; the ball is put back into the field."""
        state.ball_vx = -state.ball_vx
        state.ball_vy = clip(
            state.ball_vy + BALL_SPEED_Y_INCREMENT * direction,
            -BALL_MAX_SPEED_Y,
            BALL_MAX_SPEED_Y,
        )
        if abs(state.ball_vy) <= HORIZONTAL_SPEED_Y:
            state.ball_vy = BALL_SPEED_Y_INCREMENT
        state.ball_x = clip(state.ball_x, f32(0), WIDTH - BALL_WIDTH)
        state.ball_y = clip(state.ball_y, f32(0), HEIGHT - BALL_HEIGHT)

    def _point(
        self, state: PongState, before: PongState, agent_won: bool
    ) -> tuple[PongState, Step]:
        """Count the point and end the step; serve again unless it decided the game.

        The observation is that of the last completed frame, `before`: upstream does not compute
        it again after a point. The reward overwrites that of a bounce in the same step.
        """
        if agent_won:
            state.score_r += 1
            reward = f32(CONSTANTS["REWARD_WIN_POINT"])
        else:
            state.score_l += 1
            reward = f32(CONSTANTS["REWARD_LOSE_POINT"])
        game_over = MAX_SCORE in (state.score_l, state.score_r)
        if not game_over:
            self._serve(state)
        return state, Step(
            observe(before), np.asarray(reward), terminated=game_over, truncated=False
        )


def observe(state: PongState) -> np.ndarray:
    """(8,) float32: positions and speeds scaled into about [0, 1], and two zeros.

    The last two are the scores divided by 21 as integers, so they stay 0 all through a game.
    """
    paddle_scale = f32(CONSTANTS["OBS_PADDLE_SCALE"])
    return np.array(
        [
            (state.paddle_yl - MIN_PADDLE_Y) * paddle_scale,
            (state.paddle_yr - MIN_PADDLE_Y) * paddle_scale,
            state.ball_x * f32(CONSTANTS["OBS_X_SCALE"]),
            state.ball_y * f32(CONSTANTS["OBS_Y_SCALE"]),
            (state.ball_vx + BALL_SPEED_X) * f32(CONSTANTS["OBS_VX_SCALE"]),
            (state.ball_vy + BALL_MAX_SPEED_Y) * f32(CONSTANTS["OBS_VY_SCALE"]),
            state.score_l // MAX_SCORE,
            state.score_r // MAX_SCORE,
        ],
        dtype=f32,
    )
