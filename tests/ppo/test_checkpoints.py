"""Checkpoints: refused when a bit differs; a killed run ends as one that was not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from harness.errors import UserError
from ppo.checkpoints import in_folder, leaves_of, load_policy, read
from ppo.ppo import Args
from ppo.runs import folder_of
from ppo.train import train

ROOT = Path(__file__).resolve().parents[2]
SMALL = Args(
    env="pong",
    params={"frame_skip": 8},
    steps=160 * 64,
    num_envs=16,
    num_steps=4,
    num_minibatches=2,
    update_epochs=1,
    width=8,
    eval_episodes=0,
)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path))
    return tmp_path


def silent(line: str) -> None:
    pass


def parameters(folder: Path) -> list[np.ndarray]:
    learned = load_policy(folder / "policy.ckpt").learned
    return [np.asarray(leaf) for leaf in leaves_of(learned).values()]


def same(left: list[np.ndarray], right: list[np.ndarray]) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("backend", ["rust", "reference"])
def test_a_killed_run_ends_as_one_that_was_not(
    results: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    args = Args(**{**vars(SMALL), "backend": backend})
    train(args, say=silent)
    whole = parameters(folder_of(args))
    monkeypatch.setenv("SAMESTEP_RESULTS", str(results / "killed"))
    folder = folder_of(args)
    killed = kill_at_random(folder, backend)
    last = in_folder(folder)[-1]
    assert killed, "it ended before it was killed"
    train(args, resume="1", say=silent)
    assert same(parameters(folder), whole)
    updates = [line for line in (folder / "progress.jsonl").read_text().splitlines()]
    assert len(updates) == len(set(updates)) == 160
    assert last.name > "checkpoint-00000000.ckpt"


def kill_at_random(folder: Path, backend: str) -> bool:
    """SIGKILL a run some time after its first checkpoint; whether it was still running."""
    words = [sys.executable, "-c", CHILD, backend]
    with subprocess.Popen(words, cwd=ROOT) as child:
        while not in_folder(folder) and child.poll() is None:
            time.sleep(0.01)
        time.sleep(random.random() * 0.3)
        running = child.poll() is None
        child.send_signal(signal.SIGKILL)
        child.wait()
    return running


CHILD = """
import sys, time
from tests.ppo.test_checkpoints import SMALL, Args, train
import ppo.train
slow = ppo.train._updates
from ppo.loops import FusedLoop, HostLoop
for loop in (FusedLoop, HostLoop):
    def update(self, number, plain=loop.update):
        time.sleep(0.01)  # so that there is time to kill it
        return plain(self, number)
    loop.update = update
train(Args(**{**vars(SMALL), "backend": sys.argv[1]}))
"""


def test_a_damaged_checkpoint_is_refused_and_the_one_before_is_named(results: Path) -> None:
    train(SMALL, say=silent)
    before, newest = in_folder(folder_of(SMALL))
    content = newest.read_bytes()
    rng = random.Random(0)
    for place in [0, 30, 70, len(content) - 1, *rng.sample(range(len(content)), 20)]:
        flipped = bytearray(content)
        flipped[place] ^= 1 << rng.randrange(8)
        newest.write_bytes(flipped)
        with pytest.raises(UserError, match=r"checkpoint.*; accepted: a whole checkpoint") as error:
            train(SMALL, resume="1", say=silent)
        assert str(error.value).endswith(f"or the one before it: RESUME={before}")
        assert "\n" not in str(error.value)
    for length in (0, 10, 40, 60, len(content) // 2, len(content) - 1):
        newest.write_bytes(content[:length])
        with pytest.raises(UserError, match="cut off"):
            read(newest)
    assert read(before)[0]["update"] == 144
    train(SMALL, resume=str(before), say=silent)


def test_another_configuration_is_refused(results: Path) -> None:
    few = Args(**{**vars(SMALL), "steps": 10 * 64})
    train(few, say=silent)
    other = Args(**{**vars(few), "learning_rate": 1.0})
    with pytest.raises(UserError, match=r"with learning_rate 0.0003, not 1.0; accepted: the same"):
        train(other, resume="1", say=silent)
    with pytest.raises(UserError, match="unfinished run goes on from; accepted: a policy"):
        load_policy(in_folder(folder_of(few))[-1])


def test_a_missing_checkpoint_is_named(results: Path) -> None:
    with pytest.raises(UserError, match="has no checkpoint; accepted: a run that was begun"):
        train(SMALL, resume="1", say=silent)
    with pytest.raises(UserError, match="cannot read /nowhere: No such file"):
        train(SMALL, resume="/nowhere", say=silent)
    policy = results / "other"
    policy.write_bytes(b"hello")
    with pytest.raises(UserError, match="is no checkpoint of this version, or cut off"):
        load_policy(policy)


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path / "file"))
    with pytest.raises(UserError, match=r"cannot write .*; accepted: a results folder"):
        train(SMALL, say=silent)


def test_two_runs_do_not_write_one_folder(results: Path) -> None:
    from ppo.runs import Run

    held = Run(SMALL, 0, 0)
    with pytest.raises(UserError, match="another run writes"):
        Run(SMALL, 0, 0)
    held.close()
    Run(SMALL, 0, 0).close()
    assert os.path.exists(folder_of(SMALL) / "config.json")
