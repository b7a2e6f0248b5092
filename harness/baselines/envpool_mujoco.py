"""EnvPool's HalfCheetah-v4, in its synchronous mode.

Its numbers of a new episode are its own, and no state can be put into it. What is compared is
therefore the other way round: each of its states is put into the reference, which takes the same
step.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from harness import registry
from harness.baselines.cheetah import (
    DOFS,
    Options,
    actions_of,
    missing,
    options_of,
    verdict,
)
from harness.baselines.trained import Vector, job_of
from harness.benching.job import CHUNK, Job, Ready
from harness.registry import Entry
from harness.verifying.errors import relative_error
from references.batch import BatchStep

if TYPE_CHECKING:
    from ppo.envs import HostEnv, Layout

OTHER_BUILD = 1e-4
"""One-step error of MuJoCo as EnvPool has built it in."""
LANES = 32  # instances whose steps are compared
STEPS = 64  # of each


class EnvpoolRunner:
    """One pool with as many threads as asked for."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def prepare(self, expected: str) -> Ready:
        """Make the pool, compare its first steps with the reference's."""
        job, options = self.job, options_of(self.job)
        self.envs = make_envs(options, job.batch, job.threads, job.seed)
        # In the type that it takes, so that nothing is converted while it is measured.
        self.actions = actions_of(job, job.batch).astype(np.float64)
        check = self.check(options.first)
        self.measure(0.05)
        return Ready(job.batch, check, "release", 0.0, options.frame_skip, precision="f64")

    def check(self, first: int) -> str:
        """Its steps beside the reference's from the same states.

        Args:
            first: the first position that is observed. Where it is not x, x is taken as 0: the
                floor is level.
        """
        params = {k: v for k, v in self.job.params.items() if k != "max_episode_steps"}
        params["double_precision"] = True  # its own numbers are not rounded
        reference = registry.get(self.job.env).make_reference(**params)
        obs, _ = self.envs.reset()
        lanes = min(LANES, self.job.batch)
        warmstarts = np.zeros((lanes, DOFS))
        errors = []
        for actions in self.actions[:STEPS]:
            before = obs
            obs, reward, *_ = self.envs.step(actions)
            for lane in range(lanes):
                state = np.concatenate([np.zeros(first), before[lane]])
                fields = {
                    "qpos": state[:DOFS],
                    "qvel": state[DOFS:],
                    "qacc_warmstart": warmstarts[lane],
                }
                after, step = reference.step(
                    reference.import_fields(fields, (0, 0), 0), actions[lane].astype(np.float32)
                )
                warmstarts[lane] = reference.export_fields(after)["qacc_warmstart"]
                found = [(step.obs, obs[lane]), (step.reward, reward[lane])]
                errors.append(max(relative_error(*pair).max() for pair in found))
        return verdict(np.array(errors), OTHER_BUILD)

    def measure(self, seconds: float) -> tuple[int, float]:
        """Step by step with drawn actions."""
        steps, count = 0, 0
        start = time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds:
            self.envs.step(self.actions[count % CHUNK])
            steps += self.job.batch
            count += 1
        return steps, elapsed

    def close(self) -> None:
        """Close the pool."""
        if hasattr(self, "envs"):
            self.envs.close()


def make_envs(options: Options, num_envs: int, threads: int, seed: int) -> Any:
    """Its own pool, synchronous.

    Raises:
        Unavailable: without EnvPool.
    """
    try:
        import envpool
    except ImportError as error:
        raise missing("envpool", error) from None
    return envpool.make(
        "HalfCheetah-v4",
        env_type="gymnasium",
        num_envs=num_envs,
        num_threads=threads,
        seed=seed,
        # It has no way to say that there is no limit.
        max_episode_steps=options.max_episode_steps or np.iinfo(np.int32).max,
        frame_skip=options.frame_skip,
        forward_reward_weight=options.forward_reward_weight,
        ctrl_cost_weight=options.ctrl_cost_weight,
        reset_noise_scale=options.reset_noise_scale,
        exclude_current_positions_from_observation=(
            options.exclude_current_positions_from_observation
        ),
    )


class EnvpoolVector(Vector):
    """A pool whose ended instances are reset at once.

    Left to itself it resets in the call after, whose action it ignores: a step that is none.
    """

    def __init__(self, entry: Entry, num_envs: int, params: dict[str, Any]) -> None:
        super().__init__(entry, num_envs, params)
        self.job = job_of(entry, "envpool", num_envs, params)
        self.envs: Any = None

    def reset(self, seed: int, indices: Sequence[int] | None = None) -> np.ndarray:
        """A new pool, for a pool is seeded when it is made."""
        self.close()
        self.envs = make_envs(options_of(self.job), self.num_envs, self.job.threads, seed)
        obs: np.ndarray = self.envs.reset()[0]
        return obs

    def step(self, actions: np.ndarray) -> BatchStep:
        """A step, and the reset of those that have ended."""
        # It takes f64; its arrays are its own, so the final ones are kept apart.
        final, reward, terminated, truncated, _ = self.envs.step(actions.astype(np.float64))
        obs = final
        ended = np.flatnonzero(terminated | truncated)
        if len(ended):
            obs = final.copy()
            obs[ended] = self.envs.reset(ended.astype(np.int32))[0]
        return BatchStep(obs, final, reward, terminated, truncated)

    def close(self) -> None:
        """Close the pool."""
        if self.envs is not None:
            self.envs.close()


def train_env(
    entry: Entry, name: str, num_envs: int, params: dict[str, Any], layout: Layout
) -> HostEnv:
    """N instances on as many threads as there are cores."""
    from harness.baselines.hosted import Hosted

    return Hosted(EnvpoolVector(entry, num_envs, params), layout)


def make(job: Job) -> EnvpoolRunner:
    """The bench's entry point."""
    return EnvpoolRunner(job)
