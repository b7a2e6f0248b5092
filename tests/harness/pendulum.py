"""Pendulum: a small inexact environment, and backends of it that round, drift, err or raise.

Registered with `plant`; the "approx" backend is stepped by the rules that are planted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from harness import implementations, registry
from harness.verifying.compare import Bound, BoundedComparator
from harness.verifying.measure import Bar, Drawn, Measure
from references.batch import ReferenceBatch
from references.contract import BoxAction, EnvSpec, Field, ObsLayout, Step
from references.threefry import Key, threefry2x32, uniform

GRAVITY, DT = np.float32(9.81), np.float32(0.05)
FAR = 50.0
"""rad; no rollout of these lengths gets there."""

SPEC = EnvSpec(
    name="pendulum",
    version=1,
    state=(Field("theta", "f4", (), "rad"), Field("omega", "f4", (), "rad/s")),
    obs=ObsLayout("f4", (3,), -1e6, 1e6, ("cos", "sin", "omega")),
    action=lambda params: BoxAction((1,), -1.0, 1.0),
    slots={"angle": 0},
    constants={},
    exact=False,
    default_max_episode_steps=40,
)


def comparator(spec: EnvSpec) -> BoundedComparator:
    """A few times the rounding of one step."""
    bound = Bound(absolute=2e-6, relative=1e-6)
    return BoundedComparator(
        spec, dict.fromkeys(("state.theta", "state.omega", "obs", "reward"), bound)
    )


def far_states(params: dict[str, Any], seed: int) -> np.ndarray:
    """(3, state_bytes) u8: wound up far."""
    rows = np.zeros(3, SPEC.row_dtype)
    rows["layout"] = SPEC.layout_id
    rows["env_index"] = np.arange(3)
    rows["t"] = 5
    rows["theta"] = FAR + np.arange(3) + 1
    rows["omega"] = 0.5
    return rows.view(np.uint8).reshape(3, -1)


@dataclasses.dataclass(frozen=True)
class State:
    """Angle and its speed; see SPEC."""

    key: Key
    t: int
    theta: np.float32
    omega: np.float32


class Pendulum:
    """The reference, in single precision."""

    spec = SPEC

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}

    def reset(self, key: Key) -> tuple[State, np.ndarray]:
        """Anywhere, at rest."""
        theta = np.float32(6 * uniform(threefry2x32(key, (0, 0))[0]) - 3)
        state = State(key, 0, theta, np.float32(0))
        return state, self._obs(state)

    def step(self, state: State, action: Any) -> tuple[State, Step]:
        """One semi-implicit Euler step."""
        omega = np.float32(state.omega + self.acceleration(state, np.float32(action[0])) * DT)
        theta = np.float32(state.theta + omega * DT)
        after = State(state.key, state.t + 1, theta, omega)
        return after, Step(self._obs(after), np.asarray(-abs(omega), np.float32), False, False)

    def acceleration(self, state: State, torque: np.float32) -> np.float32:
        """rad/s^2."""
        return np.float32(GRAVITY * np.sin(state.theta) + np.float32(3) * torque)

    def legal(self, state: State) -> np.ndarray | None:
        """Actions are continuous."""
        return None

    def acting(self, state: State) -> np.ndarray | None:
        """There is one player."""
        return None

    def export_fields(self, state: State) -> dict[str, Any]:
        """STATE's fields."""
        return {"theta": state.theta, "omega": state.omega}

    def import_fields(self, fields: Mapping[str, Any], key: Key, t: int) -> State:
        """Any state can exist."""
        return State(key, t, np.float32(fields["theta"]), np.float32(fields["omega"]))

    def _obs(self, state: State) -> np.ndarray:
        return np.array([np.cos(state.theta), np.sin(state.theta), state.omega], np.float32)


class Rounding(Pendulum):
    """Another order of operations in double precision: right, and not bit for bit."""

    def acceleration(self, state: State, torque: np.float32) -> np.float32:
        exact = 3 * float(torque) + float(GRAVITY) * np.sin(float(state.theta))
        return np.float32(exact * (1 + 2e-7))


class WrongSign(Rounding):
    """Torque pushes the other way."""

    def acceleration(self, state: State, torque: np.float32) -> np.float32:
        return super().acceleration(state, np.float32(-torque))


class WrongSignFar(Rounding):
    """The same, only where rollouts do not get to."""

    def acceleration(self, state: State, torque: np.float32) -> np.float32:
        return super().acceleration(state, -torque if state.theta > FAR else torque)


class WrongNan(Rounding):
    """No number where the reference has one."""

    def acceleration(self, state: State, torque: np.float32) -> np.float32:
        return np.float32(np.nan) if state.t == 7 else super().acceleration(state, torque)


class Drifting(Rounding):
    """Right to 2e-5 a step: within the bars of a step, and soon off in a free run."""

    def acceleration(self, state: State, torque: np.float32) -> np.float32:
        return np.float32(super().acceleration(state, torque) + 2e-4)


class RaisingFar(Rounding):
    """Refuses the second of the far states."""

    def acceleration(self, state: State, torque: np.float32) -> np.float32:
        if state.theta == FAR + 2:
            raise ValueError("wound up too far")
        return super().acceleration(state, torque)


def draw(kind: str, count: int, seed: int, number: int) -> Drawn:
    """Angles anywhere ("near", "last"), or far_states' ("far")."""
    rng = np.random.default_rng([seed, number, len(kind)])
    theta = rng.uniform(-3, 3, count).astype(np.float32)
    if kind == "far":
        theta = np.float32(FAR) + np.arange(1, count + 1, dtype=np.float32)
    fields = {"theta": theta, "omega": rng.uniform(-1, 1, count).astype(np.float32)}
    return Drawn(fields, np.arange(count), rng.uniform(-1, 1, (count, 1)).astype(np.float32))


def start(spec: EnvSpec, count: int, seed: int) -> np.ndarray:
    """What resets give."""
    batch = ReferenceBatch(Pendulum(), count)
    batch.reset(seed)
    return batch.export_state()


def nudge(spec: EnvSpec, rows: np.ndarray, distance: float, seed: int) -> np.ndarray:
    """The angle this far off."""
    moved = spec.unpack(rows).copy()
    moved["theta"] += np.float32(distance)
    return moved.view(np.uint8).reshape(rows.shape)


BAR = Bar(share=0.9, within=1e-6, limit=1e-4, factor=10.0)
MEASURE = Measure(
    classes={"near": 20, "far": 3, "last": 5},
    units=4,
    draw=draw,
    bars=lambda params: {"near": BAR, "far": BAR, "last": BAR},
    rounded=Rounding,
    ending="last",
    start=start,
    nudge=nudge,
    apart=lambda params: 1e-5,
    nearby=(1e-5,),
    episodes=12,
)
MEASURED = {"measure": "tests.harness.pendulum:MEASURE"}
"""`plant` with these changes verifies by the measure instead of rollouts."""


def plant(monkeypatch: pytest.MonkeyPatch, rules: type[Pendulum], **changes: Any) -> registry.Entry:
    """Register the environment with one backend, "approx", of these rules."""
    entry = registry.Entry(
        name="pendulum",
        reference="tests.harness.pendulum:Pendulum",
        backends=("approx",),
        comparator="tests.harness.pendulum:comparator",
        mode="one-step",
        states="tests.harness.pendulum:far_states",
    )
    entry = dataclasses.replace(entry, **changes)
    monkeypatch.setitem(registry._ENTRIES, "pendulum", entry)

    class Approx(ReferenceBatch):
        def __init__(self, entry: registry.Entry, num_envs: int, params: dict[str, Any]) -> None:
            limit = entry.spec.check_params(params)["max_episode_steps"]
            super().__init__(rules(), num_envs, limit)

    monkeypatch.setattr("tests.harness.pendulum.Approx", Approx, raising=False)
    where = implementations.Implementation("tests.harness.pendulum:Approx")
    monkeypatch.setitem(implementations.IMPLEMENTATIONS, "approx", where)
    return entry
