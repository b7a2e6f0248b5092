"""PPO over one implementation, in a worker: whole updates, and where their time goes."""

from __future__ import annotations

import importlib
import time
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from harness import registry
from harness.baselines import BASELINES
from harness.baselines.xla import hits, keep_programs
from harness.benching import ours
from harness.benching.job import CheckFailed, Job, Ready
from harness.benching.tape import INEXACT_STEPS, SUM_ERROR
from harness.benching.trace import move_to_scene
from harness.implementations import Batch
from ppo.envs import HostEnv, Layout, layout_of, make_env
from ppo.loops import FusedLoop, Loop, make_loop
from ppo.ppo import Agent, Args

WIDTH_STEP = 8
"""Units that a hidden layer has a multiple of, as vector instructions like it."""
KEPT = ("width", "layers", "num_steps", "update_epochs", "num_minibatches")
"""What is told of how it learns."""


class PpoRunner:
    """Training as `make train` does it, with another number of parameters and steps."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.entry = registry.get(job.env)
        self.loop: Loop | None = None
        self.updates = 0

    def prepare(self, expected: str) -> Ready:
        """Check what is stepped, compile, and do the first update."""
        job = self.job
        layout = layout_of(self.entry, job.params)
        is_ours = job.impl not in self.entry.baselines
        if is_ours:
            checked, batch = self._check_ours(expected)
        else:
            checked, batch = self._check_baseline(expected), None
        agent = agent_for(self.entry, job, layout)
        before = hits().count
        env = make_env(self.entry, job.impl, job.batch, job.params)
        self.loop = loop = make_loop(agent, env)
        if batch is not None and isinstance(loop, FusedLoop):
            check_rollout(self.entry, loop, batch)
        loop.prepare_split()
        self._update()
        cached = ["compiled before"] if hits().count > before else []
        if batch is not None:
            batch.close()
        said = [checked.note, *self._notes(), *cached]
        return checked._replace(
            batch=job.batch,
            compile_s=loop.compile_s,
            note=", ".join(text for text in said if text),
            training=told(agent, loop),
        )

    def measure(self, seconds: float) -> tuple[int, float]:
        """Whole updates: environment steps, and seconds with all that training does."""
        assert self.loop is not None
        steps, start = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds:
            self._update()
            steps += self.job.batch * self.job.training["num_steps"]
        return steps, elapsed

    def split(self) -> dict[str, float]:
        """Seconds of an update: environment, inference, update."""
        assert self.loop is not None
        return self.loop.split()._asdict()

    def close(self) -> None:
        """Release the environment and the network."""
        if self.loop is not None:
            self.loop.close()
            self.loop = None

    def _update(self) -> None:
        assert self.loop is not None
        self.loop.update(self.updates)
        self.updates += 1

    def _check_ours(self, expected: str) -> tuple[Ready, Batch]:
        """As in KIND=random, at the same batch size: what it says, and the checked batch."""
        job = replace(self.job, impl="rust-ffi" if self.job.impl == "rust" else self.job.impl)
        if job.impl == "rust-ffi":
            ours.import_ffi()  # refuses a debug build
        elif job.impl == "jax":
            ours.import_jax()
        runner = ours.Ours(job, job.batch)
        batch = runner.make()
        ready = runner.ready(runner.check(batch, expected))
        if job.impl == "reference":
            ready = ready._replace(precision=ours.reference_precision(self.entry.spec))
        return ready, batch

    def _check_baseline(self, expected: str) -> Ready:
        """As in KIND=random: by its own runner, which is closed again."""
        job = self.job
        module, name = BASELINES[job.impl].factory.split(":")
        if BASELINES[job.impl].on_xla:
            keep_programs(job.threads)
        imported = importlib.import_module(module)
        reason = getattr(imported, "NOT_COMPARABLE", "")
        if reason:
            return Ready(job.batch, reason, "release", 0.0, ours.frame_skip_of(job))
        runner = getattr(imported, name)(job)
        try:
            ready: Ready = runner.prepare(expected)
        finally:
            runner.close()
        return ready if not BASELINES[job.impl].on_xla else ready._replace(note="")

    def _notes(self) -> list[str]:
        notes = [ours.device_note()]
        if self.job.impl in self.entry.baselines:
            module = importlib.import_module(BASELINES[self.job.impl].factory.split(":")[0])
            notes.append(getattr(module, "TRAINING_NOTE", ""))
        return notes


def agent_for(entry: registry.Entry, job: Job, layout: Layout) -> Agent:
    """A policy and value with a common trunk, about as large as the job says.

    All else is as the environment's registry entry has it for training.
    """
    own = {**entry.training, "env": job.env, "backend": job.impl, "params": job.params}
    own |= {name: job.training[name] for name in ("num_steps", "layers")}
    own |= {"num_envs": job.batch, "shared": True, "num_seeds": 1, "seed": job.seed}

    def of(units: int) -> Agent:
        return Agent(Args(**{**own, "width": units * WIDTH_STEP}), layout)

    target = job.training["parameters"]
    low, high = 1, 2
    while parameters(of(high)) < target:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if parameters(of(middle)) < target else (low, middle)
    return min(of(low), of(high), key=lambda agent: abs(parameters(agent) - target))


def parameters(agent: Agent) -> int:
    """Numbers that are learned; none of them is made."""
    weights = jax.eval_shape(agent.learned, np.uint32(0)).weights
    return sum(leaf.size for leaf in jax.tree.leaves(weights))


def told(agent: Agent, loop: Loop) -> dict[str, Any]:
    """The network as it is, and how it learns."""
    count = sum(leaf.size for leaf in jax.tree.leaves(loop.learned(0).weights))
    how = "fused" if isinstance(loop, FusedLoop) else "host"
    return {"parameters": count, "loop": how, **{name: getattr(agent.args, name) for name in KEPT}}


def check_rollout(entry: registry.Entry, loop: FusedLoop, batch: Batch) -> None:
    """Hold the very program that collects against the batch that was checked.

    Its rollout, from near the ends of episodes where there are such states, is replayed by the
    batch. An exact environment must be equal in every number; elsewhere two programs part, so the
    first steps must agree, and all ends of episodes.

    Raises:
        CheckFailed: naming the step and the output that differ.
    """
    arrays = loop.arrays()
    assert arrays is not None
    batch.reset(loop.agent.args.seed)
    rows = batch.export_state().copy()
    move_to_scene(entry, rows)
    host = HostEnv(batch, loop.agent.layout)
    host.load(rows)
    legal, acting = batch.legal(), batch.acting()
    seen = loop.state.seen
    if seen.legal is not None and legal is not None:
        seen = seen._replace(legal=np.reshape(legal, seen.legal.shape))
    if seen.acting is not None and acting is not None:
        seen = seen._replace(acting=np.reshape(acting, seen.acting.shape))
    loop.restore({"state": loop.state._replace(seen=seen), "env": rows[None]})
    rollout = jax.device_get(loop.rollout(0))
    loop.restore(arrays)
    steps = len(rollout.action)
    for step, action in enumerate(rollout.action):
        out = host.step(np.asarray(loop.agent.clipped(action)))
        found = {"reward": rollout.reward[step], "done": rollout.done[step]}
        wanted = {"reward": out.reward, "done": out.terminated | out.truncated}
        if step + 1 < steps:
            found["obs"], wanted["obs"] = rollout.raw_obs[step + 1], out.seen.obs
        for name, value in found.items():
            exact = entry.spec.exact or name == "done"
            if not _agree(wanted[name], value, exact, step < INEXACT_STEPS):
                raise CheckFailed(f"the measured program's {name} differs at step {step}")


def _agree(wanted: np.ndarray, found: np.ndarray, exact: bool, early: bool) -> bool:
    if exact:
        return bool(np.array_equal(wanted, found))
    if not np.isfinite(found).all():
        return False
    return not early or bool(
        (np.abs(wanted - found) <= SUM_ERROR * np.maximum(1, np.abs(wanted))).all()
    )
