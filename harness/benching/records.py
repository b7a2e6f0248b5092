"""What a measurement leaves behind: one line of JSON, in a file that only grows."""

from __future__ import annotations

import functools
import json
import os
import statistics
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness import fingerprint
from harness.benching.measure import Outcome
from harness.benching.stats import summary
from harness.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
Record = dict[str, Any]


def results_dir() -> Path:
    """Where runs write: SAMESTEP_RESULTS, or results/ in this repository."""
    return Path(os.environ.get("SAMESTEP_RESULTS") or ROOT / "results")


def record(env: str, kind: str, outcome: Outcome) -> Record:
    """The line of a row that was measured."""
    ready = outcome.ready
    assert ready is not None
    assert outcome.rates
    told = summary(outcome.rates)
    commit, dirty = revision()
    return {
        "env": env,
        "impl": outcome.row.impl,
        "kind": kind,
        "variant": outcome.row.jobs[0].variant,
        "params": outcome.row.jobs[0].params,
        "batch": outcome.batch,
        "threads": outcome.row.threads,
        "frame_skip": ready.frame_skip,
        "precision": ready.precision,
        "sps_median": told.median,
        "sps_iqr": told.iqr,
        "cv": told.cv,
        "repeats": len(outcome.rates),
        "seconds_each": statistics.median(outcome.seconds),
        "compile_s": ready.compile_s,
        "check": ready.check,
        "build": ready.build,
        "commit": commit,
        "dirty": dirty,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "fingerprint": fingerprint.fingerprint(),
    }


class Lines:
    """An environment's file of records.

    Raises:
        UserError: at once, if it cannot be written.
    """

    def __init__(self, env: str) -> None:
        self.path = results_dir() / "bench" / f"{env}.jsonl"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a"):
                pass
        except OSError as error:
            raise UserError(
                f"cannot write {self.path}: {error.strerror}; "
                "set SAMESTEP_RESULTS to a folder that can be written"
            ) from None

    def append(self, records: list[Record]) -> None:
        """Add lines; should that fail, they are printed, so that nothing is lost."""
        text = "".join(json.dumps(record) + "\n" for record in records)
        try:
            with self.path.open("a") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            sys.stdout.write(text)
            raise UserError(
                f"cannot write {self.path}: {error.strerror}; the lines are printed above"
            ) from None


def publish(env: str, records: list[Record], table: str, prefix: str = "bench") -> list[Path]:
    """Copy a run's lines, and its table in Markdown, to where git keeps them."""
    folder = results_dir() / "published"
    lines = folder / f"{prefix}-{env}.jsonl"
    page = folder / f"{prefix}-{env}.md"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lines.write_text("".join(json.dumps(record) + "\n" for record in records))
        page.write_text(table)
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror}") from None
    return [lines, page]


@functools.cache
def revision() -> tuple[str, bool]:
    """The commit of this repository, and whether files differ from it.

    Published results do not count: a run that publishes one leaves the next one's code as it was.
    """

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=20
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    commit = git("rev-parse", "HEAD")
    status = git("status", "--porcelain", "--", ".", ":(exclude)results/published")
    return commit or "unknown", status is None or bool(status)
