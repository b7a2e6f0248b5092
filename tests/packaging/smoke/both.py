"""Plays Pong with both libraries, installed, and compares every step; prints "ok" at the end."""

import jax
import numpy as np

import samestep_jax
import samestep_rust

NUM_ENVS = 16
STEPS = 300
SEED = 2**40 + 5

rust = samestep_rust.make_vec("pong", num_envs=NUM_ENVS, frame_skip=8)
obs, info = rust.reset(seed=SEED)
env = samestep_jax.make("pong", frame_skip=8)
state, jax_obs = samestep_jax.reset_batch(env, SEED, NUM_ENVS)
np.testing.assert_array_equal(obs, jax_obs)

step = jax.jit(samestep_jax.step_batch, static_argnums=0)
random = np.random.default_rng(0)
ended = 0
for _step in range(STEPS):
    actions = random.integers(0, 3, NUM_ENVS, np.int32)
    obs, reward, terminated, truncated, info = rust.step(actions)
    state, out = step(env, state, actions)
    np.testing.assert_array_equal(obs, out.obs)
    np.testing.assert_array_equal(reward, out.reward)
    np.testing.assert_array_equal(terminated, out.terminated)
    np.testing.assert_array_equal(truncated, out.truncated)
    ended += int(terminated.sum())
assert ended > 0
np.testing.assert_array_equal(rust.export_state(), samestep_jax.export_state(env, state))
print("ok")
