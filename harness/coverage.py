"""`python -m harness coverage`: the lines of the Rust rules that the verifier's episodes reach.

The episodes that `verify --level 3` compares are played on the Rust backend and their actions
written down; a build of the rules with rustc's instrumentation takes the same actions and must end
in the same states. Every line that was not reached has its reason in tests/ENV/unreached.toml.

Exit status 0 if all have one, 1 if one has none or a reason is stale, 2 for wrong input.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console
from rich.table import Table

from harness import registry
from harness.covering import lines, playing, unreached
from harness.covering.playing import Played
from harness.errors import UserError
from harness.fingerprint import fingerprint
from harness.proof_hash import proof_hash
from harness.registry import Entry
from harness.verifying import installed
from harness.verifying.record import commit, now, results_folder

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = "replay"
"""The crate's example that takes logged actions again."""


@dataclass
class Args:
    """Tell which lines of the Rust rules the verifier's episodes reach."""

    env: str = ""
    """The environment."""
    episodes: str = "20000"
    """As of `verify`: of all variants together, each has its share."""
    seed: str = "0"
    """As of `verify`."""
    publish: bool = False
    """Copy the result to results/published/, if every line is reached or explained."""


def main(arguments: list[str]) -> int:
    """Play, take the actions again, and judge what was not reached."""
    args = tyro.cli(Args, args=arguments, prog="harness coverage")
    entry = registry.get(args.env)
    crate = ROOT / str(entry.extra.get("crate", f"backends/rust/envs/{entry.name}"))
    if not (crate / "examples" / f"{EXAMPLE}.rs").exists():
        raise UserError(f"{entry.name} has no examples/{EXAMPLE}.rs that takes actions again")
    episodes = integer("EPISODES", args.episodes, 1, 10_000_000)
    seed = integer("SEED", args.seed, 0, 2**64 - 1)
    stale = installed.stale("rust")
    if stale:
        print(f"harness coverage: not publishable: {stale}", file=sys.stderr)
    lines.tools()
    folder = Path(os.environ.get("SAMESTEP_CACHE", ROOT / ".cache")) / "coverage"
    folder.mkdir(parents=True, exist_ok=True)
    with Console(stderr=True).status("playing"):
        played = list(playing.play(entry, episodes, seed, folder))
    sources = read_sources(crate)
    with Console(stderr=True).status("taking the actions again"):
        found = measure(entry, crate, played, folder)
    if read_sources(crate) != sources:
        raise UserError(f"{crate.name}'s sources changed meanwhile; accepted: another run")
    reasons = unreached.read(ROOT / entry.tests / "unreached.toml")
    missed, wrong = unreached.explain(found, sources, reasons)
    path = write(document(entry, seed, played, found, missed), args.env)
    status = report(found, missed, wrong)
    print(f"results: {path}")
    if args.publish:
        if status or stale:
            what = stale or "a line has no reason, or a reason is stale"
            raise UserError(f"not published: {what}; accepted: current sources, all explained")
        target = ROOT / "results" / "published" / f"coverage-{entry.name}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text())
        print(f"published as {target}")
    return status


def integer(name: str, text: str, low: int, high: int) -> int:
    """A number of the command line.

    Raises:
        UserError: if it is none from `low` to `high`.
    """
    if not text.isdecimal() or not low <= int(text) <= high:
        raise UserError(f"{name} is {text!r}; accepted: an integer from {low} to {high}")
    return int(text)


def read_sources(crate: Path) -> dict[str, str]:
    """The text of every source of the crate by its file's name."""
    return {path.name: path.read_text() for path in (crate / "src").glob("*.rs")}


def measure(entry: Entry, crate: Path, played: list[Played], folder: Path) -> lines.Lines:
    """How often each line of the crate ran while the actions were taken again."""
    name = str(entry.extra.get("crate_name", f"samestep-{entry.name}"))
    program = lines.build(name, EXAMPLE, folder / "target")
    profile = lines.run(program, [str(each.log) for each in played], folder)
    return lines.read(program, profile, crate / "src")


def document(
    entry: Entry,
    seed: int,
    played: list[Played],
    found: lines.Lines,
    missed: list[unreached.Unreached],
) -> dict[str, Any]:
    """What is recorded."""
    counted = list(totals(found))
    return {
        "env": entry.name,
        "version": entry.spec.version,
        "hash": proof_hash(entry),
        "time": now(),
        **commit(),
        "fingerprint": fingerprint(),
        "seed": seed,
        "played": [
            {"variant": each.variant, "episodes": each.episodes, "steps": each.steps}
            for each in played
        ],
        "lines": sum(of for _, _, of in counted),
        "reached": sum(reached for _, reached, _ in counted),
        "files": {name: {"reached": reached, "lines": of} for name, reached, of in counted},
        "unreached": [asdict(line) for line in missed],
    }


def totals(found: lines.Lines) -> list[tuple[str, int, int]]:
    """(file, lines reached, lines with code)."""
    return [
        (name, sum(count > 0 for count in counts.values()), len(counts))
        for name, counts in sorted(found.items())
    ]


def write(result: dict[str, Any], env: str) -> Path:
    """Write results/coverage/ENV.json.

    Raises:
        UserError: if nothing can be written there.
    """
    path = results_folder() / "coverage" / f"{env}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1) + "\n")
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error.strerror}; accepted: a writable results folder"
        ) from None
    return path


def report(found: lines.Lines, missed: list[unreached.Unreached], wrong: list[str]) -> int:
    """Print the table, what was not reached, and what is wrong; the exit status."""
    table = Table(title="lines reached", title_justify="left")
    for column in ("file", "reached", "lines", "share"):
        table.add_column(column, justify="left" if column == "file" else "right")
    counted = totals(found)
    whole = ("all", sum(n for _, n, _ in counted), sum(n for _, _, n in counted))
    for name, reached, of in (*counted, whole):
        table.add_row(name, str(reached), str(of), f"{100 * reached / max(of, 1):.1f} %")
    console = Console(width=120)
    console.print(table)
    for line in missed:
        why = line.why or "NO REASON GIVEN in unreached.toml"
        console.print(f"{line.file}:{line.number}: {line.text}\n  {why}", markup=False)
    for problem in wrong:
        console.print(f"unreached.toml: {problem}", markup=False)
    return int(bool(wrong) or any(not line.why for line in missed))
