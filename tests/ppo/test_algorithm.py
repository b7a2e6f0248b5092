"""The parts of PPO, one at a time, against numbers from elsewhere."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from harness.errors import UserError
from ppo.envs import Layout, Seen
from ppo.ppo import Agent, Args, Policy, Rollout, Stats, gae

DISCRETE = Layout(obs_size=3, num_actions=4, action_shape=(), low=0, high=3, players=1)
CONTINUOUS = Layout(obs_size=3, num_actions=0, action_shape=(2,), low=-1.0, high=1.0, players=1)
GAMMA, LAMBDA = 0.9, 0.8


def rollout_of(value: Any, done: Any, bootstrap: Any) -> Rollout:
    empty = dict.fromkeys(Rollout._fields)
    return Rollout(**{**empty, "value": value, "done": done, "bootstrap": bootstrap})


def plain_gae(
    reward: np.ndarray, value: np.ndarray, done: np.ndarray, bootstrap: np.ndarray, last: float
) -> np.ndarray:
    """The sum of equation 16 of arXiv 1506.02438, written out for one agent."""
    count = len(reward)
    following = np.append(value[1:], last)
    future = np.where(done, bootstrap, following)
    delta = reward + GAMMA * future - value
    advantages = np.zeros(count)
    for start in range(count):
        for step in range(start, count):
            advantages[start] += (GAMMA * LAMBDA) ** (step - start) * delta[step]
            if done[step]:
                break
    return advantages


def test_advantages_of_episodes_that_end_are_cut_off_and_run_on() -> None:
    rng = np.random.default_rng(0)
    reward, value = rng.normal(size=(2, 7, 3))
    done = np.zeros((7, 3), bool)
    done[[2, 4], 1] = True
    done[6, 2] = True
    bootstrap = np.zeros((7, 3))
    bootstrap[4, 1] = 5.0  # cut off
    last = rng.normal(size=3)
    found = gae(
        jnp.asarray(reward), rollout_of(value, done, bootstrap), jnp.asarray(last), GAMMA, LAMBDA
    )
    for agent in range(3):
        columns = [each[:, agent] for each in (reward, value, done, bootstrap)]
        wanted = plain_gae(columns[0], columns[1], columns[2], columns[3], last[agent])
        np.testing.assert_allclose(found[:, agent], wanted, rtol=1e-5)


def test_a_discrete_policy_is_scipys() -> None:
    logits = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
    policy = Policy(jnp.asarray(logits), None)
    weights = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    actions = np.array([0, 1, 2, 3, 0])
    np.testing.assert_allclose(
        policy.log_prob(jnp.asarray(actions)), np.log(weights[np.arange(5), actions]), rtol=1e-5
    )
    np.testing.assert_allclose(policy.entropy(), scipy.stats.entropy(weights.T), rtol=1e-5)


def test_a_continuous_policy_is_scipys() -> None:
    rng = np.random.default_rng(2)
    mean, action = rng.normal(size=(2, 5, 2)).astype(np.float32)
    log_std = np.array([-0.5, 0.3], np.float32)
    policy = Policy(jnp.asarray(mean), jnp.asarray(log_std))
    normal = scipy.stats.norm(mean, np.exp(log_std))
    logs = normal.logpdf(action).sum(-1)
    np.testing.assert_allclose(policy.log_prob(jnp.asarray(action)), logs, rtol=1e-5)
    np.testing.assert_allclose(policy.entropy(), normal.entropy().sum(-1), rtol=1e-5)


def test_actions_are_drawn_as_often_as_they_are_likely() -> None:
    agent = Agent(Args(num_envs=4), DISCRETE)
    logits = jnp.array([0.0, 1.0, 2.0, -1.0])
    legal = jnp.array([True, True, False, True])
    noise = agent.noise(jax.random.key(0), (20_000,))
    drawn = np.asarray(Policy(logits, None).masked(legal).pick(noise))
    likely = np.exp([0.0, 1.0, -np.inf, -1.0])
    wanted = likely / likely.sum() * len(drawn)
    counts = np.bincount(drawn, minlength=4)
    assert counts[2] == 0
    assert scipy.stats.chisquare(counts[legal], wanted[np.asarray(legal)]).pvalue > 1e-4


def test_noise_of_a_continuous_policy_is_standard() -> None:
    agent = Agent(Args(num_envs=4), CONTINUOUS)
    noise = np.asarray(agent.noise(jax.random.key(0), (5_000,))).ravel()
    assert scipy.stats.kstest(noise, "norm").pvalue > 1e-4


def test_running_statistics_are_those_of_the_whole() -> None:
    values = np.random.default_rng(3).normal(5.0, 3.0, size=(60, 2)).astype(np.float32)
    stats = Stats(jnp.zeros(2), jnp.ones(2), jnp.float32(0))
    for part in np.split(values, [7, 20]):
        stats = stats.merged(jnp.asarray(part))
    np.testing.assert_allclose(stats.mean, values.mean(0), rtol=1e-5)
    np.testing.assert_allclose(stats.var, values.var(0), rtol=1e-4)
    assert stats.weight == 60


@pytest.mark.parametrize("shared", [True, False])
def test_a_gru_forgets_at_an_episodes_beginning(shared: bool) -> None:
    agent = Agent(Args(num_envs=4, recurrent=True, shared=shared, width=8), DISCRETE)
    weights = agent.learned(0).weights
    obs = jax.random.normal(jax.random.key(1), (6, 4, 3))
    fresh = jnp.zeros((6, 4), bool).at[3].set(True)
    start = jnp.ones((4, agent.hidden_size))
    _, whole, values = agent.network.apply(weights, start, obs, fresh)
    hidden = start
    for step in range(6):
        given = (obs[step][None], fresh[step][None])
        hidden, policy, value = agent.network.apply(weights, hidden, *given)
        np.testing.assert_allclose(policy.out[0], whole.out[step], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(value[0], values[step], rtol=1e-4, atol=1e-6)
    _, anew, _ = agent.network.apply(weights, jnp.zeros_like(start), obs[3:], fresh[3:])
    np.testing.assert_allclose(anew.out, whole.out[3:], rtol=1e-4, atol=1e-6)
    _, kept, _ = agent.network.apply(weights, start, obs[:1], fresh[:1])
    _, other, _ = agent.network.apply(weights, 2 * start, obs[:1], fresh[:1])
    assert not np.allclose(kept.out, other.out)


def test_minibatches_hold_every_step_once() -> None:
    args = Args(num_envs=8, num_steps=4, num_minibatches=4)
    for recurrent in (False, True):
        agent = Agent(Args(**{**vars(args), "recurrent": recurrent}), DISCRETE)
        numbers = jnp.arange(32.0).reshape(4, 8)
        before = jnp.zeros((8, agent.hidden_size))
        rollout = rollout_of(numbers, numbers, numbers)
        parts = agent._minibatches(jax.random.key(0), (before, rollout, numbers, numbers))
        assert sorted(np.asarray(parts[2]).ravel()) == list(range(32))
        np.testing.assert_array_equal(parts[2], parts[1].value)
        if recurrent:  # whole sequences, in order
            assert parts[2].shape == (4, 4, 2)
            assert (np.diff(parts[2], axis=1) == 8).all()


def test_actions_stay_within_the_range() -> None:
    agent = Agent(Args(num_envs=2, num_minibatches=1, log_std=3.0), CONTINUOUS)
    learned = agent.learned(0)
    seen = Seen(jnp.ones((2, 3)), None, None)
    noise = jnp.array([[100.0, -100.0], [0.0, 0.0]])
    _, action = agent.act(learned, agent.initial_hidden(2), seen, jnp.zeros(2, bool), noise)
    np.testing.assert_array_equal(action[0], [1.0, -1.0])
    assert np.abs(action[1]).max() < 1.0


def test_minibatches_must_divide_the_agents() -> None:
    with pytest.raises(UserError, match="256 agents and 3 minibatches; accepted"):
        Agent(Args(num_minibatches=3), DISCRETE)
