"""Writes battles of Showdown's as `cargo test` plays them again.

python backends/rust/envs/pokemon/tests/battles/make.py OUT EACH TRACE...

Each TRACE is what `python -m references.pokemon.trace` writes; EACH is the number of battles taken
from it. Little-endian: "GEN1PLAY", u4 battles; of each u4 commits T, STATE at its first request,
then for each of T + 1 moments the CRC-32 of STATE and both masks, then for each of T commits one
byte: player 1's action, and 16 times player 2's.
"""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path

import numpy as np

from references.contract import HEADER_BYTES
from references.pokemon import trace
from references.pokemon.showdown.client import Played

MAGIC = b"GEN1PLAY"


def packed(battle: Played) -> bytes:
    """One battle."""
    states = np.ascontiguousarray(battle.rows[:, HEADER_BYTES:])
    masks = battle.masks.astype(np.uint8)
    moments = zip(states, masks, strict=True)
    sums = [zlib.crc32(state.tobytes() + mask.tobytes()) for state, mask in moments]
    actions = battle.actions[:, 0] | battle.actions[:, 1] << 4
    return b"".join(
        (
            struct.pack("<I", len(actions)),
            states[0].tobytes(),
            np.array(sums, "<u4").tobytes(),
            actions.astype(np.uint8).tobytes(),
        )
    )


def main(out: str, each: str, *files: str) -> None:
    """Write `out`."""
    battles = [packed(battle) for file in files for battle in trace.read(Path(file))[: int(each)]]
    Path(out).write_bytes(MAGIC + struct.pack("<I", len(battles)) + b"".join(battles))
    print(f"{len(battles)} battles in {out}")


if __name__ == "__main__":
    main(*sys.argv[1:])
