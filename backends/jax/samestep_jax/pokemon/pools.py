"""The pairs of teams that resets draw from: copies of references/pokemon/pools, or a file of one's
own.
"""

from __future__ import annotations

import struct
import zlib
from functools import cache
from pathlib import Path

import numpy as np

from samestep_jax.pokemon import consts

FOLDER = Path(__file__).resolve().parent / "data"
NAMES = ("random", "ou", "coverage")
"""By the parameter `format`."""
POKEMON_BYTES = 11
"""Species, level, four moves, stat points of HP, attack, defense, speed, special."""
PAIR_SHAPE = (2, consts.TEAM_SIZE, POKEMON_BYTES)
PAIR_BYTES = 2 * consts.TEAM_SIZE * POKEMON_BYTES
MAGIC = b"GEN1TEAM"
HEADER = struct.Struct("<8sII")
"""The magic, the number of pairs, and the CRC-32 of the rest."""
MOST_PAIRS = 65536
"""A pair is drawn with 16 random bits."""
HIGHEST_POINTS = 93
"""Of a stat: twice a DV of 15, and an EV of 252 to 255 by 4."""


@cache
def load(format: int) -> np.ndarray:
    """A pool, (n, 2, 6, 11) u8."""
    content = (FOLDER / f"{NAMES[format]}.bin").read_bytes()
    return np.frombuffer(content, np.uint8, offset=HEADER.size).reshape(-1, *PAIR_SHAPE)


def read_own(path: str) -> np.ndarray:
    """A pool of one's own, (n, 2, 6, 11) u8.

    Args:
        path: of a file that `python -m references.pokemon.pools make` wrote.

    Raises:
        ValueError: in one line, for no such file, or one that is no pool of Pokemon that can be.
    """
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError):
        raise _refused(
            path, "no file that can be read; accepted: the path of a pool of teams"
        ) from None
    if len(content) < HEADER.size or not content.startswith(MAGIC):
        raise _refused(path, "it does not begin with GEN1TEAM; accepted: a pool of teams")
    _, pairs, checksum = HEADER.unpack_from(content)
    body = content[HEADER.size :]
    if not 1 <= pairs <= MOST_PAIRS or len(body) != pairs * PAIR_BYTES:
        accepted = f"1 to {MOST_PAIRS} of {PAIR_BYTES} bytes each"
        raise _refused(path, f"{pairs} pairs in {len(body)} bytes; accepted: {accepted}")
    if zlib.crc32(body) != checksum:
        raise _refused(path, "its checksum is not its content's; accepted: a pool as written")
    pool = np.frombuffer(body, np.uint8).reshape(-1, *PAIR_SHAPE)
    _check_teams(path, pool)
    return pool


def _refused(path: str, what: str) -> ValueError:
    return ValueError(f"teams is '{path}': {what}")


def _check_teams(path: str, pool: np.ndarray) -> None:
    """Refuse a pool for its first team that cannot be.

    Raises:
        ValueError: that names the team and the Pokemon.
    """
    for index, team in enumerate(pool.reshape(-1, *PAIR_SHAPE[1:]).tolist()):
        if wrong := _wrong_team(team):
            raise _refused(path, f"pair {index // 2}, player {index % 2 + 1}, {wrong}")


def _wrong_team(team: list[list[int]]) -> str:
    """What is wrong with six Pokemon, and what is accepted; "" for nothing."""
    for slot, pokemon in enumerate(team):
        if slot > 0 and pokemon[0] == 0:
            empty = not any(any(rest) for rest in team[slot:])
            return "" if empty else "empty slots must be 0 and come last"
        for wrong in _wrongs(pokemon):
            if wrong:
                return f"Pokemon {slot + 1}: {wrong}"
    return ""


def _wrongs(pokemon: list[int]) -> list[str]:
    """What is wrong with a Pokemon, the first thing first, with "" in between."""
    moves, points = pokemon[2:6], pokemon[6:]
    known = max(1, (*moves, 0).index(0))
    wrongs = [_bound("species", pokemon[0], 1, 151), _bound("level", pokemon[1], 1, 100)]
    for slot, move in enumerate(moves[:known]):
        wrongs.append(_bound("a move", move, 1, consts.MOVE_ID_STRUGGLE - 1))
        if move in moves[:slot]:
            wrongs.append(f"move {move} twice; accepted: each move once")
    if any(moves[known:]):
        wrongs.append("a move follows a 0; accepted: one to four moves, then 0")
    return wrongs + [_bound("stat points", value, 0, HIGHEST_POINTS) for value in points]


def _bound(name: str, value: int, low: int, high: int) -> str:
    return "" if low <= value <= high else f"{name} is {value}; accepted: {low} to {high}"
