"""PufferLib's trainer over the adapter."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from tests.examples.run import complaint, last_line, start
from tools import fetch_trainers

pytest.importorskip("samestep_rust")
for package in ("torch", "pyro", "rich_argparse"):
    pytest.importorskip(
        package, reason=f"{package} is not installed; `make setup-trainers` does it"
    )


@pytest.fixture(scope="module")
def pufferlib() -> Path:
    """The folder with PufferLib's trainer in it."""
    if not fetch_trainers.is_there("pufferlib"):
        pytest.skip("PufferLib's trainer is not built; `python -m tools.fetch_trainers` does it")
    return fetch_trainers.folder()


def test_it_trains(pufferlib: Path, tmp_path: Path) -> None:
    done = start("pufferlib_train", "--steps=200000", folder=tmp_path, path=(pufferlib,))
    line = last_line(done)
    found = re.search(r"200,704 steps .* return (\S+) at first, (\S+) at last", line)
    assert found, line  # 49 updates of 128 environments and 32 steps
    first, last = float(found[1]), float(found[2])
    assert math.isfinite(first)
    assert -21 <= first < last
    # Its policy was saved where it was told to, and importing it left nothing behind.
    assert list(tmp_path.glob("results/pufferlib/*/model_*.pt"))
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_bad_input_is_one_line(pufferlib: Path, tmp_path: Path) -> None:
    done = start("pufferlib_train", "--env=pnog", folder=tmp_path, path=(pufferlib,))
    assert re.match("pufferlib_train: unknown environment 'pnog'; accepted:", complaint(done))


def test_without_pufferlib_it_says_what_it_needs(tmp_path: Path) -> None:
    line = complaint(start("pufferlib_train", folder=tmp_path))
    assert line == (
        "pufferlib_train: pufferlib is not installed; accepted: 3.0.0, built as in docs/trainers.md"
    )
