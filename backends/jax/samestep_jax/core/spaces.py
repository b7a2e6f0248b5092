"""What observations and actions look like, and the check that actions are acceptable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
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

    Compiled steps check shape and dtype, and cannot look at values: a discrete action outside 0 to
    n - 1 does there what the environment's `step` says (in Pong it stays). Call this outside
    `jax.jit` on actions that come from elsewhere than the library's own masks.

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


def check_batch_actions(env: Env, num_envs: int, actions: Any) -> jax.Array:
    """The actions of a whole batch, if their static parts are as accepted; traceable.

    Args:
        env: what the actions are for.
        num_envs: N.
        actions: an array, (N, *shape) of the action space's dtype, with the player axis after N
            where P > 1.

    Raises:
        TypeError: for something else than an array, or another dtype.
        ValueError: for another shape.
    """
    space = env.action_space
    players = () if env.num_players == 1 else (env.num_players,)
    shape = (num_envs, *players, *space.shape)
    accepted = f"accepted: {space.dtype} {shape}"
    if not isinstance(actions, jax.Array | np.ndarray):
        raise TypeError(f"actions are a {type(actions).__name__}; {accepted}")
    if actions.dtype != space.dtype:
        raise TypeError(f"actions are {actions.dtype} {actions.shape}; {accepted}")
    if actions.shape != shape:
        raise ValueError(f"actions are {actions.dtype} {actions.shape}; {accepted}")
    return jnp.asarray(actions)


def check_action(env: Env, action: Any) -> jax.Array:
    """The action of one instance, if its static parts are as accepted; traceable.

    Args:
        env: what the action is for.
        action: (*shape) integers or floating-point numbers, with the player axis first where
            P > 1; Python's numbers too.

    Raises:
        TypeError: for another kind of number.
        ValueError: for another shape.
    """
    space = env.action_space
    players = () if env.num_players == 1 else (env.num_players,)
    shape = (*players, *space.shape)
    discrete = isinstance(space, Discrete)
    accepted = f"accepted: {'integers' if discrete else 'floating-point numbers'} {shape}"
    try:
        array = jnp.asarray(action)
    except (TypeError, ValueError):
        raise TypeError(f"the action is a {type(action).__name__}; {accepted}") from None
    if not jnp.issubdtype(array.dtype, jnp.integer if discrete else jnp.floating):
        raise TypeError(f"the action is {array.dtype} {array.shape}; {accepted}")
    if array.shape != shape:
        raise ValueError(f"the action is {array.dtype} {array.shape}; {accepted}")
    return array


def _commas(shape: tuple[int, ...]) -> str:
    return ", ".join(str(size) for size in shape)
