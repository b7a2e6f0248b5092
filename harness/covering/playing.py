"""Plays what `verify` plays and writes the actions down, so that they can be taken again.

A log file is little-endian: "SSACTION"; u4 lanes, time limit (0: none), players, steps and the
length of a text; the u8 seed; the text, one parameter a line as "int format 1"; u1 actions of
(steps, lanes, players); and the rows (lanes, state_bytes) that all of it ends in.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness import implementations
from harness.errors import UserError
from harness.registry import Entry, Variant
from harness.verifying import rollout
from harness.verifying.rollout import Plan
from references.batch import BatchStep

MAGIC = b"SSACTION"
HEAD = struct.Struct("<8sIIIIIQ")


class Recorder:
    """A batch of the Rust backend that keeps the actions; see `harness.implementations.Batch`."""

    def __init__(self, batch: implementations.Batch) -> None:
        self.batch = batch
        self.spec = batch.spec
        self.num_envs = batch.num_envs
        self.actions: list[np.ndarray] = []

    def reset(self, seed: int, indices: Sequence[int] | None = None) -> np.ndarray:
        """Start."""
        return self.batch.reset(seed, indices)

    def step(self, actions: np.ndarray) -> BatchStep:
        """Step, and keep the actions (N,) or (N, P)."""
        self.actions.append(np.asarray(actions, np.uint8).reshape(self.num_envs, -1))
        return self.batch.step(actions)

    def legal(self) -> np.ndarray | None:
        """Masks."""
        return self.batch.legal()

    def acting(self) -> np.ndarray | None:
        """Who must choose."""
        return self.batch.acting()

    def export_state(self) -> np.ndarray:
        """Rows."""
        return self.batch.export_state()

    def import_state(self, rows: np.ndarray, indices: Sequence[int] | None = None) -> None:
        """Refused: a log of actions tells a batch's states from its reset alone.

        Raises:
            ValueError: always.
        """
        raise ValueError("a batch that records its actions begins with a reset")

    def close(self) -> None:
        """Release the batch."""
        self.batch.close()


@dataclass(frozen=True)
class Played:
    """The episodes of one variant, and where their actions are."""

    variant: str
    episodes: int
    steps: int
    log: Path


def play(entry: Entry, episodes: int, seed: int, folder: Path) -> Iterator[Played]:
    """Every variant's share of `episodes`, as `verify --level 3` plays them unsharded.

    Raises:
        UserError: if Rust is not installed, or differs from itself.
    """
    for variant in entry.variants:
        plan = Plan(math.ceil(episodes * variant.share), seed, against="rust")
        lanes = len(plan.env_index)
        recorder = Recorder(implementations.make_batch(entry, "rust", lanes, variant.params))
        (outcome,), _ = rollout.run(entry, variant.params, plan, {"rust": recorder})
        if not outcome.complete:
            raise KeyboardInterrupt
        if outcome.difference is not None:
            raise UserError(f"{variant.name}: Rust differs from itself: {outcome.difference}")
        log = folder / f"{variant.name}.actions"
        log.write_bytes(packed(variant, plan, recorder))
        recorder.close()
        yield Played(variant.name, outcome.episodes, outcome.steps, log)


def packed(variant: Variant, plan: Plan, recorder: Recorder) -> bytes:
    """The log file's content."""
    params = dict(variant.params)
    limit = params.pop("max_episode_steps", 0)
    text = "".join(parameter(name, value) for name, value in params.items()).encode()
    actions = np.stack(recorder.actions)
    steps, lanes, players = actions.shape
    head = HEAD.pack(MAGIC, lanes, limit, players, steps, len(text), plan.seed)
    return head + text + actions.tobytes() + recorder.export_state().tobytes()


def parameter(name: str, value: Any) -> str:
    """A line that tells a parameter's kind, too."""
    return f"{type(value).__name__} {name} {value}\n"
