"""Fills README.md's benchmark tables from results/published/bench-ENV.jsonl.

A block `<!-- bench:ENV -->` ... `<!-- /bench -->` holds one table; what stands in it is replaced.
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

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PUBLISHED = ROOT / "results" / "published"
USUAL_REPEATS = 5
BLOCK = re.compile(r"(<!-- bench:(?P<env>[\w-]+) -->\n).*?(<!-- /bench -->)", re.DOTALL)

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


def table(rows: list[Row]) -> str:
    """The measurements as Markdown, each beside the baselines of its setting."""
    if not rows:
        return "No measurement is published yet; `make bench` makes one.\n"
    rates = {(row["impl"], setting(row)): row["sps_median"] for row in rows}
    baselines = [name for name in BASELINES if any(row["impl"] == name for row in rows)]
    several = any(parameters(row) for row in rows)
    header = ["Frame skip", *["Parameters"] * several, "Batch", "Threads"]
    header += ["Implementation", "Steps/s", *(f"Ratio to {name}" for name in baselines)]
    rule = ["---" if name in ("Parameters", "Implementation") else "---:" for name in header]
    lines = [f"| {' | '.join(header)} |", f"|{'|'.join(rule)}|"]
    for row in sorted(rows, key=lambda row: (*setting(row), -row["sps_median"])):
        frame_skip, given, batch, threads = setting(row)
        cells = [str(frame_skip), *[given or "defaults"] * several, str(batch), str(threads)]
        cells += [implementation(row), speed(row)]
        for name in baselines:
            beside = rates.get((name, setting(row)))
            cells.append(ratio(row["sps_median"] / beside) if beside else "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n\n" + origin(rows) + "\n"


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
        return match[1] + table(rows) + match[3]

    return BLOCK.sub(fill, readme)


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
