"""The words of an expression; see expression.py."""

from __future__ import annotations

import re
from dataclasses import dataclass

WORD = re.compile(r"[A-Za-z0-9_]+")
INTEGER = re.compile(r"0x[0-9a-fA-F]+|[0-9]+")
SIGNS = ("==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "(", ")", ",")
SPACE = " \t\n\r"


@dataclass(frozen=True)
class Token:
    """A word: an integer, a name, a sign or the end, and where it begins, counted from 1."""

    kind: str
    text: str
    at: int
    value: int = 0

    @property
    def shown(self) -> str:
        """The word as an error names it."""
        if self.kind == "integer":
            return str(self.value)
        return "the end" if self.kind == "end" else f"'{self.text}'"


def wrong(at: int, what: str) -> ValueError:
    """An error at a character, counted from 1."""
    return ValueError(f"at {at}: {what}")


def tokens(text: str) -> list[Token]:
    """The words of `text`, the last of which is the end."""
    found = []
    index = 0
    while index < len(text):
        if text[index] in SPACE:
            index += 1
            continue
        token = first_token(text, index)
        found.append(token)
        index += len(token.text)
    return [*found, Token("end", "", len(text) + 1)]


def first_token(text: str, index: int) -> Token:
    """The word that begins at `index`."""
    at = index + 1
    word = WORD.match(text, index)
    if word is None:
        for sign in SIGNS:
            if text.startswith(sign, index):
                return Token("sign", sign, at)
        raise wrong(at, f"unexpected character U+{ord(text[index]):04X}")
    if word[0][0] not in "0123456789":
        return Token("name", word[0], at)
    value = 2**63
    if INTEGER.fullmatch(word[0]):
        value = int(word[0], 16 if word[0].startswith("0x") else 10)
    if value >= 2**63:
        raise wrong(at, f"'{word[0]}' is no integer from 0 to 2**63 - 1")
    return Token("integer", word[0], at, value)
