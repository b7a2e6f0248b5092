"""ROMs made at random from a seed: what the lockstep runs besides games.

Each is a main loop of blocks (arithmetic, memory, IO, stack, interrupts, HALT, LCD, OAM transfer,
banks, code in RAM) with handlers for all five interrupts. They do anything but stop for good:
pointers are loaded before they are used, so that code and stack are not overwritten; every loop
counts down; a HALT is preceded by a running timer; no handler leaves its own interrupt a way to
come back at once; no opcode that locks PyBoy up is met.
"""

from __future__ import annotations

from random import Random

from references.gameboy.asm import assemble
from references.gameboy.asm.instructions import CONDITIONS, FORMS
from references.gameboy.blocks import CODE_BYTES, EDGE, FLAG, HARMLESS, STACK, Blocks, written

BLOCKS = (40, 90)  # in the main loop
HEARTBEAT = 0xFFF0  # counts the rounds of the main loop
HANDLED = 0xFFF1  # counts each of the five interrupts
CARTRIDGES = (
    *((0x00, 2), (0x08, 2), (0x09, 2)),
    *((0x01, 4), (0x02, 8), (0x03, 16), (0x03, 32)),
    *((0x05, 4), (0x06, 16)),
    *((0x0F, 4), (0x10, 8), (0x11, 4), (0x12, 8), (0x13, 16)),
    *((0x19, 4), (0x1A, 8), (0x1B, 32), (0x1C, 4), (0x1E, 8)),
)
"""Types, and how many ROM banks they come with."""


def generate(seed: int) -> bytes:
    """The ROM of a seed."""
    return assemble(source(seed), f"generated {seed}").rom


def source(seed: int) -> str:
    """Its assembly source."""
    random = Random(seed)
    return "\n".join(Program(random, *random.choice(CARTRIDGES)).program())


class Program(Blocks):
    """A whole program."""

    def program(self) -> list[str]:
        """The whole source."""
        ram_size = self.random.choice((0, 1, 2, 3, 3, 4, 5))
        self.add(f'header "GENERATED", {self.cartridge}, {ram_size}')
        self.vectors()
        self.add(f"org $150\nstart: di\nld sp, {STACK}")
        self.store(0xFFFF, self.random.choice((0x00, 0x01, 0x05, 0x1F)))
        self.store(0xFF07, self.random.choice((0, 4, 5, 6, 7)))
        self.add(f"main: ldh a, ({HEARTBEAT})\ninc a\nldh ({HEARTBEAT}), a")
        for _ in range(self.random.randrange(*BLOCKS)):
            self.block()
        self.add("jp main")
        self.subroutines()
        self.handlers()
        self.add(f"org {EDGE}\nadd a, b\nld b, 3\nrla\ninc c\nxor a\ninc a\ninc e")
        for bank in range(1, self.banks):
            self.bank(bank)
        return self.lines

    def vectors(self) -> None:
        """The restart vectors return; interrupts go on to their handlers."""
        for vector in range(0, 0x40, 8):
            self.add(f"org {vector}\nret")
        for number in range(5):
            self.add(f"org {0x40 + 8 * number}\njp handler{number}")
        self.add("org $100\nnop\njp start")

    def subroutines(self) -> None:
        for number in range(4):
            self.add(f"subroutine{number}:")
            self.arithmetic()
            self.add(f"ret {self.random.choice(CONDITIONS)}")
            self.memory()
            self.add("ret")
        for number in range(2):
            self.add(f"ram_code{number}:")
            for _ in range(CODE_BYTES // 2 - 2):
                self.short()
            self.add("ret")
            self.add(f"ds {CODE_BYTES}")

    def short(self) -> None:
        """Two bytes that may change on the way without harm, for code in RAM."""
        one = [form for form in HARMLESS if FORMS[form].size == 1]
        two = [form for form in HARMLESS if FORMS[form].kind == "byte"]
        if self.random.random() < 0.5:
            self.add(written(self.random.choice(two), self.byte()))
        else:
            self.add(written(self.random.choice(one), 0))
            self.add(written(self.random.choice(one), 0))

    def handlers(self) -> None:
        """One an interrupt; the timer's slows the timer down, so that others get their turn."""
        for number in range(5):
            self.add(f"handler{number}: push af\npush hl")
            self.add(f"ld a, 1\nldh ({FLAG}), a")
            if number == 2:
                self.add("xor a\nldh ($06), a")
            self.add(f"ld hl, {HANDLED + number}\ninc (hl)")
            self.add(f"ld hl, {0xC700 + number}\nldh a, ($04)\nadd a, (hl)\nld (hl), a")
            if self.random.random() < 0.5:
                self.add(f"ldh a, ({self.random.choice((0x05, 0x41, 0x44, 0x0F))})")
                self.add(f"ld ({0xC710 + number}), a")
            if self.random.random() < 0.3:
                self.add(
                    f"ld a, {self.byte()}\nldh ({self.random.choice((0x42, 0x43, 0x45, 0x47))}), a"
                )
            self.add(
                "pop hl\npop af\n" + self.random.choice(("reti", "reti", "reti", "ei\nret", "ret"))
            )

    def bank(self, number: int) -> None:
        """A routine at its start, and data."""
        self.add(f"bank {number}")
        for _ in range(self.random.randint(1, 4)):
            self.harmless()
        self.add(f"ld a, {number}\nld ($C7F0), a\nret")
        self.add(f"org $7FFE\ndb {self.random.choice((0x00, 0x04, 0x0C))}, $14")
        self.add(f"org $5000\ndb {', '.join(str(self.byte()) for _ in range(64))}")
