"""Battles that begin where the pools' teams hardly ever get to; Showdown plays them on.

backends/rust/envs/pokemon/tests/battles/make.py records them for the Rust crate and for JAX.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from references.pokemon.showdown import BattleStart, NumberedTeam, Played, Showdown
from tests.pokemon.crafted import MAGIKARP, MEW, POINTS, edited, moves

CHANSEY, SNORLAX, DRAGONITE = 113, 143, 149
FORMAT = 1
SPREAD = 0x9E3779B1  # far apart for seeds that follow one another


@dataclass(frozen=True)
class Situation:
    """Two teams, what of STATE is changed at their first request, and how both players go on."""

    first: NumberedTeam
    second: NumberedTeam
    values: dict[str, Any] = field(default_factory=dict)
    policies: tuple[str, str] = ("fighter", "fighter")
    seeds: int = 6
    commits: int = 60


def mew(level: int, *known: str) -> NumberedTeam:
    """Two of them, so that one can be replaced."""
    return [(MEW, level, moves(*known), POINTS)] * 2


def alone(species: int, level: int, *known: str, hp_points: int = 93) -> NumberedTeam:
    """Its HP depend on `hp_points`."""
    return [(species, level, moves(*known), (hp_points, *POINTS[1:]))]


def led(first: int, second: int) -> list[list[int]]:
    """A field of [2, 6] whose leads have these values, the others 0."""
    return [[first, *[0] * 5], [second, *[0] * 5]]


HEALER = alone(CHANSEY, 100, "recover")  # of 703 HP
ROUND = alone(SNORLAX, 100, "recover", hp_points=81)  # of 511 HP
IDLE = alone(MAGIKARP, 100, "splash")  # of 243 HP
QUARTERED = [*alone(MEW, 100, "substitute", hp_points=90), *IDLE]  # of 400 HP
ALL_PARALYSED = [[2, 2, 0, 0, 0, 0], [0] * 6]
ALL_FROZEN = [[0] * 6, [4, 4, 0, 0, 0, 0]]
RESERVE_FROZEN = [[0, 4, 0, 0, 0, 0], [0] * 6]
POISONED_AND_ASLEEP = [[6, 0, 0, 0, 0, 0], [3, 3, 0, 0, 0, 0]]
ONE_PP = [[[1, 1, 0, 0]] * 2 + [[0] * 4] * 4, [[9, 9, 9, 9]] * 2 + [[0] * 4] * 4]

SITUATIONS: dict[str, Situation] = {
    "recovery with 255 HP missing": Situation(
        HEALER, IDLE, {"hp": led(448, 243)}, seeds=1, commits=3
    ),
    "recovery with 511 HP missing": Situation(
        HEALER, IDLE, {"hp": led(192, 243)}, seeds=1, commits=3
    ),
    "recovery with 256 HP missing": Situation(
        HEALER, IDLE, {"hp": led(447, 243)}, seeds=1, commits=3
    ),
    "recovery with 255 HP missing and 256 left": Situation(
        ROUND, IDLE, {"hp": led(256, 243)}, seeds=1, commits=3
    ),
    "Substitute at a quarter of the HP": Situation(
        QUARTERED, IDLE, {"hp": [[100, 243, *[0] * 4], [243, *[0] * 5]]}, seeds=1, commits=3
    ),
    "Substitute below a quarter of the HP": Situation(
        QUARTERED, IDLE, {"hp": [[99, 243, *[0] * 4], [243, *[0] * 5]]}, seeds=1, commits=3
    ),
    "Mist": Situation(
        mew(60, "mist", "recover", "haze", "surf"),
        mew(50, "bubblebeam", "acid", "growl", "psychic"),
    ),
    "fire on the frozen": Situation(
        mew(40, "flamethrower", "firespin", "fireblast", "ember"),
        mew(90, "surf", "pound", "recover", "substitute"),
        {"status": ALL_FROZEN},
    ),
    "thawed before it chose a move": Situation(
        mew(60, "splash", "pound"),
        mew(90, "splash", "flamethrower"),
        {"status": RESERVE_FROZEN},
        policies=("switcher", "fighter"),
        seeds=12,
    ),
    "Psywave at level 1": Situation(
        alone(MAGIKARP, 1, "psywave"), alone(MAGIKARP, 5, "splash", "tackle"), seeds=2
    ),
    "paralysis high up and deep down": Situation(
        mew(60, "dig", "fly", "thrash", "rage"),
        mew(60, "swift", "quickattack", "thunderwave", "earthquake"),
        {"status": ALL_PARALYSED},
    ),
    "substitutes that break": Situation(
        mew(100, "megadrain", "dreameater", "doubleedge", "doubleslap"),
        mew(50, "substitute", "rest", "recover", "hyperbeam"),
        seeds=8,
    ),
    "substitutes that hold": Situation(
        mew(30, "psybeam", "twineedle", "lick", "wrap"),
        mew(100, "substitute", "recover", "splash", "pound"),
    ),
    "confusion behind a substitute": Situation(
        mew(60, "confuseray", "supersonic", "toxic", "absorb"),
        mew(80, "substitute", "pound", "recover", "swordsdance"),
    ),
    "many hits on a substitute": Situation(
        mew(80, "spikecannon", "pinmissile", "doublekick", "cometpunch"),
        mew(40, "substitute", "recover", "rest", "pound"),
    ),
    "stats at their bounds": Situation(
        alone(DRAGONITE, 100, "swordsdance", "growl", "agility", "splash"),
        [(MAGIKARP, 1, moves("splash", "growl", "swordsdance", "tailwhip"), POINTS)],
        seeds=2,
    ),
    "Haze": Situation(
        mew(80, "haze", "toxic", "hypnosis", "leechseed"),
        mew(60, "haze", "confuseray", "pound", "thunderwave"),
        {
            "status": POISONED_AND_ASLEEP,
            "toxic": [1, 0],
            "sleep_turns": [[0] * 6, [5, 5, 0, 0, 0, 0]],
        },
    ),
    "PP that run out in a hold": Situation(
        mew(80, "wrap", "firespin"),
        mew(60, "pound", "splash", "recover", "rest"),
        {"pp": ONE_PP, "active_pp": [[1, 1, 0, 0], [9, 9, 9, 9]]},
        policies=("fighter", "switcher"),
    ),
    "Metronome and Mirror Move": Situation(
        mew(70, "metronome", "mirrormove"), mew(70, "fly", "dig", "metronome", "solarbeam")
    ),
    "both fall at once": Situation(
        [*mew(60, "explosion", "selfdestruct", "takedown", "toxic")] * 2,
        [*mew(70, "explosion", "doubleedge", "leechseed", "thunderwave")] * 2,
    ),
}


def played(showdown: Showdown) -> Iterator[Played]:
    """All of them by Showdown."""
    for situation in SITUATIONS.values():
        start = BattleStart(FORMAT, (situation.first, situation.second), (0, 0))
        (opening,) = showdown.play([start], actions=[np.zeros((0, 2))])
        rows = [
            edited(opening.rows[0], rng=[number * SPREAD % 2**32, number], **situation.values)
            for number in range(situation.seeds)
        ]
        policies = [situation.policies] * len(rows)
        for whole in showdown.play_on(FORMAT, np.stack(rows), policies, range(1, 1 + len(rows))):
            chosen = whole.actions[: situation.commits]
            moments = len(chosen) + 1
            yield Played(chosen, whole.rows[:moments], whole.masks[:moments])
