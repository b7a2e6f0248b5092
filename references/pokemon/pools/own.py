"""A pool of one's own: the file that the parameter `teams` names, and how it is made."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from references.pokemon import pools, sets, tables, teams
from references.pokemon.legality import TeamError

PAIR_BYTES = 12 * sets.BYTES
HIGHEST_POINTS = 93
"""Of a stat: twice a DV of 15, and an EV of 252 to 255 by 4."""
STRUGGLE = tables.MOVE_IDS.index("struggle")


def load(path: str) -> np.ndarray:
    """The pairs of a pool file: (n, 2, 6, 11) uint8, read-only.

    Raises:
        ValueError: in one line, for no such file, or one that is no pool of Pokemon that can be.
    """
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError):
        raise _refused(
            path, "no file that can be read; accepted: the path of a pool of teams"
        ) from None
    if len(content) < pools.HEADER.size or not content.startswith(pools.MAGIC):
        raise _refused(path, "it does not begin with GEN1TEAM; accepted: a pool of teams")
    _, number, checksum = pools.HEADER.unpack_from(content)
    body = content[pools.HEADER.size :]
    if not 1 <= number <= pools.MOST_PAIRS or len(body) != number * PAIR_BYTES:
        accepted = f"1 to {pools.MOST_PAIRS} of {PAIR_BYTES} bytes each"
        raise _refused(path, f"{number} pairs in {len(body)} bytes; accepted: {accepted}")
    if zlib.crc32(body) != checksum:
        what = "its checksum is not its content's; accepted: a pool as written"
        raise _refused(path, what)
    pairs = np.frombuffer(body, np.uint8).reshape(number, 2, 6, sets.BYTES)
    for index, team in enumerate(pairs.reshape(-1, 6, sets.BYTES).tolist()):
        if wrong := _wrong_team(team):
            raise _refused(path, f"pair {index // 2}, player {index % 2 + 1}, {wrong}")
    return pairs


def make(files: Iterable[Path], bans: bool = True, pairs: int = 0, seed: int = 0) -> bytes:
    """A pool file of the teams in these text files.

    Args:
        files: each one team or several, in Showdown's text or packed format.
        bans: hold them against gen1ou's bans too.
        pairs: how many pairs to draw, each of two teams drawn uniformly; 0: every team meets every
            team, itself too.
        seed: of that draw.

    Raises:
        ValueError: in one line, for a file that cannot be read or a team that is refused.
    """
    if not 0 <= pairs <= pools.MOST_PAIRS or seed < 0:
        accepted = f"0 to {pools.MOST_PAIRS} pairs, and a seed of at least 0"
        raise ValueError(f"{pairs} pairs by seed {seed}; accepted: {accepted}")
    own = [team for file in files for team in _read(file, bans)]
    if pairs == 0:
        return pools.from_teams(own)
    if not own:
        raise ValueError("no teams; accepted: at least one")
    drawn = np.random.default_rng(seed).integers(len(own), size=(pairs, 2)).tolist()
    return pools.from_teams(own, [(first, second) for first, second in drawn])


def _read(file: Path, bans: bool) -> list[pools.Team]:
    try:
        return teams.read_all(file.read_text(encoding="utf-8"), bans)
    except TeamError as error:
        raise ValueError(f"{file}: {error}") from None
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror}; accepted: a file of teams") from None
    except UnicodeDecodeError:
        raise ValueError(f"{file}: no text; accepted: teams in Showdown's format") from None


def _refused(path: str, what: str) -> ValueError:
    return ValueError(f"teams is '{path}': {what}")


def _wrong_team(team: list[list[int]]) -> str:
    """What is wrong with six packed Pokemon, and what is accepted; "" for nothing."""
    for slot, pokemon in enumerate(team):
        if slot > 0 and pokemon[0] == 0:
            empty = not any(map(any, team[slot:]))
            return "" if empty else "empty slots must be 0 and come last"
        if wrong := _wrong_pokemon(pokemon):
            return f"Pokemon {slot + 1}: {wrong}"
    return ""


def _wrong_pokemon(packed: list[int]) -> str:
    species, level, *rest = packed
    moves, points = rest[:4], rest[4:]
    known = max(1, moves.index(0) if 0 in moves else len(moves))
    wrong = _out_of_range("species", species, 1, 151) or _out_of_range("level", level, 1, 100)
    for slot, move in enumerate(moves[:known]):
        wrong = wrong or _out_of_range("a move", move, 1, STRUGGLE - 1)
        if not wrong and move in moves[:slot]:
            wrong = f"move {move} twice; accepted: each move once"
    if not wrong and any(moves[known:]):
        wrong = "a move follows a 0; accepted: one to four moves, then 0"
    for value in points:
        wrong = wrong or _out_of_range("stat points", value, 0, HIGHEST_POINTS)
    return wrong


def _out_of_range(name: str, value: int, low: int, high: int) -> str:
    return "" if low <= value <= high else f"{name} is {value}; accepted: {low} to {high}"
