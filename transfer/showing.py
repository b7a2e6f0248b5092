"""What a person sees: progress while episodes are played, and a table of the pairs."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import rich.progress
from rich.console import Console
from rich.table import Table

from transfer.judging import FAILED, NOISE_FLOOR
from transfer.playing import Part, Request, parts_of

SAY_EVERY = 10.0
"""Seconds between lines of progress where there is no terminal to draw a bar on."""
WIDTH = 150
"""Columns of tables where there is no terminal."""


def say(line: str) -> None:
    """A line for a person, beside the results."""
    print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def progress(what: str, requests: list[Request]) -> Iterator[Callable[[Part], None]]:
    """What is to be told of every part that is done."""
    parts = [part for request in requests for part in parts_of(request)]
    episodes = sum(part.request.size * len(part.request.impls) for part in parts)
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(what, episodes)
        return
    columns = (
        rich.progress.TextColumn("{task.description}"),
        rich.progress.BarColumn(),
        rich.progress.MofNCompleteColumn(),
        rich.progress.TimeElapsedColumn(),
    )
    with rich.progress.Progress(*columns, console=console) as bar:
        task = bar.add_task(what, total=episodes)
        yield lambda part: bar.advance(task, part.request.size * len(part.request.impls))


def _lines(what: str, total: int) -> Callable[[Part], None]:
    begun = said = time.monotonic()
    count = 0

    def done(part: Part) -> None:
        nonlocal count, said
        count += part.request.size * len(part.request.impls)
        now = time.monotonic()
        if now - said > SAY_EVERY or count == total:
            say(f"{what}: {count:,} of {total:,} episodes, {now - begun:.0f} s")
            said = now

    return done


def show(record: dict[str, Any]) -> None:
    """Print pairs, and policies trained anew if there are any."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(_pairs(record))
    if record["retrained"]:
        console.print(_retrained(record))


def _pairs(record: dict[str, Any]) -> Table:
    exact = record["exact"]
    rule = "each equal" if exact else "TOST on pairs"
    how = f"{record['episodes']:,} episodes, {record['actions']} actions"
    title = f"transfer: {record['env']}, {how}, {rule}"
    table = Table(title=title, title_justify="left")
    for name in ("policy", "a", "b"):
        table.add_column(name)
    numbers = ["mean on a", "mean on b", "a - b", "equal"]
    for name in [*numbers, *([] if exact else ["90 % interval", "margin", "p"])]:
        table.add_column(name, justify="right")
    table.add_column("verdict")
    for pair in record["pairs"]:
        cells = [pair["policy"], pair["a"], pair["b"]]
        cells += [f"{pair[name]:.2f}" for name in ("mean_a", "mean_b", "mean_difference")]
        cells.append(f"{pair['equal']:,} of {pair['episodes']:,}")
        if not exact:
            low, high = pair["ci90"]
            p = "" if pair["p_tost"] is None else f"{pair['p_tost']:.2g}"
            cells += [f"{low:.2f} to {high:.2f}", f"{pair['margin']:.2f}", p]
        table.add_row(*cells, f"[{_style(pair['verdict'])}]{_told(pair['verdict'])}[/]")
    return table


def _told(verdict: str) -> str:
    return f"{verdict} (another seed)" if verdict == NOISE_FLOOR else verdict


def _style(verdict: str) -> str:
    return "red" if verdict in FAILED else "dim" if verdict == NOISE_FLOOR else "green"


def _retrained(record: dict[str, Any]) -> Table:
    title = f"{record['env']}: policies trained anew, scored on the reference; spread, not equality"
    table = Table(title=title, title_justify="left")
    for name in ("trained on", "seeds", "steps", "mean return", "95 % interval"):
        table.add_column(name, justify="left" if name == "trained on" else "right")
    for backend, each in record["retrained"].items():
        mean = sum(each["means"]) / len(each["means"])
        count, steps = f"{len(each['seeds'])}", f"{each['steps']:,}"
        table.add_row(backend, count, steps, f"{mean:.1f}", _between(each["interval"]))
    for pair in record["retrained_differences"] or []:
        between = _between(pair["ci95"])
        table.add_row(
            f"{pair['a']} - {pair['b']}", "", "", f"{pair['mean_difference']:.1f}", between
        )
    return table


def _between(interval: list[float] | None) -> str:
    return f"{interval[0]:.1f} to {interval[1]:.1f}" if interval else ""
