"""PufferLib's C sources, fetched into the cache and compiled there.

The source distribution is taken with pip, pinned by version and hash. Its own build wants PyTorch
and downloads; the C code of one environment wants neither, so only that is compiled.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness.baselines import Unavailable
from harness.baselines.cache import cache_dir

VERSION = "3.0.0"
SHA256 = "7df3a3e3f5f894d78d2a1f5374097890aec01473183e748abefe4f3faa10eaa9"
RAYLIB = "raylib-5.5_linux_amd64"  # headers and static library, carried by the distribution
INTERFACE = ("pufferlib", "vector", "emulation", "spaces")  # its environments' Python side
KEPT = (
    *("LICENSE", "pufferlib/ocean/env_binding.h", "pufferlib/ocean/pong", RAYLIB),
    *(f"pufferlib/{module}.py" for module in INTERFACE),
)
DOWNLOAD_SECONDS = 120.0
COMPILE_SECONDS = 120.0


def source() -> Path:
    """The folder with PufferLib's sources, fetched if need be.

    Raises:
        Unavailable: where there is no network, no pip, or another platform.
    """
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise Unavailable("PufferLib's source distribution carries raylib for x86-64 Linux alone")
    target = cache_dir() / f"pufferlib-{VERSION}-{SHA256[:8]}"
    if target.is_dir():
        return target
    with _locked():
        if not target.is_dir():
            _fetch(target)
    return target


def compile_shared(name: str, code: Path, flags: list[str], includes: list[Path]) -> Path:
    """`code`, a C file, as a shared library in the cache, linked with raylib.

    It is compiled again when the file, the flags, the compiler or this Python changes.

    Raises:
        Unavailable: without a C compiler, or if it fails.
    """
    root = source()
    compiler = shutil.which(os.environ.get("CC") or "cc") or shutil.which("gcc")
    if compiler is None:
        raise Unavailable("no C compiler: install gcc or clang, or set CC")
    folders = [*includes, root / RAYLIB / "include"]
    command = [compiler, "-shared", "-fPIC", "-w", "-DPLATFORM_DESKTOP", *flags]
    command += [f"-I{folder}" for folder in folders] + [str(code)]
    libraries = [str(root / RAYLIB / "lib/libraylib.a"), "-lm", "-lpthread", "-ldl"]
    identity = hashlib.sha256()
    identity.update("\0".join([*command, _version(compiler), _machine(), sys.version]).encode())
    identity.update(code.read_bytes())
    folder = cache_dir() / "compiled" / f"{name}-{identity.hexdigest()[:16]}"
    library = folder / f"{name}.so"
    if library.exists():
        return library
    folder.mkdir(parents=True, exist_ok=True)
    # Compiled aside and moved: another process never sees half a library.
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        made = Path(scratch) / library.name
        done = _run([*command, *libraries, "-o", str(made)], COMPILE_SECONDS)
        if done.returncode != 0:
            raise Unavailable(f"compiling {code.name} failed: {_last_line(done.stderr)}")
        made.replace(library)
    return library


def binding() -> Path:
    """Pong's own Python extension, compiled for speed on this machine."""
    import numpy as np

    folders = [Path(sysconfig.get_paths()["include"]), Path(np.get_include())]
    if not (folders[0] / "Python.h").exists():
        raise Unavailable("no Python.h: install this Python's development headers")
    code = source() / "pufferlib/ocean/pong/binding.c"
    return compile_shared("binding", code, ["-O3", "-march=native"], folders)


def _fetch(target: Path) -> None:
    """Download, verify the hash, unpack, keep what is needed, and move it into place."""
    try:
        import pip  # noqa: F401
    except ImportError:
        raise Unavailable(
            f"fetching pufferlib=={VERSION} needs pip: run `python -m ensurepip`"
        ) from None
    with tempfile.TemporaryDirectory(dir=cache_dir(), prefix="fetch-") as name:
        scratch = Path(name)
        unpacked = _download(scratch)
        kept = scratch / "kept"
        for part in KEPT:
            (kept / part).parent.mkdir(parents=True, exist_ok=True)
            if (unpacked / part).is_dir():
                shutil.copytree(unpacked / part, kept / part)
            else:
                shutil.copy2(unpacked / part, kept / part)
        kept.rename(target)


def _download(scratch: Path) -> Path:
    """The unpacked distribution, its hash checked by pip."""
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"pufferlib=={VERSION} --hash=sha256:{SHA256}\n")
    temporary, wheelhouse = scratch / "tmp", scratch / "download"
    temporary.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--require-hashes", "--no-deps"]
    command += ["--no-binary", ":all:", "--no-build-isolation", "--no-clean", "--no-input"]
    command += ["--disable-pip-version-check", "-d", str(wheelhouse), "-r", str(requirements)]
    done = _run(command, DOWNLOAD_SECONDS, {"TMPDIR": str(temporary)})
    # Without PyTorch, pip stops at the package's metadata, after it has checked and unpacked the
    # archive; with PyTorch it leaves the archive itself.
    for archive in wheelhouse.glob("pufferlib-*.tar.gz"):
        with tarfile.open(archive) as tar:
            tar.extractall(scratch / "sdist", filter="data")
        return next((scratch / "sdist").glob("pufferlib-*"))
    for unpacked in temporary.glob("pip-*/pufferlib_*"):
        if all((unpacked / part).exists() for part in KEPT):
            return unpacked
    raise Unavailable(
        f"fetching pufferlib=={VERSION} with pip failed ({_last_line(done.stderr)}); "
        "it needs the network once"
    )


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """One process at a time fetches; the others wait and find it done."""
    try:
        cache_dir().mkdir(parents=True, exist_ok=True)
        lock = (cache_dir() / "pufferlib.lock").open("w")
    except OSError as error:
        raise Unavailable(f"cannot write the cache {cache_dir()}: {error.strerror}") from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(
    command: list[str], seconds: float, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{Path(command[0]).name} took more than {seconds:.0f} s") from None
    except OSError as error:
        raise Unavailable(f"cannot run {command[0]}: {error.strerror}") from None


def _version(compiler: str) -> str:
    return _run([compiler, "--version"], COMPILE_SECONDS).stdout


def _machine() -> str:
    """What -march=native depends on, so that a cache carried elsewhere is not used there."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith("flags")), "")


def _last_line(text: str) -> str:
    """The line that says most: the last that names an error, or else the last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["no output"])[-1][:200]
