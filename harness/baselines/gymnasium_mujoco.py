"""Gymnasium's HalfCheetah-v5: a SyncVectorEnv in each process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.baselines.cheetah import (
    SAME_LIBRARY,
    Found,
    Options,
    actions_of,
    errors_of,
    missing,
    options_of,
    quietly,
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

LARGEST = 256
"""Instances of one process: each has a model of its own, which takes 2 MB and 5 ms to make."""


class GymnasiumRunner:
    """The vector of one process; the bench runs several for several cores."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.batch = min(job.batch, LARGEST)

    def prepare(self, expected: str) -> Ready:
        """Make the vector, and step it from the reference's states."""
        options = options_of(self.job)
        self.envs = make_envs(options, self.batch)
        self.envs.reset(seed=self.job.seed)
        check = self.check(expected)
        self.envs.reset(seed=self.job.seed)
        self.actions = actions_of(self.job, self.batch)
        self.measure(0.05)
        return Ready(self.batch, check, "release", 0.0, options.frame_skip, precision="f64")

    def check(self, expected: str) -> str:
        """Put the reference's states into the instances, and step the vector."""
        steps, states = steps_of(self.job, expected)
        datas = [env.unwrapped.data for env in self.envs.envs]
        errors = []
        for number, (lanes, count) in enumerate(turns(len(steps), self.batch)):
            if number % CHUNK == 0:
                self.envs.reset()  # far from the time limit
            part = steps.take(lanes)
            for data, state in zip(datas, states[lanes], strict=True):
                for name in ("qpos", "qvel", "qacc_warmstart"):
                    getattr(data, name)[:] = state[name]
            obs, reward, *_ = self.envs.step(part.actions)
            qpos, qvel = (np.stack([getattr(data, k) for data in datas]) for k in ("qpos", "qvel"))
            errors.append(errors_of(self.job, part, Found(qpos, qvel, obs, reward))[:count])
        return verdict(np.concatenate(errors), SAME_LIBRARY)

    def measure(self, seconds: float) -> tuple[int, float]:
        """Step by step with drawn actions."""
        steps, count = 0, 0
        start = time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds:
            self.envs.step(self.actions[count % CHUNK])
            steps += self.batch
            count += 1
        return steps, elapsed

    def close(self) -> None:
        """Close the vector."""
        if hasattr(self, "envs"):
            self.envs.close()


def make_envs(options: Options, num_envs: int) -> Any:
    """Its own vector.

    Raises:
        Unavailable: without Gymnasium or MuJoCo.
    """
    try:
        import gymnasium
        import mujoco  # noqa: F401  (Gymnasium says of it no more than that it is missing)
        from gymnasium.vector import AutoresetMode
    except ImportError as error:
        raise missing("gymnasium with mujoco", error) from None
    limit = options.max_episode_steps or -1
    with quietly():
        return gymnasium.make_vec(
            "HalfCheetah-v5",
            num_envs=num_envs,
            vectorization_mode="sync",
            vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP},
            **{**asdict(options), "max_episode_steps": limit},
        )


class GymnasiumVector(Vector):
    """A SyncVectorEnv that resets in the same step."""

    def __init__(self, entry: Entry, num_envs: int, params: dict[str, Any]) -> None:
        super().__init__(entry, num_envs, params)
        options = options_of(job_of(entry, "gymnasium", num_envs, params))
        self.envs = make_envs(options, num_envs)

    def reset(self, seed: int, indices: Sequence[int] | None = None) -> np.ndarray:
        """Instance i is seeded with seed + i."""
        obs: np.ndarray = self.envs.reset(seed=seed)[0]
        return obs

    def step(self, actions: np.ndarray) -> BatchStep:
        """Its final observations come in the infos, where there are any."""
        obs, reward, terminated, truncated, infos = self.envs.step(actions)
        final = obs
        if "final_obs" in infos:
            final = obs.copy()
            for lane in np.flatnonzero(infos["_final_obs"]):
                final[lane] = infos["final_obs"][lane]
        return BatchStep(obs, final, reward, terminated, truncated)

    def close(self) -> None:
        """Close the vector."""
        self.envs.close()


def train_env(
    entry: Entry, name: str, num_envs: int, params: dict[str, Any], layout: Layout
) -> HostEnv:
    """N instances in this process."""
    from harness.baselines.hosted import Hosted

    return Hosted(GymnasiumVector(entry, num_envs, params), layout)


def make(job: Job) -> GymnasiumRunner:
    """The bench's entry point."""
    return GymnasiumRunner(job)
