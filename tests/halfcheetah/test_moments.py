"""What the Rust crate's tests read is what MuJoCo computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.verifying.errors import relative_error
from references.halfcheetah.model import CONSTANTS
from references.halfcheetah.moments import DTYPE, moments, sample

pytestmark = pytest.mark.l1

FILE = Path(__file__).parents[2] / "backends/rust/envs/halfcheetah/tests/data/moments.bin"
GIVEN = ("qpos", "qvel", "qacc_warmstart", "ctrl")


@pytest.fixture(scope="module")
def committed() -> np.ndarray:
    return np.frombuffer(FILE.read_bytes(), DTYPE)


def test_the_committed_moments_are_mujocos(committed: np.ndarray) -> None:
    """From the states in the file: how they were met is another test's concern."""
    found = moments(committed)
    for name in DTYPE.names or ():
        if name != "iterations":
            assert relative_error(found[name], committed[name]).max() < 1e-9, name
    assert (found["iterations"] == committed["iterations"]).all()


def test_the_committed_states_are_those_that_are_drawn(committed: np.ndarray) -> None:
    """But for what another machine's MuJoCo makes of an episode, which chaos magnifies."""
    drawn = sample()
    assert drawn.shape == committed.shape
    same = [
        relative_error(drawn[name], committed[name]).reshape(len(drawn), -1).max(1) < 1e-6
        for name in GIVEN
    ]
    assert np.all(same, axis=0).mean() > 0.5


def test_everything_happens_in_them(committed: np.ndarray) -> None:
    """Every end touches, every limit is exceeded both ways, the solver does little and much."""
    assert ((committed["distance"] < 0).sum(0) >= 3).all()
    exceeded = committed["limit_weight"] > 0
    legs = committed["qpos"][:, 3:]
    middle = np.add(CONSTANTS["JOINT_LOW"], CONSTANTS["JOINT_HIGH"]) / 2
    for side in (legs < middle, legs > middle):
        assert ((exceeded & side).sum(0) >= 5).all()
    steps = committed["iterations"]
    assert (steps == 0).any() and (steps == 1).any() and (steps >= 4).any()


def test_a_mass_matrix_is_symmetric_and_positive_definite(committed: np.ndarray) -> None:
    mass = committed["mass"]
    assert np.abs(mass - mass.transpose(0, 2, 1)).max() < 1e-12
    assert np.linalg.eigvalsh(mass).min() > 0.05
