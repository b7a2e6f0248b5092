"""Gen 1's tables, taken from Pokémon Showdown's data by `generate.py` and kept in tables.json.

The file's notice says whose they are. Reading it needs neither Node nor the package.
"""

from __future__ import annotations

from typing import Any

from references.pokemon.data import store


def _flat(tables: dict[str, Any]) -> dict[str, int | tuple[int, ...]]:
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in tables.items()
    }


_CONTENT = store.read()
CONSTANTS: dict[str, int | tuple[int, ...]] = _flat(_CONTENT["tables"])
"""What spec.py passes on to the generated constants of Rust and JAX."""
MOVE_IDS: tuple[str, ...] = ("", *(move["id"] for move in _CONTENT["moves"]))
MOVE_NAMES: tuple[str, ...] = ("", *(move["name"] for move in _CONTENT["moves"]))
SPECIES_IDS: tuple[str, ...] = ("", *(one["id"] for one in _CONTENT["species"]))
SPECIES_NAMES: tuple[str, ...] = ("", *(one["name"] for one in _CONTENT["species"]))
LOWEST_LEVELS: tuple[dict[int, int], ...] = tuple(
    dict(map(tuple, rows)) for rows in _CONTENT["legality"]["learns"]
)
"""By species: the moves that it may have, and the lowest level it can have each at."""
IMPOSSIBLE_PAIRS: frozenset[tuple[int, int, int]] = frozenset(
    (species, first, second) for species, first, second in _CONTENT["legality"]["impossible_pairs"]
)
"""(species, move, move), the lower move number first: never both on one Pokémon."""
BANNED_SPECIES: frozenset[int] = frozenset(_CONTENT["legality"]["banned_species"])
BANNED_MOVES: frozenset[int] = frozenset(_CONTENT["legality"]["banned_moves"])
"""What gen1ou bans: Mewtwo and Mew; Dig, Fly, moves that raise evasion, one-hit knock-outs."""
