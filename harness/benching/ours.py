"""Runners of our own implementations."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import time
from typing import Any

import numpy as np

from harness import registry
from harness.baselines import Unavailable
from harness.benching import one_step, tape, trace
from harness.benching.drawing import draw, draw_actions, pick
from harness.benching.job import CHUNK, PRECISION, Job, Ready, Refused
from harness.benching.tape import Tape
from harness.implementations import Batch, make_batch
from references.contract import EnvSpec

REFERENCE_BATCH = 32  # the reference's rate does not depend on it; larger ones only take longer


def frame_skip_of(job: Job) -> int:
    """Frames of one step, 1 where an environment has none."""
    entry = registry.get(job.env)
    params = entry.spec.check_params(job.params)
    if entry.frames:
        module, name = entry.frames.split(":")
        return int(getattr(importlib.import_module(module), name)(params))
    return int(params.get("frame_skip", 1))


def precision_of(spec: EnvSpec, params: dict[str, Any]) -> str:
    """Of a backend: by the parameter `double_precision`, or else by the floats of STATE."""
    double = spec.check_params(params).get("double_precision")
    return reference_precision(spec) if double is None else "f64" if double else PRECISION


def reference_precision(spec: EnvSpec) -> str:
    """f64 where STATE has floats of 8 bytes."""
    return "f64" if any(field.dtype == "f8" for field in spec.state) else PRECISION


class Ours:
    """What our runners have in common: draws, and the check against the reference's trace."""

    def __init__(self, job: Job, batch: int) -> None:
        self.job = job
        self.batch = batch
        self.entry = registry.get(job.env)

    def make(self) -> Batch:
        """What is measured, behind the interface that it is verified by."""
        job = self.job
        return make_batch(self.entry, job.impl, self.batch, job.params, job.threads)

    def check(self, batch: Batch, expected: str) -> str:
        """Step as the reference did, at the measured batch size and threads."""
        if self.entry.spec.exact:
            return "ok: " + trace.check(batch, trace.Trace.load(expected))
        steps = one_step.Steps.load(expected)
        return "ok: " + one_step.check(batch, self.entry, self.job.params, steps)

    def tape(self, batch: Batch, varies: bool) -> Tape:
        """Steps of the measured batch; see tape.py."""
        return tape.record(batch, self.entry, self.job.params, self.job.seed, varies)

    def ready(self, check: str, build: str = "release", compile_s: float = 0.0) -> Ready:
        """What all of them say of themselves."""
        precision = precision_of(self.entry.spec, self.job.params)
        frame_skip = frame_skip_of(self.job)
        note = self.entry.bench_notes.get(self.job.impl, "")
        return Ready(self.batch, check, build, compile_s, frame_skip, note, precision)


class BatchRunner(Ours):
    """Any implementation, stepped through the interface that it is verified by."""

    def __init__(self, job: Job, batch: int = 0) -> None:
        super().__init__(job, batch or job.batch)
        self.draws = draw(self.entry.spec, job.params, CHUNK, self.batch, job.seed)

    def prepare(self, expected: str) -> Ready:
        """Replay the trace; the reference does too, which shows that it is deterministic."""
        self.envs = self.make()
        check = self.check(self.envs, expected)
        self.envs.reset(self.job.seed)
        self.legal = self.envs.legal()
        self.decisions = tape.decisions(self.envs.acting(), self.batch)
        # Picked beforehand for steps in which every action is legal.
        everything = None if self.legal is None else np.ones(self.legal.shape[-1:], np.bool_)
        self.actions = pick(self.draws, everything)
        return self.ready(check)

    def measure(self, seconds: float) -> tuple[int, float]:
        """Step by step."""
        steps, count = 0, 0
        start = time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds:
            step = self.envs.step(self._actions(count % CHUNK))
            steps += self.decisions
            self.legal, self.decisions = step.legal, tape.decisions(step.acting, self.batch)
            count += 1
        return steps, elapsed

    def close(self) -> None:
        """Release the batch."""
        if hasattr(self, "envs"):
            self.envs.close()

    def _actions(self, index: int) -> np.ndarray:
        free = self.legal is None or bool(self.legal.all())
        actions: np.ndarray = self.actions[index] if free else pick(self.draws[index], self.legal)
        return actions


class ReferenceRunner(BatchRunner):
    """The reference, a small batch of it."""

    def __init__(self, job: Job) -> None:
        super().__init__(job, min(job.batch, REFERENCE_BATCH))

    def ready(self, check: str, build: str = "release", compile_s: float = 0.0) -> Ready:
        """It computes in STATE's precision, whatever the parameters make of its outputs."""
        ready = super().ready(check, build, compile_s)
        return ready._replace(precision=reference_precision(self.entry.spec))


class RustRunner(Ours):
    """`samestep_rust`, called from Python with buffers made once."""

    def __init__(self, job: Job) -> None:
        super().__init__(job, job.batch)
        self.rust = import_rust()

    def prepare(self, expected: str) -> Ready:
        """Check, then make the batch that is measured."""
        job, spec = self.job, self.entry.spec
        batch = self.make()
        check = self.check(batch, expected)
        self.core = self.rust.Batch(job.env, self.batch, job.threads, job.params)
        self.restart: np.ndarray | None = None
        if self.core.info()["legal_varies"]:
            recorded = self.tape(batch, varies=True)
            self.restart, self.actions = recorded.start, recorded.actions
            self.decisions = int(recorded.decisions.sum())
        else:
            self.actions = draw_actions(spec, job.params, CHUNK, self.batch, job.seed)
            self.decisions = CHUNK * self.batch * spec.under(job.params).num_players
        obs = batch.reset(job.seed)
        self.buffers: tuple[Any, ...] = batch.step(self.actions[0])
        batch.close()
        self.core.reset(job.seed, obs, None)
        self.measure(0.05)
        return self.ready(check, self.rust.build_profile())

    def measure(self, seconds: float) -> tuple[int, float]:
        """`step_into` with known actions; the clock is read once a chunk, and stops to restart."""
        step_into, actions, buffers = self.core.step_into, self.actions, self.buffers
        steps, elapsed = 0, 0.0
        while elapsed < seconds:
            if self.restart is not None:
                self.core.import_state(self.restart)
            start = time.perf_counter()
            for action in actions:
                step_into(action, *buffers)
            elapsed += time.perf_counter() - start
            steps += self.decisions
        return steps, elapsed

    def close(self) -> None:
        """Close the batch."""
        if hasattr(self, "core"):
            self.core.close()


class UnobservedRunner(RustRunner):
    """The same without observations: what the rules and the masks alone take."""

    def __init__(self, job: Job) -> None:
        super().__init__(dataclasses.replace(job, impl="rust"))

    def prepare(self, expected: str) -> Ready:
        """As for `rust`, whose check it takes; then the observations are left out."""
        ready = super().prepare(expected)
        self.buffers = (None, *self.buffers[1:])
        return ready._replace(note="writes no observations")


class ScanRunner(Ours):
    """A functional face under `jit(scan)`: the pure JAX backend, or Rust through XLA's FFI.

    Actions are drawn beforehand; observations and rewards are reduced inside the scan, so that
    each is computed and none is stored.
    """

    def __init__(self, job: Job) -> None:
        super().__init__(job, job.batch)
        self.face = import_ffi() if job.impl == "rust-ffi" else import_jax()

    def prepare(self, expected: str) -> Ready:
        """Compile apart from the measurement, check, warm up."""
        import jax

        job = self.job
        build = import_rust().build_profile() if job.impl == "rust-ffi" else "release"
        batch = self.make()  # also makes rules known to samestep_jax that are not its own
        check = self.check(batch, expected)
        env = self.face.make(job.env, **job.params)
        fresh = self.face.reset_batch(env, job.seed, self.batch)[0]
        varies = _masks_vary(self.face, env, fresh)
        recorded = self.tape(batch, varies)
        batch.close()
        self.on_device = jax.device_put(recorded.actions)
        chunk = jax.jit(functools.partial(_chunk, self.face, env), donate_argnums=0)
        start = time.perf_counter()
        self.compiled: Any = chunk.lower(fresh, self.on_device).compile()
        compile_s = time.perf_counter() - start
        begin = self.face.import_state(env, fresh, recorded.start)
        self._check_compiled(env, begin, recorded)
        self.decisions = int(recorded.decisions.sum())
        self.restart = begin if varies else None
        self.state = fresh
        self.measure(0.05)
        ready = self.ready(check, build, compile_s)
        return ready._replace(note=", ".join(said for said in (ready.note, _note(env)) if said))

    def measure(self, seconds: float) -> tuple[int, float]:
        """Chunk by chunk, each awaited; the clock stops to restart."""
        import jax

        steps, elapsed = 0, 0.0
        while elapsed < seconds:
            if self.restart is not None:
                self.state = jax.block_until_ready(_copy(self.restart))
            start = time.perf_counter()
            self.state, sums = self.compiled(self.state, self.on_device)
            sums[1].block_until_ready()
            elapsed += time.perf_counter() - start
            steps += self.decisions
        return steps, elapsed

    def close(self) -> None:
        """Nothing is held."""

    def _check_compiled(self, env: Any, begin: Any, recorded: Tape) -> None:
        """The program that is timed is another than the check's: hold it against the tape."""
        end, (obs, rewards) = self.compiled(_copy(begin), self.on_device)
        rows = np.asarray(self.face.export_state(env, end))
        tape.compare(recorded, rows, obs, rewards, self.entry.spec)


def _chunk(face: Any, env: Any, state: Any, actions: Any) -> tuple[Any, Any]:
    """CHUNK steps: the state after them, and a step's sums."""
    import jax

    def body(state: Any, action: Any) -> tuple[Any, Any]:
        state, step = face.step_batch(env, state, action)
        # Down to scalars, which XLA has fast kernels for: a sum over the batch alone takes six
        # times as long. Flags decide the next state, so no compiler can leave them out.
        return state, (step.obs.sum(), step.reward.sum())

    return jax.lax.scan(body, state, actions)


def device_note() -> str:
    """The accelerator that JAX runs on, empty for the CPU."""
    import jax

    return "" if jax.default_backend() == "cpu" else f"on {jax.devices()[0].device_kind}"


def _note(env: Any) -> str:
    """What a reader must know: the accelerator, and where a solver is cut off."""
    limit = getattr(env, "solver_iterations", None)
    cap = "" if limit is None else f"at most {limit} solver iterations a substep"
    return ", ".join(said for said in (device_note(), cap) if said)


def _copy(state: Any) -> Any:
    """A state that can be donated while this one is kept."""
    import jax
    import jax.numpy as jnp

    return jax.tree.map(jnp.copy, state)


def _masks_vary(face: Any, env: Any, state: Any) -> bool:
    """Whether masks of legal actions depend on the state, as the traced program has it."""
    import jax

    if hasattr(env, "legal_varies"):
        return bool(env.legal_varies)
    traced = jax.make_jaxpr(functools.partial(face.legal_batch, env))(state).jaxpr
    dependent = {id(variable) for variable in traced.invars}
    for equation in traced.eqns:
        if any(id(variable) in dependent for variable in equation.invars):
            dependent.update(id(variable) for variable in equation.outvars)
    return any(id(variable) in dependent for variable in traced.outvars)


def import_rust() -> Any:
    """`samestep_rust`, unless it is a debug build."""
    rust = _import("samestep_rust")
    if rust.build_profile() == "debug":
        raise Refused("samestep_rust is a debug build, whose speed says nothing: make setup")
    return rust


def import_ffi() -> Any:
    """`samestep_rust.ffi`, unless it is a debug build."""
    import_rust()
    return _import("samestep_rust.ffi")


def import_jax() -> Any:
    """`samestep_jax`."""
    return _import("samestep_jax")


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Unavailable(f"{name} is not installed ({error}): make setup") from None
