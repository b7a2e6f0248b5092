"""The Rust kernels inside `jax.jit` on the CPU, under the names and shapes of `samestep_jax`.

    env = ffi.make("pong", frame_skip=8)
    state, obs = ffi.reset_batch(env, 0, num_envs=4096)
    step = jax.jit(ffi.step_batch, static_argnums=0, donate_argnums=1)
    state, out = step(env, state, actions)

Calls are pure: state goes in and comes out, in place where XLA allows it (donate it, or carry it
through `jax.lax.scan`). They work under `jit`, `scan` and `vmap`. A refused action is an exception
where the result is awaited, with the line that says which one; a state that was not donated is as
it was. Needs JAX, which nothing else in this library does: `pip install samestep-rust[jax]`.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from samestep_rust import _core
from samestep_rust.seeds import checked as checked_seed

try:
    import jax
    import jax.numpy as jnp
except ImportError as error:
    raise ImportError(
        f"samestep_rust.ffi needs JAX ({error}); accepted: pip install 'samestep-rust[jax]'",
        name="jax",
    ) from error

_VMAP = "broadcast_all"  # the handlers take leading axes


@dataclass(frozen=True)
class FfiEnv:
    """One environment under fixed parameters; hashable, to be a static argument of `jax.jit`."""

    key: str
    """Name and parameters, as the handlers read them."""
    name: str
    version: int
    players: int
    obs_shape: tuple[int, ...]
    """One player's observation."""
    obs_dtype: str
    obs_low: float
    obs_high: float
    reward_dtype: str
    num_actions: int
    """0 where actions are continuous."""
    action_shape: tuple[int, ...]
    """One player's action: () if discrete."""
    action_low: float
    action_high: float
    legal_varies: bool
    max_episode_steps: int
    """0 is none."""
    state_bytes: int
    """Of a packed state row."""
    lanes: int
    saved_bytes: int
    """Of an instance in a state."""

    @property
    def action_dtype(self) -> str:
        """int32 if discrete, else float32."""
        return "int32" if self.num_actions else "float32"


@functools.partial(
    jax.tree_util.register_dataclass, data_fields=["saved"], meta_fields=["num_envs"]
)
@dataclass(frozen=True)
class BatchState:
    """N instances, each with its place in the randomness."""

    saved: jax.Array
    """(padded N, saved_bytes) u8, in a layout of the environment's own."""
    num_envs: int
    """N, static."""


class BatchStep(NamedTuple):
    """One step of N instances, autoreset in Gymnasium's SAME_STEP manner.

    Where an episode ended, `obs` is the new episode's first; `final_obs` is always the observation
    that the step led to, before any reset, so elsewhere it equals `obs`. With P > 1 players, obs,
    final_obs, reward and legal have a player axis after N.
    """

    obs: jax.Array  # (N, *obs)
    final_obs: jax.Array | None  # (N, *obs), None if not asked for
    reward: jax.Array  # (N,) f32, or f64 in double precision
    terminated: jax.Array  # (N,) bool, the rules ended the episode
    truncated: jax.Array  # (N,) bool, the time limit did; exclusive of `terminated`
    legal: jax.Array | None  # (N, A) bool, what may be done next; None if continuous
    acting: jax.Array | None  # (N, P) bool, who must choose next; None with one player


def make(name: str, **params: bool | int | float | str) -> FfiEnv:
    """An environment under parameters, which may include `max_episode_steps`.

    Raises:
        ValueError: in one line, for an unknown name or parameter, an unacceptable value, or double
            precision without jax_enable_x64.
        RuntimeError: if JAX's default device is not the CPU.
    """
    key, info = _core.ffi_env(name, params)
    _check_device()
    _register()
    continuous = not info["num_actions"]
    env = FfiEnv(
        key=key,
        name=info["name"],
        version=info["version"],
        players=info["players"],
        obs_shape=tuple(info["obs_shape"]),
        obs_dtype=info["obs_dtype"],
        obs_low=info["obs_low"],
        obs_high=info["obs_high"],
        reward_dtype=info["reward_dtype"],
        num_actions=info["num_actions"],
        action_shape=(info["action_len"],) if continuous else (),
        action_low=info["action_low"] if continuous else 0,
        action_high=info["action_high"] if continuous else info["num_actions"] - 1,
        legal_varies=info["legal_varies"],
        max_episode_steps=info["max_episode_steps"],
        state_bytes=info["state_bytes"],
        lanes=info["lanes"],
        saved_bytes=info["saved_bytes"],
    )
    _check_precision(env)
    return env


def reset_batch(
    env: FfiEnv, seed_or_root: Any, num_envs: int, first_index: Any = 0
) -> tuple[BatchState, jax.Array]:
    """Start N instances at episode 0; traceable.

    Args:
        env: what to start.
        seed_or_root: an integer in [0, 2**64), or a root key as two u32 (these may be traced).
        num_envs: N, at least 1.
        first_index: env_index of the first; a batch that is split keeps its results.

    Returns:
        The state, and observations (N, *obs).

    Raises:
        ValueError: for a seed or a number of instances that is out of range, or double precision
            without jax_enable_x64.
    """
    _check_precision(env)
    if not isinstance(num_envs, int | np.integer) or not 1 <= num_envs <= 1 << 24:
        raise ValueError(f"num_envs is {num_envs!r}; accepted: an integer from 1 to {1 << 24}")
    shapes = (_saved_shape(env, num_envs), _obs_shape(env, num_envs))
    call = jax.ffi.ffi_call("samestep_reset", shapes, vmap_method=_VMAP)
    first = _first_index(first_index, num_envs)
    saved, obs = call(_root(seed_or_root), first, env=env.key)
    return BatchState(saved, int(num_envs)), obs


def _first_index(first_index: Any, num_envs: int) -> jax.Array:
    """() u32; a number is checked, of a traced value the type alone."""
    accepted = f"accepted: an integer from 0 to {(1 << 32) - num_envs}"
    if isinstance(first_index, jax.core.Tracer):
        if not jnp.issubdtype(first_index.dtype, jnp.integer):
            raise ValueError(f"first_index is traced, of {first_index.dtype}; {accepted}")
        return jnp.asarray(first_index, jnp.uint32)
    plain = first_index.item() if hasattr(first_index, "item") else first_index
    whole = isinstance(plain, int) and not isinstance(plain, bool)
    if not whole or not 0 <= plain <= (1 << 32) - num_envs:
        raise ValueError(f"first_index is {first_index!r}; {accepted}")
    return jnp.asarray(plain, jnp.uint32)


def step_batch(
    env: FfiEnv, state: BatchState, actions: Any, final_obs: bool = True
) -> tuple[BatchState, BatchStep]:
    """Step every instance; the ended ones begin their next episode; traceable.

    Args:
        env: the environment that the state belongs to; static.
        state: N instances.
        actions: (N,) i32, or (N, len) f32, with a player axis after N where P > 1.
        final_obs: whether to write `final_obs`; static. Without, a step is a little faster.

    Raises:
        TypeError: for actions of another dtype.
        ValueError: for another shape, a state that is not this environment's, or double precision
            without jax_enable_x64.
        jax.errors.JaxRuntimeError: when awaited, for an action that is out of range or NaN.
    """
    _check_precision(env)
    n = _checked_state(env, state)
    rows = (n,) if env.players == 1 else (n, env.players)
    flags = jax.ShapeDtypeStruct((n,), np.bool_)
    shapes = {
        "saved": _saved_shape(env, n),
        "obs": _obs_shape(env, n),
        "reward": jax.ShapeDtypeStruct(rows, np.dtype(env.reward_dtype)),
        "terminated": flags,
        "truncated": flags,
    }
    if env.legal_varies:
        shapes["legal"] = jax.ShapeDtypeStruct((*rows, env.num_actions), np.bool_)
    if env.players > 1:
        shapes["acting"] = jax.ShapeDtypeStruct(rows, np.bool_)
    if final_obs:
        shapes["final_obs"] = shapes["obs"]
    call = jax.ffi.ffi_call(
        "samestep_step",
        tuple(shapes.values()),
        vmap_method=_VMAP,
        input_output_aliases={0: 0},
    )
    results = call(state.saved, _checked_actions(env, rows, actions), env=env.key)
    out = dict(zip(shapes, results, strict=True))
    return BatchState(out["saved"], n), BatchStep(
        obs=out["obs"],
        final_obs=out.get("final_obs"),
        reward=out["reward"],
        terminated=out["terminated"],
        truncated=out["truncated"],
        legal=out.get("legal", _constant_legal(env, rows)),
        acting=out.get("acting"),
    )


def legal_batch(env: FfiEnv, state: BatchState) -> jax.Array | None:
    """Masks of legal actions, (N, A) or (N, P, A) bool, None if continuous; traceable."""
    n = _checked_state(env, state)
    rows = (n,) if env.players == 1 else (n, env.players)
    return _masks(env, state)[1] if env.legal_varies else _constant_legal(env, rows)


def acting_batch(env: FfiEnv, state: BatchState) -> jax.Array | None:
    """Who must choose now, (N, P) bool, None with one player; traceable."""
    _checked_state(env, state)
    return _masks(env, state)[0] if env.players > 1 else None


def export_state(env: FfiEnv, state: BatchState) -> NDArray[np.uint8]:
    """Packed state rows, (N, state_bytes) u8, as every implementation writes them.

    Raises:
        ValueError: for a state that is not this environment's.
    """
    n = _checked_state(env, state)
    return _core.ffi_export(env.key, np.ascontiguousarray(state.saved), n)


def import_state(
    env: FfiEnv,
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
        ValueError: in one line, for rows of another size, count or layout, or a state that cannot
            exist.
    """
    rows = np.asarray(rows)
    if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != env.state_bytes:
        raise ValueError(
            f"state rows are {rows.dtype} {rows.shape}; "
            f"{env.name} takes uint8 (N, {env.state_bytes})"
        )
    if not len(rows):
        raise ValueError("there are 0 state rows; accepted: at least 1")
    if state is None:
        if indices is not None:
            raise ValueError(
                "indices need a batch to restore into; accepted: a state, or no indices"
            )
        saved = _core.ffi_import(env.key, np.ascontiguousarray(rows))
        return BatchState(jnp.asarray(saved), len(rows))
    whole = export_state(env, state)
    places = _checked_indices(range(state.num_envs) if indices is None else indices, len(whole))
    if len(rows) != len(places):
        raise ValueError(f"there are {len(rows)} state rows; accepted: {len(places)}")
    whole[places] = rows
    return import_state(env, None, whole)


def reset_instances(
    env: FfiEnv,
    state: BatchState,
    seed_or_root: Any,
    indices: Sequence[int],
    first_index: int = 0,
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
        ValueError: for indices that are out of range or given twice.
    """
    places = _checked_indices(indices, _checked_state(env, state))
    fresh, obs = reset_batch(env, seed_or_root, state.num_envs, first_index)
    rows = export_state(env, fresh)[places]
    return import_state(env, state, rows, list(places)) if len(places) else state, obs[places]


@functools.cache
def _register() -> None:
    """Make the handlers known to XLA, once a process."""
    for name, address in _core.ffi_handlers().items():
        capsule = jax.ffi.pycapsule(ctypes.c_void_p(address))
        jax.ffi.register_ffi_target(name, capsule, platform="cpu")


def _check_device() -> None:
    default = getattr(jax.config, "jax_default_device", None)
    platform = jax.default_backend() if default is None else getattr(default, "platform", default)
    if platform != "cpu":
        raise RuntimeError(
            f"JAX's default device is {platform!r}, and Rust steps on the CPU; accepted: "
            "JAX_PLATFORMS=cpu, or jax.config.update('jax_default_device', jax.devices('cpu')[0])"
        )


def _check_precision(env: FfiEnv) -> None:
    """Refuse f64 arrays while JAX would take them for f32."""
    for dtype in (env.obs_dtype, env.reward_dtype):
        if jax.dtypes.canonicalize_dtype(dtype) != np.dtype(dtype):
            raise ValueError(
                f"{env.name} computes in {dtype} under these parameters, and JAX would in float32; "
                "accepted: jax.config.update('jax_enable_x64', True) first, or parameters for "
                "float32"
            )


def _saved_shape(env: FfiEnv, n: int) -> jax.ShapeDtypeStruct:
    padded = -(-n // env.lanes) * env.lanes
    return jax.ShapeDtypeStruct((padded, env.saved_bytes), np.uint8)


def _obs_shape(env: FfiEnv, n: int) -> jax.ShapeDtypeStruct:
    rows = (n,) if env.players == 1 else (n, env.players)
    return jax.ShapeDtypeStruct((*rows, *env.obs_shape), np.dtype(env.obs_dtype))


def _constant_legal(env: FfiEnv, rows: tuple[int, ...]) -> jax.Array | None:
    return jnp.ones((*rows, env.num_actions), jnp.bool_) if env.num_actions else None


def _masks(env: FfiEnv, state: BatchState) -> list[jax.Array]:
    """Who must choose, (N, P), and what may be chosen if that varies."""
    shapes = [jax.ShapeDtypeStruct((state.num_envs, env.players), np.bool_)]
    if env.legal_varies:
        rows = (state.num_envs,) if env.players == 1 else (state.num_envs, env.players)
        shapes.append(jax.ShapeDtypeStruct((*rows, env.num_actions), np.bool_))
    call = jax.ffi.ffi_call("samestep_masks", shapes, vmap_method=_VMAP)
    masks: list[jax.Array] = list(call(state.saved, env=env.key))
    return masks


def _root(seed_or_root: Any) -> jax.Array:
    """(2,) u32, the high word first."""
    if isinstance(seed_or_root, int | np.integer):
        seed = checked_seed(seed_or_root)
        return jnp.asarray(np.array([seed >> 32, seed & 0xFFFFFFFF], np.uint32))
    if isinstance(seed_or_root, jax.Array) and jnp.issubdtype(
        seed_or_root.dtype, jax.dtypes.prng_key
    ):
        seed_or_root = jax.random.key_data(seed_or_root)
    root = jnp.asarray(seed_or_root)
    if root.shape != (2,) or root.dtype != jnp.uint32:
        raise ValueError(
            f"the root key is {root.dtype} {root.shape}; accepted: an integer from 0 to 2**64 - 1, "
            "or uint32 (2,)"
        )
    return root


def _checked_state(env: FfiEnv, state: BatchState) -> int:
    """The state's number of instances."""
    if not isinstance(state, BatchState):
        raise TypeError(
            f"state is a {type(state).__name__}; accepted: what reset_batch or import_state gave"
        )
    accepted = _saved_shape(env, state.num_envs)
    saved = state.saved
    if saved.shape != accepted.shape or saved.dtype != accepted.dtype:
        raise ValueError(
            f"the state of {state.num_envs} instances is {saved.dtype} {saved.shape}; "
            f"{env.name} has {accepted.dtype} {accepted.shape}"
        )
    return state.num_envs


def _checked_actions(env: FfiEnv, rows: tuple[int, ...], actions: Any) -> Any:
    """The actions, which must be arrays of exactly the accepted dtype and shape."""
    shape = (*rows, *env.action_shape)
    accepted = f"accepted: {env.action_dtype} {shape}"
    if not isinstance(actions, jax.Array | np.ndarray):
        raise TypeError(f"actions are a {type(actions).__name__}; {accepted}")
    if actions.dtype != env.action_dtype:
        raise TypeError(f"actions are {actions.dtype} {actions.shape}; {accepted}")
    if actions.shape != shape:
        raise ValueError(f"actions are {actions.dtype} {actions.shape}; {accepted}")
    return actions


def _checked_indices(indices: Sequence[int], num_envs: int) -> NDArray[np.intp]:
    """Distinct places in a batch."""
    chosen = np.asarray(indices)
    if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "iu"):
        raise ValueError(f"indices are {chosen.dtype} {chosen.shape}; accepted: a list of integers")
    for index in chosen:
        if not 0 <= index < num_envs:
            raise ValueError(f"index {index} is out of range; accepted: 0 to {num_envs - 1}")
    if len(np.unique(chosen)) != len(chosen):
        raise ValueError("an index is given twice; accepted: distinct indices")
    return chosen.astype(np.intp)
