"""Writes battles of Showdown's as `cargo test` and JAX's tests play them again.

PYTHONPATH=. python backends/rust/envs/pokemon/tests/battles/make.py [EACH TRACE...]

Showdown plays what showdown.battles has once more, EACH of the battles of each TRACE, which
`python -m references.pokemon.trace` writes, and the situations of tests/pokemon/situations.py.

Little-endian: "GEN1PLAY", u4 battles, u4 of them whole, which come first. Of each battle: u4
commits T; STATE at its first request; a u4 for each of T + 1 moments, the CRC-32 of STATE and both
masks; as many again, the CRC-32 of both observations with full information as i2; an i1 for each of
T commits, player 1's reward in quarters where a Pokemon that faints is worth one; and a u1 each,
player 1's action and 16 times player 2's.
"""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from references.contract import HEADER_BYTES
from references.pokemon import SPEC, observation, trace
from references.pokemon.rules import OUTCOMES
from references.pokemon.showdown import Played, Showdown
from tests.pokemon import recorded, situations

FORMAT = 1  # one set of rules for all


def packed(battle: Played) -> bytes:
    """One battle."""
    fields = np.ascontiguousarray(battle.rows).view(SPEC.row_dtype)[:, 0]
    states = np.ascontiguousarray(battle.rows[:, HEADER_BYTES:])
    masks = battle.masks.astype(np.uint8)
    moments = zip(states, masks, strict=True)
    sums = [zlib.crc32(state.tobytes() + mask.tobytes()) for state, mask in moments]
    observed = observation.observe(fields, full=True).astype("<i2")
    observations = [zlib.crc32(both.tobytes()) for both in observed]
    return b"".join(
        (
            struct.pack("<I", len(battle.actions)),
            states[0].tobytes(),
            np.array(sums, "<u4").tobytes(),
            np.array(observations, "<u4").tobytes(),
            rewards(fields).astype(np.int8).tobytes(),
            (battle.actions[:, 0] | battle.actions[:, 1] << 4).astype(np.uint8).tobytes(),
        )
    )


def rewards(fields: np.ndarray) -> np.ndarray:
    """Player 1's in quarters, (T,), of T + 1 moments."""
    standing = (fields["hp"] > 0).sum(2)
    fallen = standing[:-1] - standing[1:]
    won = np.array([OUTCOMES[int(winner)][0] for winner in fields["winner"][1:]])
    return np.asarray(4 * won + fallen[:, 1] - fallen[:, 0])


def again(showdown: Showdown) -> Iterator[Played]:
    """The whole battles of the file as Showdown plays them now."""
    battles, whole = recorded.read()
    for battle in battles[:whole]:
        row = np.concatenate([np.zeros(HEADER_BYTES, np.uint8), battle.start])
        yield from showdown.play_rows(FORMAT, row[None], [battle.actions])


def main(each: str = "0", *files: str) -> None:
    """Write the file anew."""
    showdown = Showdown()
    whole = list(again(showdown))
    whole += [battle for file in files for battle in trace.read(Path(file))[: int(each)]]
    begun = list(situations.played(showdown))
    showdown.close()
    head = recorded.MAGIC + struct.pack("<II", len(whole) + len(begun), len(whole))
    recorded.PATH.write_bytes(head + b"".join(packed(battle) for battle in (*whole, *begun)))
    print(f"{len(whole)} whole battles and {len(begun)} others in {recorded.PATH}")


if __name__ == "__main__":
    main(*sys.argv[1:])
