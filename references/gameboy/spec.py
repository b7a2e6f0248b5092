"""Game Boy: the numbers and layouts that define it.

Source: PyBoy 2.8.1 (LGPL-3.0) is the oracle, run for real; words and registers are those of Pan
Docs. Cycles are those of the 4 MiHz clock, four to a machine cycle. A state is one between two
frames, where every part of the machine has been caught up with the CPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from references.contract import ActionLayout, DiscreteAction, EnvSpec, Field, ObsLayout, Param
from references.gameboy import observe
from references.gameboy.definition import BUTTONS as BUTTONS
from references.gameboy.definition import FRAMES, NAMES, open_definition

ROM_BANK_BYTES = 0x4000

CONSTANTS: dict[str, int | tuple[int, ...]] = {
    "FRAME_CYCLES": 70224,
    "LINES": 144,
    "COLUMNS": 160,
    "ROM_BANK_BYTES": ROM_BANK_BYTES,
    "RAM_BANK_BYTES": 0x2000,
    "RAM_BANKS": 16,
    "BUTTON_RIGHT": 0x01,
    "BUTTON_LEFT": 0x02,
    "BUTTON_UP": 0x04,
    "BUTTON_DOWN": 0x08,
    "BUTTON_A": 0x10,
    "BUTTON_B": 0x20,
    "BUTTON_SELECT": 0x40,
    "BUTTON_START": 0x80,
}

STATE = (
    # The CPU.
    Field("cycles", "u4", (2,), "since power on; low word first"),
    Field("a", "u1"),
    Field("f", "u1", (), "Z N H C in bits 7 to 4; the low nibble is 0"),
    Field("b", "u1"),
    Field("c", "u1"),
    Field("d", "u1"),
    Field("e", "u1"),
    Field("hl", "u2"),
    Field("sp", "u2"),
    Field("pc", "u2", (), "while halted: the HALT's own address"),
    Field("ime", "u1", (), "1: interrupts are dispatched"),
    Field("ime_delay", "u1", (), "instructions until EI sets ime; 0: none is on its way"),
    Field("halted", "u1"),
    Field("halted_during_ei", "u1", (), "1: waking up does not step over the HALT"),
    Field("interrupt_enable", "u1", (), "IE, FFFF: all 8 bits"),
    Field("interrupt_flag", "u1", (), "IF, FF0F: its 5 bits"),
    # The timer.
    Field("div_counter", "u2", (), "a cycle a count; DIV is its high byte"),
    Field("tima", "u1"),
    Field("tma", "u1"),
    Field("tac", "u1", (), "its 3 bits"),
    Field("tima_reload", "u1", (), "0 none; after an overflow 1 (TIMA reads 0), then 2"),
    Field("tima_reload_cycles", "u1", (), "left in that phase"),
    # The serial port, with nothing on the cable, and the joypad.
    Field("serial_control", "u1", (), "SC as it reads"),
    Field("serial_cycles", "u2", (), "until the transfer under way ends; 0: none"),
    Field("joyp", "u1", (), "FF00 as it reads: computed when it was written"),
    Field("directions", "u1", (), "bit 0 right, left, up, down; 0 is held"),
    Field("buttons", "u1", (), "bit 0 A, B, select, start; 0 is held"),
    # The transfer to OAM.
    Field("dma_active", "u1"),
    Field("dma_source", "u1", (), "FF46 as it reads: high byte of the source"),
    Field("dma_index", "u1", (), "bytes copied"),
    Field("dma_start", "u4", (2,), "cycles at which the first byte is due less 4; low word first"),
    # The LCD.
    Field("lcdc", "u1"),
    Field("stat", "u1", (), "bit 7 is 1, bit 2 as compared, bits 0 and 1 the mode"),
    Field("scy", "u1"),
    Field("scx", "u1"),
    Field("ly", "u1"),
    Field("lyc", "u1"),
    Field("bgp", "u1"),
    Field("obp0", "u1"),
    Field("obp1", "u1"),
    Field("wy", "u1"),
    Field("wx", "u1"),
    Field("lcd_clock", "u4", (2,), "cycles into the frame; wraps at 64 bits; low word first"),
    Field("lcd_target", "u4", (2,), "the clock at the next transition; low word first"),
    Field("lcd_next_mode", "u1", (), "the mode that it enters"),
    Field("lcd_transition", "u1", (), "0 into a mode, 1 LY counts up, 2 into mode 2 after that"),
    Field("lcd_first_frame", "u1", (), "1: the first frame since it was switched on"),
    Field("lcd_restart", "u1", (), "1: switched on, not started yet"),
    Field("stat_line", "u1", (), "1: a source of the STAT interrupt holds the line up"),
    Field("stat_mode_hidden", "u1", (), "1: the next read of STAT shows mode 0"),
    Field("lyc_written_off", "u1", (), "1: LYC was written while the LCD was off"),
    Field("mode3_extra", "i2", (), "cycles that the last mode 3 took beyond 172"),
    Field("window_triggered", "u1", (), "1: LY has met WY in this frame"),
    Field("window_line", "i4", (), "the window's own line counter, as of the last line drawn"),
    # The cartridge.
    Field("rom_bank", "u2", (), "at 4000"),
    Field("rom_bank_low", "u2", (), "at 0000"),
    Field("ram_bank", "u1", (), "MBC3: 8 to 12 are the clock's registers"),
    Field("ram_enabled", "u1"),
    Field("banking_mode", "u1", (), "MBC1: 6000-7FFF"),
    Field("bank_register_low", "u1", (), "MBC1: 2000-3FFF, 5 bits"),
    Field("bank_register_high", "u1", (), "MBC1: 4000-5FFF, 2 bits"),
    Field("rumble", "u1", (), "MBC5 with a motor: 1 while it runs"),
    # Memory.
    Field("wram", "u1", (0x2000,), "C000-DFFF"),
    Field("vram", "u1", (0x2000,), "8000-9FFF"),
    Field("oam", "u1", (0xA0,), "FE00-FE9F"),
    Field("unusable", "u1", (0x60,), "FEA0-FEFF: plain memory"),
    Field("io_unmapped", "u1", (8,), "FF03, FF08-FF0E as written; they read as FF"),
    Field("hram", "u1", (0x7F,), "FF80-FFFE"),
    Field("cart_ram", "u1", (16, 0x2000), "16 banks, whatever the cartridge has"),
    # What was drawn last: it stays where a frame is cut short by switching the LCD.
    Field("screen", "u1", (144, 40), "shades 0 to 3, four pixels a byte, the leftmost lowest"),
)


def action(params: Mapping[str, Any]) -> ActionLayout:
    """Sets of buttons, in the order of the game's definition."""
    names = open_definition(params["game"]).action_names
    return DiscreteAction(len(names), names)


def obs_under(params: Mapping[str, Any]) -> ObsLayout:
    """The layout of the chosen observation of the chosen game."""
    return observe.layout(params["observation"], open_definition(params["game"]))


SPEC = EnvSpec(
    name="gameboy",
    version=1,
    state=STATE,
    obs=ObsLayout("u1", (144, 160), 0, 3),
    action=action,
    slots={"start": 0},
    constants=CONSTANTS,
    params={
        "game": Param(NAMES[0], doc="a game that comes with the library, or a definition's path"),
        "rom": Param("", doc="path of the ROM; empty: beside the definition, or the library's"),
        "observation": Param(
            0, 0, 4, "0 shades 144 x 160, 1 sums 72 x 80, 2 packed, 3 tiles 18 x 20, 4 features"
        ),
        "frame_skip": Param(0, 0, FRAMES, "frames of a step; 0: as many as the game defines"),
    },
    exact=True,
    obs_under=obs_under,
)

BOUNDS: dict[str, tuple[int, int]] = {
    "ime": (0, 1),
    "ime_delay": (0, 1),
    "halted": (0, 1),
    "halted_during_ei": (0, 1),
    "interrupt_flag": (0, 31),
    "tac": (0, 7),
    "tima_reload": (0, 2),
    "tima_reload_cycles": (0, 4),
    "serial_cycles": (0, 1024),
    "directions": (0, 15),
    "buttons": (0, 15),
    "dma_active": (0, 1),
    "dma_index": (0, 160),
    "stat": (0x80, 0xFF),
    "ly": (0, 153),
    "lcd_next_mode": (0, 3),
    "lcd_transition": (0, 2),
    "lcd_first_frame": (0, 1),
    "lcd_restart": (0, 1),
    "stat_line": (0, 1),
    "stat_mode_hidden": (0, 1),
    "lyc_written_off": (0, 1),
    "mode3_extra": (-4, 111),
    "window_triggered": (0, 1),
    "window_line": (-1, 2**31 - 1),
    "ram_bank": (0, 15),
    "ram_enabled": (0, 1),
    "banking_mode": (0, 1),
    "bank_register_low": (0, 31),
    "bank_register_high": (0, 3),
    "rumble": (0, 1),
}
"""What a number of STATE can be; those not named can be anything their type holds."""


def check_fields(fields: Mapping[str, Any]) -> None:
    """Refuse numbers that no machine can have.

    Raises:
        ValueError: naming the first such field, and what it can be.
    """
    for name, (low, high) in BOUNDS.items():
        if not low <= int(fields[name]) <= high:
            raise ValueError(f"{name} is {int(fields[name])}; it can be {low} to {high}")
    if int(fields["f"]) & 0x0F:
        raise ValueError(f"f is {int(fields['f'])}; its low nibble is 0")
    if bool(fields["tima_reload"]) != bool(fields["tima_reload_cycles"]):
        raise ValueError("tima_reload and tima_reload_cycles are 0 together")
