"""One Pokémon as a team holds it, its stats, and its 11 bytes in a pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from references.pokemon import tables

BYTES = 11
"""species, level, four moves, five stat points; all 0 for an empty slot."""
STATS = ("HP", "ATK", "DEF", "SPE", "SPC")

Numbers = TypeVar("Numbers", int, np.ndarray)


@dataclass(frozen=True)
class PokemonSet:
    """A Pokémon by numbers: what decides anything of it before a battle begins.

    `points` are 2 * DV + EV // 4 for HP, Attack, Defense, Speed and Special: a DV and an EV
    decide nothing else (Showdown 0.11.11, sim/battle.ts, statModify; its IVs are 2 * DV).
    """

    species: int
    level: int
    moves: tuple[int, ...]
    points: tuple[int, ...]


def hp_dv(attack: int, defense: int, speed: int, special: int) -> int:
    """The HP DV that the other four make: their lowest bits."""
    return (attack & 1) << 3 | (defense & 1) << 2 | (speed & 1) << 1 | (special & 1)


def hp(base: Numbers, points: Numbers, level: Numbers) -> Numbers:
    """Maximum HP (Showdown 0.11.11, sim/battle.ts, statModify), of integers or arrays of them."""
    value: Numbers = (2 * base + points + 100) * level // 100 + 10
    return value


def stat(base: Numbers, points: Numbers, level: Numbers) -> Numbers:
    """Any other stat, likewise."""
    value: Numbers = (2 * base + points) * level // 100 + 5
    return value


def stats(pokemon: PokemonSet) -> tuple[int, ...]:
    """Maximum HP, Attack, Defense, Speed, Special."""
    bases = []
    for name in STATS:
        column = tables.CONSTANTS[f"SPECIES_{name}"]
        assert isinstance(column, tuple)
        bases.append(column[pokemon.species])
    first = hp(bases[0], pokemon.points[0], pokemon.level)
    others = zip(bases[1:], pokemon.points[1:], strict=True)
    return (first, *(stat(base, points, pokemon.level) for base, points in others))


def pack(pokemon: PokemonSet) -> np.ndarray:
    """(11,) uint8."""
    moves = (*pokemon.moves, 0, 0, 0)[:4]
    return np.array([pokemon.species, pokemon.level, *moves, *pokemon.points], np.uint8)


def unpack(packed: np.ndarray) -> PokemonSet | None:
    """What `pack` wrote, from (11,) uint8; None for an empty slot."""
    species, level, *rest = (int(byte) for byte in packed)
    if species == 0:
        return None
    moves = tuple(move for move in rest[:4] if move)
    return PokemonSet(species, level, moves, tuple(rest[4:]))


def pack_team(team: list[PokemonSet]) -> np.ndarray:
    """(6, 11) uint8; fewer than six are followed by empty slots."""
    packed = np.zeros((6, BYTES), np.uint8)
    for slot, pokemon in enumerate(team):
        packed[slot] = pack(pokemon)
    return packed


def unpack_team(packed: np.ndarray) -> list[PokemonSet]:
    """The one to six Pokémon of (6, 11) uint8."""
    return [pokemon for row in packed if (pokemon := unpack(row)) is not None]


def to_showdown(pokemon: PokemonSet) -> dict[str, Any]:
    """A set as Showdown's `Battle` takes it, with the same stats.

    Its DVs and EVs are one choice of many: the highest DV with the points, the rest by EV.
    """
    ivs, evs = {}, {}
    for name, points in zip(("hp", "atk", "def", "spe", "spa"), pokemon.points, strict=True):
        ivs[name] = min(30, points & ~1)
        evs[name] = 4 * (points - ivs[name])
    ivs["spd"], evs["spd"] = ivs["spa"], evs["spa"]
    name = tables.SPECIES_NAMES[pokemon.species]
    return {
        "name": name,
        "species": name,
        "level": pokemon.level,
        "moves": [tables.MOVE_IDS[move] for move in pokemon.moves],
        "ivs": ivs,
        "evs": evs,
    }
