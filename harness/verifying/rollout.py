"""Level 3: whole episodes of every backend beside the reference, compared after every step."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from harness import implementations
from harness.registry import Entry
from harness.shard import Shard
from harness.verifying.actions import ActionSource
from harness.verifying.compare import (
    RAISED,
    Difference,
    Snapshot,
    attempt,
    comparator,
    named,
    snapshot_reset,
    snapshot_step,
)
from harness.verifying.trial import Shrunk, Start, Trial, begin, judge, shrink, stepped
from references.contract import TallyReference

MAX_LANES = 128
"""Instances stepped together; each compares its share of the episodes."""


WHOLE = Shard(1, 1)


@dataclass(frozen=True)
class Plan:
    """Which whole episodes to compare. All shards of a plan together are the unsharded plan."""

    episodes: int
    seed: int
    shard: Shard = WHOLE
    against: str = "reference"
    """The implementation that the backends are compared with."""

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
        whole = implementations.make_batch(entry, self.against, self.total_lanes, params)
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
    complete: bool = False
    """False if the run was interrupted before it was decided."""
    difference: Difference | None = None
    env_index: int = 0
    episode: int = 0
    episode_step: int = 0
    """Index of the first action of the episode that differs."""
    injected: bool = False
    """Whether it differs in a step from one of the entry's states, not in a rollout."""
    shrunk: Shrunk | None = None
    tally: dict[str, int] = field(default_factory=dict)
    """What the reference counted of what happened; see `references.contract.TallyReference`."""


@dataclass
class _History:
    """What is needed to reproduce a difference: all actions, and where episodes began."""

    start: Start
    rows: np.ndarray  # (N, state_bytes) u8, the reference's at the start of the lane's episode
    first_step: np.ndarray  # (N,) index of the episode's first action
    before: np.ndarray  # (N, state_bytes) u8, the reference's before the latest action
    actions: list[np.ndarray] = field(default_factory=list)

    def advance(self, rows: np.ndarray, ended: np.ndarray) -> None:
        """New episodes begin after the latest action."""
        self.rows[ended] = rows[ended]
        self.first_step[ended] = len(self.actions)

    def copy(self) -> _History:
        """What later steps leave as it is."""
        rows, first_step = self.rows.copy(), self.first_step.copy()
        return replace(self, rows=rows, first_step=first_step, actions=list(self.actions))


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

    Then take one step from each of the states that the entry gives. An interrupt ends the run;
    the outcomes that were decided before it are complete.

    Args:
        backends: batches of `len(plan.env_index)` instances by name.

    Returns:
        The outcomes in the order of `backends`, and the seconds spent stepping and comparing.
    """
    started = time.perf_counter()
    session = _Run(entry, params, plan, backends)
    try:
        session.rollouts(progress)
        session.injected()
        session.count()
    except KeyboardInterrupt:
        interrupted = True
    else:
        interrupted = False
    seconds = time.perf_counter() - started
    for outcome in session.outcomes.values():
        outcome.complete = outcome.difference is not None or not interrupted
        if outcome.difference is not None:
            _shrink(entry, params, outcome, session.histories[outcome.backend])
    return list(session.outcomes.values()), seconds


class _Run:
    """The reference, the backends that have not differed yet, and what came out so far."""

    def __init__(
        self,
        entry: Entry,
        params: dict[str, Any],
        plan: Plan,
        backends: Mapping[str, implementations.Batch],
    ) -> None:
        self.entry = entry
        self.params = params
        self.plan = plan
        self.compare = comparator(entry, params)
        self.num_envs = len(plan.env_index)
        self.reference = implementations.make_batch(entry, plan.against, self.num_envs, params)
        self.running = dict(backends)
        self.outcomes = {name: Outcome(name) for name in backends}
        self.histories: dict[str, _History] = {}

    def rollouts(self, progress: Progress) -> None:
        """Whole episodes, until every lane has finished its share."""
        quota = self.plan.quota
        finished = np.zeros(self.num_envs, np.int64)
        start = self.plan.start(self.entry, self.params)
        for step, ended in self._lockstep(start, self.plan.env_index):
            finished += ended
            done = int(np.minimum(finished, quota).sum())
            for name in self.running:
                self.outcomes[name].episodes = done
                self.outcomes[name].steps = step * self.num_envs
            progress(done)
            if (finished >= quota).all():
                break

    def count(self) -> None:
        """Note what the reference tells of what happened, if it does."""
        reference = getattr(self.reference, "reference", None)
        if isinstance(reference, TallyReference):
            for name in self.running:
                self.outcomes[name].tally = reference.tally()

    def injected(self) -> None:
        """One step from each of this shard's share of the entry's states."""
        if not self.entry.states:
            return
        module, name = self.entry.states.split(":")
        rows = getattr(importlib.import_module(module), name)(self.params, self.plan.seed)
        self.entry.spec.unpack(rows)
        mine = np.array(self.plan.shard.of(range(len(rows))), np.int64)
        for first in range(0, len(mine), self.num_envs):
            chunk = mine[first : first + self.num_envs]
            lanes = np.resize(chunk, self.num_envs)  # a last, short chunk is repeated
            before = set(self.running)
            steps = self._lockstep(Start(self.num_envs, rows=rows[lanes]), lanes)
            for step, _ in steps:
                if step == 1:
                    break
            for name in self.running:
                self.outcomes[name].steps += len(chunk)
            for name in before - set(self.running):
                self.outcomes[name].injected = True

    def _lockstep(self, start: Start, index: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Step and compare as long as a backend is left: (steps so far, whose episode ended).

        Args:
            index: (N,) what the lanes' actions hang on.
        """
        spec = self.entry.spec.under(self.params)
        layout = spec.action(spec.check_params(self.params))
        source = ActionSource(layout, spec.num_players, self.plan.seed, index)
        choose = None
        if self.entry.habits:
            choose = named(self.entry, self.entry.habits)(self.params, self.plan.seed)
        if not self.running:
            return
        expected = snapshot_reset(self.reference, begin(self.reference, start))
        got: dict[str, Snapshot | Difference] = {
            name: attempt(0, partial(_started, batch, start))
            for name, batch in self.running.items()
        }
        first_step = np.zeros(self.num_envs, np.int64)
        history = _History(start, expected.rows.copy(), first_step, expected.rows)
        while True:
            step = len(history.actions)
            for name in list(self.running):
                difference = judge(self.compare, step, expected, got[name])
                if difference is not None:
                    self.histories[name] = history.copy()
                    _locate(self.entry, self.outcomes[name], difference, self.histories[name])
                    del self.running[name]
            history.advance(expected.rows, expected.ended)
            yield step, expected.ended
            if not self.running:
                return
            action = source(step, expected.legal, expected.acting)
            if choose is not None and expected.obs is not None:
                action = choose(step, index, expected.obs, expected.legal, action)
            before = expected
            history.actions.append(action)
            history.before = before.rows
            expected = snapshot_step(self.reference, self.reference.step(action))
            got = {
                name: stepped(self.entry, batch, step + 1, before, action)
                for name, batch in self.running.items()
            }


def _started(batch: implementations.Batch, start: Start) -> Snapshot:
    return snapshot_reset(batch, begin(batch, start))


def _locate(entry: Entry, outcome: Outcome, difference: Difference, history: _History) -> None:
    """Note which episode differs and how it began."""
    outcome.difference = difference
    row = history.rows[difference.lane].copy().view(entry.spec.row_dtype)[0]
    outcome.env_index = int(row["env_index"])
    outcome.episode = int(row["episode"])
    outcome.episode_step = int(history.first_step[difference.lane])


def _shrink(entry: Entry, params: dict[str, Any], outcome: Outcome, history: _History) -> None:
    """Shrink the lane's episode alone; if it behaves alone, keep the whole batch as it was."""
    trial = Trial(entry, outcome.backend, params)
    try:
        if outcome.difference is not None and outcome.difference.field == RAISED:
            _find_lane(trial, outcome, outcome.difference, history)
        difference = outcome.difference
        assert difference is not None
        lane, last = difference.lane, difference.step
        mine = [action[lane : lane + 1] for action in history.actions[outcome.episode_step : last]]
        alone = Start(1, rows=history.rows[lane][None])
        outcome.shrunk = shrink(trial, alone, _stacked(mine, 1), difference)
        if outcome.shrunk is None:
            everything = _stacked(history.actions[:last], history.start.num_envs)
            again = trial.run(history.start, everything)
            found = again or difference
            outcome.shrunk = Shrunk(history.start, everything, found, again is not None)
    finally:
        trial.close()


def _find_lane(trial: Trial, outcome: Outcome, difference: Difference, history: _History) -> None:
    """An error is one of the whole batch: look for the lane whose step raises alone, too."""
    for lane in range(history.start.num_envs if history.actions else 0):
        action = history.actions[-1][lane : lane + 1]
        found = trial.run(Start(1, rows=history.before[lane][None]), action[None])
        if found is not None and found.field == RAISED:
            _locate(trial.entry, outcome, replace(difference, lane=lane), history)
            return


def _stacked(actions: Sequence[np.ndarray], num_envs: int) -> np.ndarray:
    """(T, N, ...), also for T = 0."""
    return np.stack(actions) if actions else np.zeros((0, num_envs), np.int32)
