"""The check that goes with every speed: a short trace of the reference, replayed and compared.

The parent records what the reference does from states near an episode's end; every worker replays
it with the batch size and threads that are measured. The checksum in the table is computed from
what the measured implementation returned.
"""

from __future__ import annotations

import importlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.benching.job import CheckFailed
from harness.implementations import Batch, make_batch
from harness.registry import Entry
from references.batch import BatchStep
from references.contract import DiscreteAction, EnvSpec

LANES = 32
STEPS = 64
SEED = 20_240_601

OUTPUTS = ("obs", "final_obs", "reward", "terminated", "truncated", "state")


@dataclass(frozen=True)
class Trace:
    """Start, actions and outcome of a rollout; arrays of STEPS x lanes."""

    start: np.ndarray  # (lanes, state_bytes) u8
    actions: np.ndarray  # (STEPS, lanes, ...)
    outcome: dict[str, np.ndarray]  # OUTPUTS, and legal where actions are discrete

    def save(self, path: Path) -> None:
        """Write a file that `load` reads."""
        arrays: dict[str, Any] = {f"out_{k}": v for k, v in self.outcome.items()}
        np.savez(path, start=self.start, actions=self.actions, **arrays)

    @classmethod
    def load(cls, path: Path | str) -> Trace:
        """The trace that `save` wrote."""
        with np.load(path) as data:
            outcome = {k.removeprefix("out_"): data[k] for k in data.files if k.startswith("out_")}
            return cls(data["start"], data["actions"], outcome)

    @property
    def checksum(self) -> str:
        """CRC-32 of the whole outcome, in hexadecimal."""
        crc = 0
        for name in sorted(self.outcome):
            crc = zlib.crc32(np.ascontiguousarray(self.outcome[name]).tobytes(), crc)
        return f"{crc:08x}"


def draw_actions(
    spec: EnvSpec, params: dict[str, Any], steps: int, num_envs: int, seed: int
) -> np.ndarray:
    """Random legal actions, (steps, num_envs, ...) i32 or f32.

    Where legality changes from step to step, a runner must mask; here all actions are drawn.
    """
    rng = np.random.default_rng(seed)
    layout = spec.action(spec.check_params(params))
    players = () if spec.num_players == 1 else (spec.num_players,)
    shape = (steps, num_envs, *players)
    if isinstance(layout, DiscreteAction):
        return rng.integers(0, layout.n, shape, dtype=np.int32)
    drawn = rng.uniform(layout.low, layout.high, (*shape, *layout.shape))
    return drawn.astype(np.float32)


def record(entry: Entry, params: dict[str, Any], batch: int) -> Trace:
    """What the reference does in min(batch, LANES) lanes."""
    lanes = min(batch, LANES)
    reference = make_batch(entry, "reference", lanes, params)
    reference.reset(SEED)
    start = reference.export_state()
    if entry.bench_states:
        module, name = entry.bench_states.split(":")
        getattr(importlib.import_module(module), name)(entry.spec.unpack(start))
    actions = draw_actions(entry.spec, params, STEPS, lanes, SEED)
    return replay(reference, start, actions)


def replay(batch: Batch, start: np.ndarray, actions: np.ndarray) -> Trace:
    """The same rollout on any implementation, of which the first lanes are looked at.

    The other lanes are given the same actions again, from wherever a reset puts them.
    """
    lanes = len(start)
    batch.reset(SEED)
    batch.import_state(start, range(lanes))
    repeated = np.resize(np.arange(lanes), batch.num_envs)
    outcome: dict[str, list[np.ndarray]] = {}
    for action in actions:
        step = batch.step(np.ascontiguousarray(action[repeated]))
        for name, value in _outputs(step, batch.export_state(), lanes).items():
            outcome.setdefault(name, []).append(value)
    return Trace(start, actions, {name: np.stack(values) for name, values in outcome.items()})


def check(batch: Batch, expected: Trace) -> str:
    """Replay the reference's trace: the checksum of what `batch` returned.

    Raises:
        CheckFailed: naming the first step and output that differ.
    """
    got = replay(batch, expected.start, expected.actions)
    for step in range(len(expected.actions)):
        for name, values in expected.outcome.items():
            if name not in got.outcome:
                raise CheckFailed(f"returned no {name}")
            theirs, ours = values[step], got.outcome[name][step]
            if theirs.shape != ours.shape or theirs.tobytes() != ours.tobytes():
                lane = _first_lane(theirs, ours)
                raise CheckFailed(f"{name} differs from the reference at step {step}, lane {lane}")
    return got.checksum


def _outputs(step: BatchStep, rows: np.ndarray, lanes: int) -> dict[str, np.ndarray]:
    ended = np.asarray(step.terminated | step.truncated)[:lanes]
    final_obs = np.array(step.final_obs[:lanes])
    final_obs[~ended] = 0  # unspecified there
    outputs = {
        "obs": step.obs,
        "final_obs": final_obs,
        "reward": step.reward,
        "terminated": step.terminated,
        "truncated": step.truncated,
        "state": rows,
    }
    if step.legal is not None:
        outputs["legal"] = step.legal
    return {name: np.array(value[:lanes]) for name, value in outputs.items()}


def _first_lane(theirs: np.ndarray, ours: np.ndarray) -> int:
    if theirs.shape != ours.shape:
        return 0
    lanes = len(theirs)
    same = [theirs[i].tobytes() == ours[i].tobytes() for i in range(lanes)]
    return same.index(False)
