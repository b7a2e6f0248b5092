"""What an offline run of Weights & Biases holds, read back from the files that it wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import UserError
from harness.reporting import runs, tracking
from harness.reporting.collect import Environment, collect
from harness.reporting.shelf import Shelf
from tests.report import made_up

GROUP = "pong on A <Fast> Processor & Sons, 4 cores"
ALL = 7 + 3 + 1 + 1 + 1  # lines of the bench, runs, transfer, verify, comparison


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("WANDB_MODE", "WANDB_DIR", "WANDB_PROJECT", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in tracking.OWN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NETRC", str(tmp_path / "no netrc"))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "config"))


def stand(root: Path) -> tuple[Shelf, Environment]:
    made_up.write(root)
    shelf = Shelf(root)
    return shelf, collect(shelf, "pong")


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("wandb/offline-run-*/run-*.wandb"))


def test_offline_runs_hold_the_records(tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    from tests.report.wandb_file import Run

    shelf, found = stand(tmp_path / "results")
    said = tracking.track(shelf, [found])
    assert said.startswith(f"Weights & Biases: {ALL} new of {ALL} runs in ")
    written = [Run(path) for path in files(tmp_path / "results")]
    assert len(written) == len({run.id for run in written}) == ALL
    assert {run.group for run in written} == {GROUP}
    assert {run.project for run in written} == {"samestep"}
    assert {run.exit for run in written} == {0}
    by_name = {run.name: run for run in written}

    line = by_name["random: rust skip8 (frame_skip=8) batch 64 threads 2"]
    assert line.kind == "bench-random"
    assert line.config["check"] == "ok: 18d0f78a"
    assert line.config["fingerprint"] == made_up.MACHINE
    assert line.config["commit"] == made_up.COMMIT
    (row,) = line.history
    assert row["sps_median"] == 178_000_000.0
    assert row["cv"] == 0.2

    name = "ppo: puffer skip8 (frame_skip=8) batch 64 threads 1 6020 parameters"
    assert by_name[name].history[0]["split/update"] == made_up.SPLIT["update"]

    trained = by_name["train: rust seed 1"]
    expected = [
        {name: value for name, value in point.items() if value is not None}
        for point in made_up.curve(1)
    ]
    assert trained.history == expected
    assert trained.config["seed"] == 1
    assert trained.summary["evaluation/mean"] == 19.75
    assert trained.summary["return"] == expected[-1]["return"]

    assert by_name["transfer"].history[0]["return/rust-s0/rust"] == pytest.approx(2996, abs=20)
    assert by_name["verify"].history[0]["rust/steps"] == 52_431

    comparison = by_name["comparison"]
    (row,) = comparison.history
    assert row["comparison/_type"] == "table-file"
    name = row["comparison/path"]
    path = next((tmp_path / "results").glob(f"wandb/*-{comparison.id}/files/{name}"))
    content = json.loads(path.read_text())
    assert content["columns"] == list(runs.COLUMNS)
    assert len(content["data"]) == 7
    speeds = {tuple(each[:6]): each[7] for each in content["data"]}
    key = ("random: rust skip8 (frame_skip=8) batch 64 threads 2", "random", "rust")
    assert speeds[(*key, "skip8 (frame_skip=8)", 64, 2)] == 178_000_000.0
    assert not (tmp_path / "home").exists(), "all of it is beside the runs"
    chart = comparison.config["_wandb/visualize/speeds"]["panel_config"]
    assert chart["fieldSettings"] == {"label": "run", "value": "steps/s"}


def test_a_second_time_only_what_is_new_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "results"
    made_up.write(root)
    for name in ("bench/pong.jsonl", "mutants/pong.json", "transfer/pong.json"):
        (root / name).unlink()
    monkeypatch.setenv("WANDB_DIR", str(tmp_path / "elsewhere"))
    shelf = Shelf(root)
    assert ": 4 new of 4 runs" in tracking.track(shelf, [collect(shelf, "pong")])
    assert len(files(tmp_path / "elsewhere")) == 4
    assert not (root / "wandb").exists()
    assert ": 0 new of 4 runs" in tracking.track(shelf, [collect(shelf, "pong")])
    changed = made_up.summary(0) | {"seconds": 1.5}
    (root / "train" / "pong-rust-s0" / "summary.json").write_text(json.dumps(changed))
    assert ": 1 new of 4 runs" in tracking.track(shelf, [collect(shelf, "pong")])
    assert len(files(tmp_path / "elsewhere")) == 5


def test_a_run_that_was_deleted_is_written_again(tmp_path: Path) -> None:
    kept = tracking.Written(tmp_path, "offline")
    (tmp_path / "offline-run-20260101_000000-abc").mkdir()
    kept.add("abc")
    kept.add("gone")
    again = tracking.Written(tmp_path, "offline")
    assert "abc" in again
    assert "gone" not in again
    assert "abc" not in tracking.Written(tmp_path, "online"), "it was not published yet"


def test_publishing_without_a_key_is_refused_not_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "online")
    shelf, found = stand(tmp_path / "results")
    with pytest.raises(UserError, match=r"WANDB_MODE=online needs a key; accepted: WANDB_API_KEY"):
        tracking.track(shelf, [found])


def test_modes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf, found = stand(tmp_path / "results")
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert tracking.track(shelf, [found]).endswith("disabled by WANDB_MODE")
    monkeypatch.setenv("WANDB_MODE", "onlin")
    accepted = "unknown WANDB_MODE 'onlin'; accepted: offline, online, disabled"
    with pytest.raises(UserError, match=accepted):
        tracking.track(shelf, [found])
    monkeypatch.setenv("WANDB_MODE", "offline")
    (shelf.root / "wandb").write_text("in the way")
    with pytest.raises(UserError, match=r"^cannot write .*; set WANDB_DIR to a folder"):
        tracking.track(shelf, [found])


def test_a_damaged_record_is_a_warning_and_no_run(tmp_path: Path) -> None:
    root = tmp_path / "results"
    made_up.write(root)
    (root / "transfer" / "pong.json").write_text('{"env": "pong"}')
    shelf = Shelf(root)
    made = runs.runs_of(shelf, collect(shelf, "pong"))
    assert len(made) == ALL - 1
    assert shelf.warnings == [
        "results/transfer/pong.json: not as it was written (lacks 'returns'); left out"
    ]
