"""The checks that go with a speed notice an implementation that steps otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import registry
from harness.baselines import Unavailable, puffer
from harness.benching import trace
from harness.benching.job import CheckFailed
from harness.implementations import make_batch
from references.batch import BatchStep, ReferenceBatch
from references.pong import SPEC, Pong

PARAMS: dict[str, Any] = {"frame_skip": 8}


@pytest.fixture(scope="module")
def expected() -> trace.Trace:
    return trace.record(registry.get("pong"), PARAMS, 4096)


@pytest.fixture(scope="module")
def binding() -> Any:
    try:
        return puffer.load_binding()
    except Unavailable as reason:
        pytest.skip(f"PufferLib's C code cannot run here: {reason}")


@pytest.mark.parametrize("variant", ["skip8", "default", "continuous", "limit"])
def test_points_and_games_end_on_the_way(variant: str) -> None:
    entry = registry.get("pong")
    outcome = trace.record(entry, entry.variant(variant).params, 4096).outcome
    assert (outcome["reward"] == 1).any()
    assert (outcome["reward"] == -1).any()
    assert outcome["terminated"].any()
    assert (outcome["final_obs"] != 0).any()
    scores = SPEC.unpack(outcome["state"].reshape(-1, SPEC.state_bytes))
    assert (scores["episode"] > 0).any()


def test_a_file_holds_the_whole_trace(expected: trace.Trace, tmp_path: Path) -> None:
    expected.save(tmp_path / "trace.npz")
    loaded = trace.Trace.load(tmp_path / "trace.npz")
    assert loaded.checksum == expected.checksum
    assert np.array_equal(loaded.draws, expected.draws)
    assert loaded.before.keys() == expected.before.keys() == {"legal"}
    assert np.array_equal(loaded.before["legal"], expected.before["legal"])
    assert np.array_equal(loaded.start, expected.start)


def test_a_larger_batch_has_the_same_checksum(expected: trace.Trace) -> None:
    batch = make_batch(registry.get("pong"), "reference", trace.LANES + 5, PARAMS)
    assert trace.check(batch, expected) == expected.checksum


class Faulty(ReferenceBatch):
    """Changes one output of one lane in one step, or its state."""

    fault = ""
    lane = 3
    steps = 0

    def step(self, actions: np.ndarray) -> BatchStep:
        step = super().step(actions)
        self.steps += 1
        if self.steps == 41:
            if self.fault == "state":
                self._instances[self.lane].state.paddle_yl += np.float32(0.5)
            elif self.fault:
                value = getattr(step, self.fault)
                before = value[self.lane]
                value[self.lane] = ~before if value.dtype == np.bool_ else before + 1
        return step


@pytest.mark.parametrize("fault", ["obs", "reward", "terminated", "truncated", "legal", "state"])
def test_a_difference_is_named(fault: str, expected: trace.Trace) -> None:
    batch = Faulty(Pong(**PARAMS), trace.LANES)
    batch.fault = fault
    with pytest.raises(
        CheckFailed, match=f"^{fault} differs from the reference at step 40, lane 3"
    ):
        trace.check(batch, expected)


@pytest.mark.parametrize(("num_envs", "lane"), [(70, 69), (70, 34), (33, 32)])
def test_a_difference_anywhere_in_the_batch_is_found(
    num_envs: int, lane: int, expected: trace.Trace
) -> None:
    batch = Faulty(Pong(**PARAMS), num_envs)
    batch.fault = "state"
    near = trace.places(num_envs)
    batch.lane = int(near[np.abs(near - lane).argmin()])  # the middle is looked at nearby
    assert abs(batch.lane - lane) <= 1
    with pytest.raises(CheckFailed, match=rf"^state .* at step 40, lane {batch.lane}$"):
        trace.check(batch, expected)


@pytest.mark.parametrize("num_envs", [1, 2, 31, 32, 33, 70, 4096, 1 << 24])
def test_places_reach_from_the_first_to_the_last(num_envs: int) -> None:
    where = trace.places(num_envs)
    assert (where[0], where[-1]) == (0, num_envs - 1)
    assert len(where) == min(num_envs, trace.LANES)
    assert (np.diff(where) > 0).all()
    assert np.unique(np.diff(where)).size <= 2  # steps of one length, or of two in turn


def test_final_observations_count_where_an_episode_ended(expected: trace.Trace) -> None:
    class NoFinalObs(ReferenceBatch):
        def step(self, actions: np.ndarray) -> BatchStep:
            step = super().step(actions)
            return step._replace(final_obs=np.zeros_like(step.final_obs))

    with pytest.raises(CheckFailed, match="final_obs differs"):
        trace.check(NoFinalObs(Pong(**PARAMS), trace.LANES), expected)


@pytest.mark.parametrize("frame_skip", [1, 2, 8])
def test_puffers_binding_equals_the_reference(binding: Any, frame_skip: int) -> None:
    said = puffer.check_binding(binding, frame_skip, continuous=False)
    assert said.startswith("ok: ")
    assert puffer.check_binding(binding, frame_skip, continuous=False) == said


class Wrapped:
    """A binding whose every step is followed by a change to its buffers."""

    def __init__(self, binding: Any, change: Any) -> None:
        self._binding = binding
        self._change = change
        self._buffers: tuple[np.ndarray, ...] = ()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._binding, name)

    def vec_init(self, *arguments: Any, **keywords: Any) -> Any:
        self._buffers = arguments[:5]
        return self._binding.vec_init(*arguments, **keywords)

    def vec_step(self, vector: Any) -> None:
        self._binding.vec_step(vector)
        self._change(*self._buffers)


def _set_reward(obs: Any, actions: Any, rewards: Any, terminals: Any, truncations: Any) -> None:
    rewards[rewards == 1] = 2


def _set_terminal(obs: Any, actions: Any, rewards: Any, terminals: Any, truncations: Any) -> None:
    terminals[:] = 0


def _set_obs(obs: Any, actions: Any, rewards: Any, terminals: Any, truncations: Any) -> None:
    obs[5, 2] *= np.float32(1.000001)


@pytest.mark.parametrize(
    ("change", "said"),
    [(_set_reward, "reward"), (_set_terminal, "terminated"), (_set_obs, "obs")],
)
def test_another_binding_fails_its_check(binding: Any, change: Any, said: str) -> None:
    with pytest.raises(CheckFailed, match=f"^{said} differs from the reference at step"):
        puffer.check_binding(Wrapped(binding, change), 8, continuous=False)


def test_a_build_with_fused_rounding_is_not_compared(binding: Any) -> None:
    assert puffer.check_binding(binding, 1, continuous=True).startswith("not comparable: ")
