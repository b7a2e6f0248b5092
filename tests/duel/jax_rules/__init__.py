"""Duel's rules in JAX."""

from tests.duel.jax_rules.env import Duel, make_env

__all__ = ["Duel", "make_env"]
