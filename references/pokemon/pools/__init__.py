"""Pools of pairs of teams: what a reset draws from, as files that need neither Node nor Showdown.

A file is 16 bytes of header (8 bytes of magic, the number of pairs as u4, the CRC-32 of the rest
as u4; little-endian), then for every pair two teams of six Pokémon of 11 bytes; see sets.py.
pools.json says where the files come from, and their hashes.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from references.pokemon import sets
from references.pokemon.data import store
from references.pokemon.sets import PokemonSet

FOLDER = Path(__file__).resolve().parent
INDEX = FOLDER / "pools.json"
NAMES = ("random", "ou", "coverage")
"""By the parameter `format`: 0 gen1randombattle, 1 gen1ou, 2 gen1ou without its bans."""
MAGIC = b"GEN1TEAM"
HEADER = struct.Struct("<8sII")
MOST_PAIRS = 65536  # a pair is drawn with 16 random bits

Team = list[PokemonSet]


def path(name: str) -> Path:
    """Where a pool lies."""
    return FOLDER / f"{name}.bin"


def write(pairs: Sequence[tuple[Team, Team]]) -> bytes:
    """A pool file of these pairs; the first team of each is player 1's.

    Raises:
        ValueError: for no pairs, or more than 65,536.
    """
    if not 1 <= len(pairs) <= MOST_PAIRS:
        raise ValueError(f"a pool of {len(pairs)} pairs; accepted: 1 to {MOST_PAIRS}")
    packed = np.array([[sets.pack_team(team) for team in pair] for pair in pairs], np.uint8)
    body = packed.tobytes()
    return HEADER.pack(MAGIC, len(pairs), zlib.crc32(body)) + body


def read(content: bytes) -> np.ndarray:
    """The pairs of a pool file: (n, 2, 6, 11) uint8, read-only.

    Raises:
        ValueError: if it is no pool, or damaged.
    """
    if len(content) < HEADER.size or not content.startswith(MAGIC):
        raise ValueError("not a pool of teams: it does not begin with GEN1TEAM")
    _, number, checksum = HEADER.unpack_from(content)
    body = content[HEADER.size :]
    if len(body) != number * 12 * sets.BYTES or zlib.crc32(body) != checksum:
        raise ValueError(f"a pool of {number} pairs is damaged: {len(body)} bytes of them follow")
    return np.frombuffer(body, np.uint8).reshape(number, 2, 6, sets.BYTES)


def load(number: int) -> np.ndarray:
    """The pool of `format` 0, 1 or 2: (n, 2, 6, 11) uint8, read-only."""
    return read(path(NAMES[number]).read_bytes())


def index(files: dict[Path, bytes], package: str) -> bytes:
    """pools.json: the notice, and each file's number of pairs and hash."""
    entries = {
        file.name: {
            "pairs": len(read(content)),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for file, content in files.items()
    }
    text = json.dumps(
        {"notice": store.NOTICE, "package": package, "files": entries},
        indent=2,
        ensure_ascii=False,
    )
    return (text + "\n").encode()


def from_teams(teams: Sequence[Team], pairs: Sequence[tuple[int, int]] | None = None) -> bytes:
    """A pool file of one's own teams.

    Args:
        teams: as `references.pokemon.teams.read` gives them.
        pairs: which meet, by index into `teams`, player 1's first. By default every team meets
            every team, itself too.

    Raises:
        ValueError: for a pair of no such teams, no pairs, or more than 65,536.
    """
    if pairs is None:
        pairs = [(first, second) for first in range(len(teams)) for second in range(len(teams))]
    for pair in pairs:
        if not all(0 <= team < len(teams) for team in pair):
            raise ValueError(f"pair {pair}; accepted: two indices from 0 to {len(teams) - 1}")
    return write([(teams[first], teams[second]) for first, second in pairs])
