"""Every backend equals the reference under every variant, over a short rollout."""

from __future__ import annotations

from typing import Any

import pytest

from harness.registry import Entry, Variant
from harness.verifying.compare import comparator
from tests.conformance.conftest import cached_batch
from tests.conformance.play import play, reset, source_of

STEPS = 150


def test_equals_the_reference(entry: Entry, impl: str, variant: Variant) -> None:
    if impl == "reference":
        pytest.skip("the reference is what the others are compared with")
    params: dict[str, Any] = {**variant.params}
    batches = [cached_batch(entry, which, **params) for which in ("reference", impl)]
    runs = []
    for batch in batches:
        first = reset(batch, 2**33 + 1)
        runs.append([first, *play(batch, source_of(batch, params), STEPS, first)])
    compare = comparator(entry.spec)
    for step, (expected, got) in enumerate(zip(*runs, strict=True)):
        difference = compare.first(step, expected, got)
        assert difference is None, difference.describe()
