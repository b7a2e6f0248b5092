"""Environments with a measure: bars on one-step errors and on free runs, and what misses them."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import registry, replay, verify
from harness.errors import UserError
from harness.proof_hash import proof_hash
from harness.verifying import bundle, record
from harness.verifying.compare import Snapshot
from harness.verifying.errors import ErrorComparator, merged, relative_error, statistics
from harness.verifying.judging import judged
from harness.verifying.measure import Bar, drawn_unit
from tests.harness import pendulum
from tests.harness.pendulum import MEASURE, MEASURED, SPEC, plant


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path))
    return tmp_path / "verify"


def run(*more: str) -> int:
    return verify.main(["--env", "pendulum", "--level", "3", "--episodes", "4", *more])


def rows_of(results: Path, kind: str) -> list[Any]:
    rows = json.loads((results / "pendulum.json").read_text())["rollouts"]
    return [row for row in rows if row["kind"] == kind]


@pytest.mark.parametrize(
    ("want", "have", "error"),
    [
        (0.5, 0.5, 0.0),
        (0.5, 0.75, 0.25),
        (-200.0, -201.0, 0.005),
        (1.0, np.nan, math.inf),
        (np.nan, 1.0, math.inf),
        (np.nan, np.nan, 0.0),
        (np.inf, np.inf, 0.0),
        (np.inf, -np.inf, math.inf),
        (1.0, -np.inf, math.inf),
        (0.0, -0.0, 0.0),
    ],
)
def test_the_error_of_a_number(want: float, have: float, error: float) -> None:
    assert relative_error(np.array([want]), np.array([have]))[0] == pytest.approx(error)


def snapshot(**changes: Any) -> Snapshot:
    """Two instances, of which the second is changed."""
    rows = np.zeros(2, SPEC.row_dtype)
    rows["theta"] = 1
    obs = np.zeros((2, 3), np.float32)
    flags = np.array([False, True])
    for name, value in changes.items():
        if name in ("obs", "final_obs"):
            continue
        rows[name][1] = value
    obs[1, 2] = changes.get("obs", 0)
    final_obs = np.zeros((2, 3), np.float32)
    final_obs[:, 0] = changes.get("final_obs", 0)
    packed = rows.view(np.uint8).reshape(2, -1)
    reward = np.zeros(2, np.float32)
    return Snapshot(packed, None, None, obs, reward, flags & False, flags, final_obs)


@pytest.mark.parametrize(
    ("changes", "field", "error"),
    [
        ({}, "", 0.0),
        ({"theta": 1.25}, "state.theta", 0.25),
        ({"theta": 1.25, "omega": -0.5}, "state.omega", 0.5),
        ({"obs": 2.0}, "obs[2]", 2.0),
        ({"final_obs": 3.0}, "final_obs[0]", 3.0),
        ({"t": 1}, "state.t", math.inf),
        ({"omega": np.nan}, "state.omega", math.inf),
    ],
)
def test_the_error_of_an_instance(changes: dict[str, Any], field: str, error: float) -> None:
    """The largest of its numbers'; the first instance's final_obs counts for nothing."""
    want, have = snapshot(), snapshot(**changes)
    compare = ErrorComparator(SPEC, 1e-3)
    assert compare.errors(want, have).tolist() == [0.0, error]
    difference = compare.first(4, want, have)
    assert (difference is None) == (not changes)
    if difference is not None:
        assert (difference.step, difference.lane, difference.field) == (4, 1, field)
        assert difference.error == (error if math.isfinite(error) else None)


def test_statistics_are_of_errors_that_occurred() -> None:
    errors = np.arange(1, 1001) * 1e-6
    found = statistics(np.random.default_rng(0).permutation(errors))
    assert found["states"] == 1000
    quantiles = [found[name] for name in ("q50", "q99", "q995", "max")]
    assert quantiles == pytest.approx([500e-6, 990e-6, 995e-6, 1e-3])
    assert found["within"]["1e-06"] == 1 and found["within"]["1e-04"] == 100
    assert sum(found["histogram"].values()) == 1000


def test_statistics_of_parts_together() -> None:
    rng = np.random.default_rng(1)
    errors = 10 ** rng.uniform(-9, -3, 3000)
    errors[:7], errors[7] = 0, np.inf
    whole = statistics(errors)
    parts = merged([statistics(errors[part::3]) for part in range(3)])
    for name in ("states", "max", "within", "histogram"):
        assert parts[name] == whole[name]
    for name in ("q50", "q99", "q995"):
        assert whole[name] <= parts[name] <= 10**0.05 * whole[name]
    assert whole["max"] is None and whole["histogram"]["infinite"] == 1
    assert json.loads(json.dumps(whole)) == whole


def bar(**changes: Any) -> Bar:
    return dataclasses.replace(Bar(share=0.5, within=1e-4, limit=1e-3, factor=10.0), **changes)


@pytest.mark.parametrize(
    ("bar", "errors", "rounded", "at", "bound"),
    [
        (bar(), [1e-5, 1e-5, 9e-4, 9e-4], [0, 0, 0, 0], None, 0),
        (bar(), [1e-5, 2e-4, 9e-4, 3e-4], [0, 0, 0, 0], 2, 1e-4),
        (bar(), [1e-5, 1e-5, 2e-3, 4e-3], [0, 0, 3e-4, 5e-4], None, 0),
        (bar(), [1e-5, 1e-5, 2e-3, 4e-3], [0, 0, 3e-4, 3e-4], 3, 3e-3),
        (bar(), [1e-5, 1e-5, 2e-3, 4e-2], [0, 0, 1e-5, 3e-3], 2, 1e-3),
        (bar(), [1e-5, 1e-5, 1e-5, np.inf], [0, 0, 0, np.inf], 3, 1e-3),
        (bar(factor=None), [1e-5, 1e-5, 2e-3, 0], [0, 0, 1, 1], 2, 1e-3),
    ],
)
def test_the_bar(
    bar: Bar, errors: list[float], rounded: list[float], at: int | None, bound: float
) -> None:
    found, missed = judged(bar, np.array(errors), np.array(rounded))
    assert found["exceptions"] == (np.array(errors) > 1e-3).sum()
    assert (missed is None) == (at is None)
    if missed is not None:
        assert missed.at == at and missed.bound == pytest.approx(bound)


def test_units_are_of_every_class_and_always_the_same() -> None:
    one, again, other = (drawn_unit(SPEC, MEASURE, {}, 5, number) for number in (2, 2, 3))
    assert (one.rows == again.rows).all() and (one.actions == again.actions).all()
    rows = SPEC.unpack(one.rows)
    assert np.bincount(one.kind).tolist() == [20, 3, 5]
    assert one.index.tolist() == [*range(40, 60), *range(6, 9), *range(10, 15)]
    assert len({*rows["env_index"], *SPEC.unpack(other.rows)["env_index"]}) == 56
    # An episode of 40 steps ends in the next step for the last class, and for no other.
    assert (rows["t"][one.kind == 2] == 39).all() and (rows["t"][one.kind < 2] <= 38).all()
    unlimited = drawn_unit(SPEC, MEASURE, {"max_episode_steps": 0}, 5, 2)
    assert SPEC.unpack(unlimited.rows)["t"].tolist() == [*range(20), *range(3), *range(5)]


def test_rounding_is_within_the_bars(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, pendulum.Rounding, **MEASURED)
    assert run() == 0
    (row,) = rows_of(results, "one-step")
    assert (row["status"], row["episodes"], row["steps"]) == ("equal", 4, 4 * 28)
    assert {name: each["error"]["states"] for name, each in row["classes"].items()} == {
        "near": 80,
        "far": 12,
        "last": 20,
    }
    assert 0 < row["classes"]["near"]["error"]["max"] < 1e-6
    (row,) = rows_of(results, "horizon")
    assert row["status"] == "equal" and len(row["horizon"]["lengths"]) == 12
    assert row["horizon"]["median"] > row["horizon"]["reference"]["1e-05"]["median"] > 0


def test_a_sign_error_is_told_by_class_and_state_and_replayed(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(monkeypatch, pendulum.WrongSignFar, **MEASURED)
    assert run() == 1
    out = capsys.readouterr().out
    assert "differs: seed 0, state far " in out and "state near" not in out
    (path,) = (results / "failures").iterdir()
    failure = bundle.read(path)
    assert failure.case.startswith("far ") and failure.reproduced
    assert (failure.start.num_envs, len(failure.actions)) == (1, 1)
    error, bound = failure.difference.error, failure.difference.bound
    assert error is not None and bound is not None and error > bound >= 1e-4
    assert replay.main([str(path)]) == 1
    said = capsys.readouterr().out
    assert f"state {failure.case}" in said and said.count(failure.difference.describe()) == 2
    plant(monkeypatch, pendulum.Rounding, **MEASURED)
    assert replay.main([str(path)]) == 0


def test_an_error_of_the_backend_is_found_in_its_state(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, pendulum.RaisingFar, **MEASURED)
    assert run() == 1
    (row,) = rows_of(results, "one-step")
    assert "ValueError: wound up too far" in row["reason"]
    failure = bundle.read(Path(row["bundle"]))
    assert failure.start.num_envs == 1 and failure.start.rows is not None
    assert SPEC.unpack(failure.start.rows)["theta"] == pendulum.FAR + 2
    assert replay.main([row["bundle"]]) == 1


def test_a_drift_within_the_bars_of_a_step_shows_in_free_runs(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = dataclasses.replace(pendulum.BAR, within=5e-5)
    measure = dataclasses.replace(
        MEASURE, bars=lambda params: {"near": wide, "far": wide, "last": wide}
    )
    monkeypatch.setattr(pendulum, "MEASURE", measure)
    plant(monkeypatch, pendulum.Drifting, **MEASURED)
    assert run() == 1
    assert [row["status"] for row in rows_of(results, "one-step")] == ["equal"]
    (row,) = rows_of(results, "horizon")
    assert row["status"] == "differs" and "when started 1e-05 apart" in row["reason"]
    monkeypatch.setattr(
        pendulum, "MEASURE", dataclasses.replace(measure, apart=lambda params: 1e-3, nearby=(1e-3,))
    )
    assert run() == 0


def test_shards_are_kept_and_counted_together(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(monkeypatch, pendulum.Rounding, **MEASURED)
    assert run("--shard", "1/3") == 0
    assert run("--shard", "2/3") == 0
    capsys.readouterr()
    assert run("--shard", "1/3") == 0
    assert capsys.readouterr().out.count("kept: finished on the same sources") == 2
    assert len(rows_of(results, "horizon")) == 1  # of the first shard
    assert run("--shard", "3/3") == 0
    data = json.loads((results / "pendulum.json").read_text())
    parts = sum(row["steps"] for row in data["rollouts"] if row["kind"] == "one-step")
    assert parts == data["summary"]["approx"]["steps"] == 4 * 28
    errors = data["errors"]["approx default"]
    assert errors["near"]["error"]["states"] == 80
    assert run() == 0
    data = json.loads((results / "pendulum.json").read_text())
    assert data["errors"]["approx default"].keys() == errors.keys()
    assert (
        data["errors"]["approx default"]["near"]["error"]["within"]
        == (errors["near"]["error"]["within"])
    )


def test_less_than_a_whole_proof_is_not_published(
    results: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(record, "ROOT", tmp_path)
    plant(monkeypatch, pendulum.Rounding, **MEASURED)
    verify.main(["--env", "pendulum", "--level", "3", "--episodes", "3"])
    with pytest.raises(UserError, match="approx default is not compared in whole"):
        verify.main(["--env", "pendulum", "--level", "3", "--episodes", "3", "--publish"])
    assert run("--publish") == 0
    published = tmp_path / "results" / "published"
    data = json.loads((published / "verify-pendulum.json").read_text())
    assert data["ok"] and data["errors"]["approx default"]["far"]["rounded"]["error"]["states"]
    kinds = {(row["kind"], row["plan_episodes"]) for row in data["rollouts"]}
    assert kinds == {("one-step", 3), ("one-step", 4), ("horizon", 12)}
    assert (published / "verify-pendulum-horizon.svg").read_text().startswith("<?xml")


def test_what_is_proven_hangs_on_the_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    rollouts = plant(monkeypatch, pendulum.Rounding)
    measured = plant(monkeypatch, pendulum.Rounding, **MEASURED)
    assert proof_hash(rollouts) != proof_hash(measured)


def test_an_engine_that_is_missing_is_one_line(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, pendulum.Rounding, comparator="tests.harness.no_such:comparator")
    with pytest.raises(UserError, match=r"pendulum cannot be verified here: No module named"):
        run()
    plant(monkeypatch, pendulum.Rounding, measure="tests.harness.no_such:MEASURE")
    with pytest.raises(UserError, match=r"pendulum cannot be verified here: No module named"):
        run()
    assert "pendulum" in registry.names()
