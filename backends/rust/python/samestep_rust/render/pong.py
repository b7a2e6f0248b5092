"""Pong: the field in its own pixels, the paddles beside it, the ball as a disc, the score."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from samestep_rust.render.canvas import Colour, fill, write_number
from samestep_rust.render.rows import HEADER, unpack

ROW: np.dtype[np.void] = np.dtype(
    [
        *HEADER,
        ("paddle_yl", "<f4"),
        ("paddle_yr", "<f4"),
        ("ball_x", "<f4"),
        ("ball_y", "<f4"),
        ("ball_vx", "<f4"),
        ("ball_vy", "<f4"),
        ("score_l", "<i4"),
        ("score_r", "<i4"),
    ]
)
LAYOUT = 0x6A5BC4EB  # identifies such a row: Pong, version 1

FIELD_WIDTH, FIELD_HEIGHT = 500, 640  # all lengths in pixels; y points up, rows point down
PADDLE_WIDTH, PADDLE_HEIGHT = 20, 70
BALL = 32
MARGIN = 30  # beside the field, where the paddles are
WIDTH, HEIGHT = FIELD_WIDTH + 2 * MARGIN, FIELD_HEIGHT

BACKGROUND: Colour = (14, 17, 27)
NET: Colour = (52, 58, 79)
SCORE: Colour = (120, 128, 156)
OPPONENT: Colour = (235, 111, 94)
AGENT: Colour = (94, 201, 190)
BALL_COLOUR: Colour = (244, 240, 222)


def draw(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Packed rows (n, 56) as frames (n, 640, 560, 3): the opponent left, the agent right.

    Raises:
        ValueError: for rows of another shape, environment or version.
    """
    states = unpack(rows, ROW, LAYOUT)
    frames = np.empty((len(states), HEIGHT, WIDTH, 3), np.uint8)
    frames[:] = _field()
    for frame, state in zip(frames, states, strict=True):
        _draw_game(frame, state)
    return frames


def _draw_game(frame: NDArray[np.uint8], state: np.void) -> None:
    middle = WIDTH // 2
    write_number(frame, int(state["score_l"]), middle - 60, 24, 9, SCORE)
    write_number(frame, int(state["score_r"]), middle + 60, 24, 9, SCORE)
    for paddle, left, colour in (
        ("paddle_yl", MARGIN - PADDLE_WIDTH, OPPONENT),
        ("paddle_yr", WIDTH - MARGIN, AGENT),
    ):
        top = _row(state[paddle]) - PADDLE_HEIGHT
        fill(frame, left, top, PADDLE_WIDTH, PADDLE_HEIGHT, colour)
    left, top = MARGIN + round(float(state["ball_x"])), _row(state["ball_y"]) - BALL
    _draw_disc(frame, left, top)


def _draw_disc(frame: NDArray[np.uint8], left: int, top: int) -> None:
    """The ball, or that part of it that is in the frame."""
    rows = slice(max(top, 0), max(top + BALL, 0))
    columns = slice(max(left, 0), max(left + BALL, 0))
    part = frame[rows, columns]
    first_row, first_column = rows.start - top, columns.start - left
    height, width = part.shape[:2]
    mask = _disc()[first_row : first_row + height, first_column : first_column + width]
    part[mask] = BALL_COLOUR


def _row(y: np.float32) -> int:
    """The first image row below a height in the field."""
    return FIELD_HEIGHT - round(float(y))


@cache
def _disc() -> NDArray[np.bool_]:
    offset = np.arange(BALL) - (BALL - 1) / 2
    inside: NDArray[np.bool_] = offset[:, None] ** 2 + offset**2 <= (BALL / 2) ** 2
    return inside


@cache
def _field() -> NDArray[np.uint8]:
    """What is the same in every frame."""
    field = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    field[:] = BACKGROUND
    for top in range(10, HEIGHT, 40):
        fill(field, WIDTH // 2 - 2, top, 4, 20, NET)
    return field
