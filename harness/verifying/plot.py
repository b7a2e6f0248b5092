"""The picture of how long free runs last."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

from harness.registry import Entry
from harness.verifying.record import Record, Row

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def draw_horizons(entry: Entry, record: Record) -> Path | None:
    """Draw the record's free runs of the first seed to results/verify/ENV-horizon.svg.

    Where matplotlib is missing, one line says so and nothing is drawn.
    """
    rows = [row for row in record.read()["rollouts"] if row.get("horizon")]
    if not rows:
        return None
    if importlib.util.find_spec("matplotlib") is None:
        print("harness verify: no plot: matplotlib is not installed", file=sys.stderr)
        return None
    path = record.folder / f"{entry.name}-horizon.svg"
    seed = min(row["seed"] for row in rows)
    _draw(entry, [row for row in rows if row["seed"] == seed], path)
    return path


def _draw(entry: Entry, rows: list[Row], path: Path) -> None:
    import matplotlib
    from matplotlib.figure import Figure

    off = rows[0]["horizon"]["off"]
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    references: dict[str, list[int]] = {}
    for number, row in enumerate(sorted(rows, key=lambda row: (row["variant"], row["backend"]))):
        lengths = row["horizon"]["lengths"]
        label = f"{row['backend']}, {row['variant']} (median {row['horizon']['median']:g})"
        _survival(axes, lengths, label=label, color=COLORS[number % len(COLORS)])
        for distance, found in row["horizon"]["reference"].items():
            references[distance] = found["lengths"]
    for number, (distance, lengths) in enumerate(sorted(references.items())):
        label = f"reference, started {distance} apart (median {np.median(lengths):g})"
        style = ("--", ":", "-.")[number % 3]
        _survival(axes, lengths, label=label, color="black", linestyle=style)
    axes.set_title(f"{entry.name}: free runs beside the reference, same random actions")
    axes.set_xlabel("steps")
    axes.set_ylabel(f"share of episodes whose STATE is within {off:g}")
    axes.set_xlim(left=0)
    axes.set_ylim(0, 1.02)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    with matplotlib.rc_context({"svg.hashsalt": entry.name}):  # the same rows, the same file
        figure.savefig(path, metadata={"Date": None})


def _survival(axes: Any, lengths: list[int], **style: Any) -> None:
    """The share of the runs that last longer than so many steps."""
    ordered = np.sort(lengths)
    steps = np.concatenate([[0], ordered])
    share = 1 - np.arange(len(steps)) / len(ordered)
    axes.step(steps, share, where="post", **style)


def publish(entry: Entry, record: Record, folder: Path) -> None:
    """Copy the picture beside the published record, if there is one."""
    drawn = record.folder / f"{entry.name}-horizon.svg"
    if drawn.exists():
        shutil.copyfile(drawn, folder / f"verify-{drawn.name}")
