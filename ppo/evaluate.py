"""Scores a policy: one episode an instance, so that short ones do not count more than long ones.

Everything that could make two implementations differ is common to them: the keys of the instances,
the policy's noise, which has a stream of its own, and one compiled program that acts.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from harness.errors import UserError
from harness.implementations import Batch
from harness.registry import Entry
from ppo.envs import HostEnv, Seen
from ppo.ppo import ILLEGAL, Agent, Learned

LONGEST = 1_000_000
"""Steps after which an episode that does not end is given up."""


class Episodes(NamedTuple):
    """One episode an instance; (N,) each."""

    returns: np.ndarray  # f64, sum of the rewards
    lengths: np.ndarray  # i64, steps
    scores: np.ndarray  # f64, what people quote; the return unless the registry has another

    @property
    def mean(self) -> float:
        """Mean score."""
        return float(self.scores.mean())


def evaluate(
    entry: Entry, agent: Agent, learned: Learned | None, batch: Batch, seed: int, greedy: bool
) -> Episodes:
    """Play one episode in every instance.

    With two players the policy plays one of the seats, every other instance the other one, and a
    player that draws among the legal actions has the rest.

    Args:
        entry: the environment.
        agent: made for as many instances as the batch has.
        learned: the policy; None draws among the legal actions.
        batch: any implementation.
        seed: of the instances and the policy's noise.
        greedy: take the likeliest action instead of a drawn one.

    Raises:
        UserError: if an episode does not end.
    """
    env = HostEnv(batch, agent.layout)
    players = agent.layout.players
    n, agents = batch.num_envs, batch.num_envs * players
    ours = (np.arange(agents) // players + np.arange(agents)) % players == 0
    act = _act(agent, greedy, learned is None)
    mine = agent.learned(0) if learned is None else learned
    seen, hidden = env.reset(seed), agent.initial_hidden(agents)
    fresh, running = np.ones(agents, bool), np.ones(agents, bool)
    score = _score(entry)
    returns, scores, lengths = np.zeros(agents), np.zeros(agents), np.zeros(agents, np.int64)
    key = jax.random.fold_in(jax.random.key(seed), 3)
    for t in range(LONGEST):
        hidden, action = act(mine, hidden, seen, fresh, key, t, ours)
        out = env.step(np.asarray(action))
        reward = np.where(running, out.reward, 0.0)
        returns += reward
        scores += score(reward)
        lengths += running
        done = out.terminated | out.truncated
        running &= ~done
        if not running.any():
            break
        seen, fresh = out.seen, done
    else:
        raise UserError(f"{entry.name}: an episode did not end within {LONGEST} steps")
    chosen = [values[ours].reshape(n) for values in (returns, lengths, scores)]
    return Episodes(*chosen)


@functools.cache
def _act(agent: Agent, greedy: bool, uniform: bool) -> Any:
    """The one program that acts."""

    def act(
        learned: Learned, hidden: Any, seen: Seen, fresh: Any, key: Any, t: Any, ours: Any
    ) -> tuple[Any, Any]:
        noise = agent.noise(jax.random.fold_in(key, t), (fresh.shape[0],))
        drawn = _drawn(agent, seen, noise)
        if uniform:
            return hidden, drawn
        used = jnp.zeros_like(noise) if greedy else noise
        hidden, action = agent.act(learned, hidden, seen, fresh, used)
        if agent.layout.players > 1:
            mine = ours.reshape(-1, *(1,) * (action.ndim - 1))
            action = jnp.where(mine, action, drawn)
        return hidden, action

    return jax.jit(act)


def _drawn(agent: Agent, seen: Seen, noise: Any) -> Any:
    """Uniform among the legal actions, or over the range."""
    layout = agent.layout
    if layout.num_actions:
        logits = 0.0 if seen.legal is None else jnp.where(seen.legal, 0.0, ILLEGAL)
        return jnp.argmax(logits + noise, axis=-1).astype(jnp.int32)
    share = jax.scipy.stats.norm.cdf(noise)
    return agent.clipped(layout.low + (layout.high - layout.low) * share)


def _score(entry: Entry) -> Any:
    """The registry's function of rewards, or what leaves them as they are."""
    if not entry.score:
        return np.asarray
    module, name = entry.score.split(":")
    return getattr(importlib.import_module(module), name)
