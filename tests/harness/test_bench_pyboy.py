"""PyBoy as a baseline: its check against the reference, and what it counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from harness import registry
from harness.baselines import BASELINES, pyboy
from harness.benching import trace
from harness.benching.job import CheckFailed, Job
from harness.benching.trace import Trace

ENTRY = registry.get("gameboy")
PARAMS = ENTRY.spec.check_params({})


@pytest.fixture(scope="module")
def recorded() -> Trace:
    """What the reference does in one instance; skipped, by name, without PyBoy."""
    from references.gameboy.building import OracleMissingError, load_probe

    try:
        load_probe()
    except OracleMissingError as missing:
        pytest.skip(str(missing))
    return trace.record(ENTRY, {}, 1)


@pytest.fixture(scope="module")
def lane(recorded: Trace) -> Iterator[pyboy.Lane]:
    yield pyboy.Lane(PARAMS)


def test_it_plays_what_the_reference_played(lane: pyboy.Lane, recorded: Trace) -> None:
    first = pyboy.check(lane, recorded)
    assert len(first) == 8
    assert pyboy.check(lane, recorded) == first


@pytest.mark.parametrize("observation", [1, 4])
def test_other_observations_too(recorded: Trace, observation: int) -> None:
    params = {"observation": observation, "frame_skip": 3}
    expected = trace.record(ENTRY, params, 1)
    assert len(pyboy.check(pyboy.Lane(ENTRY.spec.check_params(params)), expected)) == 8


@pytest.mark.parametrize("name", ["obs", "reward", "terminated"])
def test_a_difference_is_named(lane: pyboy.Lane, recorded: Trace, name: str) -> None:
    values = recorded.outcome[name].copy()
    values[5] = ~values[5] if values.dtype == np.bool_ else values[5] + 1
    changed = Trace(
        recorded.start, recorded.draws, recorded.before, {**recorded.outcome, name: values}
    )
    with pytest.raises(CheckFailed, match=f"{name} differs from the reference .*step 5"):
        pyboy.check(lane, changed)


@pytest.mark.parametrize("threads", [1, 2])
def test_every_console_steps(recorded: Trace, tmp_path: Path, threads: int) -> None:
    expected = tmp_path / "expected.npz"
    recorded.save(expected)
    runner = pyboy.make(Job("gameboy", "pyboy-threads", "", 3, threads))
    ready = runner.prepare(str(expected))
    assert ready.check.startswith("ok: ")
    assert (ready.batch, ready.frame_skip) == (3, runner.lanes[0].frames)
    before = [int(lane.fields["cycles"][0]) for lane in runner.lanes]
    steps, seconds = runner.measure(0.02)
    assert steps % 3 == 0 and steps and seconds >= 0.02
    assert all(
        int(lane.fields["cycles"][0]) != cycles
        for lane, cycles in zip(runner.lanes, before, strict=True)
    )
    runner.close()


def test_a_time_limit_is_not_compared(recorded: Trace) -> None:
    runner = pyboy.make(Job("gameboy", "pyboy", "", 1, 1, params={"max_episode_steps": 5}))
    assert runner.check(recorded) == "not comparable: it has no time limit"


def test_processes_and_threads_are_rows() -> None:
    assert BASELINES["pyboy"].processes and not BASELINES["pyboy-threads"].processes
