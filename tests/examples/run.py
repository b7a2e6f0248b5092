"""Runs an example as a person does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"


def start(
    name: str, *options: str, folder: Path, path: tuple[Path, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run examples/NAME.py in `folder`, with `path` before the installed packages."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    return subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py"), *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """What a run that succeeded ended with."""
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    line = done.stdout.splitlines()[-1]
    assert line.startswith("done: "), line
    return line


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of a run that was refused."""
    assert done.returncode == 2, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    return line
