"""Generation 1 battles' reference: Pokemon Showdown itself, in process under Node."""

from references.pokemon.rules import Pokemon
from references.pokemon.spec import SPEC

__all__ = ["SPEC", "Pokemon"]
