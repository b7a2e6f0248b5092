"""Measures the verifier's own strength: how many planted bugs do the tests catch?

Two kinds. By hand: the mistakes that a porter makes (tests/ENV/mistakes.toml), planted in the Rust
rules and in the JAX rules. Sampled: cargo-mutants changes operators and function bodies of the
Rust rules. Survivors are listed with the reason that tests/ENV/survivors.toml gives for each.

All of it happens in a copy of the working tree under .cache/. Results are written after every
mutant, and a run that was interrupted goes on where it was.
"""

from __future__ import annotations

import signal
from collections import Counter
from dataclasses import dataclass
from types import FrameType

import tyro
from rich.console import Console
from rich.table import Table

from harness import registry
from harness.errors import UserError
from harness.mutating import sampled
from harness.mutating.mistakes import plant, read_mistakes
from harness.mutating.store import Store
from harness.mutating.tests import LEVELS, require_green, suite
from harness.mutating.tree import locked_tree
from harness.registry import Entry
from harness.shard import parse_shard

BACKENDS = ("rust", "jax")


@dataclass
class Args:
    """Plant bugs in a copy of the rules and count those that the tests catch."""

    env: str = ""
    """The environment."""
    sample: str = "300"
    """Mutants drawn from all that cargo-mutants can make; all, if there are fewer; 0 is none."""
    shard: str = "1/1"
    """The k-th of n parts, as k/n; parts may run beside each other."""
    backends: str = "rust,jax"
    """Where the mistakes written by hand are planted."""
    redo: bool = False
    """Forget earlier results."""
    publish: bool = False
    """Copy the results to results/published/, if the sample and all mistakes are in them."""


def main(arguments: list[str]) -> int:
    """Exit status 1 if a mistake written by hand survived, or a survivor has no reason."""
    args = tyro.cli(Args, args=arguments, prog="harness mutants")
    entry = registry.get(args.env)
    shard = parse_shard(args.shard)
    if not args.sample.isdecimal():
        raise UserError(f"SAMPLE is {args.sample!r}; accepted: an integer of at least 0")
    backends = [name for name in args.backends.split(",") if name]
    for backend in backends:
        if backend not in BACKENDS or backend not in entry.backends:
            raise UserError(f"unknown backend {backend!r}; accepted: {', '.join(BACKENDS)}")
    planted = {backend: read_mistakes(entry, backend) for backend in backends}
    store = Store(entry, redo=args.redo)
    signal.signal(signal.SIGTERM, _interrupt)
    with locked_tree(shard) as tree:
        for backend in backends:
            left = [each for each in shard.of(planted[backend]) if each.label not in store.outcomes]
            levels = suite(entry, backend)
            if left:
                require_green(levels, tree)
            for mistake in left:
                store.add(mistake.label, "by hand", plant(mistake, levels, tree))
        if "rust" in backends and int(args.sample):
            sampled.run(entry, int(args.sample), shard, tree, store)
    store.close()
    expected = {each.label for group in planted.values() for each in group}
    status = report(entry, store)
    if args.publish:
        store.publish(expected, int(args.sample))
    return status


def _interrupt(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends a run as Ctrl-C does: what is planted is taken out again."""
    raise KeyboardInterrupt


def _levels(entry: Entry, store: Store) -> Table:
    """Which level caught each mistake written by hand, and how many each level did."""
    table = Table(title=f"{entry.name}: the level that caught each mistake")
    table.add_column("mistake")
    for backend in BACKENDS:
        table.add_column(backend)
    counts = {backend: Counter[str]() for backend in BACKENDS}
    for mistake, levels in store.levels().items():
        cells = [levels.get(backend, "-") or "SURVIVED" for backend in BACKENDS]
        table.add_row(mistake, *cells)
        for backend, cell in zip(BACKENDS, cells, strict=True):
            counts[backend][cell] += 1
    table.add_section()
    for level in LEVELS:
        table.add_row(f"all of {level}", *(str(counts[backend][level]) for backend in BACKENDS))
    return table


def report(entry: Entry, store: Store) -> int:
    """Print totals and survivors; the exit status."""
    table = Table(title=f"{entry.name}: planted bugs")
    for column in ("kind", "planted", "caught", "share"):
        table.add_column(column, justify="left" if column == "kind" else "right")
    for kind, planted, caught in store.totals():
        share = f"{100 * caught / planted:.1f} %" if planted else "-"
        table.add_row(kind, str(planted), str(caught), share)
    console = Console()
    console.print(table)
    console.print(_levels(entry, store))
    bad = False
    for name, outcome in store.survivors().items():
        bad |= not outcome["reason"] or outcome["kind"] == "by hand"
        reason = outcome["reason"] or "NO REASON GIVEN in survivors.toml"
        console.print(f"survivor: {name}\n  {reason}", markup=False)
    console.print(f"results: {store.path}", markup=False)
    return int(bad)
