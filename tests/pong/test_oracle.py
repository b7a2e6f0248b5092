"""The reference against PufferLib's real C code, whole games, never synchronised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.baselines import Unavailable
from harness.oracles import pong as oracle
from references.contract import Step
from references.pong import Pong
from references.pong.rules import PongState

EPISODES = 20


@pytest.fixture(scope="module")
def c_pong() -> None:
    """Skips where the C code cannot be had, and says why."""
    try:
        oracle.PufferPong(1, continuous=False).close()
    except Unavailable as reason:
        pytest.skip(f"PufferLib's C code cannot run here: {reason}")


@pytest.mark.usefixtures("c_pong")
@pytest.mark.parametrize("continuous", [False, True])
@pytest.mark.parametrize("frame_skip", [1, 2, 3, 8])
def test_reference_equals_the_c_code(
    frame_skip: int, continuous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oracle, "EPISODES_A_TAPE", 7)  # several tapes
    params = {"frame_skip": frame_skip, "continuous": continuous}
    result = oracle.run(EPISODES, seed=frame_skip, variant_params=params)
    assert result["first_difference"] is None
    assert result["differences"] == 0
    assert result["episodes"] == EPISODES
    assert result["steps"] > EPISODES * 20  # 21 points take 21 steps at the least


class ServesUpwards(Pong):
    """A serve of +1 where upstream's is 0 or -1."""

    def _serve(self, state: PongState) -> None:
        super()._serve(state)
        state.ball_vy = np.float32(abs(state.ball_vy))


class AddsRewards(Pong):
    """A point in the step of a bounce keeps the bounce's reward."""

    def _point(
        self, state: PongState, before: PongState, agent_won: bool
    ) -> tuple[PongState, Step]:
        state, step = super()._point(state, before, agent_won)
        return state, step._replace(reward=np.asarray(step.reward + np.float32(0.1)))


class ObservesThePoint(Pong):
    """Observations are computed again after a point."""

    def _point(
        self, state: PongState, before: PongState, agent_won: bool
    ) -> tuple[PongState, Step]:
        return super()._point(state, state, agent_won)


class DrawsTwice(Pong):
    """One random number too many at a serve."""

    def _serve(self, state: PongState) -> None:
        super()._serve(state)
        super()._serve(state)


class ForgetsToDraw(Pong):
    """One random number too few: a game's first serve is always level."""

    def reset(self, key: Any) -> tuple[PongState, np.ndarray]:
        tape, self._draw_serve = self._draw_serve, lambda key, t: 1
        state, obs = super().reset(key)
        self._draw_serve = tape
        return state, obs


@pytest.mark.usefixtures("c_pong")
@pytest.mark.parametrize(
    ("faulty", "field"),
    [
        (ServesUpwards, "ball_vy"),
        (AddsRewards, "reward"),
        (ObservesThePoint, "obs"),
        (DrawsTwice, "ball_vy"),
        (ForgetsToDraw, "ball_vy"),
    ],
)
def test_a_planted_fault_is_found(faulty: Callable[..., Pong], field: str) -> None:
    result = oracle.run(4, seed=2, variant_params={}, reference=faulty)
    assert result["differences"] > 0
    assert result["first_difference"]["field"].startswith(field)


@pytest.mark.usefixtures("c_pong")
def test_the_tape_must_end_exhausted() -> None:
    """Serves that ignore the tape's last number leave it unread although no state differs."""
    c = oracle.PufferPong(1, continuous=False)
    c.srand(5)
    tape = oracle.Tape(c.rand(10))
    c.srand(5)
    c.reset()
    assert not oracle._exhausted(c, tape)  # which also took libc to the tape's end and beyond
    c.srand(5)
    c.reset()
    tape((0, 0), 0)
    assert oracle._exhausted(c, tape)
    c.close()


def test_ulps_apart() -> None:
    one = np.float32(1)
    above = np.nextafter(one, np.float32(2))
    smallest = np.nextafter(np.float32(0), one)
    a = np.array([1, 1, 0.0, smallest, -1], np.float32)
    b = np.array([1, above, -0.0, -smallest, 1], np.float32)
    assert oracle.ulps_apart(a, b).tolist() == [0, 1, 1, 3, 2 * 0x3F800000 + 1]


def test_progress_is_told_of_every_episode(c_pong: None) -> None:
    seen: list[tuple[int, int]] = []
    oracle.run(3, 0, {"frame_skip": 8}, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
