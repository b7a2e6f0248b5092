"""Stable-Baselines3's PPO over `make_vec`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.examples.run import complaint, last_line, start

pytest.importorskip("samestep_rust")
pytest.importorskip(
    "stable_baselines3", reason="stable-baselines3 is not installed; `make setup-trainers` does it"
)


def test_it_learns(tmp_path: Path) -> None:
    done = start("sb3_ppo", "--steps=200000", folder=tmp_path)
    line = last_line(done)
    found = re.search(r"pong, 200,704 steps .* return (\S+) untrained, (\S+) trained", line)
    assert found, line  # 49 updates of 128 environments and 32 steps
    untrained, trained = float(found[1]), float(found[2])
    assert -21 <= untrained < -18
    assert trained > untrained + 2
    assert "ep_rew_mean" in done.stdout


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    line = complaint(start("sb3_ppo", "--env=pnog", folder=tmp_path))
    assert re.match("sb3_ppo: unknown environment 'pnog'; accepted: .*pong", line)
