"""`python -m harness verify`: prove that the backends step the same as the reference.

Exit status 0 if nothing differs, 1 if something does, 2 for wrong input.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console
from rich.table import Table

from harness import registry
from harness.errors import UserError
from harness.registry import Entry
from harness.shard import Shard, parse_shard
from harness.verifying import levels, plot, rollout, traces
from harness.verifying.measured import Measured
from harness.verifying.record import (
    AGAINST,
    HORIZON,
    ONE_STEP,
    ORACLE,
    Record,
    Row,
    has_oracle,
)
from harness.verifying.rollout import WHOLE, Plan
from harness.verifying.session import Rollouts


@dataclass
class Args:
    """Prove that the backends step the same as the reference. An empty value is the default."""

    env: str = ""
    """Which environment."""
    level: str = ""
    """1 property tests, 2 interaction tests, 3 rollouts; by default all that it has."""
    episodes: str = "100"
    """Level 3: whole episodes of each variant and seed; of an environment with a measure, units
    of about 1,000 states that one step is taken from."""
    seed: str = "0"
    """Level 3: one seed or several, as in 0,1,2."""
    backends: str = ""
    """Level 3: as in rust,jax; by default all that are installed."""
    against: str = "reference"
    """Level 3: what the backends are compared with; a backend that was compared with the
    reference itself is faster and lets more episodes be compared."""
    variant: str = ""
    """Level 3: as in default,skip8; by default all."""
    shard: str = ""
    """Level 3: k/n, the k-th of n parts; one that was finished on the same sources is kept."""
    redo: bool = False
    """Run a shard again although it was finished."""
    require_oracle: bool = False
    """Fail if the oracle that the reference is held against cannot run here."""
    publish: bool = False
    """Copy the result to results/published/, if it is whole: every backend and variant, all
    shards, and the oracle, all equal."""
    without_oracle: bool = False
    """With --publish: although the oracle cannot run here."""
    export_traces: str = ""
    """Write traces of the reference to this folder, for tests without Python, and stop."""


def main(arguments: list[str]) -> int:
    """Run the levels, print and record what came out."""
    args = tyro.cli(Args, args=arguments, prog="harness verify")
    entry = _entry(args.env)
    variants = [entry.variant(name) for name in _list("VARIANT", args.variant)]
    if args.export_traces:
        traced = variants or [variant for variant in entry.variants if variant.traced]
        return traces.export(entry, traced, Path(args.export_traces))
    variants = variants or list(entry.variants)
    seeds = [_integer("SEED", text, 0, 2**64 - 1) for text in _list("SEED", args.seed or "0")]
    episodes = _integer("EPISODES", args.episodes or "100", 1, 10_000_000)
    shard = _shard(args.shard, min(episodes, rollout.MAX_LANES))
    chosen = _levels(entry, args.level)
    named = _list("BACKENDS", args.backends)
    for name in named:
        if name not in entry.backends:
            accepted = ", ".join(entry.backends)
            raise UserError(f"{entry.name} has no backend {name!r}; accepted: {accepted}")
    if args.against not in ("reference", *entry.backends):
        accepted = ", ".join(("reference", *entry.backends))
        raise UserError(f"AGAINST is {args.against!r}; accepted: {accepted}")
    if args.against != "reference" and entry.measure:
        raise UserError(f"AGAINST is {args.against!r}; {entry.name} is measured by its reference")
    record = Record(entry)
    record.check_writable()
    console = Console(stderr=True)
    rows: list[Row] = []
    try:
        for level in [level for level in chosen if level < 3]:
            with console.status(f"level {level}"):
                found = levels.run_level(entry, level)
            record.add(levels=found)
            rows += found
        if 3 in chosen:
            keep = bool(args.shard) and not args.redo
            session = (Measured if entry.measure else Rollouts)(entry, record, console, named, keep)
            for variant in variants:
                mine = max(shard.count, math.ceil(episodes * variant.share))
                for seed in seeds:
                    session.run(variant, Plan(mine, seed, shard, args.against), rows)
                    if shard.index == 1 and has_oracle(entry, variant):
                        rows += session.run_oracle(variant, seed, mine)
    finally:  # also what an interrupt leaves; it is recorded already
        if rows:
            _print(rows)
    if args.publish:
        published = record.publish(args.without_oracle)
        plot.publish(entry, record, published.parent)
        print(f"published as {published}")
    failed = any(row["status"] in ("failed", "differs") for row in rows)
    no_oracle = [row for row in rows if row.get("backend") == ORACLE and _unavailable(row)]
    if args.require_oracle and no_oracle:
        print(f"harness verify: no oracle: {no_oracle[0]['reason']}", file=sys.stderr)
    return int(failed or bool(args.require_oracle and no_oracle))


def _print(rows: list[Row]) -> None:
    table = Table(title="verify", title_justify="left")
    for name in ("level", "what", "result", "compared", "seconds", "note"):
        table.add_column(name, overflow="fold")
    for row in rows:
        if row["level"] < 3:
            what, count = row["what"], f"{row['passed']} passed, {row['failed']} failed"
        else:
            what = f"{row['backend']} {row['variant']} seed {row['seed']}"
            what += f" {row['kind']}" if row.get("kind", "").startswith(AGAINST) else ""
            count = _compared(row)
        cells = (str(row["level"]), what, row["status"], count, f"{row['seconds']:.1f}")
        table.add_row(*cells, row["reason"])
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    measured = [row for row in rows if row.get("classes")]
    if measured:
        console.print(_error_table(measured))


def _compared(row: Row) -> str:
    """How much a row of level 3 is about."""
    kind = row.get("kind", "")
    if kind == ONE_STEP:
        return f"one step from {row['steps']:,} states"
    if kind == HORIZON and "horizon" in row:
        found = row["horizon"]
        other = found["reference"][f"{found['apart']:g}"]["median"]
        return f"{row['episodes']:,} free runs, median {found['median']:g} steps of {other:g}"
    return f"{row['episodes']:,} episodes, {row['steps']:,} steps"


def _error_table(rows: list[Row]) -> Table:
    """One-step errors by class, and how often the rounded reference is off as far."""
    table = Table(title="one-step errors over STATE, observation and reward", title_justify="left")
    for name in (
        "what",
        "states",
        "count",
        "50 %",
        "99 %",
        "99.5 %",
        "largest",
        "share",
        "exceptions",
    ):
        table.add_column(name, justify="left" if name in ("what", "states") else "right")
    for row in rows:
        for kind, found in row["classes"].items():
            bar, error = found["bar"], found["error"]
            sizes = [_size(error[name]) for name in ("q50", "q99", "q995", "max")]
            share = f"{found['share_within']:.3%} within {bar['within']:g}"
            beyond = f"{found['exceptions']} beyond {bar['limit']:g}"
            if "rounded" in found:
                beyond += f" (rounded: {found['rounded']['exceptions']})"
            what = f"{row['backend']} {row['variant']}"
            table.add_row(what, kind, f"{error['states']:,}", *sizes, share, beyond)
    return table


def _size(error: float | None) -> str:
    return "inf" if error is None else f"{error:.1e}"


def _unavailable(row: Row) -> bool:
    return bool(row["status"] == "unavailable")


def _entry(name: str) -> Entry:
    if not name:
        raise UserError(f"ENV is missing; accepted: {', '.join(registry.names())}")
    return registry.get(name)


def _list(name: str, text: str) -> list[str]:
    """The parts of a comma-separated list; an empty text has none."""
    parts = [part.strip() for part in text.split(",")] if text else []
    if not all(parts):
        raise UserError(f"{name} is {text!r}; accepted: values separated by single commas")
    return list(dict.fromkeys(parts))


def _integer(name: str, text: str, low: int, high: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise UserError(f"{name} is {text!r}; accepted: an integer from {low} to {high}")
    return value


def _levels(entry: Entry, text: str) -> list[int]:
    chosen = [_integer("LEVEL", part, 1, 3) for part in _list("LEVEL", text)] or list(entry.levels)
    for level in chosen:
        if level not in entry.levels:
            accepted = ", ".join(map(str, entry.levels))
            raise UserError(f"{entry.name} has no level {level}; accepted: {accepted}")
    return sorted(set(chosen))


def _shard(text: str, lanes: int) -> Shard:
    """The shard; each needs a lane of its own."""
    shard = parse_shard(text) if text else WHOLE
    if shard.count > lanes:
        raise UserError(f"SHARD is {text!r}; accepted: k/n with n up to {lanes} here")
    return shard
