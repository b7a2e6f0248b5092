"""What the peers on XLA have in common: programs are compiled once, and steps are awaited."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.baselines.cache import cache_dir
from harness.baselines.cheetah import actions_of
from harness.benching.job import CHUNK, Job
from harness.benching.ours import device_note

HIT = "/jax/compilation_cache/cache_hits"


class XlaRunner:
    """A batch that is stepped by one compiled program, (state, actions) -> (state, outputs)."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.compile_s = 0.0
        self.programs = 0
        self.state: Any = None
        self.step: Any = None
        keep_programs(job.threads)
        self.hits_before = hits().count

    def compiled(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The program for arguments like these; the seconds are added to `compile_s`."""
        import jax

        start = time.perf_counter()
        program = jax.jit(function).lower(*arguments).compile()
        self.compile_s += time.perf_counter() - start
        self.programs += 1
        return program

    def put_actions(self) -> list[Any]:
        """CHUNK times (N, 6) f32 on the device."""
        import jax

        return [jax.device_put(each) for each in actions_of(self.job, self.job.batch)]

    def note(self) -> str:
        """The accelerator, and whether a program was compiled by an earlier run."""
        cached = "compiled before" if hits().count - self.hits_before >= self.programs else ""
        return ", ".join(said for said in (device_note(), cached) if said)

    def measure(self, seconds: float) -> tuple[int, float]:
        """Step by step with drawn actions, each awaited."""
        import jax

        steps, count = 0, 0
        start = time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds:
            self.state, out = self.step(self.state, self.actions[count % CHUNK])
            jax.block_until_ready((self.state, out))
            steps += self.job.batch
            count += 1
        return steps, elapsed

    def close(self) -> None:
        """Let the state and the program go."""
        self.state = self.step = None
        self.actions: list[Any] = []


class _Hits:
    """Counts what was found in the cache of programs."""

    count = 0

    def __call__(self, event: str, **kwargs: str | int) -> None:
        self.count += event == HIT


@functools.cache
def hits() -> _Hits:
    """The one of this process."""
    import jax.monitoring

    hits = _Hits()
    jax.monitoring.register_event_listener(hits)
    return hits


def keep_programs(threads: int) -> None:
    """Keep compiled programs in the cache folder, for they take far longer than they are timed.

    A program for one core is none for two: each number of threads has a folder.
    """
    import jax

    folder = cache_dir() / "jax" / f"threads-{threads}"
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 1.0)


def key_of(seed: Any) -> Any:
    """A key of `jax.random`, old style, from a seed (an integer) or from two u32."""
    import jax
    import jax.numpy as jnp

    return jax.random.PRNGKey(seed) if jnp.ndim(seed) == 0 else jnp.asarray(seed, jnp.uint32)


def spread(tree: Any, batch: int) -> Any:
    """A batch of instances as one of another size: they are repeated from the first on."""
    import jax

    def repeated(leaf: Any) -> Any:
        return leaf[np.arange(batch) % len(leaf)]

    return jax.tree.map(repeated, tree)
