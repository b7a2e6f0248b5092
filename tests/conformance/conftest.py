"""Parametrises over the registry: `env`, `impl` and, where asked for, `variant`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from harness import registry
from harness.errors import UserError
from harness.implementations import Batch, make_batch
from harness.registry import Entry, Variant

Make = Callable[..., Batch]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One case an environment and implementation (and variant, if the test takes one).

    `layout` stands for the variants that differ in what is observed, done or rewarded.
    """
    wanted = ("entry", "impl", "variant", "layout")
    names = [name for name in wanted if name in metafunc.fixturenames]
    if "entry" not in names:
        return
    cases = []
    for env in registry.names():
        entry = registry.get(env)
        impls = ("reference", *entry.backends) if "impl" in names else ("",)
        variants = entry.variants if "variant" in names else entry.variants[:1]
        if "layout" in names:
            variants = layouts(entry)
        for impl in impls:
            for variant in variants:
                values = {"entry": entry, "impl": impl, "variant": variant, "layout": variant}
                parts = dict(entry=env, impl=impl, variant=variant.name, layout=variant.name)
                cases.append(
                    pytest.param(
                        *(values[name] for name in names),
                        id="-".join(parts[name] for name in names),
                    )
                )
    metafunc.parametrize(names, cases)


def layouts(entry: Entry) -> tuple[Variant, ...]:
    """The first variant of each layout of observations, actions, rewards and players."""
    found: dict[Any, Variant] = {}
    for variant in entry.variants:
        spec = entry.spec.under(variant.params)
        action = spec.action(spec.check_params(variant.params))
        key = (repr(spec.obs), spec.reward_dtype, spec.num_players, repr(action))
        found.setdefault(key, variant)
    return tuple(found.values())


_CACHE: dict[tuple[Any, ...], Batch] = {}


N = 17
"""Instances in a batch unless a test is about their number: no multiple of any block of lanes."""
REQUIRE = "SAMESTEP_REQUIRE"
"""Backends that must run, as in "rust,jax,rust-ffi": a missing one fails instead of skipping."""
LIMIT = 9
"""A time limit, where a test wants episodes to end and begin on the way."""


def cached_batch(
    entry: Entry, impl: str, num_envs: int = N, threads: int = 1, **params: Any
) -> Batch:
    """A batch, skipped if it cannot run here. Kept, since JAX compiles each anew.

    Args:
        params: over those of the environment's first variant.
    """
    merged = entry.spec.check_params({**entry.variants[0].params, **params})
    key = (entry.name, impl, num_envs, threads, *sorted(merged.items()))
    if key not in _CACHE:
        try:
            _CACHE[key] = make_batch(entry, impl, num_envs, merged, threads)
        except (UserError, ImportError) as error:
            reason = f"{entry.name} on {impl} cannot run here: {error}"
            if impl in os.environ.get(REQUIRE, "").split(","):
                pytest.fail(reason)
            pytest.skip(reason)
    return _CACHE[key]


@pytest.fixture
def make(entry: Entry, impl: str) -> Make:
    """`make(num_envs=N, threads=1, **params)`: a batch of this case."""

    def of_this_case(num_envs: int = N, threads: int = 1, **params: Any) -> Batch:
        return cached_batch(entry, impl, num_envs, threads, **params)

    return of_this_case
