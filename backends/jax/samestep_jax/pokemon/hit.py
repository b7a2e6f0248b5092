"""A move's hit: damage, what it costs and gives its user, and its secondary effect.

Source: Showdown 0.11.11, data/mods/gen1/scripts.ts (tryMoveHit, moveHit) and moves.ts (substitute).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from samestep_jax.pokemon import consts, damage, status
from samestep_jax.pokemon.battle import (
    LATE,
    RAGE,
    SUBSTITUTE_BROKEN,
    Battle,
    Side,
    replace_if,
    saturated,
)
from samestep_jax.pokemon.moves import Move, lookup
from samestep_jax.pokemon.packing import quotient
from samestep_jax.pokemon.rng import draw
from samestep_jax.pokemon.staging import when

MOST_HITS = 5


def strike(b: Battle) -> Battle:
    """Damage, for moves that deal any, and whether the secondary effect happens."""
    move = lookup(b.move)
    deals = (b.hit == 1) & ~move.is_status & ~move.targets_self
    b = when(deals & (move.multihit != 0), _count_hits, b)
    b = when(deals, damage.calculate, b)
    b = when(deals & (b.damage < 0), _fail, b)
    b = when((b.hit == 1) & (b.damage >= 0), _deal, b)
    return when((b.landed > 0) & b.foe.has(RAGE), _enrage, b)


def _count_hits(b: Battle) -> Battle:
    """Two hits, or two to five."""
    varies = lookup(b.move).multihit == MOST_HITS
    rng, number = draw(b.rng, len(consts.HIT_COUNTS), varies)
    drawn = jnp.asarray(consts.HIT_COUNTS, jnp.int32)[number]
    return b._replace(rng=rng, hits=jnp.where(varies, drawn, 2))


def _fail(b: Battle) -> Battle:
    return b._replace(hit=jnp.int32(0), failed=jnp.int32(LATE))


def _deal(b: Battle) -> Battle:
    """Hits on the foe's substitute or on itself; every hit deals what the first did."""
    me, foe, move, dealt = b.me, b.foe, lookup(b.move), b.damage
    shielded = foe.substitute > 0
    # Hits until there is nothing left to hit.
    standing = jnp.where(shielded, foe.substitute, foe.hp)
    enough = quotient(standing + dealt - 1, jnp.maximum(dealt, 1))
    hits = jnp.where(dealt > 0, jnp.minimum(b.hits, enough), b.hits)
    # A stale mark of a broken substitute ends the hits after the first.
    hits = jnp.where(foe.has(SUBSTITUTE_BROKEN), 1, hits)
    before_last = jnp.minimum(dealt * (hits - 1), standing)
    last = jnp.minimum(dealt, standing - before_last)
    left = standing - before_last - last
    breaks = shielded & (left == 0)
    foe = replace_if(foe, shielded, substitute=left)
    foe = replace_if(foe, ~shielded, hp=left)
    foe = foe.having(SUBSTITUTE_BROKEN, breaks)
    counted = jnp.where(shielded, dealt, last)
    me, drained = _drain_and_recoil(me, move, counted, shielded, breaks)
    b = b._replace(
        me=me,
        foe=foe,
        hits=jnp.where(hits == b.hits, b.hits, 0),  # 0: the last of them was not reached
        landed=jnp.where(shielded, 0, hits),
        absorbed=shielded.astype(jnp.int32),
        last_damage=saturated(jnp.where(drained > 0, drained, counted)),
    )
    return _roll_secondary(b, move, breaks)


def _drain_and_recoil(
    me: Side, move: Move, dealt: jax.Array, shielded: jax.Array, breaks: jax.Array
) -> tuple[Side, jax.Array]:
    """HP taken from the foe or lost; also what was drained, 0 if nothing.

    A substitute that breaks gives and costs nothing.
    """
    counts = ~breaks & (shielded | (dealt > 0))
    drains = move.drains & counts
    half = jnp.maximum(dealt >> 1, 1)
    me = status.healed(me, half, drains)
    divisor = jnp.maximum(move.recoil_divisor, 1)
    recoils = (move.recoil_divisor != 0) & ~breaks & (dealt > 0)
    me = status.hurt(me, jnp.maximum(quotient(dealt, divisor), 1), recoils)
    return me, jnp.where(drains, half, 0)


def _roll_secondary(b: Battle, move: Move, breaks: jax.Array) -> Battle:
    """Whether the secondary effect happens.

    No roll where the foe shares the move's type and the effect is one of burn, freeze, paralysis.
    A substitute lets nothing but confusion through, and that while it stands.
    """
    kind = move.secondary_kind
    inflicts = kind == consts.SECONDARY_STATUS
    shared = inflicts & (move.secondary_status != consts.STATUS_PSN) & b.foe.has_type(move.type)
    on_itself = (b.landed > 0) & (b.foe.hp > 0) & (b.hits > 0) & ~shared
    through = (b.absorbed == 1) & (kind == consts.SECONDARY_CONFUSION) & ~breaks
    rolls = (kind != consts.SECONDARY_NONE) & (on_itself | through)
    rng, number = draw(b.rng, 256, rolls)
    happens = rolls & (number < move.secondary_chance)
    return b._replace(rng=rng, chance=happens.astype(jnp.int32))


def _enrage(b: Battle) -> Battle:
    """A raging foe's attack rises with every hit, if it is left standing."""
    angers = ~lookup(b.move).has_effect(consts.EFFECT_EXPLODE)

    def rise(count: jax.Array, foe: Side) -> Side:
        raised, _ = status.boosted(foe, jnp.int32(0), jnp.int32(1), angers & (count < b.landed))
        return raised

    return b._replace(foe=jax.lax.fori_loop(0, MOST_HITS, rise, b.foe))
