"""What happens before a move is used: what stops it, Bide, and the loss of PP.

Source: Showdown 0.11.11, data/mods/gen1/scripts.ts (runMove, deductPP) and conditions.ts; the
order of the handlers is that of their priorities.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from samestep_jax.pokemon import conditions, consts, status
from samestep_jax.pokemon.battle import (
    CHOSEN,
    CONTINUED,
    FLINCH,
    INVULNERABLE,
    RECHARGE,
    SUBSTITUTE_BROKEN,
    Battle,
    Side,
    replace_if,
    saturated,
)
from samestep_jax.pokemon.moves import lookup
from samestep_jax.pokemon.packing import quotient
from samestep_jax.pokemon.rng import draw
from samestep_jax.pokemon.staging import when

CONFUSED_POWER = 40
CONFUSED_ODDS, PARALYSED_ODDS = 128, 63  # of 256


def begin_move(b: Battle) -> Battle:
    """The chosen move, up to where it is used or stopped: `used` says which."""
    b = when((b.used == 1) & _impeded(b.me), _impediments, b)
    b = when((b.used == 1) & (b.me.confusion > 0), _roll_confusion, b)
    b = when(b.chance == 1, _hurt_itself, b)
    b = when((b.used == 1) & (b.me.status == consts.STATUS_PAR), _roll_paralysis, b)
    b = when(b.chance == 1, _paralysed, b)
    b = when((b.used == 1) & (b.me.trapping_move != 0), _lose_hold, b)
    b = when((b.used == 1) & (b.me.bide_turns > 0), _bide, b)
    return when(b.used == 1, _pay, b)


def target_is_broken(b: Battle) -> Battle:
    """Whoever the move is aimed at forgets that its substitute broke."""
    self_aimed = lookup(b.move).targets_self
    return b._replace(
        me=b.me.lacking(SUBSTITUTE_BROKEN, self_aimed & (b.used == 1)),
        foe=b.foe.lacking(SUBSTITUTE_BROKEN, ~self_aimed & (b.used == 1)),
    )


def _impeded(me: Side) -> jax.Array:
    """Whether there is anything that could stop a move before confusion does."""
    helpless = (me.status == consts.STATUS_SLP) | (me.status == consts.STATUS_FRZ)
    return helpless | ((me.trapped_turns | me.disable_turns) != 0) | me.has(FLINCH | RECHARGE)


def _impediments(b: Battle) -> Battle:
    """Freeze, sleep, being held, flinching, recharging and Disable, in turn."""
    me = b.me
    frozen = me.status == consts.STATUS_FRZ
    asleep = me.status == consts.STATUS_SLP
    me = replace_if(me, asleep, sleep_turns=me.sleep_turns - 1)
    me = replace_if(me, frozen | asleep, last_move=0)
    free = ~frozen & ~asleep & (me.trapped_turns == 0) & ~me.has(FLINCH)
    recharging = free & me.has(RECHARGE)
    me = me.lacking(RECHARGE, recharging)
    me, free = _disabled(me, b.move, free & ~recharging)
    return b._replace(me=me, used=free.astype(jnp.int32))


def _disabled(me: Side, move: jax.Array, free: jax.Array) -> tuple[Side, jax.Array]:
    """Disable counts down, then stops the move it holds, and Bide if that is the one."""
    counts = free & (me.disable_turns > 0)
    me = replace_if(me, counts, disable_turns=me.disable_turns - 1)
    over = counts & (me.disable_turns == 0)
    me = replace_if(me, over, disable_move=0, disable_slot=0)
    tried = jnp.where(me.bide_turns > 0, consts.MOVE_ID_BIDE, move)
    stopped = counts & ~over & (tried == me.disable_move)
    return replace_if(me, stopped, charging_move=0), free & ~stopped


def _roll_confusion(b: Battle) -> Battle:
    """Confusion counts down; `chance` says whether it strikes, one time in two."""
    me = b.me._replace(confusion=b.me.confusion - 1)
    rng, number = draw(b.rng, 256, me.confusion > 0)
    strikes = (me.confusion > 0) & (number >= CONFUSED_ODDS)
    return b._replace(me=me, rng=rng, chance=strikes.astype(jnp.int32))


def _hurt_itself(b: Battle) -> Battle:
    """Confused, it hits itself instead of moving."""
    me, always = b.me, jnp.bool_(True)
    power = (quotient(2 * me.level, 5) + 2) * me.modified.attack * CONFUSED_POWER
    damage = quotient(quotient(power, jnp.maximum(me.modified.defense, 1)), 50) + 2
    b = conditions.self_damage(b, damage, always)
    me = _interrupted(b.me, always).lacking(INVULNERABLE, always)
    return b._replace(me=me, used=jnp.int32(0), chance=jnp.int32(0))


def _roll_paralysis(b: Battle) -> Battle:
    """`chance` says whether it cannot move at all."""
    rng, number = draw(b.rng, 256)
    return b._replace(rng=rng, chance=(number < PARALYSED_ODDS).astype(jnp.int32))


def _paralysed(b: Battle) -> Battle:
    """Fully paralysed: whatever it was about ends, but for being out of reach."""
    me = _interrupted(b.me, jnp.bool_(True))
    return b._replace(me=me, used=jnp.int32(0), chance=jnp.int32(0))


def _lose_hold(b: Battle) -> Battle:
    """A hold ends whose target is no longer there."""
    aimed_elsewhere = lookup(b.move).targets_self | (b.me.trapping_target != b.foe.number)
    return b._replace(me=conditions.without_trap(b.me, aimed_elsewhere))


def _interrupted(me: Side, needed: jax.Array) -> Side:
    """Without what paralysis and confusion break off."""
    me = conditions.without_trap(me, needed)
    return replace_if(
        me,
        needed,
        bide_turns=0,
        bide_damage=0,
        charging_move=0,
        thrash_move=0,
        thrash_turns=0,
        thrash_accuracy=0,
    )


def _bide(b: Battle) -> Battle:
    """Bide stores the last damage and, when its turns are over, gives back twice the sum."""
    me, foe = b.me, b.foe
    stored = saturated(me.bide_damage + b.last_damage)
    over = me.bide_turns == 1
    released = over & (stored > 0)
    damage = 2 * stored
    shielded = foe.substitute > 0
    struck, hit = released & shielded, released & ~shielded
    capped = jnp.minimum(damage, foe.hp)
    left = jnp.maximum(foe.substitute - damage, 0)
    foe = foe.having(SUBSTITUTE_BROKEN, struck & (left == 0))
    foe = replace_if(foe, struck, substitute=left)
    foe = status.hurt(foe, capped, hit)
    foe = conditions.build_rage(foe, hit)
    dealt = jnp.where(shielded, saturated(damage), capped)
    me = replace_if(
        me,
        jnp.bool_(True),
        bide_turns=me.bide_turns - 1,
        bide_damage=jnp.where(over, 0, stored),
    )
    return b._replace(
        me=me,
        foe=foe,
        used=jnp.int32(0),
        last_damage=jnp.where(released, dealt, b.last_damage),
    )


def _pay(b: Battle) -> Battle:
    """PP, unless the move goes on; one of two turns is paid on the second."""
    me = b.me
    locked = conditions.locked_move(me)
    struggles = b.move == consts.MOVE_ID_STRUGGLE
    first = ~locked & ~lookup(b.move).two_turn
    due = ~struggles & (first | (me.charging_move != 0))
    by = jnp.where(locked & ~struggles, CONTINUED, CHOSEN)
    return b._replace(me=conditions.with_pp(me, -1, due), by=by)
