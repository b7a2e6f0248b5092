"""Expressions over RAM: what a definition's reward, termination and features are written in.

Integers of 64 bits that wrap around; true is 1. An expression is compiled to a list of operations
on a stack. docs/envs/gameboy.md has the grammar; the Rust crate's src/expression says the same.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from references.gameboy.words import Token, tokens, wrong

STACK = 64
"""Values that an expression may hold at once."""
BEFORES = 32
"""`before(...)` in an expression at most."""
LENGTH = 4096
"""Characters of an expression."""
NESTING = 32
"""Parentheses, signs and `not`s within one another."""

SPANS = {
    "vram": (0x8000, 0x9FFF),
    "cart_ram": (0xA000, 0xBFFF),
    "wram": (0xC000, 0xDFFF),
    "oam": (0xFE00, 0xFEFF),
    "hram": (0xFF80, 0xFFFE),
}
"""First and last address of what can be read, by field of STATE; of cartridge RAM it is bank 0."""

Fields = Any
"""STATE by field: a mapping, or a structured scalar."""
Operation = Callable[[list[int], Fields, Sequence[int]], None]
"""Works on the stack, given STATE and the values of before(...)."""


def wrap(value: int) -> int:
    """The integer of 64 bits, two's complement, that `value` is modulo 2**64."""
    return (value + 2**63) % 2**64 - 2**63


# Readings of bytes.


def little(data: bytes) -> int:
    """A number, its low byte first."""
    return int.from_bytes(data, "little")


def big(data: bytes) -> int:
    """A number, its high byte first."""
    return int.from_bytes(data, "big")


def decimal(data: bytes) -> int:
    """Two decimal digits a byte, the highest first."""
    value = 0
    for byte in data:
        value = value * 100 + (byte >> 4) * 10 + byte % 16
    return value


def count_nonzero(data: bytes) -> int:
    """Bytes that are not 0."""
    return len(data) - data.count(0)


def count_bits(data: bytes) -> int:
    """Bits that are set."""
    return big(data).bit_count()


READINGS: dict[str, tuple[Callable[[bytes], int], int | None]] = {
    "u8": (little, 1),
    "u16le": (little, 2),
    "u16be": (big, 2),
    "bcd": (decimal, None),
    "bit": (little, None),
    "count_nonzero": (count_nonzero, None),
    "count_bits": (count_bits, None),
    "max_over": (max, None),
    "sum_over": (sum, None),
}
"""What is made of bytes, and how many; None where that is written."""
COUNTS = {"bcd": (1, 8), "bit": (0, 7)}
"""Bounds of the second integer, where they are not those of a length."""
CHOICES: dict[str, Callable[[int, int], int]] = {"min": min, "max": max}
NAMES = (*READINGS, *CHOICES, "before")

COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


# Operations.


def constant(value: int) -> Operation:
    """Puts an integer on the stack."""
    return lambda stack, fields, befores: stack.append(value)


def reading(read: Callable[[bytes], int], field: str, offset: int, length: int) -> Operation:
    """Puts on the stack what `read` makes of some bytes of a field."""

    def operation(stack: list[int], fields: Fields, befores: Sequence[int]) -> None:
        stack.append(read(memory(fields, field)[offset : offset + length].tobytes()))

    return operation


def before(number: int) -> Operation:
    """Puts a value from before the step on the stack, by its number."""
    return lambda stack, fields, befores: stack.append(befores[number])


def one(function: Callable[[int], int]) -> Operation:
    """Replaces the last value."""
    return lambda stack, fields, befores: stack.append(wrap(function(stack.pop())))


def two(function: Callable[[int, int], int]) -> Operation:
    """Replaces the last two values by one."""

    def operation(stack: list[int], fields: Fields, befores: Sequence[int]) -> None:
        b, a = stack.pop(), stack.pop()
        stack.append(wrap(int(function(a, b))))

    return operation


def memory(fields: Fields, field: str) -> np.ndarray:
    """The bytes of one of SPANS."""
    if field == "oam":
        return np.concatenate([fields["oam"], fields["unusable"]])
    found = np.asarray(fields[field])
    return found[0] if field == "cart_ram" else found


def evaluate(ops: Sequence[Operation], fields: Fields, befores: Sequence[int]) -> int:
    """The value that operations leave on the stack."""
    stack: list[int] = []
    for operation in ops:
        operation(stack, fields, befores)
    (value,) = stack
    return value


class Expression:
    """A compiled expression.

    Args:
        text: as a definition has it.
        stepped: whether it is of a step, and may have before(...).

    Raises:
        ValueError: one line that begins with the place, counted in characters from 1.
    """

    def __init__(self, text: str, stepped: bool) -> None:
        if len(text) > LENGTH:
            raise wrong(LENGTH + 1, f"{len(text)} characters; accepted: up to {LENGTH}")
        parser = Parser(text, stepped)
        parser.any_of()
        if parser.here.kind != "end":
            raise parser.expected("an operator or the end")
        self._ops = parser.ops
        self._befores = parser.befores

    def before(self, fields: Fields) -> list[int]:
        """Values that the expression takes from before a step: to be asked for then."""
        return [evaluate(ops, fields, ()) for ops in self._befores]

    def value(self, fields: Fields, befores: Sequence[int] = ()) -> int:
        """Its value now; `befores` are what `before` gave when the step began."""
        return evaluate(self._ops, fields, befores)


class Parser:
    """From words to operations."""

    def __init__(self, text: str, stepped: bool) -> None:
        self.ops: list[Operation] = []
        self.befores: list[list[Operation]] = []
        self._tokens = tokens(text)
        self._next = 0
        self._nesting = 0
        self._height = 0
        self._may_look_back = stepped

    @property
    def here(self) -> Token:
        """The next word; the end is never passed."""
        return self._tokens[self._next]

    def expected(self, what: str) -> ValueError:
        """An error that says what should have stood here."""
        return wrong(self.here.at, f"expected {what}, found {self.here.shown}")

    def any_of(self) -> None:
        """Rule `or`: and {"or" and}."""
        self._all_of()
        while self._passes("name", "or"):
            self._all_of()
            self._two(lambda a, b: a != 0 or b != 0)

    def _all_of(self) -> None:
        """Rule `and`: not {"and" not}."""
        self._negation()
        while self._passes("name", "and"):
            self._negation()
            self._two(lambda a, b: a != 0 and b != 0)

    def _negation(self) -> None:
        """Rule `not`: "not" not | compare."""
        if self._passes("name", "not"):
            self._nested(self._negation)
            self.ops.append(one(lambda a: a == 0))
        else:
            self._comparison()

    def _comparison(self) -> None:
        """Rule `compare`: sum [sign sum]."""
        self._sum()
        for sign, function in COMPARISONS.items():
            if self._passes("sign", sign):
                self._sum()
                self._two(function)
                break

    def _sum(self) -> None:
        """Rule `sum`: product {("+" | "-") product}."""
        self._product()
        while True:
            if self._passes("sign", "+"):
                function = operator.add
            elif self._passes("sign", "-"):
                function = operator.sub
            else:
                return
            self._product()
            self._two(function)

    def _product(self) -> None:
        """Rule `product`: sign {"*" sign}."""
        self._signed()
        while self._passes("sign", "*"):
            self._signed()
            self._two(operator.mul)

    def _signed(self) -> None:
        """Rule `sign`: "-" sign | value."""
        if self._passes("sign", "-"):
            self._nested(self._signed)
            self.ops.append(one(operator.neg))
        else:
            self._value()

    def _value(self) -> None:
        """Rule `value`: integer | "(" or ")" | name "(" ... ")"."""
        token = self.here
        if token.kind == "integer":
            self._next += 1
            self._push(constant(token.value), token.at)
        elif token.kind == "name" and token.text not in ("and", "or", "not"):
            self._next += 1
            self._call(token.text, token.at)
        elif self._passes("sign", "("):
            self._nested(self.any_of)
            self._expects(")")
        else:
            raise self.expected("a value")

    def _call(self, name: str, at: int) -> None:
        """What follows a name."""
        if name in READINGS:
            self._read(name, at)
        elif name in CHOICES:
            self._choice(CHOICES[name])
        elif name == "before":
            self._before(at)
        else:
            raise wrong(at, f"unknown name '{name}'; accepted: {', '.join(NAMES)}")

    def _read(self, name: str, at: int) -> None:
        """(address), or (address, integer)."""
        self._expects("(")
        address_at = self.here.at
        address = self._integer()
        read, length = READINGS[name]
        if length is None:
            length = self._count(*COUNTS.get(name, (1, 0x2000)))
        if name == "bit":
            number, length = length, 1
            self._expects(")")
            field, offset = place(address, length, address_at)
            return self._push(
                reading(lambda data: data[0] >> number & 1, field, offset, length), at
            )
        self._expects(")")
        field, offset = place(address, length, address_at)
        self._push(reading(read, field, offset, length), at)

    def _choice(self, function: Callable[[int, int], int]) -> None:
        """(a, b, ...), at least two."""
        self._expects("(")
        self._nested(self.any_of)
        self._expects(",")
        self._nested(self.any_of)
        self._two(function)
        while self._passes("sign", ","):
            self._nested(self.any_of)
            self._two(function)
        self._expects(")")

    def _before(self, at: int) -> None:
        """(value)."""
        if not self._may_look_back:
            raise wrong(at, "before() has no place in a feature or in another before()")
        if len(self.befores) == BEFORES:
            raise wrong(at, f"more than {BEFORES} before()")
        self._expects("(")
        ops, height = self.ops, self._height
        self.ops, self._height, self._may_look_back = [], 0, False
        self._nested(self.any_of)
        self.befores.append(self.ops)
        self.ops, self._height, self._may_look_back = ops, height, True
        self._expects(")")
        self._push(before(len(self.befores) - 1), at)

    def _passes(self, kind: str, text: str) -> bool:
        """Pass a word, if it comes next."""
        found = self.here.kind == kind and self.here.text == text
        self._next += found
        return found

    def _expects(self, sign: str) -> None:
        """Pass a sign, which has to come next."""
        if not self._passes("sign", sign):
            raise self.expected(f"'{sign}'")

    def _integer(self) -> int:
        """Pass an integer, which has to come next."""
        if self.here.kind != "integer":
            raise self.expected("an integer")
        self._next += 1
        return self._tokens[self._next - 1].value

    def _count(self, low: int, high: int) -> int:
        """Pass a comma and an integer within bounds."""
        self._expects(",")
        at = self.here.at
        value = self._integer()
        if not low <= value <= high:
            raise wrong(at, f"{value} is not from {low} to {high}")
        return value

    def _push(self, operation: Operation, at: int) -> None:
        """An operation that puts a value on the stack."""
        if self._height == STACK:
            raise wrong(at, f"more than {STACK} values are held at once")
        self._height += 1
        self.ops.append(operation)

    def _two(self, function: Callable[[int, int], int]) -> None:
        """An operation that makes one value of two."""
        self._height -= 1
        self.ops.append(two(function))

    def _nested(self, inner: Callable[[], None]) -> None:
        """Run `inner` one level deeper."""
        if self._nesting == NESTING:
            raise wrong(self.here.at, f"nested more than {NESTING} deep")
        self._nesting += 1
        inner()
        self._nesting -= 1


def place(address: int, length: int, at: int) -> tuple[str, int]:
    """The field that has these addresses, and the offset in it."""
    last = address + length - 1
    for field, (low, high) in SPANS.items():
        if low <= address and last <= high:
            return field, address - low
    span = f"{address:04X}" if length == 1 else f"{address:04X}-{last:04X}"
    accepted = ", ".join(f"{low:04X}-{high:04X}" for low, high in SPANS.values())
    raise wrong(at, f"{span} cannot be read; accepted: {accepted}")
