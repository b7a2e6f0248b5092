"""Level 3 of an inexact environment: one step from many injected states, and how far it is off."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness import implementations
from harness.registry import Entry
from harness.verifying.compare import (
    Difference,
    Snapshot,
    attempt,
    snapshot_step,
)
from harness.verifying.errors import ErrorComparator
from harness.verifying.judging import Violation, judged
from harness.verifying.measure import Measure, Params, Unit, drawn_unit, measure
from harness.verifying.rollout import Plan
from references.batch import ReferenceBatch

ROUNDED = "rounded reference"
"""What stands for a backend where the reference with its state rounded is measured."""

Progress = Callable[[int], None]
Units = Callable[[int], Unit]


@dataclass
class Errors:
    """What one implementation's steps from the states of a plan were off by."""

    name: str
    units: list[np.ndarray] = field(default_factory=list)
    """(N,) f64 each: over all of STATE, the observations and the reward."""
    raised: Difference | None = None
    """A difference that is no number, which ended the comparison."""
    raised_in: int = 0
    """The unit of that."""


@dataclass
class Outcome:
    """What came out for one backend."""

    backend: str
    units: int
    states: int
    complete: bool
    classes: dict[str, dict[str, Any]]
    violations: list[Violation]
    raised: Difference | None
    raised_in: int


def run(
    entry: Entry,
    params: dict[str, Any],
    plan: Plan,
    backends: Mapping[str, implementations.Batch],
    units: Units,
    progress: Progress = lambda done: None,
) -> tuple[list[Outcome], float]:
    """Step every state of the plan's units with the reference and each backend.

    An interrupt ends the run; nothing is complete then, for shares are of whole plans.

    Args:
        backends: batches of as many instances as a unit has states.
        units: gives a unit by its number.

    Returns:
        The outcomes in the order of `backends`, and the seconds spent drawing and stepping.
    """
    started = time.perf_counter()
    session = _Run(entry, params, backends)
    numbers = plan.shard.of(range(plan.episodes))
    kinds, indices = [], []
    try:
        for done, number in enumerate(numbers, 1):
            unit = units(number)
            kinds.append(unit.kind)
            indices.append(unit.index)
            session.step(number, unit)
            progress(done)
    except KeyboardInterrupt:
        interrupted = True
    else:
        interrupted = False
    seconds = time.perf_counter() - started
    outcomes = [
        _outcome(session, errors, numbers, kinds, indices, interrupted)
        for errors in session.errors.values()
        if errors.name != ROUNDED
    ]
    return outcomes, seconds


class _Run:
    """The reference, its rounded twin, and the backends that have raised nothing."""

    def __init__(
        self,
        entry: Entry,
        params: dict[str, Any],
        backends: Mapping[str, implementations.Batch],
    ) -> None:
        self.entry = entry
        self.measure = measure(entry)
        self.bars = self.measure.bars(params)
        count = self.measure.unit
        self.reference = implementations.make_batch(entry, "reference", count, params)
        self.batches: dict[str, implementations.Batch] = dict(backends)
        if any(bar.factor is not None for bar in self.bars.values()):
            own = {name: value for name, value in params.items() if name != "max_episode_steps"}
            limit = entry.spec.check_params(params)["max_episode_steps"]
            self.batches[ROUNDED] = ReferenceBatch(self.measure.rounded(**own), count, limit)
        self.errors = {name: Errors(name) for name in self.batches}
        spec = entry.spec.under(params)
        self.comparator = ErrorComparator(spec, math.inf)

    def step(self, number: int, unit: Unit) -> None:
        """Step all from one unit's states, and keep the errors."""
        self.reference.import_state(unit.rows)
        expected = snapshot_step(self.reference, self.reference.step(unit.actions))
        for name, errors in self.errors.items():
            if errors.raised is not None:
                continue
            got = _stepped(self.batches[name], unit)
            if isinstance(got, Snapshot):
                layout = self.comparator.layout_error(1, expected, got)
                got = got if layout is None else layout
            if isinstance(got, Difference):
                if name == ROUNDED:
                    raise RuntimeError(f"the {ROUNDED}: {got.describe()}")
                errors.raised, errors.raised_in = got, number
                continue
            errors.units.append(self.comparator.errors(expected, got))


def _stepped(batch: implementations.Batch, unit: Unit) -> Snapshot | Difference:
    def act() -> Snapshot:
        batch.import_state(unit.rows)
        return snapshot_step(batch, batch.step(unit.actions))

    return attempt(1, act)


def _outcome(
    session: _Run,
    errors: Errors,
    numbers: list[int],
    kinds: list[np.ndarray],
    indices: list[np.ndarray],
    interrupted: bool,
) -> Outcome:
    """Judge one backend's errors, class by class."""
    outcome = Outcome(
        backend=errors.name,
        units=len(errors.units),
        states=sum(map(len, errors.units)),
        complete=errors.raised is not None or not interrupted,
        classes={},
        violations=[],
        raised=errors.raised,
        raised_in=errors.raised_in,
    )
    if errors.raised is not None or interrupted:
        return outcome
    kind, index = np.concatenate(kinds), np.concatenate(indices)
    unit = np.repeat(numbers, session.measure.unit)
    lane = np.tile(np.arange(session.measure.unit), len(numbers))
    off = np.concatenate(errors.units)
    twin = session.errors.get(ROUNDED)
    rounded = None if twin is None else np.concatenate(twin.units)
    for number, name in enumerate(session.measure.classes):
        mine = kind == number
        bar = session.bars[name]
        found, missed = judged(bar, off[mine], None if rounded is None else rounded[mine])
        outcome.classes[name] = found
        if missed is not None:
            at = np.flatnonzero(mine)[missed.at]
            place = (int(index[at]), int(unit[at]), int(lane[at]))
            violation = Violation(name, *place, missed.why, missed.bound)
            outcome.violations.append(violation)
    return outcome


def unit_source(entry: Entry, params: Params, seed: int) -> Units:
    """Gives the entry's units under one seed, by number."""
    chosen: Measure = measure(entry)
    return lambda number: drawn_unit(entry.spec, chosen, params, seed, number)
