"""What moves do beside damage: stages, status, volatile conditions, and moves of their own kind.

Source: Showdown 0.11.11, data/mods/gen1/scripts.ts (moveHit), moves.ts and conditions.ts.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from samestep_jax.pokemon import conditions, consts, status
from samestep_jax.pokemon.battle import (
    CALLED,
    FLINCH,
    FOCUS_ENERGY,
    LATE,
    LEECH_SEED,
    LIGHT_SCREEN,
    MIST,
    RAGE,
    RECHARGE,
    REFLECT,
    TOXIC,
    TRANSFORMED,
    TRAPPED_MAYBE,
    Battle,
    Side,
    replace_if,
)
from samestep_jax.pokemon.moves import Move, lookup
from samestep_jax.pokemon.packing import NO_STAGES, byte, choose, quotient, with_byte
from samestep_jax.pokemon.rng import draw
from samestep_jax.pokemon.staging import when

TRANSFORMED_PP = 5
"""Of every move, as Transform gives them: the least that any move has is no less."""

SELF_MADE = (
    consts.EFFECT_BIDE,
    consts.EFFECT_FOCUS_ENERGY,
    consts.EFFECT_MIST,
    consts.EFFECT_LIGHT_SCREEN,
    consts.EFFECT_REFLECT,
    consts.EFFECT_SUBSTITUTE,
    consts.EFFECT_RECOVER,
    consts.EFFECT_REST,
)
TAKEN_OVER = (consts.EFFECT_CONVERSION, consts.EFFECT_MIMIC, consts.EFFECT_TRANSFORM)
CALLING = (consts.EFFECT_METRONOME, consts.EFFECT_MIRROR_MOVE)


def apply(b: Battle) -> Battle:
    """The move's effects, primary and secondary."""
    move = lookup(b.move)
    b = when((b.hit == 1) & _blocked(b, move), _fail, b)
    hits = (b.hit == 1) & (b.absorbed == 0)
    b = when(hits & (_boosts(b, move) != 0), _change_stages, b)
    hits &= b.hit == 1
    b = when(hits & (_inflicted(b, move) != 0), _inflict, b)
    confuses = move.confuses | _secondary(b, move, consts.SECONDARY_CONFUSION)
    b = when((b.hit == 1) & (confuses | move.has_effect(consts.EFFECT_DISABLE)), _afflict, b)
    simple = move.has_effect(consts.EFFECT_LEECH_SEED, consts.EFFECT_RECHARGE, consts.EFFECT_RAGE)
    simple |= move.has_effect(consts.EFFECT_TRAPPING)
    simple |= _secondary(b, move, consts.SECONDARY_FLINCH)
    b = when((b.hit == 1) & simple, _mark, b)
    b = when((b.hit == 1) & move.has_effect(*SELF_MADE), _self_made, b)
    b = when((b.hit == 1) & move.has_effect(consts.EFFECT_HAZE), _haze, b)
    b = when((b.hit == 1) & move.has_effect(*TAKEN_OVER), _take_over, b)
    return when((b.hit == 1) & move.has_effect(*CALLING), _call, b)


def _fail(b: Battle) -> Battle:
    return b._replace(hit=jnp.int32(0), failed=jnp.int32(LATE))


def _secondary(b: Battle, move: Move, kind: int) -> jax.Array:
    """Whether a secondary effect of this kind happens."""
    return (b.chance == 1) & (move.secondary_kind == kind)


def _blocked(b: Battle, move: Move) -> jax.Array:
    """Whether a move without damage fails before it does anything.

    A substitute stops poison, lowered stages and confusion, and nothing else.
    """
    me, foe = b.me, b.foe
    poisons = (move.status == consts.STATUS_PSN) | (move.status == consts.STATUS_TOX)
    lowers = (move.boost_stages != 0) & ~move.targets_self
    stopped = move.is_status & (foe.substitute > 0) & (poisons | lowers | move.confuses)
    usable = (foe.active_pp & 0x3F3F3F3F) != 0
    stopped |= move.has_effect(consts.EFFECT_DISABLE) & ~usable
    stopped |= move.has_effect(consts.EFFECT_LIGHT_SCREEN) & me.has(LIGHT_SCREEN)
    stopped |= move.has_effect(consts.EFFECT_REFLECT) & me.has(REFLECT)
    weak = (me.substitute > 0) | (4 * me.hp < me.top_hp)
    return stopped | (move.has_effect(consts.EFFECT_SUBSTITUTE) & weak)


def _boosts(b: Battle, move: Move) -> jax.Array:
    """By how many stages this use changes a stat; 0: none."""
    secondary = _secondary(b, move, consts.SECONDARY_BOOST)
    return jnp.where(secondary, move.secondary_stages, move.boost_stages)


def _change_stages(b: Battle) -> Battle:
    """Stages of the user or the foe; the foe's burn and paralysis then weigh once more."""
    move = lookup(b.move)
    secondary = _secondary(b, move, consts.SECONDARY_BOOST)
    stat = jnp.where(secondary, move.secondary_stat, move.boost_stat)
    by = _boosts(b, move)
    mine = move.targets_self
    misted = ~secondary & ~mine & (by < 0) & b.foe.has(MIST)
    me, foe = b.me, b.foe
    aimed = foe._replace(
        hp=jnp.where(mine, me.hp, foe.hp),
        stages=jnp.where(mine, me.stages, foe.stages),
        stats=choose(mine, me.stats, foe.stats),
        modified=choose(mine, me.modified, foe.modified),
    )
    aimed, success = status.boosted(aimed, stat, by, ~misted)
    me = me._replace(
        stages=jnp.where(mine, aimed.stages, me.stages),
        modified=choose(mine, aimed.modified, me.modified),
    )
    foe = foe._replace(
        stages=jnp.where(mine, foe.stages, aimed.stages),
        modified=choose(mine, foe.modified, aimed.modified),
    )
    foe = foe._replace(modified=status.with_drops(foe.modified, foe.status, success))
    failed = ~success & ~secondary
    return b._replace(
        me=me,
        foe=foe,
        hit=jnp.where(failed, 0, b.hit),
        failed=jnp.where(failed, LATE, b.failed),
    )


def _inflicted(b: Battle, move: Move) -> jax.Array:
    """The status that this use gives the foe; 0: none."""
    secondary = _secondary(b, move, consts.SECONDARY_STATUS)
    return jnp.where(secondary, move.secondary_status, move.status)


def _inflict(b: Battle) -> Battle:
    """A status for a foe that has none; sleep for one that must recharge, whatever it has."""
    foe, wanted = b.foe, _inflicted(b, lookup(b.move))
    caught = (wanted == consts.STATUS_SLP) & foe.has(RECHARGE)
    possible = caught | (foe.status == consts.STATUS_NONE)
    foe, rng, given = status.given_status(foe, wanted, False, possible, b.rng)
    foe = foe.lacking(RECHARGE, given & caught)
    foe = foe._replace(modified=status.with_drops(foe.modified, foe.status, given))
    toxic = given & (wanted == consts.STATUS_TOX)
    foe = replace_if(foe.having(TOXIC, toxic), toxic, toxic_counter=0)
    return b._replace(foe=foe, rng=rng)


def _afflict(b: Battle) -> Battle:
    """Confusion of two to five turns; Disable of a move that has PP left, of one to eight."""
    foe, move = b.foe, lookup(b.move)
    disables = move.has_effect(consts.EFFECT_DISABLE)
    confuses = ~disables & (foe.confusion == 0) & (foe.hp > 0)
    holds = disables & (foe.disable_turns == 0) & (foe.hp > 0)
    usable = [byte(foe.active_pp, slot) > 0 for slot in range(4)]
    count = sum(u.astype(jnp.int32) for u in usable)
    rng, number = draw(b.rng, jnp.where(disables, count, 4), confuses | holds)
    foe = replace_if(foe, confuses, confusion=number + 2)
    slot, rank = jnp.int32(0), jnp.int32(0)
    for i in range(4):
        slot = jnp.where(usable[i] & (rank == number), i, slot)
        rank = rank + usable[i]
    rng, turns = draw(rng, 8, holds)
    foe = replace_if(
        foe,
        holds,
        disable_move=byte(foe.active_moves, slot),
        disable_slot=slot,
        disable_turns=turns + 1,
    )
    return b._replace(foe=foe, rng=rng)


def _mark(b: Battle) -> Battle:
    """Leech Seed, flinching, recharging, Rage, and the hold of a trapping move."""
    me, foe, move = b.me, b.foe, lookup(b.move)
    foe = foe.having(LEECH_SEED, move.has_effect(consts.EFFECT_LEECH_SEED))
    flinches = _secondary(b, move, consts.SECONDARY_FLINCH) & ~foe.has(FLINCH)
    foe = foe.having(FLINCH, flinches).lacking(RECHARGE, flinches)
    # Not where the move broke a substitute.
    whole = (b.absorbed == 0) | (foe.substitute > 0)
    me = me.having(RECHARGE, whole & move.has_effect(consts.EFFECT_RECHARGE))
    enraged = whole & move.has_effect(consts.EFFECT_RAGE) & ~me.has(RAGE)
    me = replace_if(me.having(RAGE, enraged), enraged, rage_accuracy=conditions.ALWAYS)
    traps = move.has_effect(consts.EFFECT_TRAPPING)
    foe = conditions.trapped(foe, me.number, traps & (b.absorbed == 0))
    begins = traps & (me.trapping_move == 0)
    rng, number = draw(b.rng, len(consts.HIT_COUNTS), begins)
    turns = jnp.asarray(consts.HIT_COUNTS, jnp.int32)[number]
    holds = begins & (foe.hp > 0)
    me = replace_if(
        me,
        holds,
        trapping_move=b.move,
        trapping_turns=turns,
        trapping_total=turns,
        trapping_damage=b.last_damage,
        trapping_target=foe.number,
    )
    return b._replace(me=me, foe=conditions.trapped(foe, me.number, holds), rng=rng)


def _self_made(b: Battle) -> Battle:
    """Bide, Focus Energy, Mist, the screens, Substitute, and healing."""
    me, move = b.me, lookup(b.move)
    bides = move.has_effect(consts.EFFECT_BIDE)
    rng, number = draw(b.rng, 2, bides)
    me = replace_if(me, bides, bide_turns=number + 2, bide_damage=0)
    me = me.having(FOCUS_ENERGY, move.has_effect(consts.EFFECT_FOCUS_ENERGY))
    me = me.having(MIST, move.has_effect(consts.EFFECT_MIST))
    me = me.having(LIGHT_SCREEN, move.has_effect(consts.EFFECT_LIGHT_SCREEN))
    me = me.having(REFLECT, move.has_effect(consts.EFFECT_REFLECT))
    me = _make_substitute(me, move.has_effect(consts.EFFECT_SUBSTITUTE))
    rests = move.has_effect(consts.EFFECT_REST)
    heals = rests | move.has_effect(consts.EFFECT_RECOVER)
    able = heals & ~_cannot_heal(me)
    me, rng, rested = status.given_status(me, jnp.int32(consts.STATUS_SLP), True, able & rests, rng)
    me = replace_if(me, rested, sleep_turns=2)
    me = status.healed(me, me.top_hp >> 1, able & ~rests)
    me = status.healed(me, me.top_hp, rested)
    failed = heals & ~jnp.where(rests, rested, able)
    return b._replace(
        me=me,
        rng=rng,
        hit=jnp.where(failed, 0, b.hit),
        failed=jnp.where(failed, LATE, b.failed),
    )


def _cannot_heal(me: Side) -> jax.Array:
    """At full HP, and 255 or 511 short of it unless the HP are a multiple of 256."""
    short = me.top_hp - me.hp
    unlucky = ((short == 255) | (short == 511)) & ((me.hp & 255) != 0)
    return (short == 0) | unlucky


def _make_substitute(me: Side, needed: jax.Array) -> Side:
    """A quarter of the HP for a substitute with one more; it slips out of a hold."""
    quarter = me.top_hp >> 2
    me = replace_if(
        me,
        needed,
        substitute=quarter + 1,
        trapped_turns=0,
        trapped_by=consts.NO_POKEMON,
    )
    me = me.lacking(TRAPPED_MAYBE, needed)
    return status.hurt(me, jnp.maximum(quarter, 1), needed & (me.top_hp > 3))


def _haze(b: Battle) -> Battle:
    """Haze resets both; a foe that it wakes or thaws cannot move until it chooses anew."""
    me, foe = _cleared(b.me), _cleared(b.foe)
    frozen = (foe.status == consts.STATUS_FRZ) | (foe.status == consts.STATUS_SLP)
    foe = replace_if(
        foe,
        frozen,
        last_selected_move=consts.MOVE_ID_CANNOTMOVE,
        last_enemy_selected_move=consts.MOVE_ID_CANNOTMOVE,
    )
    foe = status.cured(foe, jnp.bool_(True))
    tox = me.status == consts.STATUS_TOX
    # Toxic becomes poison: that, too, is setting a status, which costs a draw.
    rng, _ = draw(b.rng, 2, tox)
    me = replace_if(me, tox, status=consts.STATUS_PSN)
    return b._replace(me=me, foe=foe, rng=rng)


def _cleared(side: Side) -> Side:
    """Without stages, and without what Haze ends."""
    gone = TOXIC | MIST | FOCUS_ENERGY | LEECH_SEED | LIGHT_SCREEN | REFLECT
    always = jnp.bool_(True)
    side = side._replace(modified=side.stats, speed=side.stats.speed)
    side = replace_if(
        side,
        always,
        stages=NO_STAGES,
        disable_move=0,
        disable_slot=0,
        disable_turns=0,
        confusion=0,
        toxic_counter=0,
    )
    return side.lacking(gone, always)


def _take_over(b: Battle) -> Battle:
    """Conversion takes types, Mimic a move, Transform nearly everything."""
    me, foe, move = b.me, b.foe, lookup(b.move)
    converts = move.has_effect(consts.EFFECT_CONVERSION)
    becomes = move.has_effect(consts.EFFECT_TRANSFORM)
    mimics = move.has_effect(consts.EFFECT_MIMIC)
    me = replace_if(me, converts | becomes, types=foe.types)
    known = sum((byte(foe.active_moves, slot) != 0).astype(jnp.int32) for slot in range(4))
    rng, number = draw(b.rng, known, mimics)
    slot = me.last_selected_slot
    learnt = byte(foe.active_moves, number)
    me = replace_if(
        me,
        mimics,
        active_moves=with_byte(me.active_moves, slot, learnt),
        virtual=jnp.where(me.has(TRANSFORMED), 0, me.virtual | (1 << slot)),
    )
    me = _transformed(me, foe, becomes)
    return b._replace(me=me, rng=rng)


def _transformed(me: Side, foe: Side, needed: jax.Array) -> Side:
    """The foe's likeness; the cached speed is its own, had it been born as that species."""
    base = jnp.asarray(consts.SPECIES_SPE, jnp.int32)[foe.active_species]
    speed = quotient((2 * base + me.speed_points) * me.level, 100) + 5
    present = foe.active_moves
    five = jnp.int32(0)
    for slot in range(4):
        five |= jnp.where(byte(present, slot) != 0, TRANSFORMED_PP << (8 * slot), 0)
    me = me._replace(
        stats=choose(needed, foe.stats, me.stats),
        modified=choose(needed, foe.modified, me.modified),
    )
    me = replace_if(
        me,
        needed,
        active_species=foe.active_species,
        stages=foe.stages,
        active_moves=present,
        active_pp=five,
        virtual=0,
        speed=speed,
    )
    return me.having(TRANSFORMED, needed)


def _call(b: Battle) -> Battle:
    """Metronome calls any move, Mirror Move the foe's last; it is used next."""
    me, foe, move = b.me, b.foe, lookup(b.move)
    random = move.has_effect(consts.EFFECT_METRONOME)
    count = len(consts.METRONOME_MOVES)
    rng, number = draw(b.rng, count, random)
    drawn = jnp.asarray(consts.METRONOME_MOVES, jnp.int32)[number]
    called = jnp.where(random, drawn, foe.last_move)
    works = random | ((foe.last_move != 0) & (foe.last_move != consts.MOVE_ID_MIRRORMOVE))
    me = replace_if(me, works, last_selected_move=called, last_enemy_selected_move=called)
    return b._replace(
        me=me,
        rng=rng,
        move=jnp.where(works, called, b.move),
        by=jnp.where(works, CALLED, b.by),
        using=works.astype(jnp.int32),
        hit=jnp.int32(0),
        failed=jnp.where(works, b.failed, LATE),
    )
