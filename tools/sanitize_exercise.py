"""Calls everything in samestep-rust's extension module that touches a caller's memory, briefly.

`tools/sanitize.py` runs it under Valgrind. Every environment in the module plays through episode
ends, is exported and imported, and is handed what it must refuse, on every instruction set and
inside JAX; all must end in the same states. Sizes are small and odd: a read or a write beyond an
array then leaves its block of memory.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

import samestep_rust
from harness import registry
from samestep_rust import Batch, ffi

SEED = (5 << 32) + 3
SIZE = 19  # instances: not a whole number of blocks
STEPS = 8
LIMIT = 3  # steps an episode
REFUSALS = (ValueError, TypeError, RuntimeError)
Arrays = dict[str, Any]


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every environment in the module under every registered variant, with short episodes."""
    for name in samestep_rust.env_names():
        known = registry.get(name).variants if name in registry.names() else ()
        done: list[dict[str, Any]] = []
        for given in [variant.params for variant in known] or [{}]:
            params = {**given, "max_episode_steps": LIMIT}
            if params not in done:
                done.append(params)
                yield name, params


def refused(call: Callable[..., Any], *arguments: Any, **named: Any) -> None:
    """Assert that a call raises."""
    try:
        jax.block_until_ready(call(*arguments, **named))
    except REFUSALS:
        return
    raise AssertionError(f"{call} took what it must refuse")


def arrays(info: dict[str, Any]) -> Arrays:
    """Arguments of `step_into`, each in memory of its own, filled with what must not stay."""
    rows = (SIZE,) if info["players"] == 1 else (SIZE, info["players"])
    obs = (*rows, *info["obs_shape"])
    made: Arrays = {
        "obs": np.full(obs, 99, info["obs_dtype"]),
        "final_obs": np.full(obs, 99, info["obs_dtype"]),
        "reward": np.full(rows, np.nan, info["reward_dtype"]),
        "terminated": np.ones(SIZE, np.bool_),
        "truncated": np.ones(SIZE, np.bool_),
    }
    if info["num_actions"]:
        made["legal"] = np.zeros((*rows, info["num_actions"]), np.bool_)
    if info["players"] > 1:
        made["acting"] = np.zeros(rows, np.bool_)
    return made


def choose(info: dict[str, Any], legal: np.ndarray | None, number: int) -> np.ndarray:
    """Legal actions, other ones at every step."""
    rng = np.random.default_rng(number)
    if legal is not None:
        chosen: np.ndarray = np.argmax(rng.random(legal.shape) * legal, axis=-1).astype(np.int32)
        return chosen
    rows = (SIZE,) if info["players"] == 1 else (SIZE, info["players"])
    shape = (*rows, info["action_len"])
    return rng.uniform(info["action_low"], info["action_high"], shape).astype(np.float32)


def play(name: str, params: dict[str, Any], isa: str) -> tuple[np.ndarray, np.ndarray]:
    """Step the native batch; the actions taken, (STEPS, SIZE, ...), and the last rows."""
    batch = Batch(name, SIZE, 2, params, isa)
    info = batch.info()
    out = arrays(info)
    batch.reset(SEED, out["obs"])
    batch.masks(out.get("legal"), out.get("acting"))
    actions = []
    ended = 0
    for number in range(STEPS):
        actions.append(choose(info, out.get("legal"), number))
        batch.step_into(actions[-1], **out)
        ended += int((out["terminated"] | out["truncated"]).sum())
    assert ended >= SIZE * (STEPS // LIMIT)
    assert np.isfinite(out["reward"]).all()
    rows = batch.export_state()
    move_states(batch, rows, out["obs"])
    refuse_arrays(batch, actions[-1], out)
    np.testing.assert_array_equal(batch.export_state(), rows)
    batch.close()
    refused(batch.export_state)
    return np.stack(actions), rows


def move_states(batch: Batch, rows: np.ndarray, obs: np.ndarray) -> None:
    """Export, import, reset and clone, of all instances and of some; the batch ends at `rows`."""
    some = [SIZE - 1, 0, 7]
    np.testing.assert_array_equal(batch.export_state(some), rows[some])
    copy = batch.clone()
    batch.reset(SEED + 1, obs, some)
    assert (batch.export_state(some) != rows[some]).any()
    batch.import_state(rows[some], some)
    np.testing.assert_array_equal(batch.export_state(), copy.export_state())
    batch.reset(SEED + 1, obs)
    batch.import_state(rows)
    for wrong in ([SIZE], [0, 0], [-1]):
        refused(batch.export_state, wrong)
        refused(batch.import_state, rows[: len(wrong)], wrong)
        refused(batch.reset, SEED, obs, wrong)
    foreign = rows.copy()
    foreign[-1, 0] ^= 255  # the layout, of the last alone
    for bad in (foreign, np.full_like(rows, 255), rows[1:], rows[:, 1:], rows.astype(np.int32)):
        refused(batch.import_state, bad)


def refuse_arrays(batch: Batch, actions: np.ndarray, out: Arrays) -> None:
    """Hand in each array in the wrong size, type, order or place, and actions that do not exist."""
    for field, array in {"actions": actions, **out}.items():
        given = {"actions": actions, **out}
        locked = array.copy()
        locked.flags.writeable = False
        raw = np.zeros(array.nbytes + 1, np.uint8)
        wrong = [
            array[1:],
            np.zeros((2, *array.shape), array.dtype),
            array.astype(np.float64),
            np.repeat(array, 2, axis=0)[::2],
            None if field in ("legal", "acting") else [0],
            locked if field != "actions" else array[..., None],
        ]
        if array.itemsize > 1:
            wrong.append(raw[1:].view(array.dtype).reshape(array.shape))
        for value in wrong:
            if value is not None:
                refused(batch.step_into, **{**given, field: value})
    refused(batch.step_into, actions, **{**out, "final_obs": out["obs"]})
    refused(batch.step_into, beyond(actions), **out)


def beyond(actions: np.ndarray) -> np.ndarray:
    """The same, but for the last, which no environment takes."""
    bad = actions.copy()
    bad.flat[-1] = 1 << 30 if actions.dtype == np.int32 else np.nan
    return bad


def play_in_jax(
    name: str, params: dict[str, Any], actions: np.ndarray, expected: np.ndarray
) -> None:
    """Take the same actions through the handlers: compiled, in place, along a new axis, wrongly."""
    env = ffi.make(name, **params)
    state, _ = ffi.reset_batch(env, SEED, SIZE)
    donating = jax.jit(ffi.step_batch, static_argnums=0, donate_argnums=1)
    keeping = jax.jit(functools.partial(ffi.step_batch, final_obs=False), static_argnums=0)
    for number, action in enumerate(actions):
        state, out = (donating if number % 2 else keeping)(env, state, action)
        jax.block_until_ready(out)
    rows = ffi.export_state(env, state)
    np.testing.assert_array_equal(rows, expected)

    jax.block_until_ready((ffi.legal_batch(env, state), ffi.acting_batch(env, state)))
    restored = ffi.import_state(env, None, rows)
    restored = ffi.import_state(env, restored, rows[:2], [SIZE - 1, 0])
    restored, _ = ffi.reset_instances(env, restored, SEED, [7])
    assert (ffi.export_state(env, restored) != rows).any()

    both = jax.vmap(functools.partial(ffi.step_batch, env), in_axes=(None, 0))
    pair, out = jax.jit(both)(state, np.stack([actions[0], actions[1]]))
    for element, action in enumerate(actions[:2]):
        alone, _ = keeping(env, state, action)
        np.testing.assert_array_equal(pair.saved[element], alone.saved)

    refused(keeping, env, state, beyond(actions[0]))
    refused(keeping, dataclasses.replace(env, key=f"{name};nothing=1"), state, actions[0])
    foreign = dataclasses.replace(state, saved=jax.numpy.full_like(state.saved, 255))
    refused(ffi.export_state, env, foreign)
    np.testing.assert_array_equal(ffi.export_state(env, state), rows)


def main() -> None:
    """Run everything; one line a case."""
    for name, params in cases():
        begin = time.monotonic()
        first, *others = samestep_rust.available_isas()
        actions, rows = play(name, params, first)
        for isa in others:
            np.testing.assert_array_equal(play(name, params, isa)[1], rows)
        native = time.monotonic()
        play_in_jax(name, params, actions, rows)
        sets = ", ".join((first, *others))
        shown = ", ".join(f"{key}={value}" for key, value in params.items())
        print(
            f"{name} ({shown}): {sets} {native - begin:.1f} s, "
            f"in JAX {time.monotonic() - native:.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
