"""Expressions that the Rust crate and the reference must read alike.

    python -m tests.gameboy.expressions

draws the second part of the crate's tests/expressions.txt anew: expressions and damaged ones, with
what the reference makes of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from references.gameboy.expression import COMPARISONS, COUNTS, READINGS, SPANS, Expression

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "backends/rust/envs/gameboy/tests/expressions.txt"
DRAWN = 400


def fields(turned: int) -> dict[str, np.ndarray]:
    """STATE's memory: at each address it ^ it >> 7, with the bits of `turned` turned around."""
    found: dict[str, Any] = {}
    for name, (low, high) in SPANS.items():
        address = np.arange(low, high + 1)
        found[name] = ((address ^ address >> 7) & 0xFF ^ turned).astype(np.uint8)
    found["oam"], found["unusable"] = found["oam"][:0xA0], found["oam"][0xA0:]
    found["cart_ram"] = np.stack([found["cart_ram"]] + [np.zeros(0x2000, np.uint8)] * 15)
    return found


BEFORE, NOW = fields(0), fields(0x55)


def outcome(text: str) -> str:
    """`=> value` or `!> error`."""
    try:
        expression = Expression(text, stepped=True)
    except ValueError as error:
        return f"!> {error}"
    return f"=> {expression.value(NOW, expression.before(BEFORE))}"


def lines() -> list[tuple[str, str]]:
    """The file's expressions and what must become of them."""
    found = []
    for line in FILE.read_text().splitlines():
        if line and not line.startswith("#"):
            for arrow in ("=>", "!>"):
                text, separator, result = line.partition(f" {arrow} ")
                if separator:
                    found.append((text, f"{arrow} {result}"))
    return found


class Draw:
    """Random expressions."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def pick(self, choices: Any) -> Any:
        """One of them."""
        choices = list(choices)
        return choices[int(self._random.integers(len(choices)))]

    def integer(self) -> str:
        """A constant, often an extreme one."""
        small = int(self._random.integers(10))
        return self.pick([str(small), str(small), hex(2**62 + small), str(2**63 - 1)])

    def reading(self) -> str:
        """What reads memory."""
        name = self.pick(READINGS)
        low, high = self.pick(SPANS.values())
        address = int(self._random.integers(low, high - 16))
        length = READINGS[name][1]
        if length is not None:
            return f"{name}(0x{address:X})"
        return f"{name}({address}, {int(self._random.integers(*COUNTS.get(name, (1, 16))))})"

    def expression(self, depth: int, look_back: bool = True) -> str:
        """Any expression."""
        if depth == 0:
            return self.pick([self.integer, self.reading, self.reading])()
        kind = int(self._random.integers(8))
        a, b = (self.expression(depth - 1, look_back and kind != 7) for _ in range(2))
        sign = self.pick(["+", "-", "*", "and", "or", *COMPARISONS])
        if kind < 3:
            return f"({a} {sign} {b})"
        if kind == 3:
            return f"{a} {self.pick('+-*')} {b}"
        if kind == 4:
            return f"-{a}"
        if kind == 5:
            return f"{self.pick(['min', 'max'])}({a}, {b})"
        if kind == 6:
            return f"(not {a})"
        return f"before({a})" if look_back else a

    def damaged(self, text: str) -> str:
        """The same with a character taken out, doubled or exchanged."""
        at = int(self._random.integers(len(text)))
        letter = self.pick("()+-*<=>!,x09 u/&é")
        return text[:at] + self.pick(["", text[at] * 2, letter]) + text[at + 1 :]


def drawn(seed: int = 0) -> list[str]:
    """Lines of the file's second part."""
    draw = Draw(seed)
    found = []
    for index in range(DRAWN):
        text = draw.expression(index % 4)
        if index % 3 == 0:
            text = draw.damaged(text).strip()
        if "=>" not in text and "!>" not in text and not text.startswith("#"):
            found.append(f"{text} {outcome(text)}")
    return found


def main() -> None:
    """Write the second part anew."""
    first = FILE.read_text().split("\n\n")[0].rstrip("\n")
    FILE.write_text("\n".join([first, "", *drawn()]) + "\n")


if __name__ == "__main__":
    main()
