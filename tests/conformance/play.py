"""Random legal play, and what came of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.implementations import Batch
from harness.registry import Entry
from harness.verifying.actions import ActionSource
from harness.verifying.compare import Snapshot, comparator, snapshot_reset, snapshot_step

SEED = 11


def source_of(batch: Batch, params: dict[str, Any], env_index: Any = None) -> ActionSource:
    """The verifier's actions for lanes that are these environments (0, 1, ... unless told)."""
    spec = batch.spec
    index = np.arange(batch.num_envs) if env_index is None else np.asarray(env_index)
    return ActionSource(spec.action(spec.check_params(params)), spec.num_players, SEED, index)


def copied(snapshot: Snapshot) -> Snapshot:
    """Arrays of its own: a batch may reuse its buffers."""
    arrays: list[Any] = [None if array is None else np.array(array) for array in snapshot]
    return Snapshot(*arrays)


def play(
    batch: Batch, source: ActionSource, steps: int, now: Snapshot, first: int = 0
) -> list[Snapshot]:
    """Snapshots after each of `steps` steps; `now` is the one before, `first` its number."""
    found = []
    for step in range(first, first + steps):
        now = copied(snapshot_step(batch, batch.step(source(step, now.legal, now.acting))))
        found.append(now)
    return found


def reset(batch: Batch, seed: int = 0) -> Snapshot:
    """The snapshot after a reset."""
    return copied(snapshot_reset(batch, batch.reset(seed)))


def imported(batch: Batch, rows: np.ndarray) -> Snapshot:
    """The snapshot after an import of all rows."""
    batch.import_state(rows)
    return copied(snapshot_reset(batch, None))


def lanes(snapshot: Snapshot, which: Any) -> Snapshot:
    """Some of the lanes, final_obs blanked where no episode ended (it is unspecified there)."""
    final_obs = snapshot.final_obs
    if final_obs is not None:
        ended = snapshot.ended.reshape(-1, *[1] * (final_obs.ndim - 1))
        final_obs = np.where(ended, final_obs, np.zeros_like(final_obs))
    whole = snapshot._replace(final_obs=final_obs)
    arrays: list[Any] = [None if array is None else array[which] for array in whole]
    return Snapshot(*arrays)


def held(entry: Entry, impl: str, batch: Batch, rows: np.ndarray) -> np.ndarray:
    """Packed rows as the implementation gives them back after an import."""
    double = impl == "reference" or batch.spec.obs.dtype == "f8"
    return rows if entry.spec.exact or double else entry.spec.in_single(rows)


def is_equal(entry: Entry, impl: str) -> bool:
    """Whether two runs that must agree do so bit for bit. Only of an inexact environment, and only
    where XLA compiles the rules anew for another size or treats a lane by its place, not."""
    return entry.spec.exact or impl != "jax"


def steps_of(entry: Entry, impl: str, steps: int) -> int:
    """How many steps two runs stay the same: all, or one where errors are bounded by the step."""
    return steps if is_equal(entry, impl) else 1


def assert_alike(entry: Entry, a: Snapshot, b: Snapshot, what: str) -> None:
    """The same by the environment's own measure."""
    difference = comparator(entry).first(0, lanes(a, slice(None)), lanes(b, slice(None)))
    assert difference is None, f"{what}: {difference.describe()}"


def assert_agree(entry: Entry, impl: str, a: Snapshot, b: Snapshot, what: str) -> None:
    """The same bit for bit, or by the environment's own measure; see `is_equal`."""
    if is_equal(entry, impl):
        assert_same(a, b, what)
    else:
        assert_alike(entry, a, b, what)


def assert_same(a: Snapshot, b: Snapshot, what: str = "") -> None:
    """Bit for bit, also in an inexact environment: the same program on the same numbers."""
    a, b = lanes(a, slice(None)), lanes(b, slice(None))
    for name, left, right in zip(Snapshot._fields, a, b, strict=True):
        if left is None or right is None:
            assert left is None and right is None, f"{what}: {name} is missing on one side"
            continue
        assert left.dtype == right.dtype, f"{what}: {name} is {left.dtype} and {right.dtype}"
        same = left.shape == right.shape and left.tobytes() == right.tobytes()
        assert same, f"{what}: {name} differs\n{left}\n{right}"


def field(batch: Batch, rows: np.ndarray, name: str) -> np.ndarray:
    """A field of packed rows."""
    return np.array(batch.spec.unpack(np.array(rows))[name])
