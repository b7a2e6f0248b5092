"""Small teams and rows made for one test each."""

from __future__ import annotations

from typing import Any

import numpy as np

from references.pokemon import SPEC
from references.pokemon.tables import MOVE_IDS

POINTS = (93, 93, 93, 93, 93)
MEW, JOLTEON, JYNX, LAPRAS, MAGIKARP = 151, 135, 124, 131, 129


def moves(*ids: str) -> tuple[int, ...]:
    """Move numbers by Showdown's ids."""
    return tuple(MOVE_IDS.index(one) for one in ids)


SHRINKER = (MEW, 100, moves("pound", "surf", "recover", "transform"), POINTS)
KISSER = (JYNX, 50, moves("lovelykiss"), POINTS)
ICE_TEAM = [
    (MAGIKARP, 50, moves("splash"), POINTS),
    (LAPRAS, 50, moves("splash", "icebeam"), POINTS),
]


def field(rows: np.ndarray, name: str) -> np.ndarray:
    """A field of one row (state_bytes,), or of rows (N, state_bytes)."""
    values = np.ascontiguousarray(rows).view(SPEC.row_dtype)[name]
    return values[0] if rows.ndim == 1 else values[:, 0]


def edited(row: np.ndarray, **values: Any) -> np.ndarray:
    """A copy of a row (state_bytes,) with some fields changed."""
    copy = np.array(row)
    for name, value in values.items():
        copy.view(SPEC.row_dtype)[name][0] = value
    return copy
