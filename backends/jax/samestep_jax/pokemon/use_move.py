"""A move as it is used: announced, aimed, and what follows it.

Source: Showdown 0.11.11, data/mods/gen1/scripts.ts (useMove, useMoveInner, tryMoveHit), moves.ts
and conditions.ts.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from samestep_jax.pokemon import before_move, conditions, consts, effects, hit, status
from samestep_jax.pokemon.battle import (
    CALLED,
    CHOSEN,
    EARLY,
    INVULNERABLE,
    LATE,
    LEECH_SEED,
    NO_DAMAGE,
    NOT,
    RAGE,
    RECHARGE,
    SUBSTITUTE_BROKEN,
    TOXIC,
    TRANSFORMED,
    TRAPPED_MAYBE,
    Battle,
    Side,
    replace_if,
)
from samestep_jax.pokemon.moves import TYPES, Move, lookup, shown
from samestep_jax.pokemon.packing import byte, quotient, stage, with_byte
from samestep_jax.pokemon.rng import draw
from samestep_jax.pokemon.staging import when

IMMUNE, NEUTRAL = 0, 2


def take_turn(b: Battle) -> Battle:
    """One Pokemon's move of a turn, with those that it calls, and what comes after it."""
    stuck = b.move == consts.MOVE_ID_CANNOTMOVE
    b = b._replace(used=jnp.where(stuck, 0, b.acts), by=jnp.int32(CHOSEN), chance=jnp.int32(0))
    b = before_move.target_is_broken(b)
    b = before_move.begin_move(b)
    b = b._replace(using=b.used)
    b = jax.lax.while_loop(lambda state: state.using == 1, use, b)
    return after_move(b)


def use(b: Battle) -> Battle:
    """One use of `b.move`; a move that calls another leaves that one to be used next."""
    active = b.using == 1
    b = b._replace(
        hit=jnp.int32(0),
        failed=jnp.int32(NOT),
        damage=jnp.int32(NO_DAMAGE),
        hits=jnp.int32(1),
        landed=jnp.int32(0),
        absorbed=jnp.int32(0),
        chance=jnp.int32(0),
        using=jnp.int32(0),
    )
    b = when(active, _announce, b)
    b = when(b.hit == 1, _aim, b)
    b = when(b.hit == 1, _check_accuracy, b)
    b = hit.strike(b)
    b = effects.apply(b)
    return when((b.hit == 1) | (b.failed != NOT), _conclude, b)


def _announce(b: Battle) -> Battle:
    """The move is shown and remembered; one of two turns begins or ends its charge."""
    me, foe, move = b.me, b.foe, lookup(b.move)
    seen = shown(b.move)
    called = b.by == CALLED
    me = conditions.with_pp(me, 1, called & move.two_turn)
    slot = me.last_selected_slot
    refund = called & me.has(TRANSFORMED) & (byte(me.moves, slot) != 0)
    own_left = with_byte(me.pp, slot, (byte(me.pp, slot) + 1) & conditions.PP_MASK)
    me = replace_if(me, refund, pp=own_left)
    charging = me.charging_move != 0
    me = me._replace(
        last_enemy_move=seen,
        last_move=jnp.where(move.two_turn & ~charging, me.last_move, seen),
        revealed=jnp.where(
            (b.by == CHOSEN) & ~me.has(TRANSFORMED),
            me.revealed | _slots_with(me.moves, seen),
            me.revealed,
        ),
    )
    traps = move.has_effect(consts.EFFECT_TRAPPING)
    foe = foe.lacking(RECHARGE, traps & (foe.hp > 0))
    begins = move.two_turn & ~charging
    vanishes = begins & move.has_effect(consts.EFFECT_CHARGE_INVULNERABLE)
    me = me.lacking(INVULNERABLE, move.two_turn & charging)
    me = me.having(INVULNERABLE, vanishes)
    me = replace_if(me, move.two_turn, charging_move=jnp.where(begins, b.move, 0))
    goes_on = ~begins
    keeps = begins | move.keeps_last_damage
    return b._replace(
        me=me,
        foe=foe,
        hit=goes_on.astype(jnp.int32),
        last_damage=jnp.where(keeps, b.last_damage, 0),
    )


def _slots_with(moves: jax.Array, number: jax.Array) -> jax.Array:
    """Four bits: which of the four bytes are `number`."""
    bits: jax.Array = jnp.int32(0)
    for slot in range(4):
        bits |= (byte(moves, slot) == number).astype(jnp.int32) << slot
    return bits


def _aim(b: Battle) -> Battle:
    """Thrash goes on; then whatever lies out of the move's reach makes it fail."""
    move = lookup(b.move)
    b = _thrash(b, move)
    foe = b.foe
    aimed = ~move.targets_self
    unreachable = aimed & foe.has(INVULNERABLE) & ~move.hits_invulnerable
    first, second = _against(move, foe.types & 255), _against(move, foe.types >> 8)
    typeless = (first == IMMUNE) | (second == IMMUNE)
    immune = aimed & ~move.ignores_immunity & typeless
    seeded = move.has_effect(consts.EFFECT_LEECH_SEED) & foe.has_type(consts.TYPE_GRASS)
    awake = (foe.status != consts.STATUS_SLP) | (foe.substitute > 0)
    awake &= move.has_effect(consts.EFFECT_DREAM_EATER)
    faster = foe.modified.speed > b.me.modified.speed
    escapes = move.has_effect(consts.EFFECT_OHKO) & faster
    failed = unreachable | immune | seeded | awake | escapes
    # Who explodes in vain faints all the same.
    wasted = (unreachable | immune) & move.has_effect(consts.EFFECT_EXPLODE)
    return b._replace(
        me=replace_if(b.me, wasted, hp=0),
        hit=jnp.where(failed, 0, b.hit),
        failed=jnp.where(failed, EARLY, b.failed),
        effective=first | (second << 8),
    )


def _against(move: Move, kind: jax.Array) -> jax.Array:
    """The chart's number for the move against a type: 0 none, 1 half, 2 as is, 4 double."""
    chart = jnp.asarray(consts.TYPE_CHART, jnp.int32)
    known = (move.type < TYPES) & (kind < TYPES)
    found = chart[jnp.where(known, move.type * TYPES + kind, 0)]
    against: jax.Array = jnp.where(known, found, NEUTRAL)
    return against


def _thrash(b: Battle, move: Move) -> Battle:
    """Thrash and Petal Dance count down before the hit, and end in confusion."""
    me, thrashes = b.me, move.has_effect(consts.EFFECT_THRASH)
    going = thrashes & (me.thrash_move != 0)
    begins = thrashes & ~going
    me = replace_if(me, going, thrash_turns=me.thrash_turns - 1)
    ends = going & (me.thrash_turns == 0)
    rng, number = draw(b.rng, jnp.where(begins, 2, 4), begins | ends)
    me = replace_if(me, ends, confusion=2 + number)
    me = replace_if(
        me, begins, thrash_move=b.move, thrash_turns=2 + number, thrash_accuracy=conditions.ALWAYS
    )
    return b._replace(me=me, rng=rng)


def _check_accuracy(b: Battle) -> Battle:
    """Accuracy, of 256, with Thrash's and Rage's own, which sinks with every stage applied."""
    me, foe, move = b.me, b.foe, lookup(b.move)
    caught = (move.status == consts.STATUS_SLP) & foe.has(RECHARGE)
    sure = (move.accuracy == 0) | caught
    accuracy = jnp.where(me.thrash_move != 0, me.thrash_accuracy, move.accuracy)
    accuracy = jnp.where(me.has(RAGE), me.rage_accuracy, accuracy)
    accuracy = quotient(accuracy * status.stage_percent(stage(me.stages, 4)), 100)
    accuracy = quotient(accuracy * status.stage_percent(-stage(foe.stages, 5)), 100)
    accuracy = jnp.clip(accuracy, 1, 255)
    me = replace_if(me, ~sure & (me.thrash_move != 0), thrash_accuracy=accuracy)
    me = replace_if(me, ~sure & me.has(RAGE), rage_accuracy=accuracy)
    held = (foe.trapped_turns > 0) & (foe.trapped_by == me.number) & ~move.targets_self
    rng, number = draw(b.rng, 256, ~sure & ~held)
    missed = ~sure & ~held & (number >= accuracy)
    return b._replace(
        me=me,
        rng=rng,
        hit=jnp.where(missed, 0, b.hit),
        failed=jnp.where(missed, LATE, b.failed),
        last_damage=jnp.where(missed, 0, b.last_damage),
    )


def _conclude(b: Battle) -> Battle:
    """What follows a move that had its chance, hit or miss."""
    me, foe, move = b.me, b.foe, lookup(b.move)
    tried = (b.hit == 1) | (b.failed == LATE)
    attempted = tried | (b.failed == EARLY)
    explodes = move.has_effect(consts.EFFECT_EXPLODE)
    me = replace_if(me, tried & explodes & ~foe.has(SUBSTITUTE_BROKEN), hp=0)
    me = conditions.without_trap(me, b.failed == LATE)
    burns = (move.secondary_kind == consts.SECONDARY_STATUS) & (
        move.secondary_status == consts.STATUS_BRN
    )
    thaws = (b.hit == 1) & burns & (foe.status == consts.STATUS_FRZ) & (foe.hp > 0)
    foe = status.cured(foe, thaws)
    enrages = explodes | move.has_effect(consts.EFFECT_DISABLE)
    foe = conditions.build_rage(foe, attempted & enrages)
    b = b._replace(me=me, foe=foe)
    crashes = move.has_effect(consts.EFFECT_CRASH) & (b.failed != NOT)
    return conditions.self_damage(b, jnp.int32(1), crashes)


def after_move(b: Battle) -> Battle:
    """What follows the last move used, or a turn in which none was: holds, poison, Leech Seed."""
    b = when((b.used == 1) & _holding(b.me), _after_use, b)
    self_aimed = lookup(b.move).targets_self
    alive = jnp.where(self_aimed, b.me.hp, b.foe.hp) > 0
    suffers = (b.acts == 1) & ((b.used == 0) | alive) & _ailing(b.me)
    return when(suffers, _suffer, b)


def _holding(me: Side) -> jax.Array:
    return ((me.trapping_move | me.thrash_move) != 0) | me.has(RECHARGE)


def _ailing(me: Side) -> jax.Array:
    return (me.status != 0) | me.has(LEECH_SEED)


def _after_use(b: Battle) -> Battle:
    """The hold of a trapping move is renewed or ends; no recharge after a knock-out."""
    me, foe = b.me, b.foe
    self_aimed = lookup(b.move).targets_self
    downed = jnp.where(self_aimed, me.hp, foe.hp) <= 0
    me = me.lacking(RECHARGE, downed)
    holds = me.trapping_move != 0
    ending = holds & ~downed & (me.trapping_turns == 1)
    pretends = ending & (me.trapping_total != 5)
    renews = holds & ~downed & ~ending
    lasted = me.trapping_total - me.trapping_turns > 0
    foe = conditions.trapped(foe, me.number, renews)
    foe = foe.having(TRAPPED_MAYBE, renews & lasted)
    me = _fake_trapped(me, foe.number, pretends)
    foe = _fake_trapped(foe, me.number, pretends)
    me = conditions.without_trap(me, holds & downed)
    calm = (me.thrash_move != 0) & (me.thrash_turns <= 0)
    me = replace_if(me, calm, thrash_move=0, thrash_turns=0, thrash_accuracy=0)
    return b._replace(me=me, foe=foe)


def _fake_trapped(side: Side, other: jax.Array, needed: jax.Array) -> Side:
    """The hold is over, but neither player is told."""
    side = replace_if(side, needed & (side.fake_trapped_turns == 0), fake_trapped_turns=2)
    return replace_if(side, needed, fake_trapped_with=other)


def _suffer(b: Battle) -> Battle:
    """Waking up, burn and poison, Leech Seed, in this order."""
    me, foe = b.me, b.foe
    poisoned = (me.status == consts.STATUS_PSN) | (me.status == consts.STATUS_TOX)
    poisoned |= me.status == consts.STATUS_BRN
    counts = me.has(TOXIC)
    me = replace_if(me, counts & poisoned, toxic_counter=me.toxic_counter + 1)
    asleep = me.status == consts.STATUS_SLP
    me = status.cured(me, asleep & (me.sleep_turns <= 0) & (me.hp > 0))
    sixteenth = jnp.maximum(me.top_hp >> 4, 1)
    me = status.hurt(me, sixteenth * jnp.where(counts, me.toxic_counter, 1), poisoned)
    seeded = me.has(LEECH_SEED) & (foe.hp > 0)
    me = replace_if(me, seeded & counts, toxic_counter=me.toxic_counter + 1)
    drained = sixteenth * jnp.where(counts, me.toxic_counter, 1)
    me = status.hurt(me, drained, seeded)
    foe = status.healed(foe, drained, seeded)
    return b._replace(me=me, foe=foe)
