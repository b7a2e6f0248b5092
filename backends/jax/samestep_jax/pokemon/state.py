"""STATE as arrays, and the two sides that the rules work on, made from it and put back."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from samestep_jax.core.threefry import Key
from samestep_jax.pokemon import battle, consts, status
from samestep_jax.pokemon.battle import Side
from samestep_jax.pokemon.packing import NO_STAGES, Stats, choose, quotient, stage, stats_of

NUMBERS = (
    *("active_species", "speed", "virtual", "last_move", "bide_turns", "bide_damage", "confusion"),
    *("trapped_turns", "trapped_by", "fake_trapped_turns", "fake_trapped_with", "trapping_move"),
    *("trapping_turns", "trapping_total", "trapping_damage", "trapping_target", "thrash_move"),
    *("thrash_turns", "thrash_accuracy", "charging_move", "substitute", "disable_move"),
    *("disable_slot", "disable_turns", "rage_accuracy", "toxic_counter"),
)
"""Fields of an active Pokemon that a Side holds as they are."""
NOBODY = ("trapped_by", "fake_trapped_with", "trapping_target")
"""Those of them that name a Pokemon."""
FLAGS = {
    "transformed": battle.TRANSFORMED,
    "flinch": battle.FLINCH,
    "trapped_maybe": battle.TRAPPED_MAYBE,
    "recharge": battle.RECHARGE,
    "invulnerable": battle.INVULNERABLE,
    "leech_seed": battle.LEECH_SEED,
    "reflect": battle.REFLECT,
    "light_screen": battle.LIGHT_SCREEN,
    "mist": battle.MIST,
    "focus_energy": battle.FOCUS_ENERGY,
    "rage": battle.RAGE,
    "toxic": battle.TOXIC,
}
"""Fields of an active Pokemon that are bits of a Side's flags."""
MEMORY = (
    *("last_selected_move", "last_enemy_selected_move", "last_enemy_move", "last_selected_slot"),
)
"""A side's own fields."""
FIELDS_OF_SIDES = {
    name: shape[1:] for name, _, shape in consts.STATE if name not in ("rng", "request") and shape
}
"""The fields with a first axis of a side, and the shape of what follows it."""


class PokemonState(NamedTuple):
    """STATE, and the key and time that the next battle and the opponent are drawn from.

    Fields are as references/pokemon/spec.py describes them.
    """

    key: Key  # two () u32, the env_key
    t: jax.Array  # () u32, steps taken in this episode
    species: jax.Array  # (2, 6) u8
    level: jax.Array  # (2, 6) u8
    stat_points: jax.Array  # (2, 6, 5) u8
    hp: jax.Array  # (2, 6) u16
    status: jax.Array  # (2, 6) u8
    sleep_turns: jax.Array  # (2, 6) u8
    slept_by_own: jax.Array  # (2, 6) u8
    moves: jax.Array  # (2, 6, 4) u8
    pp: jax.Array  # (2, 6, 4) u8
    substitute_broken: jax.Array  # (2, 6) u8
    seen: jax.Array  # (2, 6) u8
    revealed: jax.Array  # (2, 6) u8
    order: jax.Array  # (2, 6) u8
    active_species: jax.Array  # (2,) u8
    types: jax.Array  # (2, 2) u8
    transformed: jax.Array  # (2,) u8
    active_stats: jax.Array  # (2, 4) u16
    modified_stats: jax.Array  # (2, 4) u16
    speed: jax.Array  # (2,) u16
    boosts: jax.Array  # (2, 6) i8
    active_moves: jax.Array  # (2, 4) u8
    active_pp: jax.Array  # (2, 4) u8
    virtual: jax.Array  # (2,) u8
    last_move: jax.Array  # (2,) u8
    bide_turns: jax.Array  # (2,) u8
    bide_damage: jax.Array  # (2,) u16
    confusion: jax.Array  # (2,) u8
    flinch: jax.Array  # (2,) u8
    trapped_turns: jax.Array  # (2,) u8
    trapped_by: jax.Array  # (2,) u8
    trapped_maybe: jax.Array  # (2,) u8
    fake_trapped_turns: jax.Array  # (2,) u8
    fake_trapped_with: jax.Array  # (2,) u8
    trapping_move: jax.Array  # (2,) u8
    trapping_turns: jax.Array  # (2,) u8
    trapping_total: jax.Array  # (2,) u8
    trapping_damage: jax.Array  # (2,) u16
    trapping_target: jax.Array  # (2,) u8
    recharge: jax.Array  # (2,) u8
    thrash_move: jax.Array  # (2,) u8
    thrash_turns: jax.Array  # (2,) u8
    thrash_accuracy: jax.Array  # (2,) u8
    charging_move: jax.Array  # (2,) u8
    invulnerable: jax.Array  # (2,) u8
    substitute: jax.Array  # (2,) u8
    leech_seed: jax.Array  # (2,) u8
    reflect: jax.Array  # (2,) u8
    light_screen: jax.Array  # (2,) u8
    mist: jax.Array  # (2,) u8
    focus_energy: jax.Array  # (2,) u8
    disable_move: jax.Array  # (2,) u8
    disable_slot: jax.Array  # (2,) u8
    disable_turns: jax.Array  # (2,) u8
    rage: jax.Array  # (2,) u8
    rage_accuracy: jax.Array  # (2,) u8
    toxic: jax.Array  # (2,) u8
    toxic_counter: jax.Array  # (2,) u8
    last_selected_move: jax.Array  # (2,) u8
    last_enemy_selected_move: jax.Array  # (2,) u8
    last_enemy_move: jax.Array  # (2,) u8
    last_selected_slot: jax.Array  # (2,) u8
    turn: jax.Array  # () u16
    last_damage: jax.Array  # () u16
    rng: jax.Array  # (2,) u32
    request: jax.Array  # (2,) u8
    winner: jax.Array  # () u8


Fields = dict[str, jax.Array]
"""Some of STATE's fields by name, as i32."""


def side_fields(state: PokemonState) -> Fields:
    """The fields with a side axis, (2, ...) i32."""
    return {name: getattr(state, name).astype(jnp.int32) for name in FIELDS_OF_SIDES}


def read(fields: Fields, number: jax.Array, slot: jax.Array, enters: jax.Array) -> Side:
    """One side as the rules work on it.

    Args:
        fields: those of `FIELDS_OF_SIDES`, of one side.
        number: 0 or 1, the side.
        slot: of the Pokemon that is active, or becomes so.
        enters: whether it has just been sent in, with nothing left of the one before it.
    """
    at = jnp.arange(consts.TEAM_SIZE) == slot

    def own(name: str) -> jax.Array:
        return jnp.where(at, fields[name], 0).sum()

    species, level, condition = own("species"), own("level"), own("status")
    points = jnp.where(at[:, None], fields["stat_points"], 0).sum(0)
    stats, top_hp = _own_stats(species, level, points)
    moves, pp = (_bytes(fields[n], at) for n in ("moves", "pp"))
    # Toxic is plain poison after a switch.
    tox = enters & (condition == consts.STATUS_TOX)
    condition = jnp.where(tox, consts.STATUS_PSN, condition)
    fresh = {name: jnp.int32(0) for name in NUMBERS}
    fresh |= {name: jnp.int32(consts.NO_POKEMON) for name in NOBODY}
    modified = status.with_drops(stats, condition, jnp.bool_(True))
    fresh |= {"active_species": species, "speed": modified.speed}
    numbers = {n: jnp.where(enters, fresh[n], fields[n]) for n in NUMBERS}
    flags = jnp.int32(0)
    for name, bit in FLAGS.items():
        flags |= jnp.where(fields[name] != 0, bit, 0)
    benched = ~at & (fields["hp"] > 0)
    asleep = benched & (fields["status"] == consts.STATUS_SLP) & (fields["slept_by_own"] == 0)
    frozen = benched & (fields["status"] == consts.STATUS_FRZ)
    flags = jnp.where(enters, 0, flags)
    flags |= jnp.where(own("substitute_broken") != 0, battle.SUBSTITUTE_BROKEN, 0)
    flags |= jnp.where(own("slept_by_own") != 0, battle.SLEPT_BY_OWN, 0)
    flags |= jnp.where(asleep.any(), battle.TEAM_ASLEEP, 0)
    flags |= jnp.where(frozen.any(), battle.TEAM_FROZEN, 0)
    held = fields["boosts"]
    stages = sum((held[i] + 6) << (4 * i) for i in range(6))
    types = fields["types"][0] | (fields["types"][1] << 8)
    return Side(
        number=number * consts.TEAM_SIZE + slot,
        species=species,
        level=level,
        speed_points=points[3],
        top_hp=top_hp,
        own=stats,
        hp=own("hp"),
        status=condition,
        sleep_turns=own("sleep_turns"),
        moves=moves,
        pp=pp,
        revealed=own("revealed"),
        types=jnp.where(enters, types_of(species), types),
        stats=choose(enters, stats, _pair_up(fields["active_stats"])),
        modified=choose(enters, modified, _pair_up(fields["modified_stats"])),
        stages=jnp.where(enters, NO_STAGES, stages),
        active_moves=jnp.where(enters, moves, _word(fields["active_moves"])),
        active_pp=jnp.where(enters, pp, _word(fields["active_pp"])),
        flags=flags,
        **numbers,
        **{name: fields[name] for name in MEMORY},
    )


def types_of(species: jax.Array) -> jax.Array:
    """A species' types, two bytes."""
    table = jnp.asarray(
        [a | (b << 8) for a, b in zip(consts.SPECIES_TYPE1, consts.SPECIES_TYPE2, strict=True)],
        jnp.int32,
    )
    return table[species]


BASE_STATS = tuple(
    zip(
        *(getattr(consts, f"SPECIES_{stat}") for stat in ("HP", "ATK", "DEF", "SPE", "SPC")),
        strict=True,
    )
)
"""By species: base HP, attack, defense, speed, special."""


def _own_stats(species: jax.Array, level: jax.Array, points: jax.Array) -> tuple[Stats, jax.Array]:
    """Unmodified stats and maximum HP. Source: Showdown 0.11.11, sim/battle.ts, statModify."""
    values = all_stats(species, level, points)
    return stats_of(values[1], values[2], values[3], values[4]), values[0]


def all_stats(species: jax.Array, level: jax.Array, points: jax.Array) -> jax.Array:
    """(..., 5) HP, attack, defense, speed, special of (...) species and levels."""
    doubled = 2 * jnp.asarray(BASE_STATS, jnp.int32)[species] + points
    is_hp = jnp.arange(5) == 0
    scaled = quotient((doubled + jnp.where(is_hp, 100, 0)) * level[..., None], 100)
    return scaled + jnp.where(is_hp, 10, 5)


def _bytes(values: jax.Array, at: jax.Array) -> jax.Array:
    """The four bytes of the one slot of (6, 4) that `at` marks, as a word."""
    return _word(jnp.where(at[:, None], values, 0).sum(0))


def _word(values: jax.Array) -> jax.Array:
    """Four bytes as a word."""
    return values[0] | (values[1] << 8) | (values[2] << 16) | (values[3] << 24)


def _pair_up(values: jax.Array) -> Stats:
    return stats_of(values[0], values[1], values[2], values[3])


def slot_of(side: Side) -> jax.Array:
    """Its place in its team, 0 to 5."""
    size = consts.TEAM_SIZE
    return jnp.where(side.number >= size, side.number - size, side.number)


def write(side: Side, fields: Fields) -> Fields:
    """One side's fields again, with `side` as its active Pokemon.

    One that has fainted keeps nothing but the speed that decides who is replaced first.
    """
    at = jnp.arange(consts.TEAM_SIZE) == slot_of(side)
    alive = side.hp > 0
    fainted = status.with_drops(side.own, side.status, jnp.bool_(True))
    modified = choose(alive, side.modified, fainted)
    asleep = side.status == consts.STATUS_SLP
    slots = {
        "hp": side.hp,
        "status": jnp.where(alive, side.status, 0),
        "sleep_turns": jnp.where(alive & asleep, side.sleep_turns, 0),
        "slept_by_own": side.has(battle.SLEPT_BY_OWN) & alive & asleep,
        "substitute_broken": side.has(battle.SUBSTITUTE_BROKEN) & alive,
        "revealed": side.revealed,
    }
    out = {name: jnp.where(at, value, fields[name]) for name, value in slots.items()}
    out["pp"] = jnp.where(at[:, None], _spread(side.pp), fields["pp"])
    active: Fields = {name: getattr(side, name) for name in NUMBERS}
    active |= {name: side.has(bit).astype(jnp.int32) for name, bit in FLAGS.items()}
    active["active_stats"] = _four(side.stats)
    active["boosts"] = jnp.stack([stage(side.stages, i) for i in range(6)])
    active["active_moves"] = _spread(side.active_moves)
    active["active_pp"] = _spread(side.active_pp)
    out |= {name: jnp.where(alive, value, 0) for name, value in active.items()}
    for name in NOBODY:
        out[name] = jnp.where(alive, getattr(side, name), consts.NO_POKEMON)
    kinds = jnp.stack([side.types & 255, side.types >> 8])
    out["types"] = jnp.where(alive, kinds, consts.TYPE_NONE)
    out["modified_stats"] = _four(modified)
    out |= {name: getattr(side, name) for name in MEMORY}
    return fields | out


def _spread(word: jax.Array) -> jax.Array:
    """A word's four bytes."""
    return (word >> (8 * jnp.arange(4))) & 255


def _four(stats: Stats) -> jax.Array:
    return jnp.stack([stats.attack, stats.defense, stats.speed, stats.special])
