"""Metamon's nine actions for the environment's ten.

0 to 3 are the active Pokemon's moves by name, 4 to 8 the benched Pokemon that have not fainted, by
name too: in the order of ids, which are names in small letters without spaces. Struggle, Fight and
Recharge are 0. Where metamon's order leaves a number unused, it is never legal. A player who waits
has action 0 alone in both layouts.

Source: metamon (UT-Austin-RPL), metamon/interface.py, `UniversalAction`; its further four actions
are for later generations.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from samestep_jax.pokemon import consts, turn
from samestep_jax.pokemon.state import PokemonState

METAMON_ACTIONS = 9
UNNAMED = 256
"""Above every rank."""


def from_metamon(state: PokemonState, action: jax.Array) -> jax.Array:
    """The environment's actions, (2,) i32, for metamon's (2,); traceable, for one battle.

    One that is not legal in metamon's layout becomes one that is not legal here, or the first.
    """
    table = _ten_of_nine(state)
    return jnp.take_along_axis(table, jnp.asarray(action, jnp.int32)[:, None], axis=1)[:, 0]


def to_metamon(state: PokemonState, action: jax.Array) -> jax.Array:
    """Metamon's actions, (2,) i32, for legal ones of the environment's, (2,); traceable."""
    same = _ten_of_nine(state) == jnp.asarray(action, jnp.int32)[:, None]
    return jnp.argmax(same & metamon_mask(state), axis=1).astype(jnp.int32)


def metamon_mask(state: PokemonState) -> jax.Array:
    """(2, 9) bool: which of metamon's actions are legal; traceable, for one battle."""
    mask = jnp.take_along_axis(turn.legal(state), _ten_of_nine(state), axis=1)
    waits = (state.request == consts.REQUEST_WAIT)[:, None]
    return jnp.where(waits, jnp.arange(METAMON_ACTIONS) == 0, mask)


def _ten_of_nine(state: PokemonState) -> jax.Array:
    """(2, 9) i32: the environment's action of each of metamon's."""
    table = jnp.concatenate([consts.ACTION_MOVE + _moves(state), _bench(state)], axis=1)
    waits = (state.request == consts.REQUEST_WAIT)[:, None]
    return jnp.where(waits, 0, table).astype(jnp.int32)


def _moves(state: PokemonState) -> jax.Array:
    """(2, 4) slots by the names of their moves, or as they are if there is but a nameless one."""
    ranks = jnp.asarray(consts.MOVE_RANK, jnp.int32)[state.active_moves.astype(jnp.int32)]
    slots = jnp.arange(consts.MOVE_SLOTS)
    return jnp.where(_nameless(state)[:, None], slots, jnp.argsort(ranks, axis=1, stable=True))


def _bench(state: PokemonState) -> jax.Array:
    """(2, 5) slots: who can be sent in by name, then others."""
    slots = jnp.arange(consts.TEAM_SIZE)
    benched = (state.hp > 0) & (slots != state.order[:, :1].astype(jnp.int32))
    ranks = jnp.asarray(consts.SPECIES_RANK, jnp.int32)[state.species.astype(jnp.int32)]
    ordered = jnp.argsort(jnp.where(benched, ranks, UNNAMED), axis=1, stable=True)
    return ordered[:, : consts.TEAM_SIZE - 1]


def _nameless(state: PokemonState) -> jax.Array:
    """(2,) whether the only move, action 6, is not that of slot 0.

    It is Struggle, Fight, Recharge, or one that another move called.
    """
    moves = turn.legal(state)[:, consts.ACTION_MOVE :]
    only_first = moves[:, 0] & (moves.sum(1) == 1)
    locked = jnp.maximum(state.thrash_move, state.charging_move)
    locked = jnp.maximum(locked, state.trapping_move).astype(jnp.int32)
    locked = jnp.where(state.rage > 0, consts.MOVE_ID_RAGE, locked)
    locked = jnp.where(state.bide_turns > 0, consts.MOVE_ID_BIDE, locked)
    front = state.order[:, :1].astype(jnp.int32)
    status = jnp.take_along_axis(state.status, front, axis=1)[:, 0]
    fights = (status == consts.STATUS_SLP) | (status == consts.STATUS_FRZ)
    fights |= (state.trapped_turns > 0) & (state.trapped_maybe == 0)
    disabled = (state.disable_move > 0) & (state.disable_slot == 0)
    struggles = (state.active_pp[:, 0] == 0) | disabled
    other = jnp.where(locked > 0, locked != state.active_moves[:, 0], fights | struggles)
    return only_first & ((state.recharge > 0) | other)
