"""Policies trained anew: which runs there are, and the bootstrap of their scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness import registry
from transfer import retraining
from transfer.playing import Played
from transfer.retraining import Plan, interval_of_difference, interval_of_mean


def test_the_reference_trains_for_fewer_steps_unless_told() -> None:
    entry = registry.get("pong")
    own = entry.training["steps"]
    plan = Plan(("rust", "reference"), range(2), 0)
    assert plan.args(entry, "rust", 1).steps == own
    assert plan.args(entry, "reference", 1).steps == own // 10
    told = Plan(("rust", "reference"), range(2), 1000)
    assert {told.args(entry, name, 0).steps for name in told.backends} == {1000}
    args = plan.args(entry, "rust", 1)
    assert (args.backend, args.seed, args.params) == ("rust", 1, entry.training["params"])


def test_intervals() -> None:
    low, high = interval_of_mean([1.0, 2.0, 3.0, 4.0, 5.0]) or [0.0, 0.0]
    assert 1.5 < low < 2.5 < 3.5 < high < 4.5
    low, high = interval_of_difference([11.0, 12.0, 13.0], [1.0, 2.0, 3.0]) or [0.0, 0.0]
    assert 8.0 <= low < 10.0 < high <= 12.0
    assert interval_of_mean([1.0]) is None
    assert interval_of_difference([1.0], [1.0, 2.0]) is None


def test_scores_stay_with_their_backend_and_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = registry.get("pong")
    plan = Plan(("rust", "reference"), range(2), 16384)
    trained = {name: [Path(f"{name}{seed}") for seed in plan.seeds] for name in plan.backends}
    asked = retraining.requests("pong", trained, 0, greedy=True)
    assert [str(each.checkpoint) for each in asked] == [
        "rust0",
        "rust1",
        "reference0",
        "reference1",
    ]
    played = [
        {"reference": Played(np.array([mean - 1.0, mean + 1.0]), np.ones(2, np.int64))}
        for mean in (1.0, 2.0, 11.0, 12.0)
    ]
    told = retraining.summary(entry, plan, trained, played)
    assert told["retrained"]["rust"]["means"] == [1.0, 2.0]
    assert told["retrained"]["reference"]["means"] == [11.0, 12.0]
    assert told["retrained"]["rust"]["steps"] == 16384
    (pair,) = told["retrained_differences"]
    assert (pair["a"], pair["b"], pair["mean_difference"]) == ("rust", "reference", -10.0)
    assert pair["ci95"] == [-11.0, -9.0]
    assert told["retrained_origin"]["scored_on"] == "reference"
