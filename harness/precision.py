"""JAX with the precision that an environment computes in."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from references.contract import EnvSpec


def jax_precision(spec: EnvSpec) -> AbstractContextManager[Any]:
    """A context with f64 switched on if observations are f64; else one that changes nothing.

    Every call about such a batch has to be within it, for JAX compiles anew for either setting.

    Args:
        spec: as it holds under the batch's parameters.
    """
    if spec.obs.dtype != "f8":
        return nullcontext()
    import jax

    enabled: AbstractContextManager[Any] = jax.enable_x64(True)
    return enabled
