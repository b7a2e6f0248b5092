"""What the peers of HalfCheetah have in common: v5's parameters, its model, and their check."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness import registry
from harness.baselines import Unavailable
from harness.benching.drawing import draw_actions
from harness.benching.job import CHUNK, CheckFailed, Job
from harness.benching.one_step import Steps, tell
from harness.verifying.errors import relative_error

DOFS = 9
SAME_LIBRARY = 1e-6
"""One-step error of a peer that runs MuJoCo itself: it squares actions in single precision."""


@dataclass(frozen=True)
class Options:
    """v5's parameters, and the time limit."""

    forward_reward_weight: float
    ctrl_cost_weight: float
    reset_noise_scale: float
    frame_skip: int
    exclude_current_positions_from_observation: bool
    max_episode_steps: int

    @property
    def first(self) -> int:
        """The first position that is observed."""
        return 1 if self.exclude_current_positions_from_observation else 0


class Found(NamedTuple):
    """What a peer did in a step of each of K instances."""

    qpos: np.ndarray  # (K, 9)
    qvel: np.ndarray  # (K, 9)
    obs: np.ndarray  # (K, 17 or 18)
    reward: np.ndarray  # (K,)


def options_of(job: Job) -> Options:
    """All of them, defaults filled in."""
    checked = registry.get(job.env).spec.check_params(job.params)
    return Options(**{name: checked[name] for name in Options.__dataclass_fields__})


def double(job: Job) -> bool:
    """Whether double precision is asked for."""
    return bool(job.params.get("double_precision", False))


def actions_of(job: Job, batch: int) -> np.ndarray:
    """(CHUNK, batch, 6) f32, uniform."""
    return draw_actions(registry.get(job.env).spec, job.params, CHUNK, batch, job.seed)


def load_model() -> Any:
    """Gymnasium's model, compiled by MuJoCo.

    Raises:
        Unavailable: without MuJoCo, or Gymnasium's part for it.
    """
    try:
        import mujoco
        from gymnasium.envs.mujoco import mujoco_env
    except ImportError as error:
        raise missing("mujoco", error) from None
    path = Path(mujoco_env.__file__).parent / "assets" / "half_cheetah.xml"
    with quietly():
        return mujoco.MjModel.from_xml_path(str(path))


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Load the model without MuJoCo's complaint of it, which it writes to a file, too."""
    import mujoco

    before = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(lambda message: None)
    try:
        yield
    finally:
        mujoco.set_mju_user_warning(before)


def missing(package: str, error: Exception) -> Unavailable:
    """What says that a package is not there, and how to get it."""
    return Unavailable(f"{package} is not installed ({error}): make setup")


def steps_of(job: Job, expected: str) -> tuple[Steps, np.ndarray]:
    """The reference's steps that end no episode, and their states by field name."""
    steps = Steps.load(expected).within_an_episode()
    return steps, registry.get(job.env).spec.unpack(steps.start)


def errors_of(job: Job, steps: Steps, found: Found) -> np.ndarray:
    """(K,): each step's largest relative error in positions, velocities, obs and reward."""
    rows = registry.get(job.env).spec.unpack(steps.after.rows)
    assert steps.after.obs is not None
    assert steps.after.reward is not None
    pairs = [
        (rows["qpos"], found.qpos),
        (rows["qvel"], found.qvel),
        (steps.after.obs, found.obs.astype(steps.after.obs.dtype)),
        (steps.after.reward, found.reward.astype(steps.after.reward.dtype)),
    ]
    worst = [relative_error(want, have).reshape(len(steps), -1).max(-1) for want, have in pairs]
    return np.asarray(np.max(worst, axis=0))


def verdict(errors: np.ndarray, limit: float, share: float = 1.0) -> str:
    """The check's text.

    Raises:
        CheckFailed: if the errors of too small a share of the steps are at most `limit`.
    """
    within = float((errors <= limit).mean())
    if within < share:
        of = f"{within:.1%} of the steps are within {limit:.0e}, not {share:.0%}"
        raise CheckFailed(f"{of}: {tell(errors)}")
    return "ok: " + tell(errors)
