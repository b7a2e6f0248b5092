"""The blocks that generated ROMs are put together from."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from references.gameboy.asm.instructions import CONDITIONS, FORMS, STACKED

STACK = 0xDFC0
COUNTERS = 0xFF80  # of loops, one each; nothing else is written there
RAM_CODE = 0xC800
HIGH_CODE = 0xFFC0
VIDEO_CODE = 0x9000
CODE_BYTES = 24
AREAS = (
    (0x8000, 0x8FFF, 3),
    (0x9800, 0x9FFF, 3),
    (0xA000, 0xBFFF, 3),
    (0xC000, 0xC7FF, 4),
    (0xD000, 0xDBFF, 3),
    (0xE000, 0xE7FF, 1),
    (0xFE00, 0xFE9F, 4),
    (0xFEA0, 0xFEFF, 1),
    (0xFF90, 0xFFBF, 2),
)
"""Where data may be written, by weight: neither code nor the stack lies there."""
PORTS = (
    *(0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x04, 0x05, 0x05, 0x06, 0x07, 0x07, 0x08, 0x0E),
    *(0x10, 0x14, 0x1A, 0x24, 0x25, 0x26, 0x30, 0x3F),
    *(0x41, 0x41, 0x42, 0x43, 0x43, 0x44, 0x45, 0x45, 0x47, 0x48, 0x49, 0x4A, 0x4A, 0x4B),
    *(0x4C, 0x4D, 0x4F, 0x50, 0x51, 0x55, 0x68, 0x70, 0x7F),
)
"""IO registers that may be written with anything at any time."""
PLACES_OF_STACK = (0xFE50, 0x8800, 0x9C00, 0xC400, 0xFEE0, 0xFFB0, 0xFF48, 0xFF4C, 0xFF08, 0x0001)
"""Where it is for a moment, with interrupts off: also over IO, and around the end of memory."""
FLAG = 0xFFF6
"""Every interrupt sets it."""
EDGE = 0x3FF8
"""A routine that ends in the next bank."""
PLAIN = (0x00, 0x08, 0x09)
"""Cartridges without a mapper."""


def written(form: tuple[str, ...], value: int) -> str:
    """An instruction's text, with `value` where it takes one."""
    mnemonic, *operands = form
    return f"{mnemonic} {', '.join(operands)}".replace("+n", f"+{value}").replace(" n", f" {value}")


def is_harmless(form: tuple[str, ...]) -> bool:
    """Whether an instruction touches registers only, and neither the flow nor the stack."""
    mnemonic, *operands = form
    if mnemonic in ("jr", "jp", "call", "rst", "ret", "reti", "halt", "ei", "di", "push", "pop"):
        return False
    if any("(" in operand for operand in operands):
        return False
    return operands[:1] != ["sp"]


HARMLESS = tuple(form for form in FORMS if is_harmless(form))
ON_HL = tuple(form for form in FORMS if "(hl)" in form and form[0] != "jp")
POINTED = tuple(
    form
    for form in FORMS
    if {"(bc)", "(de)", "(hl+)", "(hl-)"} & set(form) or form[1:] == ("a", "(hl)")
)


class Blocks:
    """Writes blocks of assembly, one after the other.

    Args:
        random: decides everything.
        cartridge: its type, as the header has it.
        banks: of its ROM.
    """

    def __init__(self, random: Random, cartridge: int, banks: int) -> None:
        self.random = random
        self.cartridge = cartridge
        self.banks = banks
        self.lines: list[str] = []
        self.labels = 0
        self.loops = 0

    def add(self, text: str) -> None:
        self.lines.extend(text.split("\n"))

    def label(self, name: str) -> str:
        self.labels += 1
        return f"{name}{self.labels}"

    def byte(self) -> int:
        """Any byte, the edges more often."""
        return self.random.choice(
            (0, 1, 0x0F, 0x10, 0x7F, 0x80, 0xFF, *[self.random.randrange(256)] * 9)
        )

    def address(self) -> int:
        """Somewhere that may be written."""
        low, high, _ = self.random.choices(AREAS, [weight for _, _, weight in AREAS])[0]
        return self.random.randint(low, high)

    def readable(self) -> int:
        """Anywhere."""
        return self.random.choice((self.address(), self.random.randrange(0x10000)))

    def port(self) -> int:
        """An IO register that may be written, by its low byte."""
        return self.random.choice(PORTS)

    def store(self, address: int, value: int) -> None:
        self.add(f"ld a, {value}\nld ({address}), a")

    def block(self) -> None:
        """A random one."""
        kinds: tuple[tuple[Callable[[], None], int], ...] = (
            (self.arithmetic, 10),
            (self.memory, 10),
            (self.pointers, 8),
            (self.ports, 10),
            (self.stack, 4),
            (self.flow, 5),
            (self.loop, 3),
            (self.interrupts, 6),
            (self.halt, 3),
            (self.lcd, 2),
            (self.window, 2),
            (self.transfer, 3),
            (self.mapper, 6),
            (self.ram_code, 2),
            (self.poll, 3),
            (self.joypad, 1),
            (self.serial, 2),
            (self.edge, 1),
            (self.wait, 5),
        )
        self.random.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]()

    def arithmetic(self) -> None:
        for _ in range(self.random.randint(2, 12)):
            self.harmless()

    def harmless(self) -> None:
        form = self.random.choice(HARMLESS)
        value = self.byte()
        if "sp+n" in form:
            value = self.random.randrange(128)
        elif form[0] in ("bit", "res", "set"):
            value = self.random.randrange(8)
        elif form[0] == "ld" and len(form[1]) == 2 and form[2] == "n":
            value = self.random.randrange(0x10000)
        self.add(written(form, value))

    def memory(self) -> None:
        """Instructions on (hl), reading and writing."""
        for _ in range(self.random.randint(1, 6)):
            self.add(f"ld hl, {self.address()}")
            form = self.random.choice(ON_HL)
            value = self.random.randrange(8) if form[0] in ("bit", "res", "set") else self.byte()
            self.add(written(form, value))
            self.harmless()

    def pointers(self) -> None:
        """The loads through other pairs, and at absolute addresses."""
        for _ in range(self.random.randint(1, 5)):
            form = self.random.choice(POINTED)
            pointer = next(operand for operand in form[1:] if "(" in operand)
            reads = form[1] == "a"
            place = self.readable() if reads else self.address()
            self.add(f"ld {pointer[1:3]}, {place}")
            self.add(written(form, 0))
        self.add(f"ld a, ({self.readable()})\nld ({self.address()}), a")
        if self.random.random() < 0.3:
            self.add(f"ld ({self.random.choice((self.address(), 0xFF00 + self.port()))}), sp")

    def ports(self) -> None:
        """Writes and reads of IO registers, in all the ways there are."""
        for _ in range(self.random.randint(1, 6)):
            port, value = self.port(), self.byte()
            way = self.random.randrange(5)
            if way == 0:
                self.add(f"ld a, {value}\nldh ({port}), a")
            elif way == 1:
                self.add(f"ld c, {port}\nld a, {value}\nldh (c), a")
            elif way == 2:
                self.add(f"ld hl, {0xFF00 + port}\nld (hl), {value}")
            elif way == 3:
                form = self.random.choice(("inc", "dec", "swap", "rl", "srl", "set 3,", "res 6,"))
                self.add(f"ld hl, {0xFF00 + port}\n{form} (hl)")
            else:
                self.add(f"ld de, {0xFF00 + port}\nld a, {value}\nld (de), a")
            self.add(f"ldh a, ({self.random.randrange(0x80)})")
            self.keep()
        if self.random.random() < 0.5:
            self.add(f"ld hl, {0xFF00 + self.random.randrange(0x80)}\nld a, (hl)")
            self.keep()

    def keep(self) -> None:
        """A into memory, where a difference shows for longer."""
        self.add(f"ld ({self.random.randrange(0xC000, 0xC7FF)}), a")

    def stack(self) -> None:
        for pair in self.random.choices(STACKED, k=self.random.randint(1, 4)):
            self.add(f"push {pair}\npop {self.random.choice(STACKED)}")
        if self.random.random() < 0.4:
            self.add(
                f"add sp, {self.random.randrange(-64, 32)}\nld hl, sp+{self.random.randrange(64)}"
            )
            self.add("inc sp\ndec sp\ndec sp\nadd hl, sp")
        if self.random.random() < 0.3:
            place = self.random.choice(PLACES_OF_STACK)
            self.add(f"di\nld sp, {place}\npush {self.random.choice(STACKED)}\npop de\npop hl")
        self.add(f"ld sp, {STACK}")

    def flow(self) -> None:
        """Jumps over something, calls, restarts."""
        for _ in range(self.random.randint(1, 3)):
            label, condition = self.label("to"), self.random.choice(CONDITIONS)
            way = self.random.randrange(6)
            if way == 0:
                self.add(f"jr {condition}, {label}")
            elif way == 1:
                self.add(f"jp {condition}, {label}")
            elif way == 2:
                self.add(f"call {condition}, subroutine{self.random.randrange(4)}")
            elif way == 3:
                self.add(f"rst {self.random.randrange(8) * 8}")
            elif way == 4:
                self.add(f"ld hl, {label}\njp hl")
            else:
                self.add(f"call subroutine{self.random.randrange(4)}\njr {label}")
            self.harmless()
            self.add(f"{label}:")

    def loop(self) -> None:
        """A few rounds of something."""
        label, counter = self.label("loop"), COUNTERS + self.loops % 16
        self.loops += 1
        self.add(f"ld a, {self.random.randint(2, 12)}\nldh ({counter}), a\n{label}:")
        self.random.choice((self.arithmetic, self.memory, self.ports, self.pointers))()
        self.add(f"ldh a, ({counter})\ndec a\nldh ({counter}), a\njp nz, {label}")

    def interrupts(self) -> None:
        for _ in range(self.random.randint(1, 3)):
            way = self.random.randrange(6)
            if way == 0:
                self.store(0xFFFF, self.random.choice((0x00, 0x01, 0x02, 0x04, 0x1F, self.byte())))
            elif way == 1:
                self.store(0xFF0F, self.byte())
            elif way == 2:
                self.add(self.random.choice(("ei", "ei\nnop", "ei\ndi", "ei\nei", "di\nei")))
            elif way == 3:
                self.store(0xFF41, self.byte())
            elif way == 4:
                self.store(0xFF45, self.random.randrange(156))
            else:
                self.store(0xFF07, 4 + self.random.randrange(4))
                self.store(0xFF05, self.byte())
            self.harmless()
        self.add(self.random.choice(("ei", "ei", "di", "nop")))

    def halt(self) -> None:
        """With the timer on and asked for, so that it ends."""
        self.add(self.random.choice(("ei", "ei", "di", "nop")))
        self.store(0xFF07, self.random.choice((5, 5, 5, 5, 6, 7)))
        self.store(0xFFFF, self.random.choice((0x04, 0x05, 0x07, 0x1F)))
        self.add(self.random.choice(("", "ei", "ei\nnop", "di\nnop")) + "\nhalt")
        for _ in range(self.random.randint(0, 3)):
            self.harmless()
        if self.random.random() < 0.2:
            self.add("stop")

    def lcd(self) -> None:
        """Switches it off for a while, or changes what it shows."""
        if self.random.random() < 0.6:
            self.store(0xFF40, self.byte() & 0x7F)
            self.random.choice((self.arithmetic, self.memory, self.ports, self.loop))()
        if self.random.random() < 0.5:
            self.store(0xFF45, self.random.randrange(5))
        self.store(0xFF40, self.byte() | 0x80)
        if self.random.random() < 0.5:
            self.watch_lines()

    def watch_lines(self) -> None:
        """Writes down what STAT or LY shows, as often as can be, with its interrupt on or not."""
        self.store(0xFF45, self.random.randrange(8))
        self.store(0xFF41, self.byte() | 0x40)
        self.store(0xFFFF, self.random.choice((0x02, 0x03, 0x1F)))
        self.add(self.random.choice(("di", "ei")) + "\nnop" * self.random.randrange(3))
        label, port = self.label("watch"), self.random.choice(("$41", "$41", "$44", "$0F"))
        self.add(f"ld hl, $C500\nld b, {self.random.randint(10, 100)}")
        self.add(f"{label}: ldh a, ({port})\nld (hl+), a\nldh a, ({port})\nld (hl+), a")
        self.add(f"dec b\njr nz, {label}")

    def window(self) -> None:
        """Puts the window and some sprites in sight."""
        self.store(0xFF40, 0xA1 | self.byte())
        self.store(0xFF4A, self.random.randrange(150))
        edges = (0, 6, 7, 8, 165, 166, 167)
        self.store(0xFF4B, self.random.choice((*edges, *[self.random.randrange(175)] * 7)))
        place = 0xFE00 + 4 * self.random.randrange(36)
        self.add(f"ld hl, {place}")
        for _ in range(self.random.randint(1, 12)):
            self.add(f"ld a, {self.random.randrange(176)}\nld (hl+), a")

    def transfer(self) -> None:
        """To OAM; what follows meets it under way, or at its end."""
        sources = (0xC0, 0xC1, 0xD0, 0x80, 0x00, 0x40, 0xA0, 0xE0, 0xFD, 0xFE, 0xFF, self.byte())
        self.store(0xFF46, self.random.choice(sources))
        if self.random.random() < 0.3:
            again = "nop\n" * self.random.randrange(6) + "ldh ($46), a"
            self.add(again)
        if self.random.random() < 0.5:
            self.random.choice((self.arithmetic, self.memory, self.pointers, self.ports))()
            return
        label = self.label("copied")  # 4 machine cycles a round, and 160 bytes
        self.add(f"ld b, {self.random.choice((1, 20, 37, 38, 39))}\n{label}: dec b\njr nz, {label}")
        self.add(
            "nop\n" * self.random.randrange(8) + f"ld hl, {0xFE00 + self.random.randrange(160)}"
        )
        self.add(
            self.random.choice(("ld a, (hl)", "ld a, (hl+)", "inc (hl)", "ld (hl), b\nld a, (hl)"))
        )
        self.keep()

    def mapper(self) -> None:
        """Bank registers, cartridge RAM, code in a bank."""
        for _ in range(self.random.randint(1, 4)):
            way = self.random.randrange(4)
            if way == 0:
                place = self.random.randrange(0x2000)
                self.store(place, self.random.choice((0x0A, 0x0A, 0x00, self.byte())))
            elif way == 1:
                self.store(self.random.randrange(0x2000, 0x8000), self.byte())
            elif way == 2:
                self.add(f"ld hl, {self.random.randrange(0xA000, 0xC000)}")
                self.add(f"ld (hl), {self.byte()}\nld a, (hl)")
                self.keep()
            else:
                self.add(f"ld a, ({self.random.randrange(0x4000, 0x8000)})")
                self.keep()
        self.add("call $4000")

    def ram_code(self) -> None:
        """Code in RAM, whose bytes are fetched one after the other; what it is does not matter."""
        place = self.random.choice((RAM_CODE, RAM_CODE + 0x2000, HIGH_CODE, VIDEO_CODE))
        label = self.label("copy")
        self.add(f"ld hl, {place}\nld de, {self.random.choice(('ram_code0', 'ram_code1'))}")
        self.add(
            f"ld b, {CODE_BYTES}\n{label}: ld a, (de)\nld (hl+), a\ninc de\ndec b\njr nz, {label}"
        )
        self.add(f"call {place}")

    def poll(self) -> None:
        """Waits for a line or a mode, not for ever."""
        label, out = self.label("poll"), self.label("polled")
        self.add(f"ld b, {self.random.randint(10, 90)}\n{label}: ldh a, ($44)")
        if self.random.random() < 0.4:
            self.add(f"ldh a, ($41)\nand 3\ncp {self.random.randrange(4)}")
        else:
            self.add(f"cp {self.random.randrange(154)}")
        self.add(f"jr z, {out}\ndec b\njr nz, {label}\n{out}:")
        self.random.choice((self.ports, self.pointers, self.arithmetic))()

    def joypad(self) -> None:
        for value in self.random.sample((0x00, 0x10, 0x20, 0x30, 0xFF), 3):
            self.add(f"ld a, {value}\nldh ($00), a\nldh a, ($00)")
            self.keep()

    def serial(self) -> None:
        """Transfers, begun and cut short."""
        self.store(0xFF02, self.random.choice((0x81, 0x81, 0x83, 0x80, 0x01)))
        self.harmless()
        self.add("ldh a, ($02)")
        self.keep()

    def edge(self) -> None:
        """Code that runs from the first bank into the second, with any there but bank 0."""
        bank = self.random.randrange(1, self.banks)
        self.add("xor a\nld ($4000), a\nld ($3000), a")
        self.store(0x2100, 1 if self.cartridge in PLAIN else bank)
        self.add(f"call {EDGE}")

    def wait(self) -> None:
        """A loop that changes nothing until something comes, which it does."""
        ways = (
            self.wait_for_line,
            self.wait_for_mode,
            self.wait_for_interrupt,
            self.wait_for_request,
            self.wait_for_counter,
            self.wait_for_serial,
            self.delay,
        )
        self.random.choice(ways)()
        self.random.choice((self.ports, self.pointers, self.arithmetic))()

    def wait_for_line(self) -> None:
        label, line = self.label("wait"), self.random.randrange(154)
        self.add("ld hl, $FF40\nset 7, (hl)")
        self.add(self.random.choice(("di", "ei")))
        read = self.random.choice(("ldh a, ($44)", "ldh a, ($44)", "ld a, (hl)", "ld a, ($FF44)"))
        self.add(f"ld hl, $FF44\n{label}: {read}\ncp {line}")
        self.add(
            f"{self.random.choice(('jr', 'jp'))} {self.random.choice(('nz', 'nz', 'c'))}, {label}"
        )

    def wait_for_mode(self) -> None:
        """With interrupts off: a handler can take as long as a mode lasts."""
        label = self.label("wait")
        self.add(f"ld hl, $FF40\nset 7, (hl)\ndi\nld hl, $FF41\n{label}:")
        self.add(self.random.choice(("ldh a, ($41)", "ld a, (hl)")))
        self.add(f"and 3\ncp {self.random.randrange(4)}\njr nz, {label}")

    def wait_for_interrupt(self) -> None:
        """By the flag that it sets, or in HALT too."""
        label = self.label("wait")
        self.add(f"xor a\nldh ({FLAG}), a")
        self.store(0xFF07, self.random.choice((5, 5, 6)))
        self.store(0xFFFF, self.random.choice((0x04, 0x05, 0x07, 0x1F)))
        self.add(f"ei\n{label}: {self.random.choice(('nop', 'nop', 'halt'))}")
        self.add(f"ldh a, ({FLAG})\nand a\njr z, {label}")

    def wait_for_request(self) -> None:
        """By IF, with interrupts off."""
        label = self.label("wait")
        self.add("ld hl, $FF40\nset 7, (hl)\ndi\nxor a\nldh ($0F), a")
        self.store(0xFF07, self.random.choice((5, 6)))
        self.add(f"{label}: ldh a, ($0F)\nand {self.random.choice((1, 4, 5))}\njr z, {label}")

    def wait_for_counter(self) -> None:
        label, value = self.label("wait"), self.random.randrange(256)
        self.add("di\nxor a\nldh ($06), a")
        self.store(0xFF07, 6)
        port = self.random.choice(("$04", "$05"))
        self.add(f"{label}: ldh a, ({port})\ncp {value}\njr nz, {label}")

    def wait_for_serial(self) -> None:
        label = self.label("wait")
        self.store(0xFF02, 0x81)
        self.add(f"{label}: ldh a, ($02)\nrla\njr c, {label}")

    def delay(self) -> None:
        label = self.label("wait")
        self.add(f"ld bc, {self.random.randrange(1, 2000)}\n{label}: dec bc\nld a, b\nor c")
        self.add(f"jr nz, {label}")
