"""Pokemon Showdown in process under Node: one child, whole batches of battles a request."""

from references.pokemon.data.package import ShowdownMissingError
from references.pokemon.showdown.client import (
    BattleStart,
    NumberedTeam,
    Played,
    Showdown,
    ShowdownError,
    shared,
)

__all__ = [
    "BattleStart",
    "NumberedTeam",
    "Played",
    "Showdown",
    "ShowdownError",
    "ShowdownMissingError",
    "shared",
]
