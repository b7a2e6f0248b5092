"""Finds environments by name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from samestep_jax.core.rows import check_representable
from samestep_jax.core.types import Env, check_precision

_REGISTERED: dict[str, Callable[..., Env]] = {}
_NO_ENVIRONMENTS = ("core", "features")


def register(name: str, make_env: Callable[..., Env]) -> None:
    """Let `make(name, **params)` call `make_env(**params)`: for environments of other packages."""
    _REGISTERED[name] = make_env


def names() -> list[str]:
    """All environments that `make` accepts: this package's, then the registered ones."""
    own = [
        module.name
        for module in pkgutil.iter_modules([str(Path(__file__).parent)])
        if module.ispkg and module.name not in _NO_ENVIRONMENTS
    ]
    return own + [name for name in _REGISTERED if name not in own]


def make(name: str, **params: Any) -> Env:
    """One environment under fixed parameters.

    Args:
        name: "pong", or what was registered.
        params: as the environment's page lists them, and `max_episode_steps` (0 is never).

    Raises:
        ValueError: in one line, for an unknown environment or parameter, a value that is not
            accepted, or double precision without jax_enable_x64.
    """
    if name not in names():
        raise ValueError(f"unknown environment {name!r}; accepted: {', '.join(names())}")
    if name in _REGISTERED:
        env = _REGISTERED[name](**params)
    else:
        env = importlib.import_module(f"samestep_jax.{name}").make_env(**params)
    check_representable(env.layout)
    check_precision(env)
    return env
