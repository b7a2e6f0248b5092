"""The comparison itself: held against a machine that is PyBoy but for one planted difference."""

from __future__ import annotations

import argparse
import functools
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from references.gameboy import lockstep
from references.gameboy.console import FIELDS, Console
from references.gameboy.generated import generate

pytestmark = [pytest.mark.l2, pytest.mark.usefixtures("oracle")]

STAND_IN = """#!{python} -SE
import sys, zlib
rom, inputs, out, *options = sys.argv[1:]
assert options == ["--render", "4"], options
rows = open({folder!r} + "/" + str(zlib.crc32(open(rom, "rb").read())), "rb").read()
with open(out, "wb") as pipe:
    pipe.write(rows)
if {last_word!r}:
    sys.exit({last_word!r})
"""


@functools.cache
def recorded(seed: int, frames: int) -> np.ndarray:
    """What PyBoy does with a generated ROM, (frames,) of FIELDS, every 4th frame drawn."""
    console = Console(generate(seed))
    console.boot()
    rows = np.empty(frames, FIELDS)
    for frame, held in enumerate(lockstep.random_inputs(frames, seed)):
        console.frame(held, (frame + 1) % 4 == 0)
        rows[frame] = console.read()
    return rows


def stand_in(folder: Path, rows: dict[int, np.ndarray], last_word: str = "") -> Path:
    """An example that hands over these states, by the seed of the ROM."""
    for seed, states in rows.items():
        (folder / str(zlib.crc32(generate(seed)))).write_bytes(states.tobytes())
    path = folder / "example"
    text = STAND_IN.format(python=sys.executable, folder=str(folder), last_word=last_word)
    path.write_text(text)
    path.chmod(0o755)
    return path


def compared(folder: Path, rows: np.ndarray, last_word: str = "") -> lockstep.Difference | None:
    example = stand_in(folder, {1: rows}, last_word)
    return lockstep.compare(example, generate(1), lockstep.random_inputs(12, 1), render=4)


def test_the_same_machine_is_the_same(tmp_path: Path) -> None:
    assert compared(tmp_path, recorded(1, 12)) is None


@pytest.mark.parametrize(
    ("field", "index", "frames"),
    [
        ("oam", (3,), [7]),
        ("cycles", (1,), [7]),
        ("cart_ram", (2, 5), [7]),
        ("screen", (143, 39), [7, 9]),
        ("ime", (), [7, 8, 9, 10, 11]),
        ("unusable", (95,), [11]),
    ],
)
def test_a_difference_is_found_where_it_is(
    field: str, index: tuple[int, ...], frames: list[int], tmp_path: Path
) -> None:
    rows = recorded(1, 12).copy()
    for frame in frames:
        rows[field][(frame, *index)] ^= 1
    found = compared(tmp_path, rows)
    assert found is not None
    assert (found.frame, found.field, found.index) == (frames[0], field, index)
    assert found.pyboy ^ 1 == found.ours
    assert found.fields == (field,)
    assert str(found).startswith(f"frame {frames[0]}: {field}") and "\n" not in str(found)


def test_the_first_of_several_fields_is_named_and_then_the_others(tmp_path: Path) -> None:
    rows = recorded(1, 12).copy()
    rows["tima"][2] ^= 1
    rows["a"][2] ^= 1
    found = compared(tmp_path, rows)
    assert found is not None and found.field == "a"
    assert str(found).endswith("differing fields: a, tima")


def test_a_machine_that_stops_says_why(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"stopped at frame 2: no more") as refusal:
        compared(tmp_path, recorded(1, 12)[:2], "no more")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("status", [0, 1])
def test_the_exit_status(
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = {seed: recorded(seed, 3).copy() for seed in (0, 1)}
    rows[1]["f"][2] ^= 16 * status
    command = ["lockstep", "--generated", "2", "--frames", "3", "--render", "4"]
    monkeypatch.setattr(sys, "argv", [*command, "--example", str(stand_in(tmp_path, rows))])
    assert lockstep.main() == status
    assert f"2 ROMs, 3 frames each: {status} differ" in capsys.readouterr().out


def test_a_missing_rom(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    command = ["lockstep", str(tmp_path / "none.gb"), "--example", "true"]
    monkeypatch.setattr(sys, "argv", command)
    assert lockstep.main() == 2
    assert "none.gb" in capsys.readouterr().err


def test_inputs_follow_from_the_seed() -> None:
    first = lockstep.random_inputs(500, 3)
    assert first == lockstep.random_inputs(500, 3) != lockstep.random_inputs(500, 4)
    assert len(first) == 500
    pressed = {bit for bit in range(8) for held in first if held >> bit & 1}
    assert pressed == set(range(8))
    assert 0 in first


def test_shards_are_all_there_is() -> None:
    def shard(text: str) -> set[str]:
        chosen = argparse.Namespace(roms=[], generated=10, seed=3, shard=lockstep.parse_shard(text))
        return {name for name, _, _ in lockstep.games(chosen)}

    assert shard("1/1") == shard("1/3") | shard("2/3") | shard("3/3")
    assert not shard("1/3") & shard("2/3")
    for wrong in ("0/2", "3/2", "x", "1", "1/2/3"):
        with pytest.raises(argparse.ArgumentTypeError, match="accepted: k/n"):
            lockstep.parse_shard(wrong)
