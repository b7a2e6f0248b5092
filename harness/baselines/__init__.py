"""What a user would pick instead: one module a peer, run by the bench in a process of its own.

A baseline's module offers `make(job) -> Runner` (see harness/benching/job.py). Nothing of a
peer is kept in this repository: what has to be fetched or compiled lies in the cache folder.
"""

from __future__ import annotations

from dataclasses import dataclass


class Unavailable(Exception):
    """In one line: why this cannot run here, and how to get it."""


@dataclass(frozen=True)
class Baseline:
    """How the bench runs one peer."""

    factory: str
    """"module:callable", given a Job, returning a Runner."""
    processes: bool = False
    """Whether it uses several cores as several processes, each stepping its share of the batch."""


BASELINES: dict[str, Baseline] = {
    "puffer": Baseline("harness.baselines.puffer:make", processes=True),
}
"""By the name that a registry entry lists."""
