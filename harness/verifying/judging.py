"""Whether the errors of a class of states meet its bar, and what shows it if they do not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from harness.verifying.errors import statistics
from harness.verifying.measure import Bar


@dataclass(frozen=True)
class Violation:
    """A class of states in which a backend misses its bar, and the state that shows it best."""

    kind: str
    index: int
    """Of the state, among those of its class."""
    unit: int
    lane: int
    why: str
    bound: float


@dataclass(frozen=True)
class Missed:
    """Why a bar is missed, and the state that shows it."""

    why: str
    at: int
    """Index of that state."""
    bound: float
    """The error that would have been accepted there."""


def judged(
    bar: Bar, errors: np.ndarray, rounded: np.ndarray | None
) -> tuple[dict[str, Any], Missed | None]:
    """Statistics of one class of states, and how they miss its bar, if they do.

    Args:
        errors: (N,), of the backend.
        rounded: (N,), of the rounded reference on the same states.
    """
    exception = errors > bar.limit
    accepted = bar.accepted(np.zeros(len(errors)) if rounded is None else rounded)
    worse = errors > accepted
    within = float((errors <= bar.within).mean())
    missed = None
    if within < bar.share:
        at = int(errors.argmax())
        why = f"{within:.3%} of the states are within {bar.within:g}, not {bar.share:.1%}"
        missed = Missed(why, at, bar.within)
    if worse.any():
        at = int(np.argmax(errors / accepted))
        why = f"{int(worse.sum())} states are off by more than is accepted"
        missed = Missed(f"{why}; {missed.why}" if missed else why, at, float(accepted[at]))
    found: dict[str, Any] = {
        "bar": asdict(bar),
        "share_within": within,
        "exceptions": int(exception.sum()),
        "exceptions_not_accepted": int(worse.sum()),
        "error": statistics(errors),
    }
    if rounded is not None:
        found["rounded"] = {
            "exceptions": int((rounded > bar.limit).sum()),
            "error": statistics(rounded),
        }
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = errors[exception] / rounded[exception]
        finite = ratio[np.isfinite(ratio)]
        found["exceptions_to_rounded"] = float(finite.max()) if len(finite) else None
    return found, missed
