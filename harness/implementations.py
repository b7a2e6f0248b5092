"""Every way to step an environment behind one interface, for verify, conformance and checks.

An implementation steps N instances, autoresets in the SAME_STEP manner, and exports and imports
packed state rows (`EnvSpec.row_dtype`). `references.batch.ReferenceBatch` is the model.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from harness.errors import UserError
from harness.registry import Entry
from references.batch import BatchStep, ReferenceBatch
from references.contract import EnvSpec


class Batch(Protocol):
    """N instances of one environment. Arrays are NumPy; see BatchStep for shapes."""

    spec: EnvSpec
    """As it holds under the batch's parameters."""
    num_envs: int

    def reset(self, seed: int, indices: Sequence[int] | None = None) -> np.ndarray:
        """Start instances (all by default) at episode 0 of root_key(seed); all observations.

        Observation rows of instances that are not in `indices` are unspecified.
        """

    def step(self, actions: np.ndarray) -> BatchStep:
        """Step all. actions: (N,) i32, or (N, *shape) f32; a player axis after N if P > 1."""

    def legal(self) -> np.ndarray | None:
        """Masks of legal actions now, None where actions are continuous."""

    def acting(self) -> np.ndarray | None:
        """Which players must choose now, None in single-player environments."""

    def export_state(self) -> np.ndarray:
        """(N, state_bytes) u8."""

    def import_state(self, rows: np.ndarray, indices: Sequence[int] | None = None) -> None:
        """Restore instances (all by default). Raises ValueError and changes nothing if refused."""

    def close(self) -> None:
        """Release what is held."""


@dataclass(frozen=True)
class Implementation:
    """Where a backend's `Batch` is: "module:Class", imported when it is first made.

    The class takes (entry, num_envs, params), and after them the number of threads where it can
    use more than one. It raises UserError or ImportError, saying why, where it cannot run.
    """

    where: str
    threads: bool = False
    library: str = ""
    """The installed package that it steps with, where it does not run in place."""


IMPLEMENTATIONS = {
    "rust": Implementation("harness.impl_rust:RustBatch", threads=True, library="samestep_rust"),
    "rust-ffi": Implementation("harness.impl_rust:FfiBatch", library="samestep_rust"),
    "jax": Implementation("harness.impl_jax:JaxBatch", library="samestep_jax"),
}
"""Every backend by name; an environment's entry says which of them it has."""


def make_batch(
    entry: Entry, impl: str, num_envs: int, params: dict[str, Any], threads: int = 1
) -> Batch:
    """N instances of `impl`: "reference", or a backend of this environment.

    Raises:
        UserError: for an unknown implementation, or one that is not installed.
        ImportError: for one whose module is missing.
    """
    if impl == "reference":
        own = {k: v for k, v in params.items() if k != "max_episode_steps"}
        limit = entry.spec.check_params(params)["max_episode_steps"]
        return ReferenceBatch(entry.make_reference(**own), num_envs, limit)
    if impl not in entry.backends or impl not in IMPLEMENTATIONS:
        backends = [name for name in entry.backends if name in IMPLEMENTATIONS]
        accepted = ", ".join(("reference", *backends))
        raise UserError(f"{entry.name} has no implementation {impl!r}; accepted: {accepted}")
    implementation = IMPLEMENTATIONS[impl]
    module, name = implementation.where.split(":")
    try:
        make = getattr(importlib.import_module(module), name)
    except AttributeError:
        raise ImportError(f"{module} has no {name}") from None
    batch: Batch = make(entry, num_envs, params, *([threads] if implementation.threads else []))
    return batch
