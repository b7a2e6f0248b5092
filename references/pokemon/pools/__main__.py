"""`python -m references.pokemon.pools make OUT FILE...`: a pool of one's own teams.

OUT is what the parameter `teams` takes. Every FILE has one team or several, in Showdown's text or
packed format; they are judged as for gen1ou. Every team meets every team, itself too, in both
orders, unless --pairs says how many pairs to draw.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from references.pokemon.pools import read
from references.pokemon.pools.own import make


def main(arguments: list[str] | None = None) -> int:
    """Write the file, or say in one line what is wrong."""
    parser = argparse.ArgumentParser(prog="references.pokemon.pools", description=__doc__)
    command = parser.add_subparsers(dest="command", required=True).add_parser("make")
    command.add_argument("out", type=Path, help="the pool file to write")
    command.add_argument("files", type=Path, nargs="+", help="text files of teams")
    command.add_argument("--pairs", type=int, default=0, help="draw so many; 0: all of them")
    command.add_argument("--seed", type=int, default=0, help="of the draw")
    command.add_argument("--no-bans", action="store_true", help="allow what gen1ou bans")
    args = parser.parse_args(arguments)
    try:
        content = make(args.files, not args.no_bans, args.pairs, args.seed)
        args.out.write_bytes(content)
    except OSError as error:
        print(f"{args.out}: {error.strerror}; accepted: a file to write", file=sys.stderr)
        return 1
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"wrote {args.out}: {len(read(content))} pairs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
