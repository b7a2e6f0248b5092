"""Stages of a turn: parts of the rules that a batch leaves out when no instance needs them.

`when(needed, rule, state)` is `rule(state)` where `needed` holds, else `state`. Under `jax.vmap`
the rule runs only if at least one instance needs it. Each stage is compiled by itself, which keeps
the compiler from merging the whole turn into kernels that compute the same values over and over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap
from jax.extend.core import ClosedJaxpr, Literal, jaxpr_as_fun

State = TypeVar("State")


def when(needed: jax.Array, rule: Callable[[State], State], state: State) -> State:
    """`rule(state)` where `needed`, () bool, holds; else `state`.

    Args:
        needed: whether this instance takes part.
        rule: from a state to one of the same shapes; it must not capture traced values.
        state: a pytree of arrays.
    """
    leaves, tree = jax.tree.flatten(state)
    traced = jax.make_jaxpr(lambda *xs: jax.tree.leaves(rule(jax.tree.unflatten(tree, xs))))(
        *leaves
    )
    read, written = _read(traced), _written(traced)
    if not written:
        return state
    run = _stage(traced, read, written, rule.__name__)
    results = run(needed, *(leaves[i] for i in read), *(leaves[i] for i in written))
    for i, result in zip(written, results, strict=True):
        leaves[i] = result
    changed: State = jax.tree.unflatten(tree, leaves)
    return changed


def _read(traced: ClosedJaxpr) -> list[int]:
    """Which inputs the rule looks at."""
    jaxpr = traced.jaxpr
    used = {v for eqn in jaxpr.eqns for v in eqn.invars if not isinstance(v, Literal)}
    moved = {
        out
        for out, own in zip(jaxpr.outvars, jaxpr.invars, strict=True)
        if not isinstance(out, Literal) and out is not own
    }
    return [i for i, v in enumerate(jaxpr.invars) if v in used or v in moved]


def _written(traced: ClosedJaxpr) -> list[int]:
    """Which inputs the rule gives back changed."""
    jaxpr = traced.jaxpr
    pairs = zip(jaxpr.outvars, jaxpr.invars, strict=True)
    return [i for i, (out, own) in enumerate(pairs) if out is not own]


def _stage(
    traced: ClosedJaxpr, read: list[int], written: list[int], name: str
) -> Callable[..., tuple[jax.Array, ...]]:
    """The rule over what it reads, then what it may replace."""
    whole = jaxpr_as_fun(traced)
    shapes = [v.aval for v in traced.jaxpr.invars]

    def one(needed: jax.Array, *values: jax.Array) -> tuple[jax.Array, ...]:
        # Inputs that are never read are stood in for by zeros.
        full = [jnp.zeros(s.shape, s.dtype) for s in shapes]
        for i, value in zip(read, values, strict=False):
            full[i] = value
        results = whole(*full)
        old = values[len(read) :]
        return tuple(
            jnp.where(needed, results[i], was) for i, was in zip(written, old, strict=True)
        )

    run = custom_vmap(one)

    @run.def_vmap
    def many(
        size: int, batched: list[bool], needed: jax.Array, *values: jax.Array
    ) -> tuple[Any, Any]:
        axes = [0 if b else None for b in batched]
        old = values[len(read) :]
        old_batched = batched[1 + len(read) :]

        def take_part() -> tuple[jax.Array, ...]:
            with jax.named_scope(name):
                return tuple(jax.vmap(one, in_axes=axes, axis_size=size)(needed, *values))

        def leave() -> tuple[jax.Array, ...]:
            return tuple(
                was if b else jnp.broadcast_to(was, (size, *was.shape))
                for was, b in zip(old, old_batched, strict=True)
            )

        return jax.lax.cond(needed.any(), take_part, leave), (True,) * len(old)

    return run
