"""results/mutants/ENV.json: what became of each planted bug, merged over shards and runs."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.registry import Entry

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(os.environ.get("SAMESTEP_RESULTS", ROOT / "results"))
DOES_NOT_COMPILE = "does not compile"

Outcome = dict[str, Any]


def sources(entry: Entry, backend: str) -> list[Path]:
    """The rules that bugs are planted in, and the tests that must catch them."""
    crate = str(entry.extra.get("crate", f"backends/rust/envs/{entry.name}"))
    recorded = (crate, "tests/**/*.battles")
    folders: tuple[str, ...]
    patterns: tuple[str, ...]
    if backend == "rust":
        folders = (crate, "backends/rust/testing/src")
        patterns = ("**/*.rs", "**/*.trace", "**/*.bin", "**/Cargo.toml")
    else:
        jax = str(entry.extra.get("jax", f"backends/jax/samestep_jax/{entry.name}"))
        folders = (jax, entry.tests, entry.reference.split(":")[0].replace(".", "/"))
        patterns = ("**/*.py", "**/mistakes.toml")
    wanted = [(folder, pattern) for folder in folders for pattern in patterns]
    return sorted(
        path for folder, pattern in (*wanted, recorded) for path in (ROOT / folder).glob(pattern)
    )


def sources_hash(entry: Entry, backend: str) -> str:
    """SHA-256, in hex, over the names and contents of `sources`."""
    digest = hashlib.sha256()
    for path in sources(entry, backend):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


class Store:
    """Results of one environment, on disk after every mutant."""

    def __init__(self, entry: Entry, *, redo: bool) -> None:
        self.entry = entry
        self.path = RESULTS / "mutants" / f"{entry.name}.json"
        self.hashes = {backend: sources_hash(entry, backend) for backend in ("rust", "jax")}
        self.outcomes: dict[str, Outcome] = {}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if redo:
                self.path.unlink(missing_ok=True)
            self._merge()
        except OSError as error:
            raise UserError(
                f"cannot write {self.path}: {error.strerror}; accepted: a writable results folder"
            ) from None

    def add(self, name: str, kind: str, caught_by: str | None) -> None:
        """Keep one outcome: the first test that failed, or None for a survivor."""
        backend = backend_of(name)
        self.outcomes[name] = {"kind": kind, "backend": backend, "caught_by": caught_by}
        print(f"{'caught  ' if caught_by else 'SURVIVED'}  {name}  {caught_by or ''}", flush=True)
        self._merge()

    def close(self) -> None:
        """Take over what other shards found, and the reasons for survivors."""
        self._merge()

    def totals(self) -> Iterator[tuple[str, int, int]]:
        """(kind, planted, caught) of those that compile."""
        for kind in ("by hand", "sampled"):
            of_kind = [each for each in self._compiling().values() if each["kind"] == kind]
            yield kind, len(of_kind), sum(bool(each["caught_by"]) for each in of_kind)

    def survivors(self) -> dict[str, Outcome]:
        """Those that no test caught, each with its `reason`, "" if there is none."""
        return {name: each for name, each in self._compiling().items() if not each["caught_by"]}

    def levels(self) -> dict[str, dict[str, str]]:
        """Mistake to backend to the level of the first test that caught it, "" if none did."""
        found: dict[str, dict[str, str]] = {}
        for name, outcome in self._compiling().items():
            if outcome["kind"] == "by hand":
                backend, mistake = name.split(": ", 1)
                found.setdefault(mistake, {})[backend] = level_of(outcome)
        return found

    def publish(self, mistakes: set[str], sample: int) -> None:
        """Copy the file to results/published/.

        Raises:
            UserError: if anything is still to be planted.
        """
        missing = sorted(mistakes - set(self.outcomes))
        drawn = [each for each in self.outcomes.values() if each["kind"] == "sampled"]
        if missing or (sample and not drawn):
            what = missing[0] if missing else "the sample"
            raise UserError(f"not published: {what} was not planted yet; accepted: complete runs")
        target = ROOT / "results" / "published" / f"mutants-{self.entry.name}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.path, target)
        print(f"published {target}")

    def _compiling(self) -> dict[str, Outcome]:
        outcomes = self.outcomes.items()
        return {name: each for name, each in outcomes if each["caught_by"] != DOES_NOT_COMPILE}

    def _merge(self) -> None:
        """Add what is on disk of the same sources, and replace the file in one move."""
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.path.exists():
                before = json.loads(self.path.read_text())
                for name, outcome in before["outcomes"].items():
                    backend = outcome["backend"]
                    if before["hashes"][backend] == self.hashes[backend]:
                        self.outcomes.setdefault(name, outcome)
            reasons = _reasons(self.entry)
            for name, outcome in self.outcomes.items():
                if not outcome["caught_by"]:
                    outcome["reason"] = reasons.get(without_place(name), "")
            totals = {
                kind: {"planted": planted, "caught": caught}
                for kind, planted, caught in self.totals()
            }
            document = {
                "env": self.entry.name,
                "hashes": self.hashes,
                "totals": totals,
                "levels": self.levels(),
                "outcomes": dict(sorted(self.outcomes.items())),
            }
            partial = self.path.with_suffix(".partial")
            partial.write_text(json.dumps(document, indent=1) + "\n")
            partial.replace(self.path)


def backend_of(name: str) -> str:
    """Where a bug is planted: cargo-mutants' names begin with a file, ours with a backend."""
    return "jax" if name.startswith("jax: ") else "rust"


def level_of(outcome: Outcome) -> str:
    """Where the first test that failed belongs: l1, l2 or l3; nothing for a survivor."""
    return str(outcome["caught_by"] or "").split(": ", 1)[0]


def without_place(name: str) -> str:
    """A mutant's name without file, line and column, which move: "replace > with >= in clip"."""
    return name.split(": ", 1)[-1]


def _reasons(entry: Entry) -> dict[str, str]:
    """Mutant (without its place) to the reason why it may survive."""
    path = ROOT / entry.tests / "survivors.toml"
    if not path.exists():
        return {}
    reasons: dict[str, str] = tomllib.loads(path.read_text())["reasons"]
    return reasons
