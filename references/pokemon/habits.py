"""Ways to play that some lanes of the verifier have, for random play does not reach everything.

Which one a lane has hangs on its env_index alone: random as given, greedy (the move with the most
base power), odd (moves with code of their own before others), or restless (switches half the time).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from references.pokemon.observation import ACTIVE_SIZE
from references.pokemon.tables import CONSTANTS

POWER = np.asarray(CONSTANTS["MOVE_POWER"], np.int32)
EFFECT = np.asarray(CONSTANTS["MOVE_EFFECT"], np.int32)
OWN_MOVES = 164 + ACTIVE_SIZE
"""Where the active Pokemon's moves are in an observation."""

Choose = Callable[[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def make(params: Mapping[str, Any], seed: int) -> Choose:
    """See `harness.registry.Entry.habits`."""

    def choose(
        step: int, env_index: np.ndarray, obs: np.ndarray, legal: np.ndarray, chosen: np.ndarray
    ) -> np.ndarray:
        lanes = len(env_index)
        masks = legal.reshape(lanes, -1, 10)
        players = masks.shape[1]
        seen = obs.reshape(lanes, players, -1)
        moves = np.clip(seen[..., OWN_MOVES : OWN_MOVES + 4], 0, len(POWER) - 1)
        rng = np.random.default_rng((seed, step))
        # The same draws for a lane whatever the lanes beside it.
        noise = rng.random((1 << 10, 2, 11), np.float32)[env_index % (1 << 10), :players]
        habit = np.broadcast_to((env_index // 4 % 4)[:, None], (lanes, players))
        score = np.zeros((4, lanes, players, 10), np.float32)
        score[1, ..., 6:] = 1 + POWER[moves]
        score[2, ..., 6:] = 1 + (EFFECT[moves] > 0) + (POWER[moves] == 0)
        score[3, ..., :6] = (noise[..., 10:] < 0.5) * 2.0
        score[3, ..., 6:] = 1
        wanted = np.take_along_axis(score, habit[None, ..., None], 0)[0] + 0.5 * noise[..., :10]
        best = np.where(masks, wanted, -1.0).argmax(-1).astype(np.int32)
        given = chosen.reshape(lanes, players)
        return np.asarray(np.where(habit == 0, given, best).reshape(chosen.shape))

    return choose
