"""What is observed of a machine: its picture in several sizes, its background's tiles, features."""

from __future__ import annotations

from typing import Any

import numpy as np

from references.contract import ObsLayout
from references.gameboy.definition import Definition

FULL, HALF, PACKED, TILES, FEATURES = range(5)
"""Kinds of observation, the parameter's number."""

SHADES_IN_BYTE = np.arange(0, 8, 2, dtype=np.uint8)
MAP = 32  # tiles of a row or column of the background's map
MAPS = (0x1800, 0x1C00)  # in video RAM


def layout(kind: int, definition: Definition) -> ObsLayout:
    """The layout of a kind of observation.

    Raises:
        ValueError: for features of a definition that has none.
    """
    if kind == FEATURES:
        if not definition.features:
            raise ValueError(
                f"observation is {kind}; accepted: 0 to 3, "
                f"for {definition.name} defines no features"
            )
        names = tuple(name for name, _ in definition.features)
        return ObsLayout("u1", (len(names),), 0, 255, names)
    shape, high = {
        FULL: ((144, 160), 3),
        HALF: ((72, 80), 12),
        PACKED: ((144, 40), 255),
        TILES: ((18, 20), 255),
    }[kind]
    return ObsLayout("u1", shape, 0, high)


def is_drawn(kind: int) -> bool:
    """Whether the step's last frame has to be drawn."""
    return kind in (FULL, HALF, PACKED)


def observe(kind: int, definition: Definition, fields: Any) -> np.ndarray:
    """An observation, u1 in its layout's shape, of STATE's fields."""
    if kind == FULL:
        return shades(fields)
    if kind == HALF:
        return half(fields)
    if kind == PACKED:
        return np.array(fields["screen"])
    if kind == TILES:
        return tiles(fields)
    values = [expression.value(fields) for _, expression in definition.features]
    return np.array([min(max(value, 0), 255) for value in values], np.uint8)


def half(fields: Any) -> np.ndarray:
    """(72, 80) u1: the sums of 2 x 2 shades, four times their mean."""
    sums: np.ndarray = shades(fields).reshape(72, 2, 80, 2).sum((1, 3), dtype=np.uint8)
    return sums


def shades(fields: Any) -> np.ndarray:
    """The screen, (144, 160) u1: 0 is the lightest, 3 the darkest."""
    packed = np.asarray(fields["screen"])
    return (packed[:, :, None] >> SHADES_IN_BYTE & 3).reshape(144, 160)


def tiles(fields: Any) -> np.ndarray:
    """(18, 20) u1: numbers of the background's tiles, from where the scroll registers now point."""
    start = MAPS[int(fields["lcdc"]) >> 3 & 1]
    whole = np.asarray(fields["vram"])[start : start + MAP * MAP].reshape(MAP, MAP)
    rows = (int(fields["scy"]) // 8 + np.arange(18)) % MAP
    columns = (int(fields["scx"]) // 8 + np.arange(20)) % MAP
    return whole[np.ix_(rows, columns)]
