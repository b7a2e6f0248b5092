"""results/transfer/ENV.json: how policies score on every implementation."""

from __future__ import annotations

import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

from harness.benching.records import ROOT, results_dir
from harness.errors import UserError
from transfer import policies

Record = dict[str, Any]
CARRIED = ("retrained", "retrained_differences", "retrained_origin")
"""What a run without RETRAIN=1 takes from the record before it."""


def folder() -> Path:
    """Where records and pictures are written."""
    return results_dir() / "transfer"


def check_writable() -> None:
    """Fail before the work, not after it.

    Raises:
        UserError: if nothing can be written there.
    """
    probe = folder() / f".probe.{os.getpid()}"
    try:
        folder().mkdir(parents=True, exist_ok=True)
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise UserError(
            f"cannot write to {folder()}: {error.strerror}; "
            "accepted: a writable folder, in SAMESTEP_RESULTS if not results/"
        ) from None


def carried(env: str) -> Record:
    """What is known of policies trained anew: the newer of the local record and the published."""
    found = [_read(path) for path in (folder() / f"{env}.json", _published(env, "json"))]
    known = [record for record in found if record.get("retrained")]
    if not known:
        return dict.fromkeys(CARRIED)
    newest = max(known, key=lambda record: str((record.get(CARRIED[2]) or {}).get("time", "")))
    return {name: newest.get(name) for name in CARRIED}


def write(record: Record) -> Path:
    """Write it, whole or not at all; where."""
    return _write(record, folder() / f"{record['env']}.json")


def publish(record: Record, picture: Path, checkpoints: list[Path]) -> list[Path]:
    """Copy record and picture to where git keeps them, and new checkpoints to the shipped ones."""
    env = record["env"]
    try:
        _published(env, "svg").parent.mkdir(parents=True, exist_ok=True)
        kept = {}
        for policy, path in zip(record["policies"], checkpoints, strict=True):
            name = policies.file_name(env, policy["trained_on"], policy["seed"])
            kept[policy["name"]] = policies.SHIPPED / name
            if path != kept[policy["name"]]:
                policies.SHIPPED.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, kept[policy["name"]])
        shutil.copyfile(picture, _published(env, "svg"))
    except OSError as error:
        raise UserError(f"cannot publish {env}: {error}") from None
    named = [{**p, "checkpoint": shown(kept[p["name"]])} for p in record["policies"]]
    target = _write({**record, "policies": named}, _published(env, "json"))
    return [target, _published(env, "svg")]


def shown(path: Path) -> str:
    """A path as the record names it: within the repository from its root."""
    absolute = path.resolve()
    return str(absolute.relative_to(ROOT)) if absolute.is_relative_to(ROOT) else absolute.name


def _published(env: str, suffix: str) -> Path:
    return results_dir() / "published" / f"transfer-{env}.{suffix}"


def _write(record: Record, path: Path) -> Path:
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        unfinished.write_text(json.dumps(_plain(record), indent=1, allow_nan=False) + "\n")
        unfinished.replace(path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
    return path


def _plain(value: Any) -> Any:
    """JSON has no word for what is not finite: null."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _read(path: Path) -> Record:
    """A record; empty if there is none or it is damaged."""
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
