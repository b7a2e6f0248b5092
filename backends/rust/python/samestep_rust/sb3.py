"""Stable-Baselines3's VecEnv over a `RustVectorEnv`; needs the package stable-baselines3."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samestep_rust import seeds
from samestep_rust.vector_env import RustVectorEnv

try:
    from stable_baselines3.common.vec_env import VecEnv
except ImportError as error:
    raise ImportError(
        f"samestep_rust.sb3 needs stable-baselines3 ({error}); "
        "accepted: pip install 'samestep-rust[sb3]'",
        name="stable_baselines3",
    ) from None

Indices = None | int | Iterable[int]

METHODS = ("action_masks", "render")
"""What `env_method` calls: of the instances there are no objects that could have others."""


class SB3VecEnv(VecEnv):  # type: ignore[misc,unused-ignore]
    """A batch as Stable-Baselines3 wants it.

    infos are one dict an instance, with "TimeLimit.truncated" and, where an episode ended,
    "terminal_observation". Episode returns come from its own VecMonitor.

    Args:
        venv: from `samestep_rust.make_vec`, the adapter's from now on.

    Raises:
        TypeError: for any other environment.
    """

    def __init__(self, venv: RustVectorEnv) -> None:
        if not isinstance(venv, RustVectorEnv):
            kind = type(venv).__name__
            raise TypeError(f"venv is a {kind}; accepted: what samestep_rust.make_vec returns")
        self.venv = venv
        self._actions: NDArray[Any] | None = None
        self._seed: int | None = None
        super().__init__(venv.num_envs, venv.single_observation_space, venv.single_action_space)

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Set the seed of the next reset: one for all instances. None draws a fresh one."""
        if seed is None:
            seed = seeds.fresh()
        self._seed = seeds.checked(seed)
        return [seed] * self.num_envs

    def set_options(self, options: list[dict[str, Any]] | dict[str, Any] | None = None) -> None:
        """Take no options: there are none.

        Raises:
            ValueError: for any.
        """
        if any(options if isinstance(options, list) else [options]):
            raise ValueError(f"options are {options!r}; accepted: none")

    def reset(self) -> NDArray[Any]:
        """Start every instance; observations (N, *obs_shape)."""
        obs, _ = self.venv.reset(seed=self._seed)
        self._seed = None
        self._actions = None
        return obs

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keep actions, (N,) or (N, len), for `step_wait`."""
        self._actions = actions

    def step_wait(
        self,
    ) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """Step: observations, rewards (N,) float32, whether episodes ended (N,), infos."""
        if self._actions is None:
            raise RuntimeError("step_wait without step_async; call step")
        actions, self._actions = self._actions, None
        obs, precise, terminated, truncated, batch_info = self.venv.step(actions)
        reward = precise.astype(np.float32, copy=False)
        infos: list[dict[str, Any]] = [{"TimeLimit.truncated": False} for _ in terminated]
        if not batch_info:
            return obs, reward, terminated, infos
        ended = batch_info["_final_obs"]
        for index in np.flatnonzero(ended).tolist():
            infos[index]["TimeLimit.truncated"] = bool(truncated[index])
            infos[index]["terminal_observation"] = batch_info["final_obs"][index]
        return obs, reward, ended, infos

    def close(self) -> None:
        """Release the instances."""
        self.venv.close()

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """A frame an instance, if made with render_mode="rgb_array"."""
        if self.render_mode != "rgb_array":
            return [None] * self.num_envs
        return self.venv.render()

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """The batch's attribute, once an instance; instances have none of their own.

        Raises:
            AttributeError: if there is none.
        """
        chosen = list(self._get_indices(indices))
        if attr_name in METHODS:
            if attr_name == "action_masks" and not self.venv.num_actions:
                raise AttributeError("action_masks: continuous actions have none")
            return [getattr(self, f"_{attr_name}")] * len(chosen)
        return [getattr(self.venv, attr_name)] * len(chosen)

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        """Refuse: instances of one batch cannot differ.

        Raises:
            AttributeError: always.
        """
        raise AttributeError(f"{attr_name} cannot be set; accepted: arguments of make_vec")

    def env_method(
        self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any
    ) -> list[Any]:
        """A result an instance: of "action_masks", bool (num_actions,), or of "render", a frame.

        Raises:
            AttributeError: for any other method.
        """
        if method_name not in METHODS:
            raise AttributeError(
                f"instances have no method {method_name!r}; accepted: {', '.join(METHODS)}"
            )
        if method_args or method_kwargs:
            raise TypeError(f"{method_name} was given arguments; accepted: none")
        chosen = [int(index) for index in self._get_indices(indices)]
        return self._action_masks(chosen) if method_name == "action_masks" else self._render(chosen)

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Indices = None) -> list[bool]:
        """Never: a batch has no wrappers inside."""
        return [False for _ in self._get_indices(indices)]

    def _action_masks(self, indices: Sequence[int]) -> list[NDArray[np.bool_]]:
        legal = self.venv.legal()
        if legal is None:
            raise AttributeError("action_masks: continuous actions have none")
        return [legal[index] for index in indices]

    def _render(self, indices: Sequence[int]) -> list[NDArray[np.uint8]]:
        return list(self.venv.render(indices))
