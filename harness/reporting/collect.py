"""What a report is made of: of each kind of record the newest, run here or published."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.reporting.shelf import Record, Shelf

PICTURES = (".webp", ".gif", ".png", ".apng")


@dataclass(frozen=True)
class Found:
    """Records of one kind, and what they hold for."""

    path: Path
    rows: list[Record]
    """One record, but for the lines of a bench and the runs of a training."""
    commit: str = ""
    dirty: bool = False
    time: str = ""
    machine: Record = field(default_factory=dict)
    beside: Path | None = None
    """An older file that was passed over."""

    @property
    def row(self) -> Record:
        """The one record."""
        return self.rows[0]


@dataclass(frozen=True)
class Environment:
    """All that is known of one environment; None for what nobody measured yet."""

    name: str
    speed: Found | None
    training_speed: Found | None
    verification: Found | None
    mutants: Found | None
    learning: Found | None
    transfer: Found | None
    picture: Path | None

    @property
    def found(self) -> list[Found]:
        """Every kind that is there."""
        kinds = (
            *(self.speed, self.training_speed, self.verification),
            *(self.mutants, self.learning, self.transfer),
        )
        return [each for each in kinds if each is not None]


def collect(shelf: Shelf, name: str) -> Environment:
    """Read everything about one environment."""
    root, published = shelf.root, shelf.root / "published"

    def newest(folder: str, own: str | None = None) -> Found | None:
        local = root / folder / f"{own or name}.json"
        return newer(_one(shelf, local), _one(shelf, published / f"{folder}-{name}.json"))

    here = root / "bench" / f"{name}.jsonl"
    pictures = [published / f"policy-{name}{suffix}" for suffix in PICTURES]
    return Environment(
        name=name,
        speed=newer(
            bench_lines(shelf, here, "random"),
            bench_lines(shelf, published / f"bench-{name}.jsonl", "random"),
        ),
        training_speed=newer(
            bench_lines(shelf, here, "ppo"),
            bench_lines(shelf, published / f"bench-ppo-{name}.jsonl", "ppo"),
        ),
        verification=newest("verify"),
        mutants=newest("mutants"),
        learning=newer(
            _local_runs(shelf, name), _published_runs(shelf, published / f"train-{name}.json")
        ),
        transfer=newest("transfer"),
        picture=next((path for path in pictures if path.is_file()), None),
    )


def newer(local: Found | None, published: Found | None) -> Found | None:
    """That with the later time, the local one where neither is later."""
    if local is None or published is None:
        return local or published
    chosen, other = (published, local) if published.time > local.time else (local, published)
    return replace(chosen, beside=None if other.time == chosen.time else other.path)


def bench_lines(shelf: Shelf, path: Path, kind: str) -> Found | None:
    """The newest lines of a kind: those of one commit and machine, the last of each setting."""
    rows = [row for row in shelf.lines(path) if row.get("kind") == kind]
    usable = [row for row in rows if _is_measurement(row)]
    if len(usable) < len(rows):
        shelf.warn(path, f"{len(rows) - len(usable)} lines lack a setting or a speed; left out")
    if not usable:
        return None
    last = max(usable, key=lambda row: str(row.get("time", "")))
    same = [row for row in usable if _origin(row) == _origin(last)]
    by_setting = {(*setting(row), row["impl"]): row for row in same}
    return _found(path, list(by_setting.values()), last)


def setting(row: Record) -> tuple[Any, ...]:
    """What two measurements must share to be compared."""
    return (parameters(row), row["batch"], row["threads"], row.get("parameters", 0))


def parameters(row: Record) -> str:
    """The environment's parameters: the variant's name, and the values that were given."""
    given = ", ".join(f"{name}={value}" for name, value in sorted(row.get("params", {}).items()))
    variant = str(row.get("variant", "")) or "default"
    return f"{variant} ({given})" if given else variant


def machine_of(row: Record) -> Record:
    """The fingerprint, empty where there is none."""
    found = row.get("fingerprint")
    return found if isinstance(found, dict) else {}


def _is_measurement(row: Record) -> bool:
    speed = row.get("sps_median")
    return (
        isinstance(row.get("impl"), str)
        and isinstance(row.get("batch"), int)
        and isinstance(row.get("threads"), int)
        and isinstance(row.get("params", {}), dict)
        and isinstance(speed, int | float)
        and math.isfinite(speed)
        and speed > 0
    )


def _origin(row: Record) -> tuple[Any, ...]:
    machine = machine_of(row)
    return (row.get("commit"), machine.get("cpu"), machine.get("cores"), machine.get("gpu"))


def _one(shelf: Shelf, path: Path) -> Found | None:
    record = shelf.record(path)
    return None if record is None else _found(path, [record], record)


def _local_runs(shelf: Shelf, env: str) -> Found | None:
    """results/train/RUN/: runs that ended, each with its curve."""
    folder = shelf.root / "train"
    runs = []
    for path in sorted(folder.glob("*/summary.json")):
        summary = shelf.record(path)
        if summary is not None and summary.get("env") == env:
            runs.append({**summary, "curve": shelf.lines(path.parent / "progress.jsonl")})
    return _runs(folder, runs)


def _published_runs(shelf: Shelf, path: Path) -> Found | None:
    record = shelf.record(path)
    if record is None:
        return None
    runs = record.get("runs")
    if not isinstance(runs, list) or not all(isinstance(run, dict) for run in runs):
        shelf.warn(path, "lacks 'runs'; left out")
        return None
    return _runs(path, runs)


def _runs(path: Path, runs: list[Record]) -> Found | None:
    if not runs:
        return None
    return _found(path, runs, max(runs, key=lambda run: str(run.get("time", ""))))


def _found(path: Path, rows: list[Record], last: Record) -> Found:
    return Found(
        path=path,
        rows=rows,
        commit=str(last.get("commit") or ""),
        dirty=bool(last.get("dirty")),
        time=str(last.get("time") or ""),
        machine=machine_of(last),
    )
