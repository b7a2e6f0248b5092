"""Where the pinned Pokémon Showdown package lies, and running a script on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

VERSION = "0.11.11"
"""Showdown changes its mechanics in patch releases: the version is part of the environment's."""
VARIABLE = "SAMESTEP_SHOWDOWN"
"""An environment variable that names the package's folder, where it is not the default one."""
DEFAULT = Path(__file__).resolve().parents[1] / "showdown/node_modules/pokemon-showdown"


class ShowdownMissingError(RuntimeError):
    """Node, or the pinned package, is not there; one line that says which."""


def folder() -> Path:
    """The package's folder.

    Raises:
        ShowdownMissingError: if there is none, or it is another version.
    """
    path = Path(os.environ.get(VARIABLE) or DEFAULT)
    try:
        version = json.loads((path / "package.json").read_text())["version"]
    except (OSError, ValueError, KeyError):
        raise ShowdownMissingError(
            f"no pokemon-showdown in {path}; it is looked for there or where {VARIABLE} says"
        ) from None
    if version != VERSION:
        raise ShowdownMissingError(f"pokemon-showdown in {path} is {version}; needed: {VERSION}")
    return path


def node() -> str:
    """Node's program.

    Raises:
        ShowdownMissingError: if there is none.
    """
    program = shutil.which("node")
    if program is None:
        raise ShowdownMissingError("no `node` on the path; needed: Node 18 or later")
    return program


def run_script(script: Path, request: Any = None) -> Any:
    """What a Node script writes as JSON, given the package's folder and `request` on its stdin.

    Raises:
        ShowdownMissingError: if Node or the package is not there.
        RuntimeError: if the script fails, with its last line.
    """
    done = subprocess.run(
        [node(), str(script), str(folder())],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        error = next((line for line in said if "Error" in line), said[-1] if said else "no message")
        raise RuntimeError(f"{script.name} failed: {error}")
    return json.loads(done.stdout)
