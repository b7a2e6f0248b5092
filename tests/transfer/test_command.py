"""The command: verdicts, records, exit status, and wrong input."""

from __future__ import annotations

import json
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import implementations, registry
from harness.benching.records import ROOT
from harness.impl_rust import RustBatch
from harness.registry import Entry
from references.batch import BatchStep
from tests.transfer import target
from tests.transfer.target import checkpoint, plant
from transfer import command, playing, policies, record
from transfer.__main__ import run

SHORT = {"frame_skip": 8, "max_episode_steps": 10}
FIELDS = {
    *("policy", "a", "b", "episodes", "mean_a", "mean_b", "mean_difference", "sd_difference"),
    *("equal", "margin", "p_tost", "ci90", "verdict"),
}


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path / "results"))
    monkeypatch.setattr(policies, "SHIPPED", tmp_path / "shipped")
    monkeypatch.setattr(playing, "MOST_PROCESSES", 1)  # others know nothing of what is planted
    return tmp_path / "results"


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A folder of shipped policies."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    return folder


def transfer(*arguments: str) -> int:
    return run([*arguments])


def read(results: Path, env: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((results / "transfer" / f"{env}.json").read_text())
    return data


class Tampered(RustBatch):
    """Rust's, with one reward of one instance a rounding error off."""

    def __init__(self, entry: Entry, *arguments: Any) -> None:
        super().__init__(entry, *arguments)
        self.steps = 0

    def step(self, actions: np.ndarray) -> BatchStep:
        out = super().step(actions)
        self.steps += 1
        if self.steps % SHORT["max_episode_steps"] == 7:
            out.reward[1] += np.float32(1e-6)
        return out


def test_pong_is_equal_on_all(shipped: Path, results: Path) -> None:
    for backend in ("rust", "reference"):
        checkpoint(shipped, "pong", params=SHORT, backend=backend)
    assert transfer("--env", "pong", "--episodes", "3") == 0
    data = read(results, "pong")
    assert (data["exact"], data["margin"], data["margin_share"]) == (True, None, None)
    assert data["actions"] == "drawn"
    assert (data["episodes"], data["seed"], data["retrained"]) == (3, 0, None)
    assert {"commit", "dirty", "time", "fingerprint"} < set(data)
    assert np.isfinite(data["random"]["mean"])
    assert [each["name"] for each in data["policies"]] == ["reference-s0", "rust-s0"]
    assert {(each["trained_on"], each["steps"]) for each in data["policies"]} == {
        ("reference", 7),
        ("rust", 7),
    }
    pairs = data["pairs"]
    assert all(set(pair) == FIELDS for pair in pairs)
    compared = [pair for pair in pairs if pair["a"] != pair["b"]]
    impls = ("reference", "rust", "jax")
    assert {(pair["policy"], pair["a"], pair["b"]) for pair in compared} == {
        (name, a, b) for name in data["returns"] for a in impls for b in impls if a != b
    }
    assert {(pair["verdict"], pair["equal"]) for pair in compared} == {("equal", 3)}
    floors = [pair for pair in pairs if pair["a"] == pair["b"]]
    assert [pair["verdict"] for pair in floors] == ["noise floor"] * 2
    for each in data["returns"].values():
        assert each["reference"] == each["rust"] == each["jax"]
        assert len(set(each["rust"])) > 1  # not all episodes are one
    assert ElementTree.parse(results / "transfer" / "pong.svg").getroot().tag.endswith("svg")


def test_one_wrong_reward_is_reported(
    shipped: Path,
    results: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    where = implementations.Implementation("tests.transfer.test_command:Tampered", threads=True)
    monkeypatch.setitem(implementations.IMPLEMENTATIONS, "rust", where)
    checkpoint(shipped, "pong", params=SHORT)
    assert transfer("--env", "pong", "--episodes", "3", "--backends", "rust") == 1
    one, other, floor = read(results, "pong")["pairs"]
    assert (one["verdict"], one["equal"]) == (other["verdict"], other["equal"]) == ("differs", 2)
    assert floor["verdict"] == "noise floor"
    told = "pong: 2 of 3 pairs failed, first rust-s0 on reference and rust: differs"
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rules", "verdict", "status"),
    [
        (target.Rounding, "equivalent", 0),
        (target.Generous, "not shown", 1),
        (target.Nameless, "not shown", 1),
    ],
)
def test_inexact_environments_are_tested_by_pairs(
    rules: type[target.Target],
    verdict: str,
    status: int,
    shipped: Path,
    results: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch, rules)
    checkpoint(shipped)
    options = ("--env", "target", "--episodes", "30", "--actions", "drawn")
    assert transfer(*options) == status
    data = read(results, "target")
    forth, back, floor = data["pairs"]
    assert (forth["verdict"], back["verdict"]) == (verdict, verdict)
    # Four steps of about 0.95, and of about 1/3 less for drawn actions.
    margin = data["margin"]
    assert data["margin_share"] == target.SPEC.transfer_margin
    assert margin == forth["margin"] == data["policies"][0]["margin"]
    trained = floor["mean_b"]
    assert margin == pytest.approx(0.1 * (trained - data["random"]["mean"]), rel=1e-12)
    assert 0.1 < margin < 0.16
    if rules is target.Rounding:
        assert forth["p_tost"] < 1e-6
        assert forth["mean_difference"] == -back["mean_difference"] != 0
        assert forth["ci90"][0] < forth["mean_difference"] < forth["ci90"][1]
    if rules is target.Nameless:
        assert data["returns"]["rust-s0"]["approx"][0] is None


def test_the_margin_is_of_the_episodes_of_another_seed(
    shipped: Path, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, target.Rounding)
    checkpoint(shipped)
    assert transfer("--env", "target", "--episodes", "10") == 0
    data = read(results, "target")
    floor = data["pairs"][-1]
    assert floor["mean_a"] == pytest.approx(np.mean(data["returns"]["rust-s0"]["reference"]))
    assert floor["mean_b"] != floor["mean_a"]


@pytest.mark.parametrize("actions", ["", "greedy", "drawn"])
def test_actions_are_greedy_where_returns_are_tested(
    actions: str, shipped: Path, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, target.Rounding)
    checkpoint(shipped)
    assert transfer("--env", "target", "--episodes", "5", "--actions", actions) == 0
    data = read(results, "target")
    assert data["actions"] == (actions or "greedy")
    # Nothing but noise moves this policy, so without it both have the reference's action 0.
    returns = data["returns"]["rust-s0"]
    apart = np.abs(np.subtract(returns["reference"], returns["approx"]))
    assert (apart.max() < 1e-5) == (actions != "drawn")


def test_retrained_is_carried_over_and_published(
    shipped: Path, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, target.Rounding)
    monkeypatch.setattr(command, "PAIRED_EPISODES", 10)
    path = checkpoint(shipped)
    known = {
        "retrained": {"approx": {"means": [1.0], "interval": None, "seeds": [0], "steps": 5}},
        "retrained_differences": [],
        "retrained_origin": {"time": "2026-01-01"},
    }
    (results / "published").mkdir(parents=True)
    (results / "published" / "transfer-target.json").write_text(json.dumps(known))
    assert transfer("--env", "target", "--publish") == 0
    assert {name: read(results, "target")[name] for name in record.CARRIED} == known
    published = json.loads((results / "published" / "transfer-target.json").read_text())
    assert published["episodes"] == 10
    assert published["policies"][0]["checkpoint"] == path.name
    assert (results / "published" / "transfer-target.svg").stat().st_size > 1000


def test_what_failed_is_not_published(
    shipped: Path, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, target.Generous)
    monkeypatch.setattr(command, "PAIRED_EPISODES", 10)
    checkpoint(shipped)
    assert transfer("--env", "target", "--publish") == 1
    assert not (results / "published").exists()


def test_retraining_makes_policies_and_ships_them(
    tmp_path: Path, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is trained is Rust's Pong; the reference is known to train, and is slow."""
    monkeypatch.setattr(command, "EXACT_EPISODES", 2)
    monkeypatch.setattr(command, "distinct", lambda entry: ("rust",))
    trained: list[tuple[str, int, int]] = []

    def train(args: Any, say: Any) -> None:
        trained.append((args.backend, args.seed, args.steps))
        folder = results / "train" / f"pong-{args.backend}-s{args.seed}"
        folder.mkdir(parents=True)
        own = {"params": SHORT, "backend": args.backend, "seed": args.seed}
        checkpoint(folder, "pong", **own).rename(folder / "policy.ckpt")

    monkeypatch.setattr("transfer.retraining.train", train)
    options = ("--env", "pong", "--retrain", "--seeds", "2", "--steps", "99", "--publish")
    monkeypatch.setattr("transfer.retraining.EPISODES", 2)
    assert transfer(*options) == 0
    assert trained == [("rust", 0, 99), ("rust", 1, 99), ("reference", 0, 99), ("reference", 1, 99)]
    data = read(results, "pong")
    assert [each["name"] for each in data["policies"]] == ["rust-s0", "reference-s0"]
    assert {name: len(each["means"]) for name, each in data["retrained"].items()} == {
        "rust": 2,
        "reference": 2,
    }
    names = sorted(path.name for path in (tmp_path / "shipped").iterdir())
    assert names == ["pong-reference-s0.ckpt", "pong-rust-s0.ckpt"]


WRONG = [
    (["--env", "pnog"], "unknown ENV 'pnog'; accepted: pong"),
    (["--env", "halfcheetah"], "no checkpoints of halfcheetah in transfer/checkpoints; accepted: "),
    (["--env", "pong", "--episodes", "1"], "EPISODES is '1'; accepted: an integer from 2"),
    (["--env", "pong", "--episodes", "x"], "EPISODES is 'x'; accepted: an integer from 2"),
    (["--env", "pong", "--seed", "-1"], "SEED is '-1'; accepted: an integer from 0"),
    (["--env", "pong", "--backends", "rsut"], "pong has no backend 'rsut'; accepted: reference"),
    (["--env", "pong", "--backends", ","], "BACKENDS is ','; accepted: values separated"),
    (["--env", "pong", "--seeds", "3"], "SEEDS and STEPS are of policies made anew; accepted: "),
    (["--env", "pong", "--retrain", "--steps", "0"], "STEPS is '0'; accepted: an integer from 1"),
    (["--env", "pong", "--actions", "best"], "ACTIONS is 'best'; accepted: drawn or greedy"),
    (["--env", "pong", "--checkpoint", "/nowhere"], "cannot read /nowhere: No such file"),
    (["--checkpoint", "x.ckpt"], "CHECKPOINT is scored alone; accepted: with ENV"),
    (["--env", "pong", "--publish", "--episodes", "9"], "not published with this: 9 episodes"),
    (["--env", "pong", "--publish", "--backends", "jax"], "not published with this: without rust"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_input_is_one_line(
    arguments: list[str], message: str, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint(shipped, "pong", params=SHORT)
    assert transfer(*arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("transfer: ")
    assert message in line


def test_damaged_and_misplaced_checkpoints_are_one_line(
    shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = checkpoint(shipped, "pong", params=SHORT)
    damaged = tmp_path / "damaged.ckpt"
    content = bytearray(whole.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    cut = tmp_path / "cut.ckpt"
    cut.write_bytes(whole.read_bytes()[:1000])
    for path, message in (
        (damaged, "is damaged or cut off"),
        (cut, "is damaged or cut off"),
        (tmp_path / "none.ckpt", "No such file"),
    ):
        assert transfer("--env", "pong", "--checkpoint", str(path)) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line
    assert transfer("--env", "halfcheetah", "--checkpoint", str(whole)) == 2
    assert "was trained in pong; accepted: a policy of halfcheetah" in capsys.readouterr().err
    twice = shutil.copy(whole, tmp_path / "twice.ckpt")
    assert transfer("--env", "pong", "--checkpoint", f"{whole},{twice}") == 2
    assert "are both of rust-s0; accepted: one policy" in capsys.readouterr().err


def test_no_results_folder_is_refused_before_the_work(
    shipped: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    checkpoint(shipped, "pong", params=SHORT)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path / "file"))
    monkeypatch.setattr(command, "transfer", lambda *_: pytest.fail("work was begun"))
    assert transfer("--env", "pong") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot write to" in line
    assert "accepted: a writable folder" in line


def test_an_interrupt_is_one_line(
    shipped: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any) -> bool:
        raise KeyboardInterrupt

    checkpoint(shipped, "pong", params=SHORT)
    monkeypatch.setattr(command, "transfer", interrupted)
    assert transfer("--env", "pong") == 130
    assert capsys.readouterr().err == "\ninterrupted; what was written so far is kept\n"


def test_rules_are_scored_once() -> None:
    assert command.distinct(registry.get("pong")) == ("rust", "jax")


def test_make_passes_what_is_set() -> None:
    def recipe(*arguments: str) -> str:
        made = ["make", "--dry-run", "transfer", "PYTHON=python3", *arguments]
        shown = subprocess.run(made, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return shown[shown.index("-m transfer") :].replace("\\\n", "")

    assert recipe().split() == ["-m", "transfer"]
    given = ("ENV=pong", "EPISODES=7", "RETRAIN=1", "SEEDS=2", "STEPS=9", "PUBLISH=1")
    assert recipe(*given).split()[2:] == [
        *("--env='pong'", "--episodes='7'", "--retrain", "--seeds='2'", "--steps='9'", "--publish")
    ]
    others = ("BACKENDS=rust,jax", "CHECKPOINT=a.ckpt", "SEED=3", "RETRAIN=0", "PUBLISH=0")
    assert recipe(*others).split()[2:] == [
        *("--seed='3'", "--backends='rust,jax'", "--checkpoint='a.ckpt'")
    ]
