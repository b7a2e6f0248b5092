"""`python -m harness bench`: every backend beside every baseline, in one table.

The parts are in harness/benching: plan.py decides on the rows, pool.py runs a process for each,
measure.py takes turns, trace.py makes the check that goes with every speed, kinds.py has what
differs between random actions and training.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console

from harness import fingerprint, registry
from harness.baselines import BASELINES
from harness.benching import one_step, plan, ppo_plan, table, trace
from harness.benching.kinds import KINDS, Kind
from harness.benching.measure import Pool, Say, Timing, measure_group
from harness.benching.records import Lines, Record, publish
from harness.benching.table import Section
from harness.errors import UserError
from harness.registry import Entry

QUICK = Timing(repeats=5, seconds=0.25)
FULL = Timing(repeats=5, seconds=1.0)


@dataclass
class Args:
    """Measure every backend beside every baseline, with checks and ratios."""

    env: str = ""
    """The environment."""
    kind: str = "random"
    """random: drawn actions. ppo: training."""
    batch: str = ""
    """Batch sizes, with commas; the registry's if empty, 256 for ppo."""
    backends: str = ""
    """Backends, with commas; all if empty, `none` for none."""
    baselines: str = ""
    """Baselines, with commas; all if empty, `none` for none."""
    variant: str = ""
    """Variants, with commas; the registry's for the bench if empty."""
    network: str = ""
    """Of ppo: parameters of the networks, with commas; 6K,100K,2M if empty."""
    quick: bool = False
    """Shorter repeats and fewer rows."""
    publish: bool = False
    """Also copy this run's lines and table to results/published."""


def make_plan(args: Args, entry: Entry) -> list[plan.Group]:
    """The rows that the arguments ask for.

    Raises:
        UserError: naming what is not accepted.
    """
    if kind_of(args).name == "ppo":
        return _make_ppo_plan(args, entry)
    if args.network:
        raise UserError("NETWORK is of KIND=ppo; accepted with KIND=random: nothing")
    default_batches = entry.bench_batches[:1] if args.quick else entry.bench_batches
    sizes = plan.batches(args.batch, default_batches)
    names = tuple(variant.name for variant in entry.variants)
    variants = plan.chosen(args.variant, names, entry.bench_variants, "VARIANT", False)
    backends = plan.chosen(args.backends, entry.backends, entry.backends, "BACKENDS")
    peers = _peers(entry)
    baselines = plan.chosen(args.baselines, peers, peers, "BASELINES")
    return plan.groups(entry, variants, sizes, backends, baselines, args.quick)


def _make_ppo_plan(args: Args, entry: Entry) -> list[plan.Group]:
    networks = ppo_plan.sizes(args.network, args.quick)
    sizes = plan.batches(args.batch, (ppo_plan.BATCH,))
    names = tuple(variant.name for variant in entry.variants)
    usual = (ppo_plan.default_variant(entry),)
    variants = plan.chosen(args.variant, names, usual, "VARIANT", False)
    own = ppo_plan.backends(entry)
    backends = plan.chosen(args.backends, own, own, "BACKENDS")
    peers = _peers(entry)
    few = ppo_plan.soon_made(peers) if args.quick else peers
    baselines = plan.chosen(args.baselines, peers, few, "BASELINES")
    return ppo_plan.groups(entry, variants, sizes, backends, baselines, networks)


def _peers(entry: Entry) -> tuple[str, ...]:
    return tuple(name for name in entry.baselines if name in BASELINES)


def kind_of(args: Args) -> Kind:
    """What is to be measured.

    Raises:
        UserError: for an unknown kind.
    """
    name = args.kind or "random"
    if name not in KINDS:
        raise UserError(f"unknown KIND {name!r}; accepted: {', '.join(KINDS)}")
    return KINDS[name]


def run(args: Args, timing: Timing, console: Console) -> int:
    """Measure, write, print. 1 if a check failed or a build was refused."""
    if not args.env:
        raise UserError(f"say which environment with ENV=...: {', '.join(registry.names())}")
    entry = registry.get(args.env)
    kind = kind_of(args)
    groups = make_plan(args, entry)
    lines = Lines(args.env)
    progress = Console(stderr=True)
    pool = Pool()
    sections: list[Section] = []
    records: list[Record] = []
    title = f"{args.env}, {kind.title}"
    try:
        with tempfile.TemporaryDirectory(prefix="samestep-bench-") as folder:
            for planned in groups:
                group = planned if args.baselines else kind.narrowed(planned, sections)
                expected = _expected(entry, group, Path(folder))
                say = _teller(progress, f"{args.env} {group.variant}, batch {group.batch}")
                patience = kind.timing(group, timing)
                outcomes = measure_group(pool, group, expected, patience, say)
                kind.after(outcomes, patience, say)
                sections.append(Section(group.variant, group.batch, outcomes))
                done = [kind.record(args.env, o) for o in outcomes if o.rates]
                lines.append(done)
                records += done
    finally:
        pool.close()
        if sections:
            kind.show(console, title, sections)
    console.print(f"{len(records)} lines added to {lines.path}", highlight=False, soft_wrap=True)
    if args.publish:
        facts: dict[str, object] = {"commit": records[0]["commit"] if records else "unknown"}
        facts["dirty"] = records[0]["dirty"] if records else True
        page = kind.markdown(title, sections, {**facts, **fingerprint.fingerprint()})
        for path in publish(args.env, records, page, kind.published):
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
