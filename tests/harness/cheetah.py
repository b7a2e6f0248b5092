"""Copies of MuJoCo as backends of HalfCheetah: rounded ones, and ones with a physical mistake.

Registered with `plant`; the "copy" backend is stepped by the rules that are planted.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from harness import implementations, registry
from harness.measures import halfcheetah
from references.batch import ReferenceBatch
from references.contract import Step
from references.halfcheetah.rounded import Rounded
from references.halfcheetah.rules import HalfCheetah, HalfCheetahState

ENTRY = registry.Entry(
    name="halfcheetah",
    reference="references.halfcheetah:HalfCheetah",
    backends=("copy",),
    variants=(
        registry.Variant("default", {}),
        registry.Variant("double", {"double_precision": True}),
    ),
    comparator="harness.measures.halfcheetah:comparator",
    mode="one-step",
    measure="harness.measures.halfcheetah:MEASURE",
)


class Single(HalfCheetah):
    """What is right, with the state kept in single precision between steps."""

    def reset(self, key: Any) -> tuple[HalfCheetahState, np.ndarray]:
        state, obs = super().reset(key)
        return self._in_single(state), obs

    def step(self, state: HalfCheetahState, action: Any) -> tuple[HalfCheetahState, Step]:
        after, step = super().step(state, action)
        return self._in_single(after), step

    def _in_single(self, state: HalfCheetahState) -> HalfCheetahState:
        fields = self.export_fields(state)
        single = {name: array.astype(np.float32) for name, array in fields.items()}
        return self.import_fields(single, state.key, state.t)


class RewardOfRounded(Rounded):
    """Right, but for a reward from positions that are rounded after every substep."""

    def step(self, state: HalfCheetahState, action: Any) -> tuple[HalfCheetahState, Step]:
        _, rounded = super().step(state, action)
        after, step = HalfCheetah.step(self, state, action)
        return after, step._replace(reward=rounded.reward)


class Double(HalfCheetah):
    """What is right and in double precision, but for the last bits."""

    def step(self, state: HalfCheetahState, action: Any) -> tuple[HalfCheetahState, Step]:
        after, step = super().step(state, action)
        return dataclasses.replace(after, qvel=after.qvel * (1 + 2.0**-52)), step


class WrongDamping(HalfCheetah):
    """The back foot's joint is damped by 3.03 instead of 3."""

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.model.dof_damping[5] *= 1.01


class StaleWarmStart(HalfCheetah):
    """The solver's start stays what it was before the step."""

    def step(self, state: HalfCheetahState, action: Any) -> tuple[HalfCheetahState, Step]:
        after, step = super().step(state, action)
        return dataclasses.replace(after, qacc_warmstart=state.qacc_warmstart), step


class NoLimits(HalfCheetah):
    """The front foot's joint has no limit: right wherever it is not reached."""

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.model.jnt_limited[8] = 0


class NotANumber(HalfCheetah):
    """Divides by zero far from the origin."""

    def step(self, state: HalfCheetahState, action: Any) -> tuple[HalfCheetahState, Step]:
        after, step = super().step(state, action)
        if abs(state.qpos[0]) == 1000:
            step.obs[3] = np.nan
        return after, step


class WrongReset(HalfCheetah):
    """A new episode begins a hair higher: seen where an episode ends, and nowhere else."""

    def reset(self, key: Any) -> tuple[HalfCheetahState, np.ndarray]:
        state, obs = super().reset(key)
        return dataclasses.replace(state, qpos=state.qpos + 2e-3), obs


class Raising(HalfCheetah):
    """Refuses what is fast."""

    def step(self, state: HalfCheetahState, action: Any) -> tuple[HalfCheetahState, Step]:
        if abs(state.qvel).max() > 45:
            raise ValueError("too fast")
        return super().step(state, action)


def plant(
    monkeypatch: pytest.MonkeyPatch, rules: type[HalfCheetah], **changes: Any
) -> registry.Entry:
    """Register the environment with one backend, "copy", of these rules, and fewer free runs."""
    few = {"episodes": 20, "longest": 120, **changes}
    measure = dataclasses.replace(halfcheetah.MEASURE, **few)
    monkeypatch.setattr(halfcheetah, "MEASURE", measure)
    monkeypatch.setitem(registry._ENTRIES, "halfcheetah", ENTRY)

    class Copy(ReferenceBatch):
        def __init__(self, entry: registry.Entry, num_envs: int, params: dict[str, Any]) -> None:
            own = {name: value for name, value in params.items() if name != "max_episode_steps"}
            limit = entry.spec.check_params(params)["max_episode_steps"]
            super().__init__(rules(**own), num_envs, limit)

    monkeypatch.setattr("tests.harness.cheetah.Copy", Copy, raising=False)
    where = implementations.Implementation("tests.harness.cheetah:Copy")
    monkeypatch.setitem(implementations.IMPLEMENTATIONS, "copy", where)
    return ENTRY
