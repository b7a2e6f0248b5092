"""Inexact environments: errors are bounded a step, faults beyond the bound are caught."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import replay, verify
from harness.errors import UserError
from harness.verifying import bundle
from harness.verifying.compare import ExactComparator, Snapshot
from tests.harness import pendulum
from tests.harness.pendulum import plant


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path))
    return tmp_path / "verify"


def run(*more: str) -> int:
    return verify.main(["--env", "pendulum", "--level", "3", "--episodes", "6", *more])


def test_rounding_is_within_the_bound(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, pendulum.Rounding)
    assert run() == 0
    (row,) = json.loads((results / "pendulum.json").read_text())["rollouts"]
    # 6 lanes of one episode of 40 steps, and one step from each of the 3 states.
    assert (row["status"], row["episodes"], row["steps"]) == ("equal", 6, 6 * 40 + 3)


def test_shards_share_the_states(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, pendulum.Rounding)
    for part in ("1/2", "2/2"):
        assert run("--shard", part) == 0
    rows = json.loads((results / "pendulum.json").read_text())["rollouts"]
    assert sum(row["steps"] for row in rows) == 6 * 40 + 3


def test_it_is_not_equal_bit_for_bit_nor_over_a_free_run(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the two tests above pass by: the bounds, and starting anew at every step."""
    plant(monkeypatch, pendulum.Rounding, mode="rollout")
    assert run() == 1
    monkeypatch.setattr(pendulum, "comparator", ExactComparator)
    plant(monkeypatch, pendulum.Rounding)
    assert run() == 1


def test_a_sign_error_is_caught_at_its_step_and_field_and_replayed(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(monkeypatch, pendulum.WrongSign)
    assert run() == 1
    assert "env_index 0, episode 0, step 1\n  reward: expected" in capsys.readouterr().out
    (path,) = (results / "failures").iterdir()
    failure = bundle.read(path)
    assert failure.reproduced and len(failure.actions) == 1
    assert {"state.theta", "state.omega"} <= set(failure.difference.others)
    assert replay.main([str(path)]) == 1
    plant(monkeypatch, pendulum.Rounding)
    assert replay.main([str(path)]) == 0


def test_a_fault_that_only_the_given_states_reach(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(monkeypatch, pendulum.WrongSignFar, states="")
    assert run() == 0
    plant(monkeypatch, pendulum.WrongSignFar)
    assert run() == 1
    assert "from an injected state, step 1\n" in capsys.readouterr().out
    (path,) = (results / "failures").iterdir()
    failure = bundle.read(path)
    assert failure.start.rows is not None
    assert pendulum.SPEC.unpack(failure.start.rows)["theta"] > pendulum.FAR
    assert replay.main([str(path)]) == 1


def test_nan_is_no_rounding(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, pendulum.WrongNan)
    assert run() == 1
    (path,) = (results / "failures").iterdir()
    difference = bundle.read(path).difference
    assert difference.got.startswith("nan (0x")


@pytest.mark.parametrize(
    ("field", "change", "equal"),
    [
        ("theta", np.float32(0), True),
        ("theta", np.float32(2.5e-6), True),
        ("theta", np.float32(8e-6), False),
        ("theta", np.float32(np.nan), False),
        ("theta", np.float32(np.inf), False),
        ("t", np.uint32(1), False),
    ],
)
def test_the_bound(field: str, change: Any, equal: bool) -> None:
    """Of 2e-6 + 1e-6 * |expected| for the angle; none for counters."""
    rows = np.zeros(2, pendulum.SPEC.row_dtype)
    rows["theta"] = 1
    other = rows.copy()
    other[field][1] += change
    want, have = (
        Snapshot(packed.view(np.uint8).reshape(2, -1), None, None) for packed in (rows, other)
    )
    difference = pendulum.comparator(pendulum.SPEC).first(3, want, have)
    assert (difference is None) == equal
    if difference is not None:
        assert (difference.step, difference.lane, difference.field) == (3, 1, f"state.{field}")


def test_infinity_equals_itself_alone() -> None:
    rows = np.zeros(1, pendulum.SPEC.row_dtype)
    rows["omega"] = np.inf
    other = rows.copy()
    snapshots = [Snapshot(r.view(np.uint8).reshape(1, -1), None, None) for r in (rows, other)]
    compare = pendulum.comparator(pendulum.SPEC)
    assert compare.first(0, *snapshots) is None
    other["omega"] = -np.inf
    assert compare.first(0, *snapshots) is not None


@pytest.mark.parametrize("comparator", ["", "tests.harness.pendulum:comparator"])
def test_a_comparator_is_for_inexact_environments_alone(
    comparator: str, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = plant(monkeypatch, pendulum.Rounding, comparator=comparator)
    if comparator:
        monkeypatch.setitem(entry.spec.__dict__, "exact", True)
    with pytest.raises(UserError, match=r"pendulum has exact=.* in the registry; accepted"):
        run()
