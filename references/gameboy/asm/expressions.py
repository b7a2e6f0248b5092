"""Values in assembly source: a recursive descent over + - * / % & | ^ ~ << >> and names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

NAME = r"[A-Za-z_.][A-Za-z0-9_.]*"
TOKEN = re.compile(rf"\s*(\$[0-9A-Fa-f]+|%[01]+|\d+|'[^']'|{NAME}|<<|>>|[-+*/%&|^~()@])")
LEVELS: tuple[dict[str, Callable[[int, int], int]], ...] = (
    {"|": lambda a, b: a | b},
    {"^": lambda a, b: a ^ b},
    {"&": lambda a, b: a & b},
    {"<<": lambda a, b: a << b, ">>": lambda a, b: a >> b},
    {"+": lambda a, b: a + b, "-": lambda a, b: a - b},
    {"*": lambda a, b: a * b, "/": lambda a, b: a // b, "%": lambda a, b: a % b},
)
"""Binary operators, loosest first."""


class AsmError(ValueError):
    """Source that cannot be assembled; the message begins with the file and line."""


class UndefinedError(AsmError):
    """A name that has no value (yet)."""


def evaluate(text: str, names: Mapping[str, int], here: int = 0) -> int:
    """The value of an expression.

    Args:
        text: the expression.
        names: values of labels and constants.
        here: the value of `@`.

    Raises:
        AsmError: if it is no expression.
        UndefinedError: for a name without a value.
    """
    if text.isdigit():
        return int(text)
    return Parser(text, names, here).parse()


def tokens(text: str) -> list[str]:
    """The tokens of an expression; % begins a binary number only where a value can stand."""
    found: list[str] = []
    position = 0
    text = text.strip()
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise AsmError(f"{text!r} is no expression")
        token = match.group(1)
        after_value = found and (found[-1] == ")" or found[-1][-1].isalnum() or found[-1] == "@")
        if after_value and token.startswith("%"):
            found.append("%")
            position = match.start(1) + 1
        else:
            found.append(token)
            position = match.end()
    return found


class Parser:
    """One expression, consumed from its first token on."""

    def __init__(self, text: str, names: Mapping[str, int], here: int) -> None:
        self.text = text.strip()
        self.tokens = tokens(text)
        self.position = 0
        self.names = names
        self.here = here

    def parse(self) -> int:
        value = self.binary(0)
        if self.position != len(self.tokens):
            raise AsmError(f"{self.text!r} is no expression")
        return value

    def next(self) -> str:
        if self.position == len(self.tokens):
            raise AsmError(f"{self.text!r} is no expression")
        self.position += 1
        return self.tokens[self.position - 1]

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def binary(self, level: int) -> int:
        if level == len(LEVELS):
            return self.unary()
        value = self.binary(level + 1)
        while self.peek() in LEVELS[level]:
            operator = LEVELS[level][self.next()]
            other = self.binary(level + 1)
            try:
                value = operator(value, other)
            except (ZeroDivisionError, ValueError):
                raise AsmError(f"{self.text!r} divides by zero or shifts back") from None
        return value

    def unary(self) -> int:
        token = self.next()
        if token == "-":
            return -self.unary()
        if token == "~":
            return ~self.unary()
        if token == "(":
            value = self.binary(0)
            if self.next() != ")":
                raise AsmError(f"{self.text!r} lacks a parenthesis")
            return value
        return self.atom(token)

    def atom(self, token: str) -> int:
        if token == "@":
            return self.here
        if token.startswith("$"):
            return int(token[1:], 16)
        if token.startswith("%") and len(token) > 1:
            return int(token[1:], 2)
        if token.startswith("'"):
            return ord(token[1])
        if token.isdigit():
            return int(token)
        if token in ("low", "high") and self.peek() == "(":
            value = self.unary()
            return value & 0xFF if token == "low" else value >> 8 & 0xFF
        if re.fullmatch(NAME, token):
            if token not in self.names:
                raise UndefinedError(f"{token} is not defined")
            return self.names[token]
        raise AsmError(f"{self.text!r} is no expression")
