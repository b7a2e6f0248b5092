"""What a measurement depends on beyond the code: the machine and the versions."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

PACKAGES = ("jax", "jaxlib", "numpy", "gymnasium", "mujoco", "samestep-jax", "samestep-rust")


@functools.cache
def fingerprint() -> dict[str, Any]:
    """cpu, cores (that may be used), gpu, memory (GiB), os, python, versions and isa by name."""
    versions = {name: _version(name) for name in PACKAGES}
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "gpu": _gpu(),
        "memory": _memory_gib(),
        "os": f"{platform.system()} {platform.release()}",
        "libc": " ".join(platform.libc_ver()).strip(),
        "python": platform.python_version(),
        **{name: version for name, version in versions.items() if version},
        "rustc": _rustc(),
        "cc": _cc(),
        "isa": _isa(),
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_gib() -> float:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError):
        return 0.0


def _gpu() -> str:
    """The first NVIDIA GPU's name, empty where there is none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    return _first_line([program, "--query-gpu=name", "--format=csv,noheader"])


def _rustc() -> str:
    """The compiler on this machine, empty where there is none."""
    program = shutil.which("rustc")
    return _first_line([program, "--version"]) if program else ""


def _cc() -> str:
    """The C compiler that baselines are compiled with, empty where there is none."""
    program = shutil.which(os.environ.get("CC") or "cc") or shutil.which("gcc")
    return _first_line([program, "--version"]) if program else ""


def _isa() -> str:
    """The instruction set that samestep_rust's kernels use here, empty where it is missing."""
    try:
        import samestep_rust
    except ImportError:
        return ""
    return str(samestep_rust.available_isas()[-1])


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.splitlines()[0].strip() if done.returncode == 0 and done.stdout else ""
