"""HalfCheetah's bars against copies of MuJoCo: what is right passes, physical mistakes do not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness import replay, verify
from harness.proof_hash import ROOT, files
from harness.verifying import bundle
from harness.verifying.compare import comparator
from references.halfcheetah import SPEC
from references.halfcheetah.rules import HalfCheetah
from tests.harness import cheetah
from tests.harness.cheetah import ENTRY, plant


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path))
    return tmp_path / "verify"


def run(variant: str, episodes: int = 1) -> int:
    options = ["--level", "3", "--variant", variant, "--episodes", str(episodes)]
    return verify.main(["--env", "halfcheetah", *options])


def row_of(results: Path, kind: str) -> Any:
    rows = json.loads((results / "halfcheetah.json").read_text())["rollouts"]
    (row,) = [row for row in rows if row["kind"] == kind]
    return row


def test_double_precision_is_within_its_bars(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, cheetah.Double)
    assert run("double") == 0
    row = row_of(results, "one-step")
    assert (row["steps"], row["classes"]["extreme"]["exceptions"]) == (1020, 0)
    assert 0 < row["classes"]["play"]["error"]["max"] < 1e-14
    found = row_of(results, "horizon")["horizon"]
    assert found["median"] > found["reference"]["1e-12"]["median"]
    assert found["reference"]["1e-12"]["median"] > found["reference"]["1e-06"]["median"] > 0


def test_single_precision_is_within_its_bars(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, cheetah.Single)
    assert run("default") == 0
    row = row_of(results, "one-step")
    for found in row["classes"].values():
        assert 0 < found["error"]["q99"] < 1e-4
        assert found["exceptions"] <= found["rounded"]["exceptions"]


def test_a_reward_from_rounded_positions_is_not_right(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Far from the origin x has too few digits left for its difference over one step."""
    plant(monkeypatch, cheetah.RewardOfRounded)
    assert run("default") == 1
    failures = [bundle.read(path) for path in (results / "failures").iterdir()]
    assert {failure.difference.field for failure in failures} == {"reward"}
    assert "gait" in {failure.case.split()[0] for failure in failures}


def test_single_precision_is_not_double(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, cheetah.Single)
    assert run("double") == 1
    assert row_of(results, "one-step")["status"] == "differs"
    assert row_of(results, "horizon")["status"] == "differs"


@pytest.mark.parametrize(
    ("wrong", "fields", "classes"),
    [
        (cheetah.WrongDamping, {"state.qacc_warmstart", "final_obs"}, {"play", "gait", "extreme"}),
        (cheetah.StaleWarmStart, {"state.qacc_warmstart"}, {"play", "gait", "reset", "extreme"}),
        (cheetah.NoLimits, {"state.qacc_warmstart", "final_obs"}, {"play", "extreme"}),
        (cheetah.NotANumber, {"obs"}, {"extreme"}),
        (cheetah.WrongReset, {"state.qpos"}, {"ending"}),
    ],
)
@pytest.mark.parametrize("variant", ["default", "double"])
def test_a_physical_mistake_is_found(
    wrong: type,
    fields: set[str],
    classes: set[str],
    variant: str,
    results: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In both precisions, in the classes of states that show it, and it can be replayed."""
    plant(monkeypatch, wrong)
    assert run(variant) == 1
    failures = [bundle.read(path) for path in (results / "failures").iterdir()]
    found = {failure.case.split()[0] for failure in failures}
    assert classes <= found
    if wrong in (cheetah.NotANumber, cheetah.WrongReset):
        assert found == classes
    assert {failure.difference.field.split("[")[0] for failure in failures} <= fields
    for failure in failures:
        assert failure.reproduced and failure.start.num_envs == len(failure.actions) == 1
    paths = [str(path) for path in (results / "failures").iterdir()]
    assert {replay.main([path]) for path in paths} == {1}
    plant(monkeypatch, HalfCheetah)
    assert {replay.main([path]) for path in paths} == {0}


def test_an_error_is_found_in_its_state(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, cheetah.Raising)
    assert run("default") == 1
    row = row_of(results, "one-step")
    assert "ValueError: too fast" in row["reason"]
    failure = bundle.read(Path(row["bundle"]))
    assert failure.start.num_envs == 1 and failure.start.rows is not None
    assert abs(SPEC.unpack(failure.start.rows)["qvel"]).max() > 45


def test_the_comparator_hangs_on_the_precision() -> None:
    assert comparator(ENTRY).bound == 1e-3  # type: ignore[attr-defined]
    double: Any = comparator(ENTRY, {"double_precision": True})
    assert double.bound == 1e-5 and double.spec.obs.dtype == "f8"


@pytest.mark.parametrize(
    "path",
    [
        "harness/measures/halfcheetah.py",
        "harness/oracles/halfcheetah.py",
        "references/halfcheetah/states.py",
        "references/halfcheetah/rounded.py",
    ],
)
def test_what_a_proof_rests_on(path: str) -> None:
    assert ROOT / path in files(ENTRY)
