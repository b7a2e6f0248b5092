"""Which states a battle that goes on can be in; on the host, for imported rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from samestep_jax.pokemon import consts

Fields = Mapping[str, np.ndarray]

LAST_MOVE = consts.MOVE_ID_STRUGGLE
HIGHEST_STAT = 999
HIGHEST_MODIFIED = 4 * HIGHEST_STAT
"""A raised stat that is lowered by a stage is not limited to 999 again."""
MOST_POINTS = 93  # IV 30 and an EV of 255
SPECIES, TURNS, MOST_PP = 151, 1000, 63
TEAM_FIELDS = (
    *("species", "level", "stat_points", "hp", "status", "sleep_turns", "slept_by_own", "moves"),
    *("pp", "substitute_broken", "seen", "revealed"),
)
ACTIVE_BOUNDS = {
    "active_species": (1, SPECIES),
    "active_stats": (1, HIGHEST_STAT),
    "speed": (1, HIGHEST_MODIFIED),
    "boosts": (-6, 6),
    "virtual": (0, 15),
    "last_move": (0, LAST_MOVE),
    "bide_turns": (0, 3),
    "confusion": (0, 5),
    "trapped_turns": (0, 2),
    "fake_trapped_turns": (0, 2),
    "disable_move": (0, LAST_MOVE),
    "disable_slot": (0, 3),
}
SLOT_BOUNDS = {
    "species": (1, SPECIES),
    "level": (1, 100),
    "stat_points": (0, MOST_POINTS),
    "status": (0, consts.STATUS_TOX),
    "slept_by_own": (0, 1),
    "substitute_broken": (0, 1),
    "seen": (0, consts.TEAM_SIZE),
    "revealed": (0, 15),
}
FLAGS = (
    *("transformed", "flinch", "trapped_maybe", "recharge", "invulnerable", "leech_seed"),
    *("reflect", "light_screen", "mist", "focus_energy", "rage", "toxic"),
)
NOBODY = ("trapped_by", "fake_trapped_with", "trapping_target")
EMPTY_WHEN_FAINTED = (
    *("active_species", "transformed", "active_stats", "speed", "boosts", "active_moves"),
    *("active_pp", "virtual", "last_move", "bide_turns", "bide_damage", "confusion", "flinch"),
    *("trapped_turns", "trapped_maybe", "fake_trapped_turns", "trapping_move", "trapping_turns"),
    *("trapping_total", "trapping_damage", "recharge", "thrash_move", "thrash_turns"),
    *("thrash_accuracy", "charging_move", "invulnerable", "substitute", "leech_seed", "reflect"),
    *("light_screen", "mist", "focus_energy", "disable_move", "disable_slot", "disable_turns"),
    *("rage", "rage_accuracy", "toxic", "toxic_counter"),
)
TWO_TURN = np.flatnonzero(consts.MOVE_TWO_TURN)
TRAPPING = np.flatnonzero(np.array(consts.MOVE_EFFECT) == consts.EFFECT_TRAPPING)
THRASHING = np.flatnonzero(np.array(consts.MOVE_EFFECT) == consts.EFFECT_THRASH)


def check_fields(given: Fields) -> None:
    """Refuse a state, given as fields (N, *shape), that no battle that goes on is in.

    Raises:
        ValueError: naming the field and its value, or the rule that is broken.
    """
    fields = {name: np.asarray(given[name]).astype(np.int64) for name, _, _ in consts.STATE}
    _require(fields["winner"] == 0, "winner is not 0: that battle is over")
    _in_range("turn", fields["turn"], 1, TURNS)
    slots = {name: fields[name] for name in TEAM_FIELDS}
    present = fields["species"] > 0
    _check_teams(slots, present)
    _check_order(fields["order"], present)
    _require((fields["hp"] > 0).any(-1), "a team has no Pokemon left")
    _check_memory(fields)
    front = fields["order"][..., :1] == np.arange(consts.TEAM_SIZE)
    hp = np.where(front, fields["hp"], 0).sum(-1)
    _check_active(fields, hp > 0)
    _check_own(fields, front, hp > 0)
    _check_request(fields["request"], hp == 0)


def _bad(name: str, values: np.ndarray, wrong: np.ndarray, accepted: str) -> None:
    if wrong.any():
        raise ValueError(f"{name} is {int(values[wrong][0])}; accepted: {accepted}")


def _in_range(
    name: str, values: np.ndarray, low: int, high: int, where: np.ndarray | None = None
) -> None:
    wrong = (values < low) | (values > high)
    if where is not None:
        wrong &= where.reshape(where.shape + (1,) * (values.ndim - where.ndim))
    _bad(name, values, wrong, f"{low} to {high}")


def _require(holds: Any, rule: str) -> None:
    if not np.asarray(holds).all():
        raise ValueError(rule)


def _check_teams(slots: Fields, present: np.ndarray) -> None:
    last = np.minimum.accumulate(present, axis=-1)
    empty = [np.abs(values).reshape(*present.shape, -1).sum(-1) for values in slots.values()]
    _require(
        (last == present) & (present | (sum(empty) == 0)),
        "a team's empty slots must be 0 and come last",
    )
    for name, (low, high) in SLOT_BOUNDS.items():
        _in_range(name, slots[name], low, high, present)
    base = np.array(consts.SPECIES_HP)[np.minimum(slots["species"], SPECIES)]
    top = (2 * base + slots["stat_points"][..., 0] + 100) * slots["level"] // 100 + 10
    wrong = present & (slots["hp"] > top)
    if wrong.any():
        raise ValueError(f"hp is {slots['hp'][wrong][0]}; accepted: 0 to {top[wrong][0]}")
    asleep = slots["status"] == consts.STATUS_SLP
    _in_range("sleep_turns", slots["sleep_turns"], 1, 7, asleep)
    _in_range("sleep_turns", slots["sleep_turns"], 0, 0, ~asleep)
    _require(asleep | (slots["slept_by_own"] == 0), "slept_by_own must be 0 for who is awake")
    well = (slots["status"] == 0) & (slots["substitute_broken"] == 0)
    _require((slots["hp"] > 0) | well, "a fainted Pokemon has no status and no substitute_broken")
    _check_moves("moves", slots["moves"], slots["pp"], present)


def _check_moves(name: str, moves: np.ndarray, pp: np.ndarray, where: np.ndarray) -> None:
    known = moves > 0
    dense = (np.minimum.accumulate(known, axis=-1) == known) & (known | (pp == 0))
    _require(
        ~where | (known[..., 0] & dense.all(-1)),
        f"{name} must be one to four, then 0 without PP",
    )
    _in_range(name, moves, 0, LAST_MOVE, where)
    _in_range("pp", pp, 0, MOST_PP, where)


def _check_order(order: np.ndarray, present: np.ndarray) -> None:
    size = present.sum(-1)[..., None]
    places = np.arange(consts.TEAM_SIZE)
    expected = np.where(places < size, places, consts.NO_POKEMON)
    _require(
        (size[..., 0] > 0)
        & (np.sort(order, axis=-1) == expected).all(-1)
        & ((order == consts.NO_POKEMON) == (places >= size)).all(-1),
        "order must have each slot of the team once, then 255",
    )


def _check_memory(fields: Fields) -> None:
    pseudo = (consts.MOVE_ID_CANNOTMOVE, consts.MOVE_ID_NOMOVE)
    for name in ("last_selected_move", "last_enemy_selected_move"):
        values = fields[name]
        wrong = ((values < 1) | (values > LAST_MOVE)) & ~np.isin(values, pseudo)
        _bad(name, values, wrong, "1 to 165, 167 and 168")
    _in_range("last_enemy_move", fields["last_enemy_move"], 0, LAST_MOVE)
    _in_range("last_selected_slot", fields["last_selected_slot"], 0, 3)
    _in_range("modified_stats", fields["modified_stats"], 1, HIGHEST_MODIFIED)


def _check_active(fields: Fields, alive: np.ndarray) -> None:
    rest = [np.abs(fields[n]).reshape(*alive.shape, -1).sum(-1) for n in EMPTY_WHEN_FAINTED]
    nobody = np.all([fields[n] == consts.NO_POKEMON for n in NOBODY], axis=0)
    typeless = (fields["types"] == consts.TYPE_NONE).all(-1)
    _require(
        alive | ((sum(rest) == 0) & nobody & typeless),
        "a fainted Pokemon has nothing but modified_stats",
    )
    for name, (low, high) in ACTIVE_BOUNDS.items():
        _in_range(name, fields[name], low, high, alive)
    for name in FLAGS:
        _in_range(name, fields[name], 0, 1)
    first, second = fields["types"][..., 0], fields["types"][..., 1]
    _in_range("types", first, 0, consts.TYPE_DRAGON, alive)
    _in_range("types", second, 0, consts.TYPE_DRAGON, alive & (second != consts.TYPE_NONE))
    _check_moves("active_moves", fields["active_moves"], fields["active_pp"], alive)
    _check_trapping(fields)
    _check_conditions(fields)
    engaged = ("recharge", "rage", "thrash_move", "charging_move", "bide_turns", "trapping_move")
    _require(
        sum((fields[name] != 0).astype(int) for name in engaged) <= 1,
        "only one of recharge, rage, thrash_move, charging_move, bide_turns and trapping_move can "
        "be other than 0",
    )


def _together(name: str, there: np.ndarray, number: np.ndarray) -> None:
    """A Pokemon's number is there if, and only if, what it belongs to is."""
    _in_range(name, number, 0, 2 * consts.TEAM_SIZE - 1, there)
    _in_range(name, number, consts.NO_POKEMON, consts.NO_POKEMON, ~there)


def _of_kind(name: str, number: np.ndarray, kind: np.ndarray) -> None:
    wrong = (number != 0) & ~np.isin(number, kind)
    if wrong.any():
        raise ValueError(f"{name} is {int(number[wrong][0])}, which is no move of that kind")


def _check_trapping(fields: Fields) -> None:
    trapped, traps = fields["trapped_turns"] != 0, fields["trapping_move"] != 0
    _together("trapped_by", trapped, fields["trapped_by"])
    _require(
        trapped | (fields["trapped_maybe"] == 0),
        "trapped_maybe must be 0 for who is not trapped",
    )
    _together("fake_trapped_with", fields["fake_trapped_turns"] != 0, fields["fake_trapped_with"])
    _together("trapping_target", traps, fields["trapping_target"])
    names = ("trapping_turns", "trapping_total", "trapping_damage")
    _require(
        traps | (sum(fields[name] for name in names) == 0),
        "trapping_turns, _total and _damage must be 0 without a trapping_move",
    )
    _of_kind("trapping_move", fields["trapping_move"], TRAPPING)
    _in_range("trapping_total", fields["trapping_total"], 2, 5, traps)
    _in_range("trapping_turns", fields["trapping_turns"], 1, 5, traps)
    _require(
        fields["trapping_turns"] <= fields["trapping_total"],
        "trapping_turns must be at most trapping_total",
    )


def _check_conditions(fields: Fields) -> None:
    _require(
        (fields["bide_turns"] != 0) | (fields["bide_damage"] == 0),
        "bide_damage must be 0 without Bide",
    )
    thrashes, disabled = fields["thrash_move"] != 0, fields["disable_move"] != 0
    _of_kind("thrash_move", fields["thrash_move"], THRASHING)
    _in_range("thrash_turns", fields["thrash_turns"], 1, 3, thrashes)
    _in_range("thrash_accuracy", fields["thrash_accuracy"], 1, 255, thrashes)
    _require(
        thrashes | (fields["thrash_turns"] + fields["thrash_accuracy"] == 0),
        "thrash_turns and _accuracy must be 0 without a thrash_move",
    )
    _of_kind("charging_move", fields["charging_move"], TWO_TURN)
    _in_range("disable_turns", fields["disable_turns"], 1, 8, disabled)
    _in_range("disable_turns", fields["disable_turns"], 0, 0, ~disabled)
    _require(
        disabled | (fields["disable_slot"] == 0),
        "disable_slot must be 0 without a disable_move",
    )
    rages = fields["rage"] != 0
    _in_range("rage_accuracy", fields["rage_accuracy"], 1, 255, rages)
    _in_range("rage_accuracy", fields["rage_accuracy"], 0, 0, ~rages)
    _require(
        (fields["toxic"] != 0) | (fields["toxic_counter"] == 0),
        "toxic_counter must be 0 without toxic",
    )


def _check_own(fields: Fields, front: np.ndarray, alive: np.ndarray) -> None:
    """Moves and PP are the Pokemon's own, but for Transform's and Mimic's."""
    status = np.where(front, fields["status"], 0).sum(-1)
    _require(
        ~alive | (status != consts.STATUS_TOX) | (fields["toxic"] != 0),
        "toxic must be 1 for who is badly poisoned and out",
    )
    transformed = fields["transformed"] != 0
    _require(~transformed | (fields["virtual"] == 0), "virtual must be 0 after Transform")
    own_moves, own_pp = (
        np.where(front[..., None], fields[name], 0).sum(-2) for name in ("moves", "pp")
    )
    copied = (fields["virtual"][..., None] >> np.arange(4)) & 1 == 1
    same = (fields["active_moves"] == own_moves) | (copied & (own_moves != 0))
    same &= fields["active_pp"] == own_pp
    _require(
        ~alive | transformed | same.all(-1),
        "active_moves and active_pp must be the Pokemon's own",
    )


def _check_request(request: np.ndarray, fallen: np.ndarray) -> None:
    some = fallen.any(-1, keepdims=True)
    asked = np.where(some, consts.REQUEST_WAIT, consts.REQUEST_MOVE)
    asked = np.where(fallen, consts.REQUEST_SWITCH, asked)
    _require(
        request == asked,
        "request must be 1 for both, or 2 for who has to replace a Pokemon and 0 for the other",
    )
