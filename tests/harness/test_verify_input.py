"""Wrong input to verify and replay gets one clear line, and loses nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import replay, verify
from harness.__main__ import main
from harness.errors import UserError
from tests.harness import planted
from tests.harness.planted import plant


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path))
    return tmp_path / "verify"


@pytest.fixture
def file(results: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle of a planted fault."""
    plant(monkeypatch, "duel", planted.WrongHealth)
    options = ["--env", "duel", "--level", "3", "--variant", "default", "--episodes", "4"]
    assert verify.main(options) == 1
    (path,) = (results / "failures").iterdir()
    return path


OPTIONS: list[tuple[list[str], str]] = [
    ([], "ENV is missing; accepted: pong"),
    (["--env", "pnog"], "unknown ENV 'pnog'; accepted: pong"),
    (["--env", "duel", "--level", "4"], "LEVEL is '4'; accepted: an integer from 1 to 3"),
    (["--env", "duel", "--level", "x"], "LEVEL is 'x'; accepted: an integer from 1 to 3"),
    (["--env", "duel", "--episodes", "0"], "EPISODES is '0'; accepted: an integer from 1"),
    (["--env", "duel", "--episodes", "1e3"], "EPISODES is '1e3'; accepted: an integer from 1"),
    (["--env", "duel", "--seed", "-1"], "SEED is '-1'; accepted: an integer from 0"),
    (["--env", "duel", "--seed", str(2**64)], "SEED is '18446744073709551616'; accepted"),
    (["--env", "duel", "--seed", ","], "SEED is ','; accepted: values separated by single commas"),
    (["--env", "duel", "--seed", "1,,2"], "SEED is '1,,2'; accepted: values separated"),
    (["--env", "duel", "--backends", "rust,"], "BACKENDS is 'rust,'; accepted: values separated"),
    (["--env", "duel", "--variant", ","], "VARIANT is ','; accepted: values separated"),
    (["--env", "duel", "--level", "1,"], "LEVEL is '1,'; accepted: values separated"),
    (["--env", "duel", "--variant", "x"], "duel has no variant 'x'; accepted: default, short"),
    (["--env", "duel", "--backends", "c"], "duel has no backend 'c'; accepted: rust, jax"),
    (["--env", "duel", "--shard", "3/2"], "SHARD is '3/2'; accepted: k/n"),
    (["--env", "duel", "--shard", "half"], "SHARD is 'half'; accepted: k/n"),
    (["--env", "duel", "--episodes", "3", "--shard", "1/4"], "accepted: k/n with n up to 3 here"),
]


@pytest.mark.parametrize(("options", "message"), OPTIONS)
def test_options(options: list[str], message: str, results: Path) -> None:
    with pytest.raises(UserError) as error:
        verify.main(options)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_exit_status_2_and_one_line(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--env", "pnog"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("harness verify: unknown ENV 'pnog'; accepted: pong")


def test_empty_values_are_defaults(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, "duel")
    names = ("--episodes", "--seed", "--backends", "--shard", "--export-traces")
    empty = [text for name in names for text in (name, "")]
    assert verify.main(["--env", "duel", "--level", "3", "--variant", "short", *empty]) == 0
    (row,) = json.loads((results / "duel.json").read_text())["rollouts"]
    assert (row["episodes"], row["seed"], row["shard"]) == (100, 0, "1/1")


def test_an_unwritable_results_folder_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path / "file"))
    plant(monkeypatch, "duel")
    with pytest.raises(UserError, match=r"cannot write to .*SAMESTEP_RESULTS"):
        verify.main(["--env", "duel", "--level", "3"])


def test_a_damaged_record_is_replaced(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, "duel")
    results.mkdir()
    (results / "duel.json").write_text('{"hash": "12')
    options = ["--env", "duel", "--level", "3", "--variant", "short", "--episodes", "2"]
    assert verify.main(options) == 0
    assert json.loads((results / "duel.json").read_text())["ok"] is True


def test_publishing_needs_a_proof(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, "duel", planted.WrongHealth)
    with pytest.raises(UserError, match="is no proof of the current sources"):
        verify.main(["--env", "duel", "--level", "3", "--episodes", "4", "--publish"])


Change = Callable[[dict[str, Any]], Any]

DAMAGES: list[tuple[Change, str]] = [
    (lambda data: data.pop("actions"), "has no 'actions'; accepted: a file that verify wrote"),
    (lambda data: data.update(format="x"), "is not in the format 'samestep failure 2'"),
    (lambda data: data.update(env="x"), "unknown ENV 'x'; accepted"),
    (lambda data: data.update(version=9), "recorded with duel version 9"),
    (lambda data: data.update(layout=1), "layout 0x00000001; accepted: version 1"),
    (lambda data: data.update(backend="c"), "duel has no implementation 'c'; accepted"),
    (lambda data: data.update(params={"x": 1}), "duel has no parameter 'x'"),
    (lambda data: data.update(actions=[[[0, 7]]]), "action (0, 0, 1) is 7; accepted"),
    (lambda data: data.update(actions=[[0]]), "actions are (1, 1); duel takes (1, 1, 2)"),
    (lambda data: data["start"].update(rows=["00"]), "a state row has 1 bytes; duel has 59"),
    (lambda data: data["start"].update(rows=["zz"]), "is damaged"),
    (lambda data: data["start"].update(rows=["00" * 59]), "state row 0 has layout 0x00000000"),
    (lambda data: data["start"].update(rows=[]), "0 state rows for 1 instances"),
    (lambda data: data.pop("difference"), "has no 'difference'"),
]


@pytest.mark.parametrize(("damage", "message"), DAMAGES)
def test_damaged_bundles(damage: Change, message: str, file: Path) -> None:
    data = json.loads(file.read_text())
    damage(data)
    file.write_text(json.dumps(data))
    with pytest.raises(UserError) as error:
        replay.main([str(file)])
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("size", [0, 1, 100])
def test_a_cut_off_bundle(size: int, file: Path) -> None:
    file.write_text(file.read_text()[:size])
    with pytest.raises(UserError, match="is cut off or not JSON; accepted: a file that verify"):
        replay.main([str(file)])


def test_a_state_that_cannot_exist(file: Path) -> None:
    data = json.loads(file.read_text())
    row = bytearray.fromhex(data["start"]["rows"][0])
    row[24] = 200  # the first player's leader
    data["start"]["rows"] = [row.hex()]
    file.write_text(json.dumps(data))
    with pytest.raises(UserError, match="is damaged: leader is"):
        replay.main([str(file)])


def test_a_missing_bundle(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*nothing\.json: No such file"):
        replay.main([str(tmp_path / "nothing.json")])
