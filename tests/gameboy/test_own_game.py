"""Orchard, the game of our own: built from its source, and what it is to a player."""

from __future__ import annotations

from pathlib import Path

import pytest

from references.gameboy import lockstep
from references.gameboy.asm import assemble
from references.gameboy.console import Console

pytestmark = pytest.mark.l2

ROMS = lockstep.ROOT / "references" / "gameboy" / "roms"
SOURCE = ROMS / "orchard.asm"
GAME = ROMS / "orchard.gb"
RIGHT, LEFT, A, START = 0x01, 0x02, 0x10, 0x80
PLAYING, OVER = 1, 2


def names() -> dict[str, int]:
    return assemble(SOURCE.read_text(), str(SOURCE)).symbols


class Player:
    """Someone who plays it and looks into its memory."""

    def __init__(self) -> None:
        self.console = Console(GAME.read_bytes())
        self.console.boot()
        self.names = names()
        self.hold(0, 10)

    def hold(self, buttons: int, frames: int) -> None:
        for _ in range(frames):
            self.console.frame(buttons, False)

    def start(self) -> None:
        self.hold(START, 2)
        self.hold(0, 4)
        assert self["SCREEN"] == PLAYING

    def __getitem__(self, name: str) -> int:
        return int(self.console.pyboy.memory[self.names[name]])

    def __setitem__(self, name: str, value: int) -> None:
        self.console.pyboy.memory[self.names[name]] = value

    def put_apple(self, kind: int, x: int, y: int) -> None:
        """In place of the first, with no other about."""
        place = self.names["APPLES"]
        self.console.pyboy.memory[place : place + 12] = [kind, x, 0, y, *[0] * 8]

    @property
    def score(self) -> str:
        place = self.names["SCORE"]
        return bytes(self.console.pyboy.memory[place : place + 2]).hex()


@pytest.fixture
def player(oracle: None) -> Player:
    return Player()


def test_the_rom_is_what_its_source_makes() -> None:
    assert assemble(SOURCE.read_text(), str(SOURCE)).rom == GAME.read_bytes()


def test_start_begins(player: Player) -> None:
    assert player["SCREEN"] == 0
    player.start()
    assert (player["LIVES"], player.score) == (3, "0000")


def test_the_basket_moves_and_stays_inside(player: Player) -> None:
    player.start()
    before = player["BASKET"]
    player.hold(RIGHT, 5)
    assert player["BASKET"] == before + 10
    player.hold(LEFT | A, 5)
    assert player["BASKET"] == before - 5
    player.hold(LEFT, 100)
    assert player["BASKET"] == 0
    player.hold(RIGHT | A, 100)
    assert player["BASKET"] == 144


@pytest.mark.parametrize(
    ("kind", "before", "after"), [(1, "0000", "0001"), (2, "0008", "0013"), (1, "0999", "1000")]
)
def test_a_caught_apple_counts_in_bcd(kind: int, before: str, after: str, player: Player) -> None:
    player.start()
    player["SCORE"] = int(before[:2], 16)
    place = player.names["SCORE"] + 1
    player.console.pyboy.memory[place] = int(before[2:], 16)
    speed = player["SPEED"]
    player.put_apple(kind, player["BASKET"] + 4, 110)
    player.hold(0, 8)
    assert (player.score, player["LIVES"], player["APPLES"]) == (after, 3, 0)
    assert player["SPEED"] == speed + player.names["SPEED_STEP"]


@pytest.mark.parametrize(("offset", "caught"), [(-8, False), (-7, True), (15, True), (16, False)])
def test_how_far_the_basket_reaches(offset: int, caught: bool, player: Player) -> None:
    player.start()
    player.put_apple(1, player["BASKET"] + offset, 110)
    player.hold(0, 20)
    assert (player.score == "0001", player["LIVES"] == 3) == (caught, caught)


def test_three_on_the_ground_end_it_and_start_begins_anew(player: Player) -> None:
    player.start()
    for lives in (2, 1, 0):
        player.put_apple(1, 8, 126)
        player["BASKET"] = 100
        player.hold(0, 6)
        assert player["LIVES"] == lives
    assert player["SCREEN"] == OVER
    player.hold(RIGHT, 5)
    assert player["BASKET"] == 100
    player.start()
    assert (player["LIVES"], player.score) == (3, "0000")


def test_what_falls_hangs_on_when_one_began(player: Player) -> None:
    """DIV is the only chance there is."""
    seen = set()
    for wait in range(6):
        again = Player()
        again.hold(0, wait)
        again.start()
        again.hold(0, 60)
        place = again.names["APPLES"]
        seen.add(int(again.console.pyboy.memory[place + 1]))
    assert len(seen) >= 4


def test_a_source_elsewhere_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.asm"
    wrong.write_text("nop\nnot an instruction\n")
    with pytest.raises(ValueError, match=r"wrong.asm:2: no instruction not an instruction"):
        assemble(wrong.read_text(), str(wrong))
