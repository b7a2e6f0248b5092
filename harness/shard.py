"""Long work in parts: `SHARD=k/n` is the k-th of n."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from harness.errors import UserError

T = TypeVar("T")


@dataclass(frozen=True)
class Shard:
    """The `index`-th (from 1) of `count` parts."""

    index: int
    count: int

    def of(self, items: Sequence[T]) -> list[T]:
        """This part of `items`: every `count`-th one."""
        return list(items[self.index - 1 :: self.count])


def parse_shard(text: str) -> Shard:
    """A shard as the command line gives it.

    Raises:
        UserError: unless it is k/n with 1 <= k <= n.
    """
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise UserError(f"SHARD is {text!r}; accepted: k/n with 1 <= k <= n")
    return Shard(int(match[1]), int(match[2]))
