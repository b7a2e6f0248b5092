"""The parameters of an environment: what a user may set, checked in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Param:
    """A parameter: its default (whose type is its type) and its bounds."""

    default: bool | int | float | str
    low: float | None = None
    high: float | None = None

    def check(self, name: str, value: Any) -> bool | int | float | str:
        """`value` as this parameter's type.

        Raises:
            ValueError: for another type, or a value that is out of bounds.
        """
        kind = type(self.default)
        plain = value.item() if isinstance(value, np.generic) else value
        if kind is bool:
            good = isinstance(plain, bool)
        elif kind is str:
            good = isinstance(plain, str)
        else:
            numbers = (int,) if kind is int else (int, float)
            good = isinstance(plain, numbers) and not isinstance(plain, bool)
            good = good and (self.low is None or plain >= self.low)
            good = good and (self.high is None or plain <= self.high)
        if not good:
            raise ValueError(f"{name} is {value!r}; accepted: {self._accepted()}")
        return kind(plain)

    def _accepted(self) -> str:
        names = {bool: "True or False", int: "an integer", float: "a number", str: "a string"}
        what = names[type(self.default)]
        if self.low is None or self.high is None:
            return what
        return f"{what} from {self.low} to {self.high}"


MAX_EPISODE_STEPS = Param(0, 0, 2**31 - 1)
"""Every environment's time limit in steps; 0 is none."""


def check_params(
    name: str, params: Mapping[str, Param], given: Mapping[str, Any]
) -> dict[str, Any]:
    """All parameters of environment `name`, with defaults filled in.

    Raises:
        ValueError: in one line, for an unknown name or an unacceptable value.
    """
    unknown = sorted(set(given) - set(params))
    if unknown:
        accepted = ", ".join(params)
        raise ValueError(f"{name} has no parameter {unknown[0]!r}; accepted: {accepted}")
    return {key: param.check(key, given.get(key, param.default)) for key, param in params.items()}
