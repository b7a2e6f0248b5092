"""How a battle begins: the leads come out, and both players are asked for their first choice.

Source: Showdown 0.11.11, sim/battle.ts (start, runAction).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from samestep_jax.core.threefry import Key
from samestep_jax.pokemon import consts
from samestep_jax.pokemon.rng import Generator, skip
from samestep_jax.pokemon.state import NOBODY, PokemonState, all_stats, types_of

TIED_LEADS_DRAWS = 4
"""Two leads of one speed: their arrivals are queued, and three events follow."""
SPEED = 2
"""Where it is among attack, defense, speed and special."""


def open_battle(key: Key, teams: jax.Array, seed: tuple[jax.Array, jax.Array]) -> PokemonState:
    """The state at the first request.

    Args:
        key: the env_key.
        teams: (2, 6, 11) u8, a pair from a pool.
        seed: the upper and the lower half of the generator's state, u32.
    """
    numbers = teams.astype(jnp.int32)
    species, level, points = numbers[..., 0], numbers[..., 1], numbers[..., 6:11]
    moves, present = numbers[..., 2:6], species > 0
    stats = all_stats(species, level, points)
    lead = stats[:, 0, 1:]
    pp = jnp.asarray(consts.MOVE_PP, jnp.int32)[moves]
    slots = jnp.arange(consts.TEAM_SIZE)
    kinds = types_of(species[:, 0])
    tied = lead[0, SPEED] == lead[1, SPEED]
    rng = skip(Generator(*seed), jnp.where(tied, TIED_LEADS_DRAWS, 0))
    nobody, unchosen = jnp.full(2, consts.NO_POKEMON), jnp.full(2, consts.MOVE_ID_NOMOVE)
    values = {
        "species": species,
        "level": level,
        "stat_points": points,
        "hp": jnp.where(present, stats[..., 0], 0),
        "moves": moves,
        "pp": pp,
        "seen": jnp.broadcast_to(slots == 0, (2, consts.TEAM_SIZE)),
        "order": jnp.where(present, slots, consts.NO_POKEMON),
        "active_species": species[:, 0],
        "types": jnp.stack([kinds & 255, kinds >> 8], axis=1),
        "active_stats": lead,
        "modified_stats": lead,
        "speed": lead[:, SPEED],
        "active_moves": moves[:, 0],
        "active_pp": pp[:, 0],
        **{name: nobody for name in NOBODY},
        "last_selected_move": unchosen,
        "last_enemy_selected_move": unchosen,
        "turn": jnp.int32(1),
        "rng": jnp.stack([rng.high, rng.low]),
        "request": jnp.full(2, consts.REQUEST_MOVE),
    }
    fields = {
        name: values[name].astype(dtype) if name in values else jnp.zeros(shape, dtype)
        for name, dtype, shape in consts.STATE
    }
    return PokemonState(key=key, t=jnp.uint32(0), **fields)
