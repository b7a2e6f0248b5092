"""A baseline's vector as what is trained over; apart from trained.py, for it imports JAX."""

from __future__ import annotations

import numpy as np

from harness.errors import UserError
from ppo.envs import HostEnv


class Hosted(HostEnv):
    """Stepped from Python; a run over it cannot be resumed."""

    def save(self) -> None:
        """None: a baseline's state cannot be had."""

    def load(self, rows: np.ndarray) -> None:
        """Refused."""
        raise UserError("a baseline's state cannot be set; accepted: jax, rust, reference")
