"""Files of battles: a header, then a record each. Little-endian.

Header, 18 bytes: magic, u2 version, u4 number of records, u4 CRC-32 of what stands before it.
Record: u2 length of its content, the content, u4 CRC-32 of both. Content: u1 kind, u1 format, u4
and u4 of the seed (high word, low word); then of kind POOL u2 pair and u4 CRC-32 of the pool, of
kind TEAMS both teams, 132 bytes as a pool holds them; then a byte for every commit, p1's action in
its low half and p2's in its high half.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from extras.pokemon.logs.battle import TEAMS_SHAPE, Battle, pool

MAGIC = b"GEN1LOGS"
VERSION = 1
HEADER = struct.Struct("<8sHI")
LENGTH = struct.Struct("<H")
CHECKSUM = struct.Struct("<I")
CONTENT = struct.Struct("<BBII")
POOL, TEAMS = 0, 1
PAIR = struct.Struct("<HI")
TEAMS_BYTES = int(np.prod(TEAMS_SHAPE))


class LogError(ValueError):
    """A file that cannot be read as battles: what is wrong with it, in one line."""


@cache
def pool_checksum(format: int) -> int:
    """CRC-32 of a pool: a pair's number means nothing in another one."""
    return zlib.crc32(pool(format).tobytes())


def encode(battle: Battle) -> bytes:
    """A record: about 25 bytes, and one for each commit; 126 more where teams are one's own."""
    kind = TEAMS if battle.pair is None else POOL
    content = CONTENT.pack(kind, battle.format, *battle.seed)
    if battle.pair is None:
        content += battle.teams.tobytes()
    else:
        content += PAIR.pack(battle.pair, pool_checksum(battle.format))
    first, second = battle.actions.T
    content += bytes(first | second << 4)
    record = LENGTH.pack(len(content)) + content
    return record + CHECKSUM.pack(zlib.crc32(record))


def decode(content: bytes) -> Battle:
    """The battle of a record's content.

    Raises:
        ValueError: for what no battle has.
    """
    if len(content) < CONTENT.size:
        raise ValueError(f"it has {len(content)} bytes; a battle has {CONTENT.size} or more")
    kind, format, high, low = CONTENT.unpack_from(content)
    rest = content[CONTENT.size :]
    size = {POOL: PAIR.size, TEAMS: TEAMS_BYTES}.get(kind)
    if size is None:
        raise ValueError(f"it is of kind {kind}; known: {POOL} and {TEAMS}")
    if len(rest) < size:
        raise ValueError(f"it has {len(rest)} bytes of teams; needed: {size}")
    packed = np.frombuffer(rest[size:], np.uint8)
    actions = np.stack([packed & 15, packed >> 4], axis=1)
    if kind == TEAMS:
        teams = np.frombuffer(rest[:size], np.uint8).reshape(TEAMS_SHAPE)
        return Battle(format, teams, (high, low), actions)
    pair, checksum = PAIR.unpack_from(rest)
    if format > 2 or checksum != pool_checksum(format):
        raise ValueError("its teams are a pair of a pool that this version does not have")
    if pair >= len(pool(format)):
        raise ValueError(f"its pair is {pair}; the pool has {len(pool(format))}")
    return Battle(format, pool(format)[pair], (high, low), actions, pair)


def write(path: Path | str, battles: Sequence[Battle]) -> None:
    """Write a file of battles, in their order."""
    header = HEADER.pack(MAGIC, VERSION, len(battles))
    parts = [header, CHECKSUM.pack(zlib.crc32(header)), *map(encode, battles)]
    Path(path).write_bytes(b"".join(parts))


def read(path: Path | str) -> list[Battle]:
    """The battles of a file.

    Raises:
        LogError: if it is none, cut off, damaged, or of another version.
        OSError: if it cannot be opened.
    """
    content = Path(path).read_bytes()
    at = HEADER.size + CHECKSUM.size
    if not content.startswith(MAGIC):
        raise LogError(f"{path} is no file of battles: it does not begin with {MAGIC.decode()}")
    if len(content) < at:
        raise LogError(f"{path} is cut off: {len(content)} bytes; its header alone has {at}")
    if not _intact(content[:at]):
        raise LogError(f"{path} is damaged: its header's checksum does not fit")
    _, version, count = HEADER.unpack_from(content)
    if version != VERSION:
        raise LogError(f"{path} is of version {version}; accepted: {VERSION}")
    battles = []
    for number in range(count):
        record = _record(content, at, f"{path}: battle {number + 1} of {count}")
        try:
            battles.append(decode(record[LENGTH.size : -CHECKSUM.size]))
        except ValueError as error:
            raise LogError(f"{path}: battle {number + 1} of {count}: {error}") from None
        at += len(record)
    if at < len(content):
        raise LogError(f"{path}: {len(content) - at} bytes follow after its {count} battles")
    return battles


def _record(content: bytes, at: int, which: str) -> bytes:
    """The record that begins at `at`, its checksum tested."""
    left = content[at:]
    size = LENGTH.size
    if len(left) >= size:
        size += LENGTH.unpack_from(left)[0] + CHECKSUM.size
    if len(left) < size:
        raise LogError(f"{which} is cut off or damaged: {len(left)} bytes are left of {size}")
    if not _intact(left[:size]):
        raise LogError(f"{which} is damaged: its checksum does not fit")
    return left[:size]


def _intact(part: bytes) -> bool:
    """Whether the last four bytes are the CRC-32 of the others."""
    body = part[: -CHECKSUM.size]
    return CHECKSUM.pack(zlib.crc32(body)) == part[-CHECKSUM.size :]
