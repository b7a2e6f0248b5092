"""Gymnasium's vector environment over a batch in Rust."""

from __future__ import annotations

import copy as copying
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from samestep_rust import render as renderers
from samestep_rust import seeds
from samestep_rust._core import Batch
from samestep_rust.actions import to_box, to_discrete
from samestep_rust.layout import accepted_actions, action_space, obs_space

Obs = NDArray[Any]
Flags = NDArray[np.bool_]

MAX_FRAMES = 256
"""`render()` draws every instance, as Gymnasium's own do; beyond so many one must choose."""


def make_vec(
    name: str,
    num_envs: int = 1,
    *,
    threads: int = 1,
    first_index: int = 0,
    copy: bool = True,
    render_mode: str | None = None,
    **params: bool | int | float | str,
) -> RustVectorEnv:
    """N instances of an environment as a Gymnasium vector environment.

    Args:
        name: one of `env_names()`.
        num_envs: N, from 1.
        threads: that a step uses, from 1; results do not depend on it. A thread is given at
            least eight blocks of instances (128 games of Pong), so small batches use fewer.
        first_index: env_index of the first instance: several workers that share a seed each
            start where the one before ends, and together play what one batch would.
        copy: whether observations are the caller's to keep. If False, every call returns the
            same array, overwritten by the next.
        render_mode: None or "rgb_array".
        params: the environment's own, and `max_episode_steps` (0: never truncate).

    Raises:
        ValueError: for an unknown name or parameter, an unacceptable value, or an environment of
            more than one player, which Gymnasium has no place for: `Batch` has.
        TypeError: for a parameter that is no number.
    """
    return RustVectorEnv(
        name,
        num_envs,
        threads=threads,
        first_index=first_index,
        copy=copy,
        render_mode=render_mode,
        **params,
    )


class RustVectorEnv(VectorEnv[Obs, ArrayLike, NDArray[Any]]):
    """N instances stepped in one call, restarted within the step that ends them (SAME_STEP).

    Everything is as in `gymnasium.vector.SyncVectorEnv(..., autoreset_mode=SAME_STEP)`, but:
    rewards have the precision that the environment computes in, and one seed serves all instances,
    whose index is part of their randomness.

    `reset(seed=s)` starts every instance at episode 0 of seed s. The first reset without a seed
    takes one from the operating system, and later ones go on to a seed that follows from the last
    one; `np_random_seed` always tells the latest, which reproduces the run.

    Attributes:
        core: the `Batch`, whose `step_into` writes into arrays of the caller's.
        num_actions: of a discrete environment; 0 if actions are continuous.
    """

    def __init__(
        self,
        name: str,
        num_envs: int = 1,
        *,
        threads: int = 1,
        first_index: int = 0,
        copy: bool = True,
        render_mode: str | None = None,
        **params: bool | int | float | str,
    ) -> None:
        """See `make_vec`."""
        arguments = (name, num_envs, threads, params, None, first_index)
        self.core = Batch(*arguments)
        info = self.core.info()
        if info["players"] > 1:
            raise ValueError(
                f"{name} has {info['players']} players; accepted by make_vec: one; "
                "samestep_rust.Batch steps any number"
            )
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"render_mode is {render_mode!r}; accepted: None, 'rgb_array'")
        if render_mode is not None:
            renderers.check(name)
        self._arguments: tuple[str, int, int, dict[str, Any], None, int] = arguments
        self.name = name
        self.copy = copy
        self.render_mode = render_mode
        self.metadata = {"autoreset_mode": AutoresetMode.SAME_STEP, "render_modes": []}
        if name in renderers.RENDERERS:
            self.metadata["render_modes"] = ["rgb_array"]
            self.metadata["render_fps"] = renderers.frames_a_second(name, params)
        self.num_envs = info["num_envs"]
        self.num_actions: int = info["num_actions"]
        self._obs_shape = tuple(info["obs_shape"])
        self._reward_dtype = np.dtype(info["reward_dtype"])
        self.single_observation_space = obs_space(info)
        self.single_action_space = action_space(info)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self._accepted_actions = accepted_actions(info)
        self._to_actions = to_discrete if self.num_actions else to_box
        self._np_random, self._np_random_seed = seeding.np_random(seeds.fresh())
        self._started = False  # whether a reset or an import has given every instance a state
        self._seed_used = False
        self._allocate()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Obs, dict[str, Any]]:
        """Start instances at episode 0 of a seed: all, or those in options["reset_mask"].

        Args:
            seed: from 0 to 2**64 - 1; see the class for None.
            options: None, or {"reset_mask": (N,) bool array} with at least one True. The
                observations of the other instances are those of the last call.

        Returns:
            Observations (N, *obs_shape) and an empty dict.

        Raises:
            ValueError: for another seed, mask or option.
            TypeError: for a seed that is no integer, or a mask that is no bool array.
        """
        indices = self._masked(options)
        if indices is not None and not self._started:
            raise ResetNeeded("reset_mask before the first reset; accepted: reset() of all")
        root = self._next_seed() if seed is None else seeds.checked(seed)
        self.core.reset(root, self._obs, indices)
        self._np_random, self._np_random_seed = seeding.np_random(root)
        self._seed_used = True
        self._started = True
        return self._obs.copy() if self.copy else self._obs, {}

    def step(self, actions: ArrayLike) -> tuple[Obs, NDArray[Any], Flags, Flags, dict[str, Any]]:
        """Step every instance; the ended ones begin their next episode.

        Args:
            actions: (N,) integers from 0 to num_actions - 1; or (N, len) real numbers. Arrays or
                lists; int32 (or float32) arrays are taken as they are.

        Returns:
            Observations (N, *obs_shape), rewards (N,) float32 (float64 in double precision),
            terminated (N,), truncated (N,), and infos: empty, or where episodes ended "final_obs",
            (N,) objects, their last observations, under the mask "_final_obs", and an empty
            "final_info" likewise.

        Raises:
            ValueError: for actions out of range or NaN, or of another shape.
            TypeError: for actions of another kind.
            ResetNeeded: before the first reset.
        """
        if not self._started:
            raise ResetNeeded("step before the first reset; call reset")
        actions = self._to_actions(actions, self._accepted_actions)
        reward = np.empty(self.num_envs, self._reward_dtype)
        terminated = np.empty(self.num_envs, np.bool_)
        truncated = np.empty(self.num_envs, np.bool_)
        self.core.step_into(actions, self._obs, self._final_obs, reward, terminated, truncated)
        ended = terminated | truncated
        infos = self._final_infos(ended) if np.count_nonzero(ended) else {}
        obs = self._obs.copy() if self.copy else self._obs
        return obs, reward, terminated, truncated, infos

    def legal(self) -> Flags | None:
        """The legal actions now, (N, num_actions); None where actions are continuous."""
        if not self.num_actions:
            return None
        legal = np.empty((self.num_envs, self.num_actions), np.bool_)
        self.core.masks(legal)
        return legal

    def render(self, indices: Sequence[int] | None = None) -> tuple[NDArray[np.uint8], ...]:
        """Frames (height, width, 3) of chosen instances, all by default.

        Raises:
            ValueError: without render_mode="rgb_array", for an index out of range, or if all
                instances are more than `MAX_FRAMES`.
        """
        if self.render_mode is None:
            raise ValueError(
                "render_mode is None; accepted: make_vec(..., render_mode='rgb_array')"
            )
        if indices is None and self.num_envs > MAX_FRAMES:
            raise ValueError(
                f"render() of {self.num_envs} instances; accepted: at most {MAX_FRAMES}, "
                "or render(indices=[...])"
            )
        return tuple(renderers.draw(self.name, self.core.export_state(indices)))

    def export_state(self, indices: Sequence[int] | None = None) -> NDArray[np.uint8]:
        """Packed state rows of chosen instances, (n, state_bytes); docs/contract.md."""
        return self.core.export_state(indices)

    def import_state(self, rows: NDArray[np.uint8], indices: Sequence[int] | None = None) -> None:
        """Restore chosen instances from packed rows: all of them or, on an error, none.

        What was observed belongs to no state: step to see the instances.

        Raises:
            ValueError: for rows of another shape or layout, a state that cannot exist, or an
                index out of range.
        """
        self.core.import_state(rows, indices)
        self._started = self._started or indices is None

    def clone(self) -> RustVectorEnv:
        """An independent copy in the same state."""
        return copying.deepcopy(self)

    def close_extras(self, **kwargs: Any) -> None:
        """Release the instances."""
        self.core.close()

    def __getstate__(self) -> dict[str, Any]:
        state = {key: value for key, value in self.__dict__.items() if key != "core"}
        state["_rows"] = self.core.export_state()
        state["_final_obs"] = None  # scratch
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        rows, obs = state.pop("_rows"), state["_obs"]
        self.__dict__.update(state)
        self.core = Batch(*self._arguments)
        self.core.import_state(rows)
        self._allocate()
        self._obs[:] = obs

    def _allocate(self) -> None:
        self._obs = np.zeros((self.num_envs, *self._obs_shape), self.single_observation_space.dtype)
        self._final_obs = np.zeros_like(self._obs)

    def _final_infos(self, ended: Flags) -> dict[str, Any]:
        """What `SyncVectorEnv` says about episodes that ended."""
        indices = np.flatnonzero(ended)
        final_obs = np.full(self.num_envs, None, dtype=object)
        for index, row in zip(indices.tolist(), self._final_obs[indices], strict=True):
            final_obs[index] = row
        return {
            "final_obs": final_obs,
            "_final_obs": ended,
            "final_info": {},
            "_final_info": ended.copy(),
        }

    def _next_seed(self) -> int:
        """The seed of a reset without one."""
        last = self._np_random_seed
        assert last is not None
        return seeds.following(last) if self._seed_used else last

    def _masked(self, options: dict[str, Any] | None) -> list[int] | None:
        """The instances that options["reset_mask"] chooses; None for all."""
        if not options:
            return None
        unknown = [key for key in options if key != "reset_mask"]
        if unknown:
            raise ValueError(f"reset has no option {unknown[0]!r}; accepted: 'reset_mask'")
        mask = options["reset_mask"]
        accepted = f"accepted: a NumPy array of bool ({self.num_envs},)"
        if not isinstance(mask, np.ndarray):
            raise TypeError(f"reset_mask is a {type(mask).__name__}; {accepted}")
        if mask.dtype != np.bool_:
            raise TypeError(f"reset_mask is {mask.dtype} {mask.shape}; {accepted}")
        if mask.shape != (self.num_envs,):
            raise ValueError(f"reset_mask is {mask.dtype} {mask.shape}; {accepted}")
        if not mask.any():
            raise ValueError(f"reset_mask is all False; {accepted} with at least one True")
        return [int(index) for index in np.flatnonzero(mask)]
