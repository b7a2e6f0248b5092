"""Whether the installed libraries are what the sources say now.

A proof hashes sources, but what steps is the installed package: one that was built from other
sources proves nothing about these.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from harness.implementations import IMPLEMENTATIONS
from harness.proof_hash import ROOT
from tools import setup

PYTHON_SOURCES = {
    "samestep_rust": "backends/rust/python/samestep_rust",
    "samestep_jax": "backends/jax/samestep_jax",
}
"""Where the Python files of each library are."""


def stale(backend: str) -> str:
    """Why what a backend steps with is not what the sources say; "" if it is, or runs in place."""
    library = IMPLEMENTATIONS[backend].library if backend in IMPLEMENTATIONS else ""
    if not library:
        return ""
    found = importlib.util.find_spec(library)
    if found is None or found.origin is None:
        return f"{library} is not installed; run `make setup`"
    package = Path(found.origin).resolve().parent
    problem = _other_files(package, ROOT / PYTHON_SOURCES[library])
    if not problem and library == "samestep_rust":
        problem = _other_build(package)
    return f"{library} is not what the sources say now: {problem}; run `make setup`" * bool(problem)


def _other_files(package: Path, sources: Path) -> str:
    """The first Python file that differs, or is on one side alone; "" if there is none."""
    installed, wanted = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.py")}
        for folder in (package, sources)
    )
    for name in sorted({*installed, *wanted}):
        if installed.get(name) != wanted.get(name):
            return f"{name} differs"
    return ""


def _other_build(package: Path) -> str:
    """What is wrong with the stamp that `make setup` left when it built the Rust library."""
    if not package.is_relative_to(setup.VENV.resolve()):
        return f"it lies in {package}, not in .venv"
    if setup.read_stamps().get("rust") != setup.digest(*setup.RUST_SOURCES):
        return "it was built from others"
    return ""
