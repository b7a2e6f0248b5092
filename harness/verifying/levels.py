"""Levels 1 and 2: the environment's own tests, in Python by marker and in Rust by cargo."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

from harness.proof_hash import ROOT
from harness.registry import Entry

TIME_LIMIT = 1800
"""Seconds that one of these runs may take."""

Row = dict[str, Any]


def run_level(entry: Entry, level: int) -> list[Row]:
    """Rows {level, what, status, passed, failed, skipped, seconds, reason} of one level.

    `status` is "passed", "failed" or "unavailable", and `reason` says why in the last two.
    """
    rows = [_timed(level, f"pytest -m l{level}", lambda: _pytest(entry, level))]
    if "rust" in entry.backends:
        rows.append(_timed(level, "cargo test", lambda: _cargo(entry, level)))
    return rows


def _timed(level: int, what: str, run: Any) -> Row:
    started = time.perf_counter()
    try:
        outcome = run()
    except subprocess.TimeoutExpired:
        outcome = {"status": "failed", "reason": f"no end after {TIME_LIMIT} s"}
    counts = {"passed": 0, "failed": 0, "skipped": 0, "reason": ""}
    seconds = round(time.perf_counter() - started, 2)
    return {"level": level, "what": what, **counts, **outcome, "seconds": seconds}


def _pytest(entry: Entry, level: int) -> Row:
    if not entry.tests or not (ROOT / entry.tests).exists():
        return {"status": "failed", "reason": f"{entry.name} has no folder of tests"}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-m", f"l{level}", entry.tests]
        done = _run([*command, f"--junitxml={report}", "-p", "no:cacheprovider"])
        if not report.exists():
            return {"status": "failed", "reason": _last_line(done)}
        suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    total, failed, skipped = (
        sum(sum(int(suite.get(name, 0)) for name in group) for suite in suites)
        for group in (("tests",), ("failures", "errors"), ("skipped",))
    )
    counts = {"passed": total - failed - skipped, "failed": failed, "skipped": skipped}
    if total == 0:
        return {"status": "failed", "reason": f"no test is marked l{level}", **counts}
    if done.returncode != 0:
        return {"status": "failed", "reason": _last_line(done), **counts}
    if skipped == total:
        reason = f"all {total} tests that are marked l{level} were skipped"
        return {"status": "unavailable", "reason": reason, **counts}
    return {"status": "passed", **counts}


def _cargo(entry: Entry, level: int) -> Row:
    """Level 1 is the crate's unit tests and tests/rules.rs, level 2 all else in tests/."""
    crate = ROOT / str(entry.extra.get("crate", f"backends/rust/envs/{entry.name}"))
    if shutil.which("cargo") is None:
        return {"status": "unavailable", "reason": "cargo is not installed (https://rustup.rs)"}
    if not (crate / "Cargo.toml").exists():
        return {"status": "unavailable", "reason": f"no crate at {crate.relative_to(ROOT)}"}
    names = sorted(path.stem for path in crate.glob("tests/*.rs"))
    chosen = [name for name in names if (name == "rules") == (level == 1)]
    which = [part for name in chosen for part in ("--test", name)]
    if level == 1:
        which.insert(0, "--lib")
    elif not which:
        return {"status": "unavailable", "reason": f"{entry.name}'s crate has no such tests"}
    package = tomllib.loads((crate / "Cargo.toml").read_text())["package"]["name"]
    done = _run(["cargo", "test", "--no-fail-fast", "-p", package, *which])
    totals = re.findall(r"(\d+) passed; (\d+) failed; (\d+) ignored", done.stdout)
    passed, failed, skipped = (sum(int(total[i]) for total in totals) for i in range(3))
    counts = {"passed": passed, "failed": failed, "skipped": skipped}
    if done.returncode != 0:
        names = re.findall(r"^test (\S+) \.\.\. FAILED", done.stdout, re.MULTILINE)
        return {"status": "failed", "reason": ", ".join(names) or _last_line(done), **counts}
    if passed == 0:
        return {"status": "unavailable", "reason": f"{entry.name}'s crate has no such tests"}
    return {"status": "passed", **counts}


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=TIME_LIMIT, check=False
    )


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    """What a failed run said last; errors of cargo are on stderr."""
    for text in (done.stderr, done.stdout):
        telling = [line for line in text.splitlines() if re.search(r"error|FAILED|Error", line)]
        if telling:
            return telling[-1].strip()
    lines = (done.stdout + done.stderr).splitlines()
    return lines[-1].strip() if lines else f"exit status {done.returncode}"
