"""Which rows a run measures: variant x batch x implementation x threads."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from harness.baselines import BASELINES
from harness.benching.job import Job
from harness.errors import UserError
from harness.implementations import IMPLEMENTATIONS
from harness.registry import Entry

OURS = {
    "reference": "harness.benching.ours:ReferenceRunner",
    "rust": "harness.benching.ours:RustRunner",
    "rust-no-obs": "harness.benching.ours:UnobservedRunner",
    "rust-ffi": "harness.benching.ours:ScanRunner",
    "jax": "harness.benching.ours:ScanRunner",
}
OTHERS = "harness.benching.ours:BatchRunner"
"""What steps a backend that has no runner of its own."""

ON_XLA = ("rust-ffi", "jax")
"""XLA takes all cores that the process may use: the number of threads is set by confining it."""

ENVIRONMENT = {"rust-ffi": (("JAX_PLATFORMS", "cpu"),)}


@dataclass(frozen=True)
class Row:
    """One row of the table: a job for each of its processes, which run at the same time."""

    impl: str
    threads: int
    jobs: tuple[Job, ...]


@dataclass(frozen=True)
class Group:
    """Rows that are interleaved and compared with each other."""

    variant: str
    batch: int
    rows: tuple[Row, ...]


def available_cores() -> tuple[int, ...]:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def chosen(
    given: str,
    accepted: tuple[str, ...],
    default: tuple[str, ...],
    what: str,
    may_be_none: bool = True,
) -> list[str]:
    """A comma-separated list, or the default where it is empty; `none` may be the empty list.

    Raises:
        UserError: naming what is not accepted.
    """
    if may_be_none and given.strip() == "none":
        return []
    names = [name.strip() for name in given.split(",") if name.strip()] or list(default)
    for name in names:
        if name not in accepted:
            listed = ", ".join((*accepted, "none") if may_be_none else accepted)
            raise UserError(f"unknown {what} {name!r}; accepted: {listed}")
    return list(dict.fromkeys(names))


def batches(given: str, default: tuple[int, ...]) -> list[int]:
    """A comma-separated list of batch sizes.

    Raises:
        UserError: for anything but positive integers.
    """
    sizes = []
    for text in given.split(",") if given.strip() else map(str, default):
        text = text.strip()
        if not text.isdecimal() or not 0 < int(text) <= 1 << 24:
            raise UserError(f"BATCH has {text!r}; accepted: integers from 1 to {1 << 24}")
        sizes.append(int(text))
    return list(dict.fromkeys(sizes))


def groups(
    entry: Entry,
    variants: list[str],
    sizes: list[int],
    backends: list[str],
    baselines: list[str],
    quick: bool,
) -> list[Group]:
    """The plan. One thread and all cores, wherever an implementation can use them."""
    cores = available_cores()
    counts = sorted({1, len(cores)})
    plan = []
    for variant in variants:
        for batch in sizes:
            rows = []
            for impl in ("reference", *_with_unobserved(entry, backends)):
                rows += [_ours(entry, impl, n, variant, batch, cores) for n in counts]
            for name in baselines:
                rows += [_baseline(entry, name, n, variant, batch, cores) for n in counts]
            kept = [row for row in rows if row is not None]
            if quick:
                kept = [row for row in kept if _in_quick(row, counts)]
            plan.append(Group(variant, batch, tuple(kept)))
    return plan


def _with_unobserved(entry: Entry, backends: list[str]) -> list[str]:
    """After Rust, Rust that writes no observations, where the environment can leave them out."""
    found = list(backends)
    if entry.obs_optional and "rust" in found:
        found.insert(found.index("rust") + 1, "rust-no-obs")
    return found


def _in_quick(row: Row, counts: list[int]) -> bool:
    """Under XLA a row costs a process that imports and compiles: one an implementation is kept.

    The FFI's is on one thread, to be held against Rust's own loop; all others are on all cores.
    """
    if row.impl == "rust-ffi":
        return row.threads == counts[0]
    on_xla = row.impl == "jax" or (row.impl in BASELINES and BASELINES[row.impl].on_xla)
    return not on_xla or row.threads == counts[-1]


def _ours(
    entry: Entry, impl: str, threads: int, variant: str, batch: int, cores: tuple[int, ...]
) -> Row | None:
    threaded = impl in (*ON_XLA, "rust-no-obs") or (
        impl in IMPLEMENTATIONS and IMPLEMENTATIONS[impl].threads
    )
    one_thread = impl == "reference" or not threaded
    if one_thread and threads > 1:
        return None
    job = Job(
        env=entry.name,
        impl=impl,
        factory=OURS.get(impl, OTHERS),
        batch=batch,
        threads=threads,
        variant=variant,
        params=entry.variant(variant).params,
        cores=_confined(cores, threads) if impl in ON_XLA else (),
        environment=ENVIRONMENT.get(impl, ()),
    )
    return Row(impl, threads, (job,))


def _confined(cores: tuple[int, ...], threads: int) -> tuple[int, ...]:
    """As many of the cores as there are to be threads; none, for no limit, but under Linux."""
    return cores[-threads:] if sys.platform == "linux" else ()


def _baseline(
    entry: Entry, name: str, threads: int, variant: str, batch: int, cores: tuple[int, ...]
) -> Row | None:
    baseline = BASELINES[name]
    processes = threads if baseline.processes else 1
    if batch < processes:
        return None
    shares = [batch // processes + (i < batch % processes) for i in range(processes)]
    jobs = tuple(
        Job(
            env=entry.name,
            impl=name,
            factory=baseline.factory,
            batch=share,
            threads=threads // processes,
            variant=variant,
            params=entry.variant(variant).params,
            seed=i,
            cores=_confined(cores, threads) if baseline.on_xla else (),
            environment=baseline.environment,
        )
        for i, share in enumerate(shares)
    )
    return Row(name, threads, jobs)
