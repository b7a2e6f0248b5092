"""The pool of gen1randombattle: pairs of teams from Showdown's generator, by seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from references.pokemon import tables
from references.pokemon.data import package
from references.pokemon.sets import PokemonSet, hp_dv
from references.threefry import threefry2x32

PAIRS = 4096
SCRIPT = Path(__file__).resolve().parent / "drawn.js"


def seed(pair: int, side: int) -> str:
    """The seed of a team in Showdown's notation: 64 bits, mixed so that neighbours are unlike."""
    high, low = threefry2x32((0, 0), (pair, side))
    return f"gen5,{high:08X}{low:08X}"


def random_pairs(number: int = PAIRS) -> list[tuple[list[PokemonSet], list[PokemonSet]]]:
    """The first `number` pairs of teams."""
    seeds = [[seed(pair, 0), seed(pair, 1)] for pair in range(number)]
    drawn = package.run_script(SCRIPT, seeds)
    return [
        ([*map(from_showdown, first)], [*map(from_showdown, second)]) for first, second in drawn
    ]


def from_showdown(given: dict[str, Any]) -> PokemonSet:
    """A set of Showdown's by numbers."""
    ivs, evs = given["ivs"], given["evs"]
    names = ("atk", "def", "spe", "spa")
    assert ivs["hp"] // 2 == hp_dv(*(ivs[name] // 2 for name in names))
    assert ivs["spd"] == ivs["spa"] and evs["spd"] == evs["spa"]
    return PokemonSet(
        species=tables.SPECIES_NAMES.index(given["species"]),
        level=given["level"],
        moves=tuple(tables.MOVE_IDS.index(move) for move in given["moves"]),
        points=tuple((ivs[name] & 30) + evs[name] // 4 for name in ("hp", *names)),
    )
