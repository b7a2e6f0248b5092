"""The table of KIND=ppo: speeds of training, and the shares of its parts."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from harness.benching import table
from harness.benching.job import PRECISION
from harness.benching.measure import Outcome
from harness.benching.stats import summary
from harness.benching.table import CHECK, CV_LIMIT, Cells, Section, rate

PARTS = ("environment", "inference", "update")
SHORT = ("env", "infer", "update")
BESIDE = 1
"""Ratio columns that fit beside the shares; more of them make a table of their own."""


def shares(outcome: Outcome) -> dict[str, float]:
    """Of the whole, by part."""
    whole = sum(outcome.split.values())
    return {name: outcome.split[name] / whole for name in PARTS}


def tables(sections: list[Section]) -> list[Cells]:
    """Speeds and shares with the ratios beside them; where these are many, after them."""
    against = table.columns(sections)
    if len(against) <= BESIDE:
        return [_speeds(sections, against)]
    return [_speeds(sections, []), _ratios(sections, against)]


def notes(sections: list[Section]) -> list[str]:
    """What has to be known to read the table."""
    lines = [
        "PPO/s: environment steps a second of whole updates, the median of interleaved repeats, on "
        "all cores. params: parameters of the network. cv: '!' where above 5 %.",
        "env, infer, update: shares of the time, of stepping, of the policy and all else in a "
        "rollout, and of learning from it. infer is 0 % where the steps alone took as long as the "
        "rollout.",
    ]
    if table.columns(sections):
        lines.append("x NAME: how many times the speed of training over that baseline.")
    told = [o.ready.training for s in sections for o in s.outcomes if o.ready and o.ready.training]
    each = {_update(training) for training in told}
    lines += [f"An update: {text}." for text in sorted(each)]
    hosted = {
        o.row.impl
        for s in sections
        for o in s.outcomes
        if o.ready and (o.ready.training or {}).get("loop") == "host"
    }
    if hosted:
        names = ", ".join(sorted(hosted))
        lines.append(f"Stepped from Python: {names}. The others are traced into one program.")
    outcomes = [outcome for section in sections for outcome in section.outcomes]
    slow = sorted({f"{len(o.rates)}" for o in outcomes if o.rates and o.slow})
    if slow:
        lines.append(
            f"*: the median of {' or '.join(slow)} repeats alone, each far longer than asked for."
        )
    return lines


def _update(training: dict[str, Any]) -> str:
    """An update, in words."""
    steps, passes, parts = (
        training[name] for name in ("num_steps", "update_epochs", "num_minibatches")
    )
    plural = "s" if steps > 1 else ""
    return f"{steps} step{plural} of each instance, {passes} passes of {parts} minibatches"


def show(console: Console, title: str, sections: list[Section]) -> None:
    """Print the table."""
    failed = table.failures(sections)
    table.print_all(console, title, tables(sections), notes(sections), failed)


def markdown(title: str, sections: list[Section], facts: dict[str, object]) -> str:
    """The same for results/published."""
    said = [*notes(sections), "", *table.failures(sections)]
    return table.page(title, tables(sections), said, facts)


def _speeds(sections: list[Section], against: list[str]) -> Cells:
    header = ["variant", "impl", "batch", "params", "PPO/s", "cv", *SHORT]
    header += [*(f"x {name}" for name in against), "compile", CHECK]
    body = [
        [[section.variant, *_row(section, outcome, against)] for outcome in section.outcomes]
        for section in sections
    ]
    return Cells(header, body)


def _ratios(sections: list[Section], against: list[str]) -> Cells:
    header = ["variant", "impl", "batch", "params", *(f"x {name}" for name in against)]
    body = [
        [
            [section.variant, *_name(section, o), *table.ratios_of(section, o, against)]
            for o in section.outcomes
            if o.rates
        ]
        for section in sections
    ]
    return Cells(header, body)


def _name(section: Section, outcome: Outcome) -> list[str]:
    training = outcome.ready.training if outcome.ready else None
    asked = outcome.row.jobs[0].training["parameters"]
    count = training["parameters"] if training else asked
    return [outcome.row.impl, str(section.batch), rate(count)]


def _row(section: Section, outcome: Outcome, against: list[str]) -> list[str]:
    name = _name(section, outcome)
    if not outcome.rates or outcome.ready is None:
        return [*name, "-", *[""] * (1 + len(PARTS) + len(against)), "", "see below"]
    ready = outcome.ready
    median, _, cv = summary(outcome.rates)
    precision = ready.precision if ready.precision != PRECISION else ""
    return [
        *name,
        rate(median) + ("*" if outcome.slow else ""),
        f"{100 * cv:.1f} %" + ("!" if cv > CV_LIMIT else ""),
        *(percent(share) for share in shares(outcome).values()),
        *table.ratios_of(section, outcome, against),
        f"{ready.compile_s:.1f} s" if ready.compile_s else "",
        ", ".join(said for said in (ready.check, precision, ready.note) if said),
    ]


def percent(share: float) -> str:
    """12 %, 1.2 %, 0.12 %, 0 %."""
    if not share:
        return "0 %"
    digits = 0 if share >= 0.0995 else 1 if share >= 0.00995 else 2
    return f"{100 * share:.{digits}f} %"
