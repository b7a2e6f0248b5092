"""HalfCheetah-v5 as MuJoCo steps it; docs/envs/halfcheetah.md is its page."""

from samestep_jax.halfcheetah.env import HalfCheetah, HalfCheetahState, make_env

__all__ = ["HalfCheetah", "HalfCheetahState", "make_env"]
