"""MuJoCo's own batched stepping, mujoco.rollout, made into an environment with NumPy.

A step is one call of `frame_skip` substeps over the whole batch, on a pool of threads that is kept;
then come the observation, the reward, the time limit and the reset of what has ended, each as one
operation on all instances.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.baselines.cheetah import (
    DOFS,
    SAME_LIBRARY,
    Found,
    actions_of,
    errors_of,
    load_model,
    missing,
    options_of,
    steps_of,
    verdict,
)
from harness.baselines.trained import Vector, job_of
from harness.benching.job import CHUNK, Job, Ready
from harness.benching.one_step import turns
from harness.registry import Entry
from references.batch import BatchStep

if TYPE_CHECKING:
    from ppo.envs import HostEnv, Layout

CLOCK, POSITIONS, VELOCITIES = 0, slice(1, 1 + DOFS), slice(1 + DOFS, 1 + 2 * DOFS)


class RolloutEnvs:
    """N instances.

    Args:
        threads: that step; with one it is the calling thread.
    """

    def __init__(self, job: Job, batch: int, threads: int, seed: int) -> None:
        self.model = load_model()
        try:
            import mujoco
            from mujoco.rollout import Rollout
        except ImportError as error:
            raise missing("mujoco", error) from None
        self.options = options_of(job)
        self.datas = [mujoco.MjData(self.model) for _ in range(threads)]
        self.pool: Any = Rollout(nthread=threads if threads > 1 else 0)
        self.rng = np.random.default_rng(seed)
        size = mujoco.mj_stateSize(self.model, mujoco.mjtState.mjSTATE_FULLPHYSICS)
        assert size == VELOCITIES.stop
        self.state = np.zeros((batch, size))
        self.path = np.zeros((batch, self.options.frame_skip, size))
        self.t = np.zeros(batch, np.int64)
        self.seconds = self.model.opt.timestep * self.options.frame_skip
        self.reset(np.ones(batch, np.bool_))

    def reset(self, which: np.ndarray) -> None:
        """Begin new episodes as v5 does: (N,) bool."""
        scale, count = self.options.reset_noise_scale, int(which.sum())
        self.t[which] = 0
        self.state[which, CLOCK] = 0
        self.state[which, POSITIONS] = self.rng.uniform(-scale, scale, (count, DOFS))
        self.state[which, VELOCITIES] = scale * self.rng.standard_normal((count, DOFS))

    def observe(self) -> np.ndarray:
        """(N, 17 or 18) f64."""
        return self.state[:, 1 + self.options.first :].copy()

    def step(
        self, actions: np.ndarray, warmstart: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """One step of all: observations, final ones, rewards, and which were truncated.

        Args:
            actions: (N, 6).
            warmstart: (N, 9) accelerations where the solver starts; at 0 without.
        """
        options = self.options
        actions = actions.astype(np.float64)
        # Held over the substeps by hand: left to it, the control is copied once more.
        control = np.repeat(actions[:, None], options.frame_skip, axis=1)
        given: dict[str, Any] = {} if warmstart is None else {"initial_warmstart": warmstart}
        given |= {"nstep": options.frame_skip, "state": self.path}
        before = self.state[:, 1].copy()
        self.pool.rollout(self.model, self.datas, self.state, control, **given)
        self.state[:] = self.path[:, -1]
        self.t += 1
        speed = (self.state[:, 1] - before) / self.seconds
        cost = options.ctrl_cost_weight * np.square(actions).sum(-1)
        reward = options.forward_reward_weight * speed - cost
        final = obs = self.observe()
        truncated = self.t == options.max_episode_steps
        if truncated.any():
            self.reset(truncated)
            obs = self.observe()
        return obs, final, reward, truncated

    def close(self) -> None:
        """End the threads."""
        self.pool.close()


class RolloutRunner:
    """As many threads as asked for, in one process."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def prepare(self, expected: str) -> Ready:
        """Check, then make what is measured."""
        job = self.job
        self.envs = RolloutEnvs(job, job.batch, job.threads, job.seed)
        check = self.check(expected)
        self.envs.reset(np.ones(job.batch, np.bool_))
        self.actions = actions_of(job, job.batch)
        self.measure(0.05)
        skip = self.envs.options.frame_skip
        note = "the solver starts cold"  # the accelerations before are not given back
        return Ready(job.batch, check, "release", 0.0, skip, note, "f64")

    def check(self, expected: str) -> str:
        """One step from the reference's states, with the warm start that they carry."""
        steps, states = steps_of(self.job, expected)
        envs = self.envs
        errors = []
        for lanes, count in turns(len(steps), self.job.batch):
            part = steps.take(lanes)
            envs.t[:] = 0
            envs.state[:, POSITIONS] = states["qpos"][lanes]
            envs.state[:, VELOCITIES] = states["qvel"][lanes]
            _, obs, reward, _ = envs.step(part.actions, states["qacc_warmstart"][lanes])
            found = Found(envs.state[:, POSITIONS], envs.state[:, VELOCITIES], obs, reward)
            errors.append(errors_of(self.job, part, found)[:count])
        return verdict(np.concatenate(errors), SAME_LIBRARY)

    def measure(self, seconds: float) -> tuple[int, float]:
        """Step by step with drawn actions."""
        steps, count = 0, 0
        start = time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds:
            _, _, reward, _ = self.envs.step(self.actions[count % CHUNK])
            steps += len(reward)
            count += 1
        return steps, elapsed

    def close(self) -> None:
        """End the threads."""
        if hasattr(self, "envs"):
            self.envs.close()


class RolloutVector(Vector):
    """RolloutEnvs on as many threads as there are cores."""

    def __init__(self, entry: Entry, num_envs: int, params: dict[str, Any]) -> None:
        super().__init__(entry, num_envs, params)
        job = job_of(entry, "mujoco-rollout", num_envs, params)
        self.envs = RolloutEnvs(job, num_envs, job.threads, job.seed)

    def reset(self, seed: int, indices: Sequence[int] | None = None) -> np.ndarray:
        """New episodes, from a generator of that seed."""
        self.envs.rng = np.random.default_rng(seed)
        self.envs.reset(np.ones(self.num_envs, np.bool_))
        return self.envs.observe()

    def step(self, actions: np.ndarray) -> BatchStep:
        """One step of all."""
        obs, final, reward, truncated = self.envs.step(actions)
        return BatchStep(obs, final, reward, self._never, truncated)

    def close(self) -> None:
        """End the threads."""
        self.envs.close()


def train_env(
    entry: Entry, name: str, num_envs: int, params: dict[str, Any], layout: Layout
) -> HostEnv:
    """N instances on as many threads as there are cores."""
    from harness.baselines.hosted import Hosted

    return Hosted(RolloutVector(entry, num_envs, params), layout)


def make(job: Job) -> RolloutRunner:
    """The bench's entry point."""
    return RolloutRunner(job)
