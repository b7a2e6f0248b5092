"""Fast RL environments in Rust that step the same as the ones they replace.

`make_vec` gives a Gymnasium vector environment. `Batch` is what is below it: a whole batch steps
in one call into arrays that the caller owns. Adapters with needs of their own are modules to
import: `samestep_rust.sb3` (Stable-Baselines3), `samestep_rust.puffer` (PufferLib) and
`samestep_rust.ffi` (inside `jax.jit`).
"""

from samestep_rust._core import Batch, available_isas, build_profile, env_names, threefry2x32
from samestep_rust.vector_env import RustVectorEnv, make_vec

__all__ = [
    "Batch",
    "RustVectorEnv",
    "available_isas",
    "build_profile",
    "env_names",
    "make_vec",
    "threefry2x32",
]
