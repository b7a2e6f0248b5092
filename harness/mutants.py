"""Measures the verifier's own strength: how many planted bugs do the tests catch?

Two kinds. Sampled: cargo-mutants changes operators and function bodies of the Rust rules and
runs `cargo test`. By hand: the mistakes that a porter makes (tests/ENV/mistakes.toml), planted
in the Rust rules and in the JAX rules. Survivors are listed with the reason that
tests/ENV/survivors.toml gives for each.

All of it happens in a copy of the working tree under .cache/. Results are written after every
mutant; a run that was interrupted goes on where it was.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console
from rich.table import Table

from harness import registry
from harness.errors import UserError
from harness.proof_hash import proof_hash
from harness.registry import Entry
from harness.shard import Shard, parse_shard

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("SAMESTEP_CACHE", ROOT / ".cache"))
RESULTS = Path(os.environ.get("SAMESTEP_RESULTS", ROOT / "results"))
TEST_SECONDS = 900  # far more than a suite needs, so that only a hang reaches it
SAMPLED_TEST_SECONDS = 60  # the same for cargo test alone
SAMPLE_SEED = 0
CHUNK = 10  # mutants handed to one run of cargo-mutants: what an interrupt can lose


@dataclass
class Args:
    """Plant bugs in a copy of the rules and count those that the tests catch."""

    env: str = "pong"
    """The environment."""
    sample: int = 300
    """Mutants drawn from all that cargo-mutants can make; all, if there are fewer."""
    shard: str = "1/1"
    """The k-th of n parts, as k/n."""
    backends: str = "rust,jax"
    """Where the mistakes written by hand are planted."""
    redo: bool = False
    """Forget earlier results."""
    publish: bool = False
    """Copy the results to results/published/."""


def main(arguments: list[str]) -> int:
    """Exit status 1 if a mistake written by hand survived, or a survivor has no reason."""
    args = tyro.cli(Args, args=arguments, prog="harness mutants")
    entry = registry.get(args.env)
    shard = parse_shard(args.shard)
    if args.sample < 0:
        raise UserError(f"SAMPLE is {args.sample}; accepted: 0 or more")
    backends = [name for name in args.backends.split(",") if name]
    for backend in backends:
        if backend not in ("rust", "jax"):
            raise UserError(f"unknown backend {backend!r}; accepted: rust, jax")
    store = Store(entry, redo=args.redo)
    tree = copy_tree()
    for backend in backends:
        for mistake in shard.of(mistakes(entry, backend)):
            name = f"{backend}: {mistake['name']}"
            if name not in store.outcomes:
                store.add(name, "by hand", plant(tree, mistake))
    if "rust" in backends and args.sample:
        run_sampled(entry, tree, args.sample, shard, store)
    store.finish()
    if args.publish:
        published = ROOT / "results" / "published" / f"mutants-{entry.name}.json"
        shutil.copyfile(store.path, published)
    return report(entry, store)


class Store:
    """Results of one environment, on disk after every mutant."""

    def __init__(self, entry: Entry, *, redo: bool) -> None:
        self.entry = entry
        self.path = RESULTS / "mutants" / f"{entry.name}.json"
        self.hash = proof_hash(entry)
        self.outcomes: dict[str, dict[str, Any]] = {}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and not redo:
                before = json.loads(self.path.read_text())
                if before.get("hash") == self.hash:
                    self.outcomes = before["outcomes"]
            self.write()
        except OSError as error:
            raise UserError(f"cannot write {self.path}: {error.strerror}") from None

    def add(self, name: str, kind: str, caught_by: str | None) -> None:
        """Keep one outcome: the first test that failed, or None for a survivor."""
        self.outcomes[name] = {"kind": kind, "caught_by": caught_by}
        print(f"{'caught  ' if caught_by else 'SURVIVED'}  {name}  {caught_by or ''}", flush=True)
        self.write()

    def write(self) -> None:
        """Replace the file in one move."""
        partial = self.path.with_suffix(".partial")
        document = {"env": self.entry.name, "hash": self.hash, "outcomes": self.outcomes}
        partial.write_text(json.dumps(document, indent=1) + "\n")
        partial.replace(self.path)

    def finish(self) -> None:
        """Add totals and the reasons for survivors."""
        reasons = survivors(self.entry)
        for name, outcome in self.outcomes.items():
            if not outcome["caught_by"]:
                outcome["reason"] = reasons.get(name.split("rules.rs:")[-1].split(": ", 1)[-1], "")
        self.write()


def survivors(entry: Entry) -> dict[str, str]:
    """Mutant (what was changed, without line numbers) to the reason why it may survive."""
    path = ROOT / entry.tests / "survivors.toml"
    if not path.exists():
        return {}
    reasons: dict[str, str] = tomllib.loads(path.read_text())["reasons"]
    return reasons


def mistakes(entry: Entry, backend: str) -> list[dict[str, Any]]:
    """Mistakes for one backend, each with the edit that plants it and the command that tests."""
    path = ROOT / entry.tests / "mistakes.toml"
    if not path.exists():
        raise UserError(f"{entry.name} has no list of mistakes: {path.relative_to(ROOT)}")
    document = tomllib.loads(path.read_text())
    crate = entry.extra.get("crate_name", f"samestep-{entry.name}")
    jax_tests = sorted((ROOT / entry.tests).glob("test_jax*"))
    cargo = ["cargo", "test", "--quiet", "--locked", "--profile", "mutants", "--tests"]
    pytest = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    commands = {
        "rust": [*cargo, "--no-fail-fast", "-p", str(crate)],
        "jax": [*pytest, *(str(path.relative_to(ROOT)) for path in jax_tests)],
    }
    planted = []
    for mistake in document["mistake"]:
        edit = mistake[backend]
        planted.append(
            {
                "name": mistake["name"],
                "file": document["files"][backend],
                "old": edit["old"],
                "new": edit["new"],
                "command": commands[backend],
            }
        )
    return planted


def copy_tree() -> Path:
    """The working tree (without what git ignores) under .cache/, where edits do no harm."""
    tree = CACHE / "mutants" / "tree"
    tree.mkdir(parents=True, exist_ok=True)
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    wanted = {Path(os.fsdecode(name)) for name in listing.stdout.split(b"\0") if name}
    for path in tree.rglob("*.rs"):
        if path.relative_to(tree) not in wanted and "target" not in path.parts:
            path.unlink()  # deleted since the last run
    for name in wanted:
        source, target = ROOT / name, tree / name
        if not source.is_file():
            continue
        if target.is_file() and target.read_bytes() == source.read_bytes():
            continue  # an unchanged time stamp saves a rebuild
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    return tree


def plant(tree: Path, mistake: dict[str, Any]) -> str | None:
    """Plant one mistake, run the tests, take it out; the first failure, or None."""
    path = tree / mistake["file"]
    original = path.read_text()
    if original.count(mistake["old"]) != 1:
        raise UserError(
            f"mistake {mistake['name']!r}: {mistake['old']!r} stands "
            f"{original.count(mistake['old'])} times in {mistake['file']}; it must stand once"
        )
    path.write_text(original.replace(mistake["old"], mistake["new"]))
    try:
        return first_failure(mistake["command"], tree)
    finally:
        path.write_text(original)


def first_failure(command: list[str], tree: Path) -> str | None:
    """Run a test command in the copy; the name of the first failing test, None if all pass.

    Raises:
        UserError: if the mutant does not compile: it says nothing about the tests.
    """
    libraries = [tree, tree / "backends/jax"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, libraries))}
    try:
        run = subprocess.run(
            command,
            cwd=tree,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no end after {TEST_SECONDS} s"
    if run.returncode == 0:
        return None
    output = run.stdout + run.stderr
    if "could not compile" in output or "SyntaxError" in output:
        raise UserError(f"a planted mistake does not compile:\n{output[-2000:]}")
    pattern = r"^(?:test (\S+) \.\.\. FAILED|FAILED (\S+)|---- (\S+) stdout ----|    (\S+::?\S*)$)"
    failures = [next(filter(None, groups)) for groups in re.findall(pattern, output, re.M)]
    return failures[0] if failures else f"exit status {run.returncode}"


def run_sampled(entry: Entry, tree: Path, sample: int, shard: Shard, store: Store) -> None:
    """Run a sample of what cargo-mutants can make of the environment's rules."""
    ensure_cargo_mutants()
    file = f"{entry.extra.get('crate', f'backends/rust/envs/{entry.name}')}/src/rules.rs"
    listing = subprocess.run(
        ["cargo", "mutants", "--list", "--json", "--file", file],
        cwd=tree,
        capture_output=True,
        text=True,
        check=True,
    )
    names = sorted(mutant["name"] for mutant in json.loads(listing.stdout))
    print(f"{len(names)} mutants of {file}; sampled: {min(sample, len(names))}", flush=True)
    chosen = sorted(random.Random(SAMPLE_SEED).sample(names, min(sample, len(names))))
    left = [name for name in shard.of(chosen) if name not in store.outcomes]
    for chunk in chunks(left):
        for name, caught_by in cargo_mutants(tree, file, chunk):
            store.add(name, "sampled", caught_by)


def ensure_cargo_mutants() -> None:
    """Find cargo-mutants, or install it under .cache/ (some minutes, once).

    Raises:
        UserError: if it cannot be installed.
    """
    tools = CACHE / "tools"
    os.environ["PATH"] += os.pathsep + str(tools / "bin")
    if shutil.which("cargo-mutants"):
        return
    print("installing cargo-mutants under .cache/tools, once", flush=True)
    command = ["cargo", "install", "--quiet", "--locked", "--root", str(tools), "cargo-mutants"]
    if subprocess.run(command, check=False).returncode:
        raise UserError("cargo-mutants cannot be installed; see cargo's message above")


def chunks(names: list[str]) -> Iterator[list[str]]:
    """`names` in runs of CHUNK."""
    for start in range(0, len(names), CHUNK):
        yield names[start : start + CHUNK]


def cargo_mutants(tree: Path, file: str, names: list[str]) -> Iterator[tuple[str, str | None]]:
    """Test mutants by name; (name, what caught it) of each that compiles."""
    output = tree.parent / "out"
    shutil.rmtree(output, ignore_errors=True)
    command = ["cargo", "mutants", "--in-place", "--baseline=skip", "--no-times", "--colors=never"]
    command += [
        "--profile",
        "mutants",
        "--timeout",
        str(SAMPLED_TEST_SECONDS),
        "--cargo-arg=--locked",
    ]
    command += ["--file", file, "--output", str(output)]
    for name in names:
        command += ["--re", f"^{re.escape(name)}$"]
    command += ["--", "--tests"]
    run = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    outcomes_file = output / "mutants.out" / "outcomes.json"
    if not outcomes_file.exists():
        raise UserError(f"cargo-mutants failed:\n{(run.stdout + run.stderr)[-2000:]}")
    for outcome in json.loads(outcomes_file.read_text())["outcomes"]:
        if outcome["scenario"] == "Baseline":
            continue
        name = outcome["scenario"]["Mutant"]["name"]
        match outcome["summary"]:
            case "CaughtMutant":
                yield name, "cargo test"
            case "Timeout":
                yield name, f"no end after {SAMPLED_TEST_SECONDS} s"
            case "MissedMutant":
                yield name, None
            case _:
                yield name, "does not compile"


def report(entry: Entry, store: Store) -> int:
    """Print totals and survivors; the exit status."""
    table = Table(title=f"{entry.name}: planted bugs")
    for column in ("kind", "planted", "caught", "share"):
        table.add_column(column, justify="left" if column == "kind" else "right")
    counted = {
        name: outcome
        for name, outcome in store.outcomes.items()
        if outcome["caught_by"] != "does not compile"
    }
    for kind in ("by hand", "sampled"):
        of_kind = [outcome for outcome in counted.values() if outcome["kind"] == kind]
        caught = sum(bool(outcome["caught_by"]) for outcome in of_kind)
        share = f"{100 * caught / len(of_kind):.1f} %" if of_kind else "-"
        table.add_row(kind, str(len(of_kind)), str(caught), share)
    console = Console()
    console.print(table)
    bad = False
    for name, outcome in counted.items():
        if not outcome["caught_by"]:
            reason = outcome["reason"] or "NO REASON GIVEN"
            bad |= not outcome["reason"] or outcome["kind"] == "by hand"
            console.print(f"survivor: {name}\n  {reason}", markup=False)
    console.print(f"results: {store.path}", markup=False)
    return int(bad)
