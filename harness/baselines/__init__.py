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
    on_xla: bool = False
    """Whether it takes all cores that its process may use: threads are set by confining it. Its
    programs take long to compile, so a quick run leaves out all but the row on all cores."""
    environment: tuple[tuple[str, str], ...] = ()
    """Environment variables that its process is started with."""


XLA_THREADS = (("NPROC", "8"),)
"""How many threads XLA's pool on the CPU has. With the two of a machine of two cores, MJX waits for
itself from a batch of 1,024 on, and never ends."""

BASELINES: dict[str, Baseline] = {
    "puffer": Baseline("harness.baselines.puffer:make", processes=True),
    "gymnasium": Baseline("harness.baselines.gymnasium_mujoco:make", processes=True),
    "mujoco-rollout": Baseline("harness.baselines.mujoco_rollout:make"),
    "envpool": Baseline("harness.baselines.envpool_mujoco:make"),
    "mjx": Baseline("harness.baselines.mjx_env:make", on_xla=True, environment=XLA_THREADS),
    "brax-generalized": Baseline(
        "harness.baselines.brax_env:make_generalized", on_xla=True, environment=XLA_THREADS
    ),
    "brax-spring": Baseline(
        "harness.baselines.brax_env:make_spring", on_xla=True, environment=XLA_THREADS
    ),
    "showdown": Baseline("harness.baselines.showdown:make", processes=True),
    "showdown-python": Baseline("harness.baselines.showdown:make_python", processes=True),
    "pyboy": Baseline("harness.baselines.pyboy:make", processes=True),
    "pyboy-threads": Baseline("harness.baselines.pyboy:make"),
    "poke-env": Baseline("harness.baselines.poke_env_server:make"),
}
"""By the name that a registry entry lists."""
