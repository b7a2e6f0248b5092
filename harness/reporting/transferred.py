"""How policies that were trained on one implementation score on the others."""

from __future__ import annotations

from collections import Counter
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from harness.reporting import figure, saying
from harness.reporting.blocks import Block, Cell, Headline, Note, Picture, Section, Table, Tone
from harness.reporting.collect import Found
from harness.reporting.shelf import Record

TONES: dict[str, Tone] = {"equal": "good", "equivalent": "good", "noise floor": "weak"}
"""Of verdicts; every other one is bad."""
NOISE_FLOOR = "noise floor"
CAPTION = (
    "Returns of every episode: the box holds the middle half, the line is the median, whiskers "
    "reach from 5 % to 95 %, the diamond is the mean."
)
RETRAINED = (
    "Policies that were trained anew on each implementation: a dot a seed, the bar a bootstrap "
    "interval of the mean. Training differs from seed to seed, so equivalence is not claimed."
)


def section(env: str, found: Found | None) -> Section:
    """Verdicts of all pairs, the distributions, and policies trained anew."""
    made = Section(
        "transfer",
        "Transfer",
        "Each policy plays on every implementation, with the same seeds, the same noise and one "
        "compiled program that acts.",
        f"make transfer ENV={env}",
    )
    if found is None:
        return made
    record = found.row
    blocks: list[Block] = [Note(_rule(record)), _policies(record), *_matrices(record)]
    blocks.append(Picture(_distributions(env, record["returns"]), CAPTION))
    retrained = _retrained(record.get("retrained") or {})
    if retrained:
        blocks += [Picture(_dots(env, retrained), RETRAINED), *_trained_anew(record, retrained)]
    blocks.append(_pairs(record))
    return Section(
        *(made.anchor, made.title, made.intro, made.command),
        blocks=blocks,
        headlines=[_headline(record)],
    )


def _rule(record: Record) -> str:
    episodes = saying.count(record["episodes"])
    drawn = (record.get("random") or {}).get("mean")
    least = "" if drawn is None else f" Random actions score {saying.score(drawn)}."
    if record["exact"]:
        return f"The environment is exact: {episodes} episodes must be equal one by one.{least}"
    share = record.get("margin_share")
    of = f", {100 * float(share):g} % of trained minus random return" if share else ""
    return (
        f"Two one-sided tests on {episodes} paired episodes: equivalent if the mean difference "
        f"lies within ±{saying.score(record['margin'])}{of}, as declared beforehand.{least}"
    )


def _headline(record: Record) -> Headline:
    pairs = [pair for pair in record["pairs"] if pair["a"] != pair["b"]]
    counts = Counter(pair["verdict"] for pair in pairs)
    good = all(TONES.get(verdict) == "good" for verdict in counts)
    value = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
    label = f"of {len(pairs)} pairs, {saying.count(record['episodes'])} episodes each"
    return Headline(value, label, "good" if good else "bad")


def _policies(record: Record) -> Table:
    """What each scores on each implementation."""
    impls = _impls(record["returns"])
    lines: list[list[Cell | str]] = []
    for policy in record["policies"]:
        returns = record["returns"].get(policy["name"], {})
        means = [saying.score(_mean(returns[impl])) if impl in returns else "" for impl in impls]
        trained = f"{policy['trained_on']}, seed {policy['seed']}"
        lines.append([policy["name"], trained, saying.count(policy["steps"]), *means])
    header = ["Policy", "trained on", "steps", *(f"on {impl}" for impl in impls)]
    return Table(header, lines, "Mean returns", numbers=2)


def _impls(returns: dict[str, dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(impl for each in returns.values() for impl in each))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _matrices(record: Record) -> list[Table]:
    """A matrix a policy: from the row's implementation to the column's."""
    made = []
    for policy in dict.fromkeys(pair["policy"] for pair in record["pairs"]):
        pairs = {(p["a"], p["b"]): p for p in record["pairs"] if p["policy"] == policy}
        rows = list(dict.fromkeys(a for a, _ in pairs))
        columns = list(dict.fromkeys(b for _, b in pairs))
        lines = [[a, *(_verdict(pairs.get((a, b))) for b in columns)] for a in rows]
        made.append(Table(["", *columns], lines, f"Verdicts: {policy}", numbers=9))
    return made


def _verdict(pair: Record | None) -> Cell | str:
    """The verdict, and below it what it rests on."""
    if pair is None:
        return ""
    told = _because(pair)
    return Cell(str(pair["verdict"]), told, TONES.get(pair["verdict"], "bad"))


def _because(pair: Record) -> str:
    if pair.get("p_tost") is not None:
        return f"p = {pair['p_tost']:.2g}"
    return f"{saying.count(pair['equal'])} of {saying.count(pair['episodes'])} equal"


def _pairs(record: Record) -> Table:
    lines: list[list[Cell | str]] = []
    for pair in record["pairs"]:
        interval = pair.get("ci90")
        test = pair.get("p_tost")
        lines.append(
            [
                *(pair["policy"], pair["a"], pair["b"], saying.count(pair["episodes"])),
                *(saying.score(pair[name]) for name in ("mean_a", "mean_b", "mean_difference")),
                saying.score(pair.get("sd_difference")),
                _range(interval),
                "" if test is None else f"{test:.2g}",
                saying.count(pair["equal"]),
                Cell(str(pair["verdict"]), tone=TONES.get(pair["verdict"], "bad")),
            ]
        )
    header = ["Policy", "a", "b", "episodes", "mean on a", "mean on b", "difference", "sd"]
    header += ["90 % interval", "p (TOST)", "equal", "verdict"]
    return Table(header, lines, "Every pair", numbers=3, texts=(11,), folded=True)


def _distributions(env: str, returns: dict[str, dict[str, list[float]]]) -> Markup:
    """A panel a policy, a box an implementation."""
    rows = sum(len(each) for each in returns.values())
    height = 0.5 + 0.3 * rows + 0.55 * len(returns)

    def paint(drawn: Figure) -> None:
        ratios = {"height_ratios": [0.55 + 0.3 * len(each) for each in returns.values()]}
        grid = drawn.subplots(len(returns), 1, sharex=True, squeeze=False, gridspec_kw=ratios)
        for axes, (policy, each) in zip(grid[:, 0], returns.items(), strict=True):
            others = figure.without_color(list(each))
            for place, (impl, values) in enumerate(list(each.items())[::-1]):
                line = {"color": figure.color_of(impl, others), "linewidth": 1.5}
                axes.boxplot(
                    [values],
                    positions=[place],
                    orientation="horizontal",
                    widths=0.5,
                    whis=(5, 95),
                    showmeans=True,
                    boxprops=line,
                    whiskerprops=line,
                    capprops=line,
                    medianprops=line,
                    meanprops={
                        "marker": "D",
                        "markersize": 5,
                        "markerfacecolor": line["color"],
                        "markeredgecolor": "none",
                    },
                    flierprops={
                        "marker": ".",
                        "markersize": 4,
                        "markerfacecolor": line["color"],
                        "markeredgecolor": "none",
                    },
                )
            axes.set_yticks(range(len(each)), [f"on {impl}" for impl in list(each)[::-1]])
            axes.set_title(policy)
            axes.spines["left"].set_visible(False)
            figure.quiet_axis(axes, "y")
        grid[-1, 0].set_xlabel("return of an episode")

    return figure.draw(7.4, height, f"{env}: returns by policy and implementation", paint)


def _retrained(found: dict[str, Any]) -> dict[str, tuple[list[float], list[float]]]:
    """Implementation to (mean return of each seed, bootstrap interval or nothing)."""
    made = {}
    for impl, each in found.items():
        if isinstance(each, dict):
            made[impl] = (list(each["means"]), list(each.get("interval") or []))
        elif isinstance(each, list):
            made[impl] = (list(each), [])
    return made


def _trained_anew(
    record: Record, retrained: dict[str, tuple[list[float], list[float]]]
) -> list[Block]:
    """Intervals of the means, those of their differences, and where they come from."""
    lines = [
        [impl, str(len(means)), saying.score(_mean(means)), _range(interval)]
        for impl, (means, interval) in retrained.items()
    ]
    header = ["Trained anew on", "seeds", "mean", "interval of the mean"]
    made: list[Block] = [Table(header, lines)]
    differences = record.get("retrained_differences") or []
    if differences:
        compared = [
            [f"{d['a']} less {d['b']}", saying.score(d["mean_difference"]), _range(d.get("ci95"))]
            for d in differences
        ]
        made.append(Table(["Difference of the means", "", "95 % interval"], compared))
    origin = record.get("retrained_origin") or {}
    if origin.get("commit"):
        commit, when = str(origin["commit"])[:10], saying.when(origin.get("time"))
        made.append(Note(f"Trained anew at commit {commit}, {when}."))
    return made


def _range(interval: list[float] | None) -> str:
    return " to ".join(saying.score(end) for end in interval) if interval else ""


def _dots(env: str, retrained: dict[str, tuple[list[float], list[float]]]) -> Markup:
    def paint(drawn: Figure) -> None:
        axes = drawn.add_subplot()
        others = figure.without_color(list(retrained))
        for place, (impl, (means, interval)) in enumerate(list(retrained.items())[::-1]):
            color = figure.color_of(impl, others)
            if interval:
                axes.plot(interval, [place, place], color=color, linewidth=9, alpha=0.3)
            axes.plot(means, [place] * len(means), "o", color=color, markersize=6, alpha=0.85)
        axes.set_yticks(range(len(retrained)), [f"trained on {name}" for name in retrained][::-1])
        axes.set_ylim(-0.6, len(retrained) - 0.4)
        axes.set_xlabel("mean return")
        axes.spines["left"].set_visible(False)
        figure.quiet_axis(axes, "y")

    height = 0.7 + 0.4 * len(retrained)
    return figure.draw(7.4, height, f"{env}: policies trained anew on each implementation", paint)
