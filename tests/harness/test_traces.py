"""The traces that `cargo test` replays hold what the reference does today, and enough of it."""

from __future__ import annotations

import dataclasses
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import registry, verify
from harness.implementations import make_batch
from harness.proof_hash import ROOT
from harness.registry import Entry, Variant
from harness.verifying import traces
from references.contract import Field
from tests import duel
from tests.harness import pendulum

CASES = [
    pytest.param(entry, variant, id=f"{entry.name}-{variant.name}")
    for entry in map(registry.get, registry.names())
    for variant in entry.variants
    if "rust" in entry.backends and variant.traced
]


def committed(entry: Entry, variant: Variant) -> Path:
    crate = entry.extra.get("crate", f"backends/rust/envs/{entry.name}")
    return ROOT / str(crate) / "tests" / "traces" / f"{variant.name}.trace"


@pytest.mark.parametrize(("entry", "variant"), CASES)
def test_committed_traces_are_the_reference_today(entry: Entry, variant: Variant) -> None:
    """If not: python -m harness verify --env ENV --export-traces CRATE/tests/traces."""
    data = committed(entry, variant).read_bytes()
    rows, actions = traces.inputs(entry, variant, data)
    assert traces.render(entry, variant, rows, actions) == data


@pytest.mark.parametrize(("entry", "variant"), CASES)
def test_committed_traces_have_episodes_that_end(entry: Entry, variant: Variant) -> None:
    rows, actions = traces.inputs(entry, variant, committed(entry, variant).read_bytes())
    batch = make_batch(entry, "reference", len(rows), variant.params)
    batch.import_state(rows)
    rewards = set()
    for action in actions:
        rewards |= set(batch.step(action).reward.reshape(-1).tolist())
    before, after = (entry.spec.unpack(r)["episode"] for r in (rows, batch.export_state()))
    assert (after > before).any()
    assert len(rewards) >= 3


def test_export_is_deterministic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "SEARCH_STEPS", 200)
    for name in ("a", "b"):
        options = ["--env", "duel", "--variant", "short", "--export-traces", str(tmp_path / name)]
        assert verify.main(options) == 0
    first, second = ((tmp_path / name / "short.trace").read_bytes() for name in ("a", "b"))
    assert first == second
    rows, actions = traces.inputs(duel.ENTRY, duel.ENTRY.variant("short"), first)
    assert rows.shape == (traces.LANES, duel.ENTRY.spec.state_bytes)
    assert actions.shape == (traces.STEPS, traces.LANES, 2)
    assert np.unique(actions).tolist() == [0, 1, 2, 3, 4]


RAM = 65536


class LargePendulum(pendulum.Pendulum):
    """A state of 64 KiB, of which a step changes a number of bytes that depends on the angle."""

    spec = dataclasses.replace(
        pendulum.SPEC, state=(*pendulum.SPEC.state, Field("ram", "u1", (RAM,)))
    )

    def export_fields(self, state: pendulum.State) -> dict[str, Any]:
        ram = np.zeros(RAM, np.uint8)
        ram[: int(100 * abs(state.theta))] = state.t % 256
        return {**super().export_fields(state), "ram": ram}


def test_large_states_have_small_files_and_a_small_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pendulum, "LargePendulum", LargePendulum, raising=False)
    monkeypatch.setattr(pendulum, "SPEC", LargePendulum.spec)
    entry = Entry("large", "tests.harness.pendulum:LargePendulum")
    search_lanes, search_steps, lanes, steps = traces.sizes(entry.spec)
    assert search_lanes * search_steps * entry.spec.state_bytes <= traces.SEARCH_BYTES
    assert search_steps >= 500 and lanes >= 2 and steps >= traces.LEAST_STEPS
    tracemalloc.start()
    data = traces.trace(entry, entry.variants[0])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**27
    assert len(data) < 1.1 * traces.FILE_BYTES
    rows, actions = traces.inputs(entry, entry.variants[0], data)
    assert traces.render(entry, entry.variants[0], rows, actions) == data


@pytest.mark.parametrize("name", ["pong", "duel"])
def test_small_states_are_searched_in_full(name: str) -> None:
    full = (traces.SEARCH_LANES, traces.SEARCH_STEPS, traces.LANES, traces.STEPS)
    assert traces.sizes(registry.get(name).spec) == full
