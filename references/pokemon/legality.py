"""Whether a team is legal in gen1ou: what Showdown's validator asks, from the tables.

Source of the rules: Showdown 0.11.11, sim/team-validator.ts and data/rulesets.ts with gen 1's and
gen 2's; tests/pokemon/test_teams.py holds this against that validator.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from references.pokemon import tables
from references.pokemon.sets import PokemonSet, hp_dv

STATS = ("hp", "atk", "def", "spe", "spa", "spd")
"""Gen 1 has one Special: `spa` counts, `spd` is held against its bounds and then left out."""
DV_STATS = ("atk", "def", "spe", "spa")


class TeamError(ValueError):
    """A team that is refused; one line that names the Pokémon and what is accepted."""


@dataclass(frozen=True)
class Written:
    """A Pokémon of a team as it is written: names in words, IVs 0 to 31 (twice a DV), EVs."""

    species: str
    level: int
    moves: tuple[str, ...]
    ivs: Mapping[str, int]
    evs: Mapping[str, int]
    item: str = ""


def to_id(name: str) -> str:
    """A name as Showdown compares it: small letters and digits only."""
    plain = name.replace("\u2640", "F").replace("\u2642", "M").lower()
    return re.sub(r"[^a-z0-9]", "", plain)


def check(team: list[Written], bans: bool) -> list[PokemonSet]:
    """The team by numbers.

    Raises:
        TeamError: for the first thing that is not legal.
    """
    if not 1 <= len(team) <= 6:
        raise TeamError(f"{len(team)} Pokémon; accepted: 1 to 6")
    checked: list[PokemonSet] = []
    for number, written in enumerate(team, 1):
        where = f"Pokémon {number} ({written.species})"
        checked.append(_check_one(written, bans, where))
        if checked[-1].species in [other.species for other in checked[:-1]]:
            raise TeamError(f"{where}: a second one; accepted: one of each species")
    return checked


def _check_one(written: Written, bans: bool, where: str) -> PokemonSet:
    species = _species(written, bans, where)
    if not 1 <= written.level <= 100:
        raise TeamError(f"{where}: level {written.level}; accepted: 1 to 100")
    if to_id(written.item) not in ("", "noitem"):
        raise TeamError(f"{where}: item {written.item!r}; accepted: none, in generation 1")
    moves = _moves(written, species, bans, where)
    _check_level(species, moves, written.level, where)
    _check_dvs(written.ivs, where)
    _check_evs(written.evs, written.level, where)
    points = tuple((written.ivs[stat] & 30) + written.evs[stat] // 4 for stat in ("hp", *DV_STATS))
    return PokemonSet(species, written.level, moves, points)


def _species(written: Written, bans: bool, where: str) -> int:
    name = to_id(written.species)
    if name not in tables.SPECIES_IDS[1:]:
        raise TeamError(f"{where}: no such species; accepted: the 151 of generation 1")
    species = tables.SPECIES_IDS.index(name)
    if bans and species in tables.BANNED_SPECIES:
        banned = " and ".join(tables.SPECIES_NAMES[one] for one in sorted(tables.BANNED_SPECIES))
        raise TeamError(f"{where}: banned in gen1ou; accepted: all species but {banned}")
    return species


def _moves(written: Written, species: int, bans: bool, where: str) -> tuple[int, ...]:
    """Their numbers: one to four, each once, that the species can have together."""
    if not 1 <= len(written.moves) <= 4:
        raise TeamError(f"{where}: {len(written.moves)} moves; accepted: 1 to 4")
    learnt = tables.LOWEST_LEVELS[species]
    numbers: list[int] = []
    for name in written.moves:
        if to_id(name) not in tables.MOVE_IDS[1:]:
            raise TeamError(f"{where}: no move {name!r}; accepted: those of generation 1")
        move = tables.MOVE_IDS.index(to_id(name))
        if move not in learnt:
            some = ", ".join(tables.MOVE_NAMES[one] for one in learnt)
            raise TeamError(f"{where}: cannot learn {tables.MOVE_NAMES[move]}; accepted: {some}")
        if bans and move in tables.BANNED_MOVES:
            banned = ", ".join(tables.MOVE_NAMES[one] for one in sorted(tables.BANNED_MOVES))
            raise TeamError(f"{where}: {tables.MOVE_NAMES[move]} is banned; accepted: no {banned}")
        if move in numbers:
            raise TeamError(f"{where}: {tables.MOVE_NAMES[move]} twice; accepted: each move once")
        numbers.append(move)
    for first in numbers:
        for second in numbers:
            if (species, first, second) in tables.IMPOSSIBLE_PAIRS:
                one, other = tables.MOVE_NAMES[first], tables.MOVE_NAMES[second]
                raise TeamError(f"{where}: {one} and {other}; accepted: one or the other")
    return tuple(numbers)


def _check_level(species: int, moves: tuple[int, ...], level: int, where: str) -> None:
    lowest = {move: tables.LOWEST_LEVELS[species][move] for move in moves}
    latest = max(moves, key=lambda move: lowest[move])
    if level < lowest[latest]:
        raise TeamError(
            f"{where}: level {level} with {tables.MOVE_NAMES[latest]}; "
            f"accepted: {lowest[latest]} to 100"
        )


def _check_dvs(ivs: Mapping[str, int], where: str) -> None:
    for stat in STATS:
        if not 0 <= ivs[stat] <= 31:
            raise TeamError(
                f"{where}: an IV of {ivs[stat]} ({stat}); accepted: 0 to 31, twice a DV"
            )
    made = hp_dv(*(ivs[stat] // 2 for stat in DV_STATS))
    if ivs["hp"] // 2 != made:
        raise TeamError(
            f"{where}: an HP IV of {ivs['hp']}; accepted: {2 * made}, which the others make "
            f"(an HP DV of {made})"
        )


def _check_evs(evs: Mapping[str, int], level: int, where: str) -> None:
    """Bounds, and the totals that Showdown's validator takes for slips of another generation."""
    for stat in STATS:
        if not 0 <= evs[stat] <= 255:
            raise TeamError(f"{where}: {evs[stat]} EVs ({stat}); accepted: 0 to 255")
    total = sum(evs[stat] for stat in ("hp", *DV_STATS, "spa"))  # Special counts twice
    slip = (total == 0 and level > 1) or total in (508, 510)
    if slip or (level == 50 and total % 4 == 0):
        raise TeamError(
            f"{where}: {total} EVs in all at level {level}, which Showdown takes for a slip "
            "(Special counts twice); accepted: one more or less in a stat"
        )
