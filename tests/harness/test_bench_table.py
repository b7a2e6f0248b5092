"""The table: ratios are to baselines of the same batch and threads, however many there are."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from harness.baselines import BASELINES, Baseline
from harness.benching import table
from harness.benching.job import Job, Ready
from harness.benching.measure import Outcome
from harness.benching.plan import Row
from harness.benching.table import Section


def outcome(impl: str, threads: int, rate: float, note: str = "", batch: int = 64) -> Outcome:
    """A row that was measured three times at one rate; not at all where it is 0."""
    job = Job("pong", impl, "", batch, threads)
    ready = Ready(batch, "ok: one step equal over 9 states", "release", 0.0, 5, note)
    made = Outcome(Row(impl, threads, (job,)), ready, [], batch, [rate] * 3, [1.0] * 3)
    if not rate:
        made.fail("Unavailable", "not here")
    return made


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> list[Section]:
    """Two batch sizes, three baselines, of which one ran on two threads alone and one nowhere."""
    for name in ("first", "last-of-all", "two-threads", "nowhere"):
        monkeypatch.setitem(BASELINES, name, Baseline("a:b"))
    return [
        Section(
            "default",
            batch,
            [
                outcome("rust", 1, 100 * factor, batch=batch),
                outcome("rust", 2, 180 * factor, batch=batch),
                outcome("first", 1, 10, batch=batch),
                outcome("first", 2, 20, batch=batch),
                outcome("last-of-all", 1, 5, batch=batch),
                outcome("last-of-all", 2, 6, batch=batch),
                outcome("two-threads", 2, 1.8, batch=batch),
                outcome("nowhere", 1, 0, batch=batch),
            ],
        )
        for batch, factor in ((256, 1), (4096, 2))
    ]


def test_ratios_are_to_the_same_batch_and_threads(many: list[Section]) -> None:
    _, ratios = table.tables(many)
    assert ratios.header[4:] == ["x first", "x last-of-all", "x two-threads"]
    assert [[row[1:] for row in rows] for rows in ratios.body] == [
        [
            ["rust", "256", "1", "10.0", "20.0", ""],
            ["rust", "256", "2", "9.00", "30.0", "100.0"],
        ],
        [
            ["rust", "4096", "1", "20.0", "40.0", ""],
            ["rust", "4096", "2", "18.0", "60.0", "200.0"],
        ],
    ]


def test_many_ratios_are_a_table_of_their_own(many: list[Section]) -> None:
    speeds, _ = table.tables(many)
    assert speeds.header[:7] == ["variant", "impl", "batch", "thr", "steps/s", "IQR", "cv"]
    assert speeds.header[7:] == ["compile", "check"]
    assert sum(map(len, speeds.body)) == 16
    few = [Section(s.variant, s.batch, [*s.outcomes[:4], s.outcomes[-1]]) for s in many]
    (alone,) = table.tables(few)
    assert alone.header[7:] == ["x first", "compile", "check"]
    assert [row[7] for row in alone.body[0]] == ["10.0", "9.00", "1.00", "1.00", ""]


def test_all_of_it_is_printed_within_the_width(many: list[Section]) -> None:
    out = io.StringIO()
    table.show(Console(file=out, width=table.PLAIN_WIDTH), "some title", many)
    printed = out.getvalue()
    drawn = [line for line in printed.splitlines() if line.startswith(("|", "+"))]
    assert drawn
    assert all(len(line) <= table.PLAIN_WIDTH for line in drawn)
    assert "…" not in printed  # nothing was cut off
    assert "|x last-|" in printed
    assert "nowhere: not here" in printed.splitlines()
    page = table.markdown("some title", many, {"commit": "abc"})
    assert "| default | rust | 4096 | 2 | 18.0 | 60.0 | 200.0 |" in page.splitlines()
    assert sum(line.startswith("|---|") for line in page.splitlines()) == 2


def test_without_baselines_there_are_no_ratios() -> None:
    sections = [Section("default", 8, [outcome("rust", 1, 10, "a note", batch=8)])]
    (alone,) = table.tables(sections)
    assert alone.body == [
        [["default", "rust", "8", "1", "10", "0", "0.0 %", "", f"{CHECK}, a note"]]
    ]
    assert not any(line.startswith("x NAME") for line in table.notes(sections))


CHECK = "ok: one step equal over 9 states"
