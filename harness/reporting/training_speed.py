"""PPO steps a second, and where its time goes."""

from __future__ import annotations

from markupsafe import Markup
from matplotlib.figure import Figure

from harness.reporting import figure, saying
from harness.reporting.blocks import Block, Cell, Headline, Picture, Section, Table
from harness.reporting.collect import Found, parameters
from harness.reporting.shelf import Record
from harness.reporting.speed import (
    baselines_of,
    beside,
    is_ours,
    named,
    speed_cell,
    told_threads,
)

PARTS = ("environment", "inference", "update")
CAPTION = (
    "What share of the time of PPO goes into stepping the environment, into acting and into "
    "learning."
)
Group = tuple[str, int, int, int]


def section(env: str, found: Found | None) -> Section:
    """A table with ratios and shares for each size of network, and the shares as stacked bars."""
    made = Section(
        "training-speed",
        "Speed of training",
        "PPO with the same network, batch and program over each implementation: steps a second of "
        "the whole, and the shares of the environment, of inference and of the update.",
        f"make bench ENV={env} KIND=ppo",
    )
    if found is None:
        return made
    groups = _groups(found.rows)
    blocks: list[Block] = [Picture(_bars(env, groups), CAPTION)]
    blocks += [_table(group, rows) for group, rows in groups.items()]
    return Section(
        *(made.anchor, made.title, made.intro, made.command),
        blocks=blocks,
        headlines=_headlines(groups),
    )


def _groups(rows: list[Record]) -> dict[Group, list[Record]]:
    """What may be compared, the fastest first: parameters, batch, threads, size of the network."""
    groups: dict[Group, list[Record]] = {}

    def key(row: Record) -> Group:
        return (parameters(row), row["batch"], row["threads"], int(row.get("parameters") or 0))

    for row in sorted(rows, key=lambda row: (*key(row), -float(row["sps_median"]))):
        groups.setdefault(key(row), []).append(row)
    return groups


def _told(group: Group) -> str:
    name, batch, threads, weights = group
    return f"{name}, {saying.much(weights)} parameters, batch {batch:,}, {told_threads(threads)}"


def split_of(row: Record) -> dict[str, float]:
    """The shares of the whole; empty where they were not measured."""
    split = row.get("split") or {}
    return {part: float(split[part]) for part in PARTS if split.get(part) is not None}


def _table(group: Group, rows: list[Record]) -> Table:
    baselines = baselines_of(rows)
    lines: list[list[Cell | str]] = []
    for row in rows:
        split = split_of(row)
        times = [beside(row, rows, name) for name in baselines]
        lines.append(
            [
                Cell(named(row), tone="" if is_ours(row["impl"]) else "weak"),
                speed_cell(row),
                *(saying.times(each) for each in times),
                *(saying.share(split.get(part)) for part in PARTS),
            ]
        )
    header = ["PPO steps/s", "steps/s", *(f"{saying.BY} {name}" for name in baselines), *PARTS]
    return Table(header, lines, _told(group))


def _headlines(groups: dict[Group, list[Record]]) -> list[Headline]:
    """The fastest of ours in the first group."""
    for group, rows in groups.items():
        ours = [row for row in rows if is_ours(row["impl"])]
        if ours:
            value = f"{saying.rate(float(ours[0]['sps_median']))} steps/s"
            return [Headline(value, f"PPO over {ours[0]['impl']}, {group[0]}, batch {group[1]:,}")]
    return []


def _bars(env: str, groups: dict[Group, list[Record]]) -> Markup:
    """A bar an implementation, from 0 to all of the time; a panel a group."""
    split = {group: [r for r in rows if split_of(r)] for group, rows in groups.items()}
    split = {group: rows for group, rows in split.items() if rows}
    heights = [0.75 + 0.32 * len(rows) for rows in split.values()]

    def paint(drawn: Figure) -> None:
        if not split:
            return
        grid = {"height_ratios": heights}
        panels = drawn.subplots(len(split), 1, sharex=True, squeeze=False, gridspec_kw=grid)[:, 0]
        for axes, (group, rows) in zip(panels, split.items(), strict=True):
            for place, row in enumerate(rows[::-1]):
                left = 0.0
                for part, wide in split_of(row).items():
                    axes.barh(place, wide, left=left, color=figure.PARTS[part], height=0.62)
                    left += wide
                told = f"{saying.rate(float(row['sps_median']))} steps/s"
                axes.annotate(
                    told,
                    (left, place),
                    (7, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=9.5,
                )
            axes.set_yticks(range(len(rows)), [named(row) for row in rows[::-1]])
            axes.set_title(_told(group))
            axes.set_xlim(0, 1.2)
            axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
            axes.spines["left"].set_visible(False)
            figure.quiet_axis(axes, "y")
        for part in PARTS:
            panels[0].barh(0, 0, color=figure.PARTS[part], label=part)
        drawn.legend(loc="outside upper left", ncols=len(PARTS))

    height = 0.6 + sum(heights) if split else 0.3
    return figure.draw(7.4, height, f"{env}: shares of PPO's time", paint)
