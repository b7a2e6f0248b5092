"""Plays Pong with samestep_jax alone, installed; prints "ok" at the end."""

import jax
import jax.numpy as jnp

import samestep_jax

NUM_ENVS = 16
STEPS = 400

env = samestep_jax.make("pong", frame_skip=8)
state, obs = samestep_jax.reset_batch(env, 7, NUM_ENVS)
assert obs.shape == (NUM_ENVS, 8)
assert obs.dtype == jnp.float32


@jax.jit
def play(state: samestep_jax.BatchState, actions: jax.Array) -> samestep_jax.BatchStep:
    """All steps in one scan: what each returned."""
    _, steps = jax.lax.scan(lambda s, a: samestep_jax.step_batch(env, s, a), state, actions)
    return steps


actions = jax.random.randint(jax.random.key(0), (STEPS, NUM_ENVS), 0, 3, jnp.int32)
steps = play(state, actions)
rewards = set(steps.reward.ravel().tolist())
assert {-1.0, 0.0} <= rewards <= {-1.0, 0.0, float(jnp.float32(0.1)), 1.0}, rewards
assert bool(steps.terminated.any())
assert not bool(steps.truncated.any())
rows = samestep_jax.export_state(env, state)
assert rows.shape == (NUM_ENVS, 56)
try:
    samestep_jax.make("pnog")
except ValueError as error:
    assert "accepted" in str(error)
else:
    raise AssertionError("pnog was made")
print("ok")
