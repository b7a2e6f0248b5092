"""What baselines have in common as what a policy is trained over.

A baseline's module offers `train_env(entry, name, num_envs, params, layout)` beside `make`: a
`Hosted` over a `Vector`, or a FusedEnv of functions that are traced (see ppo/envs.py). The policy
sees what the baseline gives; no state is put into it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from harness.benching.job import Job
from harness.benching.plan import available_cores
from harness.errors import UserError
from harness.registry import Entry
from references.batch import BatchStep
from references.contract import DiscreteAction, EnvSpec


class Vector(ABC):
    """N instances of a baseline behind the interface of `harness.implementations.Batch`.

    Args:
        entry: the environment.
        num_envs: N.
        params: of the environment.
    """

    def __init__(self, entry: Entry, num_envs: int, params: dict[str, Any]) -> None:
        checked = entry.spec.check_params(params)
        self.spec: EnvSpec = entry.spec.under(checked)
        self.num_envs = num_envs
        action = self.spec.action(checked)
        self._legal = (
            np.ones((num_envs, action.n), np.bool_) if isinstance(action, DiscreteAction) else None
        )
        self._never = np.zeros(num_envs, np.bool_)

    @abstractmethod
    def reset(self, seed: int, indices: Sequence[int] | None = None) -> np.ndarray:
        """Start every instance: observations (N, *obs)."""

    @abstractmethod
    def step(self, actions: np.ndarray) -> BatchStep:
        """Step all; `final_obs` is what was seen last where an episode ended."""

    def legal(self) -> np.ndarray | None:
        """(N, A), every action; None where actions are continuous."""
        return self._legal

    def acting(self) -> np.ndarray | None:
        """None: there is one player."""
        return None

    def export_state(self) -> np.ndarray:
        """Refused: a baseline has no packed rows."""
        raise UserError("a baseline's state cannot be saved; accepted: jax, rust, reference")

    def import_state(self, rows: np.ndarray, indices: Sequence[int] | None = None) -> None:
        """Refused: a baseline has no packed rows."""
        raise UserError("a baseline's state cannot be restored; accepted: jax, rust, reference")

    @abstractmethod
    def close(self) -> None:
        """Release what is held."""


def job_of(entry: Entry, name: str, num_envs: int, params: dict[str, Any]) -> Job:
    """What the bench would ask of the baseline, on all cores."""
    cores = len(available_cores())
    return Job(entry.name, name, "", num_envs, cores, kind="ppo", params=params)
