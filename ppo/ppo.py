"""PPO in one file, over any implementation of any environment.

    python -m ppo.ppo --env pong --backend rust

Environments in JAX, and Rust through XLA's FFI, are traced into the program that collects a
rollout; everything else (the reference, the baselines) is stepped from Python. What is learned from
a rollout is the same program for all.

The algorithm is PPO with clipped ratios (Schulman et al. 2017, arXiv 1707.06347) and generalised
advantage estimation (Schulman et al. 2016, arXiv 1506.02438). An episode that was truncated is
bootstrapped from its own final observation; no transition leads from one episode into the next.
Randomness is a function of (seed, update): a run that was interrupted goes on bit for bit.
"""

from __future__ import annotations

import functools
import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
import tyro

from harness.errors import UserError
from ppo.envs import FusedEnv, Layout, Outcome, Seen

OBS_LIMIT = 10.0
"""Normalised observations are clipped to it, as usual, so that an outlier does not decide."""
ILLEGAL = -1e9
"""Logit of an action that may not be taken."""


@dataclass(frozen=True)
class Args:
    """Train a policy. What an environment needs other than here is in its registry entry."""

    env: str = "pong"
    """The environment."""
    backend: str = "rust"
    """jax, rust (through XLA's FFI), reference, or a baseline."""
    params: tyro.conf.Suppress[dict[str, bool | int | float | str]] = field(default_factory=dict)
    """Parameters of the environment."""
    seed: int = 0
    """Of the weights, the policy's noise and the environment."""
    num_seeds: int = 1
    """Train that many seeds at once, from `seed` on, as one vmapped program."""
    steps: int = 1_000_000
    """Environment steps a seed, rounded up to whole updates."""
    num_envs: int = 256
    """Instances."""
    num_steps: int = 64
    """Steps of each instance between updates."""
    update_epochs: int = 4
    """Passes over a rollout."""
    num_minibatches: int = 4
    """Parts of a pass, with a gradient step each."""
    learning_rate: float = 3e-4
    """Adam's."""
    anneal_lr: bool = True
    """Let it fall to zero in a straight line."""
    gamma: float = 0.99
    """Discount of the next step's reward."""
    gae_lambda: float = 0.95
    """Weight of longer advantage estimates."""
    clip_coef: float = 0.2
    """How far the ratio of probabilities may move from 1."""
    ent_coef: float = 0.0
    """Weight of the entropy bonus."""
    vf_coef: float = 0.5
    """Weight of the value loss."""
    max_grad_norm: float = 0.5
    """Gradients are scaled down to this norm."""
    width: int = 64
    """Units of each hidden layer."""
    layers: int = 2
    """Hidden layers."""
    shared: bool = False
    """One trunk for policy and value instead of one each."""
    recurrent: bool = False
    """A GRU of `width` units after the hidden layers."""
    log_std: float = 0.0
    """Of a continuous policy's noise at the start, in units of half the action's range."""
    encoder: tyro.conf.Suppress[str] = ""
    """"module:function" that makes the inputs of the network of observations (..., obs_size) f32
    where these are not numbers to be taken as they are, as ids of moves."""
    normalize_obs: bool = True
    """Scale the network's inputs by their running mean and variance."""
    normalize_reward: bool = True
    """Scale rewards by the running standard deviation of discounted returns."""
    eval_episodes: int = 100
    """Episodes that the trained policy is scored on; 0 for none."""
    eval_greedy: bool = True
    """Score the likeliest action (the mean, if continuous) instead of a drawn one."""

    @property
    def batch_size(self) -> int:
        """Environment steps between updates."""
        return self.num_envs * self.num_steps

    @property
    def updates(self) -> int:
        """Updates of the whole run."""
        return math.ceil(self.steps / self.batch_size)


class Trunk(nn.Module):
    """Hidden layers with tanh, and a GRU behind them if recurrent; over (T, A, ...)."""

    width: int
    layers: int
    recurrent: bool

    @nn.compact
    def __call__(
        self, hidden: jax.Array, x: jax.Array, fresh: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """The hidden state after the last step (A, H), and features (T, A, width)."""
        for _ in range(self.layers):
            x = nn.tanh(nn.Dense(self.width, kernel_init=nn.initializers.orthogonal(2**0.5))(x))
        if not self.recurrent:
            return hidden, x
        scan = nn.scan(
            _Recurrent, variable_broadcast="params", split_rngs={"params": False}, in_axes=0
        )
        carried: tuple[jax.Array, jax.Array] = scan(self.width)(hidden, (x, fresh))
        return carried


class _Recurrent(nn.Module):
    """One step of a GRU that forgets where an episode begins."""

    width: int

    @nn.compact
    def __call__(
        self, hidden: jax.Array, inputs: tuple[jax.Array, jax.Array]
    ) -> tuple[jax.Array, jax.Array]:
        x, fresh = inputs
        hidden = jnp.where(fresh[:, None], 0.0, hidden)
        stepped: tuple[jax.Array, jax.Array] = nn.GRUCell(self.width)(hidden, x)
        return stepped


class Network(nn.Module):
    """Policy and value over steps (T) and agents (A)."""

    heads: int
    continuous: bool
    width: int
    layers: int
    shared: bool
    recurrent: bool
    log_std: float

    @nn.compact
    def __call__(
        self, hidden: jax.Array, obs: jax.Array, fresh: jax.Array
    ) -> tuple[jax.Array, Policy, jax.Array]:
        """The next hidden state (A, H), the policy, and values (T, A).

        Args:
            hidden: (A, H), zero before an episode; H is 0 if not recurrent.
            obs: (T, A, input_size), normalised.
            fresh: (T, A), whether an observation is an episode's first.
        """
        trunk = functools.partial(Trunk, self.width, self.layers, self.recurrent)
        halves = jnp.split(hidden, 2, axis=-1) if not self.shared else [hidden]
        left, features = trunk(name="actor")(halves[0], obs, fresh)
        if self.shared:
            hidden, of_value = left, features
        else:
            right, of_value = trunk(name="critic")(halves[1], obs, fresh)
            hidden = jnp.concatenate([left, right], axis=-1)
        small = nn.initializers.orthogonal(0.01)
        out = nn.Dense(self.heads, kernel_init=small, name="policy")(features)
        value = nn.Dense(1, kernel_init=nn.initializers.orthogonal(1.0), name="value")(of_value)
        log_std = None
        if self.continuous:
            start = nn.initializers.constant(self.log_std)
            log_std = self.param("log_std", start, (self.heads,))
        return hidden, Policy(out, log_std), value[..., 0]


class Policy(NamedTuple):
    """A distribution over actions: logits, or means of a Gaussian with a common deviation."""

    out: jax.Array  # (..., heads)
    log_std: jax.Array | None  # (heads,), None if discrete

    def masked(self, legal: jax.Array | None) -> Policy:
        """Without the illegal actions."""
        if legal is None or self.log_std is not None:
            return self
        return Policy(jnp.where(legal, self.out, ILLEGAL), None)

    def pick(self, noise: jax.Array) -> jax.Array:
        """Actions from standard noise (..., heads): Gumbel's if discrete, or else Gauss's."""
        if self.log_std is None:
            return jnp.argmax(self.out + noise, axis=-1).astype(jnp.int32)
        return self.out + jnp.exp(self.log_std) * noise

    def log_prob(self, action: jax.Array) -> jax.Array:
        """(...,)."""
        if self.log_std is None:
            logs = jax.nn.log_softmax(self.out)
            return jnp.take_along_axis(logs, action[..., None], axis=-1)[..., 0]
        z = (action - self.out) * jnp.exp(-self.log_std)
        each = -0.5 * z**2 - self.log_std - 0.5 * math.log(2 * math.pi)
        return each.sum(-1)

    def entropy(self) -> jax.Array:
        """(...,)."""
        if self.log_std is None:
            logs = jax.nn.log_softmax(self.out)
            return -(jnp.exp(logs) * logs).sum(-1)
        total = (self.log_std + 0.5 * math.log(2 * math.pi * math.e)).sum()
        return jnp.broadcast_to(total, self.out.shape[:-1])


class Stats(NamedTuple):
    """Running mean and variance, merged batch by batch (Chan et al. 1979)."""

    mean: jax.Array
    var: jax.Array
    weight: jax.Array  # () f32, how many values they are of

    def merged(self, batch: jax.Array) -> Stats:
        """With a batch (n, ...) more."""
        mean, var, n = batch.mean(0), batch.var(0), batch.shape[0]
        total = self.weight + n
        apart = mean - self.mean
        m2 = self.var * self.weight + var * n + apart**2 * (self.weight * n / total)
        return Stats(self.mean + apart * (n / total), m2 / total, total)


class Learned(NamedTuple):
    """What training changes, and what acting needs of it."""

    weights: Any
    obs_stats: Stats  # (input_size,)


class TrainState(NamedTuple):
    """All that decides the rest of a run, but the environment's state."""

    learned: Learned
    optimizer: Any
    return_stats: Stats  # ()
    seen: Seen
    hidden: jax.Array  # (A, H)
    fresh: jax.Array  # (A,) bool
    discounted: jax.Array  # (A,) f32, discounted sum of this episode's rewards so far
    returns: jax.Array  # (A,) f32, plain sum
    lengths: jax.Array  # (A,) i32


class Rollout(NamedTuple):
    """(T, A, ...), and what led up to it."""

    obs: jax.Array  # normalised
    raw_obs: jax.Array
    fresh: jax.Array
    legal: jax.Array | None
    acting: jax.Array | None
    action: jax.Array  # before it was clipped to the range
    log_prob: jax.Array
    value: jax.Array
    reward: jax.Array
    done: jax.Array
    bootstrap: jax.Array  # value of the final observation where truncated, or else 0
    discounted: jax.Array  # discounted sum of rewards up to here
    ended_return: jax.Array  # of an episode that ended here
    ended_length: jax.Array


def _as_they_are(obs: jax.Array) -> jax.Array:
    return obs


def _named(where: str) -> Callable[[jax.Array], jax.Array]:
    """What "module:function" names."""
    module, name = where.split(":")
    function: Callable[[jax.Array], jax.Array] = getattr(importlib.import_module(module), name)
    return function


class Agent:
    """The programs of one configuration: act, collect, learn; all pure.

    Args:
        args: the configuration.
        layout: of the environment.
    """

    def __init__(self, args: Args, layout: Layout) -> None:
        self.args = args
        self.layout = layout
        self.agents = args.num_envs * layout.players
        if self.agents % args.num_minibatches or args.num_minibatches < 1:
            raise UserError(
                f"{self.agents} agents and {args.num_minibatches} minibatches; accepted: a number "
                "of minibatches that divides the agents"
            )
        self.network = Network(
            layout.heads,
            not layout.num_actions,
            args.width,
            args.layers,
            args.shared,
            args.recurrent,
            args.log_std,
        )
        self.encode = _named(args.encoder) if args.encoder else _as_they_are
        example = jax.ShapeDtypeStruct((1, layout.obs_size), jnp.float32)
        self.input_size = int(jax.eval_shape(self.encode, example).shape[-1])
        decay = args.updates * args.update_epochs * args.num_minibatches
        rate = optax.linear_schedule(args.learning_rate, 0.0, decay)
        self.optimizer = optax.chain(
            optax.clip_by_global_norm(args.max_grad_norm),
            optax.adam(rate if args.anneal_lr else args.learning_rate, eps=1e-5),
        )

    @property
    def hidden_size(self) -> int:
        """H: nothing, or a GRU's units, for policy and value."""
        if not self.args.recurrent:
            return 0
        return self.args.width * (1 if self.args.shared else 2)

    def initial_hidden(self, agents: int) -> jax.Array:
        """(agents, H) f32."""
        return jnp.zeros((agents, self.hidden_size), jnp.float32)

    def learned(self, seed: Any) -> Learned:
        """Fresh weights, and observations taken as they come."""
        size = self.input_size
        shapes = (self.initial_hidden(1), jnp.zeros((1, 1, size)), jnp.zeros((1, 1), bool))
        weights = self.network.init(jax.random.fold_in(jax.random.key(seed), 0), *shapes)
        return Learned(weights, Stats(jnp.zeros(size), jnp.ones(size), jnp.float32(1e-4)))

    def begin(self, seed: Any, seen: Seen) -> TrainState:
        """The state before the first update; traceable."""
        learned = self.learned(seed)
        zeros = jnp.zeros(self.agents)
        return TrainState(
            learned,
            self.optimizer.init(learned.weights),
            Stats(jnp.float32(0), jnp.float32(1), jnp.float32(1e-4)),
            seen,
            self.initial_hidden(self.agents),
            jnp.ones(self.agents, bool),
            zeros,
            zeros,
            jnp.zeros(self.agents, jnp.int32),
        )

    def normalized(self, stats: Stats, obs: jax.Array) -> jax.Array:
        """Observations (..., obs_size) as the network takes them, (..., input_size)."""
        obs = self.encode(obs)
        if not self.args.normalize_obs:
            return obs
        scaled = (obs - stats.mean) * jax.lax.rsqrt(stats.var + 1e-8)
        return jnp.clip(scaled, -OBS_LIMIT, OBS_LIMIT)

    def noise(self, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        """What `Policy.pick` takes, of (*shape, heads)."""
        draw = jax.random.gumbel if self.layout.num_actions else jax.random.normal
        return draw(key, (*shape, self.layout.heads))

    def act(
        self, learned: Learned, hidden: jax.Array, seen: Seen, fresh: jax.Array, noise: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """Hidden state and actions, clipped to their range; what evaluation and transfer use."""
        obs = self.normalized(learned.obs_stats, seen.obs)
        hidden, policy, _ = self.network.apply(learned.weights, hidden, obs[None], fresh[None])
        return hidden, self.clipped(policy.masked(_first(seen.legal)).pick(noise[None])[0])

    def clipped(self, action: jax.Array) -> jax.Array:
        """Within the range that the environment accepts."""
        if self.layout.num_actions:
            return action
        inside = jnp.clip(action, self.layout.low, self.layout.high)
        return inside.reshape(-1, *self.layout.action_shape).astype(jnp.float32)

    def decide(self, state: TrainState, noise: jax.Array) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The next hidden state, and what a rollout keeps of a step before it is taken."""
        obs = self.normalized(state.learned.obs_stats, state.seen.obs)
        hidden, policy, value = self.network.apply(
            state.learned.weights, state.hidden, obs[None], state.fresh[None]
        )
        policy = policy.masked(_first(state.seen.legal))
        action = policy.pick(noise[None])
        return hidden, {
            "obs": obs,
            "raw_obs": state.seen.obs,
            "fresh": state.fresh,
            "legal": state.seen.legal,
            "acting": state.seen.acting,
            "action": action[0],
            "log_prob": policy.log_prob(action)[0],
            "value": value[0],
        }

    def settle(
        self, state: TrainState, hidden: jax.Array, decided: dict[str, jax.Array], out: Outcome
    ) -> tuple[TrainState, Rollout]:
        """The state after a step, and the step as the rollout keeps it."""

        def final_value() -> jax.Array:
            obs = self.normalized(state.learned.obs_stats, out.final_obs)
            not_fresh = jnp.zeros((1, self.agents), bool)
            _, _, value = self.network.apply(state.learned.weights, hidden, obs[None], not_fresh)
            return jnp.where(out.truncated, value[0], 0.0)

        bootstrap = jax.lax.cond(
            out.truncated.any(), final_value, lambda: jnp.zeros(self.agents, jnp.float32)
        )
        done = out.terminated | out.truncated
        discounted = state.discounted * self.args.gamma + out.reward
        returns, lengths = state.returns + out.reward, state.lengths + 1
        step = Rollout(
            **decided,
            reward=out.reward,
            done=done,
            bootstrap=bootstrap,
            discounted=discounted,
            ended_return=jnp.where(done, returns, 0.0),
            ended_length=jnp.where(done, lengths, 0),
        )
        after = state._replace(
            seen=out.seen,
            hidden=hidden,
            fresh=done,
            discounted=jnp.where(done, 0.0, discounted),
            returns=jnp.where(done, 0.0, returns),
            lengths=jnp.where(done, 0, lengths),
        )
        return after, step

    def collect(
        self, env: FusedEnv, state: TrainState, env_state: Any, seed: Any, update: Any
    ) -> tuple[TrainState, Any, Rollout]:
        """`num_steps` steps of every instance; traceable."""

        def body(carry: tuple[TrainState, Any], noise: jax.Array) -> tuple[Any, Rollout]:
            state, env_state = carry
            hidden, decided = self.decide(state, noise)
            env_state, out = env.step(env_state, self.clipped(decided["action"]))
            state, step = self.settle(state, hidden, decided, out)
            return (state, env_state), step

        noise = self.noise(rollout_key(seed, update), (self.args.num_steps, self.agents))
        (state, env_state), rollout = jax.lax.scan(body, (state, env_state), noise)
        return state, env_state, rollout

    def learn(
        self, state: TrainState, before: jax.Array, rollout: Rollout, seed: Any, update: Any
    ) -> tuple[TrainState, dict[str, jax.Array]]:
        """Improve the policy by a rollout; traceable.

        Args:
            state: after the rollout.
            before: (A, H), the hidden state before the rollout.
            rollout: what was collected.
            seed: of the run.
            update: its number, which the minibatches are drawn by.
        """
        args = self.args
        return_stats = state.return_stats
        rewards = rollout.reward
        if args.normalize_reward:
            return_stats = return_stats.merged(rollout.discounted.reshape(-1))
            rewards = rewards * jax.lax.rsqrt(return_stats.var + 1e-8)
        obs = self.normalized(state.learned.obs_stats, state.seen.obs)
        weights = state.learned.weights
        _, _, last = self.network.apply(weights, state.hidden, obs[None], state.fresh[None])
        advantages = gae(rewards, rollout, last[0], args.gamma, args.gae_lambda)
        targets = advantages + rollout.value

        def epoch(carry: Any, key: jax.Array) -> tuple[Any, Any]:
            parts = self._minibatches(key, (before, rollout, advantages, targets))
            return jax.lax.scan(self._gradient_step, carry, parts)

        keys = jax.random.split(learning_key(seed, update), args.update_epochs)
        (weights, optimizer), losses = jax.lax.scan(epoch, (weights, state.optimizer), keys)
        obs_stats = state.learned.obs_stats
        if args.normalize_obs:
            raw = rollout.raw_obs.reshape(-1, self.layout.obs_size)
            obs_stats = obs_stats.merged(self.encode(raw))
        metrics = {name: value.mean() for name, value in losses.items()}
        metrics["episodes"] = rollout.done.sum()
        metrics["return_sum"] = rollout.ended_return.sum()
        metrics["length_sum"] = rollout.ended_length.sum()
        learned = Learned(weights, obs_stats)
        return state._replace(
            learned=learned, optimizer=optimizer, return_stats=return_stats
        ), metrics

    def _minibatches(self, key: jax.Array, data: tuple[Any, ...]) -> tuple[Any, ...]:
        """(minibatches, T, agents, ...): whole sequences of agents drawn without replacement.

        Without a GRU the order of steps says nothing, and steps are drawn one by one.
        """
        before, rollout, advantages, targets = data
        kept = rollout._replace(
            raw_obs=None, reward=None, done=None, bootstrap=None, discounted=None,
            ended_return=None, ended_length=None,
        )  # fmt: skip
        parts = self.args.num_minibatches
        count = self.args.num_steps * self.agents
        chosen = self.agents if self.args.recurrent else count
        order = jax.random.permutation(key, chosen).reshape(parts, -1)

        def split(leaf: jax.Array) -> jax.Array:
            if self.args.recurrent:
                return jnp.moveaxis(leaf[:, order], 1, 0)
            return leaf.reshape(count, *leaf.shape[2:])[order[:, None]]

        hidden = before[order] if self.args.recurrent else jnp.zeros((parts, count // parts, 0))
        return hidden, *jax.tree.map(split, (kept, advantages, targets))

    def _gradient_step(self, carry: Any, part: tuple[Any, ...]) -> tuple[Any, Any]:
        weights, optimizer = carry
        (_, losses), gradients = jax.value_and_grad(self._loss, has_aux=True)(weights, *part)
        changes, optimizer = self.optimizer.update(gradients, optimizer)
        return (optax.apply_updates(weights, changes), optimizer), losses

    def _loss(
        self, weights: Any, hidden: jax.Array, part: Rollout, advantage: Any, target: Any
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """PPO's loss on a minibatch; a player who did not choose has no say in the policy's."""
        args = self.args
        _, policy, value = self.network.apply(weights, hidden, part.obs, part.fresh)
        policy = policy.masked(part.legal)
        chose = jnp.ones_like(advantage) if part.acting is None else part.acting.astype(jnp.float32)

        def mean(x: jax.Array) -> jax.Array:
            return (x * chose).sum() / jnp.maximum(chose.sum(), 1)

        centred = advantage - mean(advantage)
        scaled = centred * jax.lax.rsqrt(mean(centred**2) + 1e-8)
        log_ratio = policy.log_prob(part.action) - part.log_prob
        ratio = jnp.exp(log_ratio)
        inside = jnp.clip(ratio, 1 - args.clip_coef, 1 + args.clip_coef)
        policy_loss = -mean(jnp.minimum(ratio * scaled, inside * scaled))
        value_loss = 0.5 * jnp.square(value - target).mean()
        entropy = mean(policy.entropy())
        loss = policy_loss + args.vf_coef * value_loss - args.ent_coef * entropy
        return loss, {
            "policy_loss": policy_loss,
            "value_loss": value_loss,
            "entropy": entropy,
            "approx_kl": mean(ratio - 1 - log_ratio),
            "clip_fraction": mean((jnp.abs(ratio - 1) > args.clip_coef).astype(jnp.float32)),
        }


def gae(
    rewards: jax.Array, rollout: Rollout, last: jax.Array, gamma: float, gae_lambda: float
) -> jax.Array:
    """Generalised advantages (T, A), arXiv 1506.02438, section 3.

    Args:
        rewards: (T, A), scaled.
        rollout: its `value`, `done` and `bootstrap` are used.
        last: (A,), values of what is seen after the rollout.
        gamma: discount.
        gae_lambda: weight of longer estimates.
    """

    def back(carry: tuple[jax.Array, jax.Array], step: Any) -> tuple[Any, jax.Array]:
        advantage, next_value = carry
        reward, value, done, bootstrap = step
        # What follows an episode's end is not its future; if cut off, its final observation is.
        future = jnp.where(done, bootstrap, next_value)
        delta = reward + gamma * future - value
        advantage = delta + gamma * gae_lambda * jnp.where(done, 0.0, advantage)
        return (advantage, value), advantage

    steps = (rewards, rollout.value, rollout.done, rollout.bootstrap)
    _, advantages = jax.lax.scan(back, (jnp.zeros_like(last), last), steps, reverse=True)
    return advantages


def rollout_key(seed: Any, update: Any) -> jax.Array:
    """Of the policy's noise in an update."""
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), 1), update)


def learning_key(seed: Any, update: Any) -> jax.Array:
    """Of an update's minibatches."""
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), 2), update)


def _first(array: jax.Array | None) -> jax.Array | None:
    """With a step axis in front."""
    return None if array is None else array[None]
