"""HalfCheetah from the side: its capsules, and the floor with a mark every half metre.

The camera follows the torso along x alone, so that the floor moves and jumps show.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from samestep_rust.render import halfcheetah_consts as consts
from samestep_rust.render.canvas import Colour, capsule, fill, write_number
from samestep_rust.render.rows import HEADER, unpack

ROW: np.dtype[np.void] = np.dtype(
    [*HEADER, *((name, "<" + dtype, shape) for name, dtype, shape in consts.STATE)]
)

WIDTH, HEIGHT = 640, 360
SCALE = 160  # pixels a metre
FLOOR = 300  # the image row where z is 0
ROOT_JOINTS = 3  # rootx, rootz, rooty; then one hinge a leg segment
TORSO = 0

SKY: Colour = (14, 17, 27)
GROUND: Colour = (33, 38, 54)
LINE: Colour = (120, 128, 156)
TORSO_COLOUR: Colour = (244, 240, 222)
BACK_LEG: Colour = (235, 111, 94)
FRONT_LEG: Colour = (94, 201, 190)
BODY_COLOURS = (TORSO_COLOUR, *[BACK_LEG] * 3, *[FRONT_LEG] * 3)
FROM_BEHIND = (1, 2, 3, 0, 4, 5, 6)  # the order in which bodies are drawn
"""The legs lie in one plane; the front one is shown before the torso."""

Point = tuple[float, float]


def draw(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Packed rows (n, 240) as frames (n, 360, 640, 3), x to the right and z upwards.

    Of a state that is not finite the scene is drawn without a cheetah.

    Raises:
        ValueError: for rows of another shape, environment or version.
    """
    states = unpack(rows, ROW, consts.LAYOUT_ID)
    frames = np.empty((len(states), HEIGHT, WIDTH, 3), np.uint8)
    frames[:] = _scene()
    for frame, state in zip(frames, states, strict=True):
        positions = state["qpos"].tolist()
        if all(map(math.isfinite, positions)):
            _draw_marks(frame, positions[0])
            _draw_cheetah(frame, positions)
    return frames


def capsules(positions: list[float]) -> list[tuple[int, Point, Point]]:
    """(body, one end, the other) of every capsule: the centres of the ends, in metres.

    Args:
        positions: the nine of `qpos`, in its order.
    """
    frames = _body_frames(positions)
    ends = [
        (body, _placed(frames[body], x, z))
        for body, x, z in zip(consts.END_BODY, consts.END_X, consts.END_Z, strict=True)
    ]
    return [
        (body, first, second)
        for (body, first), (_, second) in zip(ends[::2], ends[1::2], strict=True)
    ]


def _body_frames(positions: list[float]) -> list[tuple[Point, float]]:
    """(origin, angle) of each body; a positive angle turns z towards x."""
    x, z, angle = positions[:ROOT_JOINTS]
    frames = [((x + consts.BODY_X[TORSO], z + consts.BODY_Z[TORSO]), angle)]
    for body in range(1, consts.NUM_BODIES):
        parent = frames[consts.BODY_PARENT[body]]
        origin = _placed(parent, consts.BODY_X[body], consts.BODY_Z[body])
        frames.append((origin, parent[1] + positions[ROOT_JOINTS + body - 1]))
    return frames


def _placed(frame: tuple[Point, float], x: float, z: float) -> Point:
    """A point of a body, in the world."""
    (origin_x, origin_z), angle = frame
    sine, cosine = math.sin(angle), math.cos(angle)
    return origin_x + cosine * x + sine * z, origin_z - sine * x + cosine * z


def _draw_cheetah(frame: NDArray[np.uint8], positions: list[float]) -> None:
    camera = positions[0]
    found = sorted(capsules(positions), key=lambda each: FROM_BEHIND.index(each[0]))
    for body, *ends in found:
        first, second = (_pixel(x - camera, z) for x, z in ends)
        radius = consts.CAPSULE_RADIUS * SCALE
        capsule(frame, first, second, radius, BODY_COLOURS[body])


def _draw_marks(frame: NDArray[np.uint8], camera: float) -> None:
    """A short line every half metre, and at whole ones a longer line and the number."""
    reach = WIDTH / SCALE / 2 + 1  # a number is wider than its line
    for half in range(math.floor(2 * (camera - reach)), math.ceil(2 * (camera + reach)) + 1):
        column = round(_pixel(half / 2 - camera, 0)[0])
        whole = half % 2 == 0
        fill(frame, column - 1, FLOOR, 2, 16 if whole else 8, LINE)
        if whole:
            write_number(frame, half // 2, column, FLOOR + 24, 3, LINE)


def _pixel(x: float, z: float) -> Point:
    """Column and row, as fractions, of a point so far from the camera and above the floor."""
    return WIDTH / 2 + SCALE * x, FLOOR - SCALE * z


@cache
def _scene() -> NDArray[np.uint8]:
    """What is the same in every frame."""
    scene = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    scene[:] = SKY
    fill(scene, 0, FLOOR, WIDTH, HEIGHT - FLOOR, GROUND)
    fill(scene, 0, FLOOR, WIDTH, 2, LINE)
    return scene
