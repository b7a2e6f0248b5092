"""The probe of PyBoy: what it reads is PyBoy's state, and what it writes is all of it."""

from __future__ import annotations

import io

import numpy as np
import pytest

from references.gameboy.asm import assemble
from references.gameboy.console import FIELDS, Console
from references.gameboy.generated import generate
from references.gameboy.lockstep import random_inputs
from references.gameboy.spec import SPEC

pytestmark = [pytest.mark.l1, pytest.mark.usefixtures("oracle")]

IDLE = assemble('header "IDLE"\norg $100\njr @').rom


def booted(rom: bytes) -> Console:
    console = Console(rom)
    console.boot()
    return console


def test_the_boot_ends_where_it_always_does() -> None:
    state = booted(IDLE).read()
    registers = ["a", "f", "b", "c", "d", "e", "hl", "sp", "pc", "ime", "interrupt_flag"]
    expected = [1, 0xD0, 0, 0x13, 0, 0x8F, 0x87, 0xFFFE, 0x100, 0, 1]
    assert [int(state[name]) for name in registers] == expected
    assert state["cycles"].tolist() == [4511356, 0]
    assert [int(state[name]) for name in ("lcdc", "ly", "bgp")] == [0x91, 0, 0xFC]
    assert bytes(state["vram"][0x16:0x1A]) == bytes.fromhex("7c7c7e7e")
    assert not state["wram"].any() and not state["screen"].any()


@pytest.mark.parametrize("seed", range(6))
def test_what_it_reads_is_what_pyboy_says(seed: int) -> None:
    console = booted(generate(seed))
    for held in random_inputs(30, seed):
        console.frame(held, False)
    state, pyboy = console.read(), console.pyboy
    for name, area in {
        "vram": (0x8000, 0xA000),
        "wram": (0xC000, 0xE000),
        "unusable": (0xFEA0, 0xFF00),
        "hram": (0xFF80, 0xFFFF),
    }.items():
        assert state[name].tolist() == pyboy.memory[slice(*area)]
    plain = {"scy": 0x42, "scx": 0x43, "ly": 0x44, "lyc": 0x45, "bgp": 0x47, "obp0": 0x48}
    plain |= {"obp1": 0x49, "wy": 0x4A, "wx": 0x4B, "lcdc": 0x40, "joyp": 0x00, "tma": 0x06}
    plain |= {"serial_control": 0x02, "interrupt_enable": 0xFF}
    for name, port in plain.items():
        assert int(state[name]) == pyboy.memory[0xFF00 + port], name
    assert int(state["tac"]) | 0xF8 == pyboy.memory[0xFF07]
    assert int(state["interrupt_flag"]) | 0xE0 == pyboy.memory[0xFF0F]
    assert int(state["div_counter"]) >> 8 == pyboy.memory[0xFF04]
    file = pyboy.register_file
    assert [int(state[one]) for one in "abcdef"] == [getattr(file, one.upper()) for one in "abcdef"]
    assert [int(state[one]) for one in ("hl", "sp", "pc")] == [file.HL, file.SP, file.PC]
    assert int(state["cycles"][0]) == pyboy._cycles()


@pytest.mark.parametrize("seed", range(8))
def test_another_pyboy_goes_on_from_a_written_state(seed: int) -> None:
    """Everything that decides the future is in STATE: the two stay together from there."""
    rom, inputs = generate(seed), random_inputs(60, seed)
    first, second = booted(rom), Console(rom)
    for frame, held in enumerate(inputs):
        if frame % 20 == 0:
            state = first.read()
            second.write(state)
            assert second.read().tobytes() == state.tobytes()
        first.frame(held, frame % 7 == 0)
        second.frame(held, frame % 7 == 0)
        one, other = first.read(), second.read()
        wrong = [
            name.name for name in SPEC.state if not np.array_equal(one[name.name], other[name.name])
        ]
        assert not wrong, frame


def test_pyboy_s_own_state_file_says_the_same() -> None:
    """Loaded from its own file, it is in the state that the probe read when it was saved.

    The file leaves out what `lost` names.
    """
    lost = {"window_line", "stat_line", "mode3_extra", "halted_during_ei"}
    lost |= {"stat_mode_hidden", "lyc_written_off", "rom_bank_low"}
    rom = generate(3)
    first, second = booted(rom), Console(rom)
    for held in random_inputs(25, 3):
        first.frame(held, True)
    file = io.BytesIO()
    first.pyboy.save_state(file)
    file.seek(0)
    second.pyboy.load_state(file)
    one, other = first.read(), second.read()
    differing = {f.name for f in SPEC.state if not np.array_equal(one[f.name], other[f.name])}
    assert differing <= lost


def test_the_screen_is_in_shades() -> None:
    rom = assemble(
        """
        header "SHADES"
        org $100
            ld a, %00011011
            ldh ($47), a
            ld hl, $8010
            ld a, $0F
            ld (hl+), a
            ld a, $33
            ld (hl), a
            ld a, 1
            ld ($9800), a
            ld ($9C1F), a
            jr @
        """
    ).rom
    console = booted(rom)
    for _ in range(3):
        console.frame(0, True)
    row = console.read()["screen"][0]
    # Colours 0 0 2 2 1 1 3 3 of the palette that turns them round.
    assert [row[x // 4] >> 2 * (x % 4) & 3 for x in range(8)] == [3, 3, 1, 1, 2, 2, 0, 0]


def test_buttons_are_those_of_the_action() -> None:
    console = booted(IDLE)
    for bit in range(8):
        console.frame(1 << bit, False)
        state = console.read()
        held = ~(int(state["directions"]) | int(state["buttons"]) << 4) & 0xFF
        assert held == 1 << bit
        assert int(state["interrupt_flag"]) & 0x10
    console.frame(0, False)
    assert int(console.read()["directions"]) & int(console.read()["buttons"]) == 0xF


def test_a_row_of_another_size_is_refused() -> None:
    console = booted(IDLE)
    with pytest.raises(ValueError, match=rf"7 bytes; accepted: {FIELDS.itemsize}"):
        console._probe.read(console.pyboy, np.zeros(7, np.uint8))


@pytest.mark.parametrize("rom", [b"", bytes(100), bytes(0x8000)])
def test_a_rom_that_pyboy_refuses(rom: bytes) -> None:
    with pytest.raises(ValueError, match="PyBoy refuses the ROM") as refusal:
        Console(rom)
    assert "\n" not in str(refusal.value)
