"""What is published is a proof of the whole environment on libraries built from these sources."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness import registry
from harness.__main__ import main
from harness.proof_hash import ROOT, files, proof_hash
from harness.verifying import installed, record
from harness.verifying.record import complete_plans, unproven
from tests.harness.planted import plant
from tools import setup

ENTRY = registry.Entry(
    name="pong",
    reference="references.pong:Pong",
    backends=("rust", "jax"),
    variants=(
        registry.Variant("default", {}),
        registry.Variant("limit", {"max_episode_steps": 9}),
    ),
    oracle="harness.oracles.pong",
)


def row(backend: str, variant: str, shard: str = "1/1", **changes: Any) -> record.Row:
    base = {"backend": backend, "variant": variant, "seed": 0, "plan_episodes": 8, "shard": shard}
    return {**base, "status": "equal", "stale": "", **changes}


WHOLE = [
    row("rust", "default", "1/2"),
    row("rust", "default", "2/2"),
    row("rust", "limit"),
    row("jax", "default"),
    row("jax", "limit"),
    row("oracle", "default"),
]


def test_a_whole_proof_lacks_nothing() -> None:
    assert unproven(ENTRY, [], WHOLE, without_oracle=False) == []


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        (0, "rust default is not compared in whole"),
        (1, "rust default is not compared in whole"),
        (4, "jax limit is not compared in whole"),
        (5, "oracle default is not compared (see --without-oracle)"),
    ],
)
def test_every_row_counts(lost: int, message: str) -> None:
    rows = [each for number, each in enumerate(WHOLE) if number != lost]
    assert unproven(ENTRY, [], rows, without_oracle=False) == [message]
    assert bool(unproven(ENTRY, [], rows, without_oracle=True)) == (lost != 5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"status": "differs"}, "jax default seed 0 differs"),
        ({"status": "unavailable"}, "jax default is not compared in whole"),
        (
            {"stale": "built from others"},
            "jax default is not compared in whole (stale library)",
        ),
    ],
)
def test_rows_that_prove_nothing(changes: dict[str, Any], message: str) -> None:
    rows = [*WHOLE[:3], row("jax", "default", **changes), *WHOLE[4:]]
    assert unproven(ENTRY, [], rows, without_oracle=False)[0] == message


def test_a_failed_level_is_no_proof() -> None:
    assert unproven(ENTRY, [{"level": 1, "status": "failed"}], WHOLE, False) == ["level 1 failed"]


def test_shards_of_different_plans_are_not_one_whole() -> None:
    rows = [row("rust", "limit", "1/2"), row("rust", "limit", "2/2", seed=1)]
    assert complete_plans(rows) == set()


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where results go, and what is published."""
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path / "results"))
    monkeypatch.setattr(record, "ROOT", tmp_path)
    return tmp_path / "results" / "published" / "verify-duel.json"


OPTIONS = ["--env", "duel", "--level", "3", "--episodes", "4"]


def test_a_part_is_refused_and_kept_and_the_whole_published(
    published: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(monkeypatch, "duel")
    assert main(["verify", *OPTIONS, "--variant", "short", "--publish"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "planted default is not compared in whole; planted limit is not compared" in line
    assert not published.exists()
    assert main(["verify", *OPTIONS, "--variant", "default,limit", "--shard", "1/2"]) == 0
    assert main(["verify", *OPTIONS, "--variant", "default", "--shard", "2/2"]) == 0
    assert main(["verify", *OPTIONS, "--variant", "limit", "--publish"]) == 0
    data = json.loads(published.read_text())
    shards = [(each["variant"], each["shard"]) for each in data["rollouts"]]
    # Half a plan of "limit" is left out: the whole one has its episodes.
    assert sorted(shards) == [
        ("default", "1/2"),
        ("default", "2/2"),
        ("limit", "1/1"),
        ("short", "1/1"),
    ]
    assert data["summary"]["planted"]["episodes"] == 12


def test_a_missing_oracle_can_be_waived(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = dataclasses.replace(plant(monkeypatch, "duel"), oracle="tests.harness.no_such_oracle")
    monkeypatch.setitem(registry._ENTRIES, "duel", entry)
    assert main(["verify", *OPTIONS, "--publish"]) == 2
    assert main(["verify", *OPTIONS, "--publish", "--without-oracle"]) == 0
    rows = json.loads(published.read_text())["rollouts"]
    assert {each["status"] for each in rows if each["backend"] == "oracle"} == {"unavailable"}


def test_stale_rows_are_neither_published_nor_kept(
    published: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(monkeypatch, "duel")
    with monkeypatch.context() as patching:
        patching.setattr(installed, "stale", lambda backend: "planted is old; run `make setup`")
        assert main(["verify", *OPTIONS, "--shard", "1/1", "--publish"]) == 2
        said = capsys.readouterr().err
        assert "not publishable: planted is old; run `make setup`\n" in said
        assert "planted default is not compared in whole (stale library)" in said
    # Built anew, with sources and so a hash as before: the rows are made again.
    assert main(["verify", *OPTIONS, "--shard", "1/1", "--publish"]) == 0
    assert "kept" not in capsys.readouterr().out


@pytest.fixture
def libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout and a .venv of its own, where both libraries are what the sources say."""
    for library, where in installed.PYTHON_SOURCES.items():
        (tmp_path / where).mkdir(parents=True)
        (tmp_path / where / "__init__.py").write_text("VALUE = 1\n")
        target = tmp_path / ".venv" / "lib" / library
        shutil.copytree(tmp_path / where, target)
    (tmp_path / "backends/rust/lib.rs").write_text("fn step() {}\n")
    monkeypatch.setattr(installed, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(setup, "STAMPS", tmp_path / ".venv" / "samestep-setup.json")
    setup.write_stamps({"rust": setup.digest(*setup.RUST_SOURCES)})

    class Spec:
        def __init__(self, name: str) -> None:
            self.origin = str(tmp_path / ".venv" / "lib" / name / "__init__.py")

    monkeypatch.setattr("importlib.util.find_spec", Spec)
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "backends"),
    [
        ("", ()),
        ("backends/rust/lib.rs", ("rust", "rust-ffi")),
        ("backends/rust/python/samestep_rust/__init__.py", ("rust", "rust-ffi")),
        ("backends/jax/samestep_jax/__init__.py", ("jax",)),
        ("backends/jax/samestep_jax/new.py", ("jax",)),
        (".venv/lib/samestep_jax/__init__.py", ("jax",)),
        (".venv/lib/samestep_rust/__init__.py", ("rust", "rust-ffi")),
        (".venv/samestep-setup.json", ("rust", "rust-ffi")),
    ],
)
def test_what_makes_a_library_stale(
    changed: str, backends: tuple[str, ...], libraries: Path
) -> None:
    if changed:
        (libraries / changed).write_text("VALUE = 2\n")
    found = {name: installed.stale(name) for name in ("rust", "rust-ffi", "jax", "planted")}
    assert tuple(name for name, reason in found.items() if reason) == backends
    for name in backends:
        assert "is not what the sources say now" in found[name]
        assert found[name].endswith("; run `make setup`")


HASHED = (
    "backends/rust/py/src/lib.rs",
    "backends/rust/python/samestep_rust/ffi.py",
    "backends/rust/core/src/driver.rs",
    "backends/rust/envs/pong/src/rules.rs",
    "backends/jax/samestep_jax/pong/rules.py",
    "backends/jax/samestep_jax/core/batch.py",
    "harness/baselines/puffer_source.py",
    "harness/oracles/pong.py",
    "harness/verifying/compare.py",
    "references/pong/rules.py",
)


@pytest.mark.parametrize("path", HASHED)
def test_what_a_proof_rests_on(path: str) -> None:
    assert ROOT / path in files(registry.get("pong"))


def test_what_the_entry_says_is_hashed() -> None:
    pong = registry.get("pong")
    variants = (*pong.variants[:-1], registry.Variant("limit", {"max_episode_steps": 101}))
    assert proof_hash(dataclasses.replace(pong, variants=variants)) != proof_hash(pong)
    assert proof_hash(dataclasses.replace(pong, bench_batches=(1,))) == proof_hash(pong)
