"""Steps a second under random actions: ours beside the baselines."""

from __future__ import annotations

import math
from collections.abc import Iterable

from markupsafe import Markup
from matplotlib.figure import Figure

from harness.baselines import BASELINES
from harness.benching.table import CV_LIMIT
from harness.reporting import figure, saying
from harness.reporting.blocks import Block, Cell, Headline, Note, Picture, Section, Table
from harness.reporting.collect import Found, parameters
from harness.reporting.shelf import Record

FEW_REPEATS = 3
Settings = list[tuple[int, int]]

READING = (
    "Speeds are medians of interleaved repeats. ! marks a coefficient of variation above 5 %, * a "
    "median of few repeats."
)


def section(env: str, found: Found | None) -> Section:
    """Tables of speeds and ratios, a chart of the fastest, and every line that was measured."""
    command = f"make bench ENV={env}"
    intro = (
        "Environment steps a second under random actions. One step is one decision of the agent, "
        "whatever the frame skip."
    )
    made = Section("speed", "Speed", intro, command)
    if found is None:
        return made
    groups = by_parameters(found.rows)
    blocks: list[Block] = [Picture(_chart(env, groups), CHART)]
    for name, rows in groups.items():
        blocks += [_speeds(name, rows), *_ratios(name, rows)]
    blocks.append(Note(READING))
    blocks += [_everything(rows, name) for name, rows in groups.items()]
    if any(is_ours(row["impl"]) and row.get("build") == "debug" for row in found.rows):
        blocks.append(Note("Some of these are of a debug build, and say nothing."))
    return Section(
        *(made.anchor, made.title, made.intro, made.command),
        blocks=blocks,
        headlines=list(_headlines(groups)),
    )


CHART = (
    "The fastest that each was measured at; the scale is logarithmic. Coloured: ours; grey: "
    "baselines."
)


def is_ours(impl: str) -> bool:
    """Whether it is the reference or a backend."""
    return impl not in BASELINES


def by_parameters(rows: list[Record]) -> dict[str, list[Record]]:
    """Measurements with the same parameters of the environment."""
    groups: dict[str, list[Record]] = {}
    for row in rows:
        groups.setdefault(parameters(row), []).append(row)
    return groups


def named(row: Record) -> str:
    """The implementation, with its precision where that is not the usual one."""
    precision = row.get("precision", "f32")
    return str(row["impl"]) if precision == "f32" else f"{row['impl']} ({precision})"


def fastest(rows: Iterable[Record]) -> list[Record]:
    """Of each implementation its fastest measurement, the fastest first."""
    best: dict[str, Record] = {}
    for row in rows:
        before = best.setdefault(row["impl"], row)
        if row["sps_median"] > before["sps_median"]:
            best[row["impl"]] = row
    return sorted(best.values(), key=lambda row: -float(row["sps_median"]))


def beside(row: Record, rows: Iterable[Record], baseline: str) -> float | None:
    """How many times the speed of a baseline at the same setting."""
    for other in rows:
        same = (other["batch"], other["threads"]) == (row["batch"], row["threads"])
        if other["impl"] == baseline and same:
            return float(row["sps_median"]) / float(other["sps_median"])
    return None


def baselines_of(rows: Iterable[Record]) -> list[str]:
    """Those that were measured, in the order of the registry."""
    there = {row["impl"] for row in rows}
    return [name for name in BASELINES if name in there]


def settings_of(rows: Iterable[Record]) -> Settings:
    """(batch, threads), in order."""
    return sorted({(row["batch"], row["threads"]) for row in rows})


def told_threads(threads: int) -> str:
    """A number of threads, in words."""
    return f"{threads} thread" + ("s" if threads != 1 else "")


def speed_cell(row: Record | None, under: str = "") -> Cell | str:
    """A speed with its marks."""
    if row is None:
        return ""
    mark = "!" if float(row.get("cv") or 0) > CV_LIMIT else ""
    mark += "*" if int(row.get("repeats") or FEW_REPEATS) < FEW_REPEATS else ""
    return Cell(saying.rate(float(row["sps_median"])) + mark, under)


def _speeds(name: str, rows: list[Record]) -> Table:
    """A line an implementation, a column a setting."""
    baselines = baselines_of(rows)
    settings = settings_of(rows)
    lines: list[list[Cell | str]] = []
    for best in fastest(rows):
        own = {(r["batch"], r["threads"]): r for r in rows if r["impl"] == best["impl"]}
        cells: list[Cell | str] = [Cell(named(best), tone="" if is_ours(best["impl"]) else "weak")]
        for setting in settings:
            row = own.get(setting)
            times = beside(row, rows, baselines[0]) if row and len(baselines) == 1 else None
            cells.append(speed_cell(row, saying.times(times)))
        lines.append(cells)
    header = [saying.by(batch, told_threads(threads)) for batch, threads in settings]
    only = f", times {baselines[0]}'s below" if len(baselines) == 1 else ""
    return Table(["Steps/s", *header], lines, f"{name}: batch size {saying.BY} threads{only}")


def _ratios(name: str, rows: list[Record]) -> list[Table]:
    """Ours against each baseline at the same setting, where there are several."""
    baselines = baselines_of(rows)
    if len(baselines) < 2:
        return []
    lines: list[list[Cell | str]] = []
    for row in sorted(rows, key=lambda r: (r["impl"], r["batch"], r["threads"])):
        times = [beside(row, rows, each) for each in baselines]
        if is_ours(row["impl"]) and any(times):
            where = saying.by(row["batch"], row["threads"])
            cells = [saying.times(each) for each in times]
            lines.append([named(row), where, *cells])
    if not lines:
        return []
    header = ["Ratio", f"batch {saying.BY} threads", *baselines]
    return [Table(header, lines, f"{name}: times the speed of each baseline")]


def _everything(rows: list[Record], name: str) -> Table:
    """Every measurement with its spread and its check."""
    lines: list[list[Cell | str]] = []
    for row in sorted(rows, key=lambda r: (r["batch"], r["threads"], -r["sps_median"])):
        compiled = row.get("compile_s") or None
        check = str(row.get("check", ""))
        lines.append(
            [
                *(named(row), saying.count(row["batch"]), str(row["threads"])),
                f"{float(row['sps_median']):,.0f}",
                saying.rate(float(row.get("sps_iqr") or 0)),
                f"{100 * float(row.get('cv') or 0):.1f} %",
                *(str(row.get("repeats", "")), saying.seconds(compiled)),
                Cell(check, tone="weak" if check.startswith("not") else ""),
            ]
        )
    header = ["Implementation", "batch", "threads", "steps/s", "IQR", "cv", "repeats"]
    header += ["compile", "check"]
    return Table(header, lines, f"Every measurement: {name}", texts=(8,), folded=True)


def _headlines(groups: dict[str, list[Record]]) -> Iterable[Headline]:
    """The fastest of ours, and the best ratio at one setting to each group's fastest baseline."""
    for name, rows in groups.items():
        ours = [row for row in fastest(rows) if is_ours(row["impl"])]
        if ours:
            best = ours[0]
            value = f"{saying.rate(float(best['sps_median']))} steps/s"
            yield Headline(value, f"{best['impl']}, {name}")
            peers = [row for row in rows if not is_ours(row["impl"])]
            same = [p for p in peers if _setting(p) == _setting(best)]
            if same:
                peer = fastest(same)[0]
                times = saying.times(float(best["sps_median"]) / float(peer["sps_median"]))
                yield Headline(times, f"{best['impl']} beside {peer['impl']}, {name}")


def _setting(row: Record) -> tuple[int, int]:
    return row["batch"], row["threads"]


def _chart(env: str, groups: dict[str, list[Record]]) -> Markup:
    """A dot an implementation, a panel a set of parameters."""
    most = max(len(fastest(rows)) for rows in groups.values())
    height = 0.65 + len(groups) * (0.55 + 0.27 * most)

    def paint(drawn: Figure) -> None:
        panels = drawn.subplots(len(groups), 1, sharex=True, squeeze=False)[:, 0]
        everything = [float(row["sps_median"]) for rows in groups.values() for row in rows]
        low = 10 ** math.floor(math.log10(min(everything)) - 0.2)
        for axes, (name, rows) in zip(panels, groups.items(), strict=True):
            ordered = fastest(rows)[::-1]
            others = figure.without_color([r["impl"] for r in ordered if is_ours(r["impl"])])
            for place, row in enumerate(ordered):
                speed = float(row["sps_median"])
                color = figure.color_of(row["impl"], others)
                axes.plot([low, speed], [place, place], color=color, linewidth=2.4, alpha=0.45)
                axes.plot([speed], [place], "o", color=color, markersize=7)
                axes.annotate(
                    f"{saying.rate(speed)} · {saying.by(row['batch'], row['threads'])}",
                    *((speed, place), (9, 0)),
                    textcoords="offset points",
                    va="center",
                    fontsize=9.5,
                )
            axes.set_yticks(range(len(ordered)), [named(row) for row in ordered])
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(lambda value, _: saying.round_number(value))
            axes.set_xlim(low, max(everything) * (max(everything) / low) ** 0.33)
            axes.set_ylim(-0.6, len(ordered) - 0.4)
            axes.set_title(name)
            axes.spines["left"].set_visible(False)
            figure.quiet_axis(axes, "y")
        panels[-1].set_xlabel(f"steps a second; beside a dot also batch size {saying.BY} threads")

    return figure.draw(7.4, height, f"{env}: steps a second of each implementation", paint)
