"""The parameter `teams`: a pool of one's own, made from text, played alike, and judged alike."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import registry
from harness.implementations import make_batch
from references.pokemon import SPEC, Pokemon, pools, sets
from references.pokemon.pools import __main__ as command
from references.pokemon.pools import own
from references.threefry import below, env_key, threefry2x32

samestep_jax = pytest.importorskip("samestep_jax")
samestep_rust = pytest.importorskip("samestep_rust")

TEAMS = """=== [gen1ou] first ===
Snorlax
- Body Slam
- Rest

Tauros
- Hyper Beam

=== [gen1ou] second ===
Starmie
- Surf
- Thunderbolt
- Recover
"""
SLOT = sets.BYTES
LANES = 64


@pytest.fixture
def made(tmp_path: Path) -> Path:
    text, out = tmp_path / "teams.txt", tmp_path / "own.bin"
    text.write_text(TEAMS)
    assert command.main(["make", str(out), str(text)]) == 0
    return out


def test_every_team_meets_every_team(made: Path) -> None:
    pool = own.load(str(made))
    members = [tuple(len(sets.unpack_team(team)) for team in pair) for pair in pool]
    assert members == [(2, 2), (2, 1), (1, 2), (1, 1)]
    np.testing.assert_array_equal(pool, pools.read(made.read_bytes()))


def test_pairs_can_be_drawn(made: Path, tmp_path: Path) -> None:
    text, out = tmp_path / "teams.txt", tmp_path / "drawn.bin"
    arguments = ["make", str(out), str(text), "--pairs", "100", "--seed"]
    drawn = []
    for seed in ("3", "3", "4"):
        assert command.main([*arguments, seed]) == 0
        drawn.append(out.read_bytes())
    assert drawn[0] == drawn[1] != drawn[2]
    pool = own.load(str(out))
    assert len(pool) == 100
    assert {pair.tobytes() for pair in pool} == {pair.tobytes() for pair in own.load(str(made))}


@pytest.mark.parametrize("backend", ["rust", "jax"])
def test_resets_draw_from_it(made: Path, backend: str) -> None:
    pool = own.load(str(made))
    batch = make_batch(registry.get("pokemon"), backend, LANES, {"teams": str(made), "format": 2})
    batch.reset(9)
    rows = SPEC.unpack(batch.export_state())
    batch.close()
    met = set()
    for row in rows:
        key = env_key((int(row["root"][0]), int(row["root"][1])), int(row["env_index"]), 0)
        pair = below(threefry2x32(key, (0, SPEC.slots["team"]))[0], len(pool))
        met.add(pair)
        np.testing.assert_array_equal(row["species"], pool[pair, ..., 0])
        np.testing.assert_array_equal(row["level"], pool[pair, ..., 1])
        np.testing.assert_array_equal(row["moves"], pool[pair, ..., 2:6])
        np.testing.assert_array_equal(row["stat_points"], pool[pair, ..., 6:])
    assert met == {0, 1, 2, 3}


def test_a_jax_environment_keeps_what_it_read(made: Path) -> None:
    before = samestep_jax.make("pokemon", teams=str(made))
    assert before == samestep_jax.make("pokemon", teams=str(made))
    made.write_bytes(pools.path("ou").read_bytes())
    after = samestep_jax.make("pokemon", teams=str(made))
    assert before != after and hash(before) != hash(after)
    assert len(before._pool()) == 4


def with_bytes(changes: dict[int, int]) -> Callable[[bytes], bytes]:
    """Changed bytes of the pairs, under a checksum that is right."""

    def change(content: bytes) -> bytes:
        body = bytearray(content[pools.HEADER.size :])
        for at, value in changes.items():
            body[at] = value
        return pools.HEADER.pack(pools.MAGIC, 4, zlib.crc32(body)) + bytes(body)

    return change


BYTES_OF_FOUR = "accepted: 1 to 65536 of 132 bytes each"
WRONG: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("it does not begin with GEN1TEAM; accepted: a pool of teams", lambda content: b""),
    ("it does not begin with GEN1TEAM; accepted: a pool of teams", lambda content: content[:15]),
    ("it does not begin with GEN1TEAM; accepted: a pool of teams", lambda content: content[1:]),
    (f"4 pairs in 527 bytes; {BYTES_OF_FOUR}", lambda content: content[:-1]),
    (f"4 pairs in 529 bytes; {BYTES_OF_FOUR}", lambda content: content + b"\0"),
    (f"0 pairs in 0 bytes; {BYTES_OF_FOUR}", lambda _: struct.pack("<8sII", pools.MAGIC, 0, 0)),
    (
        "its checksum is not its content's; accepted: a pool as written",
        lambda content: content[:-1] + b"\7",
    ),
    ("pair 0, player 1, Pokemon 1: species is 152; accepted: 1 to 151", with_bytes({0: 152})),
    ("pair 0, player 1, Pokemon 1: species is 0; accepted: 1 to 151", with_bytes({0: 0})),
    ("pair 1, player 2, Pokemon 1: level is 101; accepted: 1 to 100", with_bytes({199: 101})),
    ("pair 0, player 1, Pokemon 2: level is 0; accepted: 1 to 100", with_bytes({SLOT + 1: 0})),
    ("pair 0, player 1, Pokemon 1: a move is 165; accepted: 1 to 164", with_bytes({3: 165})),
    ("pair 0, player 1, Pokemon 2: a move is 0; accepted: 1 to 164", with_bytes({SLOT + 2: 0})),
    (
        "pair 0, player 1, Pokemon 1: move 34 twice; accepted: each move once",
        with_bytes({3: 34}),
    ),
    (
        "pair 0, player 1, Pokemon 1: a move follows a 0; accepted: one to four moves, then 0",
        with_bytes({5: 1}),
    ),
    (
        "pair 0, player 1, Pokemon 1: stat points is 94; accepted: 0 to 93",
        with_bytes({10: 94}),
    ),
    ("pair 0, player 1, empty slots must be 0 and come last", with_bytes({2 * SLOT + 1: 1})),
    ("pair 0, player 1, empty slots must be 0 and come last", with_bytes({3 * SLOT: 1})),
]


@pytest.mark.parametrize(("message", "change"), WRONG)
def test_all_refuse_a_file_in_the_same_words(
    made: Path, message: str, change: Callable[[bytes], bytes]
) -> None:
    made.write_bytes(change(made.read_bytes()))
    assert refusals(str(made)) == {f"teams is '{made}': {message}"}


@pytest.mark.parametrize("path", ["nowhere.bin", ".", "a\0b"])
def test_all_refuse_what_cannot_be_read(path: str) -> None:
    accepted = "accepted: the path of a pool of teams"
    assert refusals(path) == {f"teams is '{path}': no file that can be read; {accepted}"}


def refusals(path: str) -> set[str]:
    """What the reference, Rust and JAX say."""
    makers: list[Callable[..., Any]] = [
        Pokemon,
        lambda **params: samestep_rust.make_vec("pokemon", num_envs=1, **params),
        lambda **params: samestep_jax.make("pokemon", **params),
    ]
    said = set()
    for make in makers:
        with pytest.raises(ValueError, match="teams") as caught:
            make(teams=path)
        said.add(str(caught.value))
    return said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Mew\n- Pound\n", "team 1: Pokémon 1 (Mew): banned in gen1ou"),
        ("Agumon\n- Pound\n", "no such species"),
        ("", "a pool of 0 pairs; accepted: 1 to 65536"),
    ],
)
def test_teams_that_are_refused_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    source, out = tmp_path / "teams.txt", tmp_path / "own.bin"
    source.write_text(text)
    assert command.main(["make", str(out), str(source)]) == 1
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not out.exists()


def test_files_that_cannot_be_used_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing, folder = tmp_path / "none.txt", tmp_path / "folder"
    folder.mkdir()
    good = tmp_path / "good.txt"
    good.write_text(TEAMS)
    for arguments in ([str(tmp_path / "out"), str(missing)], [str(folder), str(good)]):
        assert command.main(["make", *arguments]) == 1
        error = capsys.readouterr().err
        assert "accepted: a file" in error and error.count("\n") == 1
