"""Draws docs/images/pong.png: moments of games, as `render()` shows them.

    python tools/pong_picture.py [FILE]

The picture depends on nothing but the rules and the drawing, so it is the same everywhere.
"""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path

import numpy as np

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


def write_png(path: Path, image: np.ndarray) -> None:
    """An RGB image (height, width, 3) uint8 as a PNG file, without filters."""
    height, width, _ = image.shape
    lines = np.zeros((height, 1 + 3 * width), np.uint8)
    lines[:, 1:] = image.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for kind, data in (
            (b"IHDR", header),
            (b"IDAT", zlib.compress(lines.tobytes(), 9)),
            (b"IEND", b""),
        ):
            file.write(struct.pack(">I", len(data)) + kind + data)
            file.write(struct.pack(">I", zlib.crc32(kind + data)))


def read_png(path: Path) -> np.ndarray:
    """The image in a file that `write_png` wrote."""
    data = path.read_bytes()
    width, height = struct.unpack(">II", data[16:24])
    (size,) = struct.unpack(">I", data[33:37])
    lines = np.frombuffer(zlib.decompress(data[41 : 41 + size]), np.uint8)
    return lines.reshape(height, 1 + 3 * width)[:, 1:].reshape(height, width, 3)


if __name__ == "__main__":
    write_png(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE, picture())
