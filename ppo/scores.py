"""What people quote of an episode where it is not the return, from rewards of single steps."""

from __future__ import annotations

import numpy as np


def pong_points(rewards: np.ndarray) -> np.ndarray:
    """Points won (1), lost (-1), or neither, (K,), in steps with these rewards.

    A step holds one point at most; a bounce, of which a step of up to 64 frames has one, adds 0.1.
    """
    points: np.ndarray = np.rint(rewards)
    return points


def battles_won(rewards: np.ndarray) -> np.ndarray:
    """1 in the step that won a battle, (K,).

    A step sees one Pokemon a side faint at most, so it holds for a `faint_reward` below 0.5.
    """
    return (rewards > 0.5).astype(np.float64)


def short(value: float) -> str:
    """One decimal, or three where the whole is small, as shares of battles won are."""
    return f"{value:.3f}" if abs(value) < 2 else f"{value:.1f}"
