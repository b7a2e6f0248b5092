"""Brax's own halfcheetah, on its generalized and its spring pipeline.

It is another model under another engine: a robot of the same name and size, of which the speed
alone can be compared.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from harness.baselines.cheetah import Options, missing, options_of
from harness.baselines.trained import job_of
from harness.baselines.xla import XlaRunner, key_of, spread
from harness.benching.job import Job, Ready
from harness.registry import Entry

if TYPE_CHECKING:
    from ppo.envs import FusedEnv, Layout

RESET = 256
"""Instances that are reset apart; larger batches repeat them, and their actions part them."""

NOT_COMPARABLE = "not comparable: another model"
"""Instead of a check."""

TRAINING_NOTE = "an ended episode's last observation is the next one's first"
"""Its automatic reset keeps no other."""


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
        return Ready(job.batch, NOT_COMPARABLE, "release", self.compile_s, skip, self.note())


def _make(pipeline: str, limit: int, batch: int, **given: Any) -> Any:
    from brax import envs

    own = {"backend": pipeline, **given}
    return envs.create(
        "halfcheetah", episode_length=limit, auto_reset=True, batch_size=batch, **own
    )


def _step(envs: Any, state: Any, actions: Any) -> tuple[Any, Any]:
    after = envs.step(state, actions)
    return after, (after.obs, after.reward, after.done)


def train_env(
    entry: Entry, name: str, num_envs: int, params: dict[str, Any], layout: Layout
) -> FusedEnv:
    """N instances with its own wrappers, to be traced into the program that collects a rollout."""
    import jax.numpy as jnp

    from ppo.envs import FusedEnv, Outcome, Seen

    options = options_of(job_of(entry, name, num_envs, params))
    limit = options.max_episode_steps or 2**30
    pipeline = name.removeprefix("brax-")
    try:
        envs = _make(pipeline, limit, num_envs, **_given(options))
    except ImportError as error:
        raise missing("brax", error) from None

    def reset(seed: Any) -> tuple[Any, Seen]:
        state = envs.reset(key_of(seed))
        return state, Seen(state.obs, None, None)

    def step(state: Any, actions: Any) -> tuple[Any, Outcome]:
        state = envs.step(state, actions)
        truncated = state.info["truncation"] != 0
        terminated = (state.done != 0) & jnp.logical_not(truncated)
        seen = Seen(state.obs, None, None)
        return state, Outcome(seen, state.obs, state.reward, terminated, truncated)

    return FusedEnv(layout, num_envs, reset, step)


def _given(options: Options) -> dict[str, Any]:
    """Its parameters that are v5's, too."""
    names = ("forward_reward_weight", "ctrl_cost_weight", "reset_noise_scale")
    own = {name: getattr(options, name) for name in names}
    first = "exclude_current_positions_from_observation"
    return {**own, first: getattr(options, first)}


def make_generalized(job: Job) -> BraxRunner:
    """The bench's entry point for the pipeline in generalized coordinates."""
    return BraxRunner(job, "generalized")


def make_spring(job: Job) -> BraxRunner:
    """The bench's entry point for the pipeline of springs."""
    return BraxRunner(job, "spring")
