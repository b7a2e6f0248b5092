"""The reference: one Game Boy at a time, which is PyBoy 2.8.1 itself.

No rule of the machine is written here. A state is STATE's bytes; a step puts PyBoy into it, ticks,
and reads the state back, so that states can be kept and gone back to. Rewards, ends and
observations follow from STATE, by the game's definition.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from references.contract import HEADER_BYTES, EnvSpec, Step
from references.gameboy import spec
from references.gameboy.console import FIELDS, Console
from references.gameboy.definition import Definition, open_definition, read, read_rom
from references.gameboy.observe import is_drawn, observe
from references.threefry import Key, below, threefry2x32


@dataclass(frozen=True, eq=False)
class GameBoyState:
    """A machine between two frames."""

    key: Key
    t: int
    fields: np.void  # structured, of console.FIELDS


class GameBoy:
    """One machine with one game; see `references.contract.Reference`.

    Args:
        params: `game`, `rom`, `observation` and `frame_skip`, as in spec.py.

    Raises:
        OracleMissingError: without PyBoy 2.8.1, or what its probe is built with.
        ValueError: for a definition or a ROM that is refused.
    """

    def __init__(self, **params: Any) -> None:
        self.spec: EnvSpec = spec.SPEC.under(params)
        self.params = spec.SPEC.check_params(params)
        self._game = open_definition(self.params["game"])
        self._rom = read_rom(self._game, self.params["rom"])
        self._frames: int = self.params["frame_skip"] or self._game.frames
        self._kind: int = self.params["observation"]
        self._console = console_of(self._rom)

    def reset(self, key: Key) -> tuple[GameBoyState, np.ndarray]:
        """A copy of the start, after as many frames as slot `start` of `key` draws."""
        word = threefry2x32(key, (0, self.spec.slots["start"]))[0]
        passed = below(word, self._game.noops + 1)
        fields = starts(self._game, self._rom, is_drawn(self._kind))[passed]
        return GameBoyState(key, 0, fields), self._observe(fields)

    def step(self, state: GameBoyState, action: Any) -> tuple[GameBoyState, Step]:
        """Run a step's frames, the buttons held for the first of them.

        Args:
            action: the number of one of the definition's.
        """
        game, console = self._game, self._console
        befores = [one.before(state.fields) for one in (game.reward, game.terminated)]
        console.write(state.fields)
        for frame in range(self._frames):
            held = game.actions[int(action)] if frame < game.press else 0
            console.frame(held, frame == self._frames - 1 and is_drawn(self._kind))
        fields = console.read()
        reward = float(game.reward.value(fields, befores[0])) * game.reward_scale
        over = game.terminated.value(fields, befores[1]) != 0
        step = Step(self._observe(fields), np.asarray(np.float32(reward)), over, truncated=False)
        return GameBoyState(state.key, state.t + 1, fields), step

    def step_many(
        self, states: Sequence[GameBoyState], actions: np.ndarray
    ) -> list[tuple[GameBoyState, Step]]:
        """`step` of every state; actions is (N,)."""
        return [self.step(state, action) for state, action in zip(states, actions, strict=True)]

    def legal(self, state: GameBoyState) -> np.ndarray:
        """Every action, always."""
        return np.ones(len(self._game.actions), np.bool_)

    def acting(self, state: GameBoyState) -> np.ndarray | None:
        """One player: nobody waits."""
        return None

    def export_fields(self, state: GameBoyState) -> dict[str, Any]:
        """STATE's fields by name."""
        return {field.name: state.fields[field.name] for field in self.spec.state}

    def export_many(self, states: Sequence[GameBoyState]) -> np.ndarray:
        """STATE as packed rows hold it, without the header: (N, bytes) u1."""
        rows = np.array([state.fields for state in states], FIELDS)
        return rows.view(np.uint8).reshape(len(states), -1)

    def import_fields(self, fields: Mapping[str, Any], key: Key, t: int) -> GameBoyState:
        """The state with these fields.

        Raises:
            ValueError: if no machine with this ROM can be in it.
        """
        row = np.zeros((), FIELDS)
        for field in self.spec.state:
            row[field.name] = fields[field.name]
        check(row, self._rom)
        return GameBoyState(key, t, cast(np.void, row[()]))

    def _observe(self, fields: np.void) -> np.ndarray:
        return observe(self._kind, self._game, fields)


def check(row: np.ndarray, rom: bytes) -> None:
    """Refuse a state, () of FIELDS, that no machine with this ROM can be in.

    Raises:
        ValueError: naming the first field that cannot be.
    """
    spec.check_fields({field.name: row[field.name] for field in spec.SPEC.state})
    banks = len(rom) // spec.ROM_BANK_BYTES
    for name in ("rom_bank", "rom_bank_low"):
        if int(row[name]) >= max(banks, 2):
            raise ValueError(f"{name} is {int(row[name])}; the ROM has {banks} banks")


@functools.lru_cache(maxsize=4)
def console_of(rom: bytes) -> Console:
    """The PyBoy that all references with this ROM work on: each puts it into its own state."""
    console = Console(rom)
    console.boot()
    return console


@functools.lru_cache(maxsize=4)
def booted(rom: bytes) -> np.void:
    """The state at the end of the frame in which the boot ROM leaves."""
    console = Console(rom)
    console.boot()
    return console.read()


@functools.lru_cache(maxsize=8)
def starts(game: Definition, rom: bytes, drawn: bool) -> tuple[np.void, ...]:
    """What a reset may copy, by the number of frames that it lets pass.

    Raises:
        ValueError: when the definition's state cannot be read or is none of this ROM.
    """
    console = console_of(rom)
    console.write(saved(game, rom) if game.state else booted(rom))
    for held, frames in game.script:
        for _ in range(frames):
            console.frame(held, False)
    found = []
    now = console.read()
    for _ in range(game.noops + 1):
        each = []
        for render in (drawn, False):
            console.write(now)
            console.frame(0, render)
            each.append(console.read())
        found.append(each[0])
        now = each[1]
    return tuple(found)


def saved(game: Definition, rom: bytes) -> np.void:
    """The state of a packed row in a file beside the definition."""
    assert game.folder is not None
    path = game.folder / game.state
    row, layout = read(path), spec.SPEC.layout_id
    if len(row) != spec.SPEC.state_bytes or row[:4] != layout.to_bytes(4, "little"):
        raise ValueError(
            f"{path}: no packed row; "
            f"accepted: {spec.SPEC.state_bytes} bytes of layout {layout:#010x}"
        )
    fields = np.frombuffer(row[HEADER_BYTES:], FIELDS)[0]
    try:
        check(fields, rom)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return cast(np.void, fields)
