"""One commit: choices, switches, both moves, the end of the turn, and the next request.

Source: Showdown 0.11.11, sim/battle.ts (commitChoices, turnLoop, runAction, endTurn, eachEvent,
fieldEvent, faintMessages), sim/battle-queue.ts, sim/battle-actions.ts (switchIn),
data/mods/gen4/scripts.ts (runSwitch).

Two Pokemon of equal cached speed cost a draw whenever Showdown sorts them, even if nothing comes
of the order. Those draws are counted here and skipped together.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from samestep_jax.pokemon import choices, consts, status, use_move
from samestep_jax.pokemon.battle import Battle, Side, replace_if
from samestep_jax.pokemon.ending import SIDE_NUMBERS, End, end_turn, in_order, judge, one_side
from samestep_jax.pokemon.moves import lookup
from samestep_jax.pokemon.rng import Generator, draw, skip
from samestep_jax.pokemon.staging import when
from samestep_jax.pokemon.state import (
    Fields,
    PokemonState,
    all_stats,
    read,
    side_fields,
    write,
)


class Plan(NamedTuple):
    """Who does what in a commit, from what the players chose."""

    fields: Fields
    request: jax.Array  # (2,) i32
    action: jax.Array  # (2,) i32
    rng: Generator
    enters: jax.Array  # (2,) bool: sends in another Pokemon
    moves: jax.Array  # (2,) bool: uses a move
    replaced: jax.Array  # () bool: it is a fainted one that is replaced
    first: jax.Array  # () i32, the side that acts first
    breaks: jax.Array  # () bool: Showdown breaks down

    @property
    def in_turn(self) -> jax.Array:
        """Whether a turn runs, and not a replacement alone."""
        return (self.request == consts.REQUEST_MOVE).any()


def commit(state: PokemonState, action: jax.Array) -> PokemonState:
    """The state after both sides' choices, (2,) i32; those of a side that waits are ignored.

    An action outside the mask is taken as the first inside it.
    """
    fields = side_fields(state)
    request = state.request.astype(jnp.int32)
    nobody, no, zero = jnp.zeros(2, jnp.bool_), jnp.bool_(False), jnp.int32(0)
    rng = Generator(state.rng[0], state.rng[1])
    plan = Plan(fields, request, action.astype(jnp.int32), rng, nobody, nobody, no, zero, no)
    plan = when((request != consts.REQUEST_WAIT).any(), _choose, plan)
    plan = when((request != consts.REQUEST_WAIT).any(), _order, plan)
    sides = _send_in(plan)
    b = _battle(sides, plan, state.last_damage.astype(jnp.int32))
    b = _play_moves(b, plan.moves, plan.first)
    turn = state.turn.astype(jnp.int32)
    end = End(b, plan.fields, plan.first, plan.in_turn, turn, zero, jnp.zeros(2, jnp.int32))
    end = end_turn(end)
    end = when(request.any(), judge, end)
    return _pack(state, end, plan.breaks)


def legal(state: PokemonState) -> jax.Array:
    """(2, 10) bool masks."""
    return jax.vmap(choices.legal_of)(side_fields(state), state.request.astype(jnp.int32))


def _choose(plan: Plan) -> Plan:
    """What both sides chose, and what they remember of it."""
    mask = jax.vmap(choices.legal_of)(plan.fields, plan.request)
    inside = (mask & (jnp.arange(consts.ACTIONS) == plan.action[:, None])).any(1)
    action = jnp.where(inside, plan.action, jnp.argmax(mask, axis=1).astype(jnp.int32))
    moves = (plan.request == consts.REQUEST_MOVE) & (action >= consts.ACTION_MOVE)
    fields, breaks = jax.vmap(choices.commit)(plan.fields, action, moves)
    enters = (plan.request != consts.REQUEST_WAIT) & (action < consts.ACTION_MOVE)
    return plan._replace(
        fields=fields, action=action, moves=moves, enters=enters, breaks=breaks.any()
    )


def _order(plan: Plan) -> Plan:
    """Who goes first, who is sent in after all, and the draws that all this costs."""
    fields, speed = plan.fields, plan.fields["modified_stats"][:, 2]
    replaced = (_front(fields, "hp") == 0).any()
    first, rng = _first(plan, speed)
    is_first = jnp.arange(2) == first
    entered, ailing = jax.vmap(_newcomer)(fields, plan.action)
    falls = ~replaced & plan.enters & ailing
    # Who falls on arriving ends the turn for both.
    enters = plan.enters & ~((falls & is_first).any() & ~is_first)
    called = jax.vmap(_trapped_by_metronome)(fields) & enters[::-1] & (~enters | ~is_first)
    fields = jax.vmap(_restart_metronome)(fields, called)
    fields = jax.vmap(_reorder)(fields, plan.action, enters)
    present = jnp.where(enters, entered, speed)
    tie, new_tie = speed[0] == speed[1], present[0] == present[1]
    # Between two switches the first newcomer stands beside whom the second replaces.
    between = jnp.where(is_first, present, speed)
    between_tie = enters.all() & (between[0] == between[1])
    # A switch ties when it is made and when the arrival ends, unless that ends all.
    last = jnp.where(enters.any() & new_tie, 2 - falls.any(), 0)
    in_turn = jnp.where(tie, 2, 0) + jnp.where(between_tie, 2, 0) + last
    after_fall = jnp.where(new_tie, jnp.where(enters.all(), 4, 2), 0)
    return plan._replace(
        fields=fields,
        rng=skip(rng, jnp.where(replaced, after_fall, in_turn)),
        enters=enters,
        moves=plan.moves & ~falls.any(),
        replaced=replaced,
        first=first,
    )


def _send_in(plan: Plan) -> tuple[Side, Side]:
    """Both sides as they stand once all switches are made."""
    fields, numbers = plan.fields, jnp.arange(2)
    sides = jax.vmap(read)(fields, numbers, fields["order"][:, 0], plan.enters)
    sides = jax.vmap(_arrive)(sides, plan.enters, jnp.full(2, plan.replaced))
    # A switch on either side makes both forget their last move, which Mirror Move copies.
    sides = replace_if(sides, plan.enters.any(), last_move=0)
    one, other = (jax.tree.map(lambda x, i=i: x[i], sides) for i in SIDE_NUMBERS)
    return one, other


def _front(fields: Fields, name: str) -> jax.Array:
    """(2,) a team field of both Pokemon in front."""
    front = jnp.arange(consts.TEAM_SIZE) == fields["order"][:, :1]
    return jnp.where(front, fields[name], 0).sum(1)


def _first(plan: Plan, speed: jax.Array) -> tuple[jax.Array, Generator]:
    """The side that acts first: a switch before a move, then by priority, by speed, by a draw."""
    both, fight = plan.enters.all(), plan.moves.all()
    priority = lookup(plan.fields["last_selected_move"]).priority
    equal = both | (fight & (priority[0] == priority[1]))
    tie = speed[0] == speed[1]
    rng, drawn = draw(plan.rng, 2, equal & tie)
    by_speed = jnp.where(tie, drawn, (speed[1] > speed[0]).astype(jnp.int32))
    ahead = jnp.where(fight, priority[1] - priority[0], 0)
    ahead += plan.enters[1].astype(jnp.int32) - plan.enters[0].astype(jnp.int32)
    return jnp.where(ahead == 0, by_speed, (ahead > 0).astype(jnp.int32)), rng


def _newcomer(side: Fields, slot: jax.Array) -> tuple[jax.Array, jax.Array]:
    """A slot's speed on arriving, and whether burn or poison takes its last HP there."""
    at = jnp.arange(consts.TEAM_SIZE) == slot
    own = {n: jnp.where(at, side[n], 0).sum() for n in ("species", "level", "hp", "status")}
    points = jnp.where(at[:, None], side["stat_points"], 0).sum(0)
    values = all_stats(own["species"], own["level"], points)
    slow = own["status"] == consts.STATUS_PAR
    speed = jnp.where(slow, jnp.maximum(values[3] >> 2, 1), values[3])
    return speed, _ails(own["status"]) & (own["hp"] <= jnp.maximum(values[0] >> 4, 1))


def _ails(condition: jax.Array) -> jax.Array:
    poisoned = (condition == consts.STATUS_PSN) | (condition == consts.STATUS_TOX)
    return poisoned | (condition == consts.STATUS_BRN)


def _trapped_by_metronome(side: Fields) -> jax.Array:
    """Whether it holds the foe by a move that its Metronome called."""
    chosen = jnp.arange(consts.MOVE_SLOTS) == side["last_selected_slot"]
    slot_move = jnp.where(chosen, side["active_moves"], 0).sum()
    return (side["trapping_move"] != 0) & (slot_move == consts.MOVE_ID_METRONOME)


def _restart_metronome(side: Fields, needed: jax.Array) -> Fields:
    """A hold that loses its target to a switch is the Metronome again that it came from."""
    metronome = {
        name: jnp.where(needed, consts.MOVE_ID_METRONOME, side[name])
        for name in ("last_selected_move", "last_enemy_selected_move")
    }
    return side | metronome


def _arrive(side: Side, enters: jax.Array, replaces: jax.Array) -> Side:
    """What a switch forgets on both sides, and the damage of burn or poison to the newcomer.

    Who replaces a fainted one is spared it. Source: data/mods/gen4/scripts.ts, runSwitch.
    """
    side = replace_if(side, enters, last_selected_slot=0)
    hurt = enters & ~replaces & _ails(side.status)
    side = status.hurt(side, jnp.maximum(side.top_hp >> 4, 1), hurt)
    return side._replace(speed=side.modified.speed)


def _reorder(side: Fields, slot: jax.Array, needed: jax.Array) -> Fields:
    """The new Pokemon in front, the old one where it was; who is new is seen."""
    order, slots = side["order"], jnp.arange(consts.TEAM_SIZE)
    front = slots == 0
    swapped = jnp.where(front, slot, jnp.where(order == slot, order[0], order))
    new = needed & (slots == slot) & (side["seen"] == 0)
    return side | {
        "order": jnp.where(needed, swapped, order),
        "seen": jnp.where(new, side["seen"].max() + 1, side["seen"]),
    }


def _battle(sides: tuple[Side, Side], plan: Plan, last_damage: jax.Array) -> Battle:
    me, foe = in_order(plan.first, *sides)
    zero = jnp.int32(0)
    return Battle(me, foe, plan.rng, last_damage, *(zero for _ in Battle._fields[4:]))


def _play_moves(b: Battle, moves: jax.Array, first: jax.Array) -> Battle:
    """Both sides' moves, until one of the two Pokemon falls."""
    acts = moves.astype(jnp.int32)
    ahead = jnp.where(first == 0, acts[0], acts[1])
    behind = jnp.where(first == 0, acts[1], acts[0])

    def play(_: jax.Array, carry: tuple[Battle, jax.Array]) -> tuple[Battle, jax.Array]:
        b, later = carry
        now = b.acts
        b = b._replace(move=b.me.last_selected_move)
        b = use_move.take_turn(b)
        standing = (b.me.hp > 0) & (b.foe.hp > 0)
        tie = standing & (now == 1) & (b.me.speed == b.foe.speed)
        rng, _ = draw(b.rng, 2, tie)
        following = jnp.where(standing, later, 0)
        return b._replace(me=b.foe, foe=b.me, rng=rng, acts=following), jnp.zeros_like(now)

    b, _ = jax.lax.fori_loop(0, 2, play, (b._replace(acts=ahead), behind))
    return b


def _pack(state: PokemonState, end: End, breaks: jax.Array) -> PokemonState:
    """STATE again; where Showdown breaks down it stays as it was, and the battle is a tie."""
    b, fields = end.battle, end.fields
    sides = in_order(end.first, b.me, b.foe)
    written = [write(sides[i], one_side(fields, i)) for i in SIDE_NUMBERS]
    values = {name: jnp.stack([written[0][name], written[1][name]]) for name in fields}
    values |= {"turn": end.turn, "last_damage": b.last_damage}
    values["rng"] = jnp.stack([b.rng.high, b.rng.low])
    kept = {}
    for name, value in values.items():
        old = getattr(state, name)
        kept[name] = jnp.where(breaks, old, value.astype(old.dtype))
    tie = jnp.where(breaks, consts.WINNER_TIE, end.winner)
    kept["winner"] = tie.astype(state.winner.dtype)
    kept["request"] = jnp.where(breaks, 0, end.request).astype(state.request.dtype)
    packed: PokemonState = state._replace(**kept)  # type: ignore[arg-type]
    return packed
