"""Metamon's nine actions for the environment's ten: 0 to 3 the moves, 4 to 8 the benched slots.

The benched slots are those of the team as given that are not in front, in that order. A player
who waits has action 0 alone in both layouts.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from samestep_jax.pokemon import consts, turn
from samestep_jax.pokemon.state import PokemonState

METAMON_ACTIONS = 9


def from_metamon(state: PokemonState, action: jax.Array) -> jax.Array:
    """The environment's actions, (2,) i32, for metamon's (2,); traceable, for one battle."""
    table = _ten_of_nine(state)
    chosen = jnp.take_along_axis(table, jnp.asarray(action, jnp.int32)[:, None], axis=1)[:, 0]
    return jnp.where(state.request == consts.REQUEST_WAIT, 0, chosen)


def metamon_mask(state: PokemonState) -> jax.Array:
    """(2, 9) bool: which of metamon's actions are legal; traceable, for one battle."""
    mask = jnp.take_along_axis(turn.legal(state), _ten_of_nine(state), axis=1)
    waits = (state.request == consts.REQUEST_WAIT)[:, None]
    return jnp.where(waits, jnp.arange(METAMON_ACTIONS) == 0, mask)


def _ten_of_nine(state: PokemonState) -> jax.Array:
    """(2, 9) i32: the environment's action of each of metamon's."""
    front = state.order[:, :1].astype(jnp.int32)
    benched = jnp.arange(consts.TEAM_SIZE - 1)
    benched = benched + (benched >= front)
    moves = consts.ACTION_MOVE + jnp.broadcast_to(jnp.arange(consts.MOVE_SLOTS), (2, 4))
    return jnp.concatenate([moves, benched], axis=1).astype(jnp.int32)
