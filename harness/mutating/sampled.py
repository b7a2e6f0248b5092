"""A sample of what cargo-mutants makes of the Rust rules."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from harness.errors import UserError
from harness.mutating.store import DOES_NOT_COMPILE, Store
from harness.mutating.tests import require_green, suite
from harness.mutating.tree import CACHE, ROOT
from harness.registry import Entry
from harness.shard import Shard

SEED = 0
CHUNK = 10
"""Mutants handed to one run of cargo-mutants: what an interrupt can lose."""
SECONDS = 120
"""For cargo test alone, which needs a few."""


def run(entry: Entry, size: int, shard: Shard, tree: Path, store: Store) -> None:
    """Draw `size` mutants of the rules and test this shard's."""
    ensure_cargo_mutants()
    files = rules_of(entry)
    listing = subprocess.run(
        ["cargo", "mutants", "--list", "--json", *among(files)],
        cwd=tree,
        capture_output=True,
        text=True,
        check=True,
    )
    names = sorted(mutant["name"] for mutant in json.loads(listing.stdout))
    chosen = sorted(random.Random(SEED).sample(names, min(size, len(names))))
    print(f"{len(names)} mutants of {', '.join(files)}; sampled: {len(chosen)}", flush=True)
    left = [name for name in shard.of(chosen) if name not in store.outcomes]
    if left:
        require_green(suite(entry, "rust"), tree)
    for start in range(0, len(left), CHUNK):
        for name, caught_by in level_by_level(entry, tree, files, left[start : start + CHUNK]):
            store.add(name, "sampled", caught_by)


def level_by_level(
    entry: Entry, tree: Path, files: list[str], names: list[str]
) -> Iterator[tuple[str, str | None]]:
    """Test mutants by name; what caught each, None for a survivor.

    Most are caught by the first level, and the tests of the others are then not even compiled.
    """
    for level, command in suite(entry, "rust").items():
        survivors = []
        for name, caught_by in cargo_mutants(tree, files, names, targets_of(command)):
            if caught_by is None:
                survivors.append(name)
            else:
                yield name, caught_by if caught_by == DOES_NOT_COMPILE else f"{level}: {caught_by}"
        names = survivors
        if not names:
            return
    for name in names:
        yield name, None


def targets_of(command: list[str]) -> list[str]:
    """The arguments of `cargo test` that choose targets: --lib, and --test=NAME."""
    chosen = ["--lib"] if "--lib" in command else []
    for word, following in pairwise(command):
        if word == "--test":
            chosen.append(f"--test={following}")
    return chosen


def rules_of(entry: Entry) -> list[str]:
    """The crate's sources that bugs can be planted in: not the constants, which are generated."""
    crate = entry.extra.get("crate", f"backends/rust/envs/{entry.name}")
    names = sorted(path.name for path in (ROOT / crate / "src").glob("*.rs"))
    return [f"{crate}/src/{name}" for name in names if name not in ("consts.rs", "lib.rs")]


def among(files: list[str]) -> list[str]:
    """cargo-mutants' arguments that restrict it to these files."""
    return [argument for file in files for argument in ("--file", file)]


def ensure_cargo_mutants() -> None:
    """Find cargo-mutants, or install it under .cache/ (some minutes, once).

    Raises:
        UserError: if it cannot be installed.
    """
    tools = CACHE / "tools"
    os.environ["PATH"] += os.pathsep + str(tools / "bin")
    if shutil.which("cargo-mutants"):
        return
    print(f"installing cargo-mutants in {tools}, once", flush=True)
    command = ["cargo", "install", "--quiet", "--locked", "--root", str(tools), "cargo-mutants"]
    if subprocess.run(command, check=False).returncode:
        raise UserError("cargo-mutants cannot be installed; see cargo's message above")


def cargo_mutants(
    tree: Path, files: list[str], names: list[str], targets: list[str]
) -> Iterator[tuple[str, str | None]]:
    """Test mutants by name against these targets; what caught each, None for a survivor."""
    output = tree.parent / "out"
    shutil.rmtree(output, ignore_errors=True)
    originals = {tree / file: (tree / file).read_bytes() for file in files}
    command = ["cargo", "mutants", "--in-place", "--baseline=skip", "--no-times", "--colors=never"]
    command += ["--profile", "mutants", "--timeout", str(SECONDS), "--cargo-arg=--locked"]
    # Not after "--", which the build before the test does not heed.
    command += [f"--cargo-arg={target}" for target in targets]
    command += [*among(files), "--output", str(output)]
    for name in names:
        command += ["--re", f"^{re.escape(name)}$"]
    try:
        run = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    finally:
        for path, original in originals.items():
            if path.read_bytes() != original:
                path.write_bytes(original)
    outcomes = output / "mutants.out" / "outcomes.json"
    if not outcomes.exists():
        raise UserError(f"cargo-mutants failed:\n{(run.stdout + run.stderr)[-2000:]}")
    for outcome in json.loads(outcomes.read_text())["outcomes"]:
        if outcome["scenario"] == "Baseline":
            continue
        name = outcome["scenario"]["Mutant"]["name"]
        match outcome["summary"]:
            case "CaughtMutant":
                yield name, "cargo test"
            case "Timeout":
                yield name, f"no end after {SECONDS} s"
            case "MissedMutant":
                yield name, None
            case _:
                yield name, DOES_NOT_COMPILE
