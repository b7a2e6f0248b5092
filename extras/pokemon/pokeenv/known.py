"""What a player knows of the Pokemon in a battle, and the observation's numbers for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from extras.pokemon.pokeenv import requests
from references.pokemon import spec

TYPES = {
    name.removeprefix("TYPE_").capitalize(): number
    for name, number in spec.CONSTANTS.items()
    if name.startswith("TYPE_") and isinstance(number, int)
}
NO_TYPE = TYPES["None"]
FLAGS = ("confusion", "substitute", "leechseed", "reflect", "lightscreen", "mist", "focusenergy")


@dataclass
class Front:
    """What is known of a side's active Pokemon."""

    species: int = 0
    types: tuple[int, int] = (NO_TYPE, NO_TYPE)
    transformed: bool = False
    stages: list[int] = field(default_factory=lambda: [0] * 6)
    last_move: int = 0
    flags: set[str] = field(default_factory=set)
    charging: int = 0
    out_of_reach: bool = False
    recharging: bool = False
    biding: bool = False
    thrashing: bool = False
    raging: bool = False
    disabled: int = 0
    mimicked: int = 0
    trap_hits: int = 0
    """Hits in a row of its trapping move; 0: it holds nobody, as far as can be told."""
    trap_hit_now: bool = False
    """Whether one of them was in this turn."""

    def interrupted(self) -> None:
        """It could not act: what it was in the middle of is over."""
        self.biding = self.thrashing = False
        self.charging = self.trap_hits = 0

    def columns(self, trapped: bool) -> list[int]:
        """The 26 numbers of an active Pokemon."""
        return [
            self.species,
            *self.types,
            int(self.transformed),
            *self.stages,
            self.last_move,
            *(int(flag in self.flags) for flag in FLAGS),
            self.charging,
            *map(int, (self.out_of_reach, self.recharging, trapped)),
            *map(int, (self.biding, self.thrashing, self.raging)),
            self.disabled,
        ]


@dataclass
class Seen:
    """What is known of a Pokemon of the other side."""

    species: int
    level: int
    percent: int = 0
    status: int = 0
    moves: set[int] = field(default_factory=set)

    def columns(self, active: bool) -> list[int]:
        """The nine numbers of it."""
        moves = (*sorted(self.moves), 0, 0, 0, 0)[: requests.MOVE_SLOTS]
        return [self.species, self.level, self.percent, self.status, *moves, int(active)]


@dataclass
class Own:
    """What is known of a Pokemon of one's own beyond the request: its own moves and their PP."""

    moves: list[int]
    pp: list[int]


@dataclass
class Using:
    """The move that the latest messages are about."""

    side: int
    move: str
    holds_on: bool = False
    """A trapping move that goes on."""
    failed: bool = False
    broke_substitute: bool = False
