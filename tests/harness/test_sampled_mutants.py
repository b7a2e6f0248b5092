"""Sampled mutants go through the levels: what the first catches is not tried on the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import registry
from harness.mutating import sampled
from harness.mutating.store import DOES_NOT_COMPILE
from harness.mutating.tree import ROOT

CAUGHT_BY = {"a": "--lib", "b": "--test=replay", "c": DOES_NOT_COMPILE, "d": None}


def test_each_level_tries_what_the_one_before_left(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[list[str], list[str]]] = []

    def fake(
        tree: Path, files: list[str], names: list[str], targets: list[str]
    ) -> Iterator[tuple[str, str | None]]:
        tried.append((names, targets))
        for name in names:
            by = CAUGHT_BY[name]
            if by == DOES_NOT_COMPILE:
                yield name, by
            else:
                yield name, "cargo test" if by in targets else None

    monkeypatch.setattr(sampled, "cargo_mutants", fake)
    entry = registry.get("halfcheetah")
    found = dict(sampled.level_by_level(entry, Path(), [], list(CAUGHT_BY)))
    assert found == {
        "a": "l1: cargo test",
        "b": "l3: cargo test",
        "c": DOES_NOT_COMPILE,
        "d": None,
    }
    assert [names for names, _ in tried] == [["a", "b", "c", "d"], ["b", "d"], ["b", "d"]]
    targets = [target for _, chosen in tried for target in chosen]
    crate = Path("backends/rust/envs/halfcheetah/tests")
    tests = {f"--test={path.stem}" for path in (ROOT / crate).glob("*.rs")}
    assert sorted(targets) == sorted({"--lib", *tests})  # all of them, each once


def test_targets_are_read_from_a_command() -> None:
    command = ["cargo", "test", "-p", "x", "--lib", "--test", "one", "--test", "two"]
    assert sampled.targets_of(command) == ["--lib", "--test=one", "--test=two"]
    assert sampled.targets_of(["cargo", "test", "-p", "x", "--test", "one"]) == ["--test=one"]
