"""Duel as an `Env` of samestep_jax."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np

from samestep_jax.core.params import MAX_EPISODE_STEPS, Param, check_params
from samestep_jax.core.rows import Layout
from samestep_jax.core.spaces import Box, Discrete
from samestep_jax.core.threefry import Key, as_key
from samestep_jax.core.types import Step, time_limit
from tests.duel.jax_rules import consts, rules

MAX_ROUNDS = 10_000
PARAMS = {"max_rounds": Param(40, 1, MAX_ROUNDS), "max_episode_steps": MAX_EPISODE_STEPS}
BOUNDS = {
    "leader": (0, consts.FIGHTERS - 1),
    "power": (1, consts.POWERS),
    "seen": (0, 1),
    "guarding": (0, 1),
    "picking": (0, 1),
    "pad": (0, 0),
    "health": (0, consts.HEALTH),
    "rounds": (0, MAX_ROUNDS),
}


@dataclass(frozen=True)
class Duel:
    """One game of Duel; see `samestep_jax.core.types.Env` and reference/spec.py."""

    max_rounds: int = 40
    max_episode_steps: int = 0

    layout: ClassVar[Layout] = Layout.of("duel", consts)
    state_type: ClassVar[type[rules.State]] = rules.State
    num_players: ClassVar[int] = 2
    obs_space: ClassVar[Box] = Box(0, 255, (18,), "uint8")
    action_space: ClassVar[Discrete] = Discrete(consts.ACTIONS)

    def reset(self, key: Key | jax.Array) -> tuple[rules.State, jax.Array]:
        """A new game under `key`: its state and (2, 18) u8 observation."""
        state = rules.reset(as_key(key))
        return state, rules.observe(state)

    def step(self, state: rules.State, action: jax.Array) -> tuple[rules.State, Step]:
        """Fight a round, or pick leaders. action: (2,) i32."""
        state, reward, terminated = rules.step(state._replace(t=state.t + 1), action)
        long = ~terminated & (state.rounds >= self.max_rounds)
        truncated = long | time_limit(state.t, terminated, self.max_episode_steps)
        return state, Step(rules.observe(state), reward, terminated, truncated)

    def legal(self, state: rules.State) -> jax.Array:
        """(2, 5) bool."""
        return rules.legal(state)

    def acting(self, state: rules.State) -> jax.Array:
        """(2,) bool."""
        return rules.acting(state)

    def check_state(self, fields: Mapping[str, np.ndarray]) -> None:
        """Refuse states that cannot exist.

        Raises:
            ValueError: naming the first field or player that is wrong.
        """
        for name, (low, high) in BOUNDS.items():
            bad = (fields[name] < low) | (fields[name] > high)
            if bad.any():
                value = int(fields[name][bad][0])
                raise ValueError(f"{name} is {value}; accepted: {low} to {high}")
        health, leader = fields["health"], fields["leader"].astype(int)[..., None]
        lost = (health == 0).all(-1)
        fallen = np.take_along_axis(health, leader, -1)[..., 0] == 0
        if lost.any():
            player = int(np.argwhere(lost)[0][1])
            raise ValueError(f"player {player} has no living fighter; that game has ended")
        wrong = fallen != (fields["picking"] != 0)
        if wrong.any():
            player = int(np.argwhere(wrong)[0][1])
            raise ValueError(f"player {player} must pick if, and only if, its leader fell")


def make_env(**params: object) -> Duel:
    """Duel under these parameters.

    Raises:
        ValueError: for an unknown parameter or an unacceptable value.
    """
    checked: dict[str, Any] = check_params("duel", PARAMS, params)
    return Duel(**checked)
