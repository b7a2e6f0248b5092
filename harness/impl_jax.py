"""The pure JAX backend behind the interface of `harness.implementations`."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import samestep_jax
from harness.precision import jax_precision
from harness.registry import Entry
from references.batch import BatchStep, check_actions
from references.contract import DiscreteAction, EnvSpec
from references.threefry import root_key
from samestep_jax import BatchState, Env


class JaxBatch:
    """N instances of one environment of `samestep_jax`.

    `trace_count` says how often the step was traced: once, whatever is stepped.
    """

    def __init__(self, entry: Entry, num_envs: int, params: dict[str, Any]) -> None:
        self.spec: EnvSpec = entry.spec.under(params)
        self.num_envs = num_envs
        self.params = self.spec.check_params(params)
        if entry.jax_module:
            samestep_jax.register(entry.name, importlib.import_module(entry.jax_module).make_env)
        with jax_precision(self.spec):
            self.env: Env = samestep_jax.make(entry.name, **self.params)
        self.trace_count = 0
        self._state: BatchState | None = None
        self._step = jax.jit(self._traced_step)
        self._reset = jax.jit(lambda root: samestep_jax.reset_batch(self.env, root, self.num_envs))
        self._legal = jax.jit(lambda state: samestep_jax.legal_batch(self.env, state))
        self._acting = jax.jit(lambda state: samestep_jax.acting_batch(self.env, state))
        self._export = jax.jit(lambda state: samestep_jax.export_state(self.env, state))

    def reset(self, seed: int, indices: Sequence[int] | None = None) -> np.ndarray:
        """Start instances (all by default) at episode 0; see `harness.implementations.Batch`."""
        with jax_precision(self.spec):
            root = tuple(jnp.uint32(word) for word in root_key(seed))
            if indices is None:
                self._state, all_obs = self._reset(root)
                return np.asarray(all_obs)
            places = list(indices)
            self._state, chosen = samestep_jax.reset_instances(
                self.env, self._running(), (root[0], root[1]), places
            )
        obs = np.zeros((self.num_envs, *chosen.shape[1:]), chosen.dtype)
        obs[places] = chosen
        return obs

    def step(self, actions: np.ndarray) -> BatchStep:
        """Step all; refuses actions of another shape, out of range or NaN with a ValueError."""
        actions = np.asarray(actions)
        accepted = self._actions_shape()
        if actions.shape != accepted:
            raise ValueError(f"actions have shape {actions.shape}; accepted: {accepted}")
        check_actions(self.spec, self.params, actions)
        with jax_precision(self.spec):
            self._state, step = self._step(self._running(), actions)
        return BatchStep(
            np.asarray(step.obs),
            np.asarray(step.final_obs),
            np.asarray(step.reward),
            np.asarray(step.terminated),
            np.asarray(step.truncated),
            legal=None if step.legal is None else np.asarray(step.legal),
            acting=None if step.acting is None else np.asarray(step.acting),
        )

    def legal(self) -> np.ndarray | None:
        """Masks of legal actions now, None where actions are continuous."""
        with jax_precision(self.spec):
            mask = self._legal(self._running())
        return None if mask is None else np.asarray(mask)

    def acting(self) -> np.ndarray | None:
        """Which players must choose now, None in single-player environments."""
        with jax_precision(self.spec):
            mask = self._acting(self._running())
        return None if mask is None else np.asarray(mask)

    def export_state(self) -> np.ndarray:
        """(N, state_bytes) u8."""
        with jax_precision(self.spec):
            return np.asarray(self._export(self._running()))

    def import_state(self, rows: np.ndarray, indices: Sequence[int] | None = None) -> None:
        """Restore instances (all by default). Raises ValueError and changes nothing if refused."""
        with jax_precision(self.spec):
            state = self._state
            if state is None:
                state = self._reset((jnp.uint32(0), jnp.uint32(0)))[0]
            self._state = samestep_jax.import_state(self.env, state, rows, indices)

    def close(self) -> None:
        """Let the state go."""
        self._state = None

    def _traced_step(
        self, state: BatchState, actions: jax.Array
    ) -> tuple[BatchState, samestep_jax.BatchStep]:
        self.trace_count += 1
        return samestep_jax.step_batch(self.env, state, actions)

    def _running(self) -> BatchState:
        if self._state is None:
            raise ValueError("the batch was not reset or is closed; call reset first")
        return self._state

    def _actions_shape(self) -> tuple[int, ...]:
        players = () if self.spec.num_players == 1 else (self.spec.num_players,)
        layout = self.spec.action(self.params)
        tail = () if isinstance(layout, DiscreteAction) else layout.shape
        return (self.num_envs, *players, *tail)
