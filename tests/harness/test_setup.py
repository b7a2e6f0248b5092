"""tools/setup.py, in a small checkout of its own: a JAX library and locks that name nothing.

The Rust step is the one that made the environment these tests run in.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASE_PYTHON = getattr(sys, "_base_executable", None) or sys.executable

# A build backend in two functions, so that nothing has to be installed or fetched.
BACKEND = """
import base64, hashlib, zipfile
from pathlib import Path

def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "samestep_jax-1.0-py3-none-any.whl"
    info = "samestep_jax-1.0.dist-info"
    files = {
        "samestep_jax.py": Path("samestep_jax.py").read_text(),
        f"{info}/METADATA": "Metadata-Version: 2.1\\nName: samestep-jax\\nVersion: 1.0\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\n"
        "Tag: py3-none-any\\n",
    }
    record = "".join(f"{path},,\\n" for path in files) + f"{info}/RECORD,,\\n"
    with zipfile.ZipFile(Path(directory) / name, "w") as wheel:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(path, text)
    return name
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "samestep-jax"
version = "1.0"
"""


class Checkout:
    """A folder with what setup reads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.stamps = root / ".venv" / "samestep-setup.json"
        self.library = root / "backends" / "jax"
        for folder in ("tools", "requirements", "backends/jax"):
            (root / folder).mkdir(parents=True)
        shutil.copy(ROOT / "tools" / "setup.py", root / "tools")
        shutil.copy(ROOT / "Cargo.toml", root)
        for name in ("dev", "baselines", "trainers"):
            (root / "requirements" / f"{name}.lock").write_text("# names nothing\n")
        (self.library / "backend.py").write_text(BACKEND)
        (self.library / "pyproject.toml").write_text(PYPROJECT)
        self.write_library("ANSWER = 1\n")

    def write_library(self, text: str) -> None:
        (self.library / "samestep_jax.py").write_text(text)

    def command(self, *options: str) -> list[str]:
        return [BASE_PYTHON, str(self.root / "tools/setup.py"), *options]

    def setup(self, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*(options or ("--backends=jax",))),
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, **environment},
        )

    def answer(self) -> str:
        """What the installed library says."""
        code = "import samestep_jax; print(samestep_jax.ANSWER)"
        python = self.root / ".venv/bin/python"
        done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True)
        return done.stdout.strip()


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout that was set up once."""
    checkout = Checkout(tmp_path_factory.mktemp("setup") / "a checkout")
    done = checkout.setup()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "creating .venv" in done.stdout
    assert checkout.answer() == "1"
    return checkout


def test_second_run_does_nothing_and_is_quiet(ready: Checkout) -> None:
    before = ready.stamps.stat().st_mtime_ns
    done = ready.setup()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert ready.stamps.stat().st_mtime_ns == before


def test_changed_sources_are_installed_again(ready: Checkout) -> None:
    ready.write_library("ANSWER = 2\n")
    done = ready.setup()
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("setup:") == 1
    assert "installing samestep-jax" in done.stdout
    assert ready.answer() == "2"


def test_uninstalled_library_comes_back(ready: Checkout) -> None:
    python = ready.root / ".venv/bin/python"
    subprocess.run([python, "-m", "pip", "uninstall", "-qy", "samestep-jax"], check=True)
    assert ready.answer() == ""
    assert ready.setup().returncode == 0
    assert ready.answer() != ""


def test_failure_keeps_what_was_done_and_the_next_run_goes_on(ready: Checkout) -> None:
    good = (ready.library / "pyproject.toml").read_text()
    (ready.library / "pyproject.toml").write_text("not toml")
    done = ready.setup()
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("setup: python failed with status")
    assert {"venv", "dev", "baselines"} <= set(json.loads(ready.stamps.read_text()))
    (ready.library / "pyproject.toml").write_text(good)
    done = ready.setup()
    assert done.returncode == 0
    assert "creating" not in done.stdout


@pytest.mark.parametrize("damage", ["cut off", "no stamps", "no python", "moved"])
def test_broken_environment_is_made_anew(ready: Checkout, damage: str) -> None:
    stamps = json.loads(ready.stamps.read_text())
    if damage == "cut off":  # as a killed installation leaves it
        ready.stamps.write_text(json.dumps({**stamps, "dev": "running"}))
    elif damage == "no stamps":
        ready.stamps.write_text("{ cut o")
    elif damage == "no python":
        (ready.root / ".venv/bin/python").unlink()
    else:
        ready.stamps.write_text(json.dumps({**stamps, "venv": "/elsewhere/.venv"}))
    done = ready.setup()
    assert done.returncode == 0, done.stderr
    assert "creating .venv" in done.stdout
    assert ready.answer() != ""


def test_two_at_once_wait_for_each_other(ready: Checkout) -> None:
    with (ready.root / ".cache/setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = subprocess.Popen(
            ready.command("--backends=jax"), stdout=subprocess.PIPE, text=True
        )
        assert second.stdout is not None
        assert "waiting for another setup" in second.stdout.readline()
        time.sleep(0.3)
        assert second.poll() is None
    assert second.wait(timeout=60) == 0
    second.stdout.close()


def test_wrong_hash_is_refused(ready: Checkout, tmp_path: Path) -> None:
    """A package that is there, but is not the one that was locked."""
    python = ready.root / ".venv/bin/python"
    wheel = ("pip", "wheel", "-q", "--no-build-isolation", "-w", tmp_path, ready.library)
    subprocess.run([python, "-m", *wheel], check=True)
    lock = ready.root / "requirements/trainers.lock"
    lock.write_text(f"samestep-jax==1.0 --hash=sha256:{'0' * 64}\n")
    answer = ready.answer()
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    subprocess.run([python, "-m", "pip", "uninstall", "-qy", "samestep-jax"], check=True)
    done = ready.setup("--backends=jax", "--trainers", **offline)
    assert done.returncode == 2
    assert "HASHES" in done.stderr
    assert "trainers" not in json.loads(ready.stamps.read_text())
    lock.write_text("# names nothing\n")
    assert ready.setup().returncode == 0
    assert ready.answer() == answer


def fake_tool(folder: Path, name: str, says: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)


def test_everything_missing_is_named_in_one_line(tmp_path: Path) -> None:
    done = Checkout(tmp_path / "c").setup("--backends=rust,jax", PATH=str(tmp_path / "empty"))
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("setup: missing: Rust toolchain 1.")
    for part in ("no `cargo` on PATH", "no `rustc` on PATH", "C compiler", "no `cc` on PATH"):
        assert part in line
    assert not (tmp_path / "c" / ".venv").exists()


def test_old_rust_is_named(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    fake_tool(tools, "cargo", "cargo 1.60.0 (abc 2022-01-01)")
    fake_tool(tools, "rustc", "rustc 9.0.0 (abc 2022-01-01)")
    fake_tool(tools, "cc", "cc 1")
    done = Checkout(tmp_path / "c").setup("--backends=rust", PATH=str(tools))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "Rust toolchain" in line
    assert "(`cargo` is 1.60.0)" in line
    assert "rustc" not in line


def test_tools_of_an_environment(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "c")
    tools = tmp_path / "bin"
    fake_tool(tools, "node", "v18.1.0")
    fake_tool(tools, "npm", "9.0")
    done = checkout.setup("--backends=jax", "--env=pokemon", PATH=str(tools))
    assert (done.returncode, done.stderr) == (
        2,
        "setup: missing: Node.js 20 or later (`node` is 18.1.0)\n",
    )


def test_showdown_is_installed_once(tmp_path: Path) -> None:
    """From the lock, without scripts; what an interrupted run left behind is put right."""
    checkout = Checkout(tmp_path / "c")
    folder = checkout.root / "references/pokemon/showdown"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text("{}")
    (folder / "package-lock.json").write_text("{}")
    tools = tmp_path / "bin"
    fake_tool(tools, "node", "v20.0.0")
    fake_tool(tools, "npm", "9.0")
    npm = tools / "npm"
    asked = tmp_path / "asked"
    npm.write_text(f'#!/bin/sh\necho "$@" >> {asked}\nmkdir -p node_modules/pokemon-showdown\n')
    path = f"{tools}:{os.environ['PATH']}"
    for _ in range(2):
        done = checkout.setup("--backends=jax", "--env=pokemon", PATH=path)
        assert done.returncode == 0, done.stderr
    (line,) = asked.read_text().splitlines()
    assert line.startswith("ci ") and "--ignore-scripts" in line
    shutil.rmtree(folder / "node_modules")
    assert checkout.setup("--backends=jax", "--env=pokemon", PATH=path).returncode == 0
    assert len(asked.read_text().splitlines()) == 2


def test_old_python_is_named(tmp_path: Path) -> None:
    """The version is looked at before anything that an older Python could not run."""
    checkout = Checkout(tmp_path / "c")
    code = (
        "import sys, runpy; sys.version_info = (3, 9, 1); "
        f"runpy.run_path({str(checkout.root / 'tools/setup.py')!r}, run_name='__main__')"
    )
    done = subprocess.run([BASE_PYTHON, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "setup: missing: Python 3.11 or later (this is 3.9)\n"
