"""How numbers and times are told."""

from __future__ import annotations

from typing import Any

from harness.benching.table import rate as rate
from harness.benching.table import ratio

BY = "\N{MULTIPLICATION SIGN}"


def times(factor: float | None) -> str:
    """How many times, 8.20 and a sign; nothing where that was not measured."""
    return f"{ratio(factor)}{BY}" if factor else ""


def by(batch: int, threads: int | str) -> str:
    """A batch size and a number of threads."""
    return f"{batch:,} {BY} {threads}"


def count(number: float) -> str:
    """A number of things: 8,482,968."""
    return f"{number:,.0f}"


def much(number: float) -> str:
    """A large number of things in three digits: 33.1 M."""
    return rate(number) if number >= 1e6 else count(number)


def round_number(number: float) -> str:
    """A number that has few digits, as on an axis: 0.5 M, 10 K."""
    for unit, scale in ((" G", 1e9), (" M", 1e6), (" K", 1e3)):
        if abs(number) >= scale / 2:
            return f"{number / scale:g}{unit}"
    return f"{number:g}"


def small(number: float | None) -> str:
    """An error: 6.0e-08; 0 where there is none."""
    if number is None:
        return ""
    return f"{number:.1e}" if number else "0"


def score(number: float | None) -> str:
    """A return: four digits, at least one decimal below 1,000."""
    if number is None:
        return ""
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.2f}"


def share(number: float | None) -> str:
    """A part of 1, in per cent."""
    return "" if number is None else f"{100 * number:.1f} %"


def percent(part: float, whole: float) -> str:
    """A part of a whole, in per cent, never rounded up to all of it."""
    if not whole:
        return ""
    told = 100 * part / whole
    return f"{min(told, 99.9) if part < whole else told:.1f} %"


def seconds(number: float | None) -> str:
    """A duration: 4.2 s, 1 min 30 s."""
    if number is None:
        return ""
    if number < 60:
        return f"{number:.1f} s"
    minutes, rest = divmod(round(number), 60)
    return f"{minutes} min {rest:02d} s"


def when(time: Any) -> str:
    """2026-11-22 15:37 UTC, of an ISO time in UTC."""
    text = str(time or "")
    return f"{text[:10]} {text[11:16]} UTC" if len(text) >= 16 else text
