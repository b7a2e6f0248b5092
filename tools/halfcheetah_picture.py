"""Draws docs/images/halfcheetah.png: moments of a run, as `render()` shows them.

    python -m tools.halfcheetah_picture [FILE]

The moments are given in numbers, so that the picture depends on the drawing alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from tools import png

PICTURE = Path(__file__).resolve().parents[1] / "docs/images/halfcheetah.png"
GAP = 16  # pixels between moments
ABOVE, BELOW = 140, 350  # the rows that are kept: there is nothing above
MOMENTS = (
    (11.137, -0.122, 0.063, -0.476, -0.511, -0.418, 0.084, -0.107, -0.419),
    (11.546, -0.144, -0.01, -0.244, -0.521, -0.402, -0.238, -0.219, -0.153),
    (12.025, -0.12, 0.162, 0.264, -0.32, -0.357, -1.015, -0.495, -0.529),
)
"""`qpos`, 0.1 s apart: the gait of references/halfcheetah/gait.py, from its sixth second on."""


def picture() -> np.ndarray:
    """(height, width, 3) uint8: the moments side by side."""
    from samestep_rust import render
    from samestep_rust.render.halfcheetah import ROW
    from samestep_rust.render.halfcheetah_consts import LAYOUT_ID

    states = np.zeros(len(MOMENTS), ROW)
    states["layout"], states["qpos"] = LAYOUT_ID, MOMENTS
    frames = render.draw("halfcheetah", states.view(np.uint8).reshape(len(states), -1))
    gap = np.full((frames.shape[1], GAP, 3), 255, np.uint8)
    parts = [part for frame in frames for part in (gap, frame)][1:]
    return np.concatenate(parts, axis=1)[ABOVE:BELOW]


if __name__ == "__main__":
    png.write(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE, picture())
