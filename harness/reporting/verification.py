"""What make verify proved: counts, errors of single steps, how long free runs last."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import registry
from harness.proof_hash import proof_hash
from harness.reporting import figure, saying
from harness.reporting.blocks import Block, Cell, Headline, Note, Picture, Section, Table, Tone
from harness.reporting.collect import Found
from harness.reporting.shelf import Record

ORACLE = "oracle"
HORIZON = "horizon"
LINES = ("--", ":", "-.")


def section(env: str, found: Found | None) -> Section:
    """Tables, the picture of free runs, and every rollout."""
    made = Section(
        "verification",
        "Verification",
        "Whole episodes, or single steps from given states where floats cannot be equal, beside "
        "the reference; and the reference beside the oracle that decides what is right.",
        f"make verify ENV={env}",
    )
    if found is None:
        return made
    record = found.row
    blocks: list[Block] = [_summary(record), Note(_standing(env, record))]
    if record.get("errors"):
        blocks += [_worst(record["errors"]), _errors(record["errors"])]
    runs = [row for row in record["rollouts"] if row.get("horizon")]
    if runs:
        first = min(row["seed"] for row in runs)
        told = _horizon(env, [row for row in runs if row["seed"] == first])
        blocks.append(Picture(told, _horizon_caption(runs[0])))
    blocks += [_levels(record["levels"])] if record["levels"] else []
    blocks.append(_rollouts(record["rollouts"]))
    return Section(
        *(made.anchor, made.title, made.intro, made.command),
        blocks=blocks,
        headlines=[_headline(record)],
    )


def _name(backend: str) -> str:
    return "reference beside the oracle" if backend == ORACLE else backend


def _standing(env: str, record: Record) -> str:
    """Whether the proof is of the sources that are checked out."""
    if env not in registry.names():
        return "The environment is not registered here, so its sources were not compared."
    if proof_hash(registry.get(env)) == record["hash"]:
        return "The proof is of the rules, the reference and the verifier as they are here."
    return (
        "The rules, the reference or the verifier changed since: the proof does not hold for "
        f"them. make verify ENV={env} makes it anew."
    )


def _headline(record: Record) -> Headline:
    """Steps that were compared, and in how many something differed."""
    backends = {name: row for name, row in record["summary"].items() if name != ORACLE}
    differences = sum(row["differences"] for row in record["summary"].values())
    steps = sum(row["steps"] for row in backends.values())
    good = record["ok"] and not differences
    value = f"{saying.count(differences)} differences"
    label = f"in {saying.much(steps)} steps beside the reference: {', '.join(backends)}"
    return Headline(value, label, "good" if good else "bad")


def _summary(record: Record) -> Table:
    lines: list[list[Cell | str]] = []
    for backend, row in record["summary"].items():
        differences = Cell(
            saying.count(row["differences"]), tone="bad" if row["differences"] else "good"
        )
        lines.append(
            [
                *(_name(backend), saying.count(row["episodes"]), saying.count(row["steps"])),
                *(differences, ", ".join(map(str, row["seeds"])), ", ".join(row["variants"])),
            ]
        )
    header = ["Beside the reference", "episodes", "steps", "differences", "seeds", "variants"]
    return Table(header, lines, texts=(4, 5))


def _worst(errors: dict[str, Record]) -> Table:
    """Errors of single steps over all classes of states."""
    lines: list[list[Cell | str]] = []
    for backend, classes in errors.items():
        each = [row["error"] for row in classes.values()]
        beyond = sum(row["exceptions"] for row in classes.values())
        refused = sum(row["exceptions_not_accepted"] for row in classes.values())
        lines.append(
            [
                *(backend, saying.count(sum(error["states"] for error in each))),
                saying.small(max(error["q99"] for error in each)),
                saying.small(max(error["max"] for error in each)),
                Cell(saying.count(beyond), tone="bad" if refused else ""),
            ]
        )
    header = ["One step", "from states", "99 %, worst class", "largest", "beyond bounds"]
    caption = "Errors of single steps, relative to max(1, |expected|), over STATE, observation and "
    return Table(header, lines, caption + "reward")


def _errors(errors: dict[str, Record]) -> Table:
    """Errors of single steps by class of states."""
    lines: list[list[Cell | str]] = []
    for backend, classes in errors.items():
        for number, (kind, row) in enumerate(classes.items()):
            error = row["error"]
            bad: Tone = "bad" if row["exceptions_not_accepted"] else ""
            lines.append(
                [
                    *(backend if number == 0 else "", kind, saying.count(error["states"])),
                    *(saying.small(error[name]) for name in ("q50", "q99", "max")),
                    Cell(saying.count(row["exceptions"]), tone=bad),
                ]
            )
    header = ["One step", "states", "how many", "median", "99 %", "largest", "beyond bounds"]
    return Table(header, lines, "Errors of single steps by class of states", numbers=2, folded=True)


def _levels(levels: list[Record]) -> Table:
    lines: list[list[Cell | str]] = [
        [f"level {row['level']}", str(row["what"]), _status(str(row["status"]))]
        for row in sorted(levels, key=lambda row: int(row["level"]))
    ]
    return Table(["Tests", "what", "status"], lines, numbers=9)


def _status(status: str) -> Cell:
    return Cell(status, tone="bad" if status in ("failed", "differs") else "good")


def _rollouts(rollouts: list[Record]) -> Table:
    lines: list[list[Cell | str]] = [
        [
            *(_name(row["backend"]), row["variant"], row.get("kind") or "rollouts"),
            *(str(row["seed"]), str(row["shard"]), saying.count(row["episodes"])),
            *(saying.count(row["steps"]), saying.seconds(row["seconds"])),
            _status(row["status"]),
        ]
        for row in rollouts
    ]
    header = ["Backend", "variant", "kind", "seed", "shard", "episodes", "steps", "took", "status"]
    return Table(header, lines, "Every run", numbers=3, texts=(8,), folded=True)


def _horizon_caption(row: Record) -> str:
    return (
        "Free runs beside the reference under the same random actions: the share of episodes whose "
        f"state is still within {row['horizon']['off']:g} of the reference's. Broken lines: the "
        "reference beside itself, started so much apart."
    )


def _horizon(env: str, rows: list[Record]) -> Markup:
    """A panel a variant."""
    ordered = sorted(rows, key=lambda row: (row["variant"], row["backend"]))
    panels = {name: list(each) for name, each in groupby(ordered, lambda row: row["variant"])}

    def paint(drawn: Figure) -> None:
        grid = drawn.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, (variant, each) in zip(grid, panels.items(), strict=True):
            others = figure.without_color([row["backend"] for row in each])
            apart: dict[str, list[int]] = {}
            for row in each:
                found = row["horizon"]
                label = f"{row['backend']} (median {found['median']:g})"
                color = figure.color_of(row["backend"], others)
                _survival(axes, found["lengths"], label, color, "-")
                apart |= {told: own["lengths"] for told, own in found["reference"].items()}
            for number, (told, lengths) in enumerate(sorted(apart.items())):
                label = f"{told} apart (median {np.median(lengths):g})"
                _survival(axes, lengths, label, figure.WEAK, LINES[number % len(LINES)])
            axes.set_title(variant)
            axes.set_xlabel("steps")
            axes.set_xlim(left=0)
            axes.set_ylim(0, 1.03)
            axes.legend(fontsize=9, loc="upper left", bbox_to_anchor=(0, -0.2))
        grid[0].set_ylabel("share of episodes")

    return figure.draw(7.4, 4.3, f"{env}: how long free runs last beside the reference", paint)


def _survival(axes: Axes, lengths: Iterable[int], label: str, color: str, line: str) -> None:
    """The share of the runs that last longer than so many steps."""
    ordered = np.sort(list(lengths))
    steps = np.concatenate([[0], ordered])
    share = 1 - np.arange(len(steps)) / len(ordered)
    axes.step(steps, share, where="post", label=label, color=color, linestyle=line)
