"""The built-in opponents, as docs/envs/pokemon.md and poke-env define them."""

from __future__ import annotations

import numpy as np

from references.pokemon.tables import CONSTANTS

NOBODY, RANDOM, MAX_BASE_POWER = 0, 1, 2
"""Values of the parameter `opponent`; with nobody there are two players."""

POWER = np.asarray(CONSTANTS["MOVE_POWER"], np.int32)


def choose(kind: int, legal: np.ndarray, moves: np.ndarray, word: int) -> int:
    """The opponent's action.

    Args:
        kind: RANDOM or MAX_BASE_POWER.
        legal: (10,) bool, its mask; action 0 alone where it waits.
        moves: (4,) its active Pokemon's moves.
        word: u32, the step's draw in slot `opponent`.
    """
    usable = np.flatnonzero(legal[6:])
    if kind == MAX_BASE_POWER and len(usable):
        return 6 + int(usable[POWER[moves[usable]].argmax()])
    options = np.flatnonzero(legal)
    return int(options[((word >> 16) * len(options)) >> 16])
