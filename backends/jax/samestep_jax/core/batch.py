"""The batch driver: environment indices, autoreset, final observations, packed state rows.

Pure functions over any `Env`. Those that say "traceable" run under `jax.jit`, `jax.lax.scan` and
`jax.vmap` with `env` (and `num_envs`) static; `step_batch` and `export_state` are compiled already.
The others check what they are given on the host.
Results do not depend on the batch's size or on an instance's place in it, only on the root key and
the instance's `env_index`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from samestep_jax.core import rows as packed
from samestep_jax.core.spaces import check_batch_actions
from samestep_jax.core.threefry import Key, as_key, env_key, root_key
from samestep_jax.core.types import Env, check_precision

_BY_EPISODE = (0, 0, 0)  # vmap axes of env_key: root, env_index, episode


class BatchState(NamedTuple):
    """N instances: their places in the randomness, and their states."""

    root: Key  # two (N,) u32, the root key that each was reset under
    env_index: jax.Array  # (N,) u32, global index in the batch
    episode: jax.Array  # (N,) u32, episodes count from 0
    env_state: Any  # the environment's state, each field with N in front


class BatchStep(NamedTuple):
    """One step of N instances, autoreset in Gymnasium's SAME_STEP manner.

    Where an episode ended, `obs` is the new episode's first; `final_obs` is always the observation
    that the step led to, before any reset, so elsewhere it equals `obs`. With P > 1 players, obs,
    final_obs, reward and legal have a player axis after N.
    """

    obs: jax.Array  # (N, *obs)
    final_obs: jax.Array  # (N, *obs)
    reward: jax.Array  # (N,) f32, or f64 where observations are
    terminated: jax.Array  # (N,) bool, the rules ended the episode
    truncated: jax.Array  # (N,) bool, the time limit did; exclusive of `terminated`
    legal: jax.Array | None  # (N, A) bool, what may be done next; None if continuous
    acting: jax.Array | None  # (N, P) bool, who must choose next; None with one player


def reset_batch(
    env: Env,
    seed_or_root: int | Key | jax.Array,
    num_envs: int,
    first_index: int | jax.Array = 0,
) -> tuple[BatchState, jax.Array]:
    """Start N instances at episode 0; traceable.

    Args:
        env: what to start.
        seed_or_root: an integer in [0, 2**64), or a root key as two u32 (these may be traced).
        num_envs: N, at least 1.
        first_index: env_index of the first, 0 to 2**32 - N (an integer that is traced wraps
            around); a batch that is split keeps its results.

    Returns:
        The state, and observations (N, *obs).

    Raises:
        TypeError: for a seed that is no integer and no key.
        ValueError: for another number that is no integer, or is out of range; for an environment
            in double precision while jax_enable_x64 is off.
    """
    if not _is_integer(num_envs) or num_envs < 1:
        raise ValueError(f"num_envs is {num_envs!r}; accepted: an integer of at least 1")
    check_precision(env)
    env_index = _as_index(first_index, num_envs) + jnp.arange(num_envs, dtype=jnp.uint32)
    return _start(env, _as_root(seed_or_root), env_index)


def step_batch(
    env: Env, state: BatchState, actions: jax.Array | np.ndarray
) -> tuple[BatchState, BatchStep]:
    """Step every instance; the ended ones begin their next episode; traceable.

    Args:
        env: the environment that the state belongs to.
        state: N instances.
        actions: an array (N, *action shape) of the action space's dtype, with a player axis after
            N where P > 1. Values are not checked, for compiled code cannot raise; see
            `check_actions`.

    Raises:
        TypeError: for something else than an array, or another dtype, also while tracing.
        ValueError: for another shape, likewise; for an environment in double precision while
            jax_enable_x64 is off.
    """
    check_precision(env)
    checked = check_batch_actions(env, num_envs_of(state), actions)
    result: tuple[BatchState, BatchStep] = _step_batch(env, state, checked)
    return result


@partial(jax.jit, static_argnums=0)
def _step_batch(env: Env, state: BatchState, actions: jax.Array) -> tuple[BatchState, BatchStep]:
    stepped, step = jax.vmap(env.step)(state.env_state, actions)
    done = step.terminated | step.truncated
    episode = state.episode + done

    def begin_next(env_state: Any, obs: jax.Array) -> tuple[Any, jax.Array]:
        keys = jax.vmap(env_key, _BY_EPISODE)(state.root, state.env_index, episode)
        fresh = jax.vmap(env.reset)(keys)
        chosen: tuple[Any, jax.Array] = jax.tree.map(partial(_where, done), fresh, (env_state, obs))
        return chosen

    # The condition saves the resets of a step in which nothing ended. It also keeps XLA from
    # fusing them into the step, which recomputes threefry for every element of the observations.
    env_state, obs = jax.lax.cond(
        done.any(), begin_next, lambda *unchanged: unchanged, stepped, step.obs
    )
    after = state._replace(episode=episode, env_state=env_state)
    return after, BatchStep(
        obs=obs,
        final_obs=step.obs,
        reward=step.reward,
        terminated=step.terminated,
        truncated=step.truncated,
        legal=legal_batch(env, after),
        acting=acting_batch(env, after),
    )


def legal_batch(env: Env, state: BatchState) -> jax.Array | None:
    """Masks of legal actions, (N, A) or (N, P, A) bool, None if continuous; traceable."""
    return jax.vmap(env.legal)(state.env_state)


def acting_batch(env: Env, state: BatchState) -> jax.Array | None:
    """Who must choose now, (N, P) bool, None with one player; traceable."""
    return jax.vmap(env.acting)(state.env_state)


def reset_instances(
    env: Env,
    state: BatchState,
    seed_or_root: int | Key | jax.Array,
    indices: Sequence[int],
    first_index: int | jax.Array = 0,
) -> tuple[BatchState, jax.Array]:
    """Start chosen instances anew at episode 0 and leave the others alone.

    Args:
        env: the environment that the state belongs to.
        state: N instances.
        seed_or_root: as for `reset_batch`.
        indices: K distinct places in the batch, 0 to N - 1.
        first_index: as for `reset_batch`.

    Returns:
        The state, and the chosen instances' observations, (K, *obs).

    Raises:
        TypeError: for a seed that is no integer and no key.
        ValueError: for indices that are out of range or given twice, or another number that is
            no integer or out of range.
    """
    places = packed.check_indices(indices, num_envs_of(state))
    env_index = _as_index(first_index, num_envs_of(state)) + jnp.asarray(places, jnp.uint32)
    started, obs = _start(env, _as_root(seed_or_root), env_index)
    return _scatter(state, started, places), obs


def export_state(env: Env, state: BatchState) -> jax.Array:
    """Packed state rows, (N, state_bytes) u8, as every implementation writes them; traceable."""
    rows: jax.Array = _export_state(env, state)
    return rows


@partial(jax.jit, static_argnums=0)
def _export_state(env: Env, state: BatchState) -> jax.Array:
    layout = env.layout
    columns = {
        "layout": jnp.full(num_envs_of(state), layout.layout_id, jnp.uint32),
        "root": jnp.stack(state.root, axis=-1),
        "env_index": state.env_index,
        "episode": state.episode,
        "t": state.env_state.t,
    }
    for name, _, _ in layout.state:
        columns[name] = getattr(state.env_state, name)
    return packed.pack(layout, columns)


def import_state(
    env: Env,
    state: BatchState | None,
    rows: Any,
    indices: Sequence[int] | None = None,
) -> BatchState:
    """Restore instances from packed rows; `state` itself is never changed.

    Args:
        env: the environment that wrote the rows.
        state: the batch to restore into; None makes one of exactly these rows.
        rows: (N, state_bytes) u8, or (K, state_bytes) with K `indices`.
        indices: distinct places in the batch; all by default.

    Raises:
        ValueError: in one line, for rows of another size, count or layout, a state that cannot
            exist or that single precision does not hold; for an environment in double precision
            while jax_enable_x64 is off.
    """
    check_precision(env)
    view = packed.check_rows(env.layout, rows)
    packed.check_states(env.layout, view, env.check_state)
    if state is None and indices is not None:
        raise ValueError("indices need a batch to restore into; accepted: a state, or no indices")
    if state is None:
        if len(view) == 0:
            raise ValueError("there are 0 state rows; accepted: at least 1")
        return _restore(env, view)
    everything = range(num_envs_of(state))
    places = packed.check_indices(everything if indices is None else indices, len(everything))
    if len(view) != len(places):
        raise ValueError(f"there are {len(view)} state rows; accepted: {len(places)}")
    return _scatter(state, _restore(env, view), places)


def num_envs_of(state: BatchState) -> int:
    """N.

    Raises:
        TypeError: for something else than a batch's state.
    """
    if not isinstance(state, BatchState):
        raise TypeError(
            f"state is a {type(state).__name__}; accepted: what reset_batch or import_state gave"
        )
    return int(state.episode.shape[0])


def _as_root(seed_or_root: int | Key | jax.Array) -> Key:
    """The root key: a pair or an array of two words is one, all else must be a seed."""
    is_key = isinstance(seed_or_root, tuple | list) or getattr(seed_or_root, "ndim", 0) > 0
    typed = isinstance(seed_or_root, jax.Array) and jnp.issubdtype(
        seed_or_root.dtype, jax.dtypes.prng_key
    )
    return as_key(seed_or_root) if is_key or typed else root_key(seed_or_root)  # type: ignore[arg-type]


def _as_index(first_index: int | jax.Array, num_envs: int) -> jax.Array:
    """The env_index of a batch's first instance, () u32; of a traced one the type is checked."""
    highest = 2**32 - num_envs
    accepted = f"accepted: an integer from 0 to {highest}"
    if isinstance(first_index, jax.core.Tracer):
        if not jnp.issubdtype(first_index.dtype, jnp.integer):
            raise ValueError(f"first_index is traced, of {first_index.dtype}; {accepted}")
        return first_index.astype(jnp.uint32)
    plain = first_index.item() if hasattr(first_index, "item") else first_index
    if not _is_integer(plain) or not 0 <= plain <= highest:
        raise ValueError(f"first_index is {first_index!r}; {accepted}")
    return jnp.asarray(plain, jnp.uint32)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _start(env: Env, root: Key, env_index: jax.Array) -> tuple[BatchState, jax.Array]:
    """Instances of these global indices at episode 0."""
    roots = (jnp.full_like(env_index, root[0]), jnp.full_like(env_index, root[1]))
    episode = jnp.zeros_like(env_index)
    keys = jax.vmap(env_key, _BY_EPISODE)(roots, env_index, episode)
    env_state, obs = jax.vmap(env.reset)(keys)
    return BatchState(roots, env_index, episode, env_state), obs


def _restore(env: Env, view: np.ndarray) -> BatchState:
    """The instances that acceptable rows, (N,) from `check_rows`, describe."""
    columns = packed.unpack(env.layout, view, _held(env, packed.is_representable(np.float64)))
    root = (columns["root"][:, 0], columns["root"][:, 1])
    keys = jax.vmap(env_key, _BY_EPISODE)(root, columns["env_index"], columns["episode"])
    fields = {name: columns[name] for name, _, _ in env.layout.state}
    env_state = env.state_type(key=keys, t=columns["t"], **fields)
    return BatchState(root, columns["env_index"], columns["episode"], env_state)


@cache
def _held(env: Env, x64: bool) -> dict[str, np.dtype[Any]]:
    """The dtypes in which an environment holds STATE's fields: those that its reset makes."""
    word = jax.ShapeDtypeStruct((), np.uint32)
    state, _ = jax.eval_shape(env.reset, (word, word))
    return {name: np.dtype(getattr(state, name).dtype) for name, _, _ in env.layout.state}


def _scatter(state: BatchState, part: BatchState, places: np.ndarray) -> BatchState:
    scattered: BatchState = jax.tree.map(
        lambda whole, new: whole.at[places].set(new.astype(whole.dtype)), state, part
    )
    return scattered


def _where(done: jax.Array, fresh: jax.Array, old: jax.Array) -> jax.Array:
    """`fresh` for ended instances; done is (N,), the others (N, ...)."""
    return jnp.where(done.reshape(done.shape + (1,) * (old.ndim - 1)), fresh, old)
