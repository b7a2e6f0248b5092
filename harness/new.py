"""`python -m harness new`: a working skeleton of a new environment or backend.

Everything is written, or, when anything fails, nothing.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import tyro

from harness.errors import UserError
from harness.scaffolding import backend, environment
from harness.scaffolding.transaction import Transaction

ROOT = Path(__file__).resolve().parent.parent

ENV_STEPS = """
It is a working environment already, a small walk on a line; make it yours from here:

  {verify}  L1 and L2 tests, and rollouts of every backend against the reference
  {test}  the same, conformance and lints

docs/adding-an-environment.md takes you through it: the page and spec.py first, then the
reference, the tests, the Rust and the JAX rules, `make consts`, traces, mutants, the bench."""

BACKEND_STEPS = """
It plays Pong already, in NumPy, to be replaced function by function:

  {verify}  rollouts against the reference
  {test}  conformance and lints

docs/adding-a-backend.md takes you through it."""


@dataclass
class Args:
    """Write the skeleton of a new environment or backend. An empty value is the default."""

    env: str = ""
    """Name of a new environment."""
    backend: str = ""
    """Name of a new backend."""


def main(arguments: list[str]) -> int:
    """Write one skeleton and say what comes next."""
    args = tyro.cli(Args, args=arguments, prog="harness new")
    if bool(args.env) == bool(args.backend):
        given = "both ENV and BACKEND are given" if args.env else "neither ENV nor BACKEND is given"
        raise UserError(f"{given}; accepted: one of them, as in `make new ENV=name`")
    if args.env:
        write(environment.plan(ROOT, args.env), args.env)
        say(ENV_STEPS, f"make verify ENV={args.env}")
    else:
        write(backend.plan(ROOT, args.backend), "")
        say(BACKEND_STEPS, f"make verify ENV={backend.FIRST_ENV} BACKENDS={args.backend} LEVEL=3")
    return 0


def say(steps: str, verify: str) -> None:
    """Print what comes next, the commands in a column."""
    print(steps.format(verify=verify, test="make test".ljust(len(verify))))


def write(files: dict[Path, str], env: str) -> None:
    """Write all files and what is generated from them: constants and, for an environment, traces.

    Raises:
        UserError: if any of it fails; nothing is left behind then.
    """
    created = [path for path in files if not path.exists()]
    try:
        with Transaction() as transaction:
            for path, text in files.items():
                transaction.write(path, text)
            tidy(files, created)
            run("-m", "harness", "consts")
            if env:
                folder = ROOT / environment.CRATES / env / "tests/traces"
                run("-m", "harness", "verify", "--env", env, "--export-traces", str(folder))
    except OSError as error:
        raise UserError(f"cannot write {error.filename}: {error.strerror}") from None
    for path in files:
        print(f"{'wrote  ' if path in created else 'changed'} {path.relative_to(ROOT)}")


def tidy(files: Iterable[Path], created: list[Path]) -> None:
    """Sort imports and break lines as the lints want it: both depend on the name's letters."""
    python = [str(path) for path in created if path.suffix == ".py"]
    if importlib.util.find_spec("ruff"):
        run("-m", "ruff", "check", "--quiet", "--select", "I", "--fix", *python)
        run("-m", "ruff", "format", "--quiet", *python)
    # lib.rs would make rustfmt look for the modules that are generated later.
    rust = [str(path) for path in files if path.suffix == ".rs" and path.name != "lib.rs"]
    if rust and shutil.which("rustfmt"):
        subprocess.run(["rustfmt", "--edition", "2021", *rust], cwd=ROOT, check=False)


def run(*arguments: str) -> None:
    """Run Python from the root of the repository.

    Raises:
        UserError: with the last line that it printed, if it fails.
    """
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines() or ["nothing was printed"]
        what = " ".join(arguments[:3])
        raise UserError(f"`python {what}` failed, nothing was written: {said[-1]}")
