"""The batch driver over a reference: environment indices, autoreset, time limit, packed rows.

Slow and plain on purpose. The fast backends have drivers of their own; the conformance suite
holds them to this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from references.contract import (
    HEADER_BYTES,
    BoxAction,
    DiscreteAction,
    EnvSpec,
    ManyReference,
    Reference,
    Step,
)
from references.threefry import MASK, Key, env_key, root_key


class BatchStep(NamedTuple):
    """One step of N instances, autoreset in Gymnasium's SAME_STEP manner.

    Where an episode ended, `obs` is the new episode's first and `final_obs` the old one's last;
    elsewhere `final_obs` is unspecified. With P > 1 players, obs, final_obs, reward and legal
    have a player axis after N.
    """

    obs: np.ndarray  # (N, *obs)
    final_obs: np.ndarray  # (N, *obs), rows of ended episodes only
    reward: np.ndarray  # (N,) of spec.reward_dtype
    terminated: np.ndarray  # (N,) bool
    truncated: np.ndarray  # (N,) bool
    legal: np.ndarray | None = None  # (N, A) bool, None where actions are continuous
    acting: np.ndarray | None = None  # (N, P) bool, None in single-player environments


class _Instance:
    """Position of one instance in the randomness, and its state."""

    __slots__ = ("env_index", "episode", "root", "state")

    def __init__(self, root: Key, env_index: int) -> None:
        self.root = root
        self.env_index = env_index
        self.episode = 0
        self.state: Any = None


class ReferenceBatch:
    """N reference instances behind the interface that every implementation is verified by."""

    def __init__(self, reference: Reference, num_envs: int, max_episode_steps: int = 0) -> None:
        self.reference = reference
        self.spec: EnvSpec = reference.spec
        self.num_envs = num_envs
        self.max_episode_steps = max_episode_steps
        self.players = () if self.spec.num_players == 1 else (self.spec.num_players,)
        self._instances: list[_Instance] = []
        self._many = reference if isinstance(reference, ManyReference) else None

    def reset(self, seed: int, indices: Sequence[int] | None = None) -> np.ndarray:
        """Start instances anew at episode 0, all by default, and return all observations.

        Observations of instances that are not in `indices` are zero.
        """
        root = root_key(seed)
        chosen = self._chosen(indices)
        if indices is None:
            self._instances = [_Instance(root, index) for index in range(self.num_envs)]
        obs = self._zeros_obs()
        for index in chosen:
            self._instances[index] = _Instance(root, index)
            obs[index] = self._reset_one(self._instances[index])
        return obs

    def step(self, actions: np.ndarray) -> BatchStep:
        """Step every instance; the ended ones begin their next episode."""
        obs = self._zeros_obs()
        final_obs = self._zeros_obs()
        reward = np.zeros((self.num_envs, *self.players), self.spec.reward_dtype)
        terminated = np.zeros(self.num_envs, np.bool_)
        truncated = np.zeros(self.num_envs, np.bool_)
        for index, (state, step) in enumerate(self._step_each(actions)):
            instance = self._instances[index]
            instance.state = state
            obs[index] = step.obs
            reward[index] = step.reward
            terminated[index] = step.terminated
            limit_reached = 0 < self.max_episode_steps <= instance.state.t
            truncated[index] = not step.terminated and (step.truncated or limit_reached)
            if terminated[index] or truncated[index]:
                final_obs[index] = step.obs
                instance.episode += 1
                obs[index] = self._reset_one(instance)
        return BatchStep(obs, final_obs, reward, terminated, truncated, self.legal(), self.acting())

    def _step_each(self, actions: np.ndarray) -> list[tuple[Any, Step]]:
        """Every instance's next state and what its step returned."""
        states = [instance.state for instance in self._instances]
        if self._many is not None:
            return self._many.step_many(states, actions)
        return [self.reference.step(state, actions[i]) for i, state in enumerate(states)]

    def legal(self) -> np.ndarray | None:
        """Masks of legal actions, None where actions are continuous."""
        return self._stack(self.reference.legal)

    def acting(self) -> np.ndarray | None:
        """Which players must choose now, None in single-player environments."""
        return self._stack(self.reference.acting)

    def export_state(self) -> np.ndarray:
        """Packed state rows, (N, state_bytes) u8."""
        rows = np.zeros(self.num_envs, self.spec.row_dtype)
        for row, instance in zip(rows, self._instances, strict=True):
            row["layout"] = self.spec.layout_id
            row["root"] = instance.root
            row["env_index"] = instance.env_index
            row["episode"] = instance.episode
            row["t"] = instance.state.t
            if self._many is None:
                for name, value in self.reference.export_fields(instance.state).items():
                    row[name] = value
        if self._many is not None:
            packed = self._many.export_many([instance.state for instance in self._instances])
            rows.view(np.uint8).reshape(self.num_envs, -1)[:, HEADER_BYTES:] = packed
        return rows.view(np.uint8).reshape(self.num_envs, self.spec.state_bytes)

    def import_state(self, rows: np.ndarray, indices: Sequence[int] | None = None) -> None:
        """Restore instances (all by default) from packed rows; all or, on an error, none.

        Raises:
            ValueError: for rows of another layout, another number of them than there are
                indices, an index out of range, or a state that cannot exist.
        """
        chosen = self._chosen(indices)
        unpacked = self.spec.unpack(rows)
        if len(unpacked) != len(chosen):
            raise ValueError(f"{len(unpacked)} state rows for {len(chosen)} instances")
        restored = []
        for number, t in enumerate(unpacked["t"]):
            if t == MASK:  # the next step adds one, which must not come out as a reset's 0
                raise ValueError(f"state row {number}: t is {t}; accepted: 0 to {MASK - 1}")
        for index, row in zip(chosen, unpacked, strict=True):
            instance = _Instance((int(row["root"][0]), int(row["root"][1])), int(row["env_index"]))
            instance.episode = int(row["episode"])
            key = env_key(instance.root, instance.env_index, instance.episode)
            fields = {f.name: row[f.name] for f in self.spec.state}
            instance.state = self.reference.import_fields(fields, key, int(row["t"]))
            restored.append((index, instance))
        if not self._instances:
            self._instances = [_Instance((0, 0), index) for index in range(self.num_envs)]
        for index, instance in restored:
            self._instances[index] = instance

    def close(self) -> None:
        """Nothing is held; here for the interface's sake."""

    def _chosen(self, indices: Sequence[int] | None) -> list[int]:
        if indices is None:
            return list(range(self.num_envs))
        for index in indices:
            if not 0 <= index < self.num_envs:
                raise ValueError(f"index {index}; accepted: 0 to {self.num_envs - 1}")
        if len(set(indices)) != len(indices):
            raise ValueError("an index is given twice; accepted: distinct indices")
        return list(indices)

    def _reset_one(self, instance: _Instance) -> np.ndarray:
        key = env_key(instance.root, instance.env_index, instance.episode)
        instance.state, obs = self.reference.reset(key)
        return obs

    def _zeros_obs(self) -> np.ndarray:
        layout = self.spec.obs
        return np.zeros((self.num_envs, *self.players, *layout.shape), layout.dtype)

    def _stack(self, mask_of: Any) -> np.ndarray | None:
        masks = [mask_of(instance.state) for instance in self._instances]
        return None if masks[0] is None else np.stack(masks)


def check_actions(spec: EnvSpec, params: dict[str, Any], actions: np.ndarray) -> None:
    """Refuse a batch of actions that no implementation may be given.

    Raises:
        ValueError: naming the first action that is out of range or NaN.
    """
    layout = spec.action(params)
    if isinstance(layout, DiscreteAction):
        bad = (actions < 0) | (actions >= layout.n)
        accepted = f"integers from 0 to {layout.n - 1}"
    else:
        assert isinstance(layout, BoxAction)
        bad = ~((actions >= layout.low) & (actions <= layout.high))
        accepted = f"numbers from {layout.low} to {layout.high}"
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"action {where} is {actions[where]}; accepted: {accepted}")
