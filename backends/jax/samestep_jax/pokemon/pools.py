"""The pairs of teams that resets draw from; copies of references/pokemon/pools."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from samestep_jax.pokemon import consts

FOLDER = Path(__file__).resolve().parent / "data"
NAMES = ("random", "ou", "coverage")
"""By the parameter `format`."""
HEADER_BYTES = 16
POKEMON_BYTES = 11
"""Species, level, four moves, stat points of HP, attack, defense, speed, special."""


@cache
def load(format: int) -> np.ndarray:
    """A pool, (n, 2, 6, 11) u8."""
    content = (FOLDER / f"{NAMES[format]}.bin").read_bytes()
    body = np.frombuffer(content, np.uint8, offset=HEADER_BYTES)
    return body.reshape(-1, 2, consts.TEAM_SIZE, POKEMON_BYTES)
