"""Pairs of teams that reach what random battles do not: every move, every odd situation.

All are legal in gen1ou, or would be but for its bans; Showdown's validator says so of each.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

from references.pokemon import tables
from references.pokemon.data import validator
from references.pokemon.data.drawn import from_showdown
from references.pokemon.sets import PokemonSet, hp_dv

PAIRS = 1024
SEEDS = {False: 1, True: 2}  # by `allow_banned`

THEMES = ("full", "mirror", "spread", "low", "few", "tricks", "copies", "traps")
"""What pair i is about: THEMES[i % 8]. All but the named ones draw from all moves."""
FOCUS: dict[str, tuple[str, ...]] = {
    "copies": ("METRONOME", "MIMIC", "MIRROR_MOVE", "TRANSFORM"),
    "traps": (
        "TRAPPING", "HAZE", "SUBSTITUTE", "BIDE", "COUNTER", "DISABLE", "RAGE", "THRASH",
        "RECHARGE", "REST", "LEECH_SEED", "CONFUSE",
    ),
}  # fmt: skip
"""The kinds of moves of which everyone in a team of such a theme has one."""

Set = dict[str, Any]


def effects() -> tuple[int, ...]:
    """MOVE_EFFECT."""
    column = tables.CONSTANTS["MOVE_EFFECT"]
    assert isinstance(column, tuple)
    return column


class Draws:
    """Random choices that are the same in every version of Python: only `random()` is."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def below(self, n: int) -> int:
        return int(self._random() * n)

    def some(self, items: Sequence[int], number: int) -> list[int]:
        """`number` of the items, or all if there are fewer, in random order."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(min(number, len(left)))]


class Maker:
    """Makes sets around a move in focus; the focus goes round all moves, so each comes often."""

    def __init__(self, allow_banned: bool) -> None:
        self.draws = Draws(SEEDS[allow_banned])
        self.banned_moves = frozenset() if allow_banned else tables.BANNED_MOVES
        banned_species = frozenset() if allow_banned else tables.BANNED_SPECIES
        self.species = [number for number in range(1, 152) if number not in banned_species]
        self.moves = [
            move
            for move in range(1, 165)
            if move not in self.banned_moves and any(self._learners(move))
        ]
        self.decks = {
            theme: self._deck(
                [move for move in self.moves if theme not in FOCUS or self._is_of(move, theme)]
            )
            for theme in THEMES
        }

    def _learners(self, move: int) -> Iterator[int]:
        return (number for number in self.species if move in tables.LOWEST_LEVELS[number])

    @staticmethod
    def _is_of(move: int, theme: str) -> bool:
        kinds = [tables.CONSTANTS[f"EFFECT_{kind}"] for kind in FOCUS[theme]]
        return effects()[move] in kinds

    def _deck(self, moves: list[int]) -> Iterator[int]:
        while True:
            yield from self.draws.some(moves, len(moves))

    def team(self, theme: str, like: list[Set] | None = None) -> list[Set]:
        """One to six sets, no species twice; each as the one of `like` but for its moves."""
        if like is not None:
            return [{**one, "moves": self._ids(self._moves(one, theme))} for one in like]
        size = 1 + self.draws.below(3) if theme == "few" else 6
        team: list[Set] = []
        taken: set[int] = set()
        while len(team) < size:
            focus = next(self.decks[theme])
            learners = [number for number in self._learners(focus) if number not in taken]
            if learners:
                species = learners[self.draws.below(len(learners))]
                taken.add(species)
                team.append(self._set(species, focus, theme))
        return team

    def _set(self, species: int, focus: int, theme: str) -> Set:
        moves = self._choose(species, focus, theme)
        lowest = max(tables.LOWEST_LEVELS[species][move] for move in moves)
        level = 100
        if theme == "low":
            level = min(100, lowest + self.draws.below(10))
        elif theme == "spread":
            level = lowest + self.draws.below(101 - lowest)
        dvs, evs = self._spread(level, odd=theme in ("spread", "low"))
        return {
            "name": "",
            "species": tables.SPECIES_NAMES[species],
            "level": level,
            "moves": self._ids(moves),
            "ivs": stats_by_name([2 * dv for dv in (hp_dv(*dvs), *dvs)]),
            "evs": stats_by_name(evs),
        }

    def _moves(self, one: Set, theme: str) -> list[int]:
        """Other moves for a set, around the first of its old ones."""
        species = tables.SPECIES_NAMES.index(one["species"])
        return self._choose(species, tables.MOVE_IDS.index(one["moves"][0]), theme)

    def _choose(self, species: int, focus: int, theme: str) -> list[int]:
        """`focus` and up to three more that go together, in random order."""
        known = [move for move in tables.LOWEST_LEVELS[species] if move not in self.banned_moves]
        others = [move for move in known if move != focus]
        if theme in ("tricks", *FOCUS):
            odd = [move for move in others if effects()[move]]
            others = odd if len(odd) >= 3 else others
        moves = [focus]
        for move in self.draws.some(others, len(others)):
            pairs = {(species, min(move, other), max(move, other)) for other in moves}
            if len(moves) < 4 and not pairs & tables.IMPOSSIBLE_PAIRS:
                moves.append(move)
        return self.draws.some(moves, 4)

    def _spread(self, level: int, odd: bool) -> tuple[list[int], list[int]]:
        """DVs of Attack, Defense, Speed, Special, and EVs of these with HP's first."""
        if not odd:
            return [15] * 4, [255] * 5
        dvs = [self.draws.below(16) for _ in range(4)]
        while True:
            evs = [self.draws.below(256) for _ in range(5)]
            total = sum(evs) + evs[-1]
            # Showdown's validator takes these for slips.
            if total not in (0, 508, 510) and not (level == 50 and total % 4 == 0):
                return dvs, evs

    @staticmethod
    def _ids(moves: list[int]) -> list[str]:
        return [tables.MOVE_IDS[move] for move in moves]


def stats_by_name(values: Sequence[int]) -> dict[str, int]:
    """HP, Attack, Defense, Speed, Special under Showdown's names, where Special is two."""
    hp, attack, defense, speed, special = values
    return {
        "hp": hp, "atk": attack, "def": defense, "spa": special, "spd": special, "spe": speed,
    }  # fmt: skip


def as_sets(allow_banned: bool) -> list[tuple[list[Set], list[Set]]]:
    """PAIRS pairs of teams, as Showdown takes them."""
    maker = Maker(allow_banned)
    made = []
    for pair in range(PAIRS):
        theme = THEMES[pair % len(THEMES)]
        first = maker.team(theme)
        made.append((first, maker.team(theme, like=first if theme == "mirror" else None)))
    return made


def numbered(
    made: list[tuple[list[Set], list[Set]]],
) -> list[tuple[list[PokemonSet], list[PokemonSet]]]:
    """The same by numbers."""
    return [([*map(from_showdown, first)], [*map(from_showdown, second)]) for first, second in made]


def pairs(allow_banned: bool) -> list[tuple[list[PokemonSet], list[PokemonSet]]]:
    """PAIRS pairs of teams by numbers, after Showdown's validator has let every team pass.

    Raises:
        ValueError: if it does not, with its words.
    """
    made = as_sets(allow_banned)
    teams = [team for pair in made for team in pair]
    format_ = validator.WITHOUT_BANS if allow_banned else validator.OU
    for index, said in enumerate(validator.problems(format_, teams)):
        if said:
            raise ValueError(f"team {index} of the pool is not legal: {said[0]}")
    return numbered(made)
