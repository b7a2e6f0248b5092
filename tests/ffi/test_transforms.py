"""jit, scan, vmap and donation: the calls are pure, whatever is done with them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

ffi = pytest.importorskip("samestep_rust.ffi", exc_type=ImportError)
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

from tests.ffi.recording import SEED, assert_steps_equal, environments, record  # noqa: E402

SIZE = 17  # of an element: its last block is not full
NAMES = [entry.name for entry in environments()]
ROOT = np.array([SEED >> 32, SEED & 0xFFFFFFFF], np.uint32)


@pytest.mark.parametrize("axes", [(3,), (2, 3), (1, 1)])
@pytest.mark.parametrize("name", NAMES)
def test_vmap_splits_a_batch(name: str, axes: tuple[int, ...]) -> None:
    """Elements along one or two axes, each of them a part of one batch."""
    elements = int(np.prod(axes))
    expected = record(name, SIZE * elements, 40, max_episode_steps=13)
    env = ffi.make(name, max_episode_steps=13)
    reset: Any = partial(ffi.reset_batch, env, ROOT, SIZE)
    step: Any = partial(ffi.step_batch, env)
    for _ in axes:
        reset, step = jax.vmap(reset), jax.vmap(step)
    first = SIZE * np.arange(elements, dtype=np.uint32).reshape(axes)
    state, obs = jax.jit(reset)(first)
    np.testing.assert_array_equal(_whole(obs, axes), expected.first_obs)
    step = jax.jit(step)
    for number, actions in enumerate(expected.actions):
        state, found = step(state, actions.reshape(*axes, SIZE, *actions.shape[1:]))
        joined = jax.tree.map(lambda array: _whole(array, axes), found)
        assert_steps_equal(expected.steps, joined, number)


def test_vmap_over_actions_alone() -> None:
    """One state, tried with several actions."""
    env = ffi.make("pong", frame_skip=8)
    state, _ = ffi.reset_batch(env, 0, SIZE)
    actions = jnp.tile(jnp.arange(3, dtype=jnp.int32)[:, None], (1, SIZE))
    _, found = jax.vmap(ffi.step_batch, in_axes=(None, None, 0))(env, state, actions)
    for action in range(3):
        _, alone = ffi.step_batch(env, state, actions[action])
        for one, all_of_them in zip(alone, found, strict=True):
            if one is not None:
                np.testing.assert_array_equal(all_of_them[action], one)
    assert (np.asarray(found.obs[1]) != np.asarray(found.obs[2])).any()


def test_vmap_over_seeds() -> None:
    env = ffi.make("pong")
    roots = np.array([[0, 7], [7, 0]], np.uint32)
    state, _ = jax.vmap(partial(ffi.reset_batch, env, num_envs=SIZE))(roots)
    for element, seed in enumerate((7, 7 << 32)):
        alone, _ = ffi.reset_batch(env, seed, SIZE)
        np.testing.assert_array_equal(state.saved[element], alone.saved)


def test_scan_is_a_loop() -> None:
    expected = record("pong", 37, 150, frame_skip=8)
    env = ffi.make("pong", frame_skip=8)

    @partial(jax.jit, donate_argnums=0)
    def roll(state: Any, actions: Any) -> Any:
        return jax.lax.scan(partial(ffi.step_batch, env), state, actions)

    state, _ = ffi.reset_batch(env, SEED, 37)
    for start in (0, 50, 100):
        state, steps = roll(state, expected.actions[start : start + 50])
        assert_steps_equal(expected.steps, steps, slice(start, start + 50))
    np.testing.assert_array_equal(ffi.export_state(env, state), expected.rows)


def test_a_compiled_scan_copies_no_state() -> None:
    """In place all the way: no copy of the state's shape where the state was donated."""
    env = ffi.make("pong")
    state, _ = ffi.reset_batch(env, 0, 4096)
    roll = jax.jit(
        lambda state, actions: jax.lax.scan(partial(ffi.step_batch, env), state, actions),
        donate_argnums=0,
    )
    text = roll.lower(state, jnp.zeros((4, 4096), jnp.int32)).compile().as_text()
    assert text is not None
    assert "samestep_step" in text
    copies = [line for line in text.splitlines() if "copy(" in line]
    assert not [line for line in copies if "u8[4096," in line]


def test_two_environments_and_two_shapes_in_one_program() -> None:
    slow, fast = ffi.make("pong"), ffi.make("pong", frame_skip=8, max_episode_steps=13)
    few = record("pong", 15, 30)
    many = record("pong", 37, 30, frame_skip=8, max_episode_steps=13)

    @jax.jit
    def both(states: Any, actions: Any) -> Any:
        one, out_one = ffi.step_batch(slow, states[0], actions[0])
        two, out_two = ffi.step_batch(fast, states[1], actions[1])
        return (one, two), (out_one, out_two)

    states = (ffi.reset_batch(slow, SEED, 15)[0], ffi.reset_batch(fast, SEED, 37)[0])
    for number, actions in enumerate(zip(few.actions, many.actions, strict=True)):
        states, (out_few, out_many) = both(states, actions)
        assert_steps_equal(few.steps, out_few, number)
        assert_steps_equal(many.steps, out_many, number)


@pytest.mark.parametrize("compiled", [False, True])
def test_an_old_state_gives_the_same_again(compiled: bool) -> None:
    env = ffi.make("pong", frame_skip=8, max_episode_steps=13)
    step = jax.jit(ffi.step_batch, static_argnums=0) if compiled else ffi.step_batch
    actions = record("pong", 37, 30, frame_skip=8, max_episode_steps=13).actions
    old, _ = ffi.reset_batch(env, SEED, 37)
    before = np.array(old.saved)

    def play() -> tuple[np.ndarray, list[np.ndarray]]:
        state, seen = old, []
        for action in actions:
            state, out = step(env, state, action)
            seen.append(np.asarray(out.obs))
        return np.asarray(state.saved), seen

    first_state, first_seen = play()
    np.testing.assert_array_equal(np.asarray(old.saved), before)
    again_state, again_seen = play()
    np.testing.assert_array_equal(again_state, first_state)
    np.testing.assert_array_equal(again_seen, first_seen)


def test_environments_are_static_arguments() -> None:
    traces = 0

    def step(env: Any, state: Any, actions: Any) -> Any:
        nonlocal traces
        traces += 1
        return ffi.step_batch(env, state, actions)

    step = jax.jit(step, static_argnums=0)
    state, _ = ffi.reset_batch(ffi.make("pong"), 0, SIZE)
    actions = np.zeros(SIZE, np.int32)
    for _ in range(3):
        state, _ = step(ffi.make("pong"), state, actions)
    assert traces == 1
    step(ffi.make("pong", frame_skip=2), state, actions)
    assert traces == 2


def test_reset_takes_a_key_and_a_traced_seed() -> None:
    env = ffi.make("pong")
    _, obs = ffi.reset_batch(env, SEED, SIZE)
    traced = jax.jit(lambda root: ffi.reset_batch(env, root, SIZE))
    np.testing.assert_array_equal(traced(ROOT)[1], obs)
    words = (jnp.uint32(ROOT[0]), jnp.uint32(ROOT[1]))
    np.testing.assert_array_equal(ffi.reset_batch(env, words, SIZE)[1], obs)
    key = jax.random.wrap_key_data(jnp.asarray(ROOT), impl="threefry2x32")
    np.testing.assert_array_equal(ffi.reset_batch(env, key, SIZE)[1], obs)


def test_some_instances_start_anew() -> None:
    env = ffi.make("pong", frame_skip=8)
    expected = record("pong", 37, 20, frame_skip=8)
    state = ffi.import_state(env, None, expected.rows)
    after, obs = ffi.reset_instances(env, state, SEED, [36, 4])
    rows = ffi.export_state(env, after)
    fresh = ffi.export_state(env, ffi.reset_batch(env, SEED, 37)[0])
    np.testing.assert_array_equal(rows[[36, 4]], fresh[[36, 4]])
    np.testing.assert_array_equal(np.asarray(obs), expected.first_obs[[36, 4]])
    others = np.delete(np.arange(37), [36, 4])
    np.testing.assert_array_equal(rows[others], expected.rows[others])


def _whole(array: Any, axes: tuple[int, ...]) -> np.ndarray:
    """(*axes, SIZE, ...) as one batch."""
    array = np.asarray(array)
    return array.reshape(-1, *array.shape[len(axes) + 1 :])
