"""Learning curves of the runs of make train, and what the trained policies score."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.reporting import figure, saying
from harness.reporting.blocks import Block, Cell, Headline, Picture, Section, Table
from harness.reporting.collect import Found
from harness.reporting.shelf import Record

CAPTION = (
    "Mean return of the episodes that ended since the point before; a line a seed. Left against "
    "environment steps, right against wall time, compilation included."
)
PARTS = ("environment", "inference", "update")


def section(env: str, found: Found | None) -> Section:
    """Curves and a table of runs."""
    made = Section(
        "learning",
        "Learning",
        "PPO, trained from nothing over each backend.",
        f"make train ENV={env} BACKEND=rust",
    )
    if found is None:
        return made
    runs = sorted(found.rows, key=lambda run: (str(run["backend"]), int(run["seed"])))
    blocks: list[Block] = []
    if any(curve(run) for run in runs):
        blocks.append(Picture(_curves(env, runs), CAPTION))
    blocks.append(_table(runs))
    return Section(
        *(made.anchor, made.title, made.intro, made.command),
        blocks=blocks,
        headlines=list(_headlines(runs)),
    )


def curve(run: Record) -> list[Record]:
    """The points at which an episode had ended."""
    return [point for point in run.get("curve") or [] if point.get("return") is not None]


def _headlines(runs: list[Record]) -> Iterable[Headline]:
    """The backend whose worst seed scores best, and what its slowest seed took."""
    by_backend: dict[str, list[Record]] = {}
    for run in runs:
        if run.get("evaluation"):
            by_backend.setdefault(str(run["backend"]), []).append(run)
    if not by_backend:
        return
    worst = {
        backend: min(float(run["evaluation"]["mean"]) for run in own)
        for backend, own in by_backend.items()
    }
    slowest = {
        backend: max(float(run["seconds"]) for run in own) for backend, own in by_backend.items()
    }
    best = max(by_backend, key=lambda backend: (worst[backend], -slowest[backend]))
    number = len(by_backend[best])
    took = saying.seconds(slowest[best])
    told = f"mean score after {took}: PPO over {best}"
    if number > 1:
        told = f"mean score at least, after at most {took}: PPO over {best}, {number} seeds"
    yield Headline(saying.score(worst[best]), told)


def _table(runs: list[Record]) -> Table:
    lines: list[list[Cell | str]] = []
    for run in runs:
        scored = run.get("evaluation") or {}
        spread = f"{saying.score(scored.get('min'))} to {saying.score(scored.get('max'))}"
        split = run.get("split") or {}
        whole = sum(float(split.get(part) or 0) for part in PARTS)
        lines.append(
            [
                *(str(run["backend"]), str(run["seed"]), saying.count(run["steps"])),
                *(saying.seconds(run["seconds"]), saying.rate(float(run["sps"]))),
                saying.share(float(split["environment"]) / whole) if whole else "",
                Cell(saying.score(scored.get("mean")), _deviation(scored)),
                spread if scored else "",
                saying.count(scored["episodes"]) if scored else "",
            ]
        )
    header = ["Trained over", "seed", "steps", "wall time", "steps/s", "environment's share"]
    header += ["score", "range", "episodes"]
    return Table(header, lines, "Runs, and what each policy scores after training")


def _deviation(scored: Record) -> str:
    return f"± {saying.score(scored['sd'])}" if scored.get("sd") is not None else ""


def _curves(env: str, runs: list[Record]) -> Markup:
    """Two panels with the same lines."""
    others = figure.without_color([run["backend"] for run in runs])

    def paint(drawn: Figure) -> None:
        by_steps, by_time = drawn.subplots(1, 2, sharey=True)
        for run in runs:
            color = figure.color_of(run["backend"], others)
            _line(by_steps, run, "steps", color)
            _line(by_time, run, "seconds", color)
        for backend in dict.fromkeys(str(run["backend"]) for run in runs):
            by_steps.plot([], [], color=figure.color_of(backend, others), label=backend)
        by_steps.set_ylabel("return")
        by_steps.set_xlabel("environment steps")
        by_time.set_xlabel("wall time, s")
        by_steps.set_xlim(left=0)
        by_time.set_xlim(left=0)
        by_steps.xaxis.set_major_formatter(lambda value, _: saying.round_number(value))
        by_steps.legend(fontsize=9.5)

    return figure.draw(7.4, 3.6, f"{env}: learning curves", paint)


def _line(axes: Axes, run: Record, against: str, color: str) -> None:
    points = curve(run)
    places = [float(point[against]) for point in points]
    axes.plot(places, [float(point["return"]) for point in points], color=color, alpha=0.75)
