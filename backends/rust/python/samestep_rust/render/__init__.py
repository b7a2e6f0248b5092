"""Frames of environments, drawn with NumPy alone from packed state rows of any backend."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from samestep_rust.render import pong

Frames = NDArray[np.uint8]

FRAMES_A_SECOND = 60
"""Of an environment without frame skip, for those who play frames back."""

RENDERERS: dict[str, Callable[[NDArray[np.uint8]], Frames]] = {"pong": pong.draw}


def check(name: str) -> None:
    """Refuse an environment that cannot be drawn.

    Raises:
        ValueError: naming those that can.
    """
    if name not in RENDERERS:
        raise ValueError(f"{name} cannot be drawn; accepted: {', '.join(RENDERERS)}")


def draw(name: str, rows: NDArray[np.uint8]) -> Frames:
    """Packed state rows (n, state_bytes) as frames (n, height, width, 3) uint8.

    Raises:
        ValueError: for an environment that cannot be drawn, or rows of another one.
    """
    check(name)
    return RENDERERS[name](rows)
