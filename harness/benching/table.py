"""The table that a person reads, made by the program that measured it."""

from __future__ import annotations

from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table

from harness.baselines import BASELINES
from harness.benching.job import PRECISION
from harness.benching.measure import Outcome
from harness.benching.stats import summary

CV_LIMIT = 0.05
PLAIN_WIDTH = 100


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


def columns(sections: list[Section]) -> list[tuple[str, int]]:
    """(baseline, threads) of every ratio column: each baseline row that was measured."""
    seen: dict[tuple[str, int], None] = {}
    for section in sections:
        for outcome in section.outcomes:
            if outcome.row.impl in BASELINES and outcome.rates:
                seen[outcome.row.impl, outcome.row.threads] = None
    return list(seen)


def cells(sections: list[Section]) -> tuple[list[str], list[list[list[str]]]]:
    """The table as text: the header, and rows by section."""
    against = columns(sections)
    ratios = [f"x {name} {threads}t" for name, threads in against]
    header = [
        "variant",
        "impl",
        "batch",
        "thr",
        "steps/s",
        "IQR",
        "cv",
        *ratios,
        "compile",
        "check",
    ]
    body = []
    for section in sections:
        measured = [outcome for outcome in section.outcomes if outcome.rates]
        rates = {(o.row.impl, o.row.threads): summary(o.rates).median for o in measured}
        rows = []
        for outcome in section.outcomes:
            rows.append([section.variant, *_row(outcome, section.batch, against, rates)])
        body.append(rows)
    return header, body


def _row(
    outcome: Outcome,
    batch: int,
    against: list[tuple[str, int]],
    rates: dict[tuple[str, int], float],
) -> list[str]:
    name = [outcome.row.impl, str(outcome.batch or batch), str(outcome.row.threads)]
    if not outcome.rates or outcome.ready is None:
        return [*name, "-", "", "", *("" for _ in against), "", "see below"]
    median, iqr, cv = summary(outcome.rates)
    precision = outcome.ready.precision if outcome.ready.precision != PRECISION else ""
    ratios = [ratio(median / rates[key]) if rates.get(key) else "" for key in against]
    return [
        *name,
        rate(median) + ("*" if outcome.slow else ""),
        rate(iqr),
        f"{100 * cv:.1f} %" + ("!" if cv > CV_LIMIT else ""),
        *ratios,
        f"{outcome.ready.compile_s:.1f} s" if outcome.ready.compile_s else "",
        ", ".join(said for said in (outcome.ready.check, precision, outcome.ready.note) if said),
    ]


def notes(sections: list[Section]) -> list[str]:
    """What has to be known to read the table."""
    outcomes = [outcome for section in sections for outcome in section.outcomes]
    lines = [
        "steps/s: environment steps a second, the median of interleaved repeats; one step is one "
        "decision, whatever the frame skip. thr: threads. cv: '!' where above 5 %.",
    ]
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
    header, body = cells(sections)
    style = box.SIMPLE_HEAD if console.is_terminal else box.ASCII
    table = Table(title=title, box=style, padding=(0, 0) if style is box.ASCII else (0, 1, 0, 0))
    numbers = header[2:-1]
    for name in header[:-1]:
        table.add_column(name, justify="right" if name in numbers else "left", no_wrap=True)
    table.add_column(header[-1], overflow="fold")
    for rows in body:
        for index, row in enumerate(rows):
            shown = row if index == 0 else ["", *row[1:]]
            table.add_row(*shown, end_section=index == len(rows) - 1)
    console.print(table)
    for line in notes(sections):
        console.print(line, highlight=False)
    for line in failures(sections):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def markdown(title: str, sections: list[Section], facts: dict[str, object]) -> str:
    """The same table for results/published, with the machine that it was measured on."""
    header, body = cells(sections)
    lines = [f"# {title}", "", "| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for rows in body for row in rows]
    lines += ["", *notes(sections), "", *failures(sections), ""]
    lines += [f"- {name}: {value}" for name, value in facts.items() if value != ""]
    return "\n".join(lines) + "\n"
