"""PPO in PureJaxRL's style: the whole of training is one compiled function, mapped over seeds.

    python examples/purejaxrl_style.py --seeds 2

The environment is `samestep_jax`, pure functions inside `jax.lax.scan`; nothing leaves the device
but the lines of progress. Needs flax, optax and tyro. See docs/trainers.md.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import tyro

import samestep_jax


@dataclass(frozen=True)
class Args:
    env: str = "pong"
    """An environment of samestep_jax with discrete actions."""
    frame_skip: int = 8
    """Frames that a step runs with one action."""
    max_episode_steps: int = 0
    """Steps after which an episode is truncated; 0 never is."""
    steps: int = 1_000_000
    """Environment steps of each seed's training."""
    seed: int = 0
    """The first seed."""
    seeds: int = 2
    """Trainings that run side by side, each with a seed of its own."""
    num_envs: int = 128
    num_steps: int = 32
    """Steps of every environment between two updates."""
    epochs: int = 4
    minibatches: int = 4
    learning_rate: float = 2e-3
    gamma: float = 0.99
    gae_lambda: float = 0.9
    clip: float = 0.2
    entropy: float = 0.01
    value_coefficient: float = 0.5
    max_grad_norm: float = 0.5

    stages: int = 10
    """Lines of progress of each seed."""

    @property
    def updates_per_stage(self) -> int:
        return max(1, self.steps // (self.num_envs * self.num_steps * self.stages))

    @property
    def steps_per_stage(self) -> int:
        return self.updates_per_stage * self.num_envs * self.num_steps


class ActorCritic(nn.Module):  # type: ignore[misc,unused-ignore]
    """Two MLPs: logits (..., num_actions) and value (...)."""

    num_actions: int

    @nn.compact  # type: ignore[untyped-decorator,unused-ignore]
    def __call__(self, obs: jax.Array) -> tuple[jax.Array, jax.Array]:
        return self._mlp(obs, self.num_actions, 0.01), self._mlp(obs, 1, 1.0)[..., 0]

    def _mlp(self, x: jax.Array, outputs: int, last_scale: float) -> jax.Array:
        for _ in range(2):
            x = nn.tanh(nn.Dense(64, kernel_init=nn.initializers.orthogonal(2**0.5))(x))
        last = nn.Dense(outputs, kernel_init=nn.initializers.orthogonal(last_scale))
        return jnp.asarray(last(x))


class Rollout(NamedTuple):
    """What happened between two updates; every field is (num_steps, num_envs, ...)."""

    obs: jax.Array
    action: jax.Array
    log_prob: jax.Array
    value: jax.Array
    reward: jax.Array
    final_obs: jax.Array  # where the step led to, before any reset
    terminated: jax.Array
    truncated: jax.Array
    episode_return: jax.Array  # where an episode ended, of that episode


def advantages(
    reward: jax.Array,
    value: jax.Array,
    next_value: jax.Array,
    terminated: jax.Array,
    truncated: jax.Array,
    gamma: float,
    gae_lambda: float,
) -> jax.Array:
    """Generalised advantage estimates, (T, N), as in Schulman et al. 2016.

    All arguments are (T, N). `next_value` is of the observation that a step led to: an episode
    that was truncated is worth something there, one that was terminated nothing. Neither hands
    the next episode's advantage back to the one before.
    """
    delta = reward + gamma * next_value * ~terminated - value
    decay = gamma * gae_lambda * ~(terminated | truncated)

    def back(later: jax.Array, now: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        estimate = now[0] + now[1] * later
        return estimate, estimate

    _, estimates = jax.lax.scan(back, jnp.zeros_like(delta[0]), (delta, decay), reverse=True)
    return estimates


def log_prob_and_entropy(logits: jax.Array, action: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Of a categorical policy: log probability of the action taken, and entropy."""
    log_probs = nn.log_softmax(logits)
    taken = jnp.take_along_axis(log_probs, action[..., None], axis=-1)[..., 0]
    return taken, -(jnp.exp(log_probs) * log_probs).sum(-1)


def make_train(args: Args) -> Callable[[jax.Array], tuple[Any, jax.Array]]:
    """The function that trains under one seed: parameters and mean returns (stages,).

    A mean is of the episodes that ended within the stage, NaN where none did.

    Raises:
        ValueError: for what samestep_jax.make refuses, and for continuous actions.
    """
    env = samestep_jax.make(
        args.env, frame_skip=args.frame_skip, max_episode_steps=args.max_episode_steps
    )
    if not isinstance(env.action_space, samestep_jax.Discrete):
        raise ValueError(f"{args.env} has continuous actions; accepted here: discrete ones")
    network = ActorCritic(env.action_space.n)
    batch = args.num_envs * args.num_steps
    schedule = optax.linear_schedule(
        args.learning_rate,
        0.0,
        args.stages * args.updates_per_stage * args.epochs * args.minibatches,
    )
    optimizer = optax.chain(
        optax.clip_by_global_norm(args.max_grad_norm), optax.adam(schedule, eps=1e-5)
    )

    def act(carry: Any, key: jax.Array) -> tuple[Any, Rollout]:
        params, state, obs, returns = carry
        logits, value = network.apply(params, obs)
        action = jax.random.categorical(key, logits).astype(jnp.int32)
        log_prob, _ = log_prob_and_entropy(logits, action)
        state, out = samestep_jax.step_batch(env, state, action)
        returns = returns + out.reward
        ended = out.terminated | out.truncated
        flags = (out.terminated, out.truncated)
        step = Rollout(obs, action, log_prob, value, out.reward, out.final_obs, *flags, returns)
        return (params, state, out.obs, jnp.where(ended, 0.0, returns)), step

    def loss(params: Any, batch: tuple[jax.Array, ...]) -> jax.Array:
        obs, action, old_log_prob, old_value, advantage, target = batch
        logits, value = network.apply(params, obs)
        log_prob, entropy = log_prob_and_entropy(logits, action)
        ratio = jnp.exp(log_prob - old_log_prob)
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        clipped = jnp.clip(ratio, 1 - args.clip, 1 + args.clip)
        policy_loss = -jnp.minimum(ratio * advantage, clipped * advantage).mean()
        near = old_value + jnp.clip(value - old_value, -args.clip, args.clip)
        value_loss = jnp.maximum((value - target) ** 2, (near - target) ** 2).mean() / 2
        return policy_loss + args.value_coefficient * value_loss - args.entropy * entropy.mean()

    def learn(carry: Any, minibatch: tuple[jax.Array, ...]) -> tuple[Any, None]:
        params, opt_state = carry
        changes, opt_state = optimizer.update(jax.grad(loss)(params, minibatch), opt_state)
        return (optax.apply_updates(params, changes), opt_state), None

    def epoch(flat: tuple[jax.Array, ...], carry: Any, key: jax.Array) -> tuple[Any, None]:
        order = jax.random.permutation(key, batch)
        shuffled = jax.tree.map(
            lambda x: x[order].reshape(args.minibatches, -1, *x.shape[1:]), flat
        )
        carry, _ = jax.lax.scan(learn, carry, shuffled)
        return carry, None

    def update(carry: Any, _: None) -> tuple[Any, tuple[jax.Array, jax.Array]]:
        params, opt_state, state, obs, returns, key = carry
        key, act_key, learn_key = jax.random.split(key, 3)
        (_, state, obs, returns), rollout = jax.lax.scan(
            act, (params, state, obs, returns), jax.random.split(act_key, args.num_steps)
        )
        _, next_value = network.apply(params, rollout.final_obs)
        advantage = advantages(
            rollout.reward,
            rollout.value,
            next_value,
            rollout.terminated,
            rollout.truncated,
            args.gamma,
            args.gae_lambda,
        )
        flat = jax.tree.map(
            lambda x: x.reshape(batch, *x.shape[2:]),
            (*rollout[:4], advantage, advantage + rollout.value),
        )
        (params, opt_state), _ = jax.lax.scan(
            partial(epoch, flat), (params, opt_state), jax.random.split(learn_key, args.epochs)
        )
        ended = rollout.terminated | rollout.truncated
        of_episodes = (rollout.episode_return.sum(where=ended), ended.sum())
        return (params, opt_state, state, obs, returns, key), of_episodes

    def train(seed: jax.Array) -> tuple[Any, jax.Array]:
        key, params_key, env_key = jax.random.split(jax.random.key(seed), 3)
        root = jax.random.key_data(env_key)  # two u32, from which all episodes follow
        state, obs = samestep_jax.reset_batch(env, root, args.num_envs)
        params = network.init(params_key, obs)
        start: Any = (params, optimizer.init(params), state, obs, jnp.zeros(args.num_envs), key)

        def stage(carry: Any, number: jax.Array) -> tuple[Any, jax.Array]:
            carry, (total, episodes) = jax.lax.scan(update, carry, length=args.updates_per_stage)
            mean = total.sum() / episodes.sum()
            jax.debug.callback(report, seed, number, mean)
            return carry, mean

        (params, *_), means = jax.lax.scan(stage, start, jnp.arange(args.stages))
        return params, means

    def report(seed: jax.Array, number: jax.Array, mean: jax.Array) -> None:
        steps = (int(number) + 1) * args.steps_per_stage
        print(f"seed {int(seed)}  steps {steps:>9,}  mean return {float(mean):7.2f}", flush=True)

    return train


def main(args: Args) -> np.ndarray:
    """Train every seed at once; the mean returns, (seeds, stages)."""
    train = jax.jit(jax.vmap(make_train(args)))
    seeds = jnp.arange(args.seed, args.seed + args.seeds, dtype=jnp.uint32)
    begin = time.monotonic()
    compiled = train.lower(seeds).compile()
    print(f"compiled in {time.monotonic() - begin:.1f} s", flush=True)
    begin = time.monotonic()
    _, means = jax.block_until_ready(compiled(seeds))
    seconds = time.monotonic() - begin
    jax.effects_barrier()  # all lines are out
    steps = args.seeds * args.stages * args.steps_per_stage
    first, last = (float(mean) for mean in means.mean(0)[jnp.array([0, -1])])
    print(
        f"done: {args.env}, {args.seeds} seeds, {steps:,} steps in {seconds:.1f} s; "
        f"mean return {first:.2f} in the first stage, {last:.2f} in the last"
    )
    return np.asarray(means)


if __name__ == "__main__":
    try:
        main(tyro.cli(Args, description=__doc__))
    except ValueError as error:
        print(f"purejaxrl_style: {error}", file=sys.stderr)
        sys.exit(2)
