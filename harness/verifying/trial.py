"""Steps one backend beside the reference from a given start with given actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness import implementations
from harness.registry import Entry
from harness.verifying.compare import (
    RAISED,
    Comparator,
    Difference,
    Snapshot,
    attempt,
    comparator,
    snapshot_reset,
    snapshot_step,
)
from references.contract import DiscreteAction, EnvSpec


@dataclass(frozen=True)
class Start:
    """Where a run begins: a reset under a seed, or packed state rows that are imported."""

    num_envs: int
    seed: int | None = None
    rows: np.ndarray | None = None  # (num_envs, state_bytes) u8


class Trial:
    """Runs a backend beside the reference again and again; batches are made once a size."""

    def __init__(
        self,
        entry: Entry,
        backend: str,
        params: dict[str, Any],
        compare: Comparator | None = None,
    ) -> None:
        self.entry = entry
        self.backend = backend
        self.params = params
        self.comparator = compare or comparator(entry, params)
        self._batches: dict[tuple[str, int], implementations.Batch] = {}

    def batch(self, impl: str, num_envs: int) -> implementations.Batch:
        """The implementation's batch of that size."""
        key = (impl, num_envs)
        if key not in self._batches:
            self._batches[key] = implementations.make_batch(self.entry, impl, num_envs, self.params)
        return self._batches[key]

    def run(self, start: Start, actions: np.ndarray) -> Difference | None:
        """The first difference, None if there is none or an action turns out to be illegal.

        Args:
            actions: (T, N, ...), the actions of T steps.
        """
        reference = self.batch("reference", start.num_envs)
        backend = self.batch(self.backend, start.num_envs)
        expected = snapshot_reset(reference, begin(reference, start))
        got = attempt(0, lambda: snapshot_reset(backend, begin(backend, start)))
        difference = judge(self.comparator, 0, expected, got)
        for step, action in enumerate(actions, 1):
            if difference is not None:
                break
            if not is_legal(self.entry.spec, self.params, action, reference.legal()):
                return None
            before = expected
            expected = snapshot_step(reference, reference.step(action))
            got = stepped(self.entry, backend, step, before, action)
            difference = judge(self.comparator, step, expected, got)
        if difference is not None and difference.field == RAISED:
            # Whatever state it is in now, the next run gets a new one.
            self._batches.pop((self.backend, start.num_envs)).close()
        return difference

    def reference_rows(self, start: Start, actions: np.ndarray) -> list[np.ndarray]:
        """The reference's state rows before each of the actions."""
        reference = self.batch("reference", start.num_envs)
        begin(reference, start)
        rows = []
        for action in actions:
            rows.append(reference.export_state())
            reference.step(action)
        return rows

    def close(self) -> None:
        """Release the batches."""
        for batch in self._batches.values():
            batch.close()
        self._batches.clear()


def judge(
    compare: Comparator, step: int, expected: Snapshot, got: Snapshot | Difference
) -> Difference | None:
    """The first difference, which an error of the backend's is too."""
    return got if isinstance(got, Difference) else compare.first(step, expected, got)


def stepped(
    entry: Entry, batch: implementations.Batch, step: int, before: Snapshot, action: np.ndarray
) -> Snapshot | Difference:
    """Step a backend, in one-step mode from the state that the reference had before."""

    def act() -> Snapshot:
        if entry.mode == "one-step":
            batch.import_state(before.rows)
        return snapshot_step(batch, batch.step(action))

    return attempt(step, act)


def begin(batch: implementations.Batch, start: Start) -> np.ndarray | None:
    """Reset or import; the observations, if it was a reset."""
    if start.rows is None:
        assert start.seed is not None
        return batch.reset(start.seed)
    batch.import_state(start.rows)
    return None


def is_legal(
    spec: EnvSpec, params: dict[str, Any], action: np.ndarray, legal: np.ndarray | None
) -> bool:
    """Whether the masks allow every lane's (and player's) action."""
    if legal is None:
        return True
    layout = spec.action(spec.check_params(params))
    assert isinstance(layout, DiscreteAction)
    masks = legal.reshape(-1, layout.n)
    return bool(masks[np.arange(len(masks)), action.reshape(-1)].all())


MAX_TRIALS = 300
"""Runs that shrinking may spend."""


@dataclass(frozen=True)
class Shrunk:
    """A shorter way to the same difference. `reproduced` is False if no run showed it again."""

    start: Start
    actions: np.ndarray  # (T, num_envs, ...)
    difference: Difference
    reproduced: bool


def shrink(trial: Trial, start: Start, actions: np.ndarray, found: Difference) -> Shrunk | None:
    """A start and actions that still lead to a difference in the same field, or None.

    Cuts what follows the difference, starts as late as possible from an exported state, then
    removes stretches of actions and replaces the rest by 0 while the difference stays.
    """
    field = found.field.split("[")[0]
    left = MAX_TRIALS

    def still_fails(start: Start, actions: np.ndarray) -> Difference | None:
        nonlocal left
        left -= 1
        difference = trial.run(start, actions) if left >= 0 else None
        same = difference is not None and difference.field.split("[")[0] == field
        return difference if same else None

    difference = still_fails(start, actions)
    if difference is None:
        return None
    actions = actions[: difference.step]
    start, actions, difference = _start_later(trial, start, actions, difference, still_fails)
    for simplify in (_without, _zeroed):
        actions, difference = _simplified(simplify, start, actions, difference, still_fails)
    return Shrunk(start, actions, difference, reproduced=True)


Fails = Callable[[Start, np.ndarray], Difference | None]


def _start_later(
    trial: Trial, start: Start, actions: np.ndarray, difference: Difference, still_fails: Fails
) -> tuple[Start, np.ndarray, Difference]:
    """Import the state 1, 2, 4, ... steps before the end instead."""
    rows = trial.reference_rows(start, actions)
    back = 1
    while back < len(actions):
        later = replace(start, seed=None, rows=rows[len(actions) - back])
        found = still_fails(later, actions[-back:])
        if found is not None:
            return later, actions[-back:][: found.step], found
        back *= 2
    return start, actions, difference


def _without(actions: np.ndarray, begin: int, end: int) -> np.ndarray:
    return np.concatenate([actions[:begin], actions[end:]])


def _zeroed(actions: np.ndarray, begin: int, end: int) -> np.ndarray:
    changed = actions.copy()
    changed[begin:end] = 0
    return changed


def _simplified(
    simplify: Callable[[np.ndarray, int, int], np.ndarray],
    start: Start,
    actions: np.ndarray,
    difference: Difference,
    still_fails: Fails,
) -> tuple[np.ndarray, Difference]:
    """Delta debugging: simplify ever smaller stretches as long as the difference stays."""
    size = max(len(actions), 1)
    while size >= 1:
        begin = 0
        while begin < len(actions):
            candidate = simplify(actions, begin, min(begin + size, len(actions)))
            changed = len(candidate) != len(actions) or not np.array_equal(candidate, actions)
            found = still_fails(start, candidate) if changed else None
            if found is None:
                begin += size
                continue
            if len(candidate) == len(actions):
                begin += size
            actions, difference = candidate[: found.step], found
        size //= 2
    return actions, difference
