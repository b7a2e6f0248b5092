"""Plays Pong with samestep_rust alone, installed; prints "ok" at the end."""

import numpy as np

import samestep_rust

FRAME_SKIP = 8
STEPS = 400

envs = samestep_rust.make_vec("pong", num_envs=16, frame_skip=FRAME_SKIP)
obs, info = envs.reset(seed=7)
assert obs.shape == (16, 8)
assert obs.dtype == np.float32
random = np.random.default_rng(0)
rewards = set()
ended = 0
for _step in range(STEPS):
    obs, reward, terminated, truncated, info = envs.step(random.integers(0, 3, 16, np.int32))
    rewards |= set(reward.tolist())
    ended += int((terminated | truncated).sum())
    assert envs.observation_space.contains(obs)
assert {-1.0, 0.0} <= rewards <= {-1.0, 0.0, float(np.float32(0.1)), 1.0}, rewards
assert ended > 0
try:
    envs.step(np.full(16, 3, np.int32))
except ValueError as error:
    assert "accepted" in str(error)
else:
    raise AssertionError("action 3 was taken")
envs.close()
print("ok")
