"""Duel: a small two-player environment with what Pong lacks; reference/spec.py specifies it.

Players who wait, masks that change, hidden information, byte observations, small integers and
arrays in the state, draws in step and reset, and a truncation that the rules make.
"""

from __future__ import annotations

from harness import registry

ENTRY = registry.Entry(
    name="duel",
    reference="tests.duel.reference:Duel",
    variants=(
        registry.Variant("default", {}),
        registry.Variant("short", {"max_rounds": 7}),
        registry.Variant("limit", {"max_episode_steps": 9}),
    ),
    tests="tests/duel",
    jax_module="tests.duel.jax_rules",
    extra={"crate": "tests/duel/rust", "jax": "tests/duel/jax_rules"},
)


def register() -> None:
    """Add it to the registry."""
    registry.register(ENTRY)
