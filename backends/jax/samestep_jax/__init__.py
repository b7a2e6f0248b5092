"""Environments as pure JAX functions that step the same as the ones they replace.

    env = samestep_jax.make("pong", frame_skip=8)
    state, obs = samestep_jax.reset_batch(env, 0, num_envs=4096)
    state, out = samestep_jax.step_batch(env, state, actions)

`step_batch` is compiled, and runs inside `jax.jit` and `jax.lax.scan` too. One instance is
`env.reset(key)` and `env.step(state, action)`, for `jax.vmap`. Nothing here needs a CPU, but it is
untested on a GPU.
"""

from samestep_jax.core.batch import (
    BatchState,
    BatchStep,
    acting_batch,
    export_state,
    import_state,
    legal_batch,
    reset_batch,
    reset_instances,
    step_batch,
)
from samestep_jax.core.spaces import Box, Discrete, check_actions
from samestep_jax.core.types import Env, Step
from samestep_jax.registry import make, names, register

__version__ = "0.1.0"

__all__ = [
    "BatchState",
    "BatchStep",
    "Box",
    "Discrete",
    "Env",
    "Step",
    "acting_batch",
    "check_actions",
    "export_state",
    "import_state",
    "legal_batch",
    "make",
    "names",
    "register",
    "reset_batch",
    "reset_instances",
    "step_batch",
]
