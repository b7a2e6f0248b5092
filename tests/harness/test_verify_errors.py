"""Backends that raise, runs that are interrupted, and what cannot run here."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import jax
import pytest

from harness import registry, replay, verify
from harness.__main__ import main
from harness.errors import UserError
from harness.impl_rust import FfiBatch
from harness.implementations import make_batch
from harness.registry import Entry
from harness.verifying import bundle, levels, rollout
from harness.verifying.rollout import Plan
from references.batch import ReferenceBatch
from tests.harness import planted
from tests.harness.planted import AT, plant


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path))
    return tmp_path / "verify"


OPTIONS = ["--env", "pong", "--level", "3", "--variant", "limit", "--episodes", "8"]


def test_an_error_in_a_step_is_a_difference_of_its_lane(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(monkeypatch, "pong", driver=planted.Raising)
    assert verify.main(OPTIONS) == 1
    said = capsys.readouterr().out
    assert f"env_index 5, episode 0, step {AT}\n  raised: expected no error" in said
    (path,) = (results / "failures").iterdir()
    failure = bundle.read(path)
    assert failure.difference.got == "ValueError: ball out of bounds"
    assert failure.reproduced
    assert (failure.start.num_envs, len(failure.actions)) == (1, 1)
    assert replay.main([str(path)]) == 1
    assert "now       step 1: raised is ValueError: ball" in capsys.readouterr().out
    plant(monkeypatch, "pong")
    assert replay.main([str(path)]) == 0


def test_a_panic_at_the_start_is_a_difference(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, "pong", driver=planted.Panicking)
    assert verify.main(OPTIONS) == 1
    (row,) = json.loads((results / "pong.json").read_text())["rollouts"]
    assert row["status"] == "differs"
    assert "step 0: raised is Panic: index out of bounds" in row["reason"]


def batches(entry: Entry, **drivers: type[ReferenceBatch]) -> dict[str, ReferenceBatch]:
    return {name: driver(entry.make_reference(), 8) for name, driver in drivers.items()}


def test_an_error_of_one_backend_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = plant(monkeypatch, "duel", driver=planted.Panicking)
    good = batches(entry, planted=planted.Panicking, good=ReferenceBatch)
    (bad, other), _ = rollout.run(entry, {}, Plan(8, 0), good)
    assert bad.difference is not None and bad.difference.field == "raised"
    assert (other.difference, other.episodes, other.complete) == (None, 8, True)


def test_an_interrupt_leaves_what_was_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = plant(monkeypatch, "pong", driver=planted.Raising)
    running = batches(entry, planted=planted.Raising, other=planted.Interrupted)
    (decided, other), _ = rollout.run(entry, {}, Plan(8, 0), running)
    assert decided.complete and decided.difference is not None and decided.shrunk is not None
    assert not other.complete and other.difference is None


def test_an_interrupted_run_keeps_what_was_finished(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No episode of "quick" has the 50 steps after which it comes."""
    entry = plant(monkeypatch, "pong", driver=planted.Interrupted)
    variants = (registry.Variant("quick", {"max_episode_steps": 30}), entry.variant("limit"))
    changed = dataclasses.replace(entry, variants=variants)
    monkeypatch.setitem(registry._ENTRIES, "pong", changed)
    options = ["--env", "pong", "--level", "3", "--episodes", "8"]
    assert main(["verify", *options]) == 130
    out, err = capsys.readouterr()
    assert err.strip() == "interrupted; what was written so far is kept"
    assert "planted quick seed 0" in out and "planted limit" not in out
    (row,) = json.loads((results / "pong.json").read_text())["rollouts"]
    assert (row["variant"], row["status"], row["episodes"]) == ("quick", "equal", 8)


def test_rust_in_jax_needs_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    with pytest.raises(UserError, match=r"default device is 'gpu'.*accepted: JAX_PLATFORMS=cpu"):
        make_batch(registry.get("duel"), "rust-ffi", 4, {})
    monkeypatch.undo()
    FfiBatch(registry.get("duel"), 4, {}).close()


@pytest.fixture
def tests_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository whose one environment has the tests that are written here."""
    monkeypatch.setattr(levels, "ROOT", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = l1\n")
    yield tmp_path / "test_one.py"


SKIPPED = "import pytest\n@pytest.mark.l1\n@pytest.mark.skip\ndef test_a(): pass\n"
PASSED = "@pytest.mark.l1\ndef test_b(): pass\n"


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        (SKIPPED, "unavailable", "all 1 tests that are marked l1 were skipped"),
        (SKIPPED + PASSED, "passed", ""),
        ("", "failed", "no test is marked l1"),
    ],
)
def test_a_level_that_was_skipped_is_not_passed(
    tests_of_one: Path, text: str, status: str, reason: str
) -> None:
    tests_of_one.write_text(text)
    entry = registry.Entry(
        name="one", reference="tests.duel.reference:Duel", backends=(), tests="test_one.py"
    )
    (row,) = levels.run_level(entry, 1)
    assert (row["status"], row["reason"]) == (status, reason)
