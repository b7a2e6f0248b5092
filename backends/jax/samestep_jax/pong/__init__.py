"""Pong as PufferLib 3.0.0 plays it; docs/envs/pong.md is its page."""

from samestep_jax.pong.env import Pong, PongState, make_env

__all__ = ["Pong", "PongState", "make_env"]
