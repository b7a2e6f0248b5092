"""The built-in opponents, as docs/envs/pokemon.md and poke-env define them."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from samestep_jax.pokemon import consts, heuristics
from samestep_jax.pokemon.state import PokemonState

NOBODY, RANDOM, MAX_BASE_POWER, SIMPLE_HEURISTICS = 0, 1, 2, 3
"""Values of the parameter `opponent`; with nobody there are two players."""


def play(kind: int, state: PokemonState, mask: jax.Array, word: jax.Array) -> jax.Array:
    """The action of an opponent of any kind, which plays the second side, () i32.

    Args:
        kind: RANDOM, MAX_BASE_POWER or SIMPLE_HEURISTICS.
        state: one battle's.
        mask: (10,) bool, action 0 alone where it waits.
        word: u32, the step's draw in slot `opponent`.
    """
    if kind == SIMPLE_HEURISTICS:
        return heuristics.choose(state, 1, mask)
    return choose(kind, mask, state.active_moves[1], word)


def choose(kind: int, mask: jax.Array, moves: jax.Array, word: jax.Array) -> jax.Array:
    """The action of one that the mask and the moves are enough for, () i32.

    Args:
        kind: RANDOM or MAX_BASE_POWER.
        mask: (10,) bool, action 0 alone where it waits.
        moves: (4,) its active Pokemon's moves.
        word: u32, the step's draw in slot `opponent`.
    """
    count = mask.sum().astype(jnp.uint32)
    rank = (((word >> 16) * count) >> 16).astype(jnp.int32)
    counted = jnp.cumsum(mask.astype(jnp.int32)) - 1
    random = jnp.argmax(mask & (counted == rank)).astype(jnp.int32)
    if kind == RANDOM:
        return random
    usable = mask[consts.ACTION_MOVE :]
    power = jnp.asarray(consts.MOVE_POWER, jnp.int32)[moves.astype(jnp.int32)]
    strongest = jnp.argmax(jnp.where(usable, power, -1)).astype(jnp.int32)
    return jnp.where(usable.any(), consts.ACTION_MOVE + strongest, random)
