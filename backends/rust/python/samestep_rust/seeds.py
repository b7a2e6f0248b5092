"""Seeds: integers from 0 to 2**64 - 1, the two words of a batch's root key."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from samestep_rust._core import threefry2x32

_COUNTER = np.full((1, 2), 0xFFFFFFFF, np.uint32)  # no (env_index, episode): batches are smaller


def fresh() -> int:
    """A seed from the operating system."""
    return int(np.random.SeedSequence().generate_state(1, np.uint64)[0])


def following(seed: int) -> int:
    """The seed that a reset without one goes on to: its randomness is unrelated to `seed`'s."""
    words = threefry2x32((seed >> 32, seed & 0xFFFFFFFF), _COUNTER)
    return int(words[0, 0]) << 32 | int(words[0, 1])


def checked(seed: Any) -> int:
    """`seed` as an int.

    Raises:
        TypeError: if it is no integer.
        ValueError: if it is out of range.
    """
    accepted = "accepted: None or an integer from 0 to 2**64 - 1"
    try:
        plain = operator.index(seed)
    except TypeError:
        raise TypeError(f"seed is {seed!r}; {accepted}") from None
    if not 0 <= plain < 1 << 64:
        raise ValueError(f"seed is {plain}; {accepted}")
    return plain
