"""Sets up .venv: locked packages, then both libraries built from this checkout.

`make setup` calls it with any Python from 3.11. It needs the standard library alone, does only
what is out of date, and repairs what an interrupted run left behind. Exit status 2 means that
something is missing on this machine; one line names it all.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036  (before imports that an older Python lacks)
    found = ".".join(map(str, sys.version_info[:2]))
    sys.stderr.write(f"setup: missing: Python 3.11 or later (this is {found})\n")
    sys.exit(2)

import argparse
import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "samestep-setup.json"
CACHE = ROOT / ".cache"
WHEELS = ROOT / "target" / "setup-wheels"
RUST_SOURCES = ("Cargo.toml", "Cargo.lock", "backends/rust", "tests/duel/rust")
JAX_SOURCES = ("backends/jax",)
SHOWDOWN = "references/pokemon/showdown"
NOT_SOURCES = {"target", "__pycache__", "node_modules"}
RUNNING = "running"
"""Stamp of an installation that was begun; found at the start, it was interrupted."""


class SetupError(Exception):
    """What went wrong, in one line."""


@dataclass(frozen=True)
class Tool:
    """A command that must be there, in what version, and what a person should install."""

    command: str
    what: str
    oldest: tuple[int, ...] = ()

    def problem(self) -> str | None:
        """What is missing, or None."""
        wanted = self.what
        if self.oldest:
            wanted += " " + ".".join(map(str, self.oldest)) + " or later"
        path = shutil.which(self.command)
        if path is None:
            return f"{wanted} (no `{self.command}` on PATH)"
        if not self.oldest:
            return None
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        found = re.search(r"\d+(\.\d+)+", answer.stdout)
        if answer.returncode or not found:
            return f"{wanted} (`{self.command} --version` fails)"
        if tuple(int(part) for part in found[0].split(".")) < self.oldest:
            return f"{wanted} (`{self.command}` is {found[0]})"
        return None


TOOLS_OF_ENV = {"pokemon": (Tool("node", "Node.js", (20,)), Tool("npm", "npm"))}
"""What an environment needs beyond the rest, by its name."""


def rust_tools() -> tuple[Tool, ...]:
    """What building the Rust library takes; the version is the one that Cargo.toml declares."""
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    oldest = manifest["workspace"]["package"]["rust-version"]
    return (
        Tool("cargo", "Rust toolchain", tuple(int(part) for part in oldest.split("."))),
        Tool("rustc", "Rust compiler", tuple(int(part) for part in oldest.split("."))),
        Tool("cc", "C compiler, which Rust links with"),
    )


def oracle_tools(env: str, backends: list[str]) -> tuple[Tool, ...]:
    """What that environment's oracle needs; with neither it nor backends named, all of them."""
    if env or backends:
        return TOOLS_OF_ENV.get(env, ())
    return tuple(tool for tools in TOOLS_OF_ENV.values() for tool in tools)


def check_machine(tools: tuple[Tool, ...]) -> None:
    """Refuse a machine on which a later step would fail.

    Raises:
        SetupError: naming all that is missing.
    """
    missing = [problem for tool in tools if (problem := tool.problem())]
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            missing.append(f"Python's {module} module (Debian: python3-venv)")
    if missing:
        raise SetupError("missing: " + "; ".join(missing))


def digest(*sources: str) -> str:
    """SHA-256 of files, and of all files in folders, by path and content."""
    total = hashlib.sha256()
    for source in sources:
        for path in sorted(_files(ROOT / source)):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{path.relative_to(ROOT)} {content}\n".encode())
    return total.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        for child in path.iterdir():
            if child.name not in NOT_SOURCES:
                yield from _files(child)


def read_stamps() -> dict[str, str]:
    """What was installed, by step; empty where that cannot be told."""
    try:
        stamps = json.loads(STAMPS.read_text())
    except (OSError, ValueError):
        return {}
    return stamps if isinstance(stamps, dict) else {}


def write_stamps(stamps: dict[str, str]) -> None:
    """Replace the stamps in one piece."""
    partial = STAMPS.with_suffix(".partial")
    partial.write_text(json.dumps(stamps, indent=1, sort_keys=True))
    partial.replace(STAMPS)


def run(log: Path, *command: str | Path, cwd: Path = ROOT) -> None:
    """Run a command with its output in `log`.

    Raises:
        SetupError: if it fails, after its last lines have been shown.
    """
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    # cargo and maturin must not build for another environment that happens to be active.
    environment["VIRTUAL_ENV"] = str(VENV)
    with log.open("ab") as output:
        begin = output.tell()
        status = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    if status:
        with log.open("rb") as written:
            written.seek(begin)
            tail = written.read().decode(errors="replace").splitlines()[-25:]
        print("\n".join(tail), file=sys.stderr)
        name = Path(command[0]).name
        raise SetupError(f"{name} failed with status {status}; its whole output is in {log}")


class Setup:
    """The steps, each skipped where its stamp says that it is done."""

    def __init__(self) -> None:
        self.log = CACHE / "setup.log"
        self.stamps = read_stamps()

    def venv(self) -> None:
        """Create .venv, anew where it is broken, moved, or an installation was cut off."""
        if self._venv_is_sound():
            return
        base = getattr(sys, "_base_executable", None) or sys.executable
        with progress(f"creating .venv with Python {sys.version.split()[0]}"):
            run(self.log, base, "-m", "venv", "--clear", VENV)
        self.stamps = {"venv": str(VENV)}
        write_stamps(self.stamps)

    def _venv_is_sound(self) -> bool:
        """Whether .venv was made here, its Python runs, and nothing was cut off in it."""
        if self.stamps.get("venv") != str(VENV) or RUNNING in self.stamps.values():
            return False
        with contextlib.suppress(OSError):
            return subprocess.run([PYTHON, "-c", ""], check=False).returncode == 0
        return False

    def lock(self, name: str) -> None:
        """Install requirements/NAME.lock, every file checked against its hash.

        A lock is complete, and overrides.in may have set aside what a package asks for: pip is
        not to look for more.
        """
        path = f"requirements/{name}.lock"
        self._step(
            name,
            digest(path),
            f"installing {path}",
            lambda: self._pip("--require-hashes", "--no-deps", "--requirement", ROOT / path),
        )

    def rust(self) -> None:
        """Build the Rust library, optimised and with its test environments, and install it."""
        self._step(
            "rust",
            digest(*RUST_SOURCES),
            "building samestep-rust",
            self._build_rust,
            installed="samestep_rust",
        )

    def jax(self) -> None:
        """Install the JAX library, as a copy: what is tested is what a user gets."""
        self._step(
            "jax",
            digest(*JAX_SOURCES),
            "installing samestep-jax",
            lambda: self._pip(*LOCAL, "--no-build-isolation", ROOT / "backends/jax"),
            installed="samestep_jax",
        )

    def showdown(self) -> None:
        """Install Pokemon Showdown, every file checked against the lock's hash."""
        npm = ("npm", "ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund")
        self._step(
            "showdown",
            digest(SHOWDOWN + "/package.json", SHOWDOWN + "/package-lock.json"),
            "installing Pokemon Showdown",
            lambda: run(self.log, *npm, cwd=ROOT / SHOWDOWN),
            there=(ROOT / SHOWDOWN / "node_modules/pokemon-showdown").is_dir(),
        )

    def _build_rust(self) -> None:
        shutil.rmtree(WHEELS, ignore_errors=True)
        maturin = VENV / "bin" / "maturin"
        options = ("--release", "--locked", "--features", "test-envs")
        run(
            self.log,
            *(maturin, "build", *options, "--interpreter", PYTHON, "--out", WHEELS),
            cwd=ROOT / "backends/rust",
        )
        (wheel,) = WHEELS.glob("*.whl")
        self._pip(*LOCAL, wheel)

    def _step(
        self,
        name: str,
        wanted: str,
        title: str,
        act: Callable[[], None],
        installed: str = "",
        there: bool = True,
    ) -> None:
        pattern = f"lib/python*/site-packages/{installed}-*.dist-info"
        there = there and (not installed or any(VENV.glob(pattern)))
        if self.stamps.get(name) == wanted and there:
            return
        self.stamps.pop(name, None)
        try:
            # Only a run that was killed leaves this mark: pip undoes what fails by itself.
            write_stamps({**self.stamps, name: RUNNING})
            with progress(title):
                act()
        except SetupError:
            write_stamps(self.stamps)
            raise
        self.stamps[name] = wanted
        write_stamps(self.stamps)

    def _pip(self, *arguments: str | Path) -> None:
        quiet = ("--quiet", "--no-input", "--disable-pip-version-check", "--progress-bar", "off")
        run(self.log, PYTHON, "-I", "-m", "pip", "install", *quiet, *arguments)


LOCAL = ("--no-index", "--no-deps", "--force-reinstall")
"""pip's options for our own libraries: nothing is fetched, whatever was there is replaced."""


@contextlib.contextmanager
def progress(title: str) -> Iterator[None]:
    """One line a step: what it does, and when it is done how long it took."""
    print(f"setup: {title} ...", end="", flush=True)
    begin = time.monotonic()
    try:
        yield
    except BaseException:
        print(" failed", flush=True)
        raise
    print(f" {time.monotonic() - begin:.0f} s", flush=True)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Wait until no other setup of this checkout runs; the lock goes with the process."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "setup.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("setup: waiting for another setup of this checkout", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(arguments: list[str]) -> int:
    """Bring .venv up to date; the exit status."""
    parser = argparse.ArgumentParser(prog="setup", description="Set up .venv.")
    parser.add_argument("--backends", default="", help="comma-separated; without rust: no Rust")
    parser.add_argument("--env", default="", help="check what this environment needs, too")
    parser.add_argument("--trainers", action="store_true", help="install trainers.lock, too")
    options = parser.parse_args(arguments)
    backends = [name for name in options.backends.split(",") if name]
    needs_rust = not backends or any(name.startswith("rust") for name in backends)
    oracles = oracle_tools(options.env, backends)
    try:
        check_machine((*(rust_tools() if needs_rust else ()), *oracles))
        with alone():
            setup = Setup()
            setup.venv()
            setup.lock("dev")
            setup.lock("baselines")
            if options.trainers:
                setup.lock("trainers")
            setup.jax()
            if needs_rust:
                setup.rust()
            if oracles:
                setup.showdown()
    except (SetupError, OSError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nsetup: interrupted; the next setup goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
