"""The reference with its state rounded to single precision: what that alone costs."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np

from references.contract import Step
from references.halfcheetah.rules import HalfCheetah, HalfCheetahState


class Rounded(HalfCheetah):
    """MuJoCo, whose qpos, qvel and qacc_warmstart are rounded to f32 after every substep."""

    def step(self, state: HalfCheetahState, action: Any) -> tuple[HalfCheetahState, Step]:
        """As v5's, with `frame_skip` single substeps."""
        self._load(state)
        data, before = self.data, float(state.qpos[0])
        data.ctrl[:] = action
        for _ in range(self.params["frame_skip"]):
            mujoco.mj_step(self.model, data)
            for array in (data.qpos, data.qvel, data.qacc_warmstart):
                array[:] = array.astype(np.float32)
        after = HalfCheetahState(state.key, state.t + 1, *self._dynamics())
        velocity = (float(data.qpos[0]) - before) / self.env.dt
        reward, _ = self.env._get_rew(velocity, np.asarray(action, np.float64))
        reward = np.asarray(reward, self.spec.reward_dtype)
        return after, Step(self._observation(), reward, terminated=False, truncated=False)
