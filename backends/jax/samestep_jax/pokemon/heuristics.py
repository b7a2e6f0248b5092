"""SimpleHeuristics: poke-env's rule-based player.

Source: poke-env 0.16 (MIT), SimpleHeuristicsPlayer, in whole numbers; references/pokemon has the
same rules in fractions, and says where poke-env's doubles can take another of two equals.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from samestep_jax.pokemon import consts
from samestep_jax.pokemon.packing import quotient
from samestep_jax.pokemon.state import BASE_STATS, PokemonState, all_stats

ATTACK, DEFENSE, SPEED, SPECIAL = 1, 2, 3, 4
"""Where they are among a species' base stats, and one further on than among stages."""
LOW_STAGE = -3
"""A stage that low is a reason to switch."""
LEAVES_BELOW = -1000
"""500 times -2: a matchup worse than this is left, if another is better than even."""

NEUTRAL = 2
TYPES = 15
CHART = np.pad(
    np.array(consts.TYPE_CHART, np.int32).reshape(TYPES, TYPES), (0, 1), constant_values=NEUTRAL
)
"""Halves by attacking and defending type; the last of both is no type."""
FACTORS = np.array([105, 120, 140, 168, 210, 280, 420, 840, 840, 1050, 1260, 1470, 1680], np.int32)
"""420 times what poke-env guesses stages from -6 to 6 to do to a stat."""


def _weights() -> np.ndarray:
    """By move: power by accuracy by expected hits, in units of 1/600."""
    hits = {0: 6, 2: 12, 5: 19}
    rows = zip(consts.MOVE_POWER, consts.MOVE_ACCURACY, consts.MOVE_MULTIHIT, strict=True)
    return np.array([power * (acc or 100) * hits[multi] for power, acc, multi in rows], np.int32)


WEIGHTS = _weights()


class Fighter(NamedTuple):
    """What is weighed of Pokemon, of any leading axes."""

    base: jax.Array  # (..., 5) base stats of the species that it is now
    types: jax.Array  # (..., 2), 15 for none
    hp: jax.Array
    max_hp: jax.Array


def choose(state: PokemonState, side: int, mask: jax.Array) -> jax.Array:
    """The action that SimpleHeuristics takes, () i32.

    Args:
        state: one battle's.
        side: whose: 0 or 1.
        mask: (10,) bool, its mask; action 0 alone where it waits.
    """
    team = _team(state, side)
    own, foe = _front(state, side, team), _front(state, 1 - side, _team(state, 1 - side))
    shown = quotient(100 * foe.hp + foe.max_hp - 1, foe.max_hp)
    shown -= (shown == 100) & (foe.hp < foe.max_hp)
    worths = _matchup(team, foe, shown)
    allowed, usable = mask[: consts.TEAM_SIZE], mask[consts.ACTION_MOVE :]
    switch = _best_switch(worths, team.max_hp, allowed, state.order[side])
    better = (allowed & (worths > 0)).any()
    leaves = better & _should_leave(state, side, own, _matchup(own, foe, shown))
    move = consts.ACTION_MOVE + _strongest(state, side, usable, own, foe)
    return jnp.where(usable.any() & ~leaves, move, switch)


def _team(state: PokemonState, side: int) -> Fighter:
    """A side's six, (6,), as they are on the bench."""
    species = state.species[side].astype(jnp.int32)
    level, points = state.level[side], state.stat_points[side]
    stats = all_stats(species, level.astype(jnp.int32), points.astype(jnp.int32))
    types = jnp.stack(
        [
            jnp.asarray(kind, jnp.int32)[species]
            for kind in (consts.SPECIES_TYPE1, consts.SPECIES_TYPE2)
        ],
        axis=-1,
    )
    base = jnp.asarray(BASE_STATS, jnp.int32)[species]
    return Fighter(base, jnp.minimum(types, TYPES), state.hp[side].astype(jnp.int32), stats[..., 0])


def _front(state: PokemonState, side: int, team: Fighter) -> Fighter:
    """The active one, as Transform and Conversion have left it; as it was once it fainted."""
    slot = state.order[side, 0].astype(jnp.int32)
    plain = Fighter(*(field[slot] for field in team))
    base = jnp.asarray(BASE_STATS, jnp.int32)[state.active_species[side].astype(jnp.int32)]
    types = jnp.minimum(state.types[side].astype(jnp.int32), TYPES)
    stands = plain.hp > 0
    return plain._replace(
        base=jnp.where(stands, base, plain.base), types=jnp.where(stands, types, plain.types)
    )


def _multiplier(attacking: jax.Array, defending: jax.Array) -> jax.Array:
    """Four times what types (...) do to a Pokemon of types (..., 2)."""
    chart = jnp.asarray(CHART)
    return chart[attacking, defending[..., 0]] * chart[attacking, defending[..., 1]]


def _best_multiplier(attacking: jax.Array, defending: jax.Array) -> jax.Array:
    """The greatest of a Pokemon's own types."""
    first = _multiplier(attacking[..., 0], defending)
    second = _multiplier(attacking[..., 1], defending)
    return jnp.where(attacking[..., 1] == TYPES, first, jnp.maximum(first, second))


def _matchup(own: Fighter, foe: Fighter, shown: jax.Array) -> jax.Array:
    """How well Pokemon stand against the foe's: 500 times their worth, over their maximum HP."""
    types = _best_multiplier(own.types, foe.types) - _best_multiplier(foe.types, own.types)
    faster = jnp.sign(own.base[..., SPEED] - foe.base[..., SPEED])
    whole = 125 * types + 50 * faster - 2 * shown
    return whole * own.max_hp + 200 * own.hp


def _best_switch(
    worths: jax.Array, max_hp: jax.Array, allowed: jax.Array, order: jax.Array
) -> jax.Array:
    """The slot with the best matchup; of equals the one that comes first in Showdown's order."""
    slots = jnp.arange(consts.TEAM_SIZE)
    place = jnp.argmax(order[None, :] == slots[:, None], axis=1)
    scaled = worths[:, None] * max_hp[None, :]  # below 2**31 for any maximum HP up to 970
    beats = scaled > scaled.T
    beats |= (scaled == scaled.T) & (place[:, None] < place[None, :])
    beaten = (beats & allowed[:, None]).any(axis=0)
    return jnp.argmax(allowed & ~beaten).astype(jnp.int32)


def _should_leave(state: PokemonState, side: int, own: Fighter, worth: jax.Array) -> jax.Array:
    """Whether there is a reason to switch: low stages, or a bad matchup."""
    slot = state.order[side, 0].astype(jnp.int32)
    stats = all_stats(
        state.species[side, slot].astype(jnp.int32),
        state.level[side, slot].astype(jnp.int32),
        state.stat_points[side, slot].astype(jnp.int32),
    )
    low = state.boosts[side] <= LOW_STAGE
    # A special stage counts for both of the stats that later games made of it.
    weak = low[DEFENSE - 1] | low[SPECIAL - 1]
    harmless = low[ATTACK - 1] & (stats[ATTACK] >= stats[SPECIAL])
    return weak | harmless | (worth < LEAVES_BELOW * own.max_hp)


def _strongest(
    state: PokemonState, side: int, usable: jax.Array, own: Fighter, foe: Fighter
) -> jax.Array:
    """The first slot with the most expected damage among the usable ones."""
    moves = state.active_moves[side].astype(jnp.int32)
    types = jnp.minimum(jnp.asarray(consts.MOVE_TYPE, jnp.int32)[moves], TYPES)
    bonus = jnp.where((types[:, None] == own.types).any(1), 3, 2)
    weight = jnp.asarray(WEIGHTS)[moves] * bonus * _multiplier(types, foe.types)
    mine, theirs = state.boosts[side], state.boosts[1 - side]
    # Attack by defense and special by special, over one denominator.
    physical = (_estimate(own, mine, ATTACK), _estimate(foe, theirs, SPECIAL))
    special = (_estimate(own, mine, SPECIAL), _estimate(foe, theirs, DEFENSE))
    is_physical = jnp.asarray(consts.MOVE_CATEGORY)[moves] == consts.CATEGORY_PHYSICAL
    ratio = _product(
        *(jnp.where(is_physical, *pair) for pair in zip(physical, special, strict=True))
    )
    high, low = _times(ratio, weight.astype(jnp.uint32))
    first = usable & (high == jnp.where(usable, high, 0).max())
    return jnp.argmax(first & (low == jnp.where(first, low, 0).max())).astype(jnp.int32)


def _estimate(fighter: Fighter, stages: jax.Array, stat: int) -> jax.Array:
    """420 times a stat as poke-env guesses it, () u32 below 2**20."""
    factor = jnp.asarray(FACTORS)[stages[stat - 1].astype(jnp.int32) + 6]
    return ((2 * fighter.base[stat] + 36) * factor).astype(jnp.uint32)


def _product(a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The 64 bits of the product of two u32, the upper half first."""
    a_high, a_low, b_high, b_low = a >> 16, a & 0xFFFF, b >> 16, b & 0xFFFF
    middle = a_low * b_high + ((a_low * b_low) >> 16)
    other = a_high * b_low + (middle & 0xFFFF)
    return a_high * b_high + (middle >> 16) + (other >> 16), a * b


def _times(number: tuple[jax.Array, jax.Array], factor: jax.Array) -> tuple[jax.Array, jax.Array]:
    """A product, likewise, of 64 bits and a u32 that fits."""
    high, low = _product(number[1], factor)
    return high + number[0] * factor, low
