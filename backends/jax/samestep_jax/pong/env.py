"""Pong as an `Env`: the rules, a state that carries its key and time, and its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from samestep_jax.core.params import MAX_EPISODE_STEPS, Param, check_params
from samestep_jax.core.rows import Layout
from samestep_jax.core.spaces import Box, Discrete, check_action
from samestep_jax.core.threefry import Key, as_key
from samestep_jax.core.types import Step, time_limit
from samestep_jax.pong import consts, rules

PARAMS = {
    "frame_skip": Param(1, 1, 1024),
    "continuous": Param(False),
    "max_episode_steps": MAX_EPISODE_STEPS,
}


class PongState(NamedTuple):
    """STATE, and the key and time that the next serve is drawn from."""

    key: Key  # two () u32, the env_key
    t: jax.Array  # () u32, steps taken in this episode
    paddle_yl: jax.Array  # () f32, bottom of the opponent's paddle (left), pixels
    paddle_yr: jax.Array  # () f32, bottom of the agent's paddle (right), pixels
    ball_x: jax.Array  # () f32, left edge of the ball, pixels
    ball_y: jax.Array  # () f32, bottom edge of the ball, pixels
    ball_vx: jax.Array  # () f32, pixels a frame
    ball_vy: jax.Array  # () f32, pixels a frame
    score_l: jax.Array  # () i32, the opponent's points
    score_r: jax.Array  # () i32, the agent's points


@dataclass(frozen=True)
class Pong:
    """One game of Pong; see `samestep_jax.core.types.Env` and docs/envs/pong.md.

    Args:
        frame_skip: frames that one step runs, 1 to 1024; a point ends the step.
        continuous: the action is a direction in [-1, 1].
        max_episode_steps: truncate an episode after this many steps; 0 never does.

    Raises:
        ValueError: in one line, for a value that is not accepted.
    """

    frame_skip: int = 1
    continuous: bool = False
    max_episode_steps: int = 0

    layout: ClassVar[Layout] = Layout.of("pong", consts)
    state_type: ClassVar[type[PongState]] = PongState
    num_players: ClassVar[int] = 1
    obs_space: ClassVar[Box] = Box(-0.05, 1.0, (8,))

    def __post_init__(self) -> None:
        """Refuse parameters here too, where the class is used without `make`."""
        check_params("pong", PARAMS, vars(self))

    @property
    def action_space(self) -> Discrete | Box:
        """0 stay, 1 up, 2 down; if continuous, (1,) f32 in [-1, 1]."""
        return Box(-1.0, 1.0, (1,)) if self.continuous else Discrete(3)

    def reset(self, key: Key | jax.Array) -> tuple[PongState, jax.Array]:
        """A new game under `key`, two u32: its state and (8,) f32 observation."""
        key, zero = as_key(key), jnp.uint32(0)
        flight = rules.serve(key, zero)
        state = PongState(key, zero, *flight, score_l=jnp.int32(0), score_r=jnp.int32(0))
        return state, rules.observe(flight)

    def step(self, state: PongState, action: jax.Array) -> tuple[PongState, Step]:
        """Run `frame_skip` frames, fewer if a point is made.

        After a point the observation is that of the frame before it, as upstream. A point that
        does not end the game is followed by a serve; one that does leaves everything in place.

        Args:
            state: of a running game.
            action: () integer, where any number but 1 and 2 acts as stay; if continuous, (1,) f32.

        Raises:
            TypeError: for another kind of number.
            ValueError: for another shape.
        """
        action = check_action(self, action)
        t = state.t + 1
        direction = action[0] if self.continuous else rules.direction_of(action)
        direction = direction.astype(jnp.float32)
        flight = rules.Flight(*state[2:8])
        played = rules.play_round(flight, direction, self.frame_skip)
        point = ~played.playing
        score_l = state.score_l + (point & (played.reward < 0))
        score_r = state.score_r + (point & (played.reward > 0))
        game_over = (score_l == consts.MAX_SCORE) | (score_r == consts.MAX_SCORE)
        left = rules.leave_field(played.flight, direction)
        flight = rules.choose(point, rules.serve(state.key, t), played.flight)
        flight = rules.choose(game_over, left, flight)
        return PongState(state.key, t, *flight, score_l=score_l, score_r=score_r), Step(
            obs=rules.observe(played.flight),
            reward=played.reward,
            terminated=game_over,
            truncated=time_limit(t, game_over, self.max_episode_steps),
        )

    def legal(self, state: PongState) -> jax.Array | None:
        """All three actions, always; None if continuous."""
        return None if self.continuous else jnp.ones(3, jnp.bool_)

    def acting(self, state: PongState) -> jax.Array | None:
        """One player: nobody waits."""
        return None

    def check_state(self, fields: Mapping[str, np.ndarray]) -> None:
        """Refuse positions that are not finite, and scores of no running game.

        Raises:
            ValueError: naming the first such value.
        """
        for name in ("score_l", "score_r"):
            bad = (fields[name] < 0) | (fields[name] >= consts.MAX_SCORE)
            if bad.any():
                raise ValueError(
                    f"{name} is {int(fields[name][bad][0])}; "
                    f"a running game has 0 to {consts.MAX_SCORE - 1}"
                )
        for name in rules.Flight._fields:
            bad = ~np.isfinite(fields[name])
            if bad.any():
                raise ValueError(f"{name} is {fields[name][bad][0]}; it must be finite")


def make_env(**params: Any) -> Pong:
    """Pong under these parameters.

    Raises:
        ValueError: for an unknown parameter or an unacceptable value.
    """
    return Pong(**check_params("pong", PARAMS, params))
