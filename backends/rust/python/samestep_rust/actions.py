"""Actions as users have them, turned into what the batch takes, without a loss."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_MIN, _MAX = -(1 << 31), (1 << 31) - 1
_INT32, _FLOAT32 = np.dtype(np.int32), np.dtype(np.float32)


def to_discrete(actions: ArrayLike, accepted: str) -> NDArray[np.int32]:
    """Integers of any width, arrays or lists, as contiguous int32.

    Raises:
        TypeError: for anything but integers; truth values and floats are not rounded.
        ValueError: for integers that no int32 holds.
    """
    array = _as_array(actions, accepted)
    if array.dtype == _INT32:
        return np.ascontiguousarray(array)
    if array.dtype.kind not in "iu":
        raise TypeError(f"actions are {array.dtype}; accepted: {accepted}")
    if not _fits(array):
        bad = int(np.argmax((array > _MAX) | (array < _MIN)))
        raise ValueError(f"action {bad} is {array.flat[bad]}; accepted: {accepted}")
    return array.astype(np.int32, order="C")


def _fits(array: NDArray[Any]) -> bool:
    """Whether an int32 holds every one of these integers."""
    if not array.size:
        return True
    # One pass is enough where nothing is negative: none of the numbers has a bit above theirs all.
    if 0 <= int(np.bitwise_or.reduce(array, axis=None)) <= _MAX:
        return True
    return bool(array.max() <= _MAX and array.min() >= _MIN)


def to_box(actions: ArrayLike, accepted: str) -> NDArray[np.float32]:
    """Real numbers, arrays or lists, as contiguous float32 (the nearest one).

    Raises:
        TypeError: for anything but real numbers.
    """
    array = _as_array(actions, accepted)
    if array.dtype == _FLOAT32:
        return np.ascontiguousarray(array)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"actions are {array.dtype}; accepted: {accepted}")
    # What is too large becomes infinite, and the batch refuses that.
    with np.errstate(over="ignore"):
        return array.astype(np.float32, order="C")


def _as_array(actions: ArrayLike, accepted: str) -> NDArray[Any]:
    try:
        return np.asarray(actions)
    except ValueError:
        raise ValueError(f"actions have rows of unequal length; accepted: {accepted}") from None
