"""Pokemon battles of generation 1 as Showdown 0.11.11 plays them; docs/envs/pokemon.md."""

from samestep_jax.pokemon.env import Pokemon, make_env
from samestep_jax.pokemon.layouts import from_metamon, metamon_mask, to_metamon
from samestep_jax.pokemon.state import PokemonState

__all__ = ["Pokemon", "PokemonState", "from_metamon", "make_env", "metamon_mask", "to_metamon"]
