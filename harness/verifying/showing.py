"""The one step that shows a missed bar: what a bundle holds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.registry import Entry
from harness.verifying.compare import RAISED, Difference
from harness.verifying.errors import ErrorComparator
from harness.verifying.judging import Violation
from harness.verifying.measure import Unit
from harness.verifying.trial import Start, Trial


@dataclass(frozen=True)
class Shown:
    """A start and one action for each instance that lead to the difference."""

    start: Start
    actions: np.ndarray  # (1, N, ...)
    difference: Difference
    reproduced: bool


def show(
    entry: Entry, backend: str, params: dict[str, Any], unit: Unit, violation: Violation
) -> Shown:
    """Step the violation's state alone, or with its whole unit where it is not off alone."""
    comparator = ErrorComparator(entry.spec.under(params), violation.bound)
    lane = violation.lane
    return _shown(Trial(entry, backend, params, comparator), unit, [lane], violation.why)


def show_raised(
    entry: Entry, backend: str, params: dict[str, Any], unit: Unit, raised: Difference
) -> Shown:
    """Look for the state whose step raises alone, too."""
    comparator = ErrorComparator(entry.spec.under(params), math.inf)
    trial = Trial(entry, backend, params, comparator)
    every = raised.field == RAISED  # an error is one of the whole batch
    lanes = range(len(unit.rows)) if every else range(raised.lane, raised.lane + 1)
    return _shown(trial, unit, lanes, raised.describe(), raised)


def _shown(
    trial: Trial, unit: Unit, lanes: Iterable[int], why: str, seen: Difference | None = None
) -> Shown:
    try:
        for lane in lanes:
            alone = Start(1, rows=unit.rows[lane][None])
            actions = unit.actions[lane][None, None]
            difference = trial.run(alone, actions)
            if difference is not None:
                return Shown(alone, actions, difference, reproduced=True)
        everything = Start(len(unit.rows), rows=unit.rows)
        difference = trial.run(everything, unit.actions[None])
        found = difference or seen or Difference(1, 0, "error", "as before", why)
        return Shown(everything, unit.actions[None], found, difference is not None)
    finally:
        trial.close()
