"""Metamon's nine actions for the environment's ten, for NumPy; samestep_jax.pokemon has the same.

0 to 3 are the active Pokemon's moves by name, 4 to 8 the benched Pokemon that have not fainted, by
name too: in the order of ids, which are names in small letters without spaces. Struggle, Fight and
Recharge are 0. Where metamon's order leaves a number unused, it is never legal. A player who waits
has action 0 alone in both layouts.

Source: metamon (UT-Austin-RPL), metamon/interface.py, `UniversalAction`; its further four actions
are for later generations.
"""

from __future__ import annotations

import numpy as np

from references.pokemon.spec import CONSTANTS, SPEC
from references.pokemon.tables import MOVE_IDS

METAMON_ACTIONS = 9
FIRST_MOVE, TEAM = 6, 6
UNNAMED = 256
"""Above every rank."""
MOVE_RANK = np.asarray(CONSTANTS["MOVE_RANK"])
SPECIES_RANK = np.asarray(CONSTANTS["SPECIES_RANK"])
RAGE, BIDE = MOVE_IDS.index("rage"), MOVE_IDS.index("bide")
ASLEEP, FROZEN = CONSTANTS["STATUS_SLP"], CONSTANTS["STATUS_FRZ"]


def from_metamon(rows: np.ndarray, legal: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """The environment's actions for metamon's.

    Args:
        rows: (N, state_bytes) u8, as `export_state` gives them.
        legal: the masks of these states, (N, 2, 10), or (N, 10) with a built-in opponent.
        actions: (N, 2), or (N,) with an opponent, each 0 to 8. One that is not legal in metamon's
            layout becomes one that is not legal here, or the first.

    Returns:
        The same shape, i32.

    Raises:
        ValueError: for an action outside 0 to 8.
    """
    given = np.asarray(actions)
    _check(given, METAMON_ACTIONS)
    table = _ten_of_nine(rows, legal)
    chosen = np.take_along_axis(table, given.reshape(*table.shape[:2], 1).astype(np.int64), axis=2)
    return np.asarray(chosen.reshape(given.shape), np.int32)


def to_metamon(rows: np.ndarray, legal: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """Metamon's actions for legal ones of the environment's; the rest as `from_metamon` takes it.

    Raises:
        ValueError: for an action outside 0 to 9.
    """
    given = np.asarray(actions)
    _check(given, FIRST_MOVE + 4)
    table = _ten_of_nine(rows, legal)
    allowed = metamon_mask(rows, legal).reshape(table.shape)
    same = (table == given.reshape(*table.shape[:2], 1)) & allowed
    return np.asarray(same.argmax(2).reshape(given.shape), np.int32)


def metamon_mask(rows: np.ndarray, legal: np.ndarray) -> np.ndarray:
    """Which of metamon's actions are legal: (N, 2, 9) bool, or (N, 9) with an opponent."""
    table = _ten_of_nine(rows, legal)
    players = np.asarray(legal).reshape(len(rows), -1, FIRST_MOVE + 4)
    mask = np.take_along_axis(players, table, axis=2)
    waits = SPEC.unpack(rows)["request"][:, : players.shape[1], None] == 0
    mask = np.where(waits, np.arange(METAMON_ACTIONS) == 0, mask)
    return mask.reshape(*np.shape(legal)[:-1], METAMON_ACTIONS)


def _check(actions: np.ndarray, bound: int) -> None:
    """Refuse actions out of range.

    Raises:
        ValueError: naming the first.
    """
    wrong = actions[(actions < 0) | (actions >= bound)]
    if wrong.size:
        raise ValueError(f"an action is {wrong.flat[0]}; accepted: 0 to {bound - 1}")


def _ten_of_nine(rows: np.ndarray, legal: np.ndarray) -> np.ndarray:
    """(N, players, 9): the environment's action of each of metamon's."""
    states = SPEC.unpack(rows)
    players = np.asarray(legal).reshape(len(rows), -1, FIRST_MOVE + 4)
    sides = slice(0, players.shape[1])
    ranks = MOVE_RANK[states["active_moves"][:, sides]]
    named = ranks.argsort(axis=2, kind="stable")
    nameless = _nameless(states, players)[..., None]
    moves = FIRST_MOVE + np.where(nameless, np.arange(4), named)
    benched = (states["hp"] > 0) & (np.arange(TEAM) != states["order"][..., :1])
    names = np.where(benched, SPECIES_RANK[states["species"]], UNNAMED)[:, sides]
    bench = names.argsort(axis=2, kind="stable")[..., : TEAM - 1]
    waits = states["request"][:, sides, None] == 0
    return np.where(waits, 0, np.concatenate([moves, bench], axis=2))


def _nameless(states: np.ndarray, players: np.ndarray) -> np.ndarray:
    """(N, players): whether the only move, action 6, is not that of slot 0.

    It is Struggle, Fight, Recharge, or one that another move called.
    """
    moves = players[..., FIRST_MOVE:]
    only_first = moves[..., 0] & (moves.sum(2) == 1)
    engaged = [states[f"{name}_move"].astype(int) for name in ("thrash", "charging", "trapping")]
    locked = np.maximum.reduce(engaged)
    locked = np.where(states["rage"] > 0, RAGE, np.where(states["bide_turns"] > 0, BIDE, locked))
    front = states["order"][..., :1].astype(int)
    status = np.take_along_axis(states["status"], front, axis=2)[..., 0]
    fights = (status == ASLEEP) | (status == FROZEN)
    fights |= (states["trapped_turns"] > 0) & (states["trapped_maybe"] == 0)
    disabled = (states["disable_move"] > 0) & (states["disable_slot"] == 0)
    struggles = (states["active_pp"][..., 0] == 0) | disabled
    other = np.where(locked > 0, locked != states["active_moves"][..., 0], fights | struggles)
    nameless = (states["recharge"] > 0) | other
    return np.asarray(only_first & nameless[:, : players.shape[1]])
