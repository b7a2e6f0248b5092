"""Random legal actions of the verifier's own making, the same for every implementation.

An action depends on seed, env_index and step alone, so that a lane gets the same ones in a batch
of any size. Lanes differ in how long they hold an action: uniform noise hardly ever drives a
paddle into a wall or repeats a choice ten times, and held actions do.
"""

from __future__ import annotations

import numpy as np

from references.contract import BoxAction, DiscreteAction

HOLDS = (1, 4, 16, 64)
"""How many steps a lane holds an action; lane env_index has HOLDS[env_index % 4]."""

_CHOICE, _MAGNITUDE = 0, 1
_WEYL = np.uint64(0x9E3779B97F4A7C15)


def random_words(seed: int, env_index: np.ndarray, step: np.ndarray, slot: int) -> np.ndarray:
    """u64 words that depend on nothing but the arguments (SplitMix64's finaliser, twice).

    Args:
        env_index, step: u64, broadcast against each other.
    """
    with np.errstate(over="ignore"):
        lanes = _mix(np.uint64(seed) + _WEYL * (env_index + np.uint64(1)))
        counter = step * np.uint64(8) + np.uint64(slot + 1)
        return _mix(lanes + _WEYL * counter)


def _mix(words: np.ndarray) -> np.ndarray:
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(words ^ (words >> np.uint64(31)))


class ActionSource:
    """The actions of a batch of lanes, step after step.

    Args:
        layout: the action layout under the parameters in force.
        num_players: with more than one, actions have a player axis after the lanes.
        env_index: (N,) global indices of the lanes.
    """

    def __init__(
        self, layout: DiscreteAction | BoxAction, num_players: int, seed: int, env_index: np.ndarray
    ) -> None:
        self.layout = layout
        self.seed = seed
        self.num_players = num_players
        self.env_index = env_index.astype(np.uint64)
        self.hold = np.array([HOLDS[int(i) % len(HOLDS)] for i in env_index], np.uint64)

    def __call__(
        self, step: int, legal: np.ndarray | None, acting: np.ndarray | None
    ) -> np.ndarray:
        """Actions of step `step`, which counts from 0: i32 (N,) or (N, P), or f32 (N, *shape).

        Args:
            legal: the masks now, None for continuous actions.
            acting: who must choose; the others get the dummy action 0.
        """
        # A held stretch that becomes illegal is broken by the choice among what is legal now.
        stretch = np.uint64(step) // self.hold
        if isinstance(self.layout, BoxAction):
            return self._box(stretch)
        assert legal is not None, "discrete actions have a mask"
        masks = legal.reshape(len(self.env_index), self.num_players, self.layout.n)
        chosen = np.zeros(masks.shape[:2], np.int32)
        for player in range(self.num_players):
            words = random_words(self.seed, self.env_index, stretch, 2 * player + _CHOICE)
            mask = masks[:, player]
            rank = (words % mask.sum(-1).astype(np.uint64)).astype(np.int64)
            chosen[:, player] = ((mask.cumsum(-1) - 1 == rank[:, None]) & mask).argmax(-1)
        if acting is not None:
            chosen[~acting.reshape(chosen.shape)] = 0
        return chosen[:, 0] if self.num_players == 1 else chosen

    def _box(self, stretch: np.ndarray) -> np.ndarray:
        """Uniform, but the lowest, the highest and their mean in an eighth of the cases each."""
        layout = self.layout
        assert isinstance(layout, BoxAction)
        players = () if self.num_players == 1 else (self.num_players,)
        shape = (len(self.env_index), *players, *layout.shape)
        size = int(np.prod(shape[1:]))
        element = np.arange(size, dtype=np.uint64)
        # Elements of one action are told apart by the index, so that `stretch` stays a time.
        index = self.env_index[:, None] * np.uint64(size) + element
        kind = random_words(self.seed, index, stretch[:, None], _CHOICE) % np.uint64(8)
        words = random_words(self.seed, index, stretch[:, None], _MAGNITUDE)
        share = (words >> np.uint64(40)).astype(np.float64) * 2.0**-24
        values = layout.low + (layout.high - layout.low) * share
        values = np.where(kind == 0, layout.low, values)
        values = np.where(kind == 1, layout.high, values)
        values = np.where(kind == 2, (layout.low + layout.high) / 2, values)
        return np.clip(values.astype(np.float32), layout.low, layout.high).reshape(shape)
