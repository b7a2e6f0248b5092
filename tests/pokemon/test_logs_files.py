"""Records and their files: what comes back, how small they are, and what is refused."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from extras.pokemon.logs import Battle, LogError, files, from_key, read, write
from extras.pokemon.logs.battle import pool
from references.threefry import env_key, root_key

HEADER = files.HEADER.size + files.CHECKSUM.size


def battles(count: int, commits: int = 60) -> list[Battle]:
    """Records of random choices, of pool teams and of own teams in turn."""
    rng = np.random.default_rng(count)
    made = []
    for number in range(count):
        actions = rng.integers(0, 10, (commits, 2)).astype(np.uint8)
        one = from_key(env_key(root_key(5), number, 0), number % 3, actions)
        if number % 2:
            one = Battle(one.format, one.teams, one.seed, one.actions)
        made.append(one)
    return made


def test_files_come_back(tmp_path: Path) -> None:
    path = tmp_path / "battles"
    for written in ([], battles(1, 0), battles(7)):
        write(path, written)
        back = read(path)
        assert len(back) == len(written)
        assert all(one.same_as(other) for one, other in zip(written, back, strict=True))


def test_a_record_is_small() -> None:
    pooled, own = battles(2, 60)
    assert len(files.encode(pooled)) == 22 + 60
    assert len(files.encode(own)) == 22 - 6 + 132 + 60
    assert len(files.encode(battles(1, 2000)[0])) < 2048


def test_the_longest_battle_fits(tmp_path: Path) -> None:
    (longest,) = battles(1, 65_000)
    write(tmp_path / "one", [longest])
    assert read(tmp_path / "one")[0].same_as(longest)
    with pytest.raises(ValueError, match=r"^65001 commits; accepted: at most 65000$"):
        battles(1, 65_001)


def test_every_cut_is_told(tmp_path: Path) -> None:
    path = tmp_path / "cut"
    write(path, battles(3))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(LogError) as told:
            read(path)
        assert str(told.value).startswith(str(path))
        assert "\n" not in str(told.value)
        if length >= HEADER:
            assert "cut off" in str(told.value)
    path.write_bytes(whole + b"x")
    with pytest.raises(LogError, match=r"1 bytes follow after its 3 battles$"):
        read(path)


def test_every_flipped_bit_is_told(tmp_path: Path) -> None:
    path = tmp_path / "flipped"
    write(path, battles(2, 20))
    whole = path.read_bytes()
    for at in range(len(whole)):
        for bit in range(8):
            flipped = bytearray(whole)
            flipped[at] ^= 1 << bit
            path.write_bytes(flipped)
            with pytest.raises(LogError) as told:
                read(path)
            assert "\n" not in str(told.value)


def record_with(content: bytes) -> bytes:
    """A file of one record that has this content, its checksums right."""
    header = files.HEADER.pack(files.MAGIC, files.VERSION, 1)
    record = files.LENGTH.pack(len(content)) + content
    sums = [files.CHECKSUM.pack(zlib.crc32(part)) for part in (header, record)]
    return header + sums[0] + record + sums[1]


def content(kind: int = 0, format: int = 0, pair: int = 0, checksum: int | None = None) -> bytes:
    found = files.pool_checksum(0) if checksum is None else checksum
    return files.CONTENT.pack(kind, format, 1, 2) + files.PAIR.pack(pair, found)


def own_teams(at: int, value: int) -> bytes:
    """Both teams of the first pair, one byte of the second one's first Pokemon changed."""
    teams = pool(0)[0].copy()
    teams[1, 0, at] = value
    return teams.tobytes()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b"", "it has 0 bytes; a battle has 10 or more"),
        (content(kind=9), "it is of kind 9; known: 0 and 1"),
        (content()[:-1], "it has 5 bytes of teams; needed: 6"),
        (content(format=3), "its teams are a pair of a pool that this version does not have"),
        (content(checksum=1), "its teams are a pair of a pool that this version does not have"),
        (content(pair=4096), "its pair is 4096; the pool has 4096"),
        (content() + b"\x0a", "action 10; accepted: 0 to 9"),
        (
            files.CONTENT.pack(1, 7, 1, 2) + bytes(132),
            "format 7; accepted: 0 to 2",
        ),
        (
            files.CONTENT.pack(1, 0, 1, 2) + bytes(132),
            "p1's team has an empty slot; accepted: one to six in the first slots",
        ),
        *(
            (files.CONTENT.pack(1, 0, 1, 2) + own_teams(at, value), f"p2's team has {said}")
            for at, value, said in (
                (0, 152, "species 152; accepted: 1 to 151"),
                (1, 101, "level 101; accepted: 1 to 100"),
                (2, 0, "first move 0; accepted: 1 to 165"),
                (5, 166, "move 166; accepted: 0 to 165"),
                (9, 94, "stat points 94; accepted: 0 to 93"),
            )
        ),
    ],
)
def test_impossible_records_are_told(given: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "made"
    path.write_bytes(record_with(given))
    with pytest.raises(LogError) as told:
        read(path)
    assert str(told.value) == f"{path}: battle 1 of 1: {said}"


def test_another_version_is_told(tmp_path: Path) -> None:
    path = tmp_path / "new"
    header = files.HEADER.pack(files.MAGIC, 2, 0)
    path.write_bytes(header + files.CHECKSUM.pack(zlib.crc32(header)))
    with pytest.raises(LogError, match=r"is of version 2; accepted: 1$"):
        read(path)
    path.write_bytes(b"something else")
    with pytest.raises(LogError, match=r"is no file of battles: it does not begin with GEN1LOGS$"):
        read(path)


def test_what_no_battle_has_is_refused() -> None:
    teams, none = pool(0)[0], np.zeros((0, 2), np.uint8)
    with pytest.raises(ValueError, match=r"^format 3; accepted: 0 to 2$"):
        Battle(3, teams, (0, 0), none)
    with pytest.raises(
        ValueError, match=r"^seed .*; accepted: two integers from 0 to 2\*\*32 - 1$"
    ):
        Battle(0, teams, (0, 1 << 32), none)
    with pytest.raises(
        ValueError, match=r"^teams are uint8 \(6, 11\); accepted: uint8 \(2, 6, 11\)$"
    ):
        Battle(0, teams[0], (0, 0), none)
    with pytest.raises(ValueError, match=r"^actions are int64 \(1, 2\); accepted: uint8 \(T, 2\)$"):
        Battle(0, teams, (0, 0), np.zeros((1, 2), np.int64))
