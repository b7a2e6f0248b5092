"""What a player may choose, and what choosing does before the turn runs.

Source: Showdown 0.11.11, sim/pokemon.ts (getMoveRequestData), sim/side.ts (chooseMove,
commitChoices), data/mods/gen1/conditions.ts (onDisableMove).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from samestep_jax.pokemon import consts
from samestep_jax.pokemon.state import Fields


def hard_lock(side: Fields) -> jax.Array:
    """The move or pseudo-move that leaves no choice at all, not even to switch; 0: none."""
    lock = jnp.where(side["rage"] != 0, consts.MOVE_ID_RAGE, 0)
    lock = jnp.where(side["charging_move"] != 0, side["charging_move"], lock)
    lock = jnp.where(side["thrash_move"] != 0, side["thrash_move"], lock)
    return jnp.where(side["recharge"] != 0, consts.MOVE_ID_RECHARGE, lock)


def soft_lock(side: Fields) -> jax.Array:
    """The move that Fight goes on with: a trapping move or Bide; 0: none."""
    bide = jnp.where(side["bide_turns"] != 0, consts.MOVE_ID_BIDE, 0)
    return jnp.where(side["trapping_move"] != 0, side["trapping_move"], bide)


def helpless(condition: jax.Array) -> jax.Array:
    """Asleep or frozen."""
    return (condition == consts.STATUS_SLP) | (condition == consts.STATUS_FRZ)


def _maybe_locked(side: Fields, condition: jax.Array) -> jax.Array:
    """Whether the player cannot know that there is no choice."""
    lasted = side["trapping_total"] - side["trapping_turns"]
    held = (side["trapped_turns"] != 0) & (side["trapped_maybe"] != 0)
    held = (held | (side["fake_trapped_turns"] != 0)) & ~helpless(condition)
    holds = (side["trapping_move"] != 0) & (lasted > 1)
    return (held | holds) & (side["bide_turns"] == 0)


def usable(side: Fields) -> jax.Array:
    """(4,) which of its moves have PP and are not disabled."""
    disabled = (side["disable_turns"] != 0) & (jnp.arange(4) == side["disable_slot"])
    return (side["active_moves"] != 0) & (side["active_pp"] != 0) & ~disabled


def legal_of(side: Fields, request: jax.Array) -> jax.Array:
    """(10,) one side's mask, from its fields."""
    slots = jnp.arange(consts.TEAM_SIZE)
    active = side["order"][0]
    condition = jnp.where(slots == active, side["status"], 0).sum()
    hard, soft = hard_lock(side), soft_lock(side)
    unsure = _maybe_locked(side, condition) & (hard == 0)
    lock = jnp.where(hard != 0, hard, jnp.where(unsure, 0, soft))
    fights = helpless(condition) | ((side["trapped_turns"] != 0) & ~unsure)
    open_moves = usable(side)
    # A single move: the first slot that holds it, or the first of all.
    holds = (side["active_moves"] == lock) & (lock != 0)
    single = jnp.where(holds.any(), jnp.argmax(holds), 0)
    alone = (lock != 0) | fights | ~open_moves.any()
    moves = jnp.where(alone, jnp.arange(4) == single, open_moves)
    benched = (side["hp"] > 0) & (slots != active)
    on_move = request == consts.REQUEST_MOVE
    switches = benched & (~on_move | (hard == 0))
    mask = jnp.concatenate([switches, moves & on_move])
    waits = jnp.arange(consts.ACTIONS) == 0
    return jnp.where(request == consts.REQUEST_WAIT, waits, mask)


def commit(side: Fields, action: jax.Array, moves_now: jax.Array) -> tuple[Fields, jax.Array]:
    """What a side remembers of its choice, and whether Showdown breaks down over it.

    Showdown looks up the slot chosen last even for Fight or a move that goes on, and cannot when
    the active Pokemon has fewer moves; it abandons the battle then.

    Args:
        side: the fields of one side.
        action: 0 to 9.
        moves_now: whether the side chooses a move.
    """
    slots = jnp.arange(consts.TEAM_SIZE)
    condition = jnp.where(slots == side["order"][0], side["status"], 0).sum()
    locked = (hard_lock(side) | soft_lock(side)) != 0
    asleep = ~locked & helpless(condition)
    held = ~locked & ~asleep & (side["trapped_turns"] != 0)
    struggles = ~locked & ~asleep & ~held & ~usable(side).any()
    free = ~(locked | asleep | held | struggles)
    slot = jnp.where(free, action - consts.ACTION_MOVE, side["last_selected_slot"])
    named = jnp.where(jnp.arange(4) == slot, side["active_moves"], 0).sum()
    pseudo = jnp.where(held, consts.MOVE_ID_CANNOTMOVE, consts.MOVE_ID_STRUGGLE)
    selected = jnp.where(free, named, side["last_selected_move"])
    selected = jnp.where(held | struggles, pseudo, selected)
    seen = jnp.where(held | struggles, pseudo, named)
    changes = {
        "last_selected_move": selected,
        "last_enemy_selected_move": seen,
        "last_selected_slot": slot,
    }
    fields = {n: jnp.where(moves_now, value, side[n]) for n, value in changes.items()}
    return side | fields, moves_now & (locked | asleep) & (named == 0)
