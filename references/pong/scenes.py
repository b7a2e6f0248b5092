"""Positions worth starting a check from, as packed state rows."""

from __future__ import annotations

import numpy as np

from references.pong.spec import CONSTANTS


def near_end(rows: np.ndarray) -> None:
    """Change structured rows (N,) of new games, in place: points and games are about to end.

    Of every four instances two are one point from the end, one is in the middle of a game, and
    one is left as it is. In all but the last the ball is about to reach a side: the agent's, or,
    in every second, the opponent's, whose paddle is then too far away to return it.
    """
    last = int(CONSTANTS["MAX_SCORE"]) - 1
    index = np.arange(len(rows))
    deciding, middle = index % 4 < 2, index % 4 == 2
    for name in ("score_l", "score_r"):
        rows[name][deciding] = last
    rows["score_l"][middle] = 7
    rows["score_r"][middle] = 5
    # Spread over the last 20 frames before the agent's side, and over the field's height.
    moved = deciding | middle
    rows["ball_x"][moved] += 170 + 10 * (index[moved] % 19)
    rows["ball_y"][moved] += 32 * (index[moved] % 17) - 272
    leftwards = moved & (index % 2 == 1)
    rows["ball_x"][leftwards] = 20 + 10 * (index[leftwards] % 5)
    rows["ball_vx"][leftwards] *= -1
    low = rows["ball_y"] < CONSTANTS["BALL_START_Y"]
    rows["paddle_yl"][leftwards & low] = CONSTANTS["MAX_PADDLE_Y"]
    rows["paddle_yl"][leftwards & ~low] = CONSTANTS["MIN_PADDLE_Y"]
