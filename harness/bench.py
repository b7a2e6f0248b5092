"""`python -m harness bench`: every backend beside every baseline, in one table.

The parts are in harness/benching: plan.py decides on the rows, pool.py runs a process for each,
measure.py takes turns, trace.py makes the check that goes with every speed.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console

from harness import fingerprint, registry
from harness.baselines import BASELINES
from harness.benching import one_step, plan, table, trace
from harness.benching.measure import Pool, Say, Timing, measure_group
from harness.benching.records import Lines, Record, publish, record
from harness.benching.table import Section
from harness.errors import UserError
from harness.registry import Entry

KINDS = ("random", "ppo")
QUICK = Timing(repeats=5, seconds=0.25)
FULL = Timing(repeats=5, seconds=1.0)


@dataclass
class Args:
    """Measure every backend beside every baseline, with checks and ratios."""

    env: str = ""
    """The environment."""
    kind: str = "random"
    """random: drawn actions."""
    batch: str = ""
    """Batch sizes, with commas; the registry's if empty."""
    backends: str = ""
    """Backends, with commas; all if empty, `none` for none."""
    baselines: str = ""
    """Baselines, with commas; all if empty, `none` for none."""
    variant: str = ""
    """Variants, with commas; the registry's for the bench if empty."""
    quick: bool = False
    """Shorter repeats and fewer rows."""
    publish: bool = False
    """Also copy this run's lines and table to results/published."""


def make_plan(args: Args, entry: Entry) -> list[plan.Group]:
    """The rows that the arguments ask for.

    Raises:
        UserError: naming what is not accepted.
    """
    kind = args.kind or KINDS[0]
    if kind not in KINDS:
        raise UserError(f"unknown KIND {kind!r}; accepted: {', '.join(KINDS)}")
    if kind == "ppo":
        raise UserError("KIND=ppo is not available yet; accepted: random")
    default_batches = entry.bench_batches[:1] if args.quick else entry.bench_batches
    sizes = plan.batches(args.batch, default_batches)
    names = tuple(variant.name for variant in entry.variants)
    variants = plan.chosen(args.variant, names, entry.bench_variants, "VARIANT", False)
    backends = plan.chosen(args.backends, entry.backends, entry.backends, "BACKENDS")
    peers = tuple(name for name in entry.baselines if name in BASELINES)
    baselines = plan.chosen(args.baselines, peers, peers, "BASELINES")
    return plan.groups(entry, variants, sizes, backends, baselines, args.quick)


def run(args: Args, timing: Timing, console: Console) -> int:
    """Measure, write, print. 1 if a check failed or a build was refused."""
    if not args.env:
        raise UserError(f"say which environment with ENV=...: {', '.join(registry.names())}")
    entry = registry.get(args.env)
    groups = make_plan(args, entry)
    lines = Lines(args.env)
    progress = Console(stderr=True)
    pool = Pool()
    sections: list[Section] = []
    records: list[Record] = []
    title = f"{args.env}, {args.kind or KINDS[0]} actions"
    try:
        with tempfile.TemporaryDirectory(prefix="samestep-bench-") as folder:
            for group in groups:
                expected = _expected(entry, group, Path(folder))
                say = _teller(progress, f"{args.env} {group.variant}, batch {group.batch}")
                outcomes = measure_group(pool, group, expected, timing, say)
                sections.append(Section(group.variant, group.batch, outcomes))
                done = [record(args.env, "random", o) for o in outcomes if o.rates]
                lines.append(done)
                records += done
    finally:
        pool.close()
        if sections:
            table.show(console, title, sections)
    console.print(f"{len(records)} lines added to {lines.path}", highlight=False, soft_wrap=True)
    if args.publish:
        facts: dict[str, object] = {"commit": records[0]["commit"] if records else "unknown"}
        facts["dirty"] = records[0]["dirty"] if records else True
        page = table.markdown(title, sections, {**facts, **fingerprint.fingerprint()})
        for path in publish(args.env, records, page):
            console.print(f"published {path}", highlight=False, soft_wrap=True)
    failed = any(o.fails_the_run for section in sections for o in section.outcomes)
    return 1 if failed else 0


def _teller(console: Console, where: str) -> Say:
    def say(what: str) -> None:
        console.print(f"{where}: {what}", highlight=False, style="dim", soft_wrap=True)

    return say


def _expected(entry: Entry, group: plan.Group, folder: Path) -> str:
    """The file with what the reference does, made anew in every run."""
    params = entry.variant(group.variant).params
    if entry.spec.exact:
        path = folder / f"{group.variant}-{group.batch}.npz"
        trace.record(entry, params, group.batch).save(path)
        return str(path)
    path = folder / f"{group.variant}.npz"  # the same for every batch size
    if not path.exists():
        one_step.record(entry, params).save(path)
    return str(path)


def main(arguments: list[str]) -> int:
    """The command."""
    args = tyro.cli(Args, args=arguments, prog="harness bench")
    console = Console()
    if not console.is_terminal:
        console = Console(width=table.PLAIN_WIDTH)
    return run(args, QUICK if args.quick else FULL, console)
