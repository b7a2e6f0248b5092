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

from harness.benching.table import rate, ratio

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PUBLISHED = ROOT / "results" / "published"
OURS = ("reference", "rust", "rust-ffi", "jax")
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
    return (row["frame_skip"], row["batch"], row["threads"])


def table(rows: list[Row]) -> str:
    """The measurements as Markdown, each beside the baseline of its setting."""
    if not rows:
        return "No measurement is published yet; `make bench` makes one.\n"
    baselines = {setting(row): row for row in rows if row["impl"] not in OURS}
    lines = [
        "| Frame skip | Batch | Threads | Implementation | Steps/s | Ratio to the baseline |",
        "|---:|---:|---:|---|---:|---:|",
    ]
    for row in sorted(rows, key=lambda row: (*setting(row), -row["sps_median"])):
        baseline = baselines.get(setting(row))
        beside = ratio(row["sps_median"] / baseline["sps_median"]) if baseline else ""
        cells = (*map(str, setting(row)), row["impl"], rate(row["sps_median"]), beside)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n\n" + origin(rows) + "\n"


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
