"""The battles that the Rust crate and JAX play again: backends/rust/envs/pokemon/tests/battles.

make.py there writes them and tells what they consist of.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from references.contract import HEADER_BYTES
from references.pokemon import SPEC

ROOT = Path(__file__).resolve().parents[2]
PATH = ROOT / "backends/rust/envs/pokemon/tests/battles/showdown.battles"
MAGIC = b"GEN1PLAY"


@dataclass(frozen=True)
class Recorded:
    """One battle of T commits."""

    start: np.ndarray  # (state_bytes - 24,) u1, STATE at its first request
    states: np.ndarray  # (T + 1,) u4, CRC-32 of STATE and masks
    observations: np.ndarray  # (T + 1,) u4, CRC-32 of both observations
    rewards: np.ndarray  # (T,) i1, of player 1, in quarters
    actions: np.ndarray  # (T, 2) u1


def read() -> tuple[list[Recorded], int]:
    """All battles, and how many of them, the first ones, are whole."""
    content = PATH.read_bytes()
    assert content.startswith(MAGIC)
    count, whole = (int(number) for number in np.frombuffer(content, "<u4", 2, len(MAGIC)))
    size, at, found = SPEC.state_bytes - HEADER_BYTES, len(MAGIC) + 8, []
    for _ in range(count):
        length = int.from_bytes(content[at : at + 4], "little")
        moments = 4 * (length + 1)
        ends = np.cumsum([at + 4, size, moments, moments, length, length])
        start, states, observations, rewards, pairs = (
            np.frombuffer(content[begin:end], dtype)
            for begin, end, dtype in zip(
                ends, ends[1:], ("u1", "<u4", "<u4", "i1", "u1"), strict=False
            )
        )
        actions = np.stack([pairs & 15, pairs >> 4], axis=1)
        found.append(Recorded(start, states, observations, rewards, actions))
        at = int(ends[-1])
    assert at == len(content)
    return found, whole
