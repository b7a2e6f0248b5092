"""Why lines were not reached: tests/ENV/unreached.toml.

Each entry has `file`, `why`, and `text` or `items`. `text` is one or more lines that follow one
another, with white space at their ends ignored. `items` are beginnings of lines such as "fn name(",
each of which stands for all lines up to the brace that closes it. Either stands in the file once,
and one of its lines at least was not reached.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.covering.lines import Lines
from harness.errors import UserError


@dataclass(frozen=True)
class Unreached:
    """A line that has code and did not run."""

    file: str
    number: int
    text: str
    why: str


@dataclass(frozen=True)
class Reason:
    """Why lines are not reached: those of a text, or of a whole item."""

    file: str
    text: tuple[str, ...]
    why: str
    is_item: bool = False

    def places(self, source: list[str]) -> list[range]:
        """The line numbers, from 1, of each place where it stands among a file's lines."""
        if self.is_item:
            starts = [
                at for at, line in enumerate(source) if line.lstrip().startswith(self.text[0])
            ]
            return [range(at + 1, closing(source, at) + 2) for at in starts]
        stripped, size = [line.strip() for line in source], len(self.text)
        return [
            range(at + 1, at + 1 + size)
            for at in range(len(source) - size + 1)
            if tuple(stripped[at : at + size]) == self.text
        ]


def closing(source: list[str], start: int) -> int:
    """The index of the line that closes the item that begins at `start`: a brace as far in."""
    indent = source[start][: len(source[start]) - len(source[start].lstrip())]
    ends = (at for at in range(start, len(source)) if source[at].rstrip() == indent + "}")
    return next(ends, start)


def read(path: Path) -> list[Reason]:
    """The reasons; none if there is no file.

    Raises:
        UserError: for an entry without a file, a reason, or what it is about.
    """
    if not path.exists():
        return []
    reasons = []
    for number, entry in enumerate(tomllib.loads(path.read_text()).get("line", []), 1):
        file, why, items = entry.get("file"), entry.get("why", "").split(), entry.get("items", [])
        text = tuple(line.strip() for line in entry.get("text", "").strip().splitlines())
        if not (file and why and (text or items)):
            raise UserError(f"{path}: entry {number} lacks file, why, or one of text and items")
        if text:
            reasons.append(Reason(file, text, " ".join(why)))
        reasons += [Reason(file, (item,), " ".join(why), is_item=True) for item in items]
    return reasons


def explain(
    lines: Lines, sources: Mapping[str, str], reasons: list[Reason]
) -> tuple[list[Unreached], list[str]]:
    """What did not run, with its reason or "", and what is wrong with the reasons.

    Args:
        sources: the text of every file in `lines`.
    """
    source = {name: text.splitlines() for name, text in sources.items()}
    missed = {
        (name, number)
        for name, counts in lines.items()
        for number, count in counts.items()
        if not count
    }
    why: dict[tuple[str, int], str] = {}
    wrong = []
    for reason in reasons:
        places = reason.places(source.get(reason.file, []))
        called = f"{reason.file}: {reason.text[0]!r}"
        if len(places) != 1:
            wrong.append(f"{called} stands {len(places)} times; accepted: once")
            continue
        told = {(reason.file, number) for number in places[0]} & missed
        if not told:
            wrong.append(f"{called} is reached, and needs no reason")
        why.update(dict.fromkeys(told, reason.why))
    unreached = [
        Unreached(name, number, source[name][number - 1].strip(), why.get((name, number), ""))
        for name, number in sorted(missed)
    ]
    return unreached, wrong
