"""Rectangles, capsules and numbers in an image, clipped at its edges."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]

_DIGITS = (  # three pixels wide, five high, row by row
    "111101101101111",
    "010110010010111",
    "111001111100111",
    "111001011001111",
    "101101111001001",
    "111100111001111",
    "111100111101111",
    "111001010010010",
    "111101111101111",
    "111101111001111",
    "000000111000000",
)
_CHARACTERS = "0123456789-"
DIGIT_WIDTH, DIGIT_HEIGHT = 3, 5
_GLYPHS = np.array([[int(bit) for bit in digit] for digit in _DIGITS], np.bool_).reshape(
    len(_CHARACTERS), DIGIT_HEIGHT, DIGIT_WIDTH
)


def fill(
    image: NDArray[np.uint8], left: int, top: int, width: int, height: int, colour: Colour
) -> None:
    """A rectangle; `image` is (rows, columns, 3), its origin at the top left."""
    image[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)] = colour


def capsule(
    image: NDArray[np.uint8],
    first: tuple[float, float],
    second: tuple[float, float],
    radius: float,
    colour: Colour,
) -> None:
    """A line with round ends and a smooth edge, `radius` to either side.

    Args:
        first: column and row where it begins, as fractions; `second` where it ends.
    """
    box = tuple(
        slice(
            max(math.floor(min(ends) - radius), 0),
            max(math.ceil(max(ends) + radius) + 1, 0),
        )
        for ends in zip(first, second, strict=True)
    )
    part = image[box[1], box[0]]
    x = box[0].start + np.arange(part.shape[1]) + 0.5 - first[0]  # pixels' centres
    y = box[1].start + np.arange(part.shape[0])[:, None] + 0.5 - first[1]
    along_x, along_y = second[0] - first[0], second[1] - first[1]
    length = max(along_x**2 + along_y**2, 1e-9)
    share = np.clip((x * along_x + y * along_y) / length, 0, 1)  # of the way to the second end
    distance = np.hypot(x - share * along_x, y - share * along_y)
    cover = np.clip(radius + 0.5 - distance, 0, 1)[..., None]
    part[:] = np.rint(part * (1 - cover) + np.array(colour) * cover)


def write_number(
    image: NDArray[np.uint8], number: int, centre: int, top: int, size: int, colour: Colour
) -> None:
    """A number, centred on a column; a pixel of its digits is `size` wide and high."""
    text = str(number)
    advance = (DIGIT_WIDTH + 1) * size
    left = centre - (len(text) * advance - size) // 2
    for place, character in enumerate(text):
        for row, column in np.argwhere(_GLYPHS[_CHARACTERS.index(character)]).tolist():
            x = left + place * advance + column * size
            fill(image, x, top + row * size, size, size, colour)
