"""Pokemon battles of generation 1 as an `Env`: teams and seeds, steps, rewards and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from samestep_jax.core.params import MAX_EPISODE_STEPS, Param, check_params
from samestep_jax.core.rows import Layout
from samestep_jax.core.spaces import Box, Discrete, check_action
from samestep_jax.core.threefry import Key, as_key, below, draw
from samestep_jax.core.types import Step, time_limit
from samestep_jax.pokemon import consts, observation, opponents, pools, turn
from samestep_jax.pokemon.check import check_fields
from samestep_jax.pokemon.opening import open_battle
from samestep_jax.pokemon.state import PokemonState

PARAMS = {
    "format": Param(0, 0, 2),
    "teams": Param(""),
    "opponent": Param(0, 0, 3),
    "full_information": Param(False),
    "faint_reward": Param(0.0, -1.0, 1.0),
    "max_episode_steps": MAX_EPISODE_STEPS,
}


@dataclass(frozen=True)
class Pokemon:
    """A battle; see `samestep_jax.core.types.Env` and docs/envs/pokemon.md.

    Args:
        format: the pool that teams are drawn from: 0 gen1randombattle, 1 gen1ou, 2 coverage.
        teams: path of a pool of one's own teams, read here, instead of format's; "" for none.
        opponent: who plays the second side: 0 the other player, 1 Random, 2 MaxBasePower,
            3 SimpleHeuristics.
        full_information: observe what a player cannot know as well.
        faint_reward: what a foe's Pokemon that faints is worth, an own one as much less.
        max_episode_steps: truncate an episode after this many steps; 0 never does.

    Raises:
        ValueError: in one line, for a value that is not accepted.
    """

    format: int = 0
    teams: str = ""
    opponent: int = 0
    full_information: bool = False
    faint_reward: float = 0.0
    max_episode_steps: int = 0
    teams_read: bytes = field(default=b"", init=False, repr=False)
    """The pool that was read from `teams`: part of what compiled functions are kept by."""

    layout: ClassVar[Layout] = Layout.of("pokemon", consts)
    state_type: ClassVar[type[PokemonState]] = PokemonState
    action_space: ClassVar[Discrete] = Discrete(consts.ACTIONS)

    def __post_init__(self) -> None:
        """Refuse parameters here too, where the class is used without `make`."""
        check_params("pokemon", PARAMS, {name: getattr(self, name) for name in PARAMS})
        if self.teams:
            object.__setattr__(self, "teams_read", pools.read_own(self.teams).tobytes())

    @property
    def num_players(self) -> int:
        """2, or 1 against a built-in opponent."""
        return 2 if self.opponent == opponents.NOBODY else 1

    @property
    def obs_space(self) -> Box:
        """One player's observation, int16."""
        size = observation.FULL_SIZE if self.full_information else observation.OBS_SIZE
        return Box(observation.LOWEST, observation.HIGHEST, (size,), "int16")

    def reset(self, key: Key | jax.Array) -> tuple[PokemonState, jax.Array]:
        """A new battle under `key`, two u32: its state at the first request, and observations."""
        key = as_key(key)
        pool = self._pool()
        pair = below(draw(key, 0, consts.SLOT_TEAM), len(pool))
        seed = (draw(key, 0, consts.SLOT_SEED_HIGH), draw(key, 0, consts.SLOT_SEED_LOW))
        state = open_battle(key, jnp.asarray(pool)[pair], seed)
        return state, self._observe(state)

    def step(self, state: PokemonState, action: jax.Array) -> tuple[PokemonState, Step]:
        """One commit of Showdown's: both players' choices, or a replacement.

        Args:
            state: of a battle that goes on.
            action: (2,) i32, that of a player who waits is ignored; () with an opponent. One
                outside the mask is taken as the first inside it.

        Raises:
            TypeError: for another kind of number.
            ValueError: for another shape.
        """
        action = check_action(self, action)
        after = turn.commit(state._replace(t=state.t + 1), self._both(state, action))
        fallen = ((state.hp > 0) & (after.hp == 0)).sum(1)
        gained = (fallen[::-1] - fallen).astype(jnp.float32)
        won = (after.winner == consts.WINNER_P1).astype(jnp.int32)
        won -= (after.winner == consts.WINNER_P2).astype(jnp.int32)
        outcome = jnp.stack([won, -won]).astype(jnp.float32)
        reward = outcome + jnp.float32(self.faint_reward) * gained
        terminated = after.winner != consts.WINNER_NONE
        return after, Step(
            obs=self._observe(after),
            reward=self._own(reward),
            terminated=terminated,
            truncated=time_limit(after.t, terminated, self.max_episode_steps),
        )

    def legal(self, state: PokemonState) -> jax.Array:
        """(2, 10) bool, action 0 alone for a player who waits; (10,) with an opponent."""
        return self._own(turn.legal(state))

    def acting(self, state: PokemonState) -> jax.Array | None:
        """(2,) bool, who has a request to answer; None with an opponent."""
        return None if self.opponent else state.request != consts.REQUEST_WAIT

    def check_state(self, fields: Mapping[str, np.ndarray]) -> None:
        """Refuse states that no battle that goes on is in.

        Raises:
            ValueError: naming the field and its value.
        """
        check_fields(fields)

    def _pool(self) -> np.ndarray:
        """(n, 2, 6, 11) u8, the pairs of teams that a reset draws from."""
        if not self.teams:
            return pools.load(self.format)
        return np.frombuffer(self.teams_read, np.uint8).reshape(-1, *pools.PAIR_SHAPE)

    def _both(self, state: PokemonState, action: jax.Array) -> jax.Array:
        """Both sides' actions, the opponent's drawn in the step's slot."""
        if self.opponent == opponents.NOBODY:
            return action
        word = draw(state.key, state.t + 1, consts.SLOT_OPPONENT)
        other = opponents.play(self.opponent, state, turn.legal(state)[1], word)
        return jnp.stack([action.astype(jnp.int32), other])

    def _observe(self, state: PokemonState) -> jax.Array:
        return self._own(observation.observe(state, self.full_information))

    def _own(self, values: jax.Array) -> jax.Array:
        """Both players' values, or the one player's."""
        return values if self.opponent == opponents.NOBODY else values[0]


def make_env(**params: Any) -> Pokemon:
    """Pokemon battles under these parameters.

    Raises:
        ValueError: for an unknown parameter or an unacceptable value.
    """
    return Pokemon(**check_params("pokemon", PARAMS, params))
