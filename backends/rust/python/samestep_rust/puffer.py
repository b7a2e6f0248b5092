"""PufferLib's environment interface: a batch that writes into the trainer's own buffers.

With pufferlib installed, `Puffer` is a `pufferlib.PufferEnv`, as its vectorisations and trainer
require; without, it has the same interface and needs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.spaces import Box, Space
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from samestep_rust import seeds
from samestep_rust._core import Batch
from samestep_rust.actions import to_box, to_discrete
from samestep_rust.layout import accepted_actions, action_space, obs_space

Buffers = Mapping[str, NDArray[Any]]


class _Base:
    """What `pufferlib.PufferEnv` does, where there is none: allocate, and step in two calls."""

    num_agents: int
    single_observation_space: Box
    single_action_space: Space[Any]
    emulated = False
    done = False

    def __init__(self, buf: Buffers | None = None) -> None:
        n = self.num_agents
        self.observation_space = batch_space(self.single_observation_space, n)
        self.action_space = batch_space(self.single_action_space, n)
        self.agent_ids = np.arange(n)
        if buf is None:
            obs, action = self.single_observation_space, self.single_action_space
            discrete = action.shape == ()
            buf = {
                "observations": np.zeros((n, *obs.shape), obs.dtype),
                "rewards": np.zeros(n, np.float32),
                "terminals": np.zeros(n, np.bool_),
                "truncations": np.zeros(n, np.bool_),
                "masks": np.ones(n, np.bool_),
                "actions": np.zeros(
                    (n, *(action.shape or ())), np.int32 if discrete else np.float32
                ),
            }
        for name in ("observations", "rewards", "terminals", "truncations", "masks", "actions"):
            setattr(self, name, buf[name])

    @property
    def agent_per_batch(self) -> int:
        return self.num_agents

    @property
    def driver_env(self) -> Any:
        return self

    def async_reset(self, seed: int | None = None) -> None:
        _, self.infos = self.reset(seed)  # type: ignore[attr-defined]

    def send(self, actions: ArrayLike) -> None:
        *_, self.infos = self.step(actions)  # type: ignore[attr-defined]

    def recv(self) -> tuple[Any, ...]:
        return (
            *(self.observations, self.rewards, self.terminals, self.truncations),  # type: ignore[attr-defined]
            *(self.infos, self.agent_ids, self.masks),  # type: ignore[attr-defined]
        )


if TYPE_CHECKING:
    PufferEnv = _Base
else:
    try:
        from pufferlib import PufferEnv
    except ImportError:
        PufferEnv = _Base


class Puffer(PufferEnv):
    """N instances as PufferLib's agents: one an instance and player, players side by side.

    Observations, rewards and flags are written where the trainer has them, without a copy (flags
    of several players are repeated). An episode that ends is followed by the next within the same
    step; PufferLib has no place for its last observation. `masks` says who must choose.

    Args:
        name: one of `samestep_rust.env_names()`.
        num_envs: N, from 1.
        threads: that a step uses.
        report_interval: steps after which the episodes that ended since are summed up in infos.
        buf: PufferLib's buffers, for N * players agents; None allocates.
        seed: of the first reset, from 0 to 2**64 - 1.
        params: as for `samestep_rust.make_vec`.

    Raises:
        ValueError: as `make_vec`, and for a buffer of another shape or dtype.
    """

    observations: NDArray[Any]  # (agents, *obs_shape)
    rewards: NDArray[np.float32]  # (agents,)
    terminals: NDArray[np.bool_]  # (agents,)
    truncations: NDArray[np.bool_]  # (agents,)
    masks: NDArray[np.bool_]  # (agents,)

    def __init__(
        self,
        name: str,
        num_envs: int = 1,
        *,
        threads: int = 1,
        report_interval: int = 128,
        buf: Buffers | None = None,
        seed: int = 0,
        **params: bool | int | float | str,
    ) -> None:
        if report_interval < 1:
            raise ValueError(f"report_interval is {report_interval}; accepted: an integer from 1")
        self.core = Batch(name, num_envs, threads, params)
        info = self.core.info()
        self.players: int = info["players"]
        self.num_agents = info["num_envs"] * self.players
        self.single_observation_space = obs_space(info)
        self.single_action_space = action_space(info)
        super().__init__(buf)
        self._rows = (num_envs,) if self.players == 1 else (num_envs, self.players)
        self._discrete = bool(info["num_actions"])
        self._accepted = accepted_actions(info)
        self._seed = seeds.checked(seed)
        self._obs = self._as_batch("observations", self.observations)
        self._final_obs = np.zeros_like(self._obs)
        # PufferLib's rewards are float32; in double precision they are rounded after each step.
        self._reward = self._as_batch("rewards", self.rewards)
        precise = np.dtype(info["reward_dtype"])
        self._precise = None if precise == np.float32 else np.zeros(self._rows, precise)
        alone = self.players == 1
        self._terminated = self.terminals if alone else np.zeros(num_envs, np.bool_)
        self._truncated = self.truncations if alone else np.zeros(num_envs, np.bool_)
        self._acting = None if alone else self._as_batch("masks", self.masks)
        self._statistics = _Statistics(self.num_agents, report_interval)

    def reset(self, seed: int | None = None) -> tuple[NDArray[Any], list[dict[str, float]]]:
        """Start every instance at episode 0 of a seed; the observations buffer and no infos.

        A reset without a seed goes on to one that follows from the last.
        """
        root = self._seed if seed is None else seeds.checked(seed)
        self.core.reset(root, self._obs)
        self._seed = seeds.following(root)
        self.rewards[:] = 0
        self.terminals[:] = False
        self.truncations[:] = False
        self.masks[:] = True
        if self._acting is not None:
            self.core.masks(None, self._acting)
        self._statistics.restart()
        return self.observations, []

    def step(
        self, actions: ArrayLike
    ) -> tuple[
        NDArray[Any],
        NDArray[np.float32],
        NDArray[np.bool_],
        NDArray[np.bool_],
        list[dict[str, float]],
    ]:
        """Step every instance; the buffers, and what episodes came to if it is time to report.

        Args:
            actions: (agents,) integers, or (agents, len) real numbers.

        Raises:
            ValueError: for actions out of range or NaN, or of another shape.
            TypeError: for actions of another kind.
        """
        given = (to_discrete if self._discrete else to_box)(actions, self._accepted)
        if self.players > 1 and given.shape[:1] == (self.num_agents,):
            given = given.reshape(*self._rows, *given.shape[1:])
        reward = self._reward if self._precise is None else self._precise
        out = (self._obs, self._final_obs, reward, self._terminated, self._truncated)
        self.core.step_into(given, *out, acting=self._acting)
        if self._precise is not None:
            self._reward[...] = self._precise
        if self._acting is not None:
            np.stack([self._terminated] * self.players, 1, out=self._as_rows(self.terminals))
            np.stack([self._truncated] * self.players, 1, out=self._as_rows(self.truncations))
        infos = self._statistics.count(self.rewards, self.terminals | self.truncations)
        return self.observations, self.rewards, self.terminals, self.truncations, infos

    def close(self) -> None:
        """Release the instances."""
        self.core.close()

    def notify(self) -> None:
        """Nothing to be told."""

    def _as_rows(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return flags.reshape(self._rows)

    def _as_batch(self, name: str, buffer: NDArray[Any]) -> NDArray[Any]:
        """A buffer of agents as one of instances and players, without a copy."""
        if not buffer.flags.c_contiguous or buffer.shape[0] != self.num_agents:
            raise ValueError(
                f"buf[{name!r}] is {buffer.dtype} {buffer.shape}; accepted: contiguous arrays of "
                f"{self.num_agents} agents"
            )
        return buffer.reshape(*self._rows, *buffer.shape[1:])


class _Statistics:
    """Means over the episodes that ended since the last report, as PufferLib's trainer logs."""

    def __init__(self, agents: int, interval: int) -> None:
        self._returns = np.zeros(agents, np.float64)
        self._starts = np.zeros(agents, np.int64)
        self._interval = interval
        self.restart()

    def restart(self) -> None:
        self._returns[:] = 0
        self._starts[:] = 0
        self._steps = 0
        self._ended: list[tuple[float, int]] = []

    def count(
        self, rewards: NDArray[np.float32], ended: NDArray[np.bool_]
    ) -> list[dict[str, float]]:
        self._steps += 1
        self._returns += rewards
        if np.count_nonzero(ended):
            lengths = self._steps - self._starts[ended]
            self._ended += zip(self._returns[ended].tolist(), lengths.tolist(), strict=True)
            self._returns[ended] = 0
            self._starts[ended] = self._steps
        if self._steps % self._interval or not self._ended:
            return []
        returns, lengths = np.mean(self._ended, axis=0).tolist()
        report = {"episode_return": returns, "episode_length": lengths, "n": len(self._ended)}
        self._ended = []
        return [report]
