"""How a commit ends: what runs out, who has won, and who is asked for what next.

Source: Showdown 0.11.11, sim/battle.ts (endTurn, fieldEvent, faintMessages, makeRequest,
maybeTriggerEndlessBattleClause), data/mods/gen1/conditions.ts.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from samestep_jax.pokemon import consts
from samestep_jax.pokemon.battle import FLINCH, TRAPPED_MAYBE, Battle, Side, replace_if
from samestep_jax.pokemon.conditions import without_trap
from samestep_jax.pokemon.packing import byte
from samestep_jax.pokemon.rng import skip
from samestep_jax.pokemon.staging import when
from samestep_jax.pokemon.state import Fields, slot_of, types_of

TURN_LIMIT = 1000
SIDE_NUMBERS = (0, 1)


class End(NamedTuple):
    """A commit from its moves on."""

    battle: Battle
    fields: Fields
    first: jax.Array
    in_turn: jax.Array
    turn: jax.Array
    winner: jax.Array
    request: jax.Array  # (2,) i32


def one_side(fields: Fields, side: int) -> Fields:
    """One side of fields that have both."""
    return {name: values[side] for name, values in fields.items()}


def in_order(first: jax.Array, a: Side, b: Side) -> tuple[Side, Side]:
    """Both sides in the order of `first`; its own inverse."""
    swapped = first == 1
    ahead = jax.tree.map(lambda x, y: jnp.where(swapped, y, x), a, b)
    behind = jax.tree.map(lambda x, y: jnp.where(swapped, x, y), a, b)
    return ahead, behind


def end_turn(end: End) -> End:
    """What ends with a turn, if nobody fell in it."""
    standing = (end.battle.me.hp > 0) & (end.battle.foe.hp > 0)
    end = when(standing, _run_down, end)
    binds = _binds(end.battle.me) | _binds(end.battle.foe)
    return when(standing & binds, _loosen, end)


def _run_down(end: End) -> End:
    """The next turn begins; conditions have run out, and those that tie have cost draws."""
    b, residual = end.battle, end.in_turn
    me = replace_if(b.me, residual, speed=b.me.modified.speed)
    foe = replace_if(b.foe, residual, speed=b.foe.modified.speed)
    mine, theirs = _lasting(me), _lasting(foe)
    apart = jnp.maximum(mine - 1, 0) + jnp.maximum(theirs - 1, 0)
    together = jnp.maximum(mine + theirs - 1, 0) + 1
    count = jnp.where(me.speed == foe.speed, together, apart)
    rng = skip(b.rng, jnp.where(residual, count, 0))
    b = b._replace(me=_run_out(me, residual), foe=_run_out(foe, residual), rng=rng)
    return end._replace(battle=b, turn=end.turn + 1)


def _binds(side: Side) -> jax.Array:
    """Whether it has a condition that `_loosen` looks at."""
    held = side.trapped_turns | side.fake_trapped_turns | side.trapping_move
    return (held | side.bide_turns | side.disable_turns) != 0


def _loosen(end: End) -> End:
    """Holds that have lost their other end go; what bears on the next choice ties."""
    b = end.battle
    me, foe = _release(b.me, b.foe)
    rng = skip(b.rng, _locks(me) + _locks(foe))
    return end._replace(battle=b._replace(me=me, foe=foe, rng=rng))


def judge(end: End) -> End:
    """Who is asked for what next, or who has won."""
    b, fields = end.battle, end.fields
    down = jnp.stack([b.me.hp, b.foe.hp]) <= 0
    down = jnp.where(end.first == 0, down, down[::-1])
    ends = ~down.any()
    benched = (fields["hp"] > 0) & (jnp.arange(consts.TEAM_SIZE) != fields["order"][:, :1])
    lost = down & ~benched.any(1)
    winner = jnp.where(lost[0], consts.WINNER_P2, jnp.where(lost[1], consts.WINNER_P1, 0))
    winner = jnp.where(lost.all(), consts.WINNER_TIE, winner)
    tied = ends & (_no_progress(end, ends) | (end.turn > TURN_LIMIT))
    winner = jnp.where(tied, consts.WINNER_TIE, winner)
    asked = jnp.where(down, consts.REQUEST_SWITCH, consts.REQUEST_WAIT)
    asked = jnp.where(ends, consts.REQUEST_MOVE, asked)
    request = jnp.where(winner == consts.WINNER_NONE, asked, consts.REQUEST_WAIT)
    return end._replace(winner=winner, request=request)


def _set(value: jax.Array) -> jax.Array:
    return (value != 0).astype(jnp.int32)


def _lasting(side: Side) -> jax.Array:
    """How many of its conditions have a duration."""
    lasting = _set(side.trapped_turns) + _set(side.fake_trapped_turns) + _set(side.trapping_turns)
    return lasting + side.has(FLINCH)


def _run_out(side: Side, needed: jax.Array) -> Side:
    """Durations one shorter; what is over is gone."""
    side = side.lacking(FLINCH, needed)
    trapping = side.trapping_move != 0
    side = replace_if(
        side,
        needed,
        trapped_turns=jnp.maximum(side.trapped_turns - 1, 0),
        fake_trapped_turns=jnp.maximum(side.fake_trapped_turns - 1, 0),
        trapping_turns=jnp.maximum(side.trapping_turns - 1, 0),
    )
    side = without_trap(side, needed & trapping & (side.trapping_turns == 0))
    side = _untrapped(side, needed & (side.trapped_turns == 0))
    return _unfaked(side, needed & (side.fake_trapped_turns == 0))


def _untrapped(side: Side, needed: jax.Array) -> Side:
    side = side.lacking(TRAPPED_MAYBE, needed)
    return replace_if(side, needed, trapped_turns=0, trapped_by=consts.NO_POKEMON)


def _unfaked(side: Side, needed: jax.Array) -> Side:
    return replace_if(side, needed, fake_trapped_turns=0, fake_trapped_with=consts.NO_POKEMON)


def _release(me: Side, foe: Side) -> tuple[Side, Side]:
    """Both ends of a hold, or of a feigned one, must be there. p1's are looked at first."""
    swapped = me.number >= consts.TEAM_SIZE
    p1 = jax.tree.map(lambda a, b: jnp.where(swapped, b, a), _hold(me), _hold(foe))
    p2 = jax.tree.map(lambda a, b: jnp.where(swapped, a, b), _hold(me), _hold(foe))
    p1 = _checked(p1, p2)
    p2 = _checked(p2, p1)
    mine = jax.tree.map(lambda a, b: jnp.where(swapped, b, a), p1, p2)
    theirs = jax.tree.map(lambda a, b: jnp.where(swapped, a, b), p1, p2)
    return _after_check(me, mine), _after_check(foe, theirs)


class Hold(NamedTuple):
    """What decides whether holds go on."""

    number: jax.Array
    traps: jax.Array
    target: jax.Array
    trapped: jax.Array
    by: jax.Array
    faked: jax.Array
    with_: jax.Array


def _hold(side: Side) -> Hold:
    return Hold(
        side.number,
        side.trapping_move != 0,
        side.trapping_target,
        side.trapped_turns != 0,
        side.trapped_by,
        side.fake_trapped_turns != 0,
        side.fake_trapped_with,
    )


def _checked(own: Hold, other: Hold) -> Hold:
    """Without the holds whose other end is not there; each Pokemon on the field is alive."""
    return own._replace(
        traps=own.traps & (own.target == other.number) & other.trapped,
        trapped=own.trapped & (own.by == other.number) & other.traps,
        faked=own.faked & (own.with_ == other.number) & other.faked,
    )


def _after_check(side: Side, hold: Hold) -> Side:
    side = without_trap(side, ~hold.traps)
    side = _untrapped(side, ~hold.trapped)
    return _unfaked(side, ~hold.faked)


def _locks(side: Side) -> jax.Array:
    """Draws that its handlers of what may be chosen cost, for being equal in rank."""
    held = _set(side.trapped_turns) * _set(side.fake_trapped_turns)
    own = _set(side.trapping_move) + _set(side.bide_turns) + _set(side.disable_turns)
    return held + jnp.maximum(own - 1, 0)


class Endless(NamedTuple):
    """Two sides, and whether neither can get anywhere."""

    sides: tuple[Side, Side]
    fields: Fields
    found: jax.Array


def _no_progress(end: End, ends: jax.Array) -> jax.Array:
    """Endless Battle Clause.

    Source: Showdown 0.11.11, sim/battle.ts, maybeTriggerEndlessBattleClause.
    """
    b = end.battle
    possible = ends & _idle(b.me) & _idle(b.foe)
    known = ("species", "hp", "status", "moves", "pp", "order")
    state = Endless(
        in_order(end.first, b.me, b.foe), {n: end.fields[n] for n in known}, jnp.bool_(False)
    )
    return when(possible, _judge_endless, state).found


def _idle(side: Side) -> jax.Array:
    """Whether it, at least, cannot get anywhere."""
    return (side.status == consts.STATUS_FRZ) | (side.active_pp == 0) | _only_transforms(side)


def _only_transforms(side: Side) -> jax.Array:
    """Whether Transform is all that it knows."""
    moves = [byte(side.active_moves, slot) for slot in range(4)]
    only = [(move == consts.MOVE_ID_TRANSFORM) | (move == 0) for move in moves]
    return jnp.stack(only).all()


def _judge_endless(state: Endless) -> Endless:
    gone, ghost, copies, frozen, empty = zip(
        *(_team_facts(state.sides[i], one_side(state.fields, i)) for i in SIDE_NUMBERS), strict=True
    )
    found = jnp.bool_(True)
    for own, foe in ((0, 1), (1, 0)):
        ghosts = (gone[foe] | ghost[foe]).all()
        copied = (gone[foe] | copies[foe]).all()
        idle = gone[own] | frozen[own] | (copies[own] & copied) | (empty[own] & ghosts)
        found &= idle.all()
    return state._replace(found=found)


def _team_facts(side: Side, fields: Fields) -> tuple[jax.Array, ...]:
    """(6,) each: gone, of type Ghost, knowing Transform alone, frozen, out of PP."""
    front = jnp.arange(consts.TEAM_SIZE) == slot_of(side)
    kinds = types_of(fields["species"])
    ghost = ((kinds & 255) == consts.TYPE_GHOST) | ((kinds >> 8) == consts.TYPE_GHOST)
    copies = ((fields["moves"] == consts.MOVE_ID_TRANSFORM) | (fields["moves"] == 0)).all(1)
    return (
        jnp.where(front, side.hp, fields["hp"]) == 0,
        jnp.where(front, side.has_type(consts.TYPE_GHOST), ghost),
        jnp.where(front, _only_transforms(side), copies),
        jnp.where(front, side.status, fields["status"]) == consts.STATUS_FRZ,
        jnp.where(front, side.active_pp == 0, (fields["pp"] == 0).all(1)),
    )
