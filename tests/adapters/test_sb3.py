"""The adapter for Stable-Baselines3, beside its own DummyVecEnv over the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests.adapters.reference_env import ReferenceEnv

samestep_rust = pytest.importorskip("samestep_rust")
pytest.importorskip(
    "stable_baselines3", reason="stable-baselines3 is not installed; `make setup-trainers` does it"
)
from stable_baselines3 import A2C, PPO  # noqa: E402
from stable_baselines3.common.evaluation import evaluate_policy  # noqa: E402
from stable_baselines3.common.vec_env import (  # noqa: E402
    DummyVecEnv,
    VecCheckNan,
    VecEnv,
    VecFrameStack,
    VecMonitor,
    VecNormalize,
)

from samestep_rust.sb3 import SB3VecEnv  # noqa: E402

N = 4
PARAMS: dict[str, Any] = {"frame_skip": 8, "max_episode_steps": 60}


def make(num_envs: int = N, **arguments: Any) -> SB3VecEnv:
    return SB3VecEnv(samestep_rust.make_vec("pong", num_envs, **arguments))


def dummy(num_envs: int = N, **params: Any) -> DummyVecEnv:
    return DummyVecEnv([lambda i=i: ReferenceEnv(i, **params) for i in range(num_envs)])


@pytest.mark.parametrize("continuous", [False, True])
def test_everything_is_as_in_dummy_vec_env(continuous: bool) -> None:
    params = {**PARAMS, "continuous": continuous}
    ours, theirs = make(**params), dummy(**params)
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    assert ours.num_envs == theirs.num_envs
    ours.seed(5)
    theirs.seed(5)
    assert_array_equal(ours.reset(), theirs.reset())
    assert ours.reset_infos == theirs.reset_infos
    ours.action_space.seed(0)
    truncated = 0
    for _ in range(300):
        actions = np.stack([ours.action_space.sample() for _ in range(N)])
        mine, other = ours.step(actions), theirs.step(actions)
        for left, right in zip(mine[:3], other[:3], strict=True):
            assert left.dtype == right.dtype
            assert_array_equal(left, right)
        assert type(mine[3]) is type(other[3]) is list
        for left, right in zip(mine[3], other[3], strict=True):
            assert left.keys() == right.keys()
            assert left["TimeLimit.truncated"] is bool(right["TimeLimit.truncated"])
            truncated += left["TimeLimit.truncated"]
            if "terminal_observation" in left:
                assert_array_equal(left["terminal_observation"], right["terminal_observation"])
    assert truncated >= 4 * N


def test_an_episode_that_the_rules_end_is_not_truncated() -> None:
    envs = make(frame_skip=8)
    envs.seed(1)
    envs.reset()
    random = np.random.default_rng(0)
    ends = [
        info
        for _ in range(330)
        for info in envs.step(random.integers(0, 3, N))[3]
        if "terminal_observation" in info
    ]
    assert ends
    assert not any(info["TimeLimit.truncated"] for info in ends)


def test_vec_monitor_counts_whole_episodes() -> None:
    envs = VecMonitor(make(**PARAMS))
    envs.reset()
    returns = np.zeros(N)
    for _ in range(60):
        _, reward, done, infos = envs.step(np.ones(N, np.int64))
        returns += reward
    assert done.all()
    assert_allclose([info["episode"]["r"] for info in infos], returns, atol=1e-5)
    assert [info["episode"]["l"] for info in infos] == [60] * N


def test_vec_normalize_does_the_same_around_either() -> None:
    ours, theirs = VecNormalize(make(**PARAMS)), VecNormalize(dummy(**PARAMS))
    for envs in (ours, theirs):
        envs.seed(3)
    assert_allclose(ours.reset(), theirs.reset(), rtol=1e-6)
    for step in range(130):
        actions = np.full(N, step % 3)
        mine, other = ours.step(actions), theirs.step(actions)
        assert_allclose(mine[0], other[0], rtol=1e-6)
        assert_allclose(mine[1], other[1], rtol=1e-6)
        for left, right in zip(mine[3], other[3], strict=True):
            if "terminal_observation" in left:
                assert_allclose(left["terminal_observation"], right["terminal_observation"])


@pytest.mark.parametrize("wrap", [VecCheckNan, lambda envs: VecFrameStack(envs, 3)])
def test_other_wrappers(wrap: Any) -> None:
    envs = wrap(make(**PARAMS))
    envs.reset()
    for _ in range(70):
        obs, *_ = envs.step(np.ones(N, np.int64))
    assert envs.observation_space.contains(obs[0])


@pytest.mark.parametrize("continuous", [False, True])
def test_ppo_trains(continuous: bool) -> None:
    envs = VecMonitor(make(continuous=continuous, **PARAMS))
    model = PPO("MlpPolicy", envs, n_steps=80, batch_size=80, n_epochs=2, seed=0, device="cpu")
    before = [parameter.clone() for parameter in model.policy.parameters()]
    model.learn(640)
    after = list(model.policy.parameters())
    assert any(bool((old != new).any()) for old, new in zip(before, after, strict=True))
    assert model.num_timesteps == 640
    assert {episode["l"] for episode in model.ep_info_buffer} == {60}


def test_training_is_reproducible() -> None:
    def train() -> np.ndarray:
        model = A2C("MlpPolicy", make(**PARAMS), n_steps=16, seed=7, device="cpu")
        model.learn(256)
        return model.policy.action_net.weight.detach().numpy()

    assert_array_equal(train(), train())


def test_evaluate_policy() -> None:
    model = PPO("MlpPolicy", make(**PARAMS), device="cpu", seed=0)
    envs = VecMonitor(make(**PARAMS))
    returns, lengths = evaluate_policy(model, envs, 2 * N, return_episode_rewards=True)
    assert len(returns) == 2 * N
    assert set(lengths) == {60}


def test_seed_is_used_once_and_none_draws_one() -> None:
    envs = make()
    assert envs.seed(9) == [9] * N
    first = envs.reset()
    rows = envs.venv.export_state()
    envs.reset()
    assert (envs.venv.export_state() != rows).any()
    envs.seed(9)
    assert_array_equal(envs.reset(), first)
    assert_array_equal(envs.venv.export_state(), rows)
    (drawn,) = set(envs.seed())
    assert isinstance(drawn, int)


def test_attributes_and_methods() -> None:
    envs = make(render_mode="rgb_array")
    assert isinstance(envs, VecEnv)
    envs.reset()
    assert envs.get_attr("render_mode") == ["rgb_array"] * N
    assert envs.get_attr("name", indices=[0, 2]) == ["pong", "pong"]
    assert envs.get_attr("name", indices=1) == ["pong"]
    assert not envs.has_attr("nonsense")
    assert envs.env_is_wrapped(VecMonitor) == [False] * N
    assert envs.has_attr("action_masks")
    assert_array_equal(np.stack(envs.env_method("action_masks")), np.ones((N, 3), np.bool_))
    (frame,) = envs.env_method("render", indices=[1])
    assert_array_equal(frame, envs.venv.render()[1])
    assert len(envs.get_images()) == N
    assert envs.render().shape == (2 * 640, 2 * 560, 3)
    assert not make(continuous=True).has_attr("action_masks")
    assert make().get_images() == [None] * N


def test_what_it_refuses() -> None:
    envs = make()
    cases: list[tuple[type[Exception], str, Any]] = [
        (
            TypeError,
            "venv is a list; accepted: what samestep_rust.make_vec returns",
            lambda: SB3VecEnv([]),  # type: ignore[arg-type]
        ),
        (
            AttributeError,
            "instances have no method 'step'; accepted: action_masks, render",
            lambda: envs.env_method("step", 1),
        ),
        (
            TypeError,
            "action_masks was given arguments; accepted: none",
            lambda: envs.env_method("action_masks", 1),
        ),
        (
            AttributeError,
            "frame_skip cannot be set; accepted: arguments of make_vec",
            lambda: envs.set_attr("frame_skip", 8),
        ),
        (
            AttributeError,
            "action_masks: continuous actions have none",
            lambda: make(continuous=True).env_method("action_masks"),
        ),
        (
            ValueError,
            "options are {'level': 3}; accepted: none",
            lambda: envs.set_options({"level": 3}),
        ),
        (
            ValueError,
            "seed is -1; accepted: None or an integer from 0 to 2**64 - 1",
            lambda: envs.seed(-1),
        ),
        (RuntimeError, "step_wait without step_async; call step", envs.step_wait),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind) as caught:
            call()
        assert str(caught.value) == message


def test_close() -> None:
    envs = make()
    envs.reset()
    envs.close()
    assert envs.venv.closed
    with pytest.raises(RuntimeError, match="closed"):
        envs.step(np.zeros(N, np.int64))
