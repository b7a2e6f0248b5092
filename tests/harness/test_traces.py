"""The traces that `cargo test` replays hold what the reference does today, and enough of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness import registry, verify
from harness.implementations import make_batch
from harness.proof_hash import ROOT
from harness.registry import Entry, Variant
from harness.verifying import traces
from tests import duel

CASES = [
    pytest.param(entry, variant, id=f"{entry.name}-{variant.name}")
    for entry in map(registry.get, registry.names())
    for variant in entry.variants
    if "rust" in entry.backends
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
