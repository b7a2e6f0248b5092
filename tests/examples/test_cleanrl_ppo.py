"""CleanRL's ppo.py over `make_vec`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.baselines import Unavailable
from tests.examples.run import complaint, last_line, start
from tools import fetch_trainers

pytest.importorskip("samestep_rust")
for package in ("torch", "tensorboard"):
    pytest.importorskip(
        package, reason=f"{package} is not installed; `make setup-trainers` does it"
    )


@pytest.fixture(scope="module")
def cleanrl() -> Path:
    """The folder with CleanRL in it, fetched once."""
    if not fetch_trainers.is_there("cleanrl"):
        try:
            fetch_trainers.fetch_cleanrl()
        except Unavailable as reason:
            pytest.skip(f"CleanRL cannot be fetched: {reason}")
    return fetch_trainers.folder()


def outcome(line: str) -> tuple[int, float, float]:
    """Episodes, and the mean returns of the first and of the last."""
    found = re.search(r"(\d+) episodes; mean return (\S+) of the first tenth, (\S+) of", line)
    assert found, line
    return int(found[1]), float(found[2]), float(found[3])


def test_it_learns(cleanrl: Path, tmp_path: Path) -> None:
    done = start("cleanrl_ppo", "--steps=200000", folder=tmp_path, path=(cleanrl,))
    line = last_line(done)
    assert "cleanrl.ppo 1.2.0, 196,608 steps" in line  # 48 updates of 128 x 32
    episodes, first, last = outcome(line)
    assert episodes >= 200
    assert -21 <= first < -18
    assert last > first + 2
    # What the script itself printed and logged: the episodes came through to it.
    assert len(re.findall(r"^global_step=\d+, episodic_return=", done.stdout, re.MULTILINE)) >= 100
    assert list(tmp_path.glob("runs/pong__ppo__1__*/events.out.tfevents.*"))


def test_continuous_actions(cleanrl: Path, tmp_path: Path) -> None:
    options = ("--env=halfcheetah", "--steps=17000", "--num-envs=16", "--num-steps=1024")
    further = ("--update-epochs=1", "--num-minibatches=4")
    done = start("cleanrl_ppo", *options, *further, folder=tmp_path, path=(cleanrl,))
    line = last_line(done)
    assert "cleanrl.ppo_continuous_action 1.2.0, 16,384 steps" in line
    episodes, first, _ = outcome(line)
    assert episodes == 16  # of 1,000 steps each
    assert -1000 < first < 100


def test_what_it_refuses(cleanrl: Path, tmp_path: Path) -> None:
    line = complaint(start("cleanrl_ppo", "--env=pnog", folder=tmp_path, path=(cleanrl,)))
    assert re.match("cleanrl_ppo: unknown environment 'pnog'; accepted: .*pong", line)


def test_another_cleanrl_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "cleanrl-0.4.8.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: cleanrl\nVersion: 0.4.8\n")
    line = complaint(start("cleanrl_ppo", folder=tmp_path, path=(tmp_path,)))
    assert line == (
        "cleanrl_ppo: cleanrl is 0.4.8; accepted: "
        "pip install --no-deps --ignore-requires-python cleanrl==1.2.0"
    )
