"""Runners of our own implementations."""

from __future__ import annotations

import functools
import importlib
import time
from typing import Any

from harness import registry
from harness.baselines import Unavailable
from harness.benching import trace
from harness.benching.job import CHUNK, Job, Ready, Refused
from harness.implementations import make_batch

REFERENCE_BATCH = 32  # the reference's rate does not depend on it; larger ones only take longer


def frame_skip_of(job: Job) -> int:
    """Frames of one step, 1 where an environment has no such parameter."""
    params = registry.get(job.env).spec.check_params(job.params)
    return int(params.get("frame_skip", 1))


class _Ours:
    """What our runners have in common: drawn actions, and the check against the trace."""

    def __init__(self, job: Job, batch: int) -> None:
        self.job = job
        self.batch = batch
        self.entry = registry.get(job.env)
        self.actions = trace.draw_actions(self.entry.spec, job.params, CHUNK, batch, job.seed)

    def check(self, expected: str) -> str:
        """Replay the reference's trace at the measured batch size and threads."""
        job = self.job
        batch = make_batch(self.entry, job.impl, self.batch, job.params, job.threads)
        try:
            return "ok: " + trace.check(batch, trace.Trace.load(expected))
        finally:
            batch.close()


class BatchRunner(_Ours):
    """Any implementation, stepped through the interface that it is verified by."""

    def __init__(self, job: Job, batch: int = 0) -> None:
        super().__init__(job, batch or job.batch)

    def prepare(self, expected: str) -> Ready:
        """Replay the trace; the reference does too, which shows that it is deterministic."""
        job = self.job
        check = self.check(expected)
        self.envs = make_batch(self.entry, job.impl, self.batch, job.params, job.threads)
        self.envs.reset(job.seed)
        return Ready(self.batch, check, "release", 0.0, frame_skip_of(job))

    def measure(self, seconds: float) -> tuple[int, float]:
        """Step by step."""
        steps, chunk = 0, 0
        start = time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds:
            steps += len(self.envs.step(self.actions[chunk % CHUNK]).reward)
            chunk += 1
        return steps, elapsed

    def close(self) -> None:
        """Release the batch."""
        if hasattr(self, "envs"):
            self.envs.close()


class ReferenceRunner(BatchRunner):
    """The reference, a small batch of it."""

    def __init__(self, job: Job) -> None:
        super().__init__(job, min(job.batch, REFERENCE_BATCH))


class RustRunner(_Ours):
    """`samestep_rust`, called from Python with buffers made once."""

    def __init__(self, job: Job) -> None:
        super().__init__(job, job.batch)
        self.rust = _import_rust()

    def prepare(self, expected: str) -> Ready:
        """Check, then make the batch that is measured."""
        job = self.job
        check = self.check(expected)
        sized = make_batch(self.entry, "rust", self.batch, job.params)
        obs = sized.reset(job.seed)
        self.buffers = sized.step(self.actions[0])
        sized.close()
        self.core = self.rust.Batch(job.env, self.batch, job.threads, job.params)
        self.core.reset(job.seed, obs, None)
        self.measure(0.05)
        return Ready(self.batch, check, self.rust.build_profile(), 0.0, frame_skip_of(job))

    def measure(self, seconds: float) -> tuple[int, float]:
        """`step_into` with drawn actions; the clock is read once a chunk."""
        step_into, actions, buffers = self.core.step_into, self.actions, self.buffers
        steps = 0
        start = time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds:
            for action in actions:
                step_into(action, *buffers)
                steps += len(buffers.reward)
        return steps, elapsed

    def close(self) -> None:
        """Close the batch."""
        if hasattr(self, "core"):
            self.core.close()


class ScanRunner(_Ours):
    """A functional face under `jit(scan)`: the pure JAX backend, or Rust through XLA's FFI.

    Actions are drawn beforehand; observations and rewards are reduced inside the scan, so that
    each is computed and none is stored.
    """

    def __init__(self, job: Job) -> None:
        super().__init__(job, job.batch)
        self.face = _import_ffi() if job.impl == "rust-ffi" else _import_jax()

    def prepare(self, expected: str) -> Ready:
        """Compile apart from the measurement, check, warm up."""
        import jax

        job = self.job
        build = _import_rust().build_profile() if job.impl == "rust-ffi" else "release"
        env = self.face.make(job.env, **job.params)
        chunk = jax.jit(functools.partial(_chunk, self.face, env), donate_argnums=0)
        state = self.face.reset_batch(env, job.seed, self.batch)[0]
        self.on_device = jax.device_put(self.actions)
        start = time.perf_counter()
        self.compiled: Any = chunk.lower(state, self.on_device).compile()
        compile_s = time.perf_counter() - start
        check = self.check(expected)
        self.state = state
        self.measure(0.05)
        note = "" if jax.default_backend() == "cpu" else f"on {jax.devices()[0].device_kind}"
        return Ready(self.batch, check, build, compile_s, frame_skip_of(job), note)

    def measure(self, seconds: float) -> tuple[int, float]:
        """Chunk by chunk, each awaited."""
        steps = 0
        start = time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds:
            self.state, sums = self.compiled(self.state, self.on_device)
            rewards = sums[1].block_until_ready()
            steps += rewards.shape[0] * self.batch
        return steps, elapsed

    def close(self) -> None:
        """Nothing is held."""


def _chunk(face: Any, env: Any, state: Any, actions: Any) -> tuple[Any, Any]:
    """CHUNK steps: the state after them, and a step's sums."""
    import jax

    def body(state: Any, action: Any) -> tuple[Any, Any]:
        state, step = face.step_batch(env, state, action)
        # Down to scalars, which XLA has fast kernels for: a sum over the batch alone takes six
        # times as long. Flags decide the next state, so no compiler can leave them out.
        return state, (step.obs.sum(), step.reward.sum())

    return jax.lax.scan(body, state, actions)


def _import_rust() -> Any:
    rust = _import("samestep_rust")
    if rust.build_profile() == "debug":
        raise Refused("samestep_rust is a debug build, whose speed says nothing: make setup")
    return rust


def _import_ffi() -> Any:
    _import_rust()
    return _import("samestep_rust.ffi")


def _import_jax() -> Any:
    return _import("samestep_jax")


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Unavailable(f"{name} is not installed ({error}): make setup") from None
