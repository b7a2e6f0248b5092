"""What is told of a row's repeats."""

from __future__ import annotations

import statistics
from typing import NamedTuple


class Summary(NamedTuple):
    """Of rates in environment steps a second."""

    median: float
    iqr: float  # between the quartiles
    cv: float  # standard deviation over mean


def summary(rates: list[float]) -> Summary:
    """Median, interquartile range and coefficient of variation; no spread for a single rate."""
    if len(rates) < 2:
        return Summary(rates[0], 0.0, 0.0)
    low, median, high = statistics.quantiles(rates, n=4, method="inclusive")
    return Summary(median, high - low, statistics.stdev(rates) / statistics.fmean(rates))
