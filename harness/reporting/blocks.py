"""What a section of the page is made of; page.html.jinja draws each kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from markupsafe import Markup

Tone = Literal["", "good", "bad", "weak"]


@dataclass(frozen=True)
class Cell:
    """Text in a table; `under` stands smaller below it."""

    text: str
    under: str = ""
    tone: Tone = ""


@dataclass(frozen=True)
class Table:
    """Rows under a header. Columns from `numbers` on are aligned to the right."""

    kind: ClassVar[str] = "table"
    header: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    caption: str = ""
    numbers: int = 1
    texts: Sequence[int] = ()
    """Columns after `numbers` that hold text."""
    folded: bool = False
    """Shown when the reader opens it."""


@dataclass(frozen=True)
class Picture:
    """A drawing in SVG, or an <img> of a picture."""

    kind: ClassVar[str] = "picture"
    markup: Markup
    caption: str


@dataclass(frozen=True)
class Note:
    """A sentence."""

    kind: ClassVar[str] = "note"
    text: str


Block = Table | Picture | Note


@dataclass(frozen=True)
class Headline:
    """A figure to begin with: "8.20 x", "Rust beside puffer"."""

    value: str
    label: str
    tone: Tone = ""


@dataclass(frozen=True)
class Section:
    """One kind of result. Without blocks, `command` says how to get it."""

    anchor: str
    title: str
    intro: str
    command: str
    blocks: Sequence[Block] = ()
    headlines: Sequence[Headline] = ()
    origin: Sequence[str] = field(default_factory=tuple)
    """Which file, commit, time and machine it comes from."""
