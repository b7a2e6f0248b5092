"""The results folder as it is found: what cannot be read becomes a warning and is left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Record = dict[str, Any]
T = TypeVar("T")

UNEXPECTED = (KeyError, TypeError, ValueError, AttributeError, IndexError, ZeroDivisionError)
"""What reading a record raises that lacks a field, or has another kind of value in it."""


class Shelf:
    """Reads files below `root`, and keeps one line about each that is damaged."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.warnings: list[str] = []

    def shown(self, path: Path) -> str:
        """A path as it is told to a reader: from the results folder on."""
        return (Path(self.root.name) / path.relative_to(self.root)).as_posix()

    def warn(self, path: Path, what: str) -> None:
        """Keep a line about a file; the same line once."""
        line = f"{self.shown(path)}: {what}"
        if line not in self.warnings:
            self.warnings.append(line)

    def record(self, path: Path) -> Record | None:
        """The JSON object in a file; None where there is no file, or a damaged one."""
        text = self._text(path)
        if text is None:
            return None
        try:
            found = json.loads(text)
        except ValueError as error:
            self.warn(path, f"not JSON ({error}); left out")
            return None
        if not isinstance(found, dict):
            self.warn(path, "no JSON object; left out")
            return None
        return found

    def lines(self, path: Path) -> list[Record]:
        """The JSON objects in a file of lines, but for damaged ones."""
        found: list[Record] = []
        damaged: list[int] = []
        for number, line in enumerate((self._text(path) or "").splitlines(), start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if isinstance(row, dict):
                found.append(row)
            else:
                damaged.append(number)
        if damaged:
            more = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
            self.warn(path, f"line {damaged[0]}{more} is damaged; left out")
        return found

    def checked(self, path: Path, read: Callable[[], T]) -> T | None:
        """What `read` makes of a file's content; None, and a warning, where it cannot."""
        try:
            return read()
        except UNEXPECTED as error:
            lacks = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            self.warn(path, f"not as it was written ({lacks}); left out")
            return None

    def _text(self, path: Path) -> str | None:
        try:
            return path.read_text()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not text"
            self.warn(path, f"cannot be read ({reason}); left out")
            return None
