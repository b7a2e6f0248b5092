"""Reads a run-ID.wandb file, of which wandb itself has no public reader in Python.

It is a log in LevelDB's format: a header of 7 bytes, then blocks of 32 KiB with fragments of
records, each after its checksum (masked CRC-32C or CRC-32), length and kind. A record is wandb's
own protocol buffer.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wandb.proto import wandb_internal_pb2

BLOCK = 32 * 1024
HEADER = 7  # of the file, and of every fragment
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def _records(path: Path) -> Iterator[Any]:
    content = path.read_bytes()
    assert content[:4] == b":W&B"
    place, whole = HEADER, b""
    while place + HEADER <= len(content):
        left = BLOCK - place % BLOCK
        if left < HEADER:  # too little for a fragment: padding
            place += left
            continue
        _, length, kind = struct.unpack("<IHB", content[place : place + HEADER])
        part = content[place + HEADER : place + HEADER + length]
        assert len(part) == length, "cut off"
        place += HEADER + length
        whole = part if kind in (FULL, FIRST) else whole + part
        if kind in (FULL, LAST):
            record = wandb_internal_pb2.Record()  # type: ignore[attr-defined]
            record.ParseFromString(whole)
            yield record


class Run:
    """What was written offline of one run."""

    def __init__(self, path: Path) -> None:
        self.config: dict[str, Any] = {}
        self.history: list[dict[str, Any]] = []
        self.summary: dict[str, Any] = {}
        self.exit: int | None = None
        for record in _records(path):
            match record.WhichOneof("record_type"):
                case "run":
                    self.id, self.group = record.run.run_id, record.run.run_group
                    self.project, self.name = record.run.project, record.run.display_name
                    self.kind = record.run.job_type
                    self.config |= _items(record.run.config.update)
                case "config":
                    self.config |= _items(record.config.update)
                case "history":
                    row = _items(record.history.item)
                    own = {name: value for name, value in row.items() if name[0] != "_"}
                    self.history += [own] if own else []
                case "summary":
                    self.summary |= _items(record.summary.update)
                case "exit":
                    self.exit = record.exit.exit_code


def _items(items: Any) -> dict[str, Any]:
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}
