"""Records as runs of Weights & Biases: configuration, history, summary, tables."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.reporting.collect import Environment, Found, machine_of, parameters
from harness.reporting.machines import brief
from harness.reporting.shelf import Record, Shelf

MEASURED = ("sps_median", "sps_iqr", "cv", "repeats", "seconds_each", "compile_s")
"""Of a line of the bench; the rest is its configuration."""
COLUMNS = (
    *("run", "kind", "impl", "environment", "batch", "threads", "parameters", "steps/s"),
    *("cv", "check", "commit", "time"),
)
PAIR = (
    *("policy", "a", "b", "episodes", "mean_a", "mean_b", "mean_difference", "sd_difference"),
    *("equal", "p_tost", "verdict"),
)
BACKEND = ("episodes", "steps", "differences")


@dataclass(frozen=True)
class Table:
    """Columns and rows of plain values."""

    columns: tuple[str, ...]
    rows: list[list[Any]]


@dataclass(frozen=True)
class Run:
    """One measurement."""

    name: str
    kind: str
    group: str
    config: Record
    history: list[Record]
    summary: Record = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    bars: tuple[str, str, str] | None = None
    """(table, column of labels, column of lengths) of a bar chart."""

    @property
    def identity(self) -> str:
        """The same for the same content, so that nothing is written twice."""
        tables = {name: (table.columns, table.rows) for name, table in self.tables.items()}
        content = [self.name, self.group, self.config, self.history, self.summary, tables]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def runs_of(shelf: Shelf, environment: Environment) -> list[Run]:
    """Every measurement of an environment, and a comparison a machine."""
    env = environment.name
    made: list[Run] = []
    for found in (environment.speed, environment.training_speed):
        made += _each(shelf, found, _bench, env)
    measured = list(made)
    made += _each(shelf, environment.learning, _train, env)
    made += _each(shelf, environment.transfer, _transfer, env)
    made += _each(shelf, environment.verification, _verify, env)
    return [*made, *_comparisons(env, measured)]


def _each(
    shelf: Shelf, found: Found | None, make: Callable[[str, Record], Run], env: str
) -> Iterator[Run]:
    if found is None:
        return
    for row in found.rows:
        run = shelf.checked(found.path, functools.partial(make, env, row))
        if run is not None:
            yield run


def group(env: str, row: Record) -> str:
    """What is comparable: an environment on a machine."""
    return f"{env} on {brief(machine_of(row))}"


def numbers(row: Record) -> Record:
    """What of a record can be plotted."""
    return {
        name: value
        for name, value in row.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def _bench(env: str, row: Record) -> Run:
    config = {name: value for name, value in row.items() if name not in (*MEASURED, "split")}
    size = f" {row['parameters']} parameters" if row.get("parameters") else ""
    name = f"{row['impl']} {parameters(row)} batch {row['batch']} threads {row['threads']}{size}"
    measured = {name: row[name] for name in MEASURED if name in row}
    measured |= {f"split/{part}": share for part, share in (row.get("split") or {}).items()}
    return Run(
        name=f"{row['kind']}: {name}",
        kind=f"bench-{row['kind']}",
        group=group(env, row),
        config=config,
        history=[numbers(measured)],
    )


def _train(env: str, row: Record) -> Run:
    kept = ("evaluation", "split", "curve", "seconds", "sps", "compile_s")
    scored = numbers(row.get("evaluation") or {})
    split = numbers(row.get("split") or {})
    return Run(
        name=f"train: {row['backend']} seed {row['seed']}",
        kind="train",
        group=group(env, row),
        config={name: value for name, value in row.items() if name not in kept},
        history=[numbers(point) for point in row.get("curve") or []],
        summary={
            **numbers({name: row.get(name) for name in ("seconds", "sps", "compile_s")}),
            **{f"evaluation/{name}": value for name, value in scored.items()},
            **{f"split/{part}": value for part, value in split.items()},
        },
    )


def _transfer(env: str, row: Record) -> Run:
    kept = ("returns", "pairs", "retrained", "random")
    means = {
        f"return/{policy}/{impl}": sum(values) / len(values)
        for policy, each in row["returns"].items()
        for impl, values in each.items()
    }
    pairs = [[pair.get(name) for name in PAIR] for pair in row["pairs"]]
    return Run(
        name="transfer",
        kind="transfer",
        group=group(env, row),
        config={name: value for name, value in row.items() if name not in kept},
        history=[means],
        tables={"pairs": Table(PAIR, pairs)},
    )


def _verify(env: str, row: Record) -> Run:
    kept = ("summary", "errors", "levels", "rollouts")
    counts = {
        f"{backend}/{name}": each[name]
        for backend, each in row["summary"].items()
        for name in BACKEND
    }
    rows = [[backend, *(each[n] for n in BACKEND)] for backend, each in row["summary"].items()]
    return Run(
        name="verify",
        kind="verify",
        group=group(env, row),
        config={name: value for name, value in row.items() if name not in kept},
        history=[counts],
        tables={"backends": Table(("backend", *BACKEND), rows)},
    )


def _comparisons(env: str, measured: list[Run]) -> Iterator[Run]:
    """All lines of the bench beside each other, and their speeds as bars."""
    groups: dict[str, list[Run]] = {}
    for run in measured:
        groups.setdefault(run.group, []).append(run)
    for name, members in groups.items():
        yield Run(
            name="comparison",
            kind="comparison",
            group=name,
            config={"env": env, "runs": [run.identity for run in members]},
            history=[],
            tables={"comparison": Table(COLUMNS, [_compared(run) for run in members])},
            bars=("comparison", "run", "steps/s"),
        )


def _compared(run: Run) -> list[Any]:
    config, (measured,) = run.config, run.history
    return [
        *(run.name, config["kind"], config["impl"], parameters(config)),
        *(config["batch"], config["threads"], config.get("parameters")),
        *(measured["sps_median"], measured.get("cv"), config.get("check")),
        *(config.get("commit"), config.get("time")),
    ]
