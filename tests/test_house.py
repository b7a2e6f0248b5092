"""The house itself: the Makefile's targets, what is in the repository, pages and locks."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness import registry
from tools import readme_table, run_tests

ROOT = Path(__file__).resolve().parent.parent
MAKE = shutil.which("make") or "make"
SHIPPED_ENVS = [name for name in registry.names() if (ROOT / "references" / name).is_dir()]


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make as a person does who has nothing special set."""
    given = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", **environment}
    return subprocess.run(
        [MAKE, *arguments], cwd=ROOT, env=given, capture_output=True, text=True, timeout=120
    )


def target_arguments(*arguments: str) -> list[str]:
    """The recipe's last command, as make would run it."""
    done = make("--dry-run", *arguments, "PYTHON=python3")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def complaints(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What went to stderr, without make's own closing line."""
    return [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]


def tracked() -> list[Path]:
    """All files that are, or would be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout, so there is no list of files")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    """Path and content of every tracked text file."""
    found = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content:
            found.append((str(path.relative_to(ROOT)), content.decode()))
    return found


# The front door.


def test_help_is_the_default_and_lists_every_target() -> None:
    done = make()
    assert done.returncode == 0
    assert done.stdout == make("help").stdout
    listed = set(re.findall(r"^  ([a-z-]+) ", done.stdout, re.MULTILINE))
    phony = set(re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE))
    defined = {name for line in phony for name in line.split()}
    assert listed == defined


def test_variables_become_flags_only_when_set() -> None:
    lines = target_arguments(
        *("verify", "ENV=pong", "LEVEL=3", "EPISODES=7", "SEED=1,2", "SHARD=1/4", "BACKENDS=jax")
    )
    command = " ".join(lines[lines.index(next(x for x in lines if "harness verify" in x)) :])
    flags = re.findall(r"--[^ ]+", command)
    assert flags == [
        "--env='pong'",
        "--level='3'",
        "--episodes='7'",
        "--seed='1,2'",
        "--backends='jax'",
        "--shard='1/4'",
    ]
    assert "--" not in target_arguments("bench")[-1].replace("-m", "")
    assert "--quick" in target_arguments("bench", "QUICK=1")[-1]
    assert "--quick" not in target_arguments("bench", "QUICK=0")[-1]


def test_values_reach_the_program_whole() -> None:
    line = next(x for x in target_arguments("new", "ENV=it's; echo $$HOME") if "harness" in x)
    shown = subprocess.run(
        ["/bin/sh", "-c", line.replace(".venv/bin/python", "printf '%s\\n'")],
        capture_output=True,
        text=True,
    )
    assert "--env=it's; echo $HOME" in shown.stdout.splitlines()


def test_no_python_is_one_line(tmp_path: Path) -> None:
    done = make("setup", PATH=str(tmp_path))
    assert done.returncode == 2
    assert complaints(done) == ["setup: missing: Python 3.11 or later (python3)"]


def test_missing_tools_are_one_line(tmp_path: Path) -> None:
    done = make("setup", f"PYTHON={sys.executable}", PATH=str(tmp_path))
    assert done.returncode == 2
    (line,) = complaints(done)
    assert line.startswith("setup: missing: Rust toolchain")


BAD_INPUT = [
    (("bench", "--env=pnog"), "harness bench: unknown ENV 'pnog'; accepted: pong"),
    (("verify", "--env=pnog"), "harness verify: unknown ENV 'pnog'; accepted: pong"),
    (("mutants", "--env=pnog"), "harness mutants: unknown ENV 'pnog'; accepted: pong"),
    (("verify", "--env=pong", "--level=4"), "harness verify: .*4.*accepted.*"),
    (("verify", "--env=pong", "--episodes=-1"), "harness verify: .*-1.*accepted.*"),
    (("verify", "--env=pong", "--seed=-1"), "harness verify: .*-1.*accepted.*"),
    (("verify", "--env=pong", "--shard=5/4"), "harness verify: .*5/4.*accepted.*"),
    (("verify", "--env=pong", "--backends=rsut"), "harness verify: .*rsut.*accepted.*rust.*"),
    (("verify", "--env=pong", "--variant=skip9"), "harness verify: .*skip9.*accepted.*skip8.*"),
    (("bench", "--env=pong", "--batch=0"), "harness bench: .*0.*accepted.*"),
    (("bench", "--env=pong", "--batch=x"), "harness bench: .*x.*accepted.*"),
    (("bench", "--env=pong", "--kind=fun"), "harness bench: .*fun.*accepted.*random.*"),
    (("bench", "--env=pong", "--backends=rsut"), "harness bench: .*rsut.*accepted.*rust.*"),
    (("bench", "--env=pong", "--baselines=puffr"), "harness bench: .*puffr.*accepted.*puffer.*"),
    (("mutants", "--env=pong", "--sample=-1"), "harness mutants: .*-1.*accepted.*"),
    (("mutants", "--env=pong", "--shard=x"), "harness mutants: .*x.*accepted.*"),
    (("new", "--env=No Name"), "harness new: .*No Name.*accepted.*"),
    (("new", "--env=pong"), "harness new: .*pong.*"),
    (("replay", "/nowhere/bundle.npz"), "harness replay: .*/nowhere/bundle.npz.*"),
    (("bnech",), "unknown command 'bnech'; accepted: bench, .*"),
]


@pytest.mark.parametrize(
    ("arguments", "message"), BAD_INPUT, ids=lambda v: " ".join(v) if isinstance(v, tuple) else ""
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    assert re.match(message, line), line


CARGO = """running 3 tests
test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
running 2 tests
test result: FAILED. 1 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s
"""


@pytest.mark.parametrize(
    ("part", "output", "counts"),
    [
        ("cargo-test", CARGO, (4, 1, 2)),
        ("cargo-test", "error: could not compile\n", (0, 0, 0)),
        ("pytest", "1 failed\n= 2 failed, 33 passed, 4 skipped in 3.03s =\n", (33, 2, 4)),
        ("pytest", "5 passed, 1 warning, 2 errors in 0.10s\n", (5, 2, 0)),
        ("pytest", "no tests ran in 0.01s\n", (0, 0, 0)),
    ],
)
def test_counts_of_a_test_run(part: str, output: str, counts: tuple[int, int, int]) -> None:
    assert run_tests.count(part, output) == counts


def test_unknown_part_of_the_tests_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_tests.main(["pytset"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("unknown part 'pytset'; accepted: lint, ruff, ")


def test_failing_part_fails_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = {
        "good": run_tests.Part((sys.executable, "-c", "")),
        "bad": run_tests.Part(
            (sys.executable, "-c", "print('why'); raise SystemExit(3)"), lint=True
        ),
        "gone": run_tests.Part(("/nowhere/tool",), lint=True),
    }
    monkeypatch.setattr(run_tests, "PARTS", parts)
    assert run_tests.main(["good"]) == 0
    capsys.readouterr()
    assert run_tests.main([]) == 1
    printed = capsys.readouterr().out
    assert "why" in printed
    assert "FAILED (status 3)" in printed
    assert printed.splitlines()[-1] == "0 passed, 2 failed, 0 skipped"


# What is in the repository.

MACHINE_PATH = re.compile(r"/(?:work|root|home/\w+|Users/\w+|tmp/w)/")
REGISTRY = re.compile(
    "|".join(
        ("pypi" + r"\.org", "python" + "hosted", r"crates\.io/", r"npmjs\.", "index" + "-url ")
    )
)
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")


def test_no_registry_address_in_any_file() -> None:
    """Where packages come from is the user's setting; cargo names its default by itself."""
    hits = [
        f"{name}: {match[0]}"
        for name, text in texts()
        if name not in ("Cargo.lock", "tests/test_house.py")
        for match in REGISTRY.finditer(text)
    ]
    assert not hits


def test_no_path_of_a_machine_in_any_file() -> None:
    hits = [
        f"{name}: {match[0]}"
        for name, text in texts()
        if name != "tests/test_house.py"
        for match in MACHINE_PATH.finditer(text)
    ]
    assert not hits


def test_nothing_is_left_unfinished() -> None:
    hits = [
        f"{name}: {match[0]}"
        for name, text in texts()
        if name != "tests/test_house.py"
        for match in UNFINISHED.finditer(text)
    ]
    assert not hits


def test_no_large_or_built_file() -> None:
    built = (".so", ".whl", ".pyc", ".o", ".a", ".dylib")
    for path in tracked():
        assert path.suffix not in built, path
        assert path.stat().st_size < 2_000_000, path


@pytest.mark.parametrize("name", ["dev", "baselines", "trainers"])
def test_locks_are_pinned_with_hashes(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.lock").read_text()
    assert text.startswith("# This file was autogenerated by uv via the following command:\n")
    assert "make lock" in text.splitlines()[1]
    assert "://" not in text
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==[^ ]+( ;.*)? \\\n    --hash=sha256:[0-9a-f]{64}", entry)


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.lock").read_text()
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ]+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", ["baselines", "trainers"])
def test_locks_of_one_environment_agree(name: str) -> None:
    shared = pins("dev").keys() & pins(name).keys()
    assert "numpy" in shared
    assert {package: pins(name)[package] for package in shared} == {
        package: pins("dev")[package] for package in shared
    }


@pytest.mark.parametrize("name", ["dev", "baselines", "trainers"])
def test_locks_hold_what_was_asked_for(name: str) -> None:
    asked = re.findall(
        r"^([a-z0-9._-]+)", (ROOT / f"requirements/{name}.in").read_text(), re.MULTILINE
    )
    assert asked
    assert set(asked) <= pins(name).keys()


def test_constants_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harness", "consts", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_libraries_carry_the_licence() -> None:
    licence = (ROOT / "LICENSE").read_text()
    for library in ("jax", "rust"):
        assert (ROOT / "backends" / library / "LICENSE").read_text() == licence


# Pages.


def test_environments_are_registered() -> None:
    assert "pong" in SHIPPED_ENVS


@pytest.mark.parametrize("name", SHIPPED_ENVS)
def test_every_environment_has_a_page_that_agrees_with_its_spec(name: str) -> None:
    page = (ROOT / "docs/envs" / f"{name}.md").read_text()
    spec = registry.get(name).spec
    assert f"`{name}`, {spec.version} |" in page
    assert f"{spec.state_bytes} bytes" in page
    for parameter, param in spec.all_params.items():
        default = str(param.default)
        if isinstance(param.default, str):
            default = f'`"{param.default}"`'
        elif isinstance(param.default, bool):
            default = f"`{param.default}`"
        assert f"| `{parameter}` | {default} |" in page
    assert spec.row_dtype.fields is not None
    for field in spec.state:
        offset = spec.row_dtype.fields[field.name][1]
        assert re.search(rf"^\| {offset} \| `{field.name}` \| {field.dtype}", page, re.MULTILINE)
    for slot, number in spec.slots.items():
        assert f"`{slot}` = {number}" in page
    assert f"docs/envs/{name}.md" in (ROOT / "README.md").read_text()


def test_links_lead_somewhere() -> None:
    for path in tracked():
        if path.suffix == ".md":
            for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
                assert (path.parent / link).exists(), f"{path.relative_to(ROOT)}: {link}"


def test_readme_shows_what_is_published() -> None:
    readme = (ROOT / "README.md").read_text()
    assert readme_table.render(readme) == readme
    blocks = {match["env"] for match in readme_table.BLOCK.finditer(readme)}
    assert set(SHIPPED_ENVS) <= blocks


def test_readme_table_is_made_of_the_rows(tmp_path: Path) -> None:
    def row(impl: str, sps: float, **other: object) -> str:
        fixed = {"kind": "random", "frame_skip": 8, "batch": 4096, "threads": 1}
        machine = {"cpu": "A CPU", "cores": 2}
        measured = {"impl": impl, "sps_median": sps, "commit": "c" * 40, "fingerprint": machine}
        return json.dumps({**fixed, **measured, **other}) + "\n"

    (tmp_path / "bench-toy.jsonl").write_text(
        row("rust", 9.0)  # measured again further down: the later one counts
        + row("puffer", 2_000_000.0)
        + row("rust", 30_460_000.0)
        + row("rust", 70.0, threads=2)  # no baseline in this setting
        + row("jax", 1e9, kind="ppo")
        + row("jax", 0.0)  # could not run
    )
    filled = readme_table.render("a\n<!-- bench:toy -->\nold\n<!-- /bench -->\nb\n", tmp_path)
    assert "old" not in filled
    assert "| 8 | 4096 | 1 | rust | 30.5 M | 15.2 |" in filled
    assert "| 8 | 4096 | 1 | puffer | 2.00 M | 1.00 |" in filled
    assert "| 8 | 4096 | 2 | rust | 70 |  |" in filled
    assert "jax" not in filled
    assert filled.count("Measured on A CPU, 2 cores, at commit cccccccccc.") == 1
    assert readme_table.render(filled, tmp_path) == filled
