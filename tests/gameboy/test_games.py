"""The games whose definitions come with the library: on both sides, where their ROMs are there.

ROMs that are the user's lie in $SAMESTEP_SHARED/gameboy/games, or in ../shared.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import registry
from harness.errors import UserError
from harness.implementations import make_batch
from references.contract import DiscreteAction
from references.gameboy import GameBoy
from references.gameboy.definition import open_definition

ROOT = Path(__file__).resolve().parents[2]
ROMS = Path(os.environ.get("SAMESTEP_SHARED", ROOT.parent / "shared")) / "gameboy/games"
PLAYED = {"orchard": 300, "2048": 150, "snake": 100, "plantboy": 100, "rex-runner": 100}
"""Steps in which some episode ends, at random."""


def params_of(game: str, observation: int) -> dict[str, Any]:
    """Parameters of a game; skips where its ROM is missing."""
    rom = "" if game == "orchard" else str(ROMS / open_definition(game).rom)
    if rom and not Path(rom).exists():
        pytest.skip(f"{game}: {rom} is missing")
    return {"game": game, "rom": rom, "observation": observation}


@pytest.mark.usefixtures("oracle")
@pytest.mark.parametrize("game", PLAYED)
def test_both_play_the_same(game: str) -> None:
    """Ends and rewards come, and are PyBoy's, with everything else."""
    params = params_of(game, observation=1)
    entry = registry.get("gameboy")
    try:
        batches = [make_batch(entry, impl, 6, params) for impl in ("reference", "rust")]
    except (UserError, ImportError, ValueError) as error:
        pytest.skip(f"the Rust library cannot run here: {error}")
    layout = entry.spec.action(entry.spec.check_params(params))
    assert isinstance(layout, DiscreteAction)
    theirs_first, ours_first = (np.array(batch.reset(3)) for batch in batches)
    np.testing.assert_array_equal(theirs_first, ours_first)
    random = np.random.default_rng(0)
    rewards, ends = 0.0, 0
    for step in range(PLAYED[game]):
        actions = random.integers(layout.n, size=6).astype(np.int32)
        theirs, ours = (batch.step(actions) for batch in batches)
        for name in ("obs", "reward", "terminated", "truncated"):
            a, b = np.array(getattr(theirs, name)), np.array(getattr(ours, name))
            np.testing.assert_array_equal(a, b, f"step {step}: {name}")
        rewards += float(np.abs(theirs.reward).sum())
        ends += int(theirs.terminated.sum())
    theirs_rows, ours_rows = (np.array(batch.export_state()) for batch in batches)
    np.testing.assert_array_equal(theirs_rows, ours_rows)
    assert rewards > 0 and ends > 0, f"{rewards} in rewards, {ends} ends"


def test_a_rom_that_the_user_has_to_give() -> None:
    with pytest.raises(ValueError) as error:
        GameBoy(game="2048")
    line = "rom is ''; accepted: the path of 2048.gb, which does not come with the library"
    assert str(error.value) == line


class Red:
    """RAM of Pokemon Red as it is commonly known, to be written to."""

    def __init__(self) -> None:
        self.fields = {
            "wram": np.zeros(0x2000, np.uint8),
            "hram": np.zeros(0x7F, np.uint8),
        }

    def put(self, address: int, *values: int) -> None:
        """Write bytes."""
        offset = address - 0xC000
        self.fields["wram"][offset : offset + len(values)] = values


def test_pokemon_red_counts_progress() -> None:
    """On RAM made up: the ROM cannot be part of the tests."""
    game = open_definition("pokemon-red")
    ram = Red()
    before = game.reward.before(ram.fields)
    assert game.reward.value(ram.fields, before) == 0
    ram.put(0xD747, 0b101)  # two events, and the last flag of all
    ram.put(0xD747 + 319, 0x80)
    ram.put(0xD356, 0b11)  # two badges
    ram.put(0xD163, 2)
    ram.put(0xD18C, 7)  # levels
    ram.put(0xD1B8, 5)
    ram.put(0xD2F7, 0b1001)  # two species
    ram.put(0xD347, 0x12, 0x34, 0x56)
    assert game.reward.value(ram.fields, before) == 4 * 3 + 20 * 2 + 2 * 2 + 12
    assert game.reward_scale == 0.1 and game.terminated.value(ram.fields) == 0
    features = {name: value.value(ram.fields) for name, value in game.features}
    assert features["badges"] == 3 and features["party"] == 2 and features["level 2"] == 5
    assert features["money / 10,000"] == 12 and features["species owned"] == 2
    assert features["events, first half"] == 2 and features["events, second half"] == 1
    before = game.reward.before(ram.fields)
    ram.put(0xD18C, 8, 0)
    ram.put(0xD1B8, 0)  # put away: costs nothing
    assert game.reward.value(ram.fields, before) == 0
