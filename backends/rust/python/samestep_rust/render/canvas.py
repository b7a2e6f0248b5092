"""Rectangles and digits in an image, clipped at its edges."""

from __future__ import annotations

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
)
DIGIT_WIDTH, DIGIT_HEIGHT = 3, 5
_GLYPHS = np.array([[int(bit) for bit in digit] for digit in _DIGITS], np.bool_).reshape(
    10, DIGIT_HEIGHT, DIGIT_WIDTH
)


def fill(
    image: NDArray[np.uint8], left: int, top: int, width: int, height: int, colour: Colour
) -> None:
    """A rectangle; `image` is (rows, columns, 3), its origin at the top left."""
    image[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)] = colour


def write_number(
    image: NDArray[np.uint8], number: int, centre: int, top: int, size: int, colour: Colour
) -> None:
    """A number from 0, centred on a column; a pixel of its digits is `size` wide and high."""
    text = str(number)
    advance = (DIGIT_WIDTH + 1) * size
    left = centre - (len(text) * advance - size) // 2
    for place, digit in enumerate(text):
        for row, column in np.argwhere(_GLYPHS[int(digit)]).tolist():
            x = left + place * advance + column * size
            fill(image, x, top + row * size, size, size, colour)
