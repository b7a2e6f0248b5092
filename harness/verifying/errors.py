"""How far a backend is off, and what a set of such errors amounts to.

The error of a number is |got - expected| / max(1, |expected|); that of an instance is the largest
over the floats of STATE, the observations and the reward. What is no float must be equal.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from harness.verifying.compare import (
    Difference,
    ExactComparator,
    Snapshot,
    label,
    value_and_hex,
)
from references.contract import EnvSpec

QUANTILES = {"q50": 0.5, "q99": 0.99, "q995": 0.995}
BOUNDS = tuple(float(f"1e-{digits}") for digits in range(9, 1, -1))
"""Errors up to each of these are counted."""
BINS_A_DECADE = 20
"""Of the histogram that the quantiles of several shards together are read from."""


def relative_error(expected: np.ndarray, got: np.ndarray) -> np.ndarray:
    """f64, of the arrays' shape: 0 for equal numbers, infinite where just one is not finite."""
    want, have = np.asarray(expected, np.float64), np.asarray(got, np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(have - want) / np.maximum(1.0, np.abs(want))
    same = (want == have) | (np.isnan(want) & np.isnan(have))
    finite = np.isfinite(want) & np.isfinite(have)
    return np.where(same, 0.0, np.where(finite, error, np.inf))


class ErrorComparator(ExactComparator):
    """Floats within one relative error, see above; all else bit for bit.

    Args:
        bound: the largest error that counts as the same.
    """

    def __init__(self, spec: EnvSpec, bound: float) -> None:
        super().__init__(spec)
        self.bound = bound

    def errors(self, expected: Snapshot, got: Snapshot) -> np.ndarray:
        """(N,) f64: each instance's error, infinite where something that is no float differs."""
        worst = self.state_errors(expected.rows, got.rows)
        for name in Snapshot._fields[1:]:
            want, have = getattr(expected, name), getattr(got, name)
            if want is None:
                continue
            found = _error(want, have).reshape(len(worst), -1).max(-1)
            if name == "final_obs":
                found = np.where(expected.ended, found, 0.0)
            worst = np.maximum(worst, found)
        return worst

    def state_errors(self, expected: np.ndarray, got: np.ndarray) -> np.ndarray:
        """(N,) f64: the errors of packed rows alone."""
        old, new = (rows.copy().view(self.spec.row_dtype)[:, 0] for rows in (expected, got))
        found = [
            _error(old[name], new[name]).reshape(len(old), -1).max(-1)
            for name in self.spec.row_dtype.names or ()
        ]
        return np.asarray(np.max(found, axis=0))

    def first(self, step: int, expected: Snapshot, got: Snapshot) -> Difference | None:
        """The number that is off most, of the lane that is off most."""
        layout_error = self.layout_error(step, expected, got)
        if layout_error is not None:
            return layout_error
        errors = self.errors(expected, got)
        if not (errors > self.bound).any():
            return None
        lane = int(errors.argmax())
        found = sorted(self._worst(expected, got, lane), key=lambda each: -each[0])
        error, name, where, want, have = found[0]
        return Difference(
            step,
            lane,
            label(name, where),
            value_and_hex(want[where]),
            value_and_hex(have[where]),
            tuple(label(name, where) for _, name, where, _, _ in found[1:]),
            int((errors > self.bound).sum()),
            error if math.isfinite(error) else None,
            self.bound,
        )

    def differing(self, name: str, want: np.ndarray, have: np.ndarray) -> np.ndarray:
        """See `ExactComparator`."""
        return np.asarray(_error(want, have) > self.bound)

    def _worst(self, expected: Snapshot, got: Snapshot, lane: int) -> Any:
        """(error, name, index, expected, got): of each array beyond the bound, the worst number."""
        for name, want, have in self._arrays(expected, got, lane):
            want, have = np.asarray(want), np.asarray(have)
            error = _error(want, have)
            where = tuple(int(i) for i in np.unravel_index(int(error.argmax()), want.shape))
            if error[where] > self.bound:
                yield float(error[where]), name, where, want, have

    def _rows(self, want: np.ndarray, have: np.ndarray) -> np.ndarray:
        return self.state_errors(want, have) > self.bound


def _error(want: np.ndarray, have: np.ndarray) -> np.ndarray:
    """As above for floats; 0 or infinite for all else."""
    if np.asarray(want).dtype.kind == "f":
        return relative_error(want, have)
    return np.where(np.asarray(want) != np.asarray(have), np.inf, 0.0)


def statistics(errors: np.ndarray) -> dict[str, Any]:
    """Count, quantiles, largest, how many lie within each bound, and a histogram.

    A quantile is an error that occurred: the least that the share in question does not exceed.
    What is not finite is None, for JSON has no infinity.
    """
    ordered = np.sort(errors)
    at = {name: math.ceil(share * len(ordered)) - 1 for name, share in QUANTILES.items()}
    bins = Counter(_bin(float(error)) for error in ordered)
    return {
        "states": len(ordered),
        **{name: _finite(ordered[index]) for name, index in at.items()},
        "max": _finite(ordered[-1]),
        "within": {f"{bound:.0e}": int((ordered <= bound).sum()) for bound in BOUNDS},
        "histogram": {name: bins[name] for name in sorted(bins, key=_edge)},
    }


def merged(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The statistics of several sets together.

    Quantiles are rounded up to the histogram's bins (12 %) where there is more than one set.
    """
    if len(parts) == 1:
        return dict(parts[0])
    bins: Counter[str] = Counter()
    within: Counter[str] = Counter()
    for part in parts:
        bins.update(part["histogram"])
        within.update(part["within"])
    names = sorted(bins, key=_edge)
    reached = np.cumsum([bins[name] for name in names])
    total = int(reached[-1])
    quantiles = {
        name: _finite(_edge(names[int(np.searchsorted(reached, math.ceil(share * total)))]))
        for name, share in QUANTILES.items()
    }
    largest = [math.inf if part["max"] is None else part["max"] for part in parts]
    return {
        "states": total,
        **quantiles,
        "max": _finite(max(largest)),
        "within": dict(within),
        "histogram": {name: bins[name] for name in names},
    }


def _bin(error: float) -> str:
    """The name of an error's bin: "zero", "infinite", or the index of its upper edge."""
    if error == 0 or not math.isfinite(error):
        return "infinite" if error else "zero"
    return str(math.ceil(math.log10(error) * BINS_A_DECADE))


def _edge(name: str) -> float:
    """The largest error in a bin."""
    ends = {"zero": 0.0, "infinite": math.inf}
    return ends[name] if name in ends else float(10.0 ** (int(name) / BINS_A_DECADE))


def _finite(error: float) -> float | None:
    return float(error) if math.isfinite(error) else None
