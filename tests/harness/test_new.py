"""`make new`: skeletons work unedited, in a copy of the working tree; bad input changes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from harness import new
from harness.errors import UserError
from harness.scaffolding import backend, edits, environment, names, templates
from harness.scaffolding.transaction import Transaction

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = Path(os.environ.get("SAMESTEP_CACHE", ROOT / ".cache"))
TREE = CACHE / "new" / "tree"
"""Always at the same place: cargo builds again what it finds at another."""
TARGET = CACHE / "target-new"
SHOWDOWN = ROOT / "references/pokemon/showdown/node_modules/pokemon-showdown"


# Bad input.

ACCEPTED = "; accepted: lowercase letters, digits and underscores, a letter first"
BAD_INPUT = [
    ([], "neither ENV nor BACKEND is given; accepted: one of them"),
    (["--env=", "--backend="], "neither ENV nor BACKEND is given; accepted: one of them"),
    (["--env=a", "--backend=b"], "both ENV and BACKEND are given; accepted: one of them"),
    (["--env=Walk"], f"ENV is 'Walk'{ACCEPTED}"),
    (["--env=a-walk"], f"ENV is 'a-walk'{ACCEPTED}"),
    (["--env=2walks"], f"ENV is '2walks'{ACCEPTED}"),
    (["--env=_walk"], f"ENV is '_walk'{ACCEPTED}"),
    (["--env=../walk"], f"ENV is '../walk'{ACCEPTED}"),
    (["--env=walk\n"], rf"ENV is 'walk\n'{ACCEPTED}"),
    (["--env=" + "w" * 25], f"ENV is '{'w' * 25}'{ACCEPTED}"),
    (["--env=lambda"], f"ENV is 'lambda', a keyword of Python{ACCEPTED}"),
    (["--env=crate"], f"ENV is 'crate', a keyword of Rust{ACCEPTED}"),
    (["--env=pong"], "ENV is 'pong', which exists; accepted: another name than pong"),
    (["--env=threefry"], "ENV is 'threefry', but references/threefry.py exists; accepted: "),
    (["--env=core"], "ENV is 'core', but backends/jax/samestep_jax/core exists; accepted: "),
    (["--env=conformance"], "ENV is 'conformance', but tests/conformance exists; accepted: "),
    (["--env=testing"], "ENV is 'testing', but a crate samestep-testing exists; accepted: "),
    (["--backend=C++"], f"BACKEND is 'C++'{ACCEPTED}"),
    (["--backend=rust"], "BACKEND is 'rust', which exists; accepted: another name than reference"),
    (["--backend=reference"], "BACKEND is 'reference', which exists; accepted: another name"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_INPUT, ids=lambda value: str(value)[:30])
def test_bad_input_is_one_line(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("this would be written")

    monkeypatch.setattr(new, "write", never)
    with pytest.raises(UserError) as error:
        new.main(arguments)
    assert str(error.value).startswith(message)
    assert len(str(error.value).splitlines()) == 1


# All or nothing.


def test_an_interrupt_restores_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("before")
    with pytest.raises(KeyboardInterrupt), Transaction() as transaction:
        transaction.write(tmp_path / "old", "after")
        transaction.write(tmp_path / "a/b/new", "text")
        (tmp_path / "a/b/made_by_a_command").touch()
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.rglob("*")] == ["old"]
    assert (tmp_path / "old").read_text() == "before"


def test_what_was_written_stays(tmp_path: Path) -> None:
    with Transaction() as transaction:
        transaction.write(tmp_path / "a/new", "text")
    assert (tmp_path / "a/new").read_text() == "text"


@pytest.mark.parametrize("edit", ["before", "after_last", "among", "lock"])
def test_an_edit_without_a_place_is_one_line(edit: str) -> None:
    attempts = {
        "before": lambda: edits.before("a b a", "a", "x", "file"),
        "after_last": lambda: edits.after_last("b", "a", "x", "file"),
        "among": lambda: edits.among("[table]\nb = 1\n", "[table]", "a", "a = 1", "file"),
        "lock": lambda: edits.lock_package("version = 4\n", "a", "0.1.0", [], "user"),
    }
    with pytest.raises(UserError, match="accepted: ") as error:
        attempts[edit]()
    assert len(str(error.value).splitlines()) == 1


def test_lines_are_put_in_order() -> None:
    text = "[other]\na-x = 1\n\n[dependencies]\nz = 1\na-b = 1\na-d = 2\ny = 1\n"
    expected = "[other]\na-x = 1\n\n[dependencies]\nz = 1\na-b = 1\na-c = 3\na-d = 2\ny = 1\n"
    assert edits.among(text, "[dependencies]", "a-", "a-c = 3", "file") == expected


def test_a_second_backend_joins_the_first() -> None:
    text = (ROOT / "harness/registry.py").read_text()
    once = backend.registry_source(text, "one")
    twice = backend.registry_source(once, "two")
    assert once.count('"one"') == twice.count('"one"') == 1
    assert '"one", "two"),\n' in twice
    assert twice.count("backends=(") == once.count("backends=(")
    compile(twice, "registry.py", "exec")


def test_class_names() -> None:
    assert [names.class_name(name) for name in ("walk", "a_walk2")] == ["Walk", "AWalk2"]


@pytest.mark.parametrize("kind", ["env", "backend"])
def test_templates_leave_no_placeholder(kind: str) -> None:
    files = templates.fill(kind, "noisy_walk")
    assert files
    for path, text in files.items():
        assert "NAME" not in str(path)
        assert "{{name}}" not in text.lower()
        if path.suffix == ".py":
            compile(text, str(path), "exec")


# The skeletons, in a copy of the working tree.


def fresh_copy() -> None:
    """The working tree without what git ignores; unchanged files keep their time stamps."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
    )
    if listing.returncode:
        pytest.skip("not a git checkout, so there is no list of files to copy")
    listed = (os.fsdecode(name) for name in listing.stdout.split(b"\0") if name)
    wanted = {Path(name) for name in listed if (ROOT / name).is_file()}
    for path in sorted(TREE.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(TREE) not in wanted:
            path.unlink()
    for name in wanted:
        content = (ROOT / name).read_bytes()
        if not (TREE / name).is_file() or (TREE / name).read_bytes() != content:
            (TREE / name).parent.mkdir(parents=True, exist_ok=True)
            (TREE / name).write_bytes(content)


def run(*command: str, seconds: int = 600) -> str:
    """Run a command in the copy, on the copy's libraries; what it printed. It must succeed."""
    libraries = (TREE, TREE / "backends/jax", TREE / "backends/rust/python")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "SAMESTEP"))}
    environment |= {
        "PYTHONPATH": os.pathsep.join(map(str, libraries)),
        "PYO3_PYTHON": sys.executable,
        "CARGO_TARGET_DIR": str(TARGET),
        # Pokemon's reference; the copy has no packages of its own.
        "SAMESTEP_SHOWDOWN": str(SHOWDOWN),
        # Built as quickly as can be: one profile for the extension and for `cargo test`.
        "CARGO_PROFILE_RELEASE_LTO": "off",
        "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1",
        "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
    }
    if sys.platform == "darwin":  # as maturin does: Python's symbols are found at run time
        environment["RUSTFLAGS"] = "-C link-arg=-undefined -C link-arg=dynamic_lookup"
    done = subprocess.run(
        command, cwd=TREE, env=environment, capture_output=True, text=True, timeout=seconds
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    return done.stdout


def python(*arguments: str) -> str:
    return run(sys.executable, *arguments)


def pytest_passes(*arguments: str) -> None:
    """Run tests in the copy: none fails, and some pass."""
    printed = python("-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments)
    assert " passed" in printed.splitlines()[-1], printed


def listing() -> dict[Path, bytes]:
    """All files of the copy but compiled ones."""
    return {
        path: path.read_bytes()
        for path in TREE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def noisywalk() -> list[Path]:
    """A copy of the tree with a new environment, built. The Python and Rust files made."""
    if shutil.which("cargo") is None:
        pytest.skip("cargo is not installed")
    fresh_copy()
    before = listing()
    python("-m", "harness", "new", "--env", "noisywalk")
    # Without optimisation at link time this takes a minute the first time, and seconds later.
    run("cargo", "build", "--quiet", "--locked", "--release", "-p", "samestep-py")
    built = "lib_core.dylib" if sys.platform == "darwin" else "lib_core.so"
    module = TREE / "backends/rust/python/samestep_rust/_core.abi3.so"
    made = [path for path in listing() if path not in before]
    shutil.copyfile(TARGET / "release" / built, module)
    return made


def test_a_failure_on_the_way_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh_copy()
    before = listing()

    def fail(*_: str) -> None:
        raise UserError("the last command failed")

    monkeypatch.setattr(new, "ROOT", TREE)
    monkeypatch.setattr(new, "run", fail)
    with pytest.raises(UserError, match="the last command failed"):
        new.main(["--env=noisywalk"])
    assert listing() == before
    assert not (TREE / "references/noisywalk").exists()


def test_new_files_pass_the_lints(noisywalk: list[Path]) -> None:
    sources = [str(path) for path in noisywalk if path.suffix == ".py"]
    assert len(sources) > 8
    python("-m", "ruff", "check", "--quiet", *sources)
    python("-m", "ruff", "format", "--check", "--quiet", *sources)
    python("-m", "mypy", *sources)
    python("-m", "harness", "consts", "--check")
    rust = [str(path) for path in noisywalk if path.suffix == ".rs"]
    run("rustfmt", "--check", "--edition", "2021", *rust)
    run("rustfmt", "--check", "--edition", "2021", "backends/rust/py/src/envs.rs")


def test_cargo_would_not_change_the_lock(noisywalk: list[Path]) -> None:
    run("cargo", "metadata", "--locked", "--offline", "--format-version=1")


def test_verify_finds_no_difference(noisywalk: list[Path]) -> None:
    """L1 and L2 in Python and Rust (`cargo test`), and rollouts on all backends."""
    printed = python("-m", "harness", "verify", "--env", "noisywalk", "--episodes", "20")
    assert printed.count(" equal ") >= 4, printed
    assert "differs" not in printed


def test_conformance(noisywalk: list[Path]) -> None:
    pytest_passes("tests/conformance", "-k", "noisywalk")


def test_pages_and_traces_agree_with_the_spec(noisywalk: list[Path]) -> None:
    pytest_passes(
        *("tests/test_house.py", "tests/harness/test_traces.py"),
        *("-k", "(every_environment or committed) and noisywalk or readme or links"),
    )


def test_every_mistake_can_be_planted(noisywalk: list[Path]) -> None:
    document = tomllib.loads((TREE / "tests/noisywalk/mistakes.toml").read_text())
    assert len(document["mistake"]) >= 5
    for mistake in document["mistake"]:
        for library, file in document["files"].items():
            text = (TREE / file).read_text()
            assert text.count(mistake[library]["old"]) == 1, (mistake["name"], library)
            assert mistake[library]["new"] != mistake[library]["old"]


def test_a_second_time_the_name_is_taken(
    noisywalk: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = listing()
    monkeypatch.setattr(new, "ROOT", TREE)
    with pytest.raises(UserError, match="'noisywalk', but references/noisywalk exists"):
        new.main(["--env=noisywalk"])
    assert listing() == before


def test_a_new_backend_plays_pong_as_the_reference_does(noisywalk: list[Path]) -> None:
    python("-m", "harness", "new", "--backend", "vectors")
    python("-m", "harness", "consts", "--check")
    options = ("--backends", "vectors", "--level", "3", "--episodes", "10")
    printed = python("-m", "harness", "verify", "--env", "pong", *options)
    assert printed.count("vectors") == printed.count(" equal ") - printed.count("oracle") > 2
    pytest_passes("tests/conformance", "-k", "pong and vectors")
    sources = ("backends/vectors", "harness/impl_vectors.py", "harness/registry.py")
    python("-m", "ruff", "check", "--quiet", *sources, "harness/implementations.py")
    python("-m", "ruff", "format", "--check", "--quiet", *sources, "harness/implementations.py")
    python("-m", "mypy", "backends/vectors", "harness/impl_vectors.py")


def test_the_plans_name_files_that_exist() -> None:
    for path in (*environment.EDITS, *backend.EDITS):
        assert (ROOT / path).is_file(), path
