"""The wheels of both libraries, as a user gets them: installed into empty environments outside the
source tree, with nothing beside them but the dependencies that they declare.
"""

from __future__ import annotations

import email
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
SMOKE = Path(__file__).resolve().parent / "smoke"
LIBRARIES = {"jax": "samestep_jax", "rust": "samestep_rust"}


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """A command's stdout; what it said where it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=540,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both wheels, built offline; the Rust one without what only tests need."""
    out = tmp_path_factory.mktemp("wheels")
    hatchling = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out)
    run(*hatchling, cwd=ROOT / "backends/jax")
    maturin = shutil.which("maturin", path=str(Path(sys.executable).parent))
    if maturin is None or shutil.which("cargo") is None:
        pytest.skip("no maturin or no Rust toolchain, so no wheel of samestep-rust")
    options = ("--release", "--locked", "--interpreter", sys.executable, "--out", out)
    run(maturin, "build", *options, cwd=ROOT / "backends/rust")
    found = {}
    for library, module in LIBRARIES.items():
        (found[library],) = out.glob(f"{module}-*.whl")
    return found


def declared(wheel: Path) -> Iterator[Requirement]:
    """What a wheel's metadata asks for, without extras."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(name))
    for line in metadata.get_all("Requires-Dist", []):
        yield Requirement(line)


def closure(requirements: Iterator[Requirement]) -> dict[str, importlib.metadata.Distribution]:
    """The installed distributions that satisfy requirements, and those that they ask for."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = list(requirements)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        distribution = importlib.metadata.distribution(name)
        assert requirement.specifier.contains(distribution.version), requirement
        if name not in found:
            found[name] = distribution
            waiting += map(Requirement, distribution.requires or [])
    return found


def make_environment(folder: Path, wheels: list[Path]) -> Path:
    """The Python of a new environment with wheels and, linked, their dependencies alone."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    purelib = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run(python, "-I", "-c", purelib, cwd=folder).strip())
    for distribution in closure(r for wheel in wheels for r in declared(wheel)).values():
        for top in {path.parts[0] for path in distribution.files or [] if path.parts[0] != ".."}:
            source = Path(str(distribution.locate_file(top)))
            if source.exists() and not (site / top).exists() and top != "__pycache__":
                (site / top).symlink_to(source)
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    run(*pip, "install", "-q", "--no-index", "--no-deps", *wheels, cwd=folder)
    return python


@pytest.fixture(scope="session")
def environments(
    wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The Python of each environment: one library alone, and both."""
    root = tmp_path_factory.mktemp("environments")
    return {
        "jax": make_environment(root / "jax", [wheels["jax"]]),
        "rust": make_environment(root / "rust", [wheels["rust"]]),
        "both": make_environment(root / "both", list(wheels.values())),
    }


@pytest.mark.parametrize("library", LIBRARIES)
def test_wheel_holds_the_library_and_nothing_else(library: str, wheels: dict[str, Path]) -> None:
    names = zipfile.ZipFile(wheels[library]).namelist()
    module = LIBRARIES[library]
    assert {name.split("/")[0].split("-")[0] for name in names} == {module}
    assert f"{module}/py.typed" in names
    assert any(name.endswith("LICENSE") for name in names)
    assert not [name for name in names if "test" in name or "__pycache__" in name]


def test_wheels_have_one_version(wheels: dict[str, Path]) -> None:
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]
    assert {wheel.name.split("-")[1] for wheel in wheels.values()} == {workspace["version"]}


def test_rust_wheel_serves_every_python_from_3_11(wheels: dict[str, Path]) -> None:
    assert "-cp311-abi3-" in wheels["rust"].name
    names = zipfile.ZipFile(wheels["rust"]).namelist()
    assert [name for name in names if name.endswith(".so")] == ["samestep_rust/_core.abi3.so"]
    assert "samestep_rust/_core.pyi" in names


def test_jax_wheel_is_pure_and_asks_for_jax_alone(wheels: dict[str, Path]) -> None:
    assert wheels["jax"].name.endswith("-py3-none-any.whl")
    assert [requirement.name for requirement in declared(wheels["jax"])] == ["jax"]


def optional(wheel: Path) -> set[str]:
    """Modules of what a wheel asks for with an extra only."""
    return {
        requirement.name.replace("-", "_")
        for requirement in declared(wheel)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""})
    }


IMPORT_ALL = """
import importlib, pkgutil, sys
name, *optional = sys.argv[1:]
package = importlib.import_module(name)
for module in pkgutil.walk_packages(package.__path__, name + "."):
    try:
        importlib.import_module(module.name)
    except ImportError as error:
        missing = error.name or getattr(error.__cause__, "name", None) or ""
        if missing.split(".")[0] not in optional:
            raise
print(package.__file__)
"""


@pytest.mark.parametrize("library", LIBRARIES)
def test_dependencies_are_complete(
    library: str, environments: dict[str, Path], wheels: dict[str, Path]
) -> None:
    """Every module imports where the declared packages alone are, extras apart."""
    python = environments[library]
    arguments = (LIBRARIES[library], *sorted(optional(wheels[library])))
    printed = run(python, "-I", "-c", IMPORT_ALL, *arguments, cwd=python.parents[1]).strip()
    assert Path(printed).is_relative_to(python.parents[1])
    assert not Path(printed).is_relative_to(ROOT)


@pytest.mark.parametrize("environment", ["jax", "rust", "both"])
def test_nothing_of_the_repository_comes_along(
    environment: str, environments: dict[str, Path]
) -> None:
    python = environments[environment]
    code = (
        "import importlib.util, json\n"
        "names = ['harness', 'references', 'tests', 'tools', 'samestep_jax', 'samestep_rust']\n"
        "print(json.dumps([n for n in names if importlib.util.find_spec(n)]))\n"
    )
    found = json.loads(run(python, "-I", "-c", code, cwd=python.parents[1]))
    expected = LIBRARIES.values() if environment == "both" else [LIBRARIES[environment]]
    assert found == list(expected)


@pytest.mark.parametrize("environment", ["jax", "rust", "both"])
def test_installed_library_plays_pong(environment: str, environments: dict[str, Path]) -> None:
    python = environments[environment]
    script = shutil.copy(SMOKE / f"{environment}.py", python.parents[1])
    assert run(python, "-I", script, cwd=python.parents[1]).splitlines()[-1] == "ok"


def test_released_module_knows_no_test_environment(environments: dict[str, Path]) -> None:
    code = (
        "import samestep_rust\n"
        "try:\n"
        "    samestep_rust.make_vec('duel', num_envs=1)\n"
        "except ValueError as error:\n"
        "    print(error)\n"
    )
    python = environments["rust"]
    message = run(python, "-I", "-c", code, cwd=python.parents[1]).strip()
    assert "duel" in message
    assert "accepted: pong" in message


def test_stubs_match_the_module(environments: dict[str, Path], tmp_path: Path) -> None:
    """mypy's stubtest, on the shipped stub and one declaration too many: it finds that alone."""
    (package,) = environments["rust"].parents[1].glob("lib/python*/site-packages/samestep_rust")
    shutil.copytree(package, tmp_path / "samestep_rust")
    with (tmp_path / "samestep_rust" / "_core.pyi").open("a") as stub:
        stub.write("def not_there() -> int: ...\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from mypy import stubtest; "
        "sys.argv[1:] = ['samestep_rust._core', '--concise']; sys.exit(stubtest.main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    found = done.stdout.splitlines()
    assert len(found) == 1, done.stdout + done.stderr
    assert found[0].startswith("samestep_rust._core.not_there is not present at runtime")
