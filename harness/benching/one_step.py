"""The check of an environment that is not exact: single steps, each from a given state.

A free run says nothing about it, for errors grow along it. The parent has the reference take the
steps; every worker takes the same ones from the same states, in all instances of the measured
batch, and tells how far it is off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.benching import trace
from harness.benching.drawing import draw, pick
from harness.benching.job import CheckFailed
from harness.implementations import Batch, make_batch
from harness.registry import Entry
from harness.verifying.compare import Difference, Snapshot, comparator, snapshot_step
from harness.verifying.errors import ErrorComparator
from harness.verifying.measure import Bar, drawn_unit, measure
from references.batch import ReferenceBatch
from references.contract import EnvSpec

OWN = ("start", "actions", "accepted")
"""What a file holds beside the snapshot."""

UNITS = 2
"""Of states, where the entry names a measure."""

Params = dict[str, Any]


@dataclass(frozen=True)
class Steps:
    """K single steps of the reference. Masks and `acting` are those after the step."""

    start: np.ndarray  # (K, state_bytes) u8, representable in single precision
    actions: np.ndarray  # (K, ...)
    after: Snapshot  # (K, ...)
    accepted: np.ndarray  # (K,) f64, the largest error of each that the measure accepts

    def __len__(self) -> int:
        return len(self.start)

    def save(self, path: Path | str) -> None:
        """Write a file that `load` reads."""
        own: dict[str, Any] = {name: getattr(self, name) for name in OWN}
        own |= {f"after_{k}": v for k, v in self.after._asdict().items() if v is not None}
        np.savez(path, **own)

    @classmethod
    def load(cls, path: Path | str) -> Steps:
        """The steps that `save` wrote."""
        with np.load(path) as data:
            after = [data.get(f"after_{name}") for name in Snapshot._fields]
            own = {name: data[name] for name in OWN}
            return cls(after=Snapshot._make(after), **own)

    def take(self, which: np.ndarray) -> Steps:
        """Some of them: indices, or (K,) bool."""
        after = _some(self.after, which)
        return Steps(self.start[which], self.actions[which], after, self.accepted[which])

    def within_an_episode(self) -> Steps:
        """Those that end none: what follows the others hangs on our random numbers."""
        return self.take(~self.after.ended)


def record(entry: Entry, params: Params) -> Steps:
    """What the reference does: from states of the entry's measure, or else from its own rollout."""
    return _measured(entry, params) if entry.measure else _rollout(entry, params)


def _measured(entry: Entry, params: Params) -> Steps:
    """From every class of states, among them what rollouts hardly ever reach."""
    chosen, spec = measure(entry), entry.spec.under(params)
    units = [drawn_unit(spec, chosen, params, trace.SEED, number) for number in range(UNITS)]
    start = np.concatenate([unit.rows for unit in units])
    actions = np.concatenate([unit.actions for unit in units])
    kind = np.concatenate([unit.kind for unit in units])
    after = _stepped(make_batch(entry, "reference", len(start), params), start, actions)
    own = {name: value for name, value in params.items() if name != "max_episode_steps"}
    limit = spec.check_params(params)["max_episode_steps"]
    twin = ReferenceBatch(chosen.rounded(**own), len(start), limit)
    rounding = ErrorComparator(spec, math.inf).errors(after, _stepped(twin, start, actions))
    bars = chosen.bars(params)
    accepted = np.zeros(len(start))
    for number, name in enumerate(chosen.classes):
        mine = kind == number
        accepted[mine] = _accepted(bars[name], rounding[mine])
    return Steps(start, actions, after, accepted)


def _accepted(bar: Bar, rounding: np.ndarray) -> np.ndarray:
    """(N,): the limit, or more where rounding alone brings an exception.

    Args:
        rounding: (N,) errors of the rounded reference.
    """
    allowed = 0.0 if bar.factor is None else bar.factor * rounding
    return np.maximum(bar.limit, np.where(np.isfinite(rounding), allowed, 0.0))


def _rollout(entry: Entry, params: Params) -> Steps:
    """From the states of a rollout, each rounded to single precision before its step.

    So an implementation in single precision starts from the very same numbers.
    """
    reference = make_batch(entry, "reference", trace.LANES, params)
    spec = entry.spec.under(params)
    reference.reset(trace.SEED)
    rows = reference.export_state()
    trace.move_to_scene(entry, rows)
    legal = reference.legal()
    starts, actions, after = [], [], []
    for drawn in draw(spec, params, trace.STEPS, trace.LANES, trace.SEED):
        starts.append(rounded_rows(spec, rows))
        actions.append(pick(drawn, legal))
        after.append(_stepped(reference, starts[-1], actions[-1]))
        rows, legal = after[-1].rows, after[-1].legal
    unknown = np.full(trace.STEPS * trace.LANES, math.inf)
    return Steps(np.concatenate(starts), np.concatenate(actions), _joined(after), unknown)


def rounded_rows(spec: EnvSpec, rows: np.ndarray) -> np.ndarray:
    """(N, state_bytes) u8 with every float of STATE as near as single precision has it."""
    unpacked = spec.unpack(rows).copy()
    for field in spec.state:
        if field.dtype == "f8":
            unpacked[field.name] = unpacked[field.name].astype(np.float32)
    return unpacked.view(np.uint8).reshape(rows.shape)


def check(batch: Batch, entry: Entry, params: Params, steps: Steps) -> str:
    """Take the steps in the whole batch, as often as it takes: how far it is off, in words.

    What counts is what the entry's measure accepts, or else the bound of its comparator. How large
    a share is how close, a sample of this size cannot judge: that is left to the proof.

    Raises:
        CheckFailed: naming what is off most.
    """
    batch.reset(trace.SEED)
    parts = []
    for lanes, count in turns(len(steps), batch.num_envs):
        part = steps.take(lanes)
        got = _stepped(batch, part.start, np.ascontiguousarray(part.actions))
        parts.append(_some(got, slice(count)))
    got = _joined(parts)
    spec = entry.spec.under(params)
    difference = ErrorComparator(spec, math.inf).layout_error(1, steps.after, got)
    if difference is None and entry.measure:
        difference = _worst(spec, steps, got)
    elif difference is None:
        difference = comparator(entry, params).first(1, steps.after, got)
    if difference is not None:
        raise CheckFailed(f"from state {difference.lane}, {difference.describe()}")
    return tell(ErrorComparator(spec, math.inf).errors(steps.after, got))


def _worst(spec: EnvSpec, steps: Steps, got: Snapshot) -> Difference | None:
    """What is off by most beyond what is accepted."""
    errors = ErrorComparator(spec, math.inf).errors(steps.after, got)
    beyond = errors / steps.accepted
    state = int(beyond.argmax())
    if beyond[state] <= 1:
        return None
    alone = [_some(each, slice(state, state + 1)) for each in (steps.after, got)]
    found = ErrorComparator(spec, float(steps.accepted[state])).first(1, *alone)
    assert found is not None
    return replace(found, lane=state)


def turns(steps: int, num_envs: int) -> list[tuple[np.ndarray, int]]:
    """Which step each instance takes, (num_envs,), and how many of these are not repetitions."""
    firsts = range(0, steps, num_envs)
    counts = [min(num_envs, steps - first) for first in firsts]
    return [
        (first + np.resize(np.arange(count), num_envs), count)
        for first, count in zip(firsts, counts, strict=True)
    ]


def tell(errors: np.ndarray) -> str:
    """Of (K,) relative errors: "one-step error p99 3e-06, max 4e-05 over 2,048 states"."""
    over = f"over {len(errors):,} states"
    if not errors.any():
        return f"one step equal {over}"
    p99 = float(np.quantile(errors, 0.99, method="inverted_cdf"))
    return f"one-step error p99 {p99:.0e}, max {float(errors.max()):.0e} {over}"


def _stepped(batch: Batch, start: np.ndarray, actions: np.ndarray) -> Snapshot:
    batch.import_state(start)
    return snapshot_step(batch, batch.step(actions))


def _some(snapshot: Snapshot, which: Any) -> Snapshot:
    """Of its instances these."""
    return Snapshot._make(None if each is None else each[which] for each in snapshot)


def _joined(parts: list[Snapshot]) -> Snapshot:
    """The instances of several snapshots, one after the other."""
    columns = zip(*parts, strict=True)
    return Snapshot._make(None if c[0] is None else np.concatenate(c) for c in columns)
