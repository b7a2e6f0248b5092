"""How long a free run stays with the reference, beside the reference's own sensitivity.

Where trajectories are chaotic no backend follows the reference for an episode. Its free run must
last as long as that of the reference itself, started a given distance apart: in the median, over
the same episodes and actions. A run has left the reference once the error of any number of STATE
(see errors.py) exceeds the measure's `off`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from harness import implementations
from harness.registry import Entry
from harness.verifying.compare import Difference, Snapshot, attempt, snapshot_step
from harness.verifying.errors import ErrorComparator
from harness.verifying.measure import measure
from references.contract import BoxAction

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Horizons:
    """Steps until each free run left the reference, by who ran."""

    backends: dict[str, np.ndarray]  # (episodes,) i64 each
    nearby: dict[float, np.ndarray]  # by the distance that the reference started apart
    steps: int
    """Of the longest run."""
    raised: dict[str, str]
    """What a backend raised that the reference did not."""
    seconds: float


def run(
    entry: Entry,
    params: dict[str, Any],
    seed: int,
    backends: Sequence[str],
    progress: Progress = lambda done: None,
) -> Horizons:
    """Run the reference, itself from nearby, and the backends freely under the same actions."""
    started = time.perf_counter()
    chosen = measure(entry)
    # No limit: an autoreset would bring runs together again.
    params = {**params, "max_episode_steps": 0}
    spec = entry.spec.under(params)
    rows = chosen.start(spec, chosen.episodes, seed)

    def begun(impl: str, rows: np.ndarray) -> implementations.Batch:
        batch = implementations.make_batch(entry, impl, chosen.episodes, params)
        batch.import_state(rows)
        return batch

    reference = begun("reference", rows)
    runs: dict[str | float, implementations.Batch] = {name: begun(name, rows) for name in backends}
    for distance in chosen.nearby:
        runs[distance] = begun("reference", chosen.nudge(spec, rows, distance, seed))
    lengths = {name: np.full(chosen.episodes, -1) for name in runs}
    raised: dict[str, str] = {}
    comparator = ErrorComparator(spec, chosen.off)
    rng = np.random.default_rng([seed, 0])
    step = 0
    while runs and step < chosen.longest:
        actions = _actions(entry, params, rng, chosen.episodes)
        expected = snapshot_step(reference, reference.step(actions))
        step += 1
        for name, batch in list(runs.items()):
            got = attempt(step, partial(_step, batch, actions))
            running = lengths[name] < 0
            if isinstance(got, Difference):
                raised[str(name)] = str(got.got)
                lengths[name][running] = step - 1
            else:
                left = comparator.state_errors(expected.rows, got.rows) > chosen.off
                lengths[name][running & left] = step - 1
            if (lengths[name] >= 0).all():
                runs.pop(name).close()
        progress(min(int((found >= 0).sum()) for found in lengths.values()))
    for found in lengths.values():
        found[found < 0] = step
    return Horizons(
        backends={name: lengths[name] for name in backends},
        nearby={distance: lengths[distance] for distance in chosen.nearby},
        steps=step,
        raised=raised,
        seconds=time.perf_counter() - started,
    )


def _step(batch: implementations.Batch, actions: np.ndarray) -> Snapshot:
    return snapshot_step(batch, batch.step(actions))


def _actions(
    entry: Entry, params: dict[str, Any], rng: np.random.Generator, count: int
) -> np.ndarray:
    """Uniform, a new one every step."""
    layout = entry.spec.action(entry.spec.check_params(params))
    assert isinstance(layout, BoxAction), "free runs are of continuous actions"
    return rng.uniform(layout.low, layout.high, (count, *layout.shape)).astype(np.float32)


def described(lengths: np.ndarray) -> dict[str, Any]:
    """Quartiles, and every length."""
    low, middle, high = (float(np.quantile(lengths, share)) for share in (0.25, 0.5, 0.75))
    return {"q25": low, "median": middle, "q75": high, "lengths": [int(each) for each in lengths]}


def judged(found: Horizons, backend: str, distance: float) -> str:
    """Why a backend's free runs are too short; "" if they are not."""
    if backend in found.raised:
        return f"a free run raised {found.raised[backend]}"
    own = float(np.median(found.backends[backend]))
    other = float(np.median(found.nearby[distance]))
    if own >= other:
        return ""
    return (
        f"free runs last {own:g} steps in the median; the reference's own last {other:g} "
        f"when started {distance:g} apart"
    )
