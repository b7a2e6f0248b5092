"""The check that goes with every speed: a short trace of the reference, replayed and compared.

The parent records what the reference does from states near an episode's end; every worker replays
it with the batch size and threads that are measured, in instances that are spread over the batch:
its first, its last, and so in every thread's share. The checksum in the table is computed from what
the measured implementation returned.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.benching.drawing import draw, pick
from harness.benching.job import CheckFailed
from harness.implementations import Batch, make_batch
from harness.registry import Entry
from references.batch import BatchStep

LANES = 32
STEPS = 64
SEED = 20_240_601

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Trace:
    """Start, draws and outcome of a rollout."""

    start: np.ndarray  # (lanes, state_bytes) u8
    draws: np.ndarray  # (STEPS, lanes, ...), which actions are picked by
    before: Arrays  # (lanes, ...), the masks that there are, before the first step
    outcome: Arrays  # (STEPS, lanes, ...), what steps returned, and STATE after each

    def save(self, path: Path) -> None:
        """Write a file that `load` reads."""
        before: dict[str, Any] = {f"before_{k}": v for k, v in self.before.items()}
        outcome: dict[str, Any] = {f"out_{k}": v for k, v in self.outcome.items()}
        np.savez(path, start=self.start, draws=self.draws, **before, **outcome)

    @classmethod
    def load(cls, path: Path | str) -> Trace:
        """The trace that `save` wrote."""
        with np.load(path) as data:

            def named(prefix: str) -> Arrays:
                found = [name for name in data.files if name.startswith(prefix)]
                return {name.removeprefix(prefix): data[name] for name in found}

            return cls(data["start"], data["draws"], named("before_"), named("out_"))

    @property
    def checksum(self) -> str:
        """CRC-32 of the whole outcome, in hexadecimal."""
        crc = 0
        for name in sorted(self.outcome):
            crc = zlib.crc32(np.ascontiguousarray(self.outcome[name]).tobytes(), crc)
        return f"{crc:08x}"


def places(num_envs: int, lanes: int = LANES) -> np.ndarray:
    """Where in a batch is looked: at most `lanes` instances, evenly from the first to the last."""
    return np.unique(np.linspace(0, num_envs - 1, min(lanes, num_envs)).astype(int))


def move_to_scene(entry: Entry, rows: np.ndarray) -> None:
    """Change packed rows of new episodes, in place: near an end, where the environment can."""
    if entry.bench_states:
        module, name = entry.bench_states.split(":")
        getattr(importlib.import_module(module), name)(entry.spec.unpack(rows))


def record(entry: Entry, params: dict[str, Any], batch: int) -> Trace:
    """What the reference does in as many instances as are looked at in a batch of that size."""
    lanes = len(places(batch))
    reference = make_batch(entry, "reference", lanes, params)
    reference.reset(SEED)
    start = reference.export_state()
    move_to_scene(entry, start)
    return replay(reference, start, draw(entry.spec, params, STEPS, lanes, SEED))


def replay(
    batch: Batch, start: np.ndarray, draws: np.ndarray, expected: Trace | None = None
) -> Trace:
    """The same rollout on any implementation, in instances spread over the batch.

    The others are given the same draws again, from wherever a reset puts them.

    Raises:
        CheckFailed: at the first step that differs from `expected`.
    """
    lanes = len(start)
    where = places(batch.num_envs, lanes)
    batch.reset(SEED)
    batch.import_state(start, where.tolist())
    repeated = np.resize(np.arange(lanes), batch.num_envs)
    repeated[where] = np.arange(lanes)
    legal = batch.legal()
    before = _present({"legal": legal, "acting": batch.acting()}, where)
    if expected is not None:
        _compare(expected.before, before, where, "before the first step")
    outcome: dict[str, list[np.ndarray]] = {}
    for index, drawn in enumerate(draws):
        actions = pick(drawn[repeated], legal)
        step = batch.step(np.ascontiguousarray(actions))
        legal = step.legal
        found = _outputs(step, batch.export_state(), where)
        if expected is not None:
            theirs = {name: values[index] for name, values in expected.outcome.items()}
            _compare(theirs, found, where, f"at step {index}")
        for name, value in found.items():
            outcome.setdefault(name, []).append(value)
    return Trace(start, draws, before, {name: np.stack(rows) for name, rows in outcome.items()})


def check(batch: Batch, expected: Trace) -> str:
    """Replay the reference's trace: the checksum of what `batch` returned.

    Raises:
        CheckFailed: naming the first step, output and instance that differ.
    """
    return replay(batch, expected.start, expected.draws, expected).checksum


def _compare(theirs: Arrays, ours: Arrays, where: np.ndarray, when: str) -> None:
    for name, value in theirs.items():
        if name not in ours:
            raise CheckFailed(f"returned no {name}")
        kinds = [(array.dtype, array.shape) for array in (value, ours[name])]
        if kinds[0] != kinds[1] or value.tobytes() != ours[name].tobytes():
            lane = where[_first_row(value, ours[name])]
            raise CheckFailed(f"{name} differs from the reference {when}, lane {lane}")


def _outputs(step: BatchStep, rows: np.ndarray, where: np.ndarray) -> Arrays:
    outputs = {**step._asdict(), "state": rows}
    found = _present(outputs, where)
    found["final_obs"][~(found["terminated"] | found["truncated"])] = 0  # unspecified there
    return found


def _present(arrays: Mapping[str, np.ndarray | None], where: np.ndarray) -> Arrays:
    """Copies of these rows, of the arrays that there are."""
    return {name: value[where] for name, value in arrays.items() if value is not None}


def _first_row(theirs: np.ndarray, ours: np.ndarray) -> int:
    """The first that differs; 0 where shape or dtype do."""
    pairs = zip(theirs, ours, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a.tobytes() != b.tobytes()), 0)
