"""What observations and actions look like, and the check that actions are acceptable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from samestep_jax.core.types import Env


@dataclass(frozen=True)
class Discrete:
    """An i32 from 0 to n - 1 (a player)."""

    n: int
    shape: tuple[int, ...] = ()
    dtype: str = "int32"


@dataclass(frozen=True)
class Box:
    """An array (a player) of one dtype, each element in [low, high]."""

    low: float
    high: float
    shape: tuple[int, ...]
    dtype: str = "float32"


def check_actions(env: Env, actions: ArrayLike) -> None:
    """Refuse concrete actions that the rules do not define: out of range, NaN, shape, dtype.

    Compiled steps cannot raise, and do not look: a discrete action outside 0 to n - 1 does there
    what the environment's `step` says (in Pong it stays). Call this outside `jax.jit` on actions
    that come from elsewhere than the library's own masks.

    Args:
        env: what the actions are for.
        actions: (..., *shape) i32 or f32, with the player axis before `shape` where P > 1.

    Raises:
        ValueError: in one line, naming the first action that is not acceptable.
        TypeError: for another kind of number.
    """
    space = env.action_space
    array = np.asarray(actions)
    kind = "i" if isinstance(space, Discrete) else "f"
    if array.dtype.kind not in ("iu" if kind == "i" else "f"):
        accepted = "integers" if kind == "i" else "floating-point numbers"
        raise TypeError(f"actions are {array.dtype}; accepted: {accepted}")
    players = () if env.num_players == 1 else (env.num_players,)
    tail = (*players, *space.shape)
    if array.ndim < len(tail) or array.shape[array.ndim - len(tail) :] != tail:
        raise ValueError(f"actions have shape {array.shape}; accepted: (..., {_commas(tail)})")
    if isinstance(space, Discrete):
        bad = (array < 0) | (array >= space.n)
        accepted = f"integers from 0 to {space.n - 1}"
    else:
        bad = ~((array >= space.low) & (array <= space.high))
        accepted = f"numbers from {space.low} to {space.high}"
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"action {where} is {array[where]}; accepted: {accepted}")


def _commas(shape: tuple[int, ...]) -> str:
    return ", ".join(str(size) for size in shape)
