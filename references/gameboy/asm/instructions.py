"""The SM83's instructions: how each is written, and its bytes.

Source: the opcode tables of Pan Docs. `FORMS` maps what is written, (mnemonic, operand, ...), to a
form; an operand that is a value is "n" there, one that is memory at a value "(n)".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

R8 = ("b", "c", "d", "e", "h", "l", "(hl)", "a")
R16 = ("bc", "de", "hl", "sp")
STACKED = ("bc", "de", "hl", "af")
CONDITIONS = ("nz", "z", "nc", "c")
ARITHMETIC = (
    ("add", "a"),
    ("adc", "a"),
    ("sub",),
    ("sbc", "a"),
    ("and",),
    ("xor",),
    ("or",),
    ("cp",),
)
SHIFTS = ("rlc", "rrc", "rl", "rr", "sla", "sra", "swap", "srl")
BITS = ("bit", "res", "set")
PLAIN = {
    0x00: "nop",
    0x07: "rlca",
    0x0F: "rrca",
    0x17: "rla",
    0x1F: "rra",
    0x27: "daa",
    0x2F: "cpl",
    0x37: "scf",
    0x3F: "ccf",
    0x76: "halt",
    0xC9: "ret",
    0xD9: "reti",
    0xF3: "di",
    0xFB: "ei",
}
ILLEGAL = frozenset((0xD3, 0xDB, 0xDD, 0xE3, 0xE4, 0xEB, 0xEC, 0xED, 0xF4, 0xFC, 0xFD))
"""Opcodes that lock the machine up."""

RANGES = {
    "": (0, 0),
    "byte": (-0x80, 0xFF),
    "word": (-0x8000, 0xFFFF),
    "offset": (-0x80, 0x7F),
    "relative": (0, 0xFFFF),
    "high": (0, 0xFFFF),
    "bit": (0, 7),
    "vector": (0, 0x38),
}
"""What each kind of value may be; a byte or a word may be written with a sign."""


@dataclass(frozen=True)
class Form:
    """One way to write an instruction: its opcode, and what kind of value follows."""

    opcode: tuple[int, ...]
    kind: str = ""

    @property
    def size(self) -> int:
        """Bytes in memory."""
        extra = {"word": 2, "": 0, "bit": 0, "vector": 0}
        return len(self.opcode) + extra.get(self.kind, 1)

    def encode(self, value: int, address: int) -> bytes:
        """The bytes with this value, at this address.

        Raises:
            ValueError: for a value that this kind cannot hold.
        """
        low, high = RANGES[self.kind]
        if not low <= value <= high:
            raise ValueError(f"{value} is out of range; accepted: {low} to {high}")
        *prefix, last = self.opcode
        if self.kind == "bit":
            return bytes([*prefix, last + 8 * value])
        if self.kind == "vector":
            if value % 8:
                raise ValueError(f"rst goes to a multiple of 8, not to {value}")
            return bytes([last + value])
        return bytes(self.opcode) + self.operand(value, address)

    def operand(self, value: int, address: int) -> bytes:
        """The bytes after the opcode."""
        if self.kind == "word":
            return (value & 0xFFFF).to_bytes(2, "little")
        if self.kind == "relative":
            distance = value - (address + 2)
            if not -0x80 <= distance <= 0x7F:
                raise ValueError(f"jr goes -128 to 127 bytes, not {distance}")
            return bytes([distance & 0xFF])
        if self.kind == "high" and not (value <= 0xFF or value >= 0xFF00):
            raise ValueError(f"ldh takes 0 to 255 or $FF00 to $FFFF, not ${value:X}")
        return bytes([value & 0xFF]) if self.kind else b""


def forms() -> Iterator[tuple[tuple[str, ...], Form]]:
    """All ways to write an instruction."""
    for opcode, name in PLAIN.items():
        yield (name,), Form((opcode,))
    yield ("stop",), Form((0x10, 0x00))
    yield from loads()
    yield from wide_arithmetic()
    yield from jumps()
    for row, operation in enumerate(ARITHMETIC):
        yield (*operation, "n"), Form((0xC6 + 8 * row,), "byte")
        for column, register in enumerate(R8):
            yield (*operation, register), Form((0x80 + 8 * row + column,))
    for column, register in enumerate(R8):
        yield ("inc", register), Form((0x04 + 8 * column,))
        yield ("dec", register), Form((0x05 + 8 * column,))
        for row, shift in enumerate(SHIFTS):
            yield (shift, register), Form((0xCB, 8 * row + column))
        for row, change in enumerate(BITS):
            yield (change, "n", register), Form((0xCB, 0x40 * (row + 1) + column), "bit")


def loads() -> Iterator[tuple[tuple[str, ...], Form]]:
    """Everything called ld or ldh, and the stack."""
    for row, to in enumerate(R8):
        yield ("ld", to, "n"), Form((0x06 + 8 * row,), "byte")
        for column, source in enumerate(R8):
            if (to, source) != ("(hl)", "(hl)"):
                yield ("ld", to, source), Form((0x40 + 8 * row + column,))
    for row, pointer in enumerate(("(bc)", "(de)", "(hl+)", "(hl-)")):
        yield ("ld", pointer, "a"), Form((0x02 + 16 * row,))
        yield ("ld", "a", pointer), Form((0x0A + 16 * row,))
    for row, pair in enumerate(R16):
        yield ("ld", pair, "n"), Form((0x01 + 16 * row,), "word")
    for row, pair in enumerate(STACKED):
        yield ("pop", pair), Form((0xC1 + 16 * row,))
        yield ("push", pair), Form((0xC5 + 16 * row,))
    yield ("ld", "(n)", "sp"), Form((0x08,), "word")
    yield ("ld", "(n)", "a"), Form((0xEA,), "word")
    yield ("ld", "a", "(n)"), Form((0xFA,), "word")
    yield ("ldh", "(n)", "a"), Form((0xE0,), "high")
    yield ("ldh", "a", "(n)"), Form((0xF0,), "high")
    yield ("ldh", "(c)", "a"), Form((0xE2,))
    yield ("ldh", "a", "(c)"), Form((0xF2,))
    yield ("ld", "hl", "sp+n"), Form((0xF8,), "offset")
    yield ("ld", "sp", "hl"), Form((0xF9,))


def wide_arithmetic() -> Iterator[tuple[tuple[str, ...], Form]]:
    """On 16 bits."""
    for row, pair in enumerate(R16):
        yield ("inc", pair), Form((0x03 + 16 * row,))
        yield ("dec", pair), Form((0x0B + 16 * row,))
        yield ("add", "hl", pair), Form((0x09 + 16 * row,))
    yield ("add", "sp", "n"), Form((0xE8,), "offset")


def jumps() -> Iterator[tuple[tuple[str, ...], Form]]:
    """Jumps, calls and returns."""
    yield ("jr", "n"), Form((0x18,), "relative")
    yield ("jp", "n"), Form((0xC3,), "word")
    yield ("jp", "hl"), Form((0xE9,))
    yield ("call", "n"), Form((0xCD,), "word")
    yield ("rst", "n"), Form((0xC7,), "vector")
    for row, condition in enumerate(CONDITIONS):
        yield ("jr", condition, "n"), Form((0x20 + 8 * row,), "relative")
        yield ("jp", condition, "n"), Form((0xC2 + 8 * row,), "word")
        yield ("call", condition, "n"), Form((0xC4 + 8 * row,), "word")
        yield ("ret", condition), Form((0xC0 + 8 * row,))


FORMS = dict(forms())
WORDS = frozenset(operand for form in FORMS for operand in form[1:]) - {"n", "(n)", "sp+n"}
"""Operands that are written as they stand."""
