"""CHUNK steps of the measured batch, recorded before the clock starts.

Two uses. A measurement that compiles many steps into one program has that very program played
against the tape. And where masks vary the tape is what is measured, from its start again and again,
so that every action is legal and no time goes into choosing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.benching import trace
from harness.benching.drawing import draw, pick
from harness.benching.job import CHUNK, CheckFailed
from harness.implementations import Batch
from harness.registry import Entry
from references.contract import HEADER, EnvSpec

SPREAD = 256
"""Steps before a tape of varying masks begins, so that its instances are at different points."""

SUM_ERROR = 1e-4
"""Of the sum of magnitudes: what adding in another order, in f32, may change."""

INEXACT_STEPS = 4
"""Steps whose sums are compared where rounding differs: before it grows to SUM_ERROR."""


@dataclass(frozen=True)
class Tape:
    """CHUNK steps of all N instances. Observations and rewards are kept as their sums."""

    start: np.ndarray  # (N, state_bytes) u8
    actions: np.ndarray  # (CHUNK, N, ...)
    end: np.ndarray  # (N, state_bytes) u8
    sums: np.ndarray  # (CHUNK, 2) f64, of observations and of rewards
    magnitudes: np.ndarray  # (CHUNK, 2) f64, of their absolute values
    decisions: np.ndarray  # (CHUNK,) i64, of all instances in each step


def decisions(acting: np.ndarray | None, num_envs: int) -> int:
    """How many a step of N instances takes: one of every player that has to choose.

    Args:
        acting: (N, P) bool before the step; None where there is one player.
        num_envs: N.
    """
    return num_envs if acting is None else int(acting.sum())


def record(batch: Batch, entry: Entry, params: dict[str, Any], seed: int, varies: bool) -> Tape:
    """Play `batch` and note what it does.

    Args:
        batch: the implementation, at the size that is measured.
        entry: its environment.
        params: and parameters.
        seed: of the instances and of the actions.
        varies: whether masks of legal actions vary. It begins near an episode's end where they do
            not, and with instances spread over an episode where they do.
    """
    spread = SPREAD if varies else 0
    draws = draw(entry.spec, params, spread + CHUNK, batch.num_envs, seed)
    batch.reset(seed)
    if not varies:
        scene = np.array(batch.export_state())
        trace.move_to_scene(entry, scene)
        batch.import_state(scene)
    legal = batch.legal()
    for words in draws[:spread]:
        legal = batch.step(pick(words, legal)).legal
    start = np.array(batch.export_state())
    actions, sums, magnitudes, counts = [], [], [], []
    for words in draws[spread:]:
        actions.append(pick(words, legal))
        counts.append(decisions(batch.acting(), batch.num_envs))
        step = batch.step(actions[-1])
        legal = step.legal
        returned = [array.astype(np.float64) for array in (step.obs, step.reward)]
        sums.append([array.sum() for array in returned])
        magnitudes.append([np.abs(array).sum() for array in returned])
    end = np.array(batch.export_state())
    added = [np.array(each) for each in (sums, magnitudes, counts)]
    return Tape(start, np.stack(actions), end, *added)


def compare(tape: Tape, end: np.ndarray, obs_sums: Any, reward_sums: Any, spec: EnvSpec) -> None:
    """Hold another program's outcome of the same steps against the tape's.

    Where the environment is exact, all sums must agree, and the states be equal in the end. Where
    it is not, two programs round differently and part; so the sums of the first steps must agree,
    and in the end what no rounding changes: the position of every instance in its episodes.

    Args:
        tape: what was recorded.
        end: (N, state_bytes) u8 after the last step.
        obs_sums: (CHUNK,) over all observations of a step.
        reward_sums: (CHUNK,) over all rewards of a step.
        spec: the environment's.

    Raises:
        CheckFailed: naming what differs.
    """
    steps = CHUNK if spec.exact else INEXACT_STEPS
    for index, (name, got) in enumerate((("obs", obs_sums), ("reward", reward_sums))):
        sums = np.asarray(got, np.float64)
        far = ~np.isfinite(sums)
        apart = np.abs(sums - tape.sums[:, index])
        far[:steps] |= ~(apart <= SUM_ERROR * tape.magnitudes[:, index])[:steps]
        if far.any():
            step = int(far.argmax())
            raise CheckFailed(f"the measured program's sum of {name} differs at step {step}")
    if end.shape != tape.end.shape:
        raise CheckFailed(f"the measured program leaves {end.shape} state rows")
    header = sum(spec.row_dtype[field.name].itemsize for field in HEADER)
    compared = slice(None) if spec.exact else slice(header)
    differs = (end != tape.end)[:, compared].any(axis=1)
    if differs.any():
        lane = int(differs.argmax())
        raise CheckFailed(f"the measured program leaves another state in lane {lane}")
