"""The built-in opponents, as docs/envs/pokemon.md and poke-env define them."""

from __future__ import annotations

import numpy as np

from references.pokemon import heuristics
from references.pokemon.tables import CONSTANTS

NOBODY, RANDOM, MAX_BASE_POWER, SIMPLE_HEURISTICS = 0, 1, 2, 3
"""Values of the parameter `opponent`; with nobody there are two players."""

POWER = np.asarray(CONSTANTS["MOVE_POWER"], np.int32)


def play(kind: int, row: np.void, legal: np.ndarray, word: int, side: int = 1) -> int:
    """The action of an opponent of any kind.

    Args:
        kind: RANDOM, MAX_BASE_POWER or SIMPLE_HEURISTICS.
        row: one battle's STATE, a structured scalar.
        legal: (10,) bool, its mask; action 0 alone where it waits.
        word: u32, the step's draw in slot `opponent`.
        side: which it plays.
    """
    if kind == SIMPLE_HEURISTICS:
        return heuristics.choose(row, side, legal)
    return choose(kind, legal, row["active_moves"][side], word)


def choose(kind: int, legal: np.ndarray, moves: np.ndarray, word: int) -> int:
    """The action of one that the mask and the moves are enough for.

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
