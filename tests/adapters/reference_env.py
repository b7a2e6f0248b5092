"""Pong's reference as one Gymnasium environment, for Gymnasium's own vector environment."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from references.pong import Pong
from references.threefry import env_key, root_key


class ReferenceEnv(gymnasium.Env[np.ndarray, Any]):
    """Instance `index` of a batch: the same seed and actions, so the same episodes."""

    def __init__(self, index: int, max_episode_steps: int = 0, **params: Any) -> None:
        self.index = index
        self.limit = max_episode_steps
        self.episode = 0
        self.rules = Pong(**params)
        layout = self.rules.spec.obs
        self.observation_space = Box(layout.low, layout.high, layout.shape, np.float32)
        continuous = self.rules.continuous
        self.action_space = Box(-1, 1, (1,), np.float32) if continuous else Discrete(3)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        if seed is None:
            self.episode += 1
        else:  # SyncVectorEnv gives instance i the seed + i
            self.root, self.episode = root_key(seed - self.index), 0
        key = env_key(self.root, self.index, self.episode)
        self.state, obs = self.rules.reset(key)
        return obs, {}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        self.state, step = self.rules.step(self.state, action)
        truncated = not step.terminated and 0 < self.limit <= self.state.t
        return step.obs, float(step.reward), step.terminated, truncated, {}


def sync_vector_env(num_envs: int, **params: Any) -> SyncVectorEnv:
    """What Gymnasium makes of N references."""
    makers = [lambda i=i: ReferenceEnv(i, **params) for i in range(num_envs)]
    return SyncVectorEnv(makers, autoreset_mode=AutoresetMode.SAME_STEP)
