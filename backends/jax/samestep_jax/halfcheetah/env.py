"""HalfCheetah as an `Env`: the rules, a state that carries its key and time, and its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from samestep_jax.core.params import MAX_EPISODE_STEPS, Param, check_params
from samestep_jax.core.rows import Layout
from samestep_jax.core.spaces import Box, check_action
from samestep_jax.core.threefry import Key, as_key
from samestep_jax.core.types import Step, time_limit
from samestep_jax.halfcheetah import consts, rules
from samestep_jax.halfcheetah.solver import ITERATIONS

DEFAULT_MAX_EPISODE_STEPS = 1000

PARAMS = {
    "forward_reward_weight": Param(1.0, -1e6, 1e6),
    "ctrl_cost_weight": Param(0.1, -1e6, 1e6),
    "reset_noise_scale": Param(0.1, 0.0, 10.0),
    "frame_skip": Param(5, 1, 1024),
    "exclude_current_positions_from_observation": Param(True),
    "double_precision": Param(False),
    "max_episode_steps": Param(
        DEFAULT_MAX_EPISODE_STEPS, MAX_EPISODE_STEPS.low, MAX_EPISODE_STEPS.high
    ),
}


class HalfCheetahState(NamedTuple):
    """STATE, and the key and time of the episode."""

    key: Key  # two () u32, the env_key
    t: jax.Array  # () u32, steps taken in this episode
    qpos: jax.Array  # (9,), m and rad; f64 in double precision, else f32, as the next two
    qvel: jax.Array  # (9,), m/s and rad/s
    qacc_warmstart: jax.Array  # (9,), m/s^2 and rad/s^2, where the solver starts


@dataclass(frozen=True)
class HalfCheetah:
    """One HalfCheetah; see `samestep_jax.core.types.Env` and docs/envs/halfcheetah.md.

    The solver follows MuJoCo's stopping rule, with a cap of 20 Newton iterations a substep and 20
    evaluations a line search; see `solver_iterations`. Substeps are computed in f64 in both
    precisions, which needs no setting of JAX's; single precision is that of state and results.

    Args:
        forward_reward_weight: reward for a metre a second forwards.
        ctrl_cost_weight: cost of the sum of the squared actions.
        reset_noise_scale: spread of a new episode's state.
        frame_skip: substeps of 0.01 s that one step runs, 1 to 1024.
        exclude_current_positions_from_observation: leave x out of the observation.
        double_precision: state, observations and rewards are f64, which needs jax_enable_x64.
        max_episode_steps: truncate an episode after this many steps; 0 never does.

    Raises:
        ValueError: in one line, for a value that is not accepted.
    """

    forward_reward_weight: float = 1.0
    ctrl_cost_weight: float = 0.1
    reset_noise_scale: float = 0.1
    frame_skip: int = 5
    exclude_current_positions_from_observation: bool = True
    double_precision: bool = False
    max_episode_steps: int = DEFAULT_MAX_EPISODE_STEPS

    layout: ClassVar[Layout] = Layout.of("halfcheetah", consts)
    state_type: ClassVar[type[HalfCheetahState]] = HalfCheetahState
    num_players: ClassVar[int] = 1
    solver_iterations: ClassVar[int] = ITERATIONS
    action_space: ClassVar[Box] = Box(
        consts.CONTROL_LOW, consts.CONTROL_HIGH, (len(consts.MOTOR_GEAR),)
    )

    def __post_init__(self) -> None:
        """Refuse parameters here too, where the class is used without `make`."""
        check_params("halfcheetah", PARAMS, vars(self))

    @property
    def obs_space(self) -> Box:
        """(17,): positions without x, then velocities; (18,) with x in front."""
        size = 2 * rules.NUM_DOFS - self.exclude_current_positions_from_observation
        dtype = "float64" if self.double_precision else "float32"
        return Box(float("-inf"), float("inf"), (size,), dtype)

    @property
    def _dtype(self) -> Any:
        return jnp.float64 if self.double_precision else jnp.float32

    def reset(self, key: Key | jax.Array) -> tuple[HalfCheetahState, jax.Array]:
        """A new episode under `key`, two u32: its state and (17,) or (18,) observation."""
        key = as_key(key)
        qpos, qvel = rules.reset_noise(key, self.reset_noise_scale, self._dtype)
        body = rules.Body(qpos, qvel, jnp.zeros_like(qpos))
        return HalfCheetahState(key, jnp.uint32(0), *body), self._observe(body)

    def step(self, state: HalfCheetahState, action: jax.Array) -> tuple[HalfCheetahState, Step]:
        """Run `frame_skip` substeps under one action.

        Args:
            state: of a running episode.
            action: (6,) floating-point numbers; the motors clamp them to [-1, 1], and stand still
                if one is NaN. The control cost is that of the action as it was given.

        Raises:
            TypeError: for another kind of number.
            ValueError: for another shape.
        """
        action = check_action(self, action)
        t = state.t + 1
        body = rules.Body(state.qpos, state.qvel, state.qacc_warmstart)
        body, moved = rules.advance(body, action, self.frame_skip)
        forward = moved / (consts.TIMESTEP * self.frame_skip)
        cost = rules.control_cost(action, self._dtype)
        terminated = jnp.bool_(False)
        return HalfCheetahState(state.key, t, *body), Step(
            obs=self._observe(body),
            reward=self.forward_reward_weight * forward - self.ctrl_cost_weight * cost,
            terminated=terminated,
            truncated=time_limit(t, terminated, self.max_episode_steps),
        )

    def _observe(self, body: rules.Body) -> jax.Array:
        return rules.observe(body, not self.exclude_current_positions_from_observation)

    def legal(self, state: HalfCheetahState) -> jax.Array | None:
        """Actions are continuous."""
        return None

    def acting(self, state: HalfCheetahState) -> jax.Array | None:
        """One player: nobody waits."""
        return None

    def check_state(self, fields: Mapping[str, np.ndarray]) -> None:
        """Refuse numbers that are not finite.

        Raises:
            ValueError: naming the first such number.
        """
        for name, _, _ in self.layout.state:
            bad = ~np.isfinite(fields[name])
            if bad.any():
                raise ValueError(f"{name} is {fields[name][bad][0]}; it must be finite")


def make_env(**params: Any) -> HalfCheetah:
    """HalfCheetah under these parameters.

    Raises:
        ValueError: for an unknown parameter or an unacceptable value.
    """
    return HalfCheetah(**check_params("halfcheetah", PARAMS, params))
