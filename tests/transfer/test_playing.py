"""Episodes do not depend on who plays them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from harness import registry
from harness.errors import UserError
from ppo.checkpoints import load_policy, save_policy
from tests.transfer.target import checkpoint
from transfer.playing import Part, Request, parts_of, players

SHORT = {"frame_skip": 8, "max_episode_steps": 12}


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("policies"), "pong", params=SHORT)


def test_several_processes_play_what_one_plays(policy: Path) -> None:
    request = Request("pong", policy, ("reference", "rust"), 5, seed=3, at_once=2)
    requests = [request, dataclasses.replace(request, stream=1)]
    seen: list[Part] = []
    found = []
    for processes in (1, 2):
        with players(6, processes) as play:
            found.append(play(requests, seen.append))
    assert len(seen) == 2 * 6
    for alone, shared in zip(*found, strict=True):
        for impl in request.impls:
            assert len(alone[impl].returns) == 5
            np.testing.assert_array_equal(alone[impl].returns, shared[impl].returns)
            np.testing.assert_array_equal(alone[impl].lengths, shared[impl].lengths)
        np.testing.assert_array_equal(alone["rust"].returns, alone["reference"].returns)
    here, other = found[0]
    assert not np.array_equal(here["rust"].returns, other["rust"].returns)


def test_the_same_twice_is_the_same(policy: Path) -> None:
    """Why an implementation has no noise floor against itself under common random numbers."""
    request = Request("pong", policy, ("rust", "jax"), 3, seed=0)
    with players(1) as play:
        once, again = play([request, request], lambda part: None)
    for impl in request.impls:
        np.testing.assert_array_equal(once[impl].returns, again[impl].returns)


def test_parts_have_seeds_of_their_own(policy: Path) -> None:
    requests = [
        Request("pong", policy, ("rust",), 250, seed, stream)
        for seed in (0, 1)
        for stream in (0, 1)
    ]
    parts = [part for request in requests for part in parts_of(request)]
    assert len(parts) == 4 * 3
    seeds = {part.seed for part in parts}
    assert len(seeds) == len(parts)
    assert all(0 <= seed < 2**31 for seed in seeds)
    # A longer request begins with the same episodes.
    longer = dataclasses.replace(requests[0], episodes=1000)
    assert [part.seed for part in parts_of(longer)][:3] == [p.seed for p in parts_of(requests[0])]


def test_a_policy_that_is_no_number_is_one_line(tmp_path: Path) -> None:
    entry = registry.get("pong")
    path = checkpoint(tmp_path, entry.name, params={**SHORT, "continuous": True})
    saved = load_policy(path)
    weights = {
        "params": {**saved.learned.weights["params"], "log_std": np.full(1, np.nan, np.float32)}
    }
    save_policy(path, saved.args, saved.learned._replace(weights=weights), saved.facts)
    request = Request("pong", path, ("jax",), 2, seed=0)
    with (
        pytest.raises(UserError, match=r"cannot be played on jax: action .* is nan"),
        players(1) as play,
    ):
        play([request], lambda part: None)
