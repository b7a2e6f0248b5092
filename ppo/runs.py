"""What a run leaves behind, under results/train/ENV-BACKEND-sSEED.

config.json before it begins, a line an interval in progress.jsonl, summary.json and policy.ckpt
after it ended, and the newest checkpoints.
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from harness import fingerprint
from harness.benching.records import results_dir, revision
from harness.errors import UserError
from ppo.ppo import Args

Record = dict[str, Any]


def folder_of(args: Args) -> Path:
    """Where a run of this environment, backend and seed is kept."""
    return results_dir() / "train" / f"{args.env}-{args.backend}-s{args.seed}"


class Run:
    """One seed's folder, held against other processes while it is open.

    Raises:
        UserError: if it cannot be written, or another run has it.
    """

    def __init__(self, args: Args, parameters: int, resumed_at: int) -> None:
        self.args = args
        self.folder = folder_of(args)
        self.facts = {
            "env": args.env,
            "backend": args.backend,
            "seed": args.seed,
            "params": args.params,
            "parameters": parameters,
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(self.folder / "lock")
            self.progress = self.folder / "progress.jsonl"
            self._cut(resumed_at)
            settings = {**dataclasses.asdict(args), **self.facts, **origin()}
            (self.folder / "config.json").write_text(json.dumps(settings, indent=1) + "\n")
        except OSError as error:
            raise UserError(
                f"cannot write {self.folder}: {error.strerror}; accepted: a results folder that "
                "can be written, see SAMESTEP_RESULTS"
            ) from None

    def log(self, line: Record) -> None:
        """Append a line of progress."""
        with self.progress.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def finish(self, summary: Record) -> Record:
        """Write the summary; what was written."""
        whole = {**self.facts, **summary, **origin()}
        target = self.folder / "summary.json"
        unfinished = target.with_suffix(".tmp")
        unfinished.write_text(json.dumps(whole, indent=1) + "\n")
        unfinished.replace(target)
        return whole

    def close(self) -> None:
        """Let others have the folder."""
        self._lock.close()

    def _cut(self, resumed_at: int) -> None:
        """Forget what came after the checkpoint that is resumed from; all of it if none is."""
        lines = whole_lines(self.progress) if resumed_at else []
        kept = [line for line in lines if line["update"] <= resumed_at]
        (self.folder / "summary.json").unlink(missing_ok=True)
        self.progress.write_text("".join(json.dumps(line) + "\n" for line in kept))


def publish(env: str, runs: list[tuple[Record, list[Record]]]) -> Path:
    """Put summaries and curves into results/published/train-ENV.json.

    A run takes the place of one of the same backend, seed and number of steps.
    """
    path = results_dir() / "published" / f"train-{env}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        old = json.loads(path.read_text())["runs"] if path.exists() else []
        new = [
            {**summary, "curve": [{k: line[k] for k in CURVE} for line in lines]}
            for summary, lines in runs
        ]
        replaced = {_identity(run) for run in new}
        kept = [run for run in old if _identity(run) not in replaced]
        both = sorted(kept + new, key=_identity)
        path.write_text(json.dumps({"env": env, "runs": both}, indent=1) + "\n")
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"cannot publish to {path}: {error}") from None
    return path


CURVE = ("steps", "seconds", "return")
"""What of a line of progress is published."""


def origin() -> Record:
    """Commit, time and machine."""
    commit, dirty = revision()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "commit": commit,
        "dirty": dirty,
        "time": now,
        "fingerprint": fingerprint.fingerprint(),
    }


def _identity(run: Record) -> tuple[str, int, int]:
    return run["backend"], run["seed"], run["steps"]


def _locked(path: Path) -> IO[str]:
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise UserError(
            f"another run writes {path.parent}; accepted: one at a time of an environment, "
            "backend and seed"
        ) from None
    file.write(f"{os.getpid()}\n")
    return file


def whole_lines(path: Path) -> list[Record]:
    """Lines that were written to their end; a killed run may have left part of one."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            found.append(json.loads(line))
    return found
