"""Baselines as what a policy is trained over: what it sees, and where episodes end."""

from __future__ import annotations

import types
from typing import Any, NamedTuple

import numpy as np
import pytest

from harness import registry
from harness.baselines import BASELINES, Unavailable
from harness.errors import UserError

HOSTED = ("gymnasium", "envpool", "mujoco-rollout")
LIMIT = 4


def make(name: str, num_envs: int, params: dict[str, Any], env: str = "halfcheetah") -> Any:
    """What make_env has of a baseline, or a skip where it is not installed."""
    pytest.importorskip("jax")
    from ppo.envs import make_env

    try:
        return make_env(registry.get(env), name, num_envs, params)
    except Unavailable as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", HOSTED)
def test_a_truncated_episode_keeps_its_last_observation(name: str) -> None:
    env = make(name, 3, {"max_episode_steps": LIMIT})
    env.reset(0)
    actions = np.full((3, 6), 0.5, np.float32)
    before = np.zeros((3, 17), np.float32)
    for step in range(1, 3 * LIMIT + 1):
        out = env.step(actions)
        ends = step % LIMIT == 0
        assert out.truncated.tolist() == [ends] * 3
        assert not out.terminated.any()
        assert (out.seen.obs.dtype, out.seen.obs.shape) == (np.float32, (3, 17))
        assert out.seen.legal is None
        fresh = np.abs(out.seen.obs[:, :8]).max(-1) <= 0.1  # the noise of a new episode
        assert fresh.tolist() == [ends] * 3
        if ends:
            # It moved on from the step before, and was not reset.
            assert (np.abs(out.final_obs - before).max(-1) > 0.1).all()
            assert (np.abs(out.final_obs - out.seen.obs).max(-1) > 0.5).all()
        before = out.seen.obs.copy()
    env.close()


def test_envpool_resets_those_alone_that_have_ended() -> None:
    env = make("envpool", 3, {"max_episode_steps": LIMIT})
    env.reset(0)
    actions = np.zeros((3, 6), np.float32)
    env.step(actions)
    env.batch.envs.reset(np.array([1], np.int32))  # now one is a step behind
    ends = [env.step(actions).truncated.tolist() for _ in range(2 * LIMIT)]
    late, others = [False, True, False], [True, False, True]
    none = [False] * 3
    assert ends == [none, none, others, late, none, none, others, late]
    env.close()


@pytest.mark.parametrize("name", HOSTED)
def test_a_seed_gives_the_same_episode_again(name: str) -> None:
    env = make(name, 2, {})
    firsts = [env.reset(seed).obs.copy() for seed in (5, 5, 6)]
    assert np.array_equal(firsts[0], firsts[1])
    assert not np.array_equal(firsts[0], firsts[2])
    assert not np.array_equal(firsts[0][0], firsts[0][1])
    env.close()


@pytest.mark.parametrize("name", HOSTED)
def test_parameters_reach_it(name: str) -> None:
    """Costs of control alone, so the reward is known."""
    env = make(name, 2, {"forward_reward_weight": 0.0, "ctrl_cost_weight": 0.5})
    env.reset(0)
    out = env.step(np.full((2, 6), 0.5, np.float32))
    assert out.reward == pytest.approx([-0.5 * 6 * 0.25] * 2)
    env.close()


def test_puffers_games_are_what_its_buffers_hold() -> None:
    env = make("puffer", 5, {"frame_skip": 8}, "pong")
    seen = env.reset(3)
    assert seen.legal.shape == (5, 3)
    assert seen.legal.all()
    buffers = env.batch.buffers
    rng = np.random.default_rng(0)
    ended = np.zeros(5, np.bool_)
    for _ in range(1500):
        actions = rng.integers(0, 3, 5, dtype=np.int32)
        out = env.step(actions)
        assert np.array_equal(buffers.actions, actions)
        assert np.array_equal(out.seen.obs, buffers.obs)
        assert np.array_equal(out.reward, buffers.rewards)
        assert np.array_equal(out.terminated, buffers.terminals == 1)
        assert not out.truncated.any()
        ended |= out.terminated
    assert ended.any()
    kept = out.seen.obs.copy()
    env.step(actions)
    assert np.array_equal(out.seen.obs, kept)  # its own numbers, not the buffer's
    env.close()


def test_puffer_has_no_time_limit() -> None:
    with pytest.raises(UserError, match="puffer has no time limit; accepted: max_episode_steps 0"):
        make("puffer", 2, {"max_episode_steps": 9}, "pong")


@pytest.mark.parametrize("name", ["gymnasium", "mujoco-rollout"])
def test_a_run_over_a_baseline_keeps_no_state(name: str) -> None:
    env = make(name, 2, {})
    assert env.save() is None
    with pytest.raises(UserError, match="a baseline's state cannot be set; accepted: jax, rust"):
        env.load(np.zeros((2, 8), np.uint8))
    env.close()


class Data(NamedTuple):
    """What `_advance` uses of MJX's data."""

    qpos: Any
    qvel: Any
    ctrl: Any
    qacc_warmstart: Any

    def replace(self, **changed: Any) -> Data:
        return self._replace(**changed)


def test_mjx_tells_the_last_observation_and_begins_anew() -> None:
    jax = pytest.importorskip("jax")
    import jax.numpy as jnp

    from harness.baselines import mjx_env
    from harness.baselines.cheetah import Options

    options = Options(2.0, 0.5, 0.1, 5, True, 3)
    data = Data(jnp.zeros(9), jnp.zeros(9), jnp.zeros(6), jnp.ones(9))

    def moves(model: Any, data: Data) -> Data:
        return data.replace(qpos=data.qpos + 1, qvel=data.qvel + 2)

    state: Any = (data, jnp.int32(0), jax.random.key(0))
    for step in range(1, 4):
        args = (moves, None, options, 0.01, state, jnp.full(6, 0.5))
        plain_state, plain = mjx_env._step(*args)
        state, (obs, final, reward, truncated) = mjx_env._advance(*args)
        for mine, other in zip((obs, reward, truncated), plain, strict=True):
            assert np.array_equal(mine, other)
        assert np.array_equal(state[0].qpos, plain_state[0].qpos)
        assert bool(truncated) == (step == 3)
        assert np.array_equal(final, [5 * step] * 8 + [10 * step] * 9)
        assert float(reward) == pytest.approx(2.0 * 5 / 0.05 - 0.5 * 6 * 0.25)
        assert bool((np.abs(obs[:8]) <= 0.1).all()) == (step == 3)
    assert int(state[1]) == 0
    assert not np.asarray(state[0].qacc_warmstart).any()


@pytest.mark.parametrize("name", ["mjx", "brax-generalized"])
def test_peers_on_xla_can_be_traced_into_a_rollout(name: str) -> None:
    jax = pytest.importorskip("jax")
    for package in ("mujoco", {"mjx": "mujoco.mjx"}.get(name, "brax")):
        pytest.importorskip(package)
    from ppo.envs import FusedEnv, root_of

    env = make(name, 3, {})
    assert isinstance(env, FusedEnv)
    state, seen = jax.eval_shape(env.reset, root_of(1))
    after, out = jax.eval_shape(env.step, state, np.zeros((3, 6), np.float32))

    def shapes(tree: Any) -> Any:
        return jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree)

    assert shapes(after) == shapes(state)  # what a scan carries
    assert (seen.obs.shape, seen.obs.dtype) == ((3, 17), np.float32)
    assert shapes(out.seen) == shapes(seen)
    assert shapes(out.final_obs) == shapes(seen.obs)
    assert (out.reward.shape, out.reward.dtype) == ((3,), np.float32)
    assert (out.terminated.dtype, out.truncated.dtype) == (np.bool_, np.bool_)


def test_mjx_is_not_trained_over_in_double_precision() -> None:
    pytest.importorskip("mujoco.mjx")
    with pytest.raises(UserError, match="single precision; accepted: double_precision false"):
        make("mjx", 2, {"double_precision": True})


def test_brax_tells_a_cut_from_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("jax")
    from harness.baselines import brax_env

    given: dict[str, Any] = {}

    def fake(pipeline: str, limit: int, batch: int, **more: Any) -> Any:
        given.update(more, pipeline=pipeline, limit=limit, batch=batch)
        obs, reward = np.ones((2, 17), np.float32), np.zeros(2, np.float32)
        info = {"truncation": np.array([0.0, 1.0])}
        after = types.SimpleNamespace(obs=obs, reward=reward, done=np.ones(2), info=info)
        return types.SimpleNamespace(step=lambda state, actions: after)

    monkeypatch.setattr(brax_env, "_make", fake)
    env = make("brax-spring", 2, {"max_episode_steps": 7, "ctrl_cost_weight": 0.5})
    _, out = env.step(None, np.zeros((2, 6), np.float32))
    assert out.truncated.tolist() == [False, True]
    assert out.terminated.tolist() == [True, False]
    assert (given["pipeline"], given["limit"], given["batch"]) == ("spring", 7, 2)
    assert given["ctrl_cost_weight"] == 0.5


def test_every_baseline_can_be_trained_over() -> None:
    for entry in map(registry.get, ("pong", "halfcheetah")):
        for name in entry.baselines:
            module = BASELINES[name].factory.split(":")[0]
            assert hasattr(__import__(module, fromlist=["train_env"]), "train_env"), name
