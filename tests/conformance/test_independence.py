"""Results depend on seed and env_index, and on nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from harness.registry import Entry
from tests.conformance.conftest import LIMIT, Make, N
from tests.conformance.play import (
    assert_agree,
    assert_same,
    imported,
    lanes,
    play,
    reset,
    source_of,
    steps_of,
)

STEPS = 60


def test_the_same_seed_gives_the_same(entry: Entry, make: Make) -> None:
    batch = make(max_episode_steps=LIMIT)
    source = source_of(batch, entry.variants[0].params)
    runs = []
    for _ in range(2):
        first = reset(batch, seed=2**40 + 5)
        runs.append([first, *play(batch, source, STEPS, first)])
    for step, (a, b) in enumerate(zip(*runs, strict=True)):
        assert_same(a, b, f"step {step}")


@pytest.mark.parametrize("other", [1, 2**32])
def test_another_seed_gives_another_root(entry: Entry, make: Make, other: int) -> None:
    batch = make(max_episode_steps=LIMIT)
    roots = [batch.spec.unpack(reset(batch, seed).rows)["root"].tolist() for seed in (0, other)]
    assert roots == [[[0, 0]] * N, [[other >> 32, other & 0xFFFFFFFF]] * N]


def test_lanes_and_episodes_differ_where_there_is_randomness(entry: Entry, make: Make) -> None:
    """No two instances, and no two episodes of one, share their draws."""
    if not entry.spec.slots:
        pytest.skip(f"{entry.name} draws nothing")
    batch = make(max_episode_steps=LIMIT)
    first = reset(batch)
    runs = [first, *play(batch, source_of(batch, entry.variants[0].params), 4 * LIMIT, first)]
    states = np.array([run.rows[:, 24:] for run in runs])  # (steps, lanes, bytes) without headers
    assert len({lane.tobytes() for lane in states.transpose(1, 0, 2)}) > 1


@pytest.mark.parametrize("size", [1, N])
def test_batch_size(entry: Entry, impl: str, make: Make, size: int) -> None:
    params = entry.variants[0].params
    big, small = make(40, max_episode_steps=LIMIT), make(size, max_episode_steps=LIMIT)
    whole, part = reset(big), reset(small)
    assert_agree(entry, impl, lanes(whole, slice(size)), part, "reset")
    steps = steps_of(entry, impl, STEPS)
    wholes = play(big, source_of(big, params), steps, whole)
    parts = play(small, source_of(small, params), steps, part)
    for step, (a, b) in enumerate(zip(wholes, parts, strict=True), 1):
        assert_agree(entry, impl, lanes(a, slice(size)), b, f"step {step}")


def test_lane_position(entry: Entry, impl: str, make: Make) -> None:
    """Instances that change places go on as themselves, through later episodes too."""
    params = entry.variants[0].params
    batch = make(max_episode_steps=LIMIT)
    order = np.random.default_rng(0).permutation(N)
    now = play(batch, source_of(batch, params), 5, reset(batch))[-1]
    steps = steps_of(entry, impl, STEPS)
    stayed = play(batch, source_of(batch, params), steps, now, first=5)
    start = imported(batch, now.rows[order])
    changed = play(batch, source_of(batch, params, order), steps, start, first=5)
    for step, (a, b) in enumerate(zip(stayed, changed, strict=True), 6):
        assert_agree(entry, impl, lanes(a, order), b, f"step {step}")


def test_number_of_threads(entry: Entry, impl: str, make: Make) -> None:
    if impl != "rust":
        pytest.skip(f"{impl} takes no number of threads")
    params = entry.variants[0].params
    # Enough for three threads to have work; fewer where a state is large.
    num_envs = min(1100, max(40, 2**22 // entry.spec.state_bytes))
    runs = []
    for threads in (1, 2, 3):
        batch = make(num_envs, threads=threads, max_episode_steps=LIMIT)
        first = reset(batch)
        runs.append([first, *play(batch, source_of(batch, params), 2 * LIMIT, first)])
    for step, (one, two, three) in enumerate(zip(*runs, strict=True)):
        assert_same(one, two, f"two threads, step {step}")
        assert_same(one, three, f"three threads, step {step}")
