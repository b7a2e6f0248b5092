"""A few scalars that are computed alike: the two legs, or the ends of a body's capsules.

Under `jax.vmap` every scalar becomes one contiguous array over the instances, and all arithmetic
is elementwise, which XLA's CPU compiler turns into vector code. An array axis for legs or ends
would be sliced and summed inside its loops, which it then leaves scalar, several times slower.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp

Scalar = Any
"""A () array or a Python number."""


class Several:
    """Scalars under one arithmetic; a single scalar combines with each.

    Two of different numbers combine cyclically: (back, front) with the ends
    (back first, front first, back second, front second) of a segment's capsules.
    """

    def __init__(self, items: Iterable[Scalar]) -> None:
        self.items = tuple(items)

    def __getitem__(self, index: int) -> Scalar:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Scalar]:
        return iter(self.items)

    def __add__(self, other: Any) -> Any:
        return _ADD(self, other)

    def __radd__(self, other: Any) -> Any:
        return _ADD(other, self)

    def __sub__(self, other: Any) -> Any:
        return _SUB(self, other)

    def __rsub__(self, other: Any) -> Any:
        return _SUB(other, self)

    def __mul__(self, other: Any) -> Any:
        return _MUL(self, other)

    def __rmul__(self, other: Any) -> Any:
        return _MUL(other, self)

    def __truediv__(self, other: Any) -> Any:
        return _DIV(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _DIV(other, self)

    def __neg__(self) -> Any:
        return _NEG(self)

    def __lt__(self, other: Any) -> Any:
        return _LT(self, other)

    def __gt__(self, other: Any) -> Any:
        return _GT(self, other)

    def __and__(self, other: Any) -> Any:
        return _AND(self, other)

    def __or__(self, other: Any) -> Any:
        return _OR(self, other)

    def __ne__(self, other: object) -> Any:
        return _NE(self, other)

    def __eq__(self, other: object) -> Any:
        return _EQ(self, other)

    __hash__ = None  # type: ignore[assignment]

    def sum(self) -> Scalar:
        """All of them, added pair by pair."""
        halves = [self.items[i : i + 2] for i in range(0, len(self), 2)]
        return reduce(operator.add, [reduce(operator.add, half) for half in halves])

    def any(self) -> Scalar:
        """Whether one of them holds."""
        return reduce(operator.or_, self.items)

    def by_leg(self) -> Several:
        """Sums of each leg's ends, where the legs alternate."""
        return Several((self[0] + self[2], self[1] + self[3]))


jax.tree_util.register_pytree_node(
    Several, lambda several: (several.items, None), lambda _, items: Several(items)
)


def each(function: Callable[..., Scalar]) -> Callable[..., Any]:
    """`function` of scalars as a function of scalars and `Several`."""

    def applied(*arguments: Any) -> Any:
        count = max((len(a) for a in arguments if isinstance(a, Several)), default=0)
        if count == 0:
            return function(*arguments)
        return Several(
            function(*(a[i % len(a)] if isinstance(a, Several) else a for a in arguments))
            for i in range(count)
        )

    return applied


_ADD, _SUB = each(operator.add), each(operator.sub)
_MUL, _DIV, _NEG = each(operator.mul), each(operator.truediv), each(operator.neg)
_LT, _GT, _EQ, _NE = (each(f) for f in (operator.lt, operator.gt, operator.eq, operator.ne))
_AND, _OR = each(operator.and_), each(operator.or_)

where = each(jnp.where)
minimum = each(jnp.minimum)
cos, sin = each(jnp.cos), each(jnp.sin)
