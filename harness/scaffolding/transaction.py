"""Writes many files, or none: what was written is taken back when anything fails."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import TracebackType


class Transaction:
    """A context: an exception, an interrupt too, restores every file and folder."""

    def __init__(self) -> None:
        self._before: list[tuple[Path, bytes | None]] = []
        self._folders: list[Path] = []

    def __enter__(self) -> Transaction:
        return self

    def write(self, path: Path, text: str) -> None:
        """Create or replace a file, with the folders above it."""
        missing = [folder for folder in path.parents if not folder.exists()]
        self._folders += reversed(missing)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._before.append((path, path.read_bytes() if path.exists() else None))
        path.write_text(text)

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is None:
            return
        for path, content in reversed(self._before):
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(content)
        for folder in reversed(self._folders):
            shutil.rmtree(folder, ignore_errors=True)  # with what commands made in it
