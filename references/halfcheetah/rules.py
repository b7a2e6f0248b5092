"""Gymnasium's HalfCheetah-v5, one instance at a time, with a state that can be read and set.

MuJoCo does all the stepping. What is ours is the reset noise, which comes from threefry where
Gymnasium's comes from NumPy's generator, and the exported state: `mj_step` is a function of
qpos, qvel, qacc_warmstart and ctrl alone in this model, for there are no activations, no mocap
bodies, no plugins and no sleeping, and time decides nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium
import mujoco
import numpy as np

from references.contract import EnvSpec, Step
from references.halfcheetah.derive import quiet
from references.halfcheetah.model import MUJOCO_VERSION
from references.halfcheetah.spec import NUM_DOFS, SPEC
from references.threefry import Key, threefry2x32, uniform

V5_OPTIONS = (
    "forward_reward_weight",
    "ctrl_cost_weight",
    "reset_noise_scale",
    "frame_skip",
    "exclude_current_positions_from_observation",
)


@dataclass(frozen=True)
class HalfCheetahState:
    """STATE, and the key and time of the episode."""

    key: Key
    t: int
    qpos: np.ndarray  # (9,) f64, m and rad
    qvel: np.ndarray  # (9,) f64, m/s and rad/s
    qacc_warmstart: np.ndarray  # (9,) f64, m/s^2 and rad/s^2


class HalfCheetah:
    """HalfCheetah-v5; see `references.contract.Reference`.

    Args:
        params: as in spec.py. `double_precision` changes no more than the dtypes that are
            returned: MuJoCo always computes in f64.

    Raises:
        ImportError: for another version of MuJoCo than the constants were read from.
        ValueError: for a parameter that is not accepted.
    """

    def __init__(self, **params: Any) -> None:
        if mujoco.__version__ != MUJOCO_VERSION:
            raise ImportError(
                f"MuJoCo is {mujoco.__version__}; the reference is version {MUJOCO_VERSION}"
            )
        checked = SPEC.check_params(params)
        checked.pop("max_episode_steps")
        self.params = checked
        self.spec: EnvSpec = SPEC.under(params)
        options = {name: checked[name] for name in V5_OPTIONS}
        with quiet():
            made = gymnasium.make("HalfCheetah-v5", disable_env_checker=True, **options)
        env: Any = made.unwrapped  # without the time limit, which is the batch driver's
        self.env = env
        self.model, self.data = env.model, env.data
        self._obs_dtype = np.dtype(self.spec.obs.dtype)

    def reset(self, key: Key) -> tuple[HalfCheetahState, np.ndarray]:
        """A new episode: v5's initial state plus uniform and normal noise; see `reset_noise`."""
        position, velocity = reset_noise(key, self.params["reset_noise_scale"])
        state = HalfCheetahState(
            key,
            0,
            self.env.init_qpos + position,
            self.env.init_qvel + velocity,
            np.zeros(NUM_DOFS),
        )
        self._load(state)
        return state, self._observation()

    def step(self, state: HalfCheetahState, action: Any) -> tuple[HalfCheetahState, Step]:
        """v5's own step: `frame_skip` substeps under one action, (6,) in [-1, 1]."""
        self._load(state)
        # In f32 the action's square would be rounded before it is summed; v5 is given f64.
        _, reward, terminated, truncated, _ = self.env.step(np.asarray(action, np.float64))
        after = HalfCheetahState(state.key, state.t + 1, *self._dynamics())
        step = Step(
            obs=self._observation(),
            reward=np.asarray(reward, self.spec.reward_dtype),
            terminated=terminated,
            truncated=truncated,
        )
        return after, step

    def legal(self, state: HalfCheetahState) -> None:
        """Actions are continuous."""

    def acting(self, state: HalfCheetahState) -> None:
        """One player: nobody waits."""

    def export_fields(self, state: HalfCheetahState) -> dict[str, Any]:
        """STATE's fields by name."""
        return {field.name: getattr(state, field.name) for field in SPEC.state}

    def import_fields(self, fields: Mapping[str, Any], key: Key, t: int) -> HalfCheetahState:
        """The state that has these fields.

        Raises:
            ValueError: for a number that is not finite.
        """
        arrays = [np.array(fields[field.name], np.float64) for field in SPEC.state]
        for field, array in zip(SPEC.state, arrays, strict=True):
            bad = ~np.isfinite(array)
            if bad.any():
                raise ValueError(f"{field.name} is {array[bad][0]}; it must be finite")
        return HalfCheetahState(key, t, *arrays)

    def _load(self, state: HalfCheetahState) -> None:
        """Put MuJoCo into this state, with nothing left of any other."""
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[:] = state.qpos
        self.data.qvel[:] = state.qvel
        self.data.qacc_warmstart[:] = state.qacc_warmstart

    def _dynamics(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        data = self.data
        return data.qpos.copy(), data.qvel.copy(), data.qacc_warmstart.copy()

    def _observation(self) -> np.ndarray:
        return np.asarray(self.env._get_obs(), self._obs_dtype)


def reset_noise(key: Key, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Noise of positions, uniform in [-scale, scale), and velocities, normal times scale.

    Position i is draw i. Velocities 2 i and 2 i + 1 are Box and Muller's transform of the draws
    9 + 2 i and 10 + 2 i: sqrt(-2 log(1 - u)) times the cosine and the sine of 2 pi v.

    Returns:
        (9,) f64 positions, m and rad, and (9,) f64 velocities, m/s and rad/s.
    """
    draws = [uniform(threefry2x32(key, (0, slot))[0]) for slot in range(2 * NUM_DOFS + 1)]
    position = np.array([scale * (2 * u - 1) for u in draws[:NUM_DOFS]])
    velocity = []
    for u, v in zip(draws[NUM_DOFS::2], draws[NUM_DOFS + 1 :: 2], strict=True):
        radius = math.sqrt(-2 * math.log(1 - u))
        velocity += [radius * math.cos(2 * math.pi * v), radius * math.sin(2 * math.pi * v)]
    return position, scale * np.array(velocity[:NUM_DOFS])
