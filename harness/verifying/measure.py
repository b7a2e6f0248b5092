"""What an inexact environment declares about its proof: states to step from, and the bars.

The registry's `Entry.measure` names one `Measure` an environment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.errors import UserError
from harness.registry import Entry
from harness.verifying.compare import named
from references.contract import EnvSpec, Reference
from references.threefry import root_key

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Bar:
    """What the one-step errors of a class of states are held to."""

    share: float
    """The least share of the states whose error must be..."""
    within: float
    """...at most this."""
    limit: float
    """An error beyond this is an exception."""
    factor: float | None = None
    """An exception may be this many times the error of rounding alone on the same state; None
    where none is allowed."""

    def accepted(self, rounded: np.ndarray) -> np.ndarray:
        """(N,): the largest error that is accepted of each state.

        Args:
            rounded: (N,) errors of the rounded reference on the same states.
        """
        allowed = 0.0 if self.factor is None else self.factor * rounded
        return np.maximum(self.limit, np.where(np.isfinite(rounded), allowed, 0.0))


@dataclass(frozen=True)
class Drawn:
    """States of one class, and an action for each."""

    fields: Mapping[str, np.ndarray]
    """STATE's fields, (N, ...) each."""
    t: np.ndarray  # (N,) u4, steps taken in the episode
    actions: np.ndarray  # (N, ...)


@dataclass(frozen=True)
class Measure:
    """The proof of an environment whose backends are bounded instead of equal."""

    classes: Mapping[str, int]
    """How many states of each class a unit has; a plan's episodes are units."""
    units: int
    """Units of a whole proof."""
    draw: Callable[[str, int, int, int], Drawn]
    """The states of a class, for (class, how many, seed, unit)."""
    bars: Callable[[Params], Mapping[str, Bar]]
    """By class, under these parameters."""
    rounded: Callable[..., Reference]
    """Makes the reference whose state is rounded to single precision after every substep."""
    ending: str
    """The class whose states are at the last step of their episode."""
    start: Callable[[EnvSpec, int, int], np.ndarray]
    """Packed rows that free runs begin with, for (spec, how many, seed)."""
    nudge: Callable[[EnvSpec, np.ndarray, float, int], np.ndarray]
    """Packed rows this far from the given ones, for (spec, rows, distance, seed)."""
    apart: Callable[[Params], float]
    """A free run must stay with the reference as long as the reference does with itself when
    started this far apart."""
    nearby: tuple[float, ...]
    """The distances at which the reference is run beside itself."""
    episodes: int = 100
    """Free runs."""
    off: float = 1e-3
    """The error at which a free run has left the reference."""
    longest: int = 500
    """Steps after which a free run that has not left it is ended."""

    @property
    def unit(self) -> int:
        """States of a unit."""
        return sum(self.classes.values())


@dataclass(frozen=True)
class Unit:
    """One unit's states in the order of the classes."""

    rows: np.ndarray  # (N, state_bytes) u8
    actions: np.ndarray  # (N, ...)
    kind: np.ndarray  # (N,) index of the class
    index: np.ndarray  # (N,) which of all states of its class, over all units


def measure(entry: Entry) -> Measure:
    """The entry's measure.

    Raises:
        UserError: if the entry names none.
    """
    if not entry.measure:
        raise UserError(f"{entry.name} names no measure; accepted: one in its registry entry")
    found: Measure = named(entry, entry.measure)
    return found


def drawn_unit(spec: EnvSpec, chosen: Measure, params: Params, seed: int, number: int) -> Unit:
    """The states and actions of unit `number`, the same whenever they are asked for."""
    rows = np.zeros(chosen.unit, spec.row_dtype)
    rows["layout"] = spec.layout_id
    rows["root"] = root_key(seed)
    rows["env_index"] = number * chosen.unit + np.arange(chosen.unit)
    limit = spec.check_params(params)["max_episode_steps"]
    actions, kinds, indices = [], [], []
    first = 0
    for kind, (name, count) in enumerate(chosen.classes.items()):
        drawn = chosen.draw(name, count, seed, number)
        mine = rows[first : first + count]
        for field, values in drawn.fields.items():
            mine[field] = values
        # No other episode ends, so that the state after the step is the one that is compared.
        last = limit - 1 if name == chosen.ending else limit - 2
        mine["t"] = np.minimum(drawn.t, max(last, 0)) if limit else drawn.t
        if limit and name == chosen.ending:
            mine["t"] = last
        actions.append(drawn.actions)
        kinds.append(np.full(count, kind))
        indices.append(number * count + np.arange(count))
        first += count
    packed = rows.view(np.uint8).reshape(chosen.unit, spec.state_bytes)
    return Unit(packed, *(np.concatenate(each) for each in (actions, kinds, indices)))
