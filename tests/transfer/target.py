"""Target: a small inexact environment, and backends of it that round, favour or err.

The reward is 1 - action^2 less a little noise, so a policy that holds still beats drawn actions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import implementations, registry
from ppo.checkpoints import save_policy
from ppo.envs import layout_of
from ppo.ppo import Agent, Args
from references.batch import ReferenceBatch
from references.contract import BoxAction, EnvSpec, Field, ObsLayout, Step
from references.threefry import Key, threefry2x32, uniform

SPEC = EnvSpec(
    name="target",
    version=1,
    state=(Field("x", "f4", (), "last action"),),
    obs=ObsLayout("f4", (1,), -1.0, 1.0),
    action=lambda params: BoxAction((1,), -1.0, 1.0),
    slots={"noise": 0},
    constants={},
    exact=False,
    transfer_margin=0.1,
    default_max_episode_steps=4,
)


@dataclass(frozen=True)
class State:
    """See SPEC."""

    key: Key
    t: int
    x: np.float32


class Target:
    """The reference."""

    spec = SPEC

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}

    def reset(self, key: Key) -> tuple[State, np.ndarray]:
        return State(key, 0, np.float32(0)), np.zeros(1, np.float32)

    def step(self, state: State, action: Any) -> tuple[State, Step]:
        after = State(state.key, state.t + 1, np.float32(action[0]))
        noise = uniform(threefry2x32(state.key, (after.t, 0))[0])
        reward = 1 - after.x * after.x - np.float32(0.1) * noise + self.extra(after)
        return after, Step(np.full(1, after.x), np.asarray(reward, np.float32), False, False)

    def extra(self, state: State) -> float:
        return 0.0

    def legal(self, state: State) -> np.ndarray | None:
        return None

    def acting(self, state: State) -> np.ndarray | None:
        return None

    def export_fields(self, state: State) -> dict[str, Any]:
        return {"x": state.x}

    def import_fields(self, fields: Mapping[str, Any], key: Key, t: int) -> State:
        return State(key, t, np.float32(fields["x"]))


class Rounding(Target):
    """Off by what another order of operations is."""

    def extra(self, state: State) -> float:
        return 1e-6 + 1e-3 * float(state.x)


class Generous(Target):
    """Gives a tenth more a step than it should."""

    def extra(self, state: State) -> float:
        return 0.1


class Nameless(Target):
    """No number in the last step."""

    def extra(self, state: State) -> float:
        return float("nan") if state.t == 4 else 0.0


def plant(monkeypatch: pytest.MonkeyPatch, rules: type[Target]) -> registry.Entry:
    """Register the environment with one backend, "approx", of these rules."""
    entry = registry.Entry(
        name="target", reference="tests.transfer.target:Target", backends=("approx",)
    )
    monkeypatch.setitem(registry._ENTRIES, "target", entry)

    class Approx(ReferenceBatch):
        def __init__(self, entry: registry.Entry, num_envs: int, params: dict[str, Any]) -> None:
            super().__init__(rules(), num_envs, SPEC.default_max_episode_steps)

    monkeypatch.setattr("tests.transfer.target.Approx", Approx, raising=False)
    where = implementations.Implementation("tests.transfer.target:Approx")
    monkeypatch.setitem(implementations.IMPLEMENTATIONS, "approx", where)
    return entry


def checkpoint(folder: Path, env: str = "target", **changes: Any) -> Path:
    """A policy of fresh weights that hardly moves, or draws if actions are discrete."""
    args = Args(**{"env": env, "num_envs": 1, "num_minibatches": 1, "log_std": -4.0, **changes})
    agent = Agent(args, layout_of(registry.get(env), args.params))
    path = folder / f"{env}-{args.backend}-s{args.seed}.ckpt"
    save_policy(path, args, agent.learned(args.seed), {"steps": 7})
    return path
