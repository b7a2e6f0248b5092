"""A functional face as gymnax 1.0 has it: `reset(key, params)`, `step(key, state, action, params)`.

    env = GymnaxEnv.make("pong", frame_skip=8)
    params = env.default_params
    obs, state = env.reset(key, params)
    obs, state, reward, terminated, truncated, info = env.step(key, state, action, params)

gymnax itself is not needed; its wrappers (`LogWrapper` and so on) go around this.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from samestep_jax.core import spaces
from samestep_jax.core.threefry import Key, as_key
from samestep_jax.core.types import Env
from samestep_jax.registry import make as make_env


class EnvParams(NamedTuple):
    """What may differ between calls of one trace."""

    max_steps_in_episode: int | jax.Array = 0  # 0 never truncates


class Discrete(spaces.Discrete):
    """Actions 0 to n - 1."""

    def sample(self, key: jax.Array) -> jax.Array:
        """A random action, () i32."""
        return jax.random.randint(key, self.shape, 0, self.n, jnp.int32)

    def contains(self, x: Any) -> jax.Array:
        """Whether `x` is one of them, () bool."""
        return jnp.logical_and(jnp.asarray(x) >= 0, jnp.asarray(x) < self.n)


class Box(spaces.Box):
    """Arrays of one shape, each element between two bounds."""

    def sample(self, key: jax.Array) -> jax.Array:
        """A random array of this shape and dtype: uniform, or normal where it is unbounded."""
        dtype = np.dtype(self.dtype)
        if dtype.kind in "iu":
            return jax.random.randint(key, self.shape, int(self.low), int(self.high) + 1, dtype)
        if not np.isfinite([self.low, self.high]).all():
            return jax.random.normal(key, self.shape, dtype)
        return jax.random.uniform(key, self.shape, dtype, self.low, self.high)

    def contains(self, x: Any) -> jax.Array:
        """Whether every element of `x` is within the bounds, () bool."""
        return jnp.logical_and(jnp.asarray(x) >= self.low, jnp.asarray(x) <= self.high).all()


@dataclass(frozen=True)
class GymnaxEnv:
    """One environment behind gymnax's interface; made by `make`."""

    env: Env
    default_params: EnvParams

    @classmethod
    def make(cls, name: str, **params: Any) -> GymnaxEnv:
        """Environment `name`; parameters and errors are those of `samestep_jax.make`."""
        limit = make_env(name, **params).max_episode_steps
        return cls(make_env(name, **{**params, "max_episode_steps": 0}), EnvParams(limit))

    @property
    def name(self) -> str:
        """As `samestep_jax.make` knows it."""
        return self.env.layout.name

    @property
    def num_actions(self) -> int:
        """Number of discrete actions, or of elements of a continuous one."""
        space = self.env.action_space
        if isinstance(space, spaces.Discrete):
            return space.n
        return int(np.prod(space.shape, dtype=int))

    @partial(jax.jit, static_argnames=("self",))
    def reset(self, key: Key | jax.Array, params: EnvParams | None = None) -> tuple[jax.Array, Any]:
        """A new episode: observation and state.

        Args:
            key: typed or raw, of two u32; it becomes the episode's env_key.
            params: not used here, as nothing of them decides how an episode begins.
        """
        state, obs = self.env.reset(as_key(key))
        return obs, state

    @partial(jax.jit, static_argnames=("self",))
    def step(
        self,
        key: Key | jax.Array,
        state: Any,
        action: jax.Array,
        params: EnvParams | None = None,
    ) -> tuple[jax.Array, Any, jax.Array, jax.Array, jax.Array, dict[str, jax.Array]]:
        """One step, and the next episode's reset where it ended one.

        Args:
            key: the next episode's env_key, should this step end one; the step itself draws from
                the key that its episode was reset with.
            state: from `reset` or `step`.
            action: as `env.step` takes it.
            params: the default if None.

        Returns:
            Observation (the new episode's where one ended), state, reward, terminated, truncated
            (exclusive of terminated), and info with both flags and `final_observation`, the
            observation that the step led to before any reset.
        """
        limit = jnp.asarray((self.default_params if params is None else params)[0])
        stepped, out = self.env.step(state, action)
        over_limit = (limit > 0) & (stepped.t >= limit.astype(jnp.uint32))
        truncated = ~out.terminated & (out.truncated | over_limit)
        fresh = self.env.reset(as_key(key))
        done = out.terminated | truncated
        state, obs = jax.tree.map(partial(jnp.where, done), fresh, (stepped, out.obs))
        info = {
            "terminated": out.terminated,
            "truncated": truncated,
            "final_observation": out.obs,
        }
        return obs, state, out.reward, out.terminated, truncated, info

    def action_space(self, params: EnvParams | None = None) -> Discrete | Box:
        """One player's actions."""
        space = self.env.action_space
        if isinstance(space, spaces.Discrete):
            return Discrete(space.n)
        return Box(space.low, space.high, space.shape, space.dtype)

    def observation_space(self, params: EnvParams | None = None) -> Box:
        """One player's observations."""
        space = self.env.obs_space
        return Box(space.low, space.high, space.shape, space.dtype)
