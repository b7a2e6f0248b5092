"""The Rust backend behind `harness.implementations.Batch`: native, and inside JAX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from harness.errors import UserError
from harness.precision import jax_precision
from harness.registry import Entry
from references.batch import BatchStep
from references.contract import DiscreteAction, EnvSpec


def check_built(entry: Entry, built: list[str]) -> None:
    """Refuse an environment that the installed extension module does not have.

    Raises:
        UserError: naming those that it has.
    """
    if entry.name not in built:
        raise UserError(f"samestep_rust was built without {entry.name}; it has {', '.join(built)}")


class RustBatch:
    """N instances of `samestep_rust._core.Batch`, each step into fresh arrays."""

    def __init__(
        self, entry: Entry, num_envs: int, params: dict[str, Any], threads: int = 1
    ) -> None:
        try:
            import samestep_rust
        except ImportError as error:
            raise UserError(f"samestep_rust is not installed ({error}); run `make setup`") from None
        check_built(entry, samestep_rust.env_names())
        self.spec: EnvSpec = entry.spec.under(params)
        self.num_envs = num_envs
        self._core = samestep_rust.Batch(entry.name, num_envs, threads, params)
        players = () if self.spec.num_players == 1 else (self.spec.num_players,)
        self._rows = (num_envs, *players)
        action = self.spec.action(self.spec.check_params(params))
        self._actions = action.n if isinstance(action, DiscreteAction) else 0

    def reset(self, seed: int, indices: Sequence[int] | None = None) -> np.ndarray:
        """See `harness.implementations.Batch`."""
        obs = self._obs()
        self._core.reset(seed, obs, None if indices is None else list(indices))
        return obs

    def step(self, actions: np.ndarray) -> BatchStep:
        """See `harness.implementations.Batch`."""
        step = BatchStep(
            obs=self._obs(),
            final_obs=self._obs(),
            reward=np.zeros(self._rows, self.spec.reward_dtype),
            terminated=np.zeros(self.num_envs, np.bool_),
            truncated=np.zeros(self.num_envs, np.bool_),
            legal=self._legal(),
            acting=self._acting(),
        )
        self._core.step_into(actions, *step)
        return step

    def legal(self) -> np.ndarray | None:
        """See `harness.implementations.Batch`."""
        legal = self._legal()
        self._core.masks(legal, None)
        return legal

    def acting(self) -> np.ndarray | None:
        """See `harness.implementations.Batch`."""
        acting = self._acting()
        self._core.masks(None, acting)
        return acting

    def export_state(self) -> np.ndarray:
        """See `harness.implementations.Batch`."""
        return self._core.export_state()

    def import_state(self, rows: np.ndarray, indices: Sequence[int] | None = None) -> None:
        """See `harness.implementations.Batch`."""
        self._core.import_state(rows, None if indices is None else list(indices))

    def clone(self) -> RustBatch:
        """An independent copy in the same state."""
        copy = object.__new__(RustBatch)
        copy.__dict__.update(self.__dict__)
        copy._core = self._core.clone()
        return copy

    def close(self) -> None:
        """Release the instances."""
        self._core.close()

    def _obs(self) -> np.ndarray:
        return np.zeros((*self._rows, *self.spec.obs.shape), self.spec.obs.dtype)

    def _legal(self) -> np.ndarray | None:
        return np.zeros((*self._rows, self._actions), np.bool_) if self._actions else None

    def _acting(self) -> np.ndarray | None:
        return np.zeros(self._rows, np.bool_) if self.spec.num_players > 1 else None


class FfiBatch:
    """N instances of `samestep_rust.ffi`: the Rust kernels in a compiled JAX step."""

    def __init__(self, entry: Entry, num_envs: int, params: dict[str, Any]) -> None:
        try:
            import jax

            from samestep_rust import env_names, ffi
        except ImportError as error:
            raise UserError(f"{error}; run `make setup`") from None
        check_built(entry, env_names())
        self.spec: EnvSpec = entry.spec.under(params)
        self.num_envs = num_envs
        self.trace_count = 0
        """How often the step was traced: once, whatever is stepped."""
        self._ffi = ffi
        self._refused = jax.errors.JaxRuntimeError
        try:
            with jax_precision(self.spec):
                self._env = ffi.make(entry.name, **params)
        except RuntimeError as error:  # JAX's default device is not the CPU
            raise UserError(str(error)) from None
        self._step = jax.jit(self._traced_step)
        self._state: Any = None

    def reset(self, seed: int, indices: Sequence[int] | None = None) -> np.ndarray:
        """See `harness.implementations.Batch`."""
        with jax_precision(self.spec):
            if indices is None:
                self._state, started = self._ffi.reset_batch(self._env, seed, self.num_envs)
                return np.asarray(started)
            state, places = self._running(), list(indices)
            self._state, chosen = self._ffi.reset_instances(self._env, state, seed, places)
        obs = np.zeros((self.num_envs, *chosen.shape[1:]), chosen.dtype)
        obs[places] = chosen
        return obs

    def step(self, actions: np.ndarray) -> BatchStep:
        """See `harness.implementations.Batch`. Refused actions are a ValueError."""
        if actions.dtype != self._env.action_dtype:  # JAX would cast them in silence
            accepted = self._env.action_dtype
            raise ValueError(f"actions are {actions.dtype} {actions.shape}; accepted: {accepted}")
        try:
            with jax_precision(self.spec):
                state, step = self._step(self._running(), actions)
            arrays: Any = (None if array is None else np.asarray(array) for array in step)
            result = BatchStep(*arrays)
        except self._refused as error:
            raise ValueError(str(error).removeprefix("INVALID_ARGUMENT: ")) from None
        self._state = state
        return result

    def legal(self) -> np.ndarray | None:
        """See `harness.implementations.Batch`."""
        legal = self._ffi.legal_batch(self._env, self._running())
        return None if legal is None else np.asarray(legal)

    def acting(self) -> np.ndarray | None:
        """See `harness.implementations.Batch`."""
        acting = self._ffi.acting_batch(self._env, self._running())
        return None if acting is None else np.asarray(acting)

    def export_state(self) -> np.ndarray:
        """See `harness.implementations.Batch`."""
        rows: np.ndarray = self._ffi.export_state(self._env, self._running())
        return rows

    def import_state(self, rows: np.ndarray, indices: Sequence[int] | None = None) -> None:
        """See `harness.implementations.Batch`."""
        state = self._state
        with jax_precision(self.spec):
            if state is None:
                state = self._ffi.reset_batch(self._env, 0, self.num_envs)[0]
            self._state = self._ffi.import_state(self._env, state, rows, indices)

    def close(self) -> None:
        """Let the state go."""
        self._state = None

    def _traced_step(self, state: Any, actions: Any) -> tuple[Any, Any]:
        self.trace_count += 1
        return self._ffi.step_batch(self._env, state, actions)

    def _running(self) -> Any:
        if self._state is None:
            raise ValueError("the batch was not reset or is closed; call reset first")
        return self._state
