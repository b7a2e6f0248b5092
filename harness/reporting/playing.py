"""One episode of a policy on several implementations at once, from the same seed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from harness.errors import UserError
from harness.implementations import Batch, make_batch
from harness.registry import Entry

if TYPE_CHECKING:
    from ppo.checkpoints import SavedPolicy

Act = Callable[[np.ndarray, np.ndarray | None], np.ndarray]
"""Actions (N, ...) for observations (N, ...) and masks of legal actions (N, A), or None."""


class Moment(NamedTuple):
    """The state of each implementation, and the return up to it."""

    rows: list[np.ndarray]  # (state_bytes,) u8 each
    returns: list[float]


def play(
    entry: Entry, impls: Sequence[str], params: dict[str, Any], seed: int, steps: int, act: Act
) -> Iterator[Moment]:
    """The moments of one episode; each implementation sees what it made itself.

    One call of `act` chooses for all of them, so that the policy cannot differ. Ends with the first
    episode that ends, with its last state and its whole return.

    Args:
        entry: the environment, of one player.
        impls: names of implementations.
        params: the environment's parameters.
        seed: of the environment.
        steps: how many at most.
        act: the policy.

    Raises:
        UserError: for an unknown or missing implementation, or an environment of several players.
    """
    if entry.spec.num_players != 1:
        raise UserError(f"{entry.name} has several players; accepted: environments of one")
    try:
        batches = [make_batch(entry, impl, 1, params) for impl in impls]
    except (ImportError, ValueError) as error:
        raise UserError(str(error)) from None
    try:
        yield from _moments(batches, seed, steps, act)
    finally:
        for batch in batches:
            batch.close()


def _moments(batches: list[Batch], seed: int, steps: int, act: Act) -> Iterator[Moment]:
    obs = [batch.reset(seed) for batch in batches]
    returns = [0.0] * len(batches)
    rows = [batch.export_state()[0] for batch in batches]
    yield Moment(rows, list(returns))
    for _ in range(steps):
        masks = [mask for batch in batches if (mask := batch.legal()) is not None]
        legal = np.concatenate(masks) if masks else None
        actions = act(np.concatenate(obs), legal)
        taken = [batch.step(actions[place : place + 1]) for place, batch in enumerate(batches)]
        obs = [step.obs for step in taken]
        returns = [
            so_far + float(step.reward[0]) for so_far, step in zip(returns, taken, strict=True)
        ]
        if any(step.terminated[0] or step.truncated[0] for step in taken):
            yield Moment(rows, returns)  # what the batches hold now is the next episode
            return
        rows = [batch.export_state()[0] for batch in batches]
        yield Moment(rows, list(returns))


def load(path: Path) -> SavedPolicy:
    """A checkpoint's policy.

    Raises:
        UserError: in one line, if it cannot be read, or what reads it is not installed.
    """
    try:
        from ppo.checkpoints import load_policy
    except ImportError as error:
        raise UserError(f"{error}; `make setup` installs it") from None
    return load_policy(path)


def greedy(saved: SavedPolicy, num_envs: int) -> Act:
    """The policy's likeliest action, as one compiled program for all implementations."""
    import jax
    import jax.numpy as jnp

    from ppo.envs import Seen

    agent = saved.agent(num_envs)
    noise = jnp.zeros((num_envs, agent.layout.heads))
    decide = jax.jit(functools.partial(agent.act, saved.learned))
    hidden = agent.initial_hidden(num_envs)
    fresh = np.ones(num_envs, bool)

    def act(obs: np.ndarray, legal: np.ndarray | None) -> np.ndarray:
        nonlocal hidden, fresh
        seen = Seen(obs.reshape(num_envs, -1).astype(np.float32), legal, None)
        hidden, actions = decide(hidden, seen, fresh, noise)
        fresh = np.zeros(num_envs, bool)
        return np.asarray(actions)

    return act
