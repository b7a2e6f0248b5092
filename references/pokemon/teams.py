"""One's own teams: Showdown's text and packed formats, read and held against gen1ou's rules.

`read` gives what a pool is made of (`references.pokemon.pools.from_teams`). Whatever is wrong is
one line that names the Pokémon and what is accepted. What decides nothing in gen 1 is skipped:
nicknames, abilities, natures, gender, happiness and the like.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from references.pokemon import legality
from references.pokemon.legality import STATS, TeamError, Written
from references.pokemon.sets import PokemonSet

STAT_NAMES = {
    "hp": "hp", "atk": "atk", "attack": "atk", "def": "def", "defense": "def", "spe": "spe",
    "speed": "spe", "spa": "spa", "spc": "spa", "special": "spa", "spatk": "spa", "spd": "spd",
    "spdef": "spd",
}  # fmt: skip
SKIPPED = (
    "Ability:", "Trait:", "Shiny:", "Happiness:", "Pokeball:", "Hidden Power:", "Tera Type:",
    "Gigantamax:", "Dynamax Level:",
)  # fmt: skip
"""Beginnings of lines that say nothing about gen 1."""
PACKED_FIELDS = 12
"""name|species|item|ability|moves|nature|EVs|gender|IVs|shiny|level|the rest."""


def read(text: str, bans: bool = True) -> list[PokemonSet]:
    """One team, in the text (export) or the packed format.

    Args:
        text: as Showdown's team builder exports it, or its one line in packed format.
        bans: hold it against gen1ou's bans too, not only against what the games allow.

    Raises:
        TeamError: (a ValueError) if it is not a team, or not a legal one; one line.
    """
    return legality.check(parse(text), bans)


def read_all(text: str, bans: bool = True) -> list[list[PokemonSet]]:
    """The teams of a backup: each after a line such as `=== [gen1ou] name ===`, or a line packed.

    Raises:
        TeamError: as `read`, with the number of the team.
    """
    lines = text.strip().splitlines()
    if lines and all("|" in line for line in lines if line.strip()):
        texts = [line for line in lines if line.strip()]
    else:
        texts = [one for one in re.split(r"^===.*$", text, flags=re.MULTILINE) if one.strip()]
    teams = []
    for number, one in enumerate(texts, 1):
        try:
            teams.append(read(one, bans))
        except TeamError as error:
            raise TeamError(f"team {number}: {error}") from None
    return teams


def parse(text: str) -> list[Written]:
    """The Pokémon of a team as they are written, unchecked.

    Raises:
        TeamError: for what neither format has.
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    if len(lines) == 1 and "|" in lines[0]:
        return [_parse_packed(one, number) for number, one in enumerate(lines[0].split("]"), 1)]
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line in ("", "---"):
            blocks.append([])
        elif not line.startswith("==="):
            blocks[-1].append(line)
    filled = [block for block in blocks if block]
    return [_parse_block(block, number) for number, block in enumerate(filled, 1)]


@dataclass
class _Block:
    """A Pokémon while its lines are read."""

    where: str
    species: str = ""
    item: str = ""
    level: int = 100
    moves: list[str] = field(default_factory=list)
    ivs: dict[str, int] | None = None
    evs: dict[str, int] | None = None

    def written(self) -> Written:
        """With the defaults of Showdown's team builder: every EV 252, every IV 31."""
        return Written(
            species=self.species,
            item=self.item,
            level=self.level,
            moves=tuple(self.moves),
            ivs=self.ivs or dict.fromkeys(STATS, 31),
            evs=self.evs or dict.fromkeys(STATS, 252),
        )


def _parse_block(lines: list[str], number: int) -> Written:
    """Of the text format: a line with the name, then a line a thing, in any order."""
    block = _Block(f"Pokémon {number}")
    name, _, block.item = lines[0].partition(" @ ")
    name = re.sub(r" \([MF]\)$", "", name.strip())
    if name.endswith(")") and "(" in name:
        name = name[:-1].split("(")[1]
    block.species = name.strip()
    block.where += f" ({block.species})"
    for line in lines[1:]:
        _read_line(block, line)
    return block.written()


def _read_line(block: _Block, line: str) -> None:
    readers: dict[str, Callable[[str], None]] = {
        "Level:": lambda rest: setattr(block, "level", _integer(block.where, "level", rest)),
        "EVs:": lambda rest: setattr(block, "evs", _stats(block.where, "EVs", rest, 0)),
        "IVs:": lambda rest: setattr(block, "ivs", _stats(block.where, "IVs", rest, 31)),
        "-": block.moves.append,
        "~": block.moves.append,
    }
    for beginning, reader in readers.items():
        if line.startswith(beginning):
            reader(line[len(beginning) :].strip())
            return
    if line.startswith(SKIPPED) or re.fullmatch(r"[A-Za-z]+ [Nn]ature.*", line):
        return
    raise TeamError(
        f"{block.where}: {line!r}; accepted: moves as `- Body Slam`, `Level: 68`, "
        "`EVs: 252 HP / 4 Atk`, `IVs: 2 Atk`"
    )


def _stats(where: str, what: str, text: str, default: int) -> dict[str, int]:
    """`252 HP / 4 Atk` by stat; those that are not named have `default`."""
    given = dict.fromkeys(STATS, default)
    for part in text.split("/"):
        value, _, name = part.strip().partition(" ")
        # Showdown's team builder used to write Speed so.
        stat = "spe" if name.strip() == "Spd" else STAT_NAMES.get(legality.to_id(name))
        if stat is None:
            raise TeamError(
                f"{where}: {what} have {part.strip()!r}; accepted: a number and one of "
                "HP, Atk, Def, Spc, SpA, SpD, Spe"
            )
        given[stat] = _integer(where, what, value)
    return given


def _integer(where: str, what: str, text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", text):
        raise TeamError(f"{where}: {what} {text!r}; accepted: an integer")
    return int(text)


def _parse_packed(text: str, number: int) -> Written:
    """Of the packed format: fields between bars, most of which may be empty."""
    where = f"Pokémon {number}"
    fields = text.split("|")
    if len(fields) != PACKED_FIELDS:
        raise TeamError(f"{where}: {len(fields)} fields; accepted: {PACKED_FIELDS}, packed")
    name, species, item, _, moves, _, evs, _, ivs, _, level, _ = (one.strip() for one in fields)
    where += f" ({species or name})"
    block = _Block(where, species or name, item)
    block.moves = [move for move in moves.split(",") if move]
    if evs:
        block.evs = _packed_stats(where, "EVs", evs, 0)
    if ivs:
        block.ivs = _packed_stats(where, "IVs", ivs, 31)
    if level:
        block.level = _integer(where, "level", level)
    return block.written()


def _packed_stats(where: str, what: str, text: str, default: int) -> dict[str, int]:
    """Up to six numbers between commas: an empty one is `default`, one that is missing 0."""
    values = text.split(",")
    order = ("hp", "atk", "def", "spa", "spd", "spe")
    if len(values) > len(order):
        raise TeamError(f"{where}: {len(values)} {what}; accepted: 6 numbers")
    values += ["0"] * (len(order) - len(values))
    return {
        stat: _integer(where, what, value) if value else default
        for stat, value in zip(order, values, strict=True)
    }
