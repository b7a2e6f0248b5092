"""Brax's own halfcheetah, on its generalized and its spring pipeline.

It is another model under another engine: a robot of the same name and size, of which the speed
alone can be compared.
"""

from __future__ import annotations

import functools
from typing import Any

from harness.baselines.cheetah import missing, options_of
from harness.baselines.xla import XlaRunner, spread
from harness.benching.job import Job, Ready

RESET = 256
"""Instances that are reset apart; larger batches repeat them, and their actions part them."""


class BraxRunner(XlaRunner):
    """State: Brax's own, of N instances, with its time limit and its automatic reset."""

    def __init__(self, job: Job, pipeline: str) -> None:
        super().__init__(job)
        self.pipeline = pipeline

    def prepare(self, expected: str) -> Ready:
        """Compile the reset and the step, and warm up with one."""
        import jax

        job, options = self.job, options_of(self.job)
        limit = options.max_episode_steps or 2**30
        try:
            make = functools.partial(_make, self.pipeline, limit)
            envs = make(job.batch)
            few = make(min(RESET, job.batch))
        except ImportError as error:
            raise missing("brax", error) from None
        key = jax.random.PRNGKey(job.seed)
        reset = self.compiled(few.reset, key)
        self.state = spread(reset(key), job.batch)
        self.actions = self.put_actions()
        self.step = self.compiled(functools.partial(_step, envs), self.state, self.actions[0])
        self.state, _ = jax.block_until_ready(self.step(self.state, self.actions[0]))
        skip = options.frame_skip
        check = "not comparable: another model"
        return Ready(job.batch, check, "release", self.compile_s, skip, self.note())


def _make(pipeline: str, limit: int, batch: int) -> Any:
    from brax import envs

    return envs.create(
        "halfcheetah", episode_length=limit, auto_reset=True, batch_size=batch, backend=pipeline
    )


def _step(envs: Any, state: Any, actions: Any) -> tuple[Any, Any]:
    after = envs.step(state, actions)
    return after, (after.obs, after.reward, after.done)


def make_generalized(job: Job) -> BraxRunner:
    """The bench's entry point for the pipeline in generalized coordinates."""
    return BraxRunner(job, "generalized")


def make_spring(job: Job) -> BraxRunner:
    """The bench's entry point for the pipeline of springs."""
    return BraxRunner(job, "spring")
