"""Mistakes written by hand: tests/ENV/mistakes.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.errors import UserError
from harness.mutating.tests import Suite, first_failure
from harness.mutating.tree import ROOT
from harness.registry import Entry


@dataclass(frozen=True)
class Mistake:
    """One edit of one file; `old` stands in it once."""

    label: str
    file: str
    old: str
    new: str


def read_mistakes(entry: Entry, backend: str) -> list[Mistake]:
    """The list for one backend.

    `files` names the file of each backend that edits are made in, unless an edit names another
    one beside it. A mistake that a backend has no place for is left out there.

    Raises:
        UserError: if there is no list.
    """
    path = ROOT / entry.tests / "mistakes.toml"
    if not path.exists():
        raise UserError(f"{entry.name} has no list of mistakes; accepted: a file {path}")
    document = tomllib.loads(path.read_text())
    usual = PurePosixPath(document["files"][backend])
    found = []
    for each in document["mistake"]:
        if edit := each.get(backend):
            file = str(usual.with_name(edit.get("file", usual.name)))
            found.append(Mistake(f"{backend}: {each['name']}", file, edit["old"], edit["new"]))
    return found


def plant(mistake: Mistake, levels: Suite, tree: Path) -> str | None:
    """Plant it in the copy, run the tests, take it out; the first failure, or None.

    Raises:
        UserError: if the text to be replaced does not stand exactly once.
    """
    path = tree / mistake.file
    original = path.read_text()
    count = original.count(mistake.old)
    if count != 1:
        raise UserError(
            f"{mistake.label}: {mistake.old!r} stands {count} times in {mistake.file}; "
            "accepted: once"
        )
    path.write_text(original.replace(mistake.old, mistake.new))
    try:
        return first_failure(levels, tree)
    finally:
        path.write_text(original)
