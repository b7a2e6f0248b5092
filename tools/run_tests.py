"""Runs the lints and all tests, one part after the other, and ends with one line of counts.

`make test` runs everything, `make lint` the parts of that name; `python tools/run_tests.py PART
...` chosen ones. A part that fails does not stop the others. Exit status 1 if any failed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = str(ROOT / ".venv" / "bin" / "python")
BIN = ROOT / ".venv" / "bin"
WORKERS = str(min(4, os.cpu_count() or 1))
CACHE = {
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.5",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
"""What one process of a run has compiled the others load: most of the suite's time is XLA's."""


@dataclass(frozen=True)
class Part:
    """One command. The output of a loud one is shown as it comes, of others where they fail."""

    command: tuple[str, ...]
    lint: bool = False
    loud: bool = False


PARTS = {
    "ruff": Part((str(BIN / "ruff"), "check", "--quiet", "."), lint=True),
    "ruff-format": Part((str(BIN / "ruff"), "format", "--check", "--quiet", "."), lint=True),
    "mypy": Part((PYTHON, "-m", "mypy"), lint=True),
    "consts": Part((PYTHON, "-m", "harness", "consts", "--check"), lint=True),
    "rustfmt": Part(("cargo", "fmt", "--all", "--check", "--", "--color=never"), lint=True),
    "clippy": Part(
        (
            *("cargo", "clippy", "--workspace", "--all-targets", "--locked", "--quiet"),
            *("--", "--deny", "warnings"),
        ),
        lint=True,
    ),
    "cargo-test": Part(("cargo", "test", "--workspace", "--locked", "--quiet", "--no-fail-fast")),
    # A file is run by one worker: some build something once for all of their tests.
    "pytest": Part(
        (
            *(PYTHON, "-m", "pytest", "-q", "-n", WORKERS, "--dist", "loadfile"),
            "--durations=15",
        ),
        loud=True,
    ),
}


@dataclass
class Outcome:
    """How a part ended. A lint counts as no test, unless it fails."""

    status: int
    seconds: float
    passed: int = 0
    failed: int = 0
    skipped: int = 0


def count(name: str, output: str) -> tuple[int, int, int]:
    """Tests passed, failed and skipped, from what cargo or pytest printed."""
    if name == "cargo-test":
        pattern = r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored"
        rows = [tuple(map(int, row)) for row in re.findall(pattern, output, re.MULTILINE)]
        return tuple(map(sum, zip(*rows, strict=True))) if rows else (0, 0, 0)  # type: ignore[return-value]
    lines = output.rstrip().splitlines()
    totals = dict.fromkeys(("passed", "failed", "error", "skipped", "xfailed"), 0)
    for number, word in re.findall(r"(\d+) (passed|failed|error|skipped|xfailed)", lines[-1]):
        totals[word] = int(number)
    return totals["passed"], totals["failed"] + totals["error"], totals["skipped"]


def run(name: str, part: Part) -> Outcome:
    """Run one part from the repository's root."""
    print(f"== {name}", flush=True)
    begin = time.monotonic()
    if shutil.which(part.command[0]) is None:
        print(f"{part.command[0]} is not there; `make setup` says what is missing", flush=True)
        return Outcome(127, 0.0, failed=1)
    environment = {**os.environ, **CACHE, "PYTHON": PYTHON, "PYO3_PYTHON": PYTHON}
    output = ""
    with (
        tempfile.TemporaryDirectory(prefix="samestep-jax-") as programs,
        subprocess.Popen(
            part.command,
            cwd=ROOT,
            env={**environment, "JAX_COMPILATION_CACHE_DIR": programs},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            output += line
            if part.loud:
                print(line, end="", flush=True)
    outcome = Outcome(process.returncode, time.monotonic() - begin)
    if outcome.status and not part.loud:
        print(output, flush=True)
    if not part.lint and output.strip():
        outcome.passed, outcome.failed, outcome.skipped = count(name, output)
    if outcome.status and not outcome.failed:
        outcome.failed = 1  # a lint, or a part that could not run
    return outcome


def main(arguments: list[str]) -> int:
    """Run the chosen parts, all by default; the exit status."""
    lints = [name for name, part in PARTS.items() if part.lint]
    chosen = lints if arguments == ["lint"] else arguments or list(PARTS)
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        accepted = ", ".join(("lint", *PARTS))
        print(f"unknown part {unknown[0]!r}; accepted: {accepted}", file=sys.stderr)
        return 2
    outcomes = {name: run(name, PARTS[name]) for name in chosen}
    print("\n== times")
    for name, outcome in outcomes.items():
        word = "ok" if outcome.status == 0 else f"FAILED (status {outcome.status})"
        print(f"{name:12} {outcome.seconds:7.1f} s  {word}")
    passed = sum(outcome.passed for outcome in outcomes.values())
    failed = sum(outcome.failed for outcome in outcomes.values())
    skipped = sum(outcome.skipped for outcome in outcomes.values())
    if any(not PARTS[name].lint for name in chosen) or failed:
        print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return int(any(outcome.status for outcome in outcomes.values()))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
