"""Every backend equals the reference under every variant, over a short rollout."""

from __future__ import annotations

from typing import Any

import pytest

from harness.registry import Entry, Variant
from harness.verifying.compare import comparator
from harness.verifying.trial import judge, stepped
from tests.conformance.conftest import cached_batch
from tests.conformance.play import imported, play, reset, source_of

STEPS = 150
SEED = 2**33 + 1


def test_equals_the_reference(entry: Entry, impl: str, variant: Variant) -> None:
    if impl == "reference":
        pytest.skip("the reference is what the others are compared with")
    params: dict[str, Any] = {**variant.params}
    reference, batch = (cached_batch(entry, which, **params) for which in ("reference", impl))
    compare = comparator(entry, params)
    before = reset(reference, SEED)
    difference = compare.first(0, before, reset(batch, SEED))
    assert difference is None, difference.describe()
    source = source_of(reference, params)
    for step in range(1, STEPS + 1):
        if entry.mode == "one-step":  # from a state that both can hold
            before = imported(reference, entry.spec.in_single(before.rows))
        action = source(step - 1, before.legal, before.acting)
        got = stepped(entry, batch, step, before, action)
        (expected,) = play(reference, source, 1, before, first=step - 1)
        difference = judge(compare, step, expected, got)
        assert difference is None, difference.describe()
        before = expected
