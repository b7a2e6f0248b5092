"""Whole battles on Showdown as a file: `python -m references.pokemon.trace OUT --battles 100`.

What a backend replays without Node. Little-endian: magic, u4 layout id, u4 row bytes, u4 number
of battles; then of each battle u4 T, the T + 1 rows (headers zero) and T + 1 masks (2, 10) of u1,
both beginning with the battle's start, and the T pairs of actions of u1.
"""

from __future__ import annotations

import argparse
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from references.pokemon import pools, spec
from references.pokemon.rules import numbered
from references.pokemon.showdown import (
    BattleStart,
    Played,
    Showdown,
    ShowdownError,
    ShowdownMissingError,
)
from references.threefry import threefry2x32

MAGIC = b"GEN1TRCE"
HEAD = struct.Struct("<8sIII")
POLICIES = ("random", "fighter", "greedy", "switcher")
BATCH = 25  # battles a request: a few MB


def start(pool: np.ndarray, format: int, seed: int, index: int) -> BattleStart:
    """Battle `index` of a series: its pair of teams and its seed follow from both numbers."""
    pair, _ = threefry2x32((seed, format), (index, 0))
    first, second = pool[pair * len(pool) >> 32]
    words = threefry2x32((seed, format), (index, 1))
    return BattleStart(format, (numbered(first), numbered(second)), words)


def battles(
    showdown: Showdown, format: int, seed: int, indices: Sequence[int], limit: int | None = None
) -> Iterator[Played]:
    """The battles of a series with these indices, under policies that change from one to the next.

    Every index has its own teams, seed, policies and choices, whatever others are played beside it.
    """
    pool = pools.load(format)
    for at in range(0, len(indices), BATCH):
        chunk = indices[at : at + BATCH]
        dice = [threefry2x32((seed, format), (index, 2)) for index in chunk]
        yield from showdown.play(
            [start(pool, format, seed, index) for index in chunk],
            [(POLICIES[die[0] & 3], POLICIES[die[0] >> 2 & 3]) for die in dice],
            [die[1] for die in dice],
            limit=limit,
        )


def write(path: Path, played: Sequence[Played]) -> None:
    """Write battles to a trace file."""
    with path.open("wb") as file:
        file.write(HEAD.pack(MAGIC, spec.SPEC.layout_id, spec.SPEC.state_bytes, len(played)))
        for battle in played:
            file.write(struct.pack("<I", len(battle.actions)))
            file.write(battle.rows.tobytes())
            file.write(battle.masks.astype(np.uint8).tobytes())
            file.write(battle.actions.astype(np.uint8).tobytes())


def read(path: Path) -> list[Played]:
    """The battles of a trace file.

    Raises:
        ValueError: if it is none, of another layout, or cut off.
    """
    content = path.read_bytes()
    if len(content) < HEAD.size or not content.startswith(MAGIC):
        raise ValueError(f"{path} is no trace: it does not begin with {MAGIC.decode()}")
    _, layout, row_bytes, number = HEAD.unpack_from(content)
    if (layout, row_bytes) != (spec.SPEC.layout_id, spec.SPEC.state_bytes):
        raise ValueError(
            f"{path} has layout {layout:#010x}; this version has {spec.SPEC.layout_id:#010x}"
        )
    at = HEAD.size
    played: list[Played] = []
    for _ in range(number):
        head = content[at : at + 4]
        length = int.from_bytes(head, "little")
        rows, masks = (length + 1) * row_bytes, (length + 1) * 20
        end = at + 4 + rows + masks + 2 * length
        if len(head) < 4 or end > len(content):
            raise ValueError(f"{path} is cut off after {len(played)} of {number} battles")
        data = np.frombuffer(content[at + 4 : end], np.uint8)
        played.append(
            Played(
                data[rows + masks :].reshape(-1, 2),
                data[:rows].reshape(-1, row_bytes),
                data[rows : rows + masks].reshape(-1, 2, 10).view(np.bool_),
            )
        )
        at = end
    return played


def main() -> int:
    parser = argparse.ArgumentParser(prog="references.pokemon.trace", description=__doc__)
    parser.add_argument("out", type=Path, help="the file to write")
    parser.add_argument("--format", type=int, default=0, choices=(0, 1, 2), help="pool of teams")
    parser.add_argument("--battles", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="index of the first battle")
    parser.add_argument("--limit", type=int, default=None, help="most commits a battle")
    args = parser.parse_args()
    try:
        showdown = Showdown()
        indices = range(args.first, args.first + args.battles)
        played = list(battles(showdown, args.format, args.seed, indices, args.limit))
        showdown.close()
    except (ShowdownError, ShowdownMissingError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    write(args.out, played)
    commits = sum(len(battle.actions) for battle in played)
    print(f"{args.out}: {len(played)} battles, {commits} commits")
    return 0


if __name__ == "__main__":
    sys.exit(main())
