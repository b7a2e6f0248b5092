"""Wrong implementations of Pong and Duel, each with one planted fault, for the verifier's tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from harness import implementations, registry
from references.batch import BatchStep, ReferenceBatch
from references.contract import Step
from references.pong import Pong
from references.pong.rules import PongState
from tests.duel.reference import Duel
from tests.duel.reference.rules import DuelState

AT = 37
"""The step of an episode in which a planted fault shows."""


class WrongField(Pong):
    """The ball is one pixel off after step AT."""

    def step(self, state: PongState, action: Any) -> tuple[PongState, Step]:
        state, out = super().step(state, action)
        if state.t == AT:
            state = dataclasses.replace(state, ball_x=state.ball_x + np.float32(1))
        return state, out


class WrongReward(Pong):
    """A reward of 0.5 in step AT."""

    def step(self, state: PongState, action: Any) -> tuple[PongState, Step]:
        state, out = super().step(state, action)
        if state.t == AT:
            out = out._replace(reward=np.array(0.5, np.float32))
        return state, out


class WrongFlag(Pong):
    """The game ends in step AT."""

    def step(self, state: PongState, action: Any) -> tuple[PongState, Step]:
        state, out = super().step(state, action)
        return state, out._replace(terminated=out.terminated or state.t == AT)


class WrongObs(Pong):
    """A negative zero is observed instead of a zero after step AT."""

    def step(self, state: PongState, action: Any) -> tuple[PongState, Step]:
        state, out = super().step(state, action)
        if state.t == AT:
            obs = out.obs.copy()
            obs[7] = -0.0
            out = out._replace(obs=obs)
        return state, out


class WrongAction(Pong):
    """Action 1 moves the paddle by 9 pixels instead of 8 from step AT on."""

    def step(self, state: PongState, action: Any) -> tuple[PongState, Step]:
        after, out = super().step(state, action)
        if after.t >= AT and action == 1 and after.paddle_yr == state.paddle_yr + 8:
            after = dataclasses.replace(after, paddle_yr=after.paddle_yr + np.float32(1))
        return after, out


class WrongLegal(Duel):
    """A player may guard twice in a row."""

    def legal(self, state: DuelState) -> np.ndarray | None:
        masks = super().legal(state)
        assert masks is not None
        for player, own in enumerate(masks):
            own[1] |= bool(state.guarding[player]) and not any(state.picking)
        return masks


class WrongHealth(Duel):
    """Player 1's third fighter heals by one when it is hurt."""

    def step(self, state: DuelState, action: Any) -> tuple[DuelState, Step]:
        after, out = super().step(state, action)
        if 0 < after.health[1][2] < state.health[1][2]:
            after.health[1][2] += 1
        return after, out


class WrongFinalObs(ReferenceBatch):
    """final_obs holds the new episode's first observation."""

    def step(self, actions: np.ndarray) -> BatchStep:
        step = super().step(actions)
        return step._replace(final_obs=step.obs)


class WrongReset(ReferenceBatch):
    """The first observation after a reset is wrong."""

    def reset(self, seed: int, indices: Sequence[int] | None = None) -> np.ndarray:
        return super().reset(seed, indices) + np.float32(1)


class WrongLane(ReferenceBatch):
    """Instance 5 of the batch, whatever its env_index, is one pixel off after the AT-th step."""

    def step(self, actions: np.ndarray) -> BatchStep:
        step = super().step(actions)
        for lane, instance in enumerate(self._instances):
            if lane == 5 and instance.state.t == AT:
                instance.state = dataclasses.replace(instance.state, ball_y=np.float32(99))
        return step


class HiddenState(ReferenceBatch):
    """A counter outside STATE puts the ball off in the AT-th step after a reset or import."""

    def reset(self, seed: int, indices: Sequence[int] | None = None) -> np.ndarray:
        self.count = 0
        return super().reset(seed, indices)

    def import_state(self, rows: np.ndarray, indices: Sequence[int] | None = None) -> None:
        self.count = 0
        super().import_state(rows, indices)

    def step(self, actions: np.ndarray) -> BatchStep:
        step = super().step(actions)
        self.count += 1
        if self.count == AT:
            instance = self._instances[0]
            instance.state = dataclasses.replace(instance.state, ball_y=np.float32(99))
        return step


class Raising(ReferenceBatch):
    """Refuses to step the instance with env_index 5 for the AT-th time."""

    def step(self, actions: np.ndarray) -> BatchStep:
        for instance in self._instances:
            if instance.env_index == 5 and instance.state.t == AT - 1:
                raise ValueError("ball out of bounds\nand a second line")
        return super().step(actions)


class Panic(BaseException):
    """What a panic of Rust is in Python: no Exception."""


class Panicking(ReferenceBatch):
    """Panics where nothing may be raised: when its state is exported."""

    def export_state(self) -> np.ndarray:
        raise Panic("index out of bounds")


class Interrupted(ReferenceBatch):
    """The person at the terminal has had enough after 50 steps."""

    def step(self, actions: np.ndarray) -> BatchStep:
        if self._instances[0].state.t == 50:
            raise KeyboardInterrupt
        return super().step(actions)


def plant(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    rules: type | None = None,
    driver: type[ReferenceBatch] = ReferenceBatch,
) -> registry.Entry:
    """Give environment `name` one backend, "planted", of these rules under this batch driver."""
    entry = dataclasses.replace(registry.get(name), backends=("planted",), oracle="")
    monkeypatch.setitem(registry._ENTRIES, name, entry)
    real: Callable[..., implementations.Batch] = implementations.make_batch

    def make_batch(
        entry: registry.Entry, impl: str, num_envs: int, params: dict[str, Any], threads: int = 1
    ) -> implementations.Batch:
        if impl != "planted":
            return real(entry, impl, num_envs, params, threads)
        own = {key: value for key, value in params.items() if key != "max_episode_steps"}
        limit = entry.spec.check_params(params)["max_episode_steps"]
        reference = rules(**own) if rules else entry.make_reference(**own)
        return driver(reference, num_envs, limit)

    monkeypatch.setattr(implementations, "make_batch", make_batch)
    return entry
