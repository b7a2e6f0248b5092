"""What "the same" means after one step, and the first place where it does not hold."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from harness.errors import UserError
from harness.implementations import Batch
from harness.registry import Entry
from references.batch import BatchStep
from references.contract import HEADER, EnvSpec


class Snapshot(NamedTuple):
    """All that can be seen of a batch after a reset, an import or a step.

    What the occasion does not give is None; `ended` says whose final_obs counts.
    """

    rows: np.ndarray  # (N, state_bytes) u8
    legal: np.ndarray | None
    acting: np.ndarray | None
    obs: np.ndarray | None = None
    reward: np.ndarray | None = None
    terminated: np.ndarray | None = None
    truncated: np.ndarray | None = None
    final_obs: np.ndarray | None = None

    @property
    def ended(self) -> np.ndarray:
        """(N,) bool: whose episode ended in this step."""
        if self.terminated is None or self.truncated is None:
            return np.zeros(len(self.rows), np.bool_)
        return np.asarray(self.terminated | self.truncated)


def snapshot_reset(batch: Batch, obs: np.ndarray | None) -> Snapshot:
    """After a reset, or after an import (which gives no observations)."""
    return Snapshot(batch.export_state(), batch.legal(), batch.acting(), obs=obs)


def snapshot_step(batch: Batch, step: BatchStep) -> Snapshot:
    """After a step."""
    return Snapshot(
        batch.export_state(),
        step.legal,
        step.acting,
        step.obs,
        step.reward,
        step.terminated,
        step.truncated,
        step.final_obs,
    )


@dataclass(frozen=True)
class Difference:
    """One value that differs: where, and both values. `step` 0 is before the first action."""

    step: int
    lane: int
    field: str
    expected: Any
    got: Any
    others: tuple[str, ...] = ()
    """Further fields that differ in the same lane after the same step."""
    lanes: int = 1
    """Lanes that differ after this step."""
    error: float | None = None
    """How far it is off, where errors are measured; None also where no number says it."""
    bound: float | None = None
    """The largest error that would have been accepted."""

    def describe(self) -> str:
        """One line."""
        off = "" if self.error is None else f", off by {self.error:.2g}"
        off += "" if self.bound is None else f" where {self.bound:.2g} is accepted"
        also = f" (also {', '.join(self.others)})" if self.others else ""
        return f"step {self.step}: {self.field} is {self.got}, expected {self.expected}{off}{also}"


class Comparator(Protocol):
    """Finds the first difference between two snapshots of the same step."""

    def first(self, step: int, expected: Snapshot, got: Snapshot) -> Difference | None:
        """The first field of the first lane that differs, or None."""


def comparator(entry: Entry, params: Mapping[str, Any] | None = None) -> Comparator:
    """The comparator that an environment is held to: its entry's, or bit for bit.

    Args:
        params: under which it steps; by default those of the spec.

    Raises:
        UserError: if the entry names none though the spec is not exact, or one though it is.
    """
    if entry.spec.exact != (not entry.comparator):
        has = f"comparator {entry.comparator!r}" if entry.comparator else "no comparator"
        raise UserError(
            f"{entry.name} has exact={entry.spec.exact} in its spec and {has} in the registry; "
            "accepted: a comparator in the registry where the spec is not exact, and only there"
        )
    spec = entry.spec.under(params or {})
    if not entry.comparator:
        return ExactComparator(spec)
    found: Comparator = named(entry, entry.comparator)(spec)
    return found


def named(entry: Entry, where: str) -> Any:
    """What the registry names as "module:NAME".

    Raises:
        UserError: where it cannot be imported, as without the engine that the reference runs.
    """
    module, name = where.split(":")
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise UserError(f"{entry.name} cannot be verified here: {error}") from None


RAISED = "raised"
"""The field of a difference that is an error of the backend's instead of a value."""


def attempt(step: int, act: Callable[[], Snapshot]) -> Snapshot | Difference:
    """What the backend shows, or the difference that it raises where the reference does not."""
    try:
        return act()
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # PyO3's PanicException is no Exception
        lines = str(error).strip().splitlines() or [""]
        return Difference(step, 0, RAISED, "no error", f"{type(error).__name__}: {lines[0]}")


class ExactComparator:
    """Bit for bit: -0.0 and 0.0 differ, and so do two kinds of NaN."""

    def __init__(self, spec: EnvSpec) -> None:
        self.spec = spec

    def first(self, step: int, expected: Snapshot, got: Snapshot) -> Difference | None:
        """Flags and rewards come first: where they differ, the state after autoreset does too."""
        layout_error = self.layout_error(step, expected, got)
        if layout_error is not None:
            return layout_error
        differing = np.zeros(len(expected.rows), np.bool_)
        for name in Snapshot._fields:
            differing |= self._lanes(expected, got, name)
        if not differing.any():
            return None
        lane = int(differing.argmax())
        found = list(self._fields(expected, got, lane))
        field, want, have = found[0]
        others = tuple(name for name, _, _ in found[1:])
        return Difference(step, lane, field, want, have, others, int(differing.sum()))

    def differing(self, name: str, want: np.ndarray, have: np.ndarray) -> np.ndarray:
        """Where two arrays of one dtype and shape differ: bool, of that shape.

        Args:
            name: "obs", "reward", ..., or "state.NAME" for a field of the state.
        """
        return np.asarray(_bits(want) != _bits(have))

    def _lanes(self, expected: Snapshot, got: Snapshot, name: str) -> np.ndarray:
        """(N,) bool: where this array differs; final_obs only where an episode ended."""
        want, have = getattr(expected, name), getattr(got, name)
        count = len(expected.rows)
        if want is None:
            return np.zeros(count, np.bool_)
        if name == "rows":
            return self._rows(want, have)
        lanes = np.asarray(self.differing(name, want, have).reshape(count, -1).any(-1))
        return lanes & expected.ended if name == "final_obs" else lanes

    def _rows(self, want: np.ndarray, have: np.ndarray) -> np.ndarray:
        return np.asarray((want != have).any(-1))

    def layout_error(self, step: int, expected: Snapshot, got: Snapshot) -> Difference | None:
        """Arrays that are missing, or of another dtype or shape, differ as a whole."""
        for name in Snapshot._fields:
            want, have = getattr(expected, name), getattr(got, name)
            if _layout(want) != _layout(have):
                return Difference(step, 0, f"{name} (layout)", _written(want), _written(have))
        return None

    def _fields(self, expected: Snapshot, got: Snapshot, lane: int) -> Any:
        """(field, expected, got) of each array and state field that differs in this lane."""
        for name, want, have in self._arrays(expected, got, lane):
            yield from self._array_difference(name, want, have)

    def _arrays(self, expected: Snapshot, got: Snapshot, lane: int) -> Any:
        """(name, expected, got) of each array and state field of this lane, the telling first."""
        for name in ("terminated", "truncated", "reward"):
            yield from _elements(name, expected, got, lane)
        want = expected.rows[lane].copy().view(self.spec.row_dtype)[0]
        have = got.rows[lane].copy().view(self.spec.row_dtype)[0]
        header = {field.name for field in HEADER}
        # Fields of the state before the header's: episode and t follow from them.
        for name in sorted(want.dtype.names, key=lambda name: name in header):
            yield f"state.{name}", want[name], have[name]
        names = ["obs", "legal", "acting"]
        if expected.ended[lane]:
            names.insert(1, "final_obs")
        for name in names:
            yield from _elements(name, expected, got, lane)

    def _array_difference(self, name: str, want: Any, have: Any) -> Any:
        """The first element that differs, as (name[index], expected, got)."""
        want, have = np.asarray(want), np.asarray(have)
        differing = self.differing(name, want, have).reshape(want.shape)
        if not differing.any():
            return
        where = tuple(int(i) for i in np.argwhere(differing)[0])
        yield label(name, where), value_and_hex(want[where]), value_and_hex(have[where])


@dataclass(frozen=True)
class Bound:
    """The error that a float may have: absolute + relative * |expected|."""

    absolute: float
    relative: float = 0.0


class BoundedComparator(ExactComparator):
    """Floats within a bound each; all else, and floats without a bound, bit for bit.

    Args:
        bounds: by "obs", "reward", "state.NAME"; those of "obs" hold for final_obs too.
    """

    def __init__(self, spec: EnvSpec, bounds: Mapping[str, Bound]) -> None:
        super().__init__(spec)
        self.bounds = dict(bounds)

    def differing(self, name: str, want: np.ndarray, have: np.ndarray) -> np.ndarray:
        """See `ExactComparator`. What is no finite number must be equal bit for bit."""
        bound = self.bounds.get("obs" if name == "final_obs" else name)
        other = super().differing(name, want, have).reshape(want.shape)
        if bound is None or want.dtype.kind != "f":
            return other
        with np.errstate(invalid="ignore"):
            error = np.abs(have.astype(np.float64) - want.astype(np.float64))
            within = error <= bound.absolute + bound.relative * np.abs(want.astype(np.float64))
        return np.asarray(other & ~(within & np.isfinite(want) & np.isfinite(have)))

    def _rows(self, want: np.ndarray, have: np.ndarray) -> np.ndarray:
        old, new = (rows.copy().view(self.spec.row_dtype)[:, 0] for rows in (want, have))
        lanes = np.zeros(len(old), np.bool_)
        for name in self.spec.row_dtype.names or ():
            found = self.differing(f"state.{name}", old[name], new[name])
            lanes |= found.reshape(len(old), -1).any(-1)
        return lanes


def _elements(name: str, expected: Snapshot, got: Snapshot, lane: int) -> Any:
    want, have = getattr(expected, name), getattr(got, name)
    if want is not None:
        yield name, want[lane], have[lane]


def label(name: str, where: tuple[int, ...]) -> str:
    """An element of an array: "state.qvel[3]"."""
    return f"{name}[{','.join(map(str, where))}]" if where else name


def _layout(array: np.ndarray | None) -> tuple[Any, ...] | None:
    return None if array is None else (array.dtype, array.shape)


def _written(array: np.ndarray | None) -> str:
    return "none" if array is None else f"{array.dtype} {array.shape}"


def _bits(array: np.ndarray) -> np.ndarray:
    """The same array as unsigned integers of its item size."""
    return np.ascontiguousarray(array).view(f"u{array.dtype.itemsize}")


def value_and_hex(value: np.generic) -> str:
    """A scalar in decimal and as the bits that it is stored in: "0.5 (0x3f000000)"."""
    size = value.dtype.itemsize
    bits = int(np.asarray(value).reshape(1).view(f"u{size}")[0])
    return f"{value.item()!r} (0x{bits:0{2 * size}x})"
