"""The built-in opponents, as docs/envs/pokemon.md and poke-env define them."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from samestep_jax.pokemon import consts

NOBODY, RANDOM, MAX_BASE_POWER = 0, 1, 2
"""Values of the parameter `opponent`; with nobody there are two players."""


def choose(kind: int, mask: jax.Array, moves: jax.Array, word: jax.Array) -> jax.Array:
    """The opponent's action, () i32.

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
