"""README.md's tables: what is compared with what, and what a reader is told."""

from __future__ import annotations

from typing import Any

import pytest

from harness.baselines import BASELINES, Baseline
from tools import readme_table


def row(impl: str, sps: float, **other: Any) -> dict[str, Any]:
    """A line as the bench writes it."""
    return {
        "impl": impl,
        "variant": "skip8",
        "params": {"frame_skip": 8},
        "batch": 4096,
        "threads": 1,
        "frame_skip": 8,
        "precision": "f32",
        "sps_median": sps,
        "repeats": 5,
        "commit": "c" * 40,
        "fingerprint": {"cpu": "A CPU", "cores": 2},
        **other,
    }


def old(impl: str, sps: float) -> dict[str, Any]:
    """A line from before variants and parameters were in it."""
    return {k: v for k, v in row(impl, sps).items() if k not in ("variant", "params")}


CONTINUOUS = {"variant": "continuous", "params": {"frame_skip": 8, "continuous": True}}


def test_other_parameters_are_another_setting() -> None:
    rows = [row("rust", 4e6), row("puffer", 2e6), row("rust", 9e6, **CONTINUOUS)]
    lines = readme_table.tables(rows).splitlines()
    assert "| 8 | defaults | 4096 | 1 | rust | 4.00 M | 2.00 |" in lines
    assert "| 8 | continuous=True | 4096 | 1 | rust | 9.00 M |  |" in lines
    assert len({readme_table.setting(one) for one in rows}) == 2


def test_each_baseline_has_a_column_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BASELINES, "gymnasium", Baseline("a:b"))
    rows = [row("rust", 4e6), row("puffer", 2e6), row("gymnasium", 5e5), row("other", 1e6)]
    lines = readme_table.tables(rows).splitlines()
    assert lines[0].endswith("| Steps/s | Ratio to puffer | Ratio to gymnasium |")
    assert "| 8 | 4096 | 1 | rust | 4.00 M | 2.00 | 8.00 |" in lines
    assert "| 8 | 4096 | 1 | puffer | 2.00 M | 1.00 | 4.00 |" in lines
    assert {line.count("|") for line in lines[:6]} == {8}


def test_a_baseline_that_was_not_measured_has_no_column() -> None:
    header = readme_table.tables([row("rust", 4e6)]).splitlines()[0]
    assert header == "| Frame skip | Batch | Threads | Implementation | Steps/s |"


def test_older_lines_read_as_before() -> None:
    rows = [old("rust", 4e6), old("puffer", 2e6)]
    assert readme_table.tables(rows) == readme_table.tables([row("rust", 4e6), row("puffer", 2e6)])


def test_few_repeats_and_another_precision_are_told() -> None:
    rows = [row("rust", 4e6, precision="f64"), row("puffer", 2e6, repeats=2)]
    lines = readme_table.tables(rows).splitlines()
    assert "| 8 | 4096 | 1 | rust (f64) | 4.00 M | 2.00 |" in lines
    assert "| 8 | 4096 | 1 | puffer | 2.00 M (2 repeats) | 1.00 |" in lines


def test_many_baselines_have_a_table_of_ratios(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference is told apart; a baseline without a like setting has no ratio."""
    for name in ("fast", "slow"):
        monkeypatch.setitem(BASELINES, name, Baseline("a:b"))
    rows = [
        row("reference", 9e3, batch=32),
        row("jax", 3e6),
        row("puffer", 2e6),
        row("fast", 4e6, precision="f64"),
        row("slow", 1e3, batch=256, repeats=2),
        row("rust", 8e6),
        row("rust", 1e6, batch=256),
        row("rust", 9e6, threads=2, batch=256),
    ]
    lines = readme_table.tables(rows).splitlines()
    assert lines == [
        "| Steps/s | Batch 256, 1 thread | Batch 256, 2 threads | Batch 4096, 1 thread |",
        "|---|---:|---:|---:|",
        "| rust | 1.00 M | 9.00 M | 8.00 M |",
        "| fast (f64) |  |  | 4.00 M |",
        "| jax |  |  | 3.00 M |",
        "| puffer |  |  | 2.00 M |",
        "| slow | 1.00 K (2 repeats) |  |  |",
        "",
        "| Ratio at batch 4096, 1 thread | puffer | fast | slow |",
        "|---|---:|---:|---:|",
        "| rust | 4.00 | 2.00 |  |",
        "| jax | 1.50 | 0.75 |  |",
        "",
        "The reference takes 9.00 K steps a second.",
        "",
        "Measured on A CPU, 2 cores, at commit cccccccccc.",
    ]


def test_many_baselines_have_tables_for_each_set_of_parameters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("fast", "slow"):
        monkeypatch.setitem(BASELINES, name, Baseline("a:b"))
    rows = [
        row(name, 2e6, **more)
        for name in ("puffer", "fast", "slow", "rust")
        for more in ({}, CONTINUOUS)
    ]
    text = readme_table.tables(rows)
    assert text.count("| Steps/s |") == text.count("| Ratio at ") == 2
    first, second = text.split("With frame skip 8, continuous=True:\n\n")
    assert first.startswith("With frame skip 8, defaults:\n\n| Steps/s |")
    assert second.startswith("| Steps/s |")
