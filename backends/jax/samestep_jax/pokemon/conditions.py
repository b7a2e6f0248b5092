"""What a Pokemon is in the middle of, and how it comes and goes.

Source: Showdown 0.11.11, data/mods/gen1/scripts.ts (deductPP), conditions.ts and moves.ts;
sim/battle.ts (directDamage); sim/pokemon.ts (getLockedMove, getSemiLockedMove).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from samestep_jax.pokemon import consts, status
from samestep_jax.pokemon.battle import (
    RAGE,
    RECHARGE,
    SUBSTITUTE_BROKEN,
    TRANSFORMED,
    TRAPPED_MAYBE,
    Battle,
    Side,
    replace_if,
)
from samestep_jax.pokemon.packing import byte, stage, with_byte

PP_MASK = 63
"""PP are kept in six bits: one below 0 is 63."""
ALWAYS = 255
"""The accuracy that Thrash and Rage begin with."""


def locked_move(me: Side) -> jax.Array:
    """Whether a move of its own still goes on (`getLockedMove`, `getSemiLockedMove`)."""
    going = me.thrash_move | me.charging_move | me.trapping_move | me.bide_turns
    return (going != 0) | me.has(RAGE | RECHARGE)


def with_pp(me: Side, change: int, needed: jax.Array) -> Side:
    """PP of the slot chosen last changed by one; the team's own unless transformed."""
    slot = me.last_selected_slot
    needed &= (slot < 4) & (byte(me.active_moves, slot) != 0)
    left = (byte(me.active_pp, slot) + change) & PP_MASK
    return replace_if(
        me,
        needed,
        active_pp=with_byte(me.active_pp, slot, left),
        pp=jnp.where(me.has(TRANSFORMED), me.pp, with_byte(me.pp, slot, left)),
    )


def without_trap(me: Side, needed: jax.Array) -> Side:
    """Without the hold of its own Wrap, where `needed`."""
    return replace_if(
        me,
        needed,
        trapping_move=0,
        trapping_turns=0,
        trapping_total=0,
        trapping_damage=0,
        trapping_target=consts.NO_POKEMON,
    )


def trapped(side: Side, by: jax.Array, needed: jax.Array) -> Side:
    """Held for two turns more; who holds it is who did first."""
    new = needed & (side.trapped_turns == 0) & (side.hp > 0)
    side = replace_if(side, new, trapped_by=by)
    side = side.lacking(TRAPPED_MAYBE, new)
    return replace_if(side, needed & (side.hp > 0), trapped_turns=2)


def build_rage(side: Side, needed: jax.Array) -> Side:
    """Attack raised by one stage, as a raging Pokemon's is when it is struck."""
    raging = needed & side.has(RAGE) & (stage(side.stages, 0) < 6)
    side, _ = status.boosted(side, jnp.int32(0), jnp.int32(1), raging)
    return side


def self_damage(b: Battle, damage: jax.Array, needed: jax.Array) -> Battle:
    """Damage of confusion or of a missed jump kick.

    Behind a substitute it is the foe's substitute that takes it, and if there is none nobody does.
    Source: Showdown 0.11.11, sim/battle.ts, directDamage.
    """
    needed &= b.me.hp > 0
    shielded = b.me.substitute > 0
    foe = b.foe
    struck = needed & shielded & (foe.substitute > 0)
    left = jnp.maximum(foe.substitute - damage, 0)
    foe = foe.having(SUBSTITUTE_BROKEN, struck & (left == 0))
    return b._replace(
        me=status.hurt(b.me, damage, needed & ~shielded),
        foe=replace_if(foe, struck, substitute=left),
        last_damage=jnp.where(needed, damage, b.last_damage),
    )
