"""Generated ROMs: made from their seed alone, never stuck, and together into every corner."""

from __future__ import annotations

import pytest

from references.gameboy.console import Console
from references.gameboy.generated import CARTRIDGES, HANDLED, HEARTBEAT, generate, source
from references.gameboy.lockstep import random_inputs

SEEDS = range(40)
FRAMES = 120


@pytest.mark.l1
def test_the_seed_is_all_that_decides() -> None:
    assert generate(5) == generate(5)
    assert len({source(seed) for seed in range(30)}) == 30


@pytest.mark.l1
def test_every_cartridge_comes_up() -> None:
    roms = [generate(seed) for seed in range(70)]
    assert {rom[0x147] for rom in roms} == {cartridge for cartridge, _ in CARTRIDGES}
    assert {rom[0x149] for rom in roms} == set(range(6))
    assert all(len(rom) == 0x8000 << rom[0x148] for rom in roms)


@pytest.mark.l2
@pytest.mark.usefixtures("oracle")
def test_none_gets_stuck_and_all_of_the_machine_is_met() -> None:
    met: set[str] = set()
    for seed in SEEDS:
        console = Console(generate(seed))
        console.boot()
        rounds, beat = 0, 0
        for frame, held in enumerate(random_inputs(FRAMES, seed)):
            console.frame(held, frame % 5 == 0)
            state = console.read()
            now = int(state["hram"][HEARTBEAT - 0xFF80])
            rounds += (now - beat) & 0xFF
            beat = now
            flags = {
                "LCD off": not state["lcdc"] & 0x80,
                "halted": state["halted"],
                "interrupts off": not state["ime"],
                "transfer under way": state["dma_active"],
                "serial transfer under way": state["serial_cycles"],
                "cartridge RAM on": state["ram_enabled"],
                "other ROM bank": state["rom_bank"] > 1,
                "ROM bank 0": state["rom_bank"] == 0,
                "other RAM bank": state["ram_bank"],
                "MBC1's second mode": state["banking_mode"],
                "window drawn": state["window_line"] > 0,
                "window met": state["window_triggered"],
                "line shortened by scrolling or sprites": state["mode3_extra"],
                "STAT line up": state["stat_line"],
                "first frame": state["lcd_first_frame"],
                "timer on": state["tac"] & 4,
                "timer off": not state["tac"] & 4,
                "motor": state["rumble"],
                **{f"interrupt {n}": state["hram"][HANDLED - 0xFF80 + n] for n in range(5)},
            }
            met |= {name for name, true in flags.items() if true}
        assert rounds >= 2, f"seed {seed}"
    assert set(flags) - met == set()
