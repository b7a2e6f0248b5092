"""Makes tables.json and the pools from the pinned Showdown.

`python -m references.pokemon.generate` needs Node and the package (see data/package.py).
`--check` writes nothing and exits with 1 when a file differs from what would be written.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from references.pokemon import pools
from references.pokemon.data import coverage, drawn, package, store, tabulate, validator

FOLDER = Path(__file__).resolve().parent
PACKAGE = f"pokemon-showdown {package.VERSION}"


def legality() -> dict[str, Any]:
    """What Showdown's validator accepts; half a minute."""
    script = FOLDER / "data/legality.js"
    return tabulate.legality(package.run_script(script, validator.WITHOUT_BANS))


def tables_text(legality: dict[str, Any]) -> bytes:
    """tables.json as it should be."""
    raw = package.run_script(FOLDER / "data/dump.js")
    content = {
        "tables": tabulate.tabulate(raw),
        "moves": [{"id": move["id"], "name": move["name"]} for move in raw["moves"]],
        "species": [{"id": one["id"], "name": one["name"]} for one in raw["species"]],
        "legality": legality,
    }
    return store.write(content, PACKAGE)


def pool_files() -> dict[Path, bytes]:
    """The three pools and their index."""
    made = {
        "random": drawn.random_pairs(),
        "ou": coverage.pairs(allow_banned=False),
        "coverage": coverage.pairs(allow_banned=True),
    }
    written = {pools.path(name): pools.write(pairs) for name, pairs in made.items()}
    return {**written, pools.INDEX: pools.index(written, PACKAGE)}


def stale(wanted: dict[Path, bytes], write: bool) -> list[str]:
    """The names of the files that differ from `wanted`, written if `write`."""
    names = []
    for path, content in wanted.items():
        if path.exists() and path.read_bytes() == content:
            continue
        names.append(str(path.relative_to(FOLDER)))
        if write:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            print(f"wrote {names[-1]}")
    return names


def main() -> int:
    """Write or check every file; the pools are made of the tables."""
    parser = argparse.ArgumentParser(prog="references.pokemon.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a file is stale")
    args = parser.parse_args()
    differing = stale({store.PATH: tables_text(legality())}, not args.check)
    if differing and not args.check:
        print("the tables changed: run it again for the pools, which are made of them")
        return 0
    differing += stale(pool_files(), not args.check)
    if args.check and differing:
        print(f"stale: {', '.join(differing)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
