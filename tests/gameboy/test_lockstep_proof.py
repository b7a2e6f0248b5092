"""The proof made of many comparisons: resumed, sharded, published. A stand-in compares."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import lockstep
from harness.errors import UserError
from references.gameboy import lockstep as machines
from references.gameboy.lockstep import Difference

pytestmark = pytest.mark.l2

SMALL = ["--frames", "20", "--generated", "120", "--generated-frames", "5"]
UNITS = 4  # the game of our own, and 50, 50 and 20 generated ROMs


class Comparing:
    """Counts comparisons; those of the frames in `wrong` differ."""

    def __init__(self) -> None:
        self.count = 0
        self.wrong: set[int] = set()

    def __call__(self, example: Path, rom: bytes, inputs: bytes, render: int) -> Difference | None:
        self.count += 1
        if len(inputs) in self.wrong:
            return Difference(3, "a", (), 1, 2, ("a",))
        return None


@pytest.fixture
def comparing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Comparing:
    stand_in = Comparing()
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path))
    monkeypatch.setattr(lockstep, "PUBLISHED", tmp_path / "published" / "lockstep.json")
    monkeypatch.setattr(machines, "compare", stand_in)
    monkeypatch.setattr(machines, "build_example", lambda: Path("example"))
    monkeypatch.setattr(lockstep, "generate", lambda seed: seed.to_bytes(4, "little"))
    return stand_in


def rows(folder: Path) -> list[Path]:
    return sorted((folder / "lockstep").glob("*.json"))


def test_it_goes_on_where_it_stopped(comparing: Comparing, tmp_path: Path) -> None:
    assert lockstep.main([*SMALL, "--shard", "1/2"]) == 0
    assert (comparing.count, len(rows(tmp_path))) == (51, 2)
    assert lockstep.main(SMALL) == 0
    assert (comparing.count, len(rows(tmp_path))) == (121, UNITS)
    assert lockstep.main(SMALL) == 0
    assert comparing.count == 121
    assert lockstep.main([*SMALL, "--redo"]) == 0
    assert comparing.count == 242


def test_other_sources_prove_nothing(comparing: Comparing, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lockstep.main(SMALL) == 0
    monkeypatch.setattr(lockstep, "hashes", lambda: {"hash": "other", "tool": "other"})
    assert lockstep.main(SMALL) == 0
    assert comparing.count == 242


def test_sources_that_change_meanwhile_are_refused(
    comparing: Comparing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = iter(["before", "after"])
    monkeypatch.setattr(lockstep, "hashes", lambda: {"hash": next(seen), "tool": ""})
    with pytest.raises(UserError, match="the sources changed meanwhile"):
        lockstep.main(SMALL)
    assert not rows(tmp_path)


def test_shards_are_published_together(comparing: Comparing) -> None:
    for shard in ("1/3", "2/3"):
        assert lockstep.main([*SMALL, "--shard", shard]) == 0
    with pytest.raises(UserError, match="not equal, or not compared on these sources: generated"):
        lockstep.main([*SMALL, "--shard", "2/3", "--publish"])
    assert not lockstep.PUBLISHED.exists()
    assert lockstep.main([*SMALL, "--shard", "3/3", "--publish"]) == 0
    published = json.loads(lockstep.PUBLISHED.read_text())
    assert len(published["rows"]) == UNITS
    assert {name: published[name] for name in ("hash", "tool")} == lockstep.hashes()
    assert published["summary"] == {
        "games": 1,
        "game_frames": 20,
        "generated": 120,
        "generated_frames": 600,
        "differences": 0,
    }
    game = published["rows"][0]
    assert (game["name"], game["file"], len(game["sha256"])) == ("ORCHARD", "orchard.gb", 64)


def test_a_difference_is_told_and_never_published(
    comparing: Comparing, capsys: pytest.CaptureFixture[str]
) -> None:
    comparing.wrong = {5}
    assert lockstep.main([*SMALL, "--shard", "2/4"]) == 1
    assert "frame 3: a is 0x1 in PyBoy, 0x2 in ours" in capsys.readouterr().out
    with pytest.raises(UserError, match="generated 0 to 49"):
        lockstep.main([*SMALL, "--publish"])
    assert not lockstep.PUBLISHED.exists()
    comparing.wrong = set()
    assert lockstep.main([*SMALL, "--publish"]) == 0


def test_roms_of_folders_join(comparing: Comparing, tmp_path: Path) -> None:
    folder = tmp_path / "roms" / "deeper"
    folder.mkdir(parents=True)
    for name in ("b.gb", "a.gb"):
        (folder / name).write_bytes(lockstep.OWN_GAME.read_bytes() + name.encode())
    args = lockstep.Args(roms=str(tmp_path / "roms"), generated="0", frames="7")
    assert [unit.file for unit, _ in lockstep.plan(args)] == ["orchard.gb", "a.gb", "b.gb"]
    assert lockstep.main(["--roms", str(tmp_path / "roms"), "--generated", "0"]) == 0
    assert comparing.count == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--frames", "0"], "FRAMES is '0'; accepted: an integer from 1 to"),
        (["--frames", "many"], "FRAMES is 'many'; accepted"),
        (["--generated", "-1"], "GENERATED is '-1'; accepted"),
        (["--seed", "1.5"], "SEED is '1.5'; accepted"),
        (["--shard", "3/2"], "SHARD is '3/2'; accepted: k/n"),
        (["--roms", "no-such-folder"], "'no-such-folder' has no .gb files; accepted"),
    ],
)
def test_wrong_arguments_are_one_line(
    arguments: list[str], message: str, comparing: Comparing
) -> None:
    with pytest.raises(UserError) as refusal:
        lockstep.main(arguments)
    assert message in str(refusal.value) and "\n" not in str(refusal.value)
    assert comparing.count == 0


def test_what_cannot_be_built_is_one_line(
    comparing: Comparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> Path:
        raise RuntimeError("error: no such example")

    monkeypatch.setattr(machines, "build_example", fails)
    with pytest.raises(UserError, match="error: no such example"):
        lockstep.main(SMALL)
