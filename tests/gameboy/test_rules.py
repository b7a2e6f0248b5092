"""The reference's steps, resets and observations, in the game of our own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from references.gameboy import GameBoy
from references.gameboy.definition import open_definition

pytestmark = pytest.mark.usefixtures("oracle")
HELD = 8  # C008: bits 4 to 7 right left up down
FRAMES = 5  # C005 counts them
LEFT, RIGHT = 1, 2


def ram(state: Any, offset: int) -> int:
    """A byte from C000 on."""
    return int(state.fields["wram"][offset])


def test_buttons_are_held_for_the_first_frames() -> None:
    """The definition says 8: a shorter step ends with them held, a longer one without."""
    for skip, held in ((4, 0x20), (8, 0x20), (12, 0)):
        game = GameBoy(frame_skip=skip)
        state, _ = game.reset((1, 2))
        after, _ = game.step(state, LEFT)
        assert ram(after, HELD) & 0xF0 == held, f"{skip} frames"
        assert (ram(after, FRAMES) - ram(state, FRAMES)) % 256 == skip
        moved = ram(state, 4) - ram(after, 4)
        assert moved > 0


def test_a_step_leaves_the_state_that_it_was_given() -> None:
    game = GameBoy()
    state, _ = game.reset((1, 2))
    before = state.fields.tobytes()
    left, right = (game.step(state, action)[0] for action in (LEFT, RIGHT))
    assert state.fields.tobytes() == before
    assert ram(left, 4) < ram(state, 4) < ram(right, 4)
    assert game.step(state, LEFT)[0].fields.tobytes() == left.fields.tobytes()


def test_resets_draw_how_long_the_game_has_run() -> None:
    game = GameBoy(observation=4)
    noops = open_definition("orchard").noops
    counts = [ram(game.reset((key, 0))[0], FRAMES) for key in range(400)]
    assert len(set(counts)) == noops + 1
    assert max(counts) - min(counts) == noops


def test_observations_of_one_picture() -> None:
    games = [GameBoy(observation=kind) for kind in range(5)]
    states = [game.reset((3, 4))[0] for game in games]
    for step in range(20):
        done = [game.step(state, step // 3 % 3) for game, state in zip(games, states, strict=True)]
        states = [state for state, _ in done]
        full, half, packed, tiles, features = (result.obs for _, result in done)
        squares = full.reshape(72, 2, 80, 2).astype(int)
        np.testing.assert_array_equal(half, squares.sum((1, 3)))
        pixels = [packed >> 2 * place & 3 for place in range(4)]
        np.testing.assert_array_equal(np.stack(pixels, -1).reshape(144, 160), full)
        assert full.any() and tiles.any()
        assert features[1] == ram(states[4], 2) and features[2] == ram(states[4], 4)


def test_an_episode_is_played_to_its_end() -> None:
    """Standing still loses three apples, which takes what it takes."""
    game = GameBoy(observation=4)
    state, _ = game.reset((5, 6))
    total, lives = 0.0, []
    for _ in range(1000):
        state, step = game.step(state, 0)
        total += float(step.reward)
        lives.append(ram(state, 2))
        assert step.terminated == (ram(state, 3) == 2)
        if step.terminated:
            break
    assert step.terminated and lives[-1] == 0 and sorted(lives, reverse=True) == lives
    digits = [ram(state, 0), ram(state, 1)]
    assert total == float(f"{digits[0]:02x}{digits[1]:02x}")


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("f", 0x0F, "f is 15; its low nibble is 0"),
        ("rom_bank", 2, "rom_bank is 2; the ROM has 2 banks"),
    ],
)
def test_refused_states(field: str, value: int, line: str) -> None:
    game = GameBoy()
    state, _ = game.reset((1, 2))
    fields = {**game.export_fields(state), field: value}
    with pytest.raises(ValueError, match=f"^{line}"):
        game.import_fields(fields, state.key, state.t)
