"""The reference against Gymnasium's own HalfCheetah-v5, run for real, and what STATE must carry."""

from __future__ import annotations

import dataclasses
from typing import Any

import gymnasium
import numpy as np
import pytest

from harness.oracles import halfcheetah as oracle
from references.halfcheetah.rounded import Rounded
from references.halfcheetah.rules import HalfCheetah, HalfCheetahState, reset_noise
from references.halfcheetah.states import draw, random_actions
from references.threefry import env_key, root_key
from tests.harness import cheetah

OPTIONS = {
    "forward_reward_weight": 2.0,
    "ctrl_cost_weight": 0.3,
    "frame_skip": 2,
    "exclude_current_positions_from_observation": False,
}
KEY = (1, 2)


def states(kind: str, count: int = 30) -> list[tuple[HalfCheetahState, np.ndarray]]:
    """Injected states, and an action for each."""
    found = draw(kind, count, 3, 0)
    fields = zip(found.qpos, found.qvel, found.qacc_warmstart, strict=True)
    made = [HalfCheetahState(KEY, 5, *each) for each in fields]
    return list(zip(made, found.actions, strict=True))


def assert_same(a: HalfCheetahState, b: HalfCheetahState) -> None:
    for name in ("qpos", "qvel", "qacc_warmstart"):
        assert getattr(a, name).tobytes() == getattr(b, name).tobytes(), name


@pytest.mark.l2
@pytest.mark.parametrize(
    "params", [{}, {"double_precision": True}, {**OPTIONS, "double_precision": True}]
)
def test_equals_gymnasium_over_whole_episodes(params: dict[str, Any]) -> None:
    """STATE is put in once; all that decides the next 1,000 steps is in it."""
    found = oracle.run(2, 7, params)
    assert found["first_difference"] is None
    assert (found["episodes"], found["steps"], found["differences"]) == (2, 2000, 0)


@pytest.mark.l2
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (cheetah.WrongDamping, "qpos"),
        (cheetah.StaleWarmStart, "qacc_warmstart"),
        (Rounded, "qpos"),
    ],
)
def test_the_oracle_finds_mistakes(wrong: type[HalfCheetah], field: str) -> None:
    found = oracle.run(1, 7, {}, reference=wrong)
    assert found["differences"] == 1
    first = found["first_difference"]
    assert (first["episode"], first["step"], first["field"]) == (0, 1, field)


@pytest.mark.l2
def test_the_warm_start_decides_the_future() -> None:
    """Steps from states that differ in it alone come out differently: it belongs to STATE."""
    reference = HalfCheetah()
    differs = 0
    for state, action in states("play"):
        other = dataclasses.replace(state, qacc_warmstart=np.zeros(9))
        want, got = reference.step(state, action)[0], reference.step(other, action)[0]
        differs += bool((want.qpos != got.qpos).any())
    assert differs > 0


@pytest.mark.l1
def test_a_step_hangs_on_its_state_and_action_alone() -> None:
    """Not on what MuJoCo stepped before; and it leaves its argument as it was."""
    reference, fresh = HalfCheetah(), HalfCheetah()
    for state, action in states("extreme"):
        kept = dataclasses.replace(
            state,
            qpos=state.qpos.copy(),
            qvel=state.qvel.copy(),
            qacc_warmstart=state.qacc_warmstart.copy(),
        )
        after, step = reference.step(state, action)
        again, same = fresh.step(kept, action)
        assert_same(after, again)
        assert step.obs.tobytes() == same.obs.tobytes() and step.reward == same.reward
        assert_same(state, kept)
        fresh = HalfCheetah()


@pytest.mark.l1
def test_a_single_precision_action_costs_the_same_within_its_rounding() -> None:
    """Gymnasium squares and sums an f32 action in f32; the reference does in f64."""
    upstream: Any = gymnasium.make("HalfCheetah-v5")
    upstream.reset(seed=0)
    reference = HalfCheetah(double_precision=True)
    data = upstream.unwrapped.data
    for action in random_actions(np.random.default_rng(4), (200,)):
        names = ("qpos", "qvel", "qacc_warmstart")
        state = HalfCheetahState(KEY, 0, *(getattr(data, name).copy() for name in names))
        _, reward, *_ = upstream.step(action)
        _, step = reference.step(state, action)
        assert abs(float(reward) - float(step.reward)) < 6 * 2**-24


@pytest.mark.l1
def test_reset_noise() -> None:
    """Positions are uniform within the scale, velocities normal with it; all differ."""
    keys = [env_key(root_key(0), index, 0) for index in range(1000)]
    position, velocity = (
        np.stack(part) for part in zip(*(reset_noise(key, 0.1) for key in keys), strict=True)
    )
    assert (np.abs(position) <= 0.1).all()
    # Six standard errors of 1,000 draws: of a uniform's mean and variance, and of a normal's.
    assert (np.abs(position.mean(0)) < 6 * 0.1 / np.sqrt(3e3)).all()
    assert (np.abs(position.var(0) / (0.01 / 3) - 1) < 6 * np.sqrt(0.8 / 1e3)).all()
    assert (np.abs(velocity.mean(0)) < 6 * 0.1 / np.sqrt(1e3)).all()
    assert (np.abs(velocity.var(0) / 0.01 - 1) < 6 * np.sqrt(2 / 1e3)).all()
    together = np.concatenate([position, velocity], axis=1)
    correlation = np.corrcoef(together.T) - np.eye(18)
    assert np.abs(correlation).max() < 6 / np.sqrt(1e3)


@pytest.mark.l1
@pytest.mark.parametrize("exclude", [True, False])
def test_observations_are_positions_and_velocities(exclude: bool) -> None:
    reference = HalfCheetah(
        exclude_current_positions_from_observation=exclude, double_precision=True
    )
    for kind in ("reset", "gait", "extreme"):
        for state, action in states(kind, 5):
            after, step = reference.step(state, action)
            expected = np.concatenate([after.qpos[int(exclude) :], after.qvel])
            assert step.obs.tobytes() == expected.tobytes()
            assert after.t == state.t + 1 and not step.terminated and not step.truncated


@pytest.mark.l1
def test_a_state_that_is_not_finite_is_refused() -> None:
    reference = HalfCheetah()
    fields = {name: np.zeros(9) for name in ("qpos", "qvel", "qacc_warmstart")}
    fields["qvel"][4] = np.nan
    with pytest.raises(ValueError, match="qvel is nan; it must be finite"):
        reference.import_fields(fields, KEY, 0)


@pytest.mark.l1
def test_rounding_is_to_single_precision_after_every_substep() -> None:
    """Of one substep it is the reference's, rounded; of five it is not."""
    one, rounded = HalfCheetah(frame_skip=1), Rounded(frame_skip=1)
    five, rounded_five = HalfCheetah(), Rounded()
    differs = 0
    for state, action in states("play"):
        want, got = one.step(state, action)[0], rounded.step(state, action)[0]
        for name in ("qpos", "qvel", "qacc_warmstart"):
            assert (getattr(got, name) == getattr(want, name).astype(np.float32)).all()
        want, got = five.step(state, action)[0], rounded_five.step(state, action)[0]
        differs += bool((got.qpos != want.qpos.astype(np.float32)).any())
    assert differs > 0
