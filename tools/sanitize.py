"""Runs what is unsafe in the Rust backend under Valgrind, which sees every access to memory.

`make sanitize` runs both parts, PARTS=tests or PARTS=module one of them:

- `tests`: the test binaries of all crates, where any error of memory counts, and memory that was
  lost for good.
- `module`: tools/sanitize_exercise.py on the installed extension module and its handlers inside
  JAX. CPython, NumPy and JAX's compiler read what they did not write by habit, so an error counts
  if the module is in one of its stacks; the others are told in number.

Valgrind has no AVX-512 and hides it, so kernels run for the baseline and for AVX2. Exit status 1
if anything was found, 2 if Valgrind is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = str(ROOT / ".venv" / "bin" / "python")
REPORTS = ROOT / ".cache" / "sanitize"
FOUND = 97
"""Exit status of a test binary that passed but for Valgrind."""
VALGRIND = (
    *("valgrind", "--quiet", "--xml=yes", "--error-limit=no", "--num-callers=64"),
    "--fair-sched=try",
)
TESTS = ("--leak-check=full", "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite")
MODULE = ("--show-leak-kinds=none",)  # CPython and JAX keep much on purpose
SHOWN_FRAMES = 12


class Broken(Exception):
    """A run that tells nothing, in one line."""


@dataclass
class Outcome:
    """What one program's run under Valgrind showed."""

    name: str
    seconds: float
    status: int
    output: str
    errors: list[str] = field(default_factory=list)
    """Those that count, as text."""
    others: int = 0

    @property
    def failed(self) -> bool:
        """Whether the program failed or Valgrind found an error that counts."""
        return bool(self.status or self.errors)


def read_errors(report: str, ours: str | None) -> tuple[list[str], int]:
    """The errors that count in Valgrind's XML report, as text, and how many others there are.

    Args:
        report: the whole XML.
        ours: path of the object that must be in a stack of an error that counts; None: all count.

    Raises:
        Broken: if the report was cut off.
    """
    try:
        root = ET.fromstring(report)
    except ET.ParseError as problem:
        raise Broken(f"Valgrind's report is not whole ({problem})") from problem
    counted: list[str] = []
    others = 0
    for error in root.iter("error"):
        if ours is None or any(frame.findtext("obj") == ours for frame in error.iter("frame")):
            counted.append(describe(error))
        else:
            others += 1
    return counted, others


def describe(error: ET.Element) -> str:
    """An error as lines: what, and each stack, innermost frame first."""
    lines = []
    for part in error:
        if part.tag in ("what", "auxwhat"):
            lines.append(part.text or "")
        elif part.tag == "xwhat":
            lines.append(part.findtext("text") or "")
        elif part.tag == "stack":
            frames = part.findall("frame")
            lines += [f"    {place(frame)}" for frame in frames[:SHOWN_FRAMES]]
            if len(frames) > SHOWN_FRAMES:
                lines.append(f"    ... {len(frames) - SHOWN_FRAMES} more")
    return "\n".join(lines)


def place(frame: ET.Element) -> str:
    """A frame's function and line; in an object without symbols, its address there."""
    function = frame.findtext("fn") or frame.findtext("ip") or "?"
    if name := frame.findtext("file"):
        return f"{function} ({name}:{frame.findtext('line')})"
    return f"{function} (in {Path(frame.findtext('obj') or '?').name})"


def watch(
    name: str,
    command: list[str],
    options: tuple[str, ...],
    ours: str | None = None,
    cwd: Path = ROOT,
    **environment: str,
) -> Outcome:
    """Run a program under Valgrind."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = REPORTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    begin = time.monotonic()
    done = subprocess.run(
        [*VALGRIND, *options, f"--xml-file={report}", *command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    outcome = Outcome(name, time.monotonic() - begin, done.returncode, done.stdout)
    try:
        outcome.errors, outcome.others = read_errors(report.read_text(errors="replace"), ours)
    except (Broken, OSError) as error:
        outcome.status = outcome.status or FOUND
        outcome.output += f"\n{error}"
    return outcome


def test_binaries() -> list[tuple[str, str, Path]]:
    """Name, path and package folder of every test binary, built as `make test` builds them.

    Raises:
        Broken: if they do not build.
    """
    done = subprocess.run(
        [
            *("cargo", "test", "--workspace", "--locked", "--quiet", "--no-run"),
            "--message-format=json-render-diagnostics",
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHON": PYTHON, "PYO3_PYTHON": PYTHON},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Broken("the test binaries do not build")
    found = []
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["profile"]["test"]:
            manifest = Path(message["manifest_path"])
            package = tomllib.loads(manifest.read_text())["package"]["name"]
            name = f"{package}.{message['target']['name']}"
            found.append((name, message["executable"], manifest.parent))
    if not found:
        raise Broken("cargo built no test binary")
    return sorted(found)


def run_tests() -> list[Outcome]:
    """Every test binary, where it would run under `cargo test`."""
    outcomes = []
    for name, binary, folder in test_binaries():
        outcome = watch(
            name,
            [binary, "--test-threads=1"],
            (*TESTS, f"--error-exitcode={FOUND}"),
            cwd=folder,
            CARGO_MANIFEST_DIR=str(folder),
        )
        outcomes.append(tell(outcome))
    return outcomes


def run_module() -> list[Outcome]:
    """The exercise in Python, with every object in a block of its own."""
    located = subprocess.run(
        [PYTHON, "-c", "from samestep_rust import _core; print(_core.__file__)"],
        capture_output=True,
        text=True,
        check=False,
    )
    if located.returncode:
        raise Broken("samestep_rust is not installed in .venv; `make setup` does it")
    outcome = watch(
        "module",
        [PYTHON, "-m", "tools.sanitize_exercise"],
        MODULE,
        ours=os.path.realpath(located.stdout.strip()),
        PYTHONMALLOC="malloc",
        JAX_PLATFORMS="cpu",
        OPENBLAS_NUM_THREADS="1",
    )
    return [tell(outcome)]


PARTS: dict[str, Callable[[], list[Outcome]]] = {"tests": run_tests, "module": run_module}


def tell(outcome: Outcome) -> Outcome:
    """One line, and the whole story where something failed."""
    others = f", {outcome.others} in other libraries alone" if outcome.others else ""
    word = "FAILED" if outcome.failed else "ok"
    print(
        f"{outcome.name:32} {outcome.seconds:7.1f} s  {word}: "
        f"status {outcome.status}, {len(outcome.errors)} errors{others}",
        flush=True,
    )
    if outcome.failed:
        print("\n\n".join((outcome.output.strip(), *outcome.errors)), flush=True)
    return outcome


def main(arguments: list[str]) -> int:
    """Run the chosen parts, both by default; the exit status."""
    parser = argparse.ArgumentParser(prog="sanitize", description="Run Rust under Valgrind.")
    parser.add_argument("--parts", default="", help="comma-separated; accepted: tests, module")
    chosen = [name for name in parser.parse_args(arguments).parts.split(",") if name] or list(PARTS)
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        accepted = ", ".join(PARTS)
        print(f"sanitize: unknown part {unknown[0]!r}; accepted: {accepted}", file=sys.stderr)
        return 2
    if shutil.which("valgrind") is None:
        print("sanitize: missing: Valgrind (no `valgrind` on PATH)", file=sys.stderr)
        return 2
    try:
        outcomes = [outcome for name in chosen for outcome in PARTS[name]()]
    except Broken as error:
        print(f"sanitize: {error}", file=sys.stderr)
        return 1
    failed = [outcome.name for outcome in outcomes if outcome.failed]
    print(f"{len(outcomes)} programs, {len(failed)} failed")
    return int(bool(failed))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
