"""The rows of KIND=ppo: one trainer over every implementation, on all cores, by size of network."""

from __future__ import annotations

import re
from dataclasses import replace

from harness.baselines import BASELINES
from harness.benching.job import Job
from harness.benching.measure import Timing
from harness.benching.plan import ENVIRONMENT, Group, Row, available_cores
from harness.benching.stats import summary
from harness.benching.table import Section
from harness.errors import UserError
from harness.registry import Entry

FACTORY = "harness.benching.ppo_runner:PpoRunner"
BATCH = 256
SIZES = (6_000, 100_000, 2_000_000)
"""Parameters that networks are made to have, about."""
SMALLEST, LARGEST = 1_000, 1_000_000_000
NUM_STEPS = 16
"""Steps of each instance in an update: few enough for MJX, which needs seconds for them."""
LARGE = 50_000_000
"""Parameters from which on an update is of a single step, and may take minutes."""
LAYERS, LAYERS_LARGE = 2, 8
"""More of them where two would be so wide that to draw their weights takes longer than all else."""
LARGE_LIMIT = 1_800.0
"""Seconds for such a network's start, and for its update."""
UNITS = {"": 1, "K": 1_000, "M": 1_000_000}


def sizes(given: str, quick: bool) -> list[int]:
    """A comma-separated list of networks' sizes; the small one alone if quick.

    Raises:
        UserError: for anything but such numbers.
    """
    found = []
    for text in given.split(",") if given.strip() else ():
        match = re.fullmatch(r"(\d{1,10})([KM]?)", text.strip().upper())
        size = int(match[1]) * UNITS[match[2]] if match else 0
        if not SMALLEST <= size <= LARGEST:
            raise UserError(
                f"NETWORK has {text.strip()!r}; accepted: parameters from 1K to 1000M, as in "
                "6K,100K,2M"
            )
        found.append(size)
    return list(dict.fromkeys(found)) or list(SIZES[:1] if quick else SIZES)


def default_variant(entry: Entry) -> str:
    """The one whose parameters the environment is trained under, or else the bench's first."""
    trained = entry.training.get("params", {})
    for variant in entry.variants:
        if variant.params == trained:
            return variant.name
    return entry.bench_variants[0]


def backends(entry: Entry) -> tuple[str, ...]:
    """Ours that can be asked for. Rust is called through XLA's FFI: that is no row of its own."""
    return tuple(name for name in entry.backends if name != "rust-ffi")


def soon_made(peers: tuple[str, ...]) -> tuple[str, ...]:
    """The baselines of a quick run: without those whose programs take long to compile."""
    return tuple(name for name in peers if not BASELINES[name].on_xla)


def groups(
    entry: Entry,
    variants: list[str],
    batches: list[int],
    ours: list[str],
    baselines: list[str],
    networks: list[int],
) -> list[Group]:
    """A group for each variant, batch size and network; the reference is in all of them.

    Raises:
        UserError: for a batch that cannot be parted into minibatches.
    """
    from ppo.envs import layout_of
    from ppo.ppo import Agent, Args

    plan = []
    for variant in variants:
        params = entry.variant(variant).params
        for batch in batches:
            args = Args(**{**entry.training, "env": entry.name, "num_envs": batch})
            Agent(args, layout_of(entry, params))
            for network in networks:
                rows = tuple(
                    _row(entry, impl, variant, batch, network)
                    for impl in ("reference", *ours, *baselines)
                )
                plan.append(Group(variant, batch, rows))
    return plan


def narrowed(group: Group, sections: list[Section]) -> Group:
    """The group without the baselines that another network's group has shown to be slower.

    The share of the environment is smallest over the fastest one, so that one is kept.
    """
    before = [s for s in sections if (s.variant, s.batch) == (group.variant, group.batch)]
    rates = {
        outcome.row.impl: summary(outcome.rates).median
        for section in before[:1]
        for outcome in section.outcomes
        if outcome.row.impl in BASELINES and outcome.rates and outcome.ready
        if outcome.ready.check.startswith("ok")
    }
    if not before:
        return group
    kept = max(rates, key=lambda name: rates[name]) if rates else ""
    rows = tuple(row for row in group.rows if row.impl not in BASELINES or row.impl == kept)
    return replace(group, rows=rows)


def timing(group: Group, usual: Timing) -> Timing:
    """More patience: there is more to compile, and a large network is slow."""
    if group.rows[0].jobs[0].training["parameters"] < LARGE:
        return replace(usual, prepare_limit=2 * usual.prepare_limit)
    return replace(usual, repeats=1, prepare_limit=LARGE_LIMIT, grace=LARGE_LIMIT)


def _row(entry: Entry, impl: str, variant: str, batch: int, network: int) -> Row:
    cores = len(available_cores())
    baseline = BASELINES.get(impl) if impl in entry.baselines else None
    job = Job(
        env=entry.name,
        impl=impl,
        factory=FACTORY,
        batch=batch,
        threads=cores,
        kind="ppo",
        variant=variant,
        params=entry.variant(variant).params,
        training=_training(network),
        environment=baseline.environment if baseline else ENVIRONMENT.get(_means(impl), ()),
    )
    return Row(impl, cores, (job,))


def _training(network: int) -> dict[str, int]:
    """What all rows of a group have in common."""
    if network >= LARGE:
        return {"parameters": network, "num_steps": 1, "layers": LAYERS_LARGE}
    return {"parameters": network, "num_steps": NUM_STEPS, "layers": LAYERS}


def _means(impl: str) -> str:
    """What KIND=random calls it."""
    return "rust-ffi" if impl == "rust" else impl
