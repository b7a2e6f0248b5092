"""What make mutants found: how many planted bugs the tests catch."""

from __future__ import annotations

from collections import Counter

from harness.reporting import saying
from harness.reporting.blocks import Block, Cell, Headline, Section, Table
from harness.reporting.collect import Found
from harness.reporting.shelf import Record

DOES_NOT_COMPILE = "does not compile"
NO_REASON = "no reason given"


def section(env: str, found: Found | None) -> Section:
    """Shares, where mistakes were caught first, and survivors with the reason for each."""
    made = Section(
        "mutants",
        "Planted bugs",
        "A verifier is as good as the bugs it catches: mistakes that a porter makes, planted by "
        "hand in each backend, and a sample of cargo-mutants' on the Rust rules.",
        f"make mutants ENV={env}",
    )
    if found is None:
        return made
    record = found.row
    outcomes = {n: o for n, o in record["outcomes"].items() if o["caught_by"] != DOES_NOT_COMPILE}
    blocks: list[Block] = [_totals(record["totals"]), _levels(outcomes)]
    survivors = {name: each for name, each in outcomes.items() if not each["caught_by"]}
    if survivors:
        blocks.append(_survivors(survivors))
    return Section(
        *(made.anchor, made.title, made.intro, made.command),
        blocks=blocks,
        headlines=[_headline(record["totals"], survivors)],
    )


def _headline(totals: Record, survivors: dict[str, Record]) -> Headline:
    planted = sum(row["planted"] for row in totals.values())
    caught = sum(row["caught"] for row in totals.values())
    unjudged = any(not row.get("reason") or row["kind"] == "by hand" for row in survivors.values())
    label = f"{saying.count(caught)} of {saying.count(planted)} planted bugs caught"
    return Headline(saying.percent(caught, planted), label, "bad" if unjudged else "good")


def _totals(totals: Record) -> Table:
    lines: list[list[Cell | str]] = []
    for kind, row in totals.items():
        if row["planted"]:
            share = saying.percent(row["caught"], row["planted"])
            counts = (saying.count(row[name]) for name in ("planted", "caught"))
            lines.append([kind, *counts, share])
        else:
            lines.append([kind, "none yet", "", ""])
    return Table(["Planted", "planted", "caught", "share"], lines)


def _levels(outcomes: dict[str, Record]) -> Table:
    """Where a mistake was caught first; tests of level 3 are whole episodes."""
    counts: dict[str, Counter[str]] = {}
    for outcome in outcomes.values():
        where = str(outcome["caught_by"] or "survived").split(": ", 1)[0]
        row = f"{outcome['kind']}, {outcome['backend']}"
        counts.setdefault(row, Counter())[where] += 1
    header = sorted({where for row in counts.values() for where in row})
    lines = [
        [name, *(saying.count(row[each]) if row[each] else "" for each in header)]
        for name, row in sorted(counts.items())
    ]
    return Table(["Caught first by", *header], lines)


def _survivors(survivors: dict[str, Record]) -> Table:
    lines: list[list[Cell | str]] = []
    for name, row in survivors.items():
        reason = row.get("reason") or ""
        lines.append([name, Cell(reason or NO_REASON, tone="" if reason else "bad")])
    caption = f"Survivors: {len(survivors)}, and why each may"
    return Table(["Survivor", "reason"], lines, caption, numbers=9, folded=True)
