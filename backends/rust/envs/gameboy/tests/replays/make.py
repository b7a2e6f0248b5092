"""Writes what `cargo test` replays: ROMs played on PyBoy.

Our own game, generated ROMs, and programs that put parts of the machine against one another,
machine cycle by machine cycle: each of them repeats its experiments at more and more phases, and
writes what it sees from C000 on.

PYTHONPATH=. python backends/rust/envs/gameboy/tests/replays/make.py

A file is gzipped: "GAMEBOY1", u4 bytes of the ROM, u4 frames, u4 K (every K-th frame is drawn), the
ROM, a byte a frame with the buttons held, and a u4 a frame: the CRC-32 of STATE behind it.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import references.gameboy
from references.gameboy.asm import assemble
from references.gameboy.console import Console
from references.gameboy.generated import generate
from references.gameboy.lockstep import random_inputs

HERE = Path(__file__).resolve().parent
ORCHARD = Path(references.gameboy.__file__).parent / "roms" / "orchard.gb"
SEEDS = (3, 20, 28, 29, 46, 53, 69, 111, 115, 128, 137, 150)
"""Of generated ROMs: those that notice the most of the mistakes that can be made here."""
FRAMES = 90
EVERY = 3

HEAD = """
header "SITUATION", 0, 0
org $40
reti
org $48
reti
org $50
reti
org $100
nop
jp start
org $150
start: di
ld sp, $DFF0
"""


def program(body: str) -> str:
    """A whole source: the body, then a loop."""
    return f"{HEAD}{body}\nend: jr end\n"


def transfers() -> str:
    """Transfers to OAM that are begun anew, and OAM read and written while they run.

    Code in ROM goes on undisturbed in PyBoy, so no wait in high memory is needed.
    """

    def begun_anew(phase: int) -> str:
        wait = "nop\n" * phase
        return f"""
        ld hl, $FE20
        ld a, $C1
        ldh ($46), a
        {wait}ldh ($46), a
        ld e, (hl)
        ld d, (hl)
        ld a, (hl)
        ld (bc), a
        inc c
        ld a, d
        ld (bc), a
        inc c
        ld a, e
        ld (bc), a
        inc c
        call settle
        """

    def ended(phase: int) -> str:
        wait = "nop\n" * phase
        return f"""
        ld hl, $FE20
        ld a, $C2
        ldh ($46), a
        ld e, 38
        last{phase}: dec e
        jr nz, last{phase}
        {wait}add a, (hl)
        ld (bc), a
        inc c
        ld a, ($FE30)
        ld (bc), a
        inc c
        call settle
        """

    def met(phase: int) -> str:
        wait = "nop\n" * phase
        return f"""
        ld a, $C1
        ldh ($46), a
        {wait}ld hl, $FE00 + {phase}
        ld a, $5A
        ld (hl), a
        ld a, (hl)
        ld (bc), a
        inc c
        add a, (hl)
        inc (hl)
        ld ($FE90), a
        ld a, ($FE90)
        ld (bc), a
        inc c
        call settle
        """

    table = """
    jr begin
    settle: ld a, 60
    more: dec a
    jr nz, more
    ret
    begin: ld hl, $C100
    fill: ld a, l
    xor h
    ld (hl+), a
    ld a, h
    cp $C4
    jr nz, fill
    ld bc, $C000
    """
    experiments = [begun_anew(phase) for phase in range(8)]
    experiments += [met(phase) for phase in range(12)]
    experiments += [ended(phase) for phase in range(20)]
    return program(table + "\n".join(experiments))


def first_lines() -> str:
    """What is seen in the first lines after the LCD was switched on.

    STAT and IF, and OAM and video RAM through instructions that look ahead.
    """

    def seen(phase: int, line: int) -> str:
        wait = "nop\n" * phase
        return f"""
        xor a
        ldh ($40), a
        ld a, {line}
        ldh ($45), a
        xor a
        ldh ($0F), a
        ld a, $40
        ldh ($41), a
        ld a, $91
        ldh ($40), a
        ld c, 26
        {wait}delay{line}_{phase}: dec c
        jr nz, delay{line}_{phase}
        ldh a, ($41)
        ld (hl+), a
        ldh a, ($0F)
        ld (hl+), a
        ld a, {phase}
        ld de, $FE00 + {phase}
        ld (de), a
        ld de, $8800
        ld (de), a
        ld a, (de)
        ld (hl+), a
        """

    body = "ld hl, $C000\n" + "\n".join(
        seen(phase, line) for line in (0, 1, 2) for phase in range(16)
    )
    return program(body)


def pushes_into_ie() -> str:
    """Interrupts whose push of PC's high byte hits IE: another is taken, or none."""

    def taken(enabled: int, flags: int, number: int) -> str:
        return f"""
        ld a, {enabled}
        ldh ($FF), a
        ld a, {flags}
        ldh ($0F), a
        ld bc, back{number}
        ld sp, $0000
        ei
        nop
        nop
        back{number}: ld sp, $DFF0
        ldh a, ($0F)
        ld (hl+), a
        ldh a, ($FF)
        ld (hl+), a
        di
        """

    trials = [(4, 4), (1, 1), (8, 8), (0x1F, 0x1F), (2, 3), (0x10, 0x18)]
    body = "ld hl, $C000\n" + "\n".join(
        taken(enabled, flags, number) for number, (enabled, flags) in enumerate(trials)
    )
    # Where none is taken PC becomes 0: the program goes on behind the trial that did it.
    return program(body).replace("org $40", "org 0\nld sp, $DFF0\npush bc\nret\norg $40", 1)


def crowded_sprites() -> str:
    """Sprites over and behind one another, at the edges, and more than ten on a line.

    With all that LCDC can switch.
    """
    entries = [(16 + 5 * (i // 12), 88 - 7 * (i % 13), i * 3, (i * 0x50) & 0xF0) for i in range(40)]
    entries[5:8] = [(20, 168, 7, 0), (20, 0, 8, 0x80), (20, 167, 9, 0x10)]
    data = "\n".join(f"db {y}, {x}, {tile}, {flags}" for y, x, tile, flags in entries)
    modes = "\n".join(
        f"""
        call frame
        ld a, {0x80 | mode}
        ldh ($40), a
        """
        for mode in (0x13, 0x12, 0x06, 0x17, 0x33, 0x32, 0x02, 0x77)
    )
    return program(f"""
    jp begin
    frame: ldh a, ($44)
    cp 144
    jr nz, frame
    leave: ldh a, ($44)
    cp 144
    jr z, leave
    ret
    sprites:
    {data}
    begin: call frame
    xor a
    ldh ($40), a
    ld hl, sprites
    ld de, $FE00
    ld b, 160
    copy: ld a, (hl+)
    ld (de), a
    inc e
    dec b
    jr nz, copy
    ld hl, $8000
    tiles: ld a, l
    add a, h
    ld (hl+), a
    rlca
    xor l
    ld (hl+), a
    ld a, h
    cp $98
    jr nz, tiles
    map: ld a, l
    and 7
    ld (hl+), a
    ld a, h
    cp $A0
    jr nz, map
    ld a, $E4
    ldh ($48), a
    ld a, $1B
    ldh ($49), a
    ld a, 20
    ldh ($4A), a
    ld a, 60
    ldh ($4B), a
    ld a, $91
    ldh ($40), a
    again: {modes}
    ldh a, ($43)
    inc a
    ldh ($43), a
    ldh a, ($4B)
    add a, 11
    ldh ($4B), a
    jp again
    """)


SITUATIONS: dict[str, Callable[[], str]] = {
    "transfers": transfers,
    "first-lines": first_lines,
    "pushes-into-ie": pushes_into_ie,
    "crowded-sprites": crowded_sprites,
}
"""Sources by name."""


def replay(rom: bytes, seed: int, frames: int, every: int) -> bytes:
    """What PyBoy does with a ROM, as a file's content."""
    inputs = random_inputs(frames, seed)
    console = Console(rom)
    console.boot()
    sums = []
    for frame, held in enumerate(inputs):
        console.frame(held, (frame + 1) % every == 0)
        sums.append(zlib.crc32(console.read().tobytes()))
    head = b"GAMEBOY1" + struct.pack("<3I", len(rom), frames, every)
    return head + rom + inputs + struct.pack(f"<{frames}I", *sums)


def write(name: str, content: bytes) -> None:
    """Write a replay."""
    (HERE / f"{name}.trace").write_bytes(gzip.compress(content, 9, mtime=0))


def main() -> None:
    """Write all files."""
    for name, source in SITUATIONS.items():
        write(name, replay(assemble(source(), name).rom, 0, FRAMES, 1))
    write("orchard", replay(ORCHARD.read_bytes(), 1, 600, EVERY))
    for seed in SEEDS:
        write(f"generated-{seed}", replay(generate(seed), seed, FRAMES, EVERY))


if __name__ == "__main__":
    main()
