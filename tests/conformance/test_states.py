"""Packed rows: export, import, clones, and imports that are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness import registry
from harness.registry import Entry
from harness.verifying.compare import Snapshot
from tests.conformance.conftest import LIMIT, Make, N, cached_batch
from tests.conformance.play import assert_same, held, imported, play, reset, source_of


def test_export_import_continue(entry: Entry, make: Make) -> None:
    """A state goes on the same after the batch has done other things, in later episodes too."""
    params = entry.variants[0].params
    batch = make(max_episode_steps=LIMIT)
    source = source_of(batch, params)
    now = play(batch, source, 5, reset(batch))[-1]
    onward = play(batch, source, 4 * LIMIT, now, first=5)
    play(batch, source, 3, reset(batch, 77))
    start = imported(batch, now.rows)
    assert start.rows.tobytes() == now.rows.tobytes()
    assert_same(start, Snapshot(now.rows, now.legal, now.acting), "after the import")
    again = play(batch, source, 4 * LIMIT, start, first=5)
    for step, (a, b) in enumerate(zip(onward, again, strict=True), 6):
        assert_same(a, b, f"step {step}")


def test_the_reference_takes_and_gives_the_same_rows(entry: Entry, impl: str, make: Make) -> None:
    params = entry.variants[0].params
    batch = make(max_episode_steps=LIMIT)
    reference = cached_batch(entry, "reference", max_episode_steps=LIMIT)
    source = source_of(batch, params)
    now = play(batch, source, LIMIT + 2, reset(batch))[-1]
    there = imported(reference, now.rows)
    assert there.rows.tobytes() == now.rows.tobytes()
    after = play(reference, source, 2 * LIMIT, there, first=LIMIT + 2)[-1]
    back = imported(batch, after.rows)
    assert back.rows.tobytes() == held(entry, impl, batch, after.rows).tobytes()


def test_partial_import(entry: Entry, make: Make) -> None:
    params = entry.variants[0].params
    batch = make(max_episode_steps=LIMIT)
    other = play(batch, source_of(batch, params), 4, reset(batch, 5))[-1]
    before = play(batch, source_of(batch, params), 6, reset(batch, 6))[-1]
    batch.import_state(other.rows[[2, 0]], [3, 1])
    rows = np.array(batch.export_state())
    expected = before.rows.copy()
    expected[[3, 1]] = other.rows[[2, 0]]
    np.testing.assert_array_equal(rows, expected)


def test_a_clone_is_independent(entry: Entry, impl: str, make: Make) -> None:
    batch = make(max_episode_steps=LIMIT)
    clone: Any = getattr(batch, "clone", None)
    if clone is None:
        pytest.skip(f"{impl} is cloned by exporting and importing")
    params = entry.variants[0].params
    source = source_of(batch, params)
    now = play(batch, source, 3, reset(batch))[-1]
    other = clone()
    onward = play(other, source, 2 * LIMIT, now, first=3)
    assert np.array(batch.export_state()).tobytes() == now.rows.tobytes()
    for step, (a, b) in enumerate(
        zip(onward, play(batch, source, 2 * LIMIT, now, first=3), strict=True), 4
    ):
        assert_same(a, b, f"step {step}")


def damaged(rows: np.ndarray) -> dict[str, tuple[np.ndarray, list[int] | None]]:
    """Imports that must be refused: rows and indices."""
    wrong_layout, short = rows.copy(), rows[:, :-1]
    wrong_layout[-1, 0] ^= 0xFF
    no_time_left = rows.copy()
    no_time_left[1, 20:24] = 0xFF
    return {
        "cut-off rows": (np.ascontiguousarray(short), None),
        "the last row is of another layout": (wrong_layout, None),
        "a time that cannot go on": (no_time_left, None),
        "too few rows": (rows[:-1], None),
        "too many rows": (np.concatenate([rows, rows]), None),
        "not one row an index": (rows[:3], [0, 1]),
        "an index too high": (rows[:2], [0, N]),
        "a negative index": (rows[:2], [0, -1]),
        "an index given twice": (rows[:2], [1, 1]),
        "not bytes": (rows.astype(np.int32), None),
        "no batch axis": (rows[0], None),
    }


@pytest.mark.parametrize("case", list(damaged(np.zeros((N, 32), np.uint8))))
def test_refused_imports_change_nothing(entry: Entry, make: Make, case: str) -> None:
    params = entry.variants[0].params
    batch = make(max_episode_steps=LIMIT)
    rows = play(batch, source_of(batch, params), 4, reset(batch, 5))[-1].rows
    before = play(batch, source_of(batch, params), 3, reset(batch))[-1]
    given, indices = damaged(rows)[case]
    with pytest.raises(ValueError) as error:
        batch.import_state(given, indices)
    assert str(error.value) and "\n" not in str(error.value)
    assert np.array(batch.export_state()).tobytes() == before.rows.tobytes()


def test_rows_of_another_environment_are_refused(entry: Entry, make: Make) -> None:
    batch = make(max_episode_steps=LIMIT)
    before = reset(batch).rows
    others = [registry.get(name) for name in registry.names() if name != entry.name]
    assert others, "tests register a second environment"
    for other in others:
        stranger = cached_batch(other, "reference")
        stranger.reset(0)
        foreign = stranger.export_state()
        padded = np.zeros((N, entry.spec.state_bytes), np.uint8)
        shared = min(foreign.shape[1], padded.shape[1])
        padded[:, :shared] = foreign[:, :shared]
        for given in (foreign, padded):
            with pytest.raises(ValueError):
                batch.import_state(given)
        assert np.array(batch.export_state()).tobytes() == before.tobytes()
