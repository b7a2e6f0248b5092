"""The injected states: single precision, always the same, and as their classes say."""

from __future__ import annotations

import numpy as np
import pytest

from references.halfcheetah import search_gait, states
from references.halfcheetah.gait import AMPLITUDE, FREQUENCY, OFFSET, PHASE
from references.halfcheetah.model import CONSTANTS
from references.halfcheetah.rules import HalfCheetah
from references.halfcheetah.states import CLASSES, Injected, draw

pytestmark = pytest.mark.l1


@pytest.mark.parametrize("kind", CLASSES)
def test_they_are_representable_in_single_precision(kind: str) -> None:
    found = draw(kind, 60, 0, 3)
    for array in (found.qpos, found.qvel, found.qacc_warmstart):
        assert array.shape == (60, 9) and array.dtype == np.float64
        assert (array == array.astype(np.float32)).all() and np.isfinite(array).all()
    assert found.actions.dtype == np.float32 and found.actions.shape == (60, 6)
    assert (np.abs(found.actions) <= 1).all()


@pytest.mark.parametrize("kind", CLASSES)
def test_they_depend_on_seed_and_number_alone(kind: str) -> None:
    first = draw(kind, 20, 1, 2)
    draw("play", 20, 9, 9)
    for name in Injected._fields:
        assert np.array_equal(getattr(first, name), getattr(draw(kind, 20, 1, 2), name))
    for seed, number in ((1, 3), (2, 2)):
        assert not np.array_equal(first.qpos, draw(kind, 20, seed, number).qpos)


@pytest.mark.parametrize("kind", ["play", "gait"])
def test_whole_episodes_are_sampled(kind: str) -> None:
    found = draw(kind, 300, 0, 0)
    assert found.t.min() < 50 and found.t.max() > 950
    assert found.qacc_warmstart[found.t > 0].any(axis=1).all()


def test_a_reset_is_at_rest_but_for_its_noise() -> None:
    found = draw("reset", 50, 0, 0)
    assert not found.t.any() and not found.qacc_warmstart.any()
    assert (np.abs(found.qpos) <= np.float32(0.1)).all() and np.abs(found.qvel).max() > 0.1


def test_the_gait_runs() -> None:
    """More than 2 m/s over every one of five whole episodes, on its feet."""
    cheetah = HalfCheetah()
    genes = np.array([*AMPLITUDE, *PHASE, *OFFSET, FREQUENCY])
    rng = np.random.default_rng(0)
    assert min(search_gait.speed(cheetah, genes, 1000, rng) for _ in range(5)) > 2
    found = draw("gait", 300, 0, 0)
    assert found.qvel[:, 0].mean() > 2 and (np.abs(found.qpos[:, 2]) < states.FALLEN).all()


def test_extremes_are_extreme() -> None:
    """Each of what their description names, often enough to be met in 10,000."""
    found = draw("extreme", 2000, 0, 0)
    low, high = (np.array(CONSTANTS[name], np.float32) for name in ("JOINT_LOW", "JOINT_HIGH"))
    legs = found.qpos[:, 3:]
    shares = {
        "upside down": np.abs(found.qpos[:, 2]) > 2,
        "folded beyond limits": ((legs < low) | (legs > high)).sum(1) >= 4,
        "exactly at a limit": ((legs == low) | (legs == high)).any(1),
        "deep in the floor": found.qpos[:, 1] < -0.7,
        "fast": np.abs(found.qvel).max(1) > 40,
        "a large warm start": np.abs(found.qacc_warmstart).max(1) > 1e4,
        "far forwards": found.qpos[:, 0] == 1000,
        "far backwards": found.qpos[:, 0] == -1000,
        "full actions": (np.abs(found.actions) == 1).all(1),
    }
    for name, happened in shares.items():
        assert 0.05 < happened.mean() < 0.95, name
