"""The contract: what an environment is, and what a step of one instance returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from samestep_jax.core.rows import Layout, is_representable
from samestep_jax.core.spaces import Box, Discrete
from samestep_jax.core.threefry import Key


class Step(NamedTuple):
    """What one step of one instance returns. With P > 1 players a player axis comes first."""

    obs: jax.Array  # obs_space.shape, or (P, *shape)
    reward: jax.Array  # (), or (P,); f32, or f64 where observations are
    terminated: jax.Array  # () bool, the rules ended the episode
    truncated: jax.Array  # () bool, the time limit did; never together with `terminated`


class EnvState(Protocol):
    """One instance's state: a NamedTuple of these two and the fields of the packed row.

    It carries all that randomness hangs on, so any step replays alone.
    """

    @property
    def key(self) -> Key:
        """The env_key that the episode was reset with, two () u32."""

    @property
    def t(self) -> jax.Array:
        """() u32, steps taken in this episode."""


class Env(Protocol):
    """One environment under fixed parameters: pure functions of one instance, for `jax.vmap`.

    Values are hashable and compare by their parameters, so that an environment can be a static
    argument of `jax.jit`: one trace a shape and a set of parameters.
    """

    def __hash__(self) -> int: ...

    @property
    def layout(self) -> Layout:
        """Name, version and packed state row."""

    @property
    def state_type(self) -> Any:
        """The state's NamedTuple, made from `key`, `t` and the row's fields by name."""

    @property
    def num_players(self) -> int:
        """1, or P where observations, rewards, masks and actions have a player axis."""

    @property
    def max_episode_steps(self) -> int:
        """Steps after which an episode is truncated; 0 is never."""

    @property
    def obs_space(self) -> Box:
        """One player's observation."""

    @property
    def action_space(self) -> Discrete | Box:
        """One player's action."""

    def reset(self, key: Key | jax.Array) -> tuple[Any, jax.Array]:
        """A new episode under `key`, two u32: its state and first observation."""

    def step(self, state: Any, action: jax.Array) -> tuple[Any, Step]:
        """The next state and what the step returned. Never resets."""

    def legal(self, state: Any) -> jax.Array | None:
        """Mask of legal actions, bool (A,) or (P, A); None where actions are continuous."""

    def acting(self, state: Any) -> jax.Array | None:
        """Which players must choose now, bool (P,); None in single-player environments."""

    def check_state(self, fields: Mapping[str, np.ndarray]) -> None:
        """Refuse states that cannot exist, given as the row's fields, each (N, *shape).

        Each of the N is judged by itself; the driver says in which row the first one is.

        Raises:
            ValueError: naming the field and its value.
        """


def check_precision(env: Env) -> None:
    """Refuse an environment that computes in f64 while JAX would silently compute in f32.

    Raises:
        ValueError: naming the setting that it needs.
    """
    dtype = env.obs_space.dtype
    if not is_representable(dtype):
        raise ValueError(
            f"{env.layout.name} computes in {dtype} under these parameters, and JAX would in "
            "float32; accepted: jax.config.update('jax_enable_x64', True) first, or parameters "
            "for float32"
        )


def time_limit(t: jax.Array, terminated: jax.Array, max_episode_steps: int) -> jax.Array:
    """`truncated` after step `t`: the limit (0 is none) is reached and the rules did not end it."""
    if max_episode_steps == 0:
        return jnp.zeros_like(terminated)
    return ~terminated & (t >= max_episode_steps)
