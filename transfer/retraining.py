"""Trains policies anew on every implementation, and says how far training itself spreads.

Two implementations give different policies from the same seed as soon as they differ in one bit, so
this compares distributions, and claims no equivalence.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from harness.registry import Entry
from ppo import runs
from ppo.ppo import Args
from ppo.train import defaults, train
from transfer.playing import Played, Request

EPISODES = 100
"""That each policy is scored on, on the reference."""
SLOWER = 10
"""The reference trains for that part of the steps, unless steps are given."""
CONFIDENCE = 0.95
STREAM = 2
"""Of the episodes; see Request."""

Record = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What is trained."""

    backends: tuple[str, ...]
    seeds: range
    steps: int
    """On every backend; 0 for the environment's own, and part of them on the reference."""

    def args(self, entry: Entry, backend: str, seed: int) -> Args:
        """One run's configuration."""
        own = dataclasses.replace(defaults(entry.name), backend=backend, seed=seed)
        steps = self.steps or own.steps // (SLOWER if backend == "reference" else 1)
        return dataclasses.replace(own, steps=max(1, steps))


def train_all(entry: Entry, plan: Plan, say: Callable[[str], None]) -> dict[str, list[Path]]:
    """Train every seed on every backend, one after the other; by backend, the files."""
    found: dict[str, list[Path]] = {}
    todo = list(itertools.product(plan.backends, plan.seeds))
    for number, (backend, seed) in enumerate(todo, 1):
        args = plan.args(entry, backend, seed)
        say(f"training {number} of {len(todo)}: {entry.name} on {backend}, seed {seed}")
        train(args, say=say)
        found.setdefault(backend, []).append(runs.folder_of(args) / "policy.ckpt")
    return found


def requests(env: str, trained: dict[str, list[Path]], seed: int, greedy: bool) -> list[Request]:
    """What each policy is to play, in the order of `trained`."""
    return [
        Request(env, path, ("reference",), EPISODES, seed, STREAM, greedy=greedy)
        for paths in trained.values()
        for path in paths
    ]


def summary(
    entry: Entry, plan: Plan, trained: dict[str, list[Path]], played: list[dict[str, Played]]
) -> Record:
    """The parts of the record that tell of policies trained anew."""
    scores = iter(float(each["reference"].returns.mean()) for each in played)
    means = {backend: [next(scores) for _ in paths] for backend, paths in trained.items()}
    return {
        "retrained": {
            backend: {
                "means": values,
                "interval": interval_of_mean(values),
                "seeds": list(plan.seeds),
                "steps": _whole_steps(plan.args(entry, backend, plan.seeds[0])),
            }
            for backend, values in means.items()
        },
        "retrained_differences": [
            {
                "a": a,
                "b": b,
                "mean_difference": float(np.mean(means[a]) - np.mean(means[b])),
                "ci95": interval_of_difference(means[a], means[b]),
            }
            for a, b in itertools.combinations(means, 2)
        ],
        "retrained_origin": {"scored_on": "reference", "episodes": EPISODES, **runs.origin()},
    }


def interval_of_mean(values: list[float]) -> list[float] | None:
    """Bootstrap percentile interval; None for fewer than two values."""
    if len(values) < 2:
        return None
    found = stats.bootstrap(
        (values,), np.mean, confidence_level=CONFIDENCE, method="percentile", rng=0
    )
    return [float(end) for end in found.confidence_interval]


def interval_of_difference(a: list[float], b: list[float]) -> list[float] | None:
    """Bootstrap percentile interval of mean(a) - mean(b); None for fewer than two values each."""
    if min(len(a), len(b)) < 2:
        return None

    def difference(a: np.ndarray, b: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.asarray(np.mean(a, axis=axis) - np.mean(b, axis=axis))

    found = stats.bootstrap(
        (a, b), difference, confidence_level=CONFIDENCE, method="percentile", rng=0
    )
    return [float(end) for end in found.confidence_interval]


def _whole_steps(args: Args) -> int:
    return args.updates * args.batch_size
