"""How much damage a move deals.

Source: Showdown 0.11.11, data/mods/gen1/scripts.ts, getDamage; moves.ts, counter and psywave.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from samestep_jax.pokemon import consts
from samestep_jax.pokemon.battle import FOCUS_ENERGY, LIGHT_SCREEN, REFLECT, Battle, Side
from samestep_jax.pokemon.moves import NO_TYPE, Move, lookup
from samestep_jax.pokemon.packing import byte, quotient
from samestep_jax.pokemon.rng import draw

OHKO_DAMAGE = 65535
IMMUNE_OR_PLAIN, HALF, DOUBLE = 2, 1, 4
LARGEST = 997
ROLLS, LOWEST_ROLL = 39, 217  # of 255
MAX_STAT = 255


def calculate(b: Battle) -> Battle:
    """`damage` of the move: a number before any cap, or NO_DAMAGE where it fails for that.

    Only for moves that are to deal damage. Draws a critical hit and a roll, or Psywave's number.
    """
    me, foe, move = b.me, b.foe, lookup(b.move)
    fixed, is_fixed, fails = _fixed(b, move)
    crit_odds = _critical_odds(me, move)
    rng, number = draw(b.rng, 256, ~is_fixed)
    critical = ~is_fixed & (number < crit_odds)
    base = _base_damage(me, foe, move, critical)
    base = jnp.where(me.has_type(move.type) & (move.type != NO_TYPE), base + (base >> 1), base)
    for which in (0, 1):
        against = byte(b.effective, which)
        base = jnp.where(against == DOUBLE, base * 2, base)
        base = jnp.where(against == HALF, base >> 1, base)
    psywave = move.has_effect(consts.EFFECT_PSYWAVE)
    psywave_range = jnp.maximum((me.level * 3 >> 1) - 1, 1)
    rolls = (~is_fixed & (base > 1)) | (psywave & ~fails)
    rng, roll = draw(rng, jnp.where(psywave, psywave_range, ROLLS), rolls)
    varied = jnp.where(base > 1, quotient(base * (roll + LOWEST_ROLL), 255), base)
    damage = jnp.where(is_fixed, fixed, varied)
    damage = jnp.where(psywave, roll + 1, damage)
    return b._replace(rng=rng, damage=jnp.where(fails, -1, damage))


def _fixed(b: Battle, move: Move) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Damage that is not calculated; whether it is such; whether the move fails instead."""
    me, foe = b.me, b.foe
    damage, known = jnp.int32(0), jnp.bool_(False)
    counter = move.has_effect(consts.EFFECT_COUNTER)
    psywave = move.has_effect(consts.EFFECT_PSYWAVE)
    traps = move.has_effect(consts.EFFECT_TRAPPING)
    ghostly = traps & (move.type == consts.TYPE_NORMAL) & foe.has_type(consts.TYPE_GHOST)
    holding = (me.trapping_move != 0) & (me.trapping_target == foe.number)
    cases = (
        (move.has_effect(consts.EFFECT_OHKO), jnp.int32(OHKO_DAMAGE)),
        (counter, 2 * b.last_damage),
        (psywave, jnp.int32(0)),
        (move.has_effect(consts.EFFECT_SUPER_FANG), jnp.maximum(foe.hp >> 1, 1)),
        (move.has_effect(consts.EFFECT_LEVEL_DAMAGE), me.level),
        (move.has_effect(consts.EFFECT_FIXED_DAMAGE), move.fixed_damage),
        (ghostly, jnp.int32(0)),
        (holding, me.trapping_damage),
    )
    for applies, value in cases:
        damage = jnp.where(applies & ~known, value, damage)
        known |= applies
    fails = counter & ~_counterable(b)
    fails |= psywave & (((me.level + (me.level >> 1)) & 255) < 2)
    return damage, known, fails


def _counterable(b: Battle) -> jax.Array:
    """Whether Counter has something to return."""
    last = lookup(b.foe.last_enemy_move)
    physical = (last.type == consts.TYPE_NORMAL) | (last.type == consts.TYPE_FIGHTING)
    not_counter = b.foe.last_enemy_selected_move != consts.MOVE_ID_COUNTER
    return physical & (last.power > 0) & not_counter & (b.last_damage > 0)


def _critical_odds(me: Side, move: Move) -> jax.Array:
    """Of 256; from the speed of its own species, Focus Energy making it worse."""
    speed = jnp.asarray(consts.SPECIES_SPE, jnp.int32)[me.species]
    odds = speed >> 1
    focused = me.has(FOCUS_ENERGY)
    odds = jnp.where(focused, odds >> 1, jnp.clip(odds * 2, 1, 255))
    return jnp.where(move.crit_ratio == 1, odds >> 1, jnp.clip(odds * 4, 1, 255))


def _base_damage(me: Side, foe: Side, move: Move, critical: jax.Array) -> jax.Array:
    """Before types and the roll; a critical hit takes both unmodified stats and twice the level."""
    physical = move.category == consts.CATEGORY_PHYSICAL
    attack = jnp.where(physical, me.modified.attack, me.modified.special)
    defense = jnp.where(physical, foe.modified.defense, foe.modified.special)
    screened = jnp.where(physical, foe.has(REFLECT), foe.has(LIGHT_SCREEN))
    defense = jnp.where(screened, defense * 2, defense)
    attack = jnp.where(critical, jnp.where(physical, me.own.attack, me.own.special), attack)
    defense = jnp.where(critical, jnp.where(physical, foe.own.defense, foe.own.special), defense)
    level = jnp.where(critical, me.level * 2, me.level) & 255
    large = (attack > MAX_STAT) | (defense > MAX_STAT)
    attack = jnp.where(large, jnp.maximum((attack >> 2) & 255, 1), attack)
    defense = jnp.where(large, jnp.maximum((defense >> 2) & 255, 1), defense)
    explodes = physical & move.has_effect(consts.EFFECT_EXPLODE)
    defense = jnp.where(explodes, jnp.maximum(defense >> 1, 1), defense)
    power = (quotient(level * 2, 5) + 2) * move.power * attack
    damage = quotient(quotient(power, jnp.maximum(defense, 1)), 50)
    return jnp.minimum(damage, LARGEST) + 2
