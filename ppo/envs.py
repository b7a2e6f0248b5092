"""Every implementation as what a rollout needs: functions to be traced, or a batch on the host.

Agents are what the policy acts for: N instances times P players, the players of an instance next to
each other. Here observations are flat f32 rows, one an agent.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from harness import registry
from harness.baselines import BASELINES, Unavailable
from harness.errors import UserError
from harness.implementations import Batch, make_batch
from references.batch import BatchStep
from references.contract import DiscreteAction
from references.threefry import root_key

FUSED = ("jax", "rust")
"""Ours that are traced into the training program: pure JAX, and Rust through XLA's FFI."""


@dataclass(frozen=True)
class Layout:
    """What the network must know of an environment."""

    obs_size: int
    """Elements of one player's observation."""
    num_actions: int
    """0 where actions are continuous."""
    action_shape: tuple[int, ...]
    """One player's; () if discrete."""
    low: float
    high: float
    players: int

    @property
    def heads(self) -> int:
        """Outputs of the policy: a logit an action, or a mean an element."""
        return self.num_actions or int(np.prod(self.action_shape))


class Seen(NamedTuple):
    """What the agents see before they act; (A, ...) with A agents."""

    obs: Any  # (A, obs_size) f32
    legal: Any  # (A, actions) bool, None where actions are continuous
    acting: Any  # (A,) bool, None with one player


class Outcome(NamedTuple):
    """What a step led to, an agent."""

    seen: Seen  # of the next episode where this one ended
    final_obs: Any  # (A, obs_size) f32, before any reset
    reward: Any  # (A,) f32
    terminated: Any  # (A,) bool
    truncated: Any  # (A,) bool


@dataclass(frozen=True)
class FusedEnv:
    """Pure functions of N instances, to be traced; state is a pytree."""

    layout: Layout
    num_envs: int
    reset: Callable[[Any], tuple[Any, Seen]]
    """From a root key, (2,) u32."""
    step: Callable[[Any, Any], tuple[Any, Outcome]]
    """From a state and the agents' actions."""
    save: Callable[[Any], np.ndarray] | None = None
    """Packed state rows, where there are any."""
    load: Callable[[Any, np.ndarray], Any] | None = None
    """A state as the first, restored from such rows."""


class HostEnv:
    """A batch that is stepped by calls from Python.

    Args:
        batch: N instances; see `harness.implementations.Batch`.
        layout: of its environment.
    """

    def __init__(self, batch: Batch, layout: Layout) -> None:
        self.batch = batch
        self.layout = layout
        self.num_envs = batch.num_envs

    def reset(self, seed: int) -> Seen:
        """Start every instance at episode 0."""
        obs = self.batch.reset(seed)
        return _seen(np, obs, self.batch.legal(), self.batch.acting(), self.layout)

    def step(self, actions: np.ndarray) -> Outcome:
        """Step with the agents' actions."""
        return _outcome(np, self.batch.step(_of_instances(actions, self.layout)), self.layout)

    def save(self) -> np.ndarray | None:
        """Packed state rows; None where a state cannot be had."""
        return self.batch.export_state()

    def load(self, rows: np.ndarray) -> None:
        """Restore every instance."""
        self.batch.import_state(rows)

    def close(self) -> None:
        """Release the batch."""
        self.batch.close()


def layout_of(entry: registry.Entry, params: dict[str, Any]) -> Layout:
    """The layout under these parameters.

    Raises:
        UserError: for an unknown parameter or an unacceptable value.
    """
    try:
        checked = entry.spec.check_params(params)
    except ValueError as error:
        raise UserError(str(error)) from None
    spec = entry.spec.under(checked)
    action = spec.action(checked)
    size = int(np.prod(spec.obs.shape))
    if isinstance(action, DiscreteAction):
        return Layout(size, action.n, (), 0, action.n - 1, spec.num_players)
    return Layout(size, 0, action.shape, action.low, action.high, spec.num_players)


def make_env(
    entry: registry.Entry, backend: str, num_envs: int, params: dict[str, Any]
) -> FusedEnv | HostEnv:
    """N instances of an implementation of ours, or of a baseline.

    Raises:
        UserError: for an unknown one, or one that is not installed.
    """
    layout = layout_of(entry, params)
    if backend in BASELINES and backend in entry.baselines:
        return _baseline(entry, backend, num_envs, params, layout)
    known = [name for name in FUSED if name in entry.backends]
    if backend not in (*known, "reference", *entry.backends):
        accepted = ", ".join((*known, "reference", *entry.baselines))
        raise UserError(f"{entry.name} has no BACKEND {backend!r}; accepted: {accepted}")
    if backend not in FUSED:
        return HostEnv(make_batch(entry, backend, num_envs, params), layout)
    try:
        return _fused(entry, backend, num_envs, params, layout)
    except ImportError as error:
        raise UserError(f"{error}; run `make setup`") from None
    except (RuntimeError, ValueError) as error:  # another device, or f64 without jax_enable_x64
        raise UserError(str(error)) from None


def _fused(
    entry: registry.Entry, backend: str, num_envs: int, params: dict[str, Any], layout: Layout
) -> FusedEnv:
    face = importlib.import_module("samestep_rust.ffi" if backend == "rust" else "samestep_jax")
    if backend == "jax" and entry.jax_module:
        face.register(entry.name, importlib.import_module(entry.jax_module).make_env)
    env = face.make(entry.name, **params)

    def reset(root: Any) -> tuple[Any, Seen]:
        state, obs = face.reset_batch(env, root, num_envs)
        return state, look(state, obs)

    def look(state: Any, obs: Any) -> Seen:
        return _seen(jnp, obs, face.legal_batch(env, state), face.acting_batch(env, state), layout)

    def step(state: Any, actions: Any) -> tuple[Any, Outcome]:
        state, out = face.step_batch(env, state, _of_instances(actions, layout))
        return state, _outcome(jnp, out, layout)

    def save(state: Any) -> np.ndarray:
        return np.asarray(face.export_state(env, state))

    def load(state: Any, rows: np.ndarray) -> Any:
        return face.import_state(env, state, rows)

    return FusedEnv(layout, num_envs, reset, step, save, load)


def _baseline(
    entry: registry.Entry, name: str, num_envs: int, params: dict[str, Any], layout: Layout
) -> FusedEnv | HostEnv:
    """What the baseline's module makes of itself for training: `train_env`, see trained.py."""
    module = importlib.import_module(BASELINES[name].factory.split(":")[0])
    if not hasattr(module, "train_env"):
        raise UserError(f"{name} cannot be trained over; accepted: another baseline")
    try:
        made: FusedEnv | HostEnv = module.train_env(entry, name, num_envs, params, layout)
    except Unavailable as error:
        raise UserError(f"{name}: {error}") from None
    return made


def _seen(xp: Any, obs: Any, legal: Any, acting: Any, layout: Layout) -> Seen:
    agents = obs.shape[0] * layout.players
    return Seen(
        xp.reshape(obs, (agents, layout.obs_size)).astype(np.float32),
        None if legal is None or not layout.num_actions else legal.reshape(agents, -1),
        None if acting is None else acting.reshape(agents),
    )


def _outcome(xp: Any, step: BatchStep | Any, layout: Layout) -> Outcome:
    seen = _seen(xp, step.obs, step.legal, step.acting, layout)
    repeat = functools.partial(xp.repeat, repeats=layout.players)
    single = layout.players == 1
    return Outcome(
        seen,
        xp.reshape(step.final_obs, seen.obs.shape).astype(np.float32),
        xp.reshape(step.reward, (seen.obs.shape[0],)).astype(np.float32),
        step.terminated if single else repeat(step.terminated),
        step.truncated if single else repeat(step.truncated),
    )


def _of_instances(actions: Any, layout: Layout) -> Any:
    """(A, *action) as (N, *action), or (N, P, *action) with P > 1 players."""
    if layout.players == 1:
        return actions
    return actions.reshape(-1, layout.players, *layout.action_shape)


def root_of(seed: int) -> np.ndarray:
    """The root key of a seed, (2,) u32, as every implementation makes it."""
    return np.asarray(root_key(int(seed)), np.uint32)
