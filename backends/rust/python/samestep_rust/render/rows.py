"""Packed state rows as arrays with a name a field."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

HEADER: list[Any] = [
    ("layout", "<u4"),
    ("root", "<u4", (2,)),
    ("env_index", "<u4"),
    ("episode", "<u4"),
    ("t", "<u4"),
]
"""What every row begins with, whatever the environment; see docs/contract.md."""


def unpack(rows: NDArray[np.uint8], row: np.dtype[np.void], layout: int) -> NDArray[np.void]:
    """Packed rows (n, state_bytes) as (n,) of `row`.

    Args:
        layout: identifies rows of the environment and version that `row` describes.

    Raises:
        ValueError: for rows of another shape, environment or version.
    """
    rows = np.asarray(rows)
    if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != row.itemsize:
        raise ValueError(
            f"state rows are {rows.dtype} {rows.shape}; accepted: uint8 (n, {row.itemsize})"
        )
    states: NDArray[np.void] = np.ascontiguousarray(rows).view(row)[:, 0]
    wrong = np.flatnonzero(states["layout"] != layout)
    if len(wrong):
        found = int(states["layout"][wrong[0]])
        raise ValueError(f"state row {wrong[0]} has layout {found:#010x}; accepted: {layout:#010x}")
    return states
