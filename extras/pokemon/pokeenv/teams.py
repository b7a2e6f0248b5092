"""Teams of the pools in Showdown's packed text, as its server and poke-env's players take them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from poke_env.teambuilder import Teambuilder

from references.pokemon import pools, sets, tables
from references.pokemon.sets import PokemonSet

HIGHEST_DV = 15
MOST_EV_POINTS = 63
"""An EV of 252, by 4."""


def packed(team: Iterable[PokemonSet]) -> str:
    """A team in Showdown's packed text (sim/TEAMS.md in the package), as its validator takes it."""
    return "]".join(_packed(pokemon) for pokemon in team)


def spread(points: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """DVs and EVs of HP, attack, defense, speed and special that make these stat points.

    The HP DV is the one that the others make, which Showdown's validator asks for.

    Raises:
        ValueError: if there are none.
    """
    for hp in range(HIGHEST_DV, -1, -1):
        bits = [hp >> shift & 1 for shift in (3, 2, 1, 0)]
        others = [_highest(p, bit) for p, bit in zip(points[1:], bits, strict=True)]
        dvs = [hp, *others]
        evs = [4 * (p - 2 * dv) for p, dv in zip(points, dvs, strict=True)]
        if min(others) >= 0 and 0 <= evs[0] <= 4 * MOST_EV_POINTS:
            return dvs, evs
    raise ValueError(f"no DVs and EVs make the stat points {points}")


def _highest(points: int, lowest_bit: int) -> int:
    """The highest DV with that lowest bit that leaves an EV to make up the rest; -1 for none."""
    for dv in range(HIGHEST_DV, -1, -1):
        if dv & 1 == lowest_bit and 0 <= points - 2 * dv <= MOST_EV_POINTS:
            return dv
    return -1


def _packed(pokemon: PokemonSet) -> str:
    dvs, evs = spread(pokemon.points)
    if pokemon.level not in (0, 100) and evs[0] < 4 * MOST_EV_POINTS + 3:
        evs[0] += 1  # changes no stat, and tells the validator that the level is meant
    moves = ",".join(tables.MOVE_IDS[move] for move in pokemon.moves)
    given = (_six(evs), _six([2 * dv for dv in dvs]))
    level = "" if pokemon.level == 100 else str(pokemon.level)
    name = tables.SPECIES_NAMES[pokemon.species]
    # name, species, item, ability, moves, nature, EVs, gender, IVs, shiny, level, the rest
    return f"{name}|||No Ability|{moves}||{given[0]}||{given[1]}||{level}|"


def _six(values: list[int]) -> str:
    """HP, attack, defense, speed, special as Showdown orders them: special twice, speed last."""
    hp, attack, defense, speed, special = values
    return f"{hp},{attack},{defense},{special},{special},{speed}"


def drawn_teams(battle_format: str, battles: int, seed: int, side: int) -> TeamsInTurn | None:
    """Teams for a player to bring, one a battle, from the environment's pool.

    Args:
        battle_format: gen1ou; None comes back for gen1randombattle, whose teams the server makes.
        battles: how many.
        seed: the same for both sides.
        side: 0 or 1, of the drawn pairs.
    """
    if battle_format != "gen1ou":
        return None
    pool = pools.load(1)
    pairs = np.random.default_rng(seed).integers(len(pool), size=battles)
    return TeamsInTurn([packed(sets.unpack_team(pool[pair, side])) for pair in pairs])


class TeamsInTurn(Teambuilder):  # type: ignore[misc]
    """Gives a player one team a battle, in order.

    Raises:
        StopIteration: when there are no more.
    """

    def __init__(self, teams: Iterable[str]) -> None:
        self._teams: Iterator[str] = iter(teams)

    def yield_team(self) -> str:
        """The next one, packed."""
        return next(self._teams)
