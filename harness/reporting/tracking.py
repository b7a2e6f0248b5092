"""Writes runs for Weights & Biases: offline, unless WANDB_MODE says otherwise.

A run's identifier is a hash of what it holds, and those that were written are kept in a list, so
that a second report writes only what is new.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.reporting.collect import Environment
from harness.reporting.runs import Run, runs_of
from harness.reporting.shelf import Shelf

PROJECT = "samestep"
MODES = ("offline", "online", "disabled")
LIST = "samestep-runs.txt"
OWN = {"WANDB_DATA_DIR": "data", "WANDB_CACHE_DIR": "cache"}


def track(shelf: Shelf, environments: list[Environment]) -> str:
    """Write the runs that are not written yet, and say so in a line.

    The folder is WANDB_DIR/wandb, or wandb in the results folder.

    Raises:
        UserError: for an unknown mode, a folder that cannot be written, or what wandb complains of.
    """
    mode = os.environ.get("WANDB_MODE") or MODES[0]
    if mode not in MODES:
        raise UserError(f"unknown WANDB_MODE {mode!r}; accepted: {', '.join(MODES)}")
    if mode == "disabled":
        return "Weights & Biases: disabled by WANDB_MODE"
    try:
        import wandb
    except ImportError:
        return "Weights & Biases: not installed, so no runs were written"
    runs = [run for each in environments for run in runs_of(shelf, each)]
    folder = Path(os.environ.get("WANDB_DIR") or shelf.root)
    written = Written(folder / "wandb", mode)
    new = [run for run in runs if run.identity not in written]
    if new and mode == "online":
        _require_login(wandb)
    try:
        with _all_beside(folder):
            for run in new:
                _write(wandb, run, folder, mode)
                written.add(run.identity)
    except (wandb.Error, OSError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"Weights & Biases: {reason}; WANDB_MODE=offline writes here") from None
    finally:
        if new:
            wandb.teardown()
    more = " (WANDB_MODE=online publishes them)" if mode == "offline" else ""
    return f"Weights & Biases: {len(new)} new of {len(runs)} runs in {folder / 'wandb'}{more}"


@contextlib.contextmanager
def _all_beside(folder: Path) -> Iterator[None]:
    """Let wandb keep its own files with the runs, and not in the home, unless told where to."""
    own = [name for name in OWN if not os.environ.get(name)]
    os.environ.update({name: str((folder / "wandb" / OWN[name]).resolve()) for name in own})
    try:
        yield
    finally:
        for name in own:
            del os.environ[name]


class Written:
    """Which runs were finished in a mode; an offline one must also still be there."""

    def __init__(self, folder: Path, mode: str) -> None:
        self.path, self.mode = folder / LIST, mode
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with self.path.open("a"):
                pass
            listed = {line for line in self.path.read_text().splitlines() if line}
        except OSError as error:
            raise UserError(
                f"cannot write {self.path}: {error.strerror}; "
                "set WANDB_DIR to a folder that can be written"
            ) from None
        there = {path.name.rsplit("-", 1)[-1] for path in folder.glob("offline-run-*")}
        self._known = {
            identity
            for known, _, identity in (line.partition(" ") for line in listed)
            if known == mode and (mode == "online" or identity in there)
        }

    def __contains__(self, identity: str) -> bool:
        return identity in self._known

    def add(self, identity: str) -> None:
        """Keep a run that was finished."""
        self._known.add(identity)
        with self.path.open("a") as file:
            file.write(f"{self.mode} {identity}\n")


def _require_login(wandb: Any) -> None:
    """Refuse instead of asking for a key."""
    if not wandb.login(prompt=False, verify=False):
        raise UserError(
            "Weights & Biases: WANDB_MODE=online needs a key; accepted: WANDB_API_KEY, or what "
            "`wandb login` keeps"
        )


def _write(wandb: Any, run: Run, folder: Path, mode: str) -> None:
    """One run. What wandb would record of this process and machine is not the measurement's."""
    settings = wandb.Settings(
        silent=True,
        console="off",
        disable_code=True,
        disable_git=True,
        disable_job_creation=True,
        x_disable_machine_info=True,
        x_disable_meta=True,
        x_disable_stats=True,
        x_save_requirements=False,
    )
    with wandb.init(
        project=os.environ.get("WANDB_PROJECT") or PROJECT,
        id=run.identity,
        name=run.name,
        group=run.group,
        job_type=run.kind,
        config=run.config,
        dir=folder,
        mode=mode,
        resume="allow" if mode == "online" else None,
        settings=settings,
    ) as started:
        for row in run.history:
            started.log(row)
        tables = {
            name: wandb.Table(columns=list(table.columns), data=table.rows)
            for name, table in run.tables.items()
        }
        if tables:
            charts: dict[str, Any] = {}
            if run.bars:
                name, label, length = run.bars
                charts["speeds"] = wandb.plot.bar(tables[name], label, length, title="steps/s")
            started.log({**tables, **charts})
        started.summary.update(run.summary)
