"""What a batch says about itself, as Gymnasium spaces and as words for messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete, Space


def obs_space(info: Mapping[str, Any]) -> Box:
    """One player's observations; `info` is `Batch.info()`."""
    dtype = np.dtype(info["obs_dtype"])
    low, high = dtype.type(info["obs_low"]), dtype.type(info["obs_high"])
    return Box(low, high, tuple(info["obs_shape"]), dtype.type)


def action_space(info: Mapping[str, Any]) -> Space[Any]:
    """One player's actions: Discrete(n), or Box (len,) float32."""
    if info["num_actions"]:
        return Discrete(info["num_actions"])
    low, high = info["action_low"], info["action_high"]
    return Box(low, high, (info["action_len"],), np.float32)


def accepted_actions(info: Mapping[str, Any]) -> str:
    """What a message about refused actions says is accepted."""
    rows = (info["num_envs"],) if info["players"] == 1 else (info["num_envs"], info["players"])
    if info["num_actions"]:
        return f"integers from 0 to {info['num_actions'] - 1}, shape {rows}"
    shape = (*rows, info["action_len"])
    return f"numbers from {info['action_low']} to {info['action_high']}, shape {shape}"
