"""Which lines of a crate a run reaches: rustc's own instrumentation, read by LLVM's tools."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from harness.errors import UserError

ROOT = Path(__file__).resolve().parents[2]

Lines = dict[str, dict[int, int]]
"""File name to line number to how often it ran, of lines that have code."""


def tools() -> tuple[str, str]:
    """llvm-profdata and llvm-cov that read what this rustc writes.

    Those of rustup's component `llvm-tools`, which is added if it is missing and rustup is there,
    or ones on the path.

    Raises:
        UserError: if there are none.
    """
    folder = Path(_said("rustc", "--print", "target-libdir")).parent / "bin"
    version = re.search(r"LLVM version: (\d+)", _said("rustc", "--version", "--verbose"))
    major = version[1] if version else ""
    if not (folder / "llvm-cov").exists() and shutil.which("rustup"):
        subprocess.run(["rustup", "component", "add", "llvm-tools"], check=False)
    places = [folder / "llvm-profdata", folder / "llvm-cov"]
    if all(place.exists() for place in places):
        return str(places[0]), str(places[1])
    profdata, cov = (shutil.which(f"{name}-{major}") for name in ("llvm-profdata", "llvm-cov"))
    if profdata and cov:
        return profdata, cov
    raise UserError(
        f"LLVM {major}'s llvm-profdata and llvm-cov are missing; accepted: those of "
        f"`rustup component add llvm-tools`, or llvm-cov-{major} on the path"
    )


def build(crate: str, example: str, folder: Path) -> Path:
    """An instrumented example of a crate; where its program is.

    Raises:
        UserError: if it cannot be built.
    """
    environment = {**os.environ, "RUSTFLAGS": "-C instrument-coverage"}
    command = ["cargo", "build", "--quiet", "--locked", "--profile", "mutants"]
    command += ["-p", crate, "--example", example, "--target-dir", str(folder)]
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
        raise UserError(f"{example} of {crate} cannot be built; see cargo's message above")
    return folder / "mutants" / "examples" / example


def run(program: Path, arguments: Sequence[str], folder: Path) -> Path:
    """Run it; where its profile is.

    Raises:
        UserError: with the last line that it said, if it failed.
    """
    profile = folder / "run.profraw"
    profile.unlink(missing_ok=True)
    environment = {**os.environ, "LLVM_PROFILE_FILE": str(profile)}
    done = subprocess.run(
        [str(program), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode or not profile.exists():
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise UserError(f"{program.name} failed: {said}")
    return profile


def read(program: Path, profile: Path, source: Path) -> Lines:
    """How often each line of the files under `source` ran."""
    profdata, cov = tools()
    merged = profile.with_suffix(".profdata")
    _said(profdata, "merge", "-sparse", "-o", str(merged), str(profile))
    export = (cov, "export", "--format=lcov", f"--instr-profile={merged}", str(program))
    return parse(_said(*export, "--sources", str(source)))


def parse(lcov: str) -> Lines:
    """The `DA` lines of an lcov file by the names of their files."""
    found: Lines = {}
    current: dict[int, int] = {}
    for line in lcov.splitlines():
        kind, _, rest = line.partition(":")
        if kind == "SF":
            current = found.setdefault(Path(rest).name, {})
        elif kind == "DA":
            number, count = rest.split(",")[:2]
            current[int(number)] = int(count)
    return found


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise UserError(f"{command[0]} is missing; accepted: a Rust toolchain") from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise UserError(f"{Path(command[0]).name} failed: {said}")
    return done.stdout.strip()
