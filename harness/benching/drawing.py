"""Actions for checks and measurements: drawn beforehand, and legal whatever the state turns out."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.benching.job import CheckFailed
from references.contract import DiscreteAction, EnvSpec


def draw(spec: EnvSpec, params: dict[str, Any], steps: int, num_envs: int, seed: int) -> np.ndarray:
    """What `pick` makes actions of: (steps, num_envs, ...), with a player axis where P > 1.

    Words (u32) where actions are discrete, the actions themselves (f32) where they are continuous.
    """
    rng = np.random.default_rng(seed)
    layout = spec.action(spec.check_params(params))
    num_players = spec.under(params).num_players
    players = () if num_players == 1 else (num_players,)
    shape = (steps, num_envs, *players)
    if isinstance(layout, DiscreteAction):
        return rng.integers(0, 1 << 32, shape, dtype=np.uint32)
    return rng.uniform(layout.low, layout.high, (*shape, *layout.shape)).astype(np.float32)


def pick(draws: np.ndarray, legal: np.ndarray | None) -> np.ndarray:
    """Actions: of each mask's n legal ones, that of rank word * n / 2**32.

    Args:
        draws: (...) words, or continuous actions, which are returned as they are.
        legal: (..., A) bool, or (A,) for all; at least one is legal in each (a player who waits
            has its dummy action). None where actions are continuous.

    Returns:
        (...) i32, or the continuous actions.

    Raises:
        CheckFailed: for a mask without a legal action.
    """
    if legal is None:
        return draws
    upto = legal.cumsum(-1, dtype=np.uint32)  # A is at most 65536, so the product fits
    if not upto[..., -1].all():
        raise CheckFailed("a mask has no legal action")
    rank = ((draws >> np.uint32(16)) * upto[..., -1]) >> np.uint32(16)
    actions: np.ndarray = (upto <= rank[..., None]).sum(-1, dtype=np.int32)
    return actions


def draw_actions(
    spec: EnvSpec, params: dict[str, Any], steps: int, num_envs: int, seed: int
) -> np.ndarray:
    """Random actions where every one is always legal: (steps, num_envs, ...) i32 or f32."""
    layout = spec.action(spec.check_params(params))
    everything = np.ones(layout.n, np.bool_) if isinstance(layout, DiscreteAction) else None
    return pick(draw(spec, params, steps, num_envs, seed), everything)
