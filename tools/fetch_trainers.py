"""Puts trainers that pip does not install here by itself into .cache/trainers.

    python -m tools.fetch_trainers [cleanrl] [pufferlib]
    PYTHONPATH=.cache/trainers python examples/cleanrl_ppo.py

CleanRL 1.2.0 declares Python below 3.11, and runs on later ones. PufferLib 3.0.0 declares old
versions of NumPy and Gymnasium, and its build downloads what only its own environments need;
built without them it wants PyTorch, a C++ compiler and some minutes. docs/trainers.md says more.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from harness.baselines import Unavailable, puffer_source
from harness.baselines.cache import cache_dir

CLEANRL = (
    "cleanrl==1.2.0 --hash=sha256:002f6dac6cd0efb5889cd9096a252da1b4bc98a8f52ccb1f47a7215c18b30369"
)
# Told to leave its environments out, PufferLib's setup.py still names their paths.
BUILD = """
import runpy, sys
sys.argv = ["setup.py", "bdist_wheel", "--dist-dir", sys.argv[1]]
runpy.run_path("setup.py", {"c_extension_paths": []}, "__main__")
"""


def folder() -> Path:
    """Where the trainers are, for PYTHONPATH."""
    return cache_dir() / "trainers"


def is_there(name: str) -> bool:
    """Whether a trainer is in the folder."""
    return any(folder().glob(f"{name}-*.dist-info"))


def fetch_cleanrl() -> None:
    """CleanRL's scripts, from its wheel.

    Raises:
        Unavailable: where pip cannot fetch it.
    """
    with tempfile.TemporaryDirectory() as name:
        requirements = Path(name) / "requirements.txt"
        requirements.write_text(CLEANRL + "\n")
        _pip("--ignore-requires-python", "--require-hashes", "--requirement", requirements)


def build_pufferlib() -> None:
    """PufferLib's trainer, from its source distribution and without its environments.

    Raises:
        Unavailable: where it cannot be fetched or compiled.
    """
    os.environ["NO_OCEAN"] = "1"  # pip, too, runs setup.py, which would begin to download
    cache_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_dir(), prefix="trainer-") as name:
        wheels = Path(name) / "wheels"
        unpacked = puffer_source._download(Path(name))
        command = (sys.executable, "-c", BUILD, str(wheels))
        _run(command, cwd=unpacked, environment={"MAX_JOBS": "1"})
        (wheel,) = wheels.glob("*.whl")
        _pip(wheel)


def _pip(*arguments: str | Path) -> None:
    options = ("--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--upgrade")
    pip = (sys.executable, "-m", "pip", "install", *options, "--target", str(folder()))
    _run((*pip, *map(str, arguments)), cwd=Path.cwd(), environment={})


def _run(command: tuple[str, ...], cwd: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise Unavailable(lines[-1] if lines else f"status {done.returncode}")


TRAINERS = {"cleanrl": fetch_cleanrl, "pufferlib": build_pufferlib}


def main(names: list[str]) -> int:
    """Fetch the named trainers, all by default, where they are not there; the exit status."""
    for name in names or TRAINERS:
        if name not in TRAINERS:
            print(f"unknown trainer {name!r}; accepted: {', '.join(TRAINERS)}", file=sys.stderr)
            return 2
        if not is_there(name):
            try:
                TRAINERS[name]()
            except Unavailable as reason:
                print(f"fetch_trainers: {name}: {reason}", file=sys.stderr)
                return 1
        print(f"{name}: {folder()}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
