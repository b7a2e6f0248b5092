"""What only JAX can get wrong: tracing anew for what has been traced already."""

from __future__ import annotations

from typing import Any

import pytest

from harness.registry import Entry
from tests.conformance.conftest import LIMIT, Make
from tests.conformance.play import play, reset, source_of


def test_one_trace_a_shape(entry: Entry, impl: str, make: Make) -> None:
    batch: Any = make(max_episode_steps=LIMIT)
    if not hasattr(batch, "trace_count"):
        pytest.skip(f"{impl} does not trace")
    source = source_of(batch, entry.variants[0].params)
    play(batch, source, 3, reset(batch))
    traced = batch.trace_count
    assert traced >= 1
    play(batch, source, 20, reset(batch, 1))
    batch.import_state(batch.export_state())
    play(batch, source, 3, reset(batch, 2))
    assert batch.trace_count == traced
