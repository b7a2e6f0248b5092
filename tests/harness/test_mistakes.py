"""The mistakes written by hand can be planted: the text that each replaces stands once."""

from __future__ import annotations

import pytest

from harness import registry
from harness.mutating.mistakes import read_mistakes
from harness.proof_hash import ROOT

LISTED = [
    (name, backend)
    for name in registry.names()
    for backend in ("rust", "jax")
    if backend in registry.get(name).backends
    and (ROOT / registry.get(name).tests / "mistakes.toml").exists()
]


@pytest.mark.parametrize(("name", "backend"), LISTED)
def test_each_stands_once(name: str, backend: str) -> None:
    mistakes = read_mistakes(registry.get(name), backend)
    assert len(mistakes) > 10
    for mistake in mistakes:
        count = (ROOT / mistake.file).read_text().count(mistake.old)
        assert count == 1, f"{mistake.label}: {mistake.old!r} stands {count} times"
        assert mistake.old != mistake.new, mistake.label
