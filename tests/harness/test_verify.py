"""The verifier catches planted faults at exactly their step and field, and reproduces them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness import replay, verify
from harness.verifying import bundle
from references.batch import ReferenceBatch
from tests.harness import planted
from tests.harness.planted import AT, plant


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path))
    return tmp_path / "verify"


def run(name: str, variant: str = "limit", episodes: int = 8, *more: str) -> int:
    options = ["--env", name, "--level", "3", "--variant", variant, "--episodes", str(episodes)]
    return verify.main([*options, *more])


def only_failure(results: Path) -> bundle.Bundle:
    (path,) = (results / "failures").iterdir()
    return bundle.read(path)


RULES = [
    (planted.WrongField, "state.ball_x"),
    (planted.WrongReward, "reward"),
    (planted.WrongFlag, "terminated"),
    (planted.WrongObs, "obs[7]"),
]


@pytest.mark.parametrize(("rules", "field"), RULES)
def test_a_fault_in_the_rules_is_caught_shrunk_and_replayed(
    rules: type,
    field: str,
    results: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with monkeypatch.context() as planting:
        plant(planting, "pong", rules)
        assert run("pong") == 1
        said = capsys.readouterr().out
        assert f"env_index 0, episode 0, step {AT}\n  {field}: expected" in said
        failure = only_failure(results)
        assert failure.difference.field == field
        assert failure.reproduced
        # One action is enough: the state right before it is imported.
        assert failure.start.rows is not None
        assert (failure.start.num_envs, len(failure.actions), failure.difference.step) == (1, 1, 1)
        assert int.from_bytes(failure.start.rows[0, 20:24].tobytes(), "little") == AT - 1
        (path,) = (results / "failures").iterdir()
        assert f"python -m harness replay {path}" in said
        assert replay.main([str(path)]) == 1
        assert f"now       step 1: {field} is" in capsys.readouterr().out
    # Without the fault, the same bundle shows no difference.
    with monkeypatch.context() as planting:
        plant(planting, "pong")
        assert replay.main([str(path)]) == 0
        assert "no difference" in capsys.readouterr().out


def test_values_are_given_in_decimal_and_hex(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, "pong", planted.WrongObs)
    assert run("pong") == 1
    difference = only_failure(results).difference
    assert (difference.expected, difference.got) == ("0.0 (0x00000000)", "-0.0 (0x80000000)")


def test_a_wrong_final_observation_is_caught_where_an_episode_ends(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, "pong", driver=planted.WrongFinalObs)
    assert run("pong") == 1
    failure = only_failure(results)
    assert failure.difference.field.startswith("final_obs")
    assert failure.start.rows is not None
    # max_episode_steps is 100 in this variant, and only the last of them has a final observation.
    assert int.from_bytes(failure.start.rows[0, 20:24].tobytes(), "little") == 99
    assert len(failure.actions) == 1


def test_a_wrong_reset_is_reproduced_from_the_seed(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, "pong", driver=planted.WrongReset)
    assert run("pong") == 1
    failure = only_failure(results)
    assert (failure.difference.field, failure.difference.step) == ("obs[0]", 0)
    assert (failure.start.seed, len(failure.actions), failure.reproduced) == (0, 0, True)


def test_a_fault_of_one_lane_keeps_the_whole_batch(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(monkeypatch, "pong", driver=planted.WrongLane)
    assert run("pong") == 1
    failure = only_failure(results)
    assert (failure.env_index, failure.start.num_envs) == (5, 8)
    assert (failure.difference.lane, failure.difference.step) == (5, AT)
    assert failure.reproduced
    (path,) = (results / "failures").iterdir()
    assert replay.main([str(path)]) == 1


def test_state_outside_STATE_is_reproduced_from_the_episode_start(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, "pong", driver=planted.HiddenState)
    assert run("pong") == 1
    failure = only_failure(results)
    assert failure.difference.field == "state.ball_y"
    assert len(failure.actions) == AT


def test_actions_that_do_not_matter_become_zero(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, "pong", driver=planted.HiddenState)
    assert run("pong") == 1
    assert not only_failure(results).actions.any()


def test_actions_that_matter_stay(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, "pong", planted.WrongAction)
    assert run("pong", "default") == 1
    failure = only_failure(results)
    assert failure.difference.field == "state.paddle_yr"
    assert failure.actions.tolist() == [[1]]


@pytest.mark.parametrize(
    ("rules", "field"),
    [(planted.WrongHealth, "state.health[1,2]"), (planted.WrongLegal, "legal[1,1]")],
)
def test_two_players(
    rules: type, field: str, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, "duel", rules)
    assert run("duel", "default") == 1
    failure = only_failure(results)
    assert failure.difference.field == field
    assert failure.actions.shape == (1, 1, 2)


def read(results: Path, name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((results / f"{name}.json").read_text())
    return data


def test_what_is_recorded(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, "duel")
    assert run("duel", "default,short", 6, "--seed", "3,4") == 0
    data = read(results, "duel")
    assert data["ok"] is True
    assert len(data["hash"]) == 64
    total = data["summary"]["planted"]
    assert (total["episodes"], total["differences"]) == (24, 0)
    assert (total["seeds"], total["variants"]) == ([3, 4], ["default", "short"])
    assert total["steps"] == sum(row["steps"] for row in data["rollouts"])
    assert {row["status"] for row in data["rollouts"]} == {"equal"}


def test_a_difference_is_recorded_and_replaced_when_it_is_gone(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as planting:
        plant(planting, "duel", planted.WrongHealth)
        assert run("duel", "default") == 1
        data = read(results, "duel")
        assert data["ok"] is False
        assert data["summary"]["planted"]["differences"] >= 1
    plant(monkeypatch, "duel")
    assert run("duel", "default") == 0
    assert read(results, "duel")["ok"] is True


def test_shards_together_are_the_whole_and_finished_ones_are_kept(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(monkeypatch, "duel")
    made: list[int] = []
    reset = ReferenceBatch.reset

    def counted(self: ReferenceBatch, *arguments: Any) -> Any:
        made.append(1)
        return reset(self, *arguments)

    monkeypatch.setattr(ReferenceBatch, "reset", counted)
    assert run("duel", "default", 10) == 0
    whole = read(results, "duel")["summary"]["planted"]
    for part in ("1/3", "2/3", "3/3"):
        assert run("duel", "default", 10, "--shard", part) == 0
    rows = [row for row in read(results, "duel")["rollouts"] if row["shard"] != "1/1"]
    assert sum(row["episodes"] for row in rows) == whole["episodes"] == 10
    assert read(results, "duel")["summary"]["planted"]["episodes"] == 10
    before = len(made)
    assert run("duel", "default", 10, "--shard", "2/3") == 0
    assert len(made) == before
    assert run("duel", "default", 10, "--shard", "2/3", "--redo") == 0
    assert len(made) > before


def test_a_fault_is_found_by_the_shard_that_holds_it(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, "pong", planted.WrongField)
    assert run("pong", "limit", 8, "--shard", "2/4") == 1
    assert only_failure(results).env_index == 1
