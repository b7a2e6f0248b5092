"""Level 3 of one run of `verify`: backends are made, compared and recorded."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from harness import implementations
from harness.baselines import Unavailable
from harness.errors import UserError
from harness.registry import Entry, Variant
from harness.verifying import bundle, installed, rollout
from harness.verifying.compare import comparator
from harness.verifying.record import AGAINST, ORACLE, Record, Row, now
from harness.verifying.rollout import Outcome, Plan

Batches = dict[str, implementations.Batch]


class Rollouts:
    """Whole episodes of the backends beside the reference; see rollout.py."""

    kind = ""
    """Tells rows apart that prove different things; see record.py."""

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
        batches: Batches = {}
        for name in self.named or self.entry.backends:
            if name == plan.against:
                continue
            row = self._row(name, variant, plan)
            kept = self.record.finished(row) if self.keep else None
            if kept is not None:
                rows.append({**kept, "reason": "kept: finished on the same sources"})
                continue
            try:
                batches[name] = implementations.make_batch(
                    self.entry, name, self.instances(plan), variant.params
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

    def instances(self, plan: Plan) -> int:
        """How many are stepped together."""
        return len(plan.env_index)

    def _compare(self, variant: Variant, plan: Plan, batches: Batches) -> list[Row]:
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
            if outcome.tally:
                row["tally"] = outcome.tally
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
        row = self._row(ORACLE, variant, Plan(episodes, seed)) | {"kind": ""}
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
            "kind": self.kind if plan.against == "reference" else f"{AGAINST}{plan.against}",
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
