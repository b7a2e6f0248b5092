"""Level 3 against another backend, shares of the episodes, and what the reference counts."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from harness import registry, verify
from harness.errors import UserError
from harness.verifying import record
from references.pong import Pong
from tests.harness import planted
from tests.harness.planted import plant


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path))
    return tmp_path / "verify"


def run(*options: str) -> int:
    return verify.main(["--env", "pong", "--level", "3", "--variant", "limit", *options])


def read(results: Path) -> record.Row:
    found: record.Row = json.loads((results / "pong.json").read_text())
    return found


def test_a_backend_is_compared_with_another(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its rows are told apart from those of the comparison with the reference."""
    assert run("--backends", "jax", "--episodes", "4") == 0
    assert run("--backends", "jax,rust", "--episodes", "6", "--against", "rust") == 0
    assert "jax limit seed 0 against rust" in capsys.readouterr().out
    summary = read(results)["summary"]
    assert summary["jax"]["episodes"] == 4
    assert summary["jax against rust"]["episodes"] == 6
    assert set(summary) == {"jax", "jax against rust"}
    # A fault shows beside another backend as it does beside the reference.
    plant(monkeypatch, "pong", planted.WrongField)
    both = dataclasses.replace(registry.get("pong"), backends=("planted", "rust"))
    monkeypatch.setitem(registry._ENTRIES, "pong", both)
    assert run("--backends", "planted", "--episodes", "6", "--against", "rust") == 1


def test_against_what(results: Path) -> None:
    with pytest.raises(UserError, match="AGAINST is 'c'; accepted: reference, rust, jax, rust-ffi"):
        run("--against", "c")
    with pytest.raises(UserError, match="AGAINST is 'rust'; halfcheetah is measured"):
        verify.main(["--env", "halfcheetah", "--level", "3", "--against", "rust"])


def test_a_variant_plays_its_share(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = registry.get("pong")
    variants = [dataclasses.replace(entry.variant("limit"), share=0.3)]
    changed = dataclasses.replace(entry, variants=tuple(variants), oracle="")
    monkeypatch.setitem(registry._ENTRIES, "pong", changed)
    assert run("--backends", "rust", "--episodes", "9") == 0
    (row,) = read(results)["rollouts"]
    assert (row["plan_episodes"], row["episodes"]) == (3, 3)


class Counting(Pong):
    """Pong that counts its steps."""

    steps = 0

    def step(self, state, action):  # type: ignore[no-untyped-def]
        self.steps += 1
        return super().step(state, action)

    def tally(self) -> dict[str, int]:
        return {"steps": self.steps, "bounces": 0}


def test_what_the_reference_counts_is_recorded(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = registry.get("pong")
    changed = dataclasses.replace(entry, reference=f"{__name__}:Counting", oracle="")
    monkeypatch.setattr(registry.Entry, "spec", registry.get("pong").spec)
    monkeypatch.setitem(registry._ENTRIES, "pong", changed)
    assert run("--backends", "rust", "--episodes", "4") == 0
    found = read(results)
    (row,) = found["rollouts"]
    assert row["tally"] == {"steps": row["steps"], "bounces": 0}
    assert found["tally"] == {"rust": row["tally"]}
