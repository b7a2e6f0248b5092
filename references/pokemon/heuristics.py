"""SimpleHeuristics: poke-env's rule-based player, in a single battle of generation 1.

Source of the rules: poke-env 0.16 (MIT), SimpleHeuristicsPlayer. It weighs matchups by types, base
speed and HP, switches out of bad ones or when its stages are low, and otherwise takes the move with
the most expected damage. It knows what a player knows: base stats and types of the foe's Pokemon,
its stages, and its HP in percent. It never sets up: poke-env's rule for that compares a move's
target with a string, which no target equals.

Numbers are exact fractions here, and the first of equals is taken. poke-env computes in doubles,
so it may take a later one of two equals that its rounding holds apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from references.pokemon import observation
from references.pokemon.tables import CONSTANTS

FIRST_MOVE = 6
SPEED_WEIGHT, HP_WEIGHT = Fraction(1, 10), Fraction(4, 10)
LEAVES_BELOW = -2
"""A matchup worse than this is left, if another is better than even."""
LOW_STAGE = -3
"""A stage that low is a reason to switch."""
STAB = Fraction(3, 2)
HITS = {0: Fraction(1), 2: Fraction(2), 5: Fraction(19, 6)}
"""Expected hits by MOVE_MULTIHIT."""
ATTACK, DEFENSE, SPEED, SPECIAL = range(4)


def _column(name: str) -> tuple[int, ...]:
    values = CONSTANTS[name]
    assert isinstance(values, tuple)
    return values


BASE = tuple(
    zip(*(_column(f"SPECIES_{stat}") for stat in ("ATK", "DEF", "SPE", "SPC")), strict=True)
)
TYPES = tuple(zip(_column("SPECIES_TYPE1"), _column("SPECIES_TYPE2"), strict=True))
POWER, TYPE, CATEGORY = _column("MOVE_POWER"), _column("MOVE_TYPE"), _column("MOVE_CATEGORY")
ACCURACY, MULTIHIT = _column("MOVE_ACCURACY"), _column("MOVE_MULTIHIT")
CHART = np.array(_column("TYPE_CHART")).reshape(15, 15)
NO_TYPE, PHYSICAL = CONSTANTS["TYPE_NONE"], CONSTANTS["CATEGORY_PHYSICAL"]


@dataclass(frozen=True)
class Fighter:
    """What is weighed of a Pokemon; of the foe's, what the player knows."""

    base: tuple[int, ...]
    """Base attack, defense, speed and special of the species that it is now."""
    types: tuple[int, ...]
    hp: Fraction
    """Of all of it; a foe's in percent, as shown."""


def choose(row: np.void, side: int, legal: np.ndarray) -> int:
    """The action that SimpleHeuristics takes.

    Args:
        row: one battle's STATE, a structured scalar.
        side: whose: 0 or 1.
        legal: (10,) bool, its mask; action 0 alone where it waits.
    """
    foe = _foe(row, 1 - side)
    bench = [int(slot) for slot in row["order"][side] if slot < FIRST_MOVE and legal[slot]]
    moves = [slot for slot in range(4) if legal[FIRST_MOVE + slot]]
    matchups = {slot: _matchup(_benched(row, side, slot), foe) for slot in bench}
    if moves:
        own = _front(row, side)
        if not (
            any(score > 0 for score in matchups.values()) and _should_leave(row, side, own, foe)
        ):
            return FIRST_MOVE + _best(moves, lambda slot: _damage(row, side, slot, own, foe))
    return _best(bench, matchups.__getitem__)


def score(row: np.void, side: int, action: int) -> Fraction:
    """What an action is weighed by: a switch's matchup, or a move's expected damage."""
    foe = _foe(row, 1 - side)
    if action < FIRST_MOVE:
        return _matchup(_benched(row, side, action), foe)
    return _damage(row, side, action - FIRST_MOVE, _front(row, side), foe)


def _best(options: Iterable[int], score: Callable[[int], Fraction]) -> int:
    """The first with the greatest score."""
    return max(options, key=score)


def _hp(row: np.void, side: int, slot: int) -> tuple[int, int]:
    stats = observation.stats_of(row["species"][side], row["level"][side], row["stat_points"][side])
    return int(row["hp"][side, slot]), int(stats[slot, 0])


def _benched(row: np.void, side: int, slot: int) -> Fighter:
    species = int(row["species"][side, slot])
    types = tuple(kind for kind in TYPES[species] if kind != NO_TYPE)
    return Fighter(BASE[species], types, Fraction(*_hp(row, side, slot)))


def _front(row: np.void, side: int) -> Fighter:
    """The active Pokemon, as Transform and Conversion have left it; as it was once it fainted."""
    plain = _benched(row, side, int(row["order"][side, 0]))
    if not plain.hp:
        return plain
    types = tuple(int(kind) for kind in row["types"][side] if kind != NO_TYPE)
    return Fighter(BASE[row["active_species"][side]], types, plain.hp)


def _foe(row: np.void, side: int) -> Fighter:
    front = _front(row, side)
    hp, top = _hp(row, side, int(row["order"][side, 0]))
    percent = -(-100 * hp // top)
    shown = 99 if percent == 100 and hp < top else percent
    return Fighter(front.base, front.types, Fraction(shown, 100))


def _multiplier(attacking: int, defending: tuple[int, ...]) -> Fraction:
    """What a type does to a Pokemon of these types."""
    halves = 1
    for kind in defending:
        halves *= int(CHART[attacking, kind])
    return Fraction(halves, 2 ** len(defending))


def _matchup(own: Fighter, foe: Fighter) -> Fraction:
    """How well a Pokemon stands against the foe's."""
    score = max(_multiplier(kind, foe.types) for kind in own.types)
    score -= max(_multiplier(kind, own.types) for kind in foe.types)
    score += SPEED_WEIGHT * int(np.sign(own.base[SPEED] - foe.base[SPEED]))
    return score + HP_WEIGHT * (own.hp - foe.hp)


def _should_leave(row: np.void, side: int, own: Fighter, foe: Fighter) -> bool:
    """Whether there is a reason to switch: low stages, or a bad matchup."""
    attack, defense, _, special = row["boosts"][side, :4]
    if defense <= LOW_STAGE or special <= LOW_STAGE:
        return True  # poke-env reads Special as both of its later halves
    stats = observation.stats_of(row["species"][side], row["level"][side], row["stat_points"][side])
    _, own_attack, _, _, own_special = stats[row["order"][side, 0]]
    if attack <= LOW_STAGE and own_attack >= own_special:
        return True
    return _matchup(own, foe) < LEAVES_BELOW


def _damage(row: np.void, side: int, slot: int, own: Fighter, foe: Fighter) -> Fraction:
    """Of the move in a slot: power by what raises or lowers it, without a unit."""
    move = int(row["active_moves"][side, slot])
    if POWER[move] == 0:
        return Fraction(0)
    attack, defense = (ATTACK, DEFENSE) if CATEGORY[move] == PHYSICAL else (SPECIAL, SPECIAL)
    damage = POWER[move] * (STAB if TYPE[move] in own.types else Fraction(1))
    damage *= _estimate(own.base[attack], row["boosts"][side, attack])
    damage /= _estimate(foe.base[defense], row["boosts"][1 - side, defense])
    damage *= Fraction(ACCURACY[move] or 100, 100) * HITS[MULTIHIT[move]]
    return damage * _multiplier(TYPE[move], foe.types)


def _estimate(base: int, stage: int) -> Fraction:
    """A stat as poke-env guesses it, whose first stage up is worth as much as the second."""
    stage = int(stage)
    factor = Fraction(2 + stage, 2) if stage > 1 else Fraction(2, 2 - stage)
    return (2 * base + 36) * factor
