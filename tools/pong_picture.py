"""Draws docs/images/pong.png: moments of games, as `render()` shows them.

    python -m tools.pong_picture [FILE]

The picture depends on nothing but the rules and the drawing, so it is the same everywhere.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from tools import png

PICTURE = Path(__file__).resolve().parents[1] / "docs/images/pong.png"
GAMES = 3
STEPS = 1500
GAP = 16  # pixels between games


def picture() -> np.ndarray:
    """(height, width, 3) uint8: games side by side, with an agent that mostly follows the ball."""
    import samestep_rust

    envs = samestep_rust.make_vec("pong", GAMES, render_mode="rgb_array")
    obs, _ = envs.reset(seed=7)
    random = np.random.default_rng(0)
    for _ in range(STEPS):
        above = obs[:, 3] * 640 + 16 - obs[:, 1] * 640  # the ball's middle, above the paddle's
        follow = np.where(above > 8, 1, np.where(above < -8, 2, 0))
        actions = np.where(random.random(GAMES) < 0.45, random.integers(0, 3, GAMES), follow)
        obs, *_ = envs.step(actions)
    frames = envs.render()
    gap = np.full((frames[0].shape[0], GAP, 3), 255, np.uint8)
    parts = [part for frame in frames for part in (gap, frame)][1:]
    return np.concatenate(parts, axis=1)[::2, ::2]


if __name__ == "__main__":
    png.write(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE, picture())
