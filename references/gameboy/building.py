"""Builds probe.pyx against the installed PyBoy, once, and loads it.

The built module lies under .cache/gameboy (SAMESTEP_CACHE/gameboy), in a folder named after all
that it was built from, so that another source, PyBoy or Python never meets a stale one.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.machinery
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import sysconfig
import tempfile
import warnings
from pathlib import Path
from typing import Protocol, cast

import numpy as np

PYBOY_VERSION = "2.8.1"
HERE = Path(__file__).resolve().parent
SOURCE = HERE / "probe.pyx"


class OracleMissingError(RuntimeError):
    """PyBoy, or what its probe is built with, is not there; the message says what to install."""


class Probe(Protocol):
    """probe.pyx, compiled: PyBoy's private state as STATE's bytes without the header."""

    STATE_BYTES: int

    def read(self, pyboy: object, row: np.ndarray) -> None:
        """Write the state into row, (STATE_BYTES,) u1."""

    def write(self, pyboy: object, row: np.ndarray) -> None:
        """Put PyBoy into the state of row."""

    def booting(self, pyboy: object) -> bool:
        """Whether the boot ROM is still mapped."""

    def run_round(self, pyboy: object) -> None:
        """One instruction, and the catching up of all parts after it."""


@functools.cache
def load_probe() -> Probe:
    """The compiled probe; builds it where that has not been done (half a minute, once).

    Raises:
        OracleMissingError: without PyBoy 2.8.1, Cython, setuptools, a C compiler or Python.h.
    """
    check_pyboy()
    path = probe_path()
    if not path.exists():
        build(path)
    loader = importlib.machinery.ExtensionFileLoader("probe", str(path))
    module_spec = importlib.util.spec_from_file_location("probe", path, loader=loader)
    assert module_spec is not None
    module = importlib.util.module_from_spec(module_spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyBoy's SDL2 tells at import where it comes from
        loader.exec_module(module)
    return cast(Probe, module)


def check_pyboy() -> None:
    """Refuse to go on without the PyBoy that is compared with.

    Raises:
        OracleMissingError: if it is missing, or is another version.
    """
    try:
        found = importlib.metadata.version("pyboy")
    except importlib.metadata.PackageNotFoundError:
        found = "missing"
    if found != PYBOY_VERSION:
        raise OracleMissingError(f"PyBoy is {found}; needed: {PYBOY_VERSION}, from make setup")


def probe_path() -> Path:
    """Where the built module belongs."""
    text = "\n".join([SOURCE.read_text(), PYBOY_VERSION, sys.version, sysconfig.get_platform()])
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    cache = Path(os.environ.get("SAMESTEP_CACHE", HERE.parents[1] / ".cache"))
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    return cache / "gameboy" / name / f"probe{suffix}"


def build(path: Path) -> None:
    """Compile probe.pyx to `path`, which appears only when it is whole.

    Raises:
        OracleMissingError: naming the first tool that is missing, or the compiler's last word.
    """
    check_tools()
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        Path(work, SOURCE.name).write_text(SOURCE.read_text())
        command = [sys.executable, "-c", BUILD]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
        built = list(Path(work).glob("probe*" + path.suffix))
        if done.returncode or not built:
            said = (done.stdout + done.stderr).strip().splitlines()
            error = next((line for line in said if "error:" in line), "nothing was built")
            raise OracleMissingError(f"the probe of PyBoy does not compile: {error}")
        os.replace(built[0], path)


BUILD = """
from pathlib import Path
import numpy
import pyboy
from Cython.Build import cythonize
from setuptools import Extension, setup

site = str(Path(pyboy.__file__).parents[1])
modules = cythonize(
    [Extension("probe", ["probe.pyx"], include_dirs=[numpy.get_include()])],
    include_path=[site], quiet=True,
)
setup(ext_modules=modules, script_args=["--quiet", "build_ext", "--inplace"])
"""
"""Run in a process and folder of its own: setuptools works on the process's state."""


def check_tools() -> None:
    """Refuse to build without the tools for it.

    Raises:
        OracleMissingError: naming the first that is missing.
    """
    for package in ("Cython", "setuptools"):
        if importlib.util.find_spec(package) is None:
            raise OracleMissingError(f"the probe of PyBoy needs {package}, from make setup")
    header = Path(sysconfig.get_paths()["include"], "Python.h")
    if not header.exists():
        raise OracleMissingError("the probe of PyBoy needs Python.h (Debian's python3-dev)")
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    found = subprocess.run(["sh", "-c", f"command -v {compiler}"], capture_output=True, check=False)
    if found.returncode:
        raise OracleMissingError(f"the probe of PyBoy needs a C compiler ({compiler})")
