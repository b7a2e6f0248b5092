"""Level 3: whole episodes of every backend beside the reference, compared after every step."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness import implementations
from harness.registry import Entry
from harness.shard import Shard
from harness.verifying.actions import ActionSource
from harness.verifying.compare import Difference, comparator, snapshot_reset, snapshot_step
from harness.verifying.trial import Shrunk, Start, Trial, begin, shrink

EPISODE_BYTES = slice(16, 20)
"""Where `episode` stands in every packed state row; see references.contract.HEADER."""

MAX_LANES = 128
"""Instances stepped together; each compares its share of the episodes."""


WHOLE = Shard(1, 1)


@dataclass(frozen=True)
class Plan:
    """Which whole episodes to compare. All shards of a plan together are the unsharded plan."""

    episodes: int
    seed: int
    shard: Shard = WHOLE

    @property
    def total_lanes(self) -> int:
        """Lanes of all shards."""
        return min(self.episodes, MAX_LANES)

    @property
    def env_index(self) -> np.ndarray:
        """Global indices of this shard's lanes."""
        return np.array(self.shard.of(range(self.total_lanes)))

    @property
    def quota(self) -> np.ndarray:
        """Whole episodes that each of this shard's lanes compares."""
        each, more = divmod(self.episodes, self.total_lanes)
        return each + (self.env_index < more)

    def start(self, entry: Entry, params: dict[str, Any]) -> Start:
        """A reset; in a part of the plan, the rows that a reset of all lanes gives its lanes."""
        lanes = len(self.env_index)
        if self.shard == WHOLE:
            return Start(lanes, seed=self.seed)
        whole = implementations.make_batch(entry, "reference", self.total_lanes, params)
        whole.reset(self.seed)
        return Start(lanes, rows=whole.export_state()[self.env_index])


@dataclass
class Outcome:
    """What came out for one backend."""

    backend: str
    episodes: int = 0
    """Whole episodes that were compared and found equal."""
    steps: int = 0
    """Steps of single instances that were compared."""
    difference: Difference | None = None
    env_index: int = 0
    episode: int = 0
    episode_row: np.ndarray | None = None
    """(state_bytes,) u8, the reference's at the start of the episode that differs."""
    episode_step: int = 0
    """Index of that episode's first action."""
    shrunk: Shrunk | None = None


@dataclass
class _History:
    """What is needed to reproduce a difference: all actions, and where episodes began."""

    start: Start
    rows: np.ndarray  # (N, state_bytes) u8, the reference's at the start of the lane's episode
    first_step: np.ndarray  # (N,) index of the episode's first action
    actions: list[np.ndarray] = field(default_factory=list)

    def advance(self, rows: np.ndarray, ended: np.ndarray) -> None:
        """New episodes begin after the latest action."""
        self.rows[ended] = rows[ended]
        self.first_step[ended] = len(self.actions)


Progress = Callable[[int], None]
"""Called with the number of episodes compared so far."""


def run(
    entry: Entry,
    params: dict[str, Any],
    plan: Plan,
    backends: Mapping[str, implementations.Batch],
    progress: Progress = lambda episodes: None,
) -> tuple[list[Outcome], float]:
    """Compare until every lane has finished its share; a backend that differs is left out then.

    Args:
        backends: batches of `len(plan.env_index)` instances by name.

    Returns:
        The outcomes in the order of `backends`, and the seconds spent stepping and comparing.
    """
    started = time.perf_counter()
    spec = entry.spec
    compare = comparator(spec)
    start = plan.start(entry, params)
    reference = implementations.make_batch(entry, "reference", start.num_envs, params)
    layout = spec.action(spec.check_params(params))
    source = ActionSource(layout, spec.num_players, plan.seed, plan.env_index)
    outcomes = {name: Outcome(name) for name in backends}
    running = dict(backends)
    expected = snapshot_reset(reference, begin(reference, start))
    got = {name: snapshot_reset(batch, begin(batch, start)) for name, batch in running.items()}
    history = _History(start, expected.rows.copy(), np.zeros(start.num_envs, np.int64))
    finished = np.zeros(start.num_envs, np.int64)
    while True:
        for name in list(running):
            difference = compare.first(len(history.actions), expected, got[name])
            if difference is not None:
                _locate(outcomes[name], difference, plan, history)
                del running[name]
        history.advance(expected.rows, expected.ended)
        finished += expected.ended
        for name in running:
            outcomes[name].episodes = int(np.minimum(finished, plan.quota).sum())
            outcomes[name].steps = len(history.actions) * start.num_envs
        progress(int(np.minimum(finished, plan.quota).sum()))
        if not running or (finished >= plan.quota).all():
            break
        action = source(len(history.actions), expected.legal, expected.acting)
        history.actions.append(action)
        expected = snapshot_step(reference, reference.step(action))
        got = {name: snapshot_step(batch, batch.step(action)) for name, batch in running.items()}
    seconds = time.perf_counter() - started
    for outcome in outcomes.values():
        if outcome.difference is not None:
            outcome.shrunk = _shrink(entry, params, outcome, outcome.difference, history)
    return list(outcomes.values()), seconds


def _locate(outcome: Outcome, difference: Difference, plan: Plan, history: _History) -> None:
    """Note which episode differs and how it began."""
    lane = difference.lane
    outcome.difference = difference
    outcome.env_index = int(plan.env_index[lane])
    outcome.episode_row = history.rows[lane].copy()
    outcome.episode_step = int(history.first_step[lane])
    outcome.episode = int.from_bytes(outcome.episode_row[EPISODE_BYTES].tobytes(), "little")


def _shrink(
    entry: Entry,
    params: dict[str, Any],
    outcome: Outcome,
    difference: Difference,
    history: _History,
) -> Shrunk:
    """Shrink the lane's episode alone; if it behaves alone, keep the whole batch as it was."""
    assert outcome.episode_row is not None
    lane, last = difference.lane, difference.step
    trial = Trial(entry, outcome.backend, params)
    try:
        mine = [action[lane : lane + 1] for action in history.actions[outcome.episode_step : last]]
        alone = Start(1, rows=outcome.episode_row[None])
        shrunk = shrink(trial, alone, _stacked(mine, 1), difference)
        if shrunk is not None:
            return shrunk
        everything = _stacked(history.actions[:last], history.start.num_envs)
        again = trial.run(history.start, everything)
        return Shrunk(history.start, everything, again or difference, again is not None)
    finally:
        trial.close()


def _stacked(actions: Sequence[np.ndarray], num_envs: int) -> np.ndarray:
    """(T, N, ...), also for T = 0."""
    return np.stack(actions) if actions else np.zeros((0, num_envs), np.int32)
