"""`python -m harness report`: one page with all results, and the same for Weights & Biases.

The parts are in harness/reporting: collect.py finds the records, a file a section draws them,
page.py puts them together, tracking.py writes runs.
"""

from __future__ import annotations

import os
import sys
import webbrowser
from dataclasses import dataclass
from pathlib import Path

import tyro

from harness import registry
from harness.benching.records import results_dir
from harness.errors import UserError
from harness.reporting.collect import collect
from harness.reporting.page import render
from harness.reporting.shelf import Shelf
from harness.reporting.tracking import track


@dataclass
class Args:
    """Write results/report/index.html, one page that needs nothing else."""

    env: str = ""
    """Environments, with commas; all if empty."""
    open: bool = False
    """Show the page in a browser afterwards."""
    wandb: bool = True
    """Also write runs for Weights & Biases: offline, unless WANDB_MODE says otherwise."""


def chosen(text: str) -> list[str]:
    """The environments that were asked for.

    Raises:
        UserError: for an unknown one.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    return [registry.get(name).name for name in names] or registry.names()


def write(path: Path, text: str) -> None:
    """Write a file, whole or not at all.

    Raises:
        UserError: if it cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error.strerror}; "
            "set SAMESTEP_RESULTS to a folder that can be written"
        ) from None


def run(args: Args) -> int:
    """Write the page and the runs; the exit status."""
    names = chosen(args.env)
    shelf = Shelf(results_dir())
    environments = [collect(shelf, name) for name in names]
    path = shelf.root / "report" / "index.html"
    write(path, render(shelf, environments))
    for line in shelf.warnings:
        print(f"harness report: {line}", file=sys.stderr)
    print(f"wrote {path}")
    if args.wandb:
        print(track(shelf, environments))
    if args.open:
        webbrowser.open(path.resolve().as_uri())
    return 0


def main(arguments: list[str]) -> int:
    """The command."""
    return run(tyro.cli(Args, args=arguments, prog="harness report"))
