"""results/verify/ENV.json: what was proven, merged over runs, shards and levels."""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import importlib.util
import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.proof_hash import ROOT, proof_hash
from harness.registry import Entry, Variant
from harness.verifying.errors import merged
from harness.verifying.measure import measure

Row = dict[str, Any]

ORACLE = "oracle"
"""What stands for a backend in the rows that compare the reference with the oracle."""

ONE_STEP, HORIZON = "one-step", "horizon"
"""Kinds of rows of an environment with a measure; the kind of rollouts is empty."""
AGAINST = "against "
"""How the kind of rollouts begins that are compared with another backend; its name follows."""


def results_folder() -> Path:
    """results/, or what SAMESTEP_RESULTS names."""
    return Path(os.environ.get("SAMESTEP_RESULTS") or ROOT / "results")


class Record:
    """The file of one environment. Rows of another proof hash are dropped when it is written."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.hash = proof_hash(entry)
        self.folder = results_folder() / "verify"
        self.path = self.folder / f"{entry.name}.json"

    def check_writable(self) -> None:
        """Fail before the work, not after it.

        Raises:
            UserError: if nothing can be written there.
        """
        probe = self.folder / f".{self.entry.name}.{os.getpid()}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            probe.write_text("")
            probe.unlink()
        except OSError as error:
            raise UserError(
                f"cannot write to {self.folder}: {error.strerror}; "
                "accepted: a writable folder, in SAMESTEP_RESULTS if not results/"
            ) from None

    def read(self) -> dict[str, Any]:
        """What the file holds of the current hash; empty if there is none or it is damaged."""
        try:
            data = json.loads(self.path.read_text())
            if data["hash"] != self.hash:
                return {"levels": [], "rollouts": []}
            return {"levels": list(data["levels"]), "rollouts": list(data["rollouts"])}
        except (OSError, ValueError, KeyError, TypeError):
            return {"levels": [], "rollouts": []}

    def finished(self, key: Row) -> Row | None:
        """The row of a rollout that was equal on the current hash, on libraries built from it."""
        for row in self.read()["rollouts"]:
            proven = row["status"] == "equal" and not row.get("stale")
            if proven and rollout_key(row) == rollout_key(key):
                return dict(row)
        return None

    def add(self, levels: list[Row] = [], rollouts: list[Row] = []) -> None:  # noqa: B006
        """Merge rows into the file; newer ones replace older ones of the same key."""
        with self._locked():
            data = self.read()
            replaced = {row["level"] for row in levels}
            kept = [row for row in data["levels"] if row["level"] not in replaced]
            new = {rollout_key(row) for row in rollouts}
            old = [row for row in data["rollouts"] if rollout_key(row) not in new]
            self._write(kept + levels, old + rollouts)

    def publish(self, without_oracle: bool = False) -> Path:
        """Write what is proven to results/published/ and say where.

        Plans of which shards are missing are left out.

        Args:
            without_oracle: publish although the oracle could not run here.

        Raises:
            UserError: if something differs or failed, or was not compared.
        """
        data = self.read()
        missing = unproven(self.entry, data["levels"], data["rollouts"], without_oracle)
        if missing:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            raise UserError(
                f"{self.path} is no proof of the current sources: {'; '.join(missing[:3])}{more}; "
                "accepted: all shards of every backend and variant, and the oracle, all equal"
            )
        whole = complete_plans(data["rollouts"])
        kept = [
            row for row in data["rollouts"] if row["backend"] == ORACLE or plan_key(row) in whole
        ]
        target = ROOT / "results" / "published" / f"verify-{self.entry.name}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        self._write(data["levels"], kept, target)
        return target

    def _write(self, levels: list[Row], rollouts: list[Row], path: Path | None = None) -> None:
        path = path or self.path
        data = {
            "env": self.entry.name,
            "version": self.entry.spec.version,
            "ok": is_ok(levels, rollouts),
            "hash": self.hash,
            "time": now(),
            **commit(),
            "fingerprint": fingerprint(),
            "summary": summary(rollouts),
            **({"errors": error_summary(rollouts)} if self.entry.measure else {}),
            **({"tally": counted} if (counted := tally_summary(rollouts)) else {}),
            "levels": sorted(levels, key=lambda row: (row["level"], row["what"])),
            "rollouts": sorted(rollouts, key=rollout_key),
        }
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(json.dumps(data, indent=1) + "\n")
        temporary.replace(path)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Shards may run at the same time and merge into one file."""
        with open(self.folder / f".{self.entry.name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def rollout_key(row: Row) -> tuple[Any, ...]:
    """What identifies a rollout: a newer row with the same key replaces the older one."""
    names = ("backend", "variant", "seed", "plan_episodes", "shard")
    return (*(row[name] for name in names), row.get("kind", ""))


def plan_key(row: Row) -> tuple[Any, ...]:
    """What the shards of one plan have in common."""
    parts = row["shard"].split("/")[1]
    names = ("backend", "variant", "seed", "plan_episodes")
    return (*(row[name] for name in names), row.get("kind", ""), parts)


def complete_plans(rollouts: list[Row]) -> set[tuple[Any, ...]]:
    """The plan_key of each plan all of whose shards are equal, on libraries that are not stale."""
    shards: dict[tuple[Any, ...], set[str]] = {}
    for row in rollouts:
        if row["status"] == "equal" and not row.get("stale"):
            shards.setdefault(plan_key(row), set()).add(row["shard"])
    return {key for key, found in shards.items() if len(found) == int(key[-1])}


def kinds(entry: Entry) -> tuple[str, ...]:
    """The kinds of rows that a proof of the environment has."""
    return (ONE_STEP, HORIZON) if entry.measure else ("",)


def has_oracle(entry: Entry, variant: Variant) -> bool:
    """Whether the oracle can judge it; a time limit is the batch driver's own."""
    return bool(entry.oracle) and "max_episode_steps" not in variant.params


def unproven(
    entry: Entry, levels: list[Row], rollouts: list[Row], without_oracle: bool
) -> list[str]:
    """What stands between these rows and a proof of the whole environment; empty if nothing."""
    missing = [f"level {row['level']} failed" for row in levels if row["status"] == "failed"]
    for row in rollouts:
        if row["status"] == "differs":
            missing.append(f"{row['backend']} {row['variant']} seed {row['seed']} differs")
    whole = {
        (backend, variant, kind)
        for backend, variant, _, episodes, kind, _ in complete_plans(rollouts)
        if kind != ONE_STEP or episodes >= measure(entry).units
    }
    stale = {(row["backend"], row["variant"]) for row in rollouts if row.get("stale")}
    for variant in entry.variants:
        for backend in entry.backends:
            why = " (stale library)" if (backend, variant.name) in stale else ""
            missing += [
                f"{backend} {variant.name} is not compared in whole{why}"
                for kind in kinds(entry)
                if (backend, variant.name, kind) not in whole
            ]
        judged = (ORACLE, variant.name, "") in whole or without_oracle
        if has_oracle(entry, variant) and not judged:
            missing.append(f"{ORACLE} {variant.name} is not compared (see --without-oracle)")
    return missing


def is_ok(levels: list[Row], rollouts: list[Row]) -> bool:
    """Whether nothing failed or differed."""
    return all(row["status"] != "failed" for row in levels) and all(
        row["status"] != "differs" for row in rollouts
    )


def summary(rollouts: list[Row]) -> dict[str, Row]:
    """Episodes, steps and differences a backend.

    A plan of fewer episodes is contained in one of more with the same seed and variant, and a
    plan's shards in the unsharded plan, so only what got farthest counts.
    """
    plans: dict[tuple[Any, ...], Row] = {}
    for row in rollouts:
        if row.get("kind", "") == HORIZON:
            continue
        if row.get("kind", "").startswith(AGAINST):
            row = {**row, "backend": f"{row['backend']} {row['kind']}"}
        total = plans.setdefault(plan_key(row), {"episodes": 0, "steps": 0, "differences": 0})
        for name in total:
            total[name] += row[name]
    found: dict[str, Row] = {}
    for backend in sorted({key[0] for key in plans}):
        best: dict[tuple[Any, ...], Row] = {}
        differences = 0
        for key, total in plans.items():
            if key[0] == backend:
                differences += total["differences"]
                best[key[1:3]] = max(
                    best.get(key[1:3], total), total, key=lambda total: int(total["episodes"])
                )
        found[backend] = {
            "episodes": sum(total["episodes"] for total in best.values()),
            "steps": sum(total["steps"] for total in best.values()),
            "differences": differences,
            "seeds": sorted({seed for _, seed in best}),
            "variants": sorted({variant for variant, _ in best}),
        }
    return found


def tally_summary(rollouts: list[Row]) -> dict[str, dict[str, int]]:
    """By backend, what the reference counted in all rollouts that were compared with it."""
    found: dict[str, Counter[str]] = {}
    for row in rollouts:
        if row.get("tally"):
            found.setdefault(row["backend"], Counter()).update(row["tally"])
    return {backend: dict(counts) for backend, counts in sorted(found.items())}


def error_summary(rollouts: list[Row]) -> dict[str, Row]:
    """The one-step errors by "backend variant" and class of states, all shards of a plan together.

    Of several plans that with the most states counts.
    """
    plans: dict[tuple[Any, ...], list[Row]] = {}
    for row in rollouts:
        if row.get("kind", "") == ONE_STEP and row.get("classes"):
            plans.setdefault(plan_key(row), []).append(row)
    found: dict[str, Row] = {}
    most: dict[str, int] = {}
    for key, rows in sorted(plans.items()):
        name = f"{key[0]} {key[1]}"
        states = sum(row["steps"] for row in rows)
        if states > most.get(name, 0):
            most[name] = states
            found[name] = {
                kind: class_summary([row["classes"][kind] for row in rows])
                for kind in rows[0]["classes"]
            }
    return found


def class_summary(parts: list[Row]) -> Row:
    """One class of states: counts, quantiles, and exceptions beside the rounded reference's."""

    def quantiles(each: list[Row]) -> Row:
        return {name: value for name, value in merged(each).items() if name != "histogram"}

    found: Row = {
        name: sum(part[name] for part in parts)
        for name in ("exceptions", "exceptions_not_accepted")
    }
    found["error"] = quantiles([part["error"] for part in parts])
    if all("rounded" in part for part in parts):
        ratios = [part["exceptions_to_rounded"] for part in parts]
        found["exceptions_to_rounded"] = max((each for each in ratios if each), default=None)
        found["rounded"] = {
            "exceptions": sum(part["rounded"]["exceptions"] for part in parts),
            "error": quantiles([part["rounded"]["error"] for part in parts]),
        }
    return found


def now() -> str:
    """UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def commit() -> Row:
    """The commit that was checked out, and whether tracked files were changed."""

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
            )
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    status = git("status", "--porcelain", "--untracked-files=no")
    return {"commit": git("rev-parse", "HEAD"), "dirty": None if status is None else bool(status)}


def fingerprint() -> Any:
    """The machine, as the bench describes it; None where that is not installed."""
    if importlib.util.find_spec("harness.fingerprint") is None:
        return None
    return importlib.import_module("harness.fingerprint").fingerprint()
