"""Compiles requirements/*.in into locks: universal, with hashes, without index addresses.

`make lock` calls it with the .venv's Python, whose uv it uses. Pins are kept where they still
fit; `--upgrade` takes the newest versions instead.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).parent / "uv"
OPTIONS = (
    "--universal",
    "--generate-hashes",
    "--python-version=3.11",
    "--fork-strategy=fewest",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--custom-compile-command=make lock",
    "--quiet",
)
GROUPS = ("dev", "baselines", "trainers")
"""The first constrains the others: all of them go into one environment."""


def main(arguments: list[str]) -> int:
    """Compile every lock; the exit status."""
    parser = argparse.ArgumentParser(prog="lock", description="Compile requirements/*.in.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    options = parser.parse_args(arguments)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_"))}
    for group in GROUPS:
        lock = f"requirements/{group}.lock"
        command = [str(UV), "pip", "compile", *OPTIONS, f"requirements/{group}.in", "-o", lock]
        if group != GROUPS[0]:
            command += ["--constraints", f"requirements/{GROUPS[0]}.lock"]
            command += ["--override", "requirements/overrides.in"]
        if options.upgrade:
            command += ["--upgrade"]
        if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
            print(f"lock: {lock} was not compiled", file=sys.stderr)
            return 1
        print(f"lock: {lock}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
