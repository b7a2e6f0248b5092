"""The picture: returns by implementation, and how far the pairs are apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from harness.errors import UserError
from harness.verifying.plot import COLORS
from transfer.judging import FAILED, NOISE_FLOOR

GOOD, BAD, WEAK = "#009e73", "#d55e00", "#777777"


def draw(record: dict[str, Any], path: Path) -> Path:
    """Draw a record; the same record is the same file.

    Raises:
        UserError: if it cannot be written.
    """
    names = [policy["name"] for policy in record["policies"]]
    height = 0.8 + 2.6 * len(names)
    figure = Figure(figsize=(10, height), layout="constrained")
    grid = figure.subplots(len(names), 2, squeeze=False, width_ratios=(1, 1))
    for name, (left, right) in zip(names, grid, strict=True):
        _distributions(left, name, record["returns"][name])
        _differences(right, [pair for pair in record["pairs"] if pair["policy"] == name])
    grid[-1, 0].set_xlabel("return of an episode")
    grid[-1, 1].set_xlabel("mean difference of returns, a - b")
    rule = "every episode must be equal" if record["exact"] else "90 % intervals, margin shaded"
    how = f"{record['episodes']:,} episodes, {record['actions']} actions"
    figure.suptitle(f"{record['env']}: {how}, {rule}")
    try:
        with matplotlib.rc_context({"svg.hashsalt": record["env"]}):
            figure.savefig(path, metadata={"Date": None})
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
    return path


def _distributions(axes: Any, policy: str, returns: dict[str, list[float]]) -> None:
    """The share of episodes up to a return; curves that coincide are told apart by their width."""
    for number, (impl, values) in enumerate(returns.items()):
        ordered = np.sort(np.asarray(values, float))
        share = np.arange(1, len(ordered) + 1) / len(ordered)
        width = 1.2 + 2.2 * (len(returns) - 1 - number)
        color = COLORS[number % len(COLORS)]
        axes.step(ordered, share, where="post", color=color, linewidth=width, label=impl)
    axes.set_title(f"trained as {policy}", loc="left", fontsize="medium")
    axes.set_ylabel("share of episodes")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")


def _differences(axes: Any, pairs: list[dict[str, Any]]) -> None:
    for place, pair in enumerate(reversed(pairs)):
        color = BAD if pair["verdict"] in FAILED else GOOD
        color = WEAK if pair["verdict"] == NOISE_FLOOR else color
        axes.plot(pair["mean_difference"], place, "o", color=color)
        if pair["ci90"]:
            axes.plot(pair["ci90"], [place, place], color=color, linewidth=2)
        axes.annotate(
            _note(pair),
            (1.01, place),
            xycoords=("axes fraction", "data"),
            va="center",
            size="small",
        )
    margin = pairs[0]["margin"]
    if margin is not None:
        axes.axvspan(-margin, margin, color=WEAK, alpha=0.15, linewidth=0)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(pairs)), [f"{p['a']} - {p['b']}" for p in reversed(pairs)])
    axes.set_ylim(-0.6, len(pairs) - 0.4)
    axes.grid(alpha=0.3, axis="x")


def _note(pair: dict[str, Any]) -> str:
    if pair["margin"] is None and pair["verdict"] != NOISE_FLOOR:
        return f"{pair['verdict']}, {pair['equal']:,} of {pair['episodes']:,}"
    return str(pair["verdict"])
