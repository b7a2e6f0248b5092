"""Frames of environments, drawn with NumPy alone from packed state rows of any backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samestep_rust.render import halfcheetah, pong

Frames = NDArray[np.uint8]


@dataclass(frozen=True)
class Renderer:
    """How one environment is drawn."""

    draw: Callable[[NDArray[np.uint8]], Frames]
    ticks_a_second: int
    """Of its own time, for those who play frames back; a step is `frame_skip` of them."""
    frame_skip: int = 1
    """What that parameter is where it is not given."""


RENDERERS = {
    "pong": Renderer(pong.draw, ticks_a_second=60),
    "halfcheetah": Renderer(halfcheetah.draw, ticks_a_second=100, frame_skip=5),
}


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
    return RENDERERS[name].draw(rows)


def frames_a_second(name: str, params: Mapping[str, bool | int | float | str]) -> int:
    """How many steps, under these parameters, a second of an environment's own time has.

    Raises:
        ValueError: for an environment that cannot be drawn.
    """
    check(name)
    chosen = RENDERERS[name]
    return max(1, chosen.ticks_a_second // int(params.get("frame_skip", chosen.frame_skip)))
