"""What a battle is made of: teams, the generator's seed, and both players' choices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from references.pokemon import SPEC, pools, sets, tables
from references.pokemon.sets import BYTES, PokemonSet
from references.threefry import Key, below, threefry2x32

TEAMS_SHAPE = (2, 6, BYTES)
MOST_COMMITS = 65_000
"""Far beyond what Showdown's 1,000 turns can take."""
ACTIONS = 10
MOST_MOVE = 165
MOST_POINTS = 93
"""An IV of 30, and a quarter of 252 EVs."""


@dataclass(frozen=True, eq=False)
class Battle:
    """One battle, whole or as far as it was played.

    Raises:
        ValueError: for what no battle has.
    """

    format: int
    """The parameter `format`, 0 to 2."""
    teams: np.ndarray
    """(2, 6, 11) u1, p1's first, as a pool holds them."""
    seed: tuple[int, int]
    """The generator's 64 bits before the start, high word first."""
    actions: np.ndarray
    """(T, 2) u1, a pair for every commit; 0 of one who waited."""
    pair: int | None = None
    """Which pair of its format's pool the teams are; None for other teams."""

    def __post_init__(self) -> None:
        if not 0 <= self.format < len(pools.NAMES):
            raise ValueError(f"format {self.format}; accepted: 0 to {len(pools.NAMES) - 1}")
        if self.teams.dtype != np.uint8 or self.teams.shape != TEAMS_SHAPE:
            raise ValueError(
                f"teams are {self.teams.dtype} {self.teams.shape}; accepted: uint8 {TEAMS_SHAPE}"
            )
        if not all(0 <= word < 1 << 32 for word in self.seed):
            raise ValueError(f"seed {self.seed}; accepted: two integers from 0 to 2**32 - 1")
        for side, team in enumerate(self.teams):
            _check_team(team, f"p{side + 1}'s")
        shape = self.actions.shape
        if self.actions.dtype != np.uint8 or len(shape) != 2 or shape[1] != 2:
            raise ValueError(f"actions are {self.actions.dtype} {shape}; accepted: uint8 (T, 2)")
        if len(self.actions) > MOST_COMMITS:
            raise ValueError(f"{len(self.actions)} commits; accepted: at most {MOST_COMMITS}")
        if self.actions.size and self.actions.max() >= ACTIONS:
            raise ValueError(f"action {self.actions.max()}; accepted: 0 to {ACTIONS - 1}")

    def team(self, side: int) -> list[PokemonSet]:
        """A player's Pokemon, in the order of their slots."""
        return sets.unpack_team(self.teams[side])

    def same_as(self, other: Battle) -> bool:
        """Whether all of it is equal."""
        return (
            (self.format, self.seed, self.pair) == (other.format, other.seed, other.pair)
            and np.array_equal(self.teams, other.teams)
            and np.array_equal(self.actions, other.actions)
        )


def _check_team(team: np.ndarray, whose: str) -> None:
    """Refuse numbers that no Pokemon has; which moves a species may have, a validator knows."""
    count = int((team[:, 0] > 0).sum())
    if count == 0 or team[count:].any():
        raise ValueError(f"{whose} team has an empty slot; accepted: one to six in the first slots")
    limits = (
        ("species", team[:count, :1], 1, len(tables.SPECIES_IDS) - 1),
        ("level", team[:count, 1:2], 1, 100),
        ("first move", team[:count, 2:3], 1, MOST_MOVE),
        ("move", team[:count, 3:6], 0, MOST_MOVE),
        ("stat points", team[:count, 6:], 0, MOST_POINTS),
    )
    for name, values, low, high in limits:
        for value in values[(values < low) | (values > high)]:
            raise ValueError(f"{whose} team has {name} {value}; accepted: {low} to {high}")


@cache
def pool(format: int) -> np.ndarray:
    """The pool of a format, (n, 2, 6, 11) u1."""
    return pools.load(format)


def from_key(key: Key, format: int, actions: Any) -> Battle:
    """The battle that a reset under an env_key began.

    Args:
        key: of the episode; see `references.threefry.env_key`.
        format: the parameter.
        actions: (T, 2), of both players.
    """
    words = {name: threefry2x32(key, (0, slot))[0] for name, slot in SPEC.slots.items()}
    pair = below(words["team"], len(pool(format)))
    chosen = np.array(actions, np.uint8).reshape(-1, 2)
    seed = (words["seed_high"], words["seed_low"])
    return Battle(format, pool(format)[pair], seed, chosen, pair)
