from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Batch",
    "available_isas",
    "build_profile",
    "env_names",
    "ffi_env",
    "ffi_export",
    "ffi_handlers",
    "ffi_import",
    "ffi_layout",
    "threefry2x32",
]

@final
class Batch:
    """N instances of one environment, stepped in one call into arrays that the caller owns.

    With P > 1 players, obs, final_obs, reward, legal and actions have a player axis after N.
    Arrays are C-contiguous, of exactly the declared shape and dtype, and overlap nowhere. Every
    call is refused with a ValueError, TypeError or (closed, or in use by another thread)
    RuntimeError of one line before anything has changed.
    """

    def __new__(
        cls,
        name: str,
        num_envs: int,
        threads: int,
        params: Mapping[str, bool | int | float | str],
        isa: str | None = None,
        first_index: int | None = None,
    ) -> Batch:
        """`isa` is one of available_isas(); None takes the best. None for `first_index` is 0."""
    def info(self) -> dict[str, Any]:
        """Name, version, layouts, bounds and sizes."""
    def reset(self, seed: int, obs: NDArray[Any], indices: Sequence[int] | None = None) -> None:
        """Start instances (all by default) at episode 0 of `seed`; writes their rows of `obs`.

        Args:
            seed: 0 to 2**64 - 1.
            obs: (N, *obs_shape), the whole batch's.
            indices: of the instances to start.
        """
    def step_into(
        self,
        actions: NDArray[Any],
        obs: NDArray[Any] | None,
        final_obs: NDArray[Any],
        reward: NDArray[Any],
        terminated: NDArray[np.bool_],
        truncated: NDArray[np.bool_],
        legal: NDArray[np.bool_] | None = None,
        acting: NDArray[np.bool_] | None = None,
    ) -> None:
        """Step every instance; the ended ones begin their next episode.

        Args:
            actions: (N,) int32 from 0 to num_actions - 1; or (N, action_len) float32.
            obs: (N, *obs_shape); the next episode's first observation where one ended. Pokemon's
                may be left out (None), which saves the time to write it; final_obs is then
                left as it is.
            final_obs: like obs; written only where an episode ended: its last.
            reward: (N,), float32, or float64 in double precision: info()["reward_dtype"].
            terminated: (N,)
            truncated: (N,), never together with terminated.
            legal: (N, num_actions), for the next action.
            acting: (N, P), who must choose next.
        """
    def masks(
        self,
        legal: NDArray[np.bool_] | None = None,
        acting: NDArray[np.bool_] | None = None,
    ) -> None:
        """Write the masks as they are now; shapes as in step_into."""
    def export_state(self, indices: Sequence[int] | None = None) -> NDArray[np.uint8]:
        """Packed state rows of chosen instances, (n, state_bytes)."""
    def import_state(self, rows: NDArray[np.uint8], indices: Sequence[int] | None = None) -> None:
        """Restore chosen instances from (n, state_bytes) rows: all or, on an error, none."""
    def clone(self) -> Batch:
        """An independent copy in the same state."""
    def close(self) -> None:
        """Release everything; any later call but this one is refused."""

def available_isas() -> list[str]:
    """The instruction sets that kernels can use on this processor, the best last."""

def build_profile() -> str:
    """How this module was compiled, "release" or "debug"."""

def env_names() -> list[str]:
    """The environments in this module."""

def ffi_env(
    name: str, params: Mapping[str, bool | int | float | str]
) -> tuple[str, dict[str, Any]]:
    """An environment's key, which handlers take as their attribute `env`, and its description."""

def ffi_export(key: str, saved: NDArray[np.uint8], num_envs: int) -> NDArray[np.uint8]:
    """Saved blocks (padded instances, saved_bytes) as packed rows (num_envs, state_bytes)."""

def ffi_handlers() -> dict[str, int]:
    """Addresses of the handlers for XLA, by the names to register them under."""

def ffi_import(key: str, rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Packed rows (n, state_bytes) as saved blocks (padded instances, saved_bytes)."""

def ffi_layout() -> dict[str, int]:
    """Sizes, offsets and constants of XLA's C API as this module was compiled with them."""

def threefry2x32(key: Sequence[int], counters: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Encrypt counters (n, 2) under one key of two words: (n, 2)."""
