"""Fills README.md's tables from what is published: of benchmarks, and of trained policies.

A block `<!-- bench:ENV -->` ... `<!-- /bench -->` holds the tables of one environment; what stands
in it is replaced. Up to two baselines stand beside ours in one table. More are too wide for that:
then there are two tables for each set of parameters, of speeds and of ratios. The block
`<!-- training -->` ... `<!-- /training -->` holds what readme_training.py makes.
`--check` changes nothing and exits with 1 where the README is stale.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from harness.baselines import BASELINES
from harness.benching.job import PRECISION
from harness.benching.table import rate, ratio
from tools import readme_training

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PUBLISHED = ROOT / "results" / "published"
USUAL_REPEATS = 5
FEW_BASELINES = 2
BLOCK = re.compile(r"(<!-- bench:(?P<env>[\w-]+) -->\n).*?(<!-- /bench -->)", re.DOTALL)
TRAINING = re.compile(r"(<!-- training -->\n).*?(<!-- /training -->)", re.DOTALL)

Row = dict[str, Any]


def read_rows(path: Path) -> list[Row]:
    """The measurements in a file, the last of each setting; none if there is no file."""
    if not path.exists():
        return []
    rows: dict[tuple[Any, ...], Row] = {}
    for line in path.read_text().splitlines():
        row = json.loads(line)
        if row.get("kind") == "random" and row.get("sps_median"):
            rows[(*setting(row), row["impl"])] = row
    return list(rows.values())


def setting(row: Row) -> tuple[Any, ...]:
    """What two measurements must share to be compared."""
    return (row["frame_skip"], parameters(row), row["batch"], row["threads"])


def parameters(row: Row) -> str:
    """Those that were given, but for the frame skip, which has a column; none in old lines."""
    given = {k: v for k, v in row.get("params", {}).items() if k != "frame_skip"}
    return ", ".join(f"{name}={value}" for name, value in sorted(given.items()))


def tables(rows: list[Row]) -> str:
    """The measurements as Markdown, beside the baselines of their settings."""
    if not rows:
        return "No measurement is published yet; `make bench` makes one.\n"
    baselines = [name for name in BASELINES if any(row["impl"] == name for row in rows)]
    made = one_table(rows, baselines) if len(baselines) <= FEW_BASELINES else parted(rows)
    return made + "\n" + origin(rows) + "\n"


def one_table(rows: list[Row], baselines: list[str]) -> str:
    """A line a measurement, with its ratio to each baseline."""
    rates = {(row["impl"], setting(row)): row["sps_median"] for row in rows}
    several = any(parameters(row) for row in rows)
    header = ["Frame skip", *["Parameters"] * several, "Batch", "Threads"]
    header += ["Implementation", "Steps/s", *(f"Ratio to {name}" for name in baselines)]
    lines = []
    for row in sorted(rows, key=lambda row: (*setting(row), -row["sps_median"])):
        frame_skip, given, batch, threads = setting(row)
        cells = [str(frame_skip), *[given or "defaults"] * several, str(batch), str(threads)]
        cells += [implementation(row), speed(row)]
        for name in baselines:
            beside = rate_beside(name, setting(row), rates)
            cells.append(ratio(row["sps_median"] / beside) if beside else "")
        lines.append(cells)
    return markdown(header, lines)


def rate_beside(name: str, wanted: tuple[Any, ...], rates: dict[Any, float]) -> float | None:
    """A baseline's speed in a setting. One that steps smaller batches than asked for, since its
    speed does not depend on them, stands with its own.
    """
    if (name, wanted) in rates:
        return rates[name, wanted]
    frame_skip, given, batch, threads = wanted
    for (impl, (*same, size, count)), found in rates.items():
        if impl == name and (*same, count) == (frame_skip, given, threads) and size < batch:
            return found
    return None


def parted(rows: list[Row]) -> str:
    """Two tables for each frame skip and parameters."""
    parts: dict[tuple[Any, ...], list[Row]] = {}
    for row in sorted(rows, key=setting):
        parts.setdefault(setting(row)[:2], []).append(row)
    several = len(parts) > 1
    made = []
    for (frame_skip, given), part in parts.items():
        if several:
            made.append(f"With frame skip {frame_skip}, {given or 'defaults'}:\n")
        of_reference = [row for row in part if row["impl"] == "reference"]
        part = [row for row in part if row not in of_reference]
        if part:
            made += [speeds(part), ratios(part)]
        made += [f"The reference takes {speed(row)} steps a second.\n" for row in of_reference]
    return "\n".join(made)


def speeds(rows: list[Row]) -> str:
    """A line an implementation, a column a batch size and number of threads."""
    settings = sorted({(row["batch"], row["threads"]) for row in rows})
    measured = {(row["impl"], row["batch"], row["threads"]): row for row in rows}
    shown = {row["impl"]: implementation(row) for row in rows}
    header = ["Steps/s", *(f"Batch {batch}, {told(threads)}" for batch, threads in settings)]
    lines = []
    for impl in sorted(shown, key=lambda impl: -fastest(rows, impl)):
        cells = [measured.get((impl, *each)) for each in settings]
        lines.append([shown[impl], *(speed(row) if row else "" for row in cells)])
    return markdown(header, lines)


def ratios(rows: list[Row]) -> str:
    """Ours against each baseline, at the largest batch on the most threads."""
    baselines = [name for name in BASELINES if any(row["impl"] == name for row in rows)]
    largest = max((row["batch"], row["threads"]) for row in rows)
    rates = {
        row["impl"]: row["sps_median"] for row in rows if (row["batch"], row["threads"]) == largest
    }
    header = [f"Ratio at batch {largest[0]}, {told(largest[1])}", *baselines]
    lines = []
    for impl in sorted(rates, key=lambda impl: -rates[impl]):
        if impl not in BASELINES:
            beside = [rates.get(name) for name in baselines]
            lines.append([impl, *(ratio(rates[impl] / each) if each else "" for each in beside)])
    return markdown(header, lines)


def fastest(rows: list[Row], impl: str) -> float:
    """The most steps a second that an implementation was measured at."""
    return float(max(row["sps_median"] for row in rows if row["impl"] == impl))


def told(threads: int) -> str:
    """A number of threads, in words."""
    return f"{threads} thread" + ("s" if threads > 1 else "")


def markdown(header: list[str], lines: list[list[str]]) -> str:
    """A table; what is a number is aligned to the right."""
    number = re.compile(r"[\d.]+( [KMG])?( \(.*\))?|")
    right = [all(number.fullmatch(line[place]) for line in lines) for place in range(len(header))]
    rule = "|".join("---:" if each else "---" for each in right)
    rows = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f"| {' | '.join(header)} |\n|{rule}|\n{rows}"


def implementation(row: Row) -> str:
    """Its name, and its precision where that is not the usual one."""
    precision = row.get("precision", PRECISION)
    return str(row["impl"]) if precision == PRECISION else f"{row['impl']} ({precision})"


def speed(row: Row) -> str:
    """Steps a second, and how many repeats they are the median of where those are few."""
    repeats = row.get("repeats", USUAL_REPEATS)
    few = f" ({repeats} repeats)" if repeats < USUAL_REPEATS else ""
    return rate(row["sps_median"]) + few


def origin(rows: list[Row]) -> str:
    """One line for each machine and commit that the rows come from."""
    lines = []
    for row in rows:
        machine = row["fingerprint"]
        where = f"{machine['cpu']}, {machine['cores']} cores"
        line = f"Measured on {where}, at commit {row['commit'][:10]}."
        if line not in lines:
            lines.append(line)
    return "\n".join(lines)


def render(readme: str, published: Path = PUBLISHED) -> str:
    """The README with every block filled anew."""

    def fill(match: re.Match[str]) -> str:
        rows = read_rows(published / f"bench-{match['env']}.jsonl")
        return match[1] + tables(rows) + match[3]

    def fill_training(match: re.Match[str]) -> str:
        return match[1] + readme_training.table(readme_training.read_runs(published)) + match[2]

    return TRAINING.sub(fill_training, BLOCK.sub(fill, readme))


def main(arguments: list[str]) -> int:
    """Fill the blocks, or check them; the exit status."""
    parser = argparse.ArgumentParser(prog="readme_table", description="Fill README.md's tables.")
    parser.add_argument("--check", action="store_true", help="change nothing")
    options = parser.parse_args(arguments)
    readme = README.read_text()
    filled = render(readme)
    if filled == readme:
        return 0
    if options.check:
        print("README.md is stale; run `python -m tools.readme_table`", file=sys.stderr)
        return 1
    README.write_text(filled)
    print("README.md: tables filled")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
