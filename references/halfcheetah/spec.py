"""HalfCheetah: the numbers and layouts that define it.

Source: Gymnasium's HalfCheetah-v5 (MIT) on MuJoCo (Apache 2.0); the numbers come from the
compiled model by way of derive.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from references.contract import (
    ActionLayout,
    BoxAction,
    EnvSpec,
    Field,
    ObsLayout,
    Param,
)
from references.halfcheetah.model import CONSTANTS

JOINTS = (
    "rootx",
    "rootz",
    "rooty",
    "bthigh",
    "bshin",
    "bfoot",
    "fthigh",
    "fshin",
    "ffoot",
)
NUM_DOFS = len(JOINTS)
MOTORS = JOINTS[3:]


def action(params: Mapping[str, Any]) -> ActionLayout:
    """What each motor is told; times its gear it is a torque."""
    return BoxAction((len(MOTORS),), CONSTANTS["CONTROL_LOW"], CONSTANTS["CONTROL_HIGH"])  # type: ignore[arg-type]


def observation(params: Mapping[str, Any]) -> ObsLayout:
    """Positions, without x unless asked for, then velocities; not clipped, as in v5."""
    first = 1 if params["exclude_current_positions_from_observation"] else 0
    names = (*JOINTS[first:], *(f"{joint}_velocity" for joint in JOINTS))
    dtype = "f8" if params["double_precision"] else "f4"
    return ObsLayout(dtype, (len(names),), float("-inf"), float("inf"), names)


def reward_dtype(params: Mapping[str, Any]) -> str:
    """That of the observation."""
    return "f8" if params["double_precision"] else "f4"


DEFAULTS = {"exclude_current_positions_from_observation": True, "double_precision": False}

SPEC = EnvSpec(
    name="halfcheetah",
    version=1,
    state=(
        Field("qpos", "f8", (NUM_DOFS,), "joint positions in the order of JOINTS, m and rad"),
        Field("qvel", "f8", (NUM_DOFS,), "joint velocities, m/s and rad/s"),
        Field(
            "qacc_warmstart",
            "f8",
            (NUM_DOFS,),
            "the last substep's accelerations, where the solver starts, m/s^2 and rad/s^2",
        ),
    ),
    obs=observation(DEFAULTS),
    action=action,
    # One draw a position; two for every pair of velocities, of which the tenth is not used.
    slots={"position": 0, "velocity": NUM_DOFS},
    constants=CONSTANTS,
    params={
        "forward_reward_weight": Param(1.0, -1e6, 1e6, "reward for a metre a second forwards"),
        "ctrl_cost_weight": Param(0.1, -1e6, 1e6, "cost of the sum of the squared actions"),
        "reset_noise_scale": Param(0.1, 0.0, 10.0, "spread of a new episode's state"),
        "frame_skip": Param(5, 1, 1024, "substeps of 0.01 s that one step runs"),
        "exclude_current_positions_from_observation": Param(True, doc="leave x out"),
        "double_precision": Param(False, doc="compute in f64; observations and rewards are f64"),
    },
    exact=False,
    transfer_margin=0.02,
    default_max_episode_steps=1000,
    obs_under=observation,
    reward_under=reward_dtype,
)
