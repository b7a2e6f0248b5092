"""The tests that a planted bug is up against, level by level."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from harness.errors import UserError
from harness.mutating.tree import ROOT
from harness.registry import Entry

SECONDS = 900
"""Far more than a suite needs, so that only a hang reaches it."""

LEVELS = ("l1", "l2", "l3")

SHOWDOWN = ROOT / "references/pokemon/showdown/node_modules/pokemon-showdown"
"""What Pokemon's tests need of Node's packages; the copy that bugs are planted in has none."""

RUST_LEVELS = {"rules": "l1", "moments": "l1", "replay": "l3", "battles": "l3"}
"""A crate's tests/NAME.rs to its level; l2 for all others. Unit tests are l1."""

CARGO = ("cargo", "test", "--quiet", "--locked", "--profile", "mutants", "--no-fail-fast")

Suite = dict[str, list[str]]
"""Level to command."""


def crate_of(entry: Entry) -> str:
    """The name of the environment's crate."""
    return str(entry.extra.get("crate_name", f"samestep-{entry.name}"))


def suite(entry: Entry, backend: str) -> Suite:
    """A backend's own tests of its rules: one part at a time (l1), parts together (l2), steps and
    rollouts against the reference (l3).
    """
    if backend == "jax":
        files = sorted((ROOT / entry.tests).glob("test_jax*"))
        pytest = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        pytest += [f"{entry.tests}/{path.name}" for path in files]
        marked = "".join(path.read_text() for path in files)
        present = [level for level in LEVELS if f"mark.{level}" in marked]
        return {level: [*pytest, "-m", level] for level in present}
    folder = ROOT / str(entry.extra.get("crate", f"backends/rust/envs/{entry.name}")) / "tests"
    names = sorted(path.stem for path in folder.glob("*.rs"))
    chosen: Suite = {level: ["--lib"] if level == "l1" else [] for level in LEVELS}
    for name in names:
        chosen[RUST_LEVELS.get(name, "l2")] += ["--test", name]
    cargo = [*CARGO, "-p", crate_of(entry)]
    return {level: [*cargo, *tests] for level, tests in chosen.items() if tests}


def require_green(levels: Suite, tree: Path) -> None:
    """Run the tests with nothing planted: what fails then would count as caught.

    Raises:
        UserError: if a test fails.
    """
    failure = first_failure(levels, tree)
    if failure:
        raise UserError(f"a test fails with nothing planted: {failure}; accepted: a green suite")


def first_failure(levels: Suite, tree: Path) -> str | None:
    """The first test that fails in the copy, as "LEVEL: TEST"; None if all pass.

    Raises:
        UserError: if the code does not compile, which says nothing about the tests.
    """
    for level, command in levels.items():
        failure = _failure(command, tree)
        if failure:
            return f"{level}: {failure}"
    return None


def _failure(command: list[str], tree: Path) -> str | None:
    libraries = (tree, tree / "backends/jax")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, libraries))}
    environment.setdefault("SAMESTEP_SHOWDOWN", str(SHOWDOWN))
    try:
        run = subprocess.run(
            command,
            cwd=tree,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no end after {SECONDS} s"
    if run.returncode == 0:
        return None
    output = run.stdout + run.stderr
    if "could not compile" in output or "SyntaxError" in output or "no tests ran" in output:
        raise UserError(f"the tests cannot run:\n{output[-2000:]}")
    pattern = r"^(?:FAILED (\S+)|---- (\S+) stdout ----)"
    failures = [next(filter(None, groups)) for groups in re.findall(pattern, output, re.MULTILINE)]
    return failures[0] if failures else f"exit status {run.returncode}"
