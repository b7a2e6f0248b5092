"""The table that a person reads, made by the program that measured it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table

from harness.baselines import BASELINES
from harness.benching.job import PRECISION
from harness.benching.measure import Outcome
from harness.benching.stats import summary

CV_LIMIT = 0.05
PLAIN_WIDTH = 100
CHECK = "check"
RATIOS_BESIDE = 2
"""Ratio columns that fit beside the speeds; more of them make a table of their own."""


@dataclass(frozen=True)
class Section:
    """The rows of one variant and batch size."""

    variant: str
    batch: int
    outcomes: list[Outcome]


def rate(value: float) -> str:
    """Steps a second in three digits: 35.2 M, 810 K."""
    for unit, scale in (("G", 1e9), ("M", 1e6), ("K", 1e3)):
        if value >= 0.9995 * scale:
            scaled = value / scale
            digits = 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0
            return f"{scaled:.{digits}f} {unit}"
    return f"{value:.0f}"


def ratio(value: float) -> str:
    """12.3, 1.23, 0.12, 0.0012: enough digits to compare by."""
    digits = ".1f" if value >= 9.995 else ".2f" if value >= 0.0995 else ".2g"
    return format(value, digits)


def columns(sections: list[Section]) -> list[str]:
    """The baseline of every ratio column: each that was measured."""
    outcomes = [outcome for section in sections for outcome in section.outcomes]
    names = [o.row.impl for o in outcomes if o.row.impl in BASELINES and o.rates]
    return list(dict.fromkeys(names))


class Cells(NamedTuple):
    """A table as text."""

    header: list[str]
    body: list[list[list[str]]]  # rows by section


def tables(sections: list[Section]) -> list[Cells]:
    """Speeds and checks with the ratios beside them; where these are many, after them."""
    against = columns(sections)
    if len(against) <= RATIOS_BESIDE:
        return [speeds(sections, against)]
    return [speeds(sections, []), ratios(sections, against)]


def speeds(sections: list[Section], against: list[str]) -> Cells:
    """Every row, with a ratio column for each of these baselines."""
    header = ["variant", "impl", "batch", "thr", "steps/s", "IQR", "cv"]
    header += [*(f"x {name}" for name in against), "compile", CHECK]
    body = []
    for section in sections:
        rows = [[section.variant, *_row(section, outcome, against)] for outcome in section.outcomes]
        body.append(rows)
    return Cells(header, body)


def ratios(sections: list[Section], against: list[str]) -> Cells:
    """Ratios alone, of every implementation of ours that was measured."""
    header = ["variant", "impl", "batch", "thr", *(f"x {name}" for name in against)]
    body = []
    for section in sections:
        ours = [o for o in section.outcomes if o.rates and o.row.impl not in BASELINES]
        body.append(
            [[section.variant, *name_of(section, o), *ratios_of(section, o, against)] for o in ours]
        )
    return Cells(header, body)


def ratios_of(section: Section, outcome: Outcome, against: list[str]) -> list[str]:
    """To the baselines on as many threads; empty where one was not measured so."""
    beside = {o.row.impl: o for o in section.outcomes if o.row.threads == outcome.row.threads}
    measured = {name: summary(o.rates).median for name, o in beside.items() if o.rates}
    rate = measured[outcome.row.impl]
    return [ratio(rate / measured[name]) if name in measured else "" for name in against]


def name_of(section: Section, outcome: Outcome) -> list[str]:
    row = outcome.row
    return [row.impl, str(outcome.batch or section.batch), str(row.threads)]


def _row(section: Section, outcome: Outcome, against: list[str]) -> list[str]:
    name = name_of(section, outcome)
    if not outcome.rates or outcome.ready is None:
        return [*name, "-", "", "", *("" for _ in against), "", "see below"]
    median, iqr, cv = summary(outcome.rates)
    precision = outcome.ready.precision if outcome.ready.precision != PRECISION else ""
    return [
        *name,
        rate(median) + ("*" if outcome.slow else ""),
        rate(iqr),
        f"{100 * cv:.1f} %" + ("!" if cv > CV_LIMIT else ""),
        *ratios_of(section, outcome, against),
        f"{outcome.ready.compile_s:.1f} s" if outcome.ready.compile_s else "",
        ", ".join(said for said in (outcome.ready.check, precision, outcome.ready.note) if said),
    ]


def notes(sections: list[Section]) -> list[str]:
    """What has to be known to read the table."""
    outcomes = [outcome for section in sections for outcome in section.outcomes]
    lines = [
        "steps/s: environment steps a second, the median of interleaved repeats; one step is one "
        "decision, whatever the frame skip, of each player that has one. thr: threads. cv: '!' "
        "where above 5 %.",
    ]
    if columns(sections):
        lines.append(
            "x NAME: how many times the speed of that baseline, at the same batch size on as many "
            "threads."
        )
    slow = sorted({f"{len(o.rates)}" for o in outcomes if o.rates and o.slow})
    if slow:
        lines.append(
            f"*: the median of {' or '.join(slow)} repeats alone, each far longer than asked for."
        )
    several = sorted({o.row.impl for o in outcomes if len(o.row.jobs) > 1})
    if several:
        lines.append(
            f"{', '.join(several)} on several threads: as many processes, each stepping its share "
            "of the batch without waiting for the others; their rates are added."
        )
    return lines


def failures(sections: list[Section]) -> list[str]:
    """Why rows have no speed: a line for each implementation and reason."""
    said: dict[str, None] = {}
    for section in sections:
        for outcome in section.outcomes:
            if outcome.failure:
                said[f"{outcome.row.impl}: {outcome.failure}"] = None
    return list(said)


def show(console: Console, title: str, sections: list[Section]) -> None:
    """Print the table; plainly where the output is not a terminal."""
    print_all(console, title, tables(sections), notes(sections), failures(sections))


def print_all(
    console: Console, title: str, made: list[Cells], noted: list[str], failed: list[str]
) -> None:
    """A table, that of ratios if there is one, and what is to be said of them."""
    for number, cells in enumerate(made):
        shown = title if number == 0 else f"{title}: ratios to the baselines"
        console.print(_drawn(shown, cells, console.is_terminal))
    for line in noted:
        console.print(line, highlight=False)
    for line in failed:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _drawn(title: str, cells: Cells, terminal: bool) -> Table:
    """Names to the left, numbers to the right; of the texts the check alone is broken anywhere."""
    style = box.SIMPLE_HEAD if terminal else box.ASCII
    table = Table(title=title, box=style, padding=(0, 1, 0, 0) if terminal else (0, 0))
    for index, name in enumerate(cells.header):
        if name == CHECK:
            table.add_column(name, overflow="fold")
        else:
            table.add_column(_header(name), justify="left" if index < 2 else "right", no_wrap=True)
    for rows in cells.body:
        for index, row in enumerate(rows):
            shown = row if index == 0 else ["", *row[1:]]
            table.add_row(*shown, end_section=index == len(rows) - 1)
    return table


def _header(name: str) -> str:
    """A long name in two lines, broken at its hyphen."""
    return name.replace("-", "-\n", 1)


def markdown(title: str, sections: list[Section], facts: dict[str, object]) -> str:
    """The same table for results/published, with the machine that it was measured on."""
    return page(title, tables(sections), [*notes(sections), "", *failures(sections)], facts)


def page(title: str, made: list[Cells], said: list[str], facts: dict[str, object]) -> str:
    """Tables in Markdown, what is to be said of them, and facts of the machine."""
    lines = [f"# {title}", ""]
    for header, body in made:
        lines += ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
        lines += ["| " + " | ".join(row) + " |" for rows in body for row in rows]
        lines += [""]
    lines += [*said, ""]
    lines += [f"- {name}: {value}" for name, value in facts.items() if value != ""]
    return "\n".join(lines) + "\n"
