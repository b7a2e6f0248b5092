"""Recording what a batch plays, on any backend and in any loop of one's own."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from extras.pokemon.logs.battle import Battle, from_key
from references.pokemon import SPEC, opponents
from references.threefry import env_key, root_key, threefry2x32


class Recorder:
    """The battles that N instances play from a reset on. It looks at nothing but keys and actions.

    Args:
        seed: that the batch was reset with.
        num_envs: N.
        format: the batch's parameter.
        first_index: the batch's, where it is a part of a larger one.
    """

    def __init__(self, seed: int, num_envs: int, format: int = 0, first_index: int = 0) -> None:
        self.format = format
        self.num_envs = num_envs
        self._root = root_key(seed)
        self._first = first_index
        self._episode = [0] * num_envs
        self._actions: list[list[Any]] = [[] for _ in range(num_envs)]

    def step(self, actions: Any, ended: Any) -> list[Battle]:
        """Take in a step, and give the battles that it ended.

        Args:
            actions: (N, 2), as the batch was given them; see `with_opponent` for a single player.
            ended: (N,) bool, where an episode was terminated or truncated.
        """
        actions, ended = np.asarray(actions), np.asarray(ended)
        shapes = ((self.num_envs, 2), (self.num_envs,))
        if (actions.shape, ended.shape) != shapes:
            raise ValueError(
                f"actions are {actions.shape}, ended {ended.shape}; "
                f"accepted: {shapes[0]} and {shapes[1]}"
            )
        finished = []
        for index, pair in enumerate(actions):
            self._actions[index].append(pair)
            if ended[index]:
                finished.append(self._take(index))
                self._episode[index] += 1
                self._actions[index] = []
        return finished

    def unfinished(self) -> list[Battle]:
        """What every instance has played of its battle so far."""
        return [self._take(index) for index in range(self.num_envs)]

    def _take(self, index: int) -> Battle:
        key = env_key(self._root, self._first + index, self._episode[index])
        return from_key(key, self.format, self._actions[index])


class Twin(Protocol):
    """A batch of two players, of as many instances."""

    def import_state(self, rows: np.ndarray) -> None:
        """Take over all states."""

    def legal(self) -> np.ndarray | None:
        """(N, 2, 10) bool."""


def with_opponent(actions: Any, rows: np.ndarray, opponent: int, twin: Twin) -> np.ndarray:
    """Both players' actions, (N, 2), of a step in which a built-in opponent played.

    Args:
        actions: (N,), of the one player.
        rows: (N, state_bytes), the states before the step.
        opponent: the parameter, 1 to 3.
        twin: a batch with `opponent` 0, on any backend, which tells what the opponent may choose.
    """
    states = SPEC.unpack(rows)
    twin.import_state(rows)
    legal = twin.legal()
    assert legal is not None
    chosen = []
    for state, mask in zip(states, legal[:, 1], strict=True):
        root = (int(state["root"][0]), int(state["root"][1]))
        key = env_key(root, int(state["env_index"]), int(state["episode"]))
        word = threefry2x32(key, (int(state["t"]) + 1, SPEC.slots["opponent"]))[0]
        chosen.append(opponents.play(opponent, state, mask, word))
    return np.stack([np.asarray(actions), np.array(chosen)], axis=1)
