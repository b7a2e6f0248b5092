"""`python -m harness verify`: prove that the backends step the same as the reference.

Exit status 0 if nothing differs, 1 if something does, 2 for wrong input.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from harness import implementations, registry
from harness.baselines import Unavailable
from harness.errors import UserError
from harness.registry import Entry, Variant
from harness.shard import Shard, parse_shard
from harness.verifying import bundle, installed, levels, rollout, traces
from harness.verifying.compare import comparator
from harness.verifying.record import ORACLE, Record, Row, has_oracle, now
from harness.verifying.rollout import WHOLE, Outcome, Plan


@dataclass
class Args:
    """Prove that the backends step the same as the reference. An empty value is the default."""

    env: str = ""
    """Which environment."""
    level: str = ""
    """1 property tests, 2 interaction tests, 3 rollouts; by default all that it has."""
    episodes: str = "100"
    """Level 3: whole episodes of each variant and seed."""
    seed: str = "0"
    """Level 3: one seed or several, as in 0,1,2."""
    backends: str = ""
    """Level 3: as in rust,jax; by default all that are installed."""
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
            session = _Rollouts(entry, record, console, named, bool(args.shard) and not args.redo)
            for variant in variants:
                for seed in seeds:
                    session.run(variant, Plan(episodes, seed, shard), rows)
                    if shard.index == 1 and has_oracle(entry, variant):
                        rows += session.run_oracle(variant, seed, episodes)
    finally:  # also what an interrupt leaves; it is recorded already
        if rows:
            _print(rows)
    if args.publish:
        print(f"published as {record.publish(args.without_oracle)}")
    failed = any(row["status"] in ("failed", "differs") for row in rows)
    no_oracle = [row for row in rows if row.get("backend") == ORACLE and _unavailable(row)]
    if args.require_oracle and no_oracle:
        print(f"harness verify: no oracle: {no_oracle[0]['reason']}", file=sys.stderr)
    return int(failed or bool(args.require_oracle and no_oracle))


class _Rollouts:
    """Level 3 of one run of the command."""

    def __init__(
        self, entry: Entry, record: Record, console: Console, named: list[str], keep: bool
    ) -> None:
        self.entry = entry
        self.record = record
        self.console = console
        self.named = named
        self.keep = keep
        self.stale = {name: installed.stale(name) for name in named or entry.backends}
        for reason in sorted({*self.stale.values()} - {""}):
            print(f"harness verify: not publishable: {reason}", file=sys.stderr)
        comparator(entry)  # refuses what cannot be compared before any work is done

    def run(self, variant: Variant, plan: Plan, into: list[Row]) -> None:
        """Compare all backends under one variant and seed; the rows are recorded and added.

        Raises:
            KeyboardInterrupt: after the rows that were finished have been recorded.
        """
        rows: list[Row] = []
        batches = {}
        for name in self.named or self.entry.backends:
            row = self._row(name, variant, plan)
            kept = self.record.finished(row) if self.keep else None
            if kept is not None:
                rows.append({**kept, "reason": "kept: finished on the same sources"})
                continue
            try:
                batches[name] = implementations.make_batch(
                    self.entry, name, len(plan.env_index), variant.params
                )
            except (UserError, ImportError) as error:
                if self.named:
                    raise UserError(f"backend {name} cannot run here: {error}") from None
                rows.append({**row, "status": "unavailable", "reason": str(error)})
        if not batches and not any(row["status"] == "equal" for row in rows):
            reasons = "; ".join(f"{row['backend']}: {row['reason']}" for row in rows)
            raise UserError(f"no backend of {self.entry.name} can run here: {reasons}")
        compared = self._compare(variant, plan, batches) if batches else []
        rows += compared
        self.record.add(rollouts=rows)
        into += rows
        if len(compared) < len(batches):
            raise KeyboardInterrupt

    def _compare(
        self, variant: Variant, plan: Plan, batches: dict[str, implementations.Batch]
    ) -> list[Row]:
        title = f"{self.entry.name} {variant.name} seed {plan.seed}: {', '.join(batches)}"
        total = int(plan.quota.sum())
        with progress_bar(self.console, title, total) as advance:
            outcomes, seconds = rollout.run(self.entry, variant.params, plan, batches, advance)
        for batch in batches.values():
            batch.close()
        rows = []
        for outcome in outcomes:
            if not outcome.complete:
                continue
            row = self._row(outcome.backend, variant, plan)
            row |= {"episodes": outcome.episodes, "steps": outcome.steps, "status": "equal"}
            row["seconds"] = round(seconds, 2)
            if outcome.difference is not None:
                row |= self._report(variant, plan, outcome)
            rows.append(row)
        return rows

    def _report(self, variant: Variant, plan: Plan, outcome: Outcome) -> Row:
        """Write the bundle of a difference and print how to reproduce it."""
        difference, shrunk = outcome.difference, outcome.shrunk
        assert difference is not None and shrunk is not None
        failure = bundle.Bundle(
            entry=self.entry,
            variant=variant.name,
            params=variant.params,
            backend=outcome.backend,
            seed=plan.seed,
            env_index=outcome.env_index,
            episode=outcome.episode,
            start=shrunk.start,
            actions=shrunk.actions,
            difference=shrunk.difference,
            reproduced=shrunk.reproduced,
        )
        path = bundle.write(failure, self.record.folder / "failures")
        step = difference.step - outcome.episode_step
        where = "from an injected state" if outcome.injected else f"episode {outcome.episode}"
        print(
            f"{self.entry.name} {variant.name} on {outcome.backend} differs: seed {plan.seed}, "
            f"env_index {outcome.env_index}, {where}, step {step}\n"
            f"  {difference.field}: expected {difference.expected}, got {difference.got}\n"
            + (f"  also: {', '.join(difference.others)}\n" if difference.others else "")
            + f"  {difference.lanes} of {len(plan.env_index)} instances differ after that step; "
            f"shrunk to {len(shrunk.actions)} action(s)"
            + ("" if shrunk.reproduced else ", NOT REPRODUCED in a second run")
            + f"\n  python -m harness replay {path}"
        )
        return {
            "status": "differs",
            "differences": difference.lanes,
            "reason": f"{where} of env {outcome.env_index}, step {step}: "
            f"{difference.field} is {difference.got}, expected {difference.expected}",
            "bundle": str(path),
        }

    def run_oracle(self, variant: Variant, seed: int, episodes: int) -> list[Row]:
        """The reference against the engine that decides what is right."""
        row = self._row(ORACLE, variant, Plan(episodes, seed))
        title = f"{self.entry.name} {variant.name} seed {seed}: reference against the oracle"
        try:
            oracle = importlib.import_module(self.entry.oracle)
            with progress_bar(self.console, title, episodes) as advance:
                started = time.perf_counter()
                found = oracle.run(episodes, seed, variant.params, lambda done, _: advance(done))
        except (Unavailable, UserError, ImportError) as error:
            row |= {"status": "unavailable", "reason": str(error)}
        else:
            row |= {name: found[name] for name in ("episodes", "steps", "differences")}
            row["seconds"] = round(time.perf_counter() - started, 2)
            row["status"] = "differs" if found["differences"] else "equal"
            row["reason"] = str(found["first_difference"] or "")
        self.record.add(rollouts=[row])
        return [row]

    def _row(self, backend: str, variant: Variant, plan: Plan) -> Row:
        return {
            "level": 3,
            "backend": backend,
            "variant": variant.name,
            "params": variant.params,
            "seed": plan.seed,
            "plan_episodes": plan.episodes,
            "shard": f"{plan.shard.index}/{plan.shard.count}",
            "status": "unavailable",
            "episodes": 0,
            "steps": 0,
            "differences": 0,
            "seconds": 0.0,
            "reason": "",
            "stale": self.stale.get(backend, ""),
            "time": now(),
        }


@contextmanager
def progress_bar(console: Console, title: str, total: int) -> Iterator[rollout.Progress]:
    """A bar of episodes on a terminal, nothing elsewhere."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task(title, total=total)
        yield lambda episodes: progress.update(task, completed=episodes)


def _print(rows: list[Row]) -> None:
    table = Table(title="verify", title_justify="left")
    for name in ("level", "what", "result", "compared", "seconds", "note"):
        table.add_column(name, overflow="fold")
    for row in rows:
        if row["level"] < 3:
            what, count = row["what"], f"{row['passed']} passed, {row['failed']} failed"
        else:
            what = f"{row['backend']} {row['variant']} seed {row['seed']}"
            count = f"{row['episodes']:,} episodes, {row['steps']:,} steps"
        cells = (str(row["level"]), what, row["status"], count, f"{row['seconds']:.1f}")
        table.add_row(*cells, row["reason"])
    width = None if sys.stdout.isatty() else 160
    Console(width=width).print(table)


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
