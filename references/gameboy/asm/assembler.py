"""Two passes over the source: where everything lies, then the bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from references.gameboy.asm.expressions import NAME, AsmError, evaluate
from references.gameboy.asm.instructions import FORMS, RANGES, WORDS, Form

Result = TypeVar("Result")

BANK = 0x4000
LABEL = re.compile(rf"\s*({NAME}):")
CONSTANT = re.compile(rf"\s*({NAME})\s+equ\s+(.*)", re.IGNORECASE)
STRING = re.compile(r'"([^"]*)"')
ARGUMENT = re.compile(r"""(?:"[^"]*"|'[^']'|[^,])+""")
COMMENT = re.compile(r"""(?:"[^"]*"|'[^']'|[^;])*""")
LOCAL = re.compile(r"(?<![A-Za-z0-9_.])\.[A-Za-z_][A-Za-z0-9_]*")
DIRECTIVES = ("header", "db", "dw", "ds")  # those that make bytes
HEADER = 0x134  # the title; what a checksum covers begins here
CHECKSUM = 0x14D


@dataclass(frozen=True)
class Program:
    """What was assembled."""

    rom: bytes
    symbols: dict[str, int]
    """Addresses of labels and values of constants; local labels as `label.local`."""


@dataclass
class Line:
    """A line of the source with a statement on it, and where that lies."""

    number: int
    mnemonic: str
    arguments: list[str]
    form: Form | None
    """Of an instruction; its only argument is the text of its value then."""
    scope: str
    bank: int
    address: int


@dataclass
class Layout:
    """What the first pass finds: every name's value, and every statement's place."""

    names: dict[str, int] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    scope: str = ""
    bank: int = 0
    address: int = 0


def assemble(source: str, name: str = "source") -> Program:
    """The ROM of a source: banks of 16 KiB, at least two, a power of two; unused bytes are 0.

    Raises:
        AsmError: for what cannot be assembled, as `name:line: what is wrong`.
    """
    layout = Layout()
    for number, text in enumerate(source.splitlines(), 1):
        located(name, number, partial(place, layout, number, text))
    banks = 2
    while banks <= max((line.bank for line in layout.lines), default=0):
        banks *= 2
    rom = bytearray(banks * BANK)
    written = bytearray(len(rom))
    for line in layout.lines:
        data = located(name, line.number, partial(encode, layout, line))
        located(name, line.number, partial(put, rom, written, line, data))
    finish_header(rom)
    return Program(bytes(rom), layout.names)


def located(name: str, number: int, work: Callable[[], Result]) -> Result:
    """`work()`, with the file and line before what it refuses."""
    try:
        return work()
    except ValueError as error:
        raise AsmError(f"{name}:{number}: {error}") from None


def place(layout: Layout, number: int, text: str) -> None:
    """The first pass over one line."""
    text = without_comment(text)
    constant = CONSTANT.fullmatch(text)
    if constant:
        define(layout, constant[1], evaluate(constant[2], layout.names, layout.address))
        return
    label = LABEL.match(text)
    if label:
        if not label[1].startswith("."):
            layout.scope = label[1]
        define(layout, qualified(label[1], layout.scope), layout.address)
        text = text[label.end() :]
    text = text.strip()
    if not text:
        return
    mnemonic, arguments = split(text)
    if mnemonic in ("bank", "org"):
        (argument,) = exactly(mnemonic, arguments, 1)
        move(layout, mnemonic, evaluate(argument, layout.names, layout.address))
        return
    form = None
    if mnemonic not in DIRECTIVES:
        form, arguments = match(mnemonic, arguments)
    line = Line(number, mnemonic, arguments, form, layout.scope, layout.bank, layout.address)
    if mnemonic == "header":
        line.bank, line.address = 0, HEADER
    else:
        layout.address += size(layout, line)
    layout.lines.append(line)


def define(layout: Layout, name: str, value: int) -> None:
    if name in layout.names:
        raise AsmError(f"{name} is defined twice")
    if name in WORDS:
        raise AsmError(f"{name} is a register or a condition")
    layout.names[name] = value


def move(layout: Layout, directive: str, value: int) -> None:
    """To a bank's start, or to an address of the current bank."""
    if directive == "bank":
        if not 0 <= value < 512:
            raise AsmError(f"there is no bank {value}; accepted: 0 to 511")
        layout.bank, layout.address = value, BANK if value else 0
    else:
        low = BANK if layout.bank else 0
        if not low <= value <= low + BANK:
            raise AsmError(f"${value:04X} is not in bank {layout.bank}")
        layout.address = value


def size(layout: Layout, line: Line) -> int:
    """How many bytes the statement takes."""
    if line.form is not None:
        return line.form.size
    if line.mnemonic == "db":
        return sum(1 if (text := string(one)) is None else len(text) for one in line.arguments)
    if line.mnemonic == "dw":
        return 2 * len(line.arguments)
    if not 1 <= len(line.arguments) <= 2:
        raise AsmError("ds takes a count and perhaps a fill")
    count = evaluate(line.arguments[0], layout.names, layout.address)
    if count < 0:
        raise AsmError(f"ds takes a count from 0, not {count}")
    return count


def encode(layout: Layout, line: Line) -> bytes:
    """The second pass over one line: its bytes."""

    def value(text: str) -> int:
        return evaluate(scoped(text, line.scope), layout.names, line.address)

    if line.form is not None:
        return line.form.encode(value(line.arguments[0]) if line.arguments else 0, line.address)
    if line.mnemonic == "header":
        return header(line.arguments, value)
    if line.mnemonic == "ds":
        fill = value(line.arguments[1]) if len(line.arguments) > 1 else 0
        return bytes([ranged(fill, "byte") & 0xFF]) * value(line.arguments[0])
    if line.mnemonic == "db":
        return b"".join(
            bytes([ranged(value(one), "byte") & 0xFF]) if (text := string(one)) is None else text
            for one in line.arguments
        )
    words = [ranged(value(one), "word") & 0xFFFF for one in line.arguments]
    return b"".join(word.to_bytes(2, "little") for word in words)


def string(argument: str) -> bytes | None:
    """A string's characters; None for what is an expression."""
    found = STRING.fullmatch(argument)
    return found[1].encode("ascii") if found else None


def ranged(value: int, kind: str) -> int:
    """`value`, if its kind can hold it."""
    low, high = RANGES[kind]
    if not low <= value <= high:
        raise AsmError(f"{value} is out of range; accepted: {low} to {high}")
    return value


def match(mnemonic: str, arguments: list[str]) -> tuple[Form, list[str]]:
    """The form that an instruction has, and the text of its value if it has one."""
    written = [mnemonic]
    value: list[str] = []
    for argument in arguments:
        word = argument.lower().replace(" ", "")
        if word in WORDS:
            written.append(word)
        elif word.startswith(("sp+", "sp-")):
            written.append("sp+n")
            value = [argument.strip()[2:].lstrip().removeprefix("+")]
        elif enclosed(argument):
            written.append("(n)")
            value = [argument.strip()[1:-1]]
        else:
            written.append("n")
            value = [argument]
    form = FORMS.get(tuple(written))
    if form is None:
        raise AsmError(f"no instruction {' '.join([mnemonic, ', '.join(arguments)]).strip()}")
    return form, value


def enclosed(text: str) -> bool:
    """Whether one pair of parentheses holds all of it."""
    text = text.strip()
    depth = 0
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return position > 0 and position == len(text) - 1
    return False


def split(text: str) -> tuple[str, list[str]]:
    """A statement's mnemonic, and its arguments: commas count outside strings and quotes."""
    mnemonic, _, rest = text.partition(" ")
    arguments = [one.strip() for one in ARGUMENT.findall(rest)]
    return mnemonic.lower(), [one for one in arguments if one]


def without_comment(text: str) -> str:
    """The line up to a semicolon outside strings and quotes."""
    found = COMMENT.match(text)
    return found[0].rstrip() if found else text


def qualified(name: str, scope: str) -> str:
    """A label's whole name."""
    return scope + name if name.startswith(".") else name


def scoped(text: str, scope: str) -> str:
    """An expression with its local labels' whole names."""
    return LOCAL.sub(lambda found: scope + found[0], text)


def exactly(mnemonic: str, arguments: list[str], count: int) -> list[str]:
    if len(arguments) != count:
        raise AsmError(f"{mnemonic} takes {count} argument, not {len(arguments)}")
    return arguments


def put(rom: bytearray, written: bytearray, line: Line, data: bytes) -> None:
    """The bytes into their place, where nothing is yet."""
    low = BANK if line.bank else 0
    start = line.bank * BANK + line.address - low
    end = start + len(data)
    if end > (line.bank + 1) * BANK:
        raise AsmError(f"bank {line.bank} is full")
    if any(written[start:end]):
        raise AsmError(f"there is something at ${line.address:04X} of bank {line.bank} already")
    rom[start:end] = data
    written[start:end] = b"\1" * len(data)


def header(arguments: list[str], value: Callable[[str], int]) -> bytes:
    """Title, cartridge type and RAM size, from $134 up to the checksums.

    The logo before it is left blank: it is another's trademark, and PyBoy does not ask for it.
    """
    title = STRING.fullmatch(arguments[0]) if arguments else None
    if title is None or not len(title[1]) <= 15 or not 1 <= len(arguments) <= 3:
        raise AsmError('header takes "TITLE" of at most 15 characters, a type and a RAM size')
    cartridge, ram = (*(ranged(value(one), "byte") for one in arguments[1:]), 0, 0)[:2]
    data = bytearray(CHECKSUM - HEADER)
    data[: len(title[1])] = title[1].encode("ascii")
    data[0x147 - HEADER] = cartridge
    data[0x149 - HEADER] = ram
    return bytes(data)


def finish_header(rom: bytearray) -> None:
    """The ROM's size and both checksums, as the header has them."""
    rom[0x148] = (len(rom) // (2 * BANK)).bit_length() - 1
    checksum = 0
    for byte in rom[HEADER:CHECKSUM]:
        checksum = checksum - byte - 1 & 0xFF
    rom[CHECKSUM] = checksum
    rom[0x14E:0x150] = (sum(rom) - sum(rom[0x14E:0x150]) & 0xFFFF).to_bytes(2, "big")
