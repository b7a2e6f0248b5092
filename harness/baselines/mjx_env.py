"""MuJoCo XLA (MJX) on Gymnasium's model, made into an environment in JAX, vmapped and jitted."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.baselines.cheetah import (
    DOFS,
    Found,
    Options,
    double,
    errors_of,
    load_model,
    missing,
    options_of,
    steps_of,
    verdict,
)
from harness.baselines.trained import job_of
from harness.baselines.xla import XlaRunner, key_of
from harness.benching.job import Job, Ready
from harness.benching.one_step import turns
from harness.errors import UserError
from harness.registry import Entry

if TYPE_CHECKING:
    from ppo.envs import FusedEnv, Layout

FAR_OFF = 1e-2
"""A one-step error that rounding alone does not explain in..."""
USUAL = 0.95
"""...as many of the states. Of its longest few it is told how far they are off."""


class MjxRunner(XlaRunner):
    """State: MJX's data, steps taken, and a key for the next reset, all of N instances."""

    def prepare(self, expected: str) -> Ready:
        """Compile, step from the reference's states, which warms up too."""
        import jax
        import jax.numpy as jnp

        job, options = self.job, options_of(self.job)
        mjx = _import()
        jax.config.update("jax_enable_x64", double(job))
        model = load_model()
        on_device = mjx.put_model(model)
        self.data = mjx.make_data(on_device)
        self.dtype = self.data.qpos.dtype
        step = functools.partial(_step, mjx.step, on_device, options, model.opt.timestep)
        self.actions = self.put_actions()
        keys = jax.random.split(jax.random.key(job.seed), job.batch)
        noise = jax.vmap(functools.partial(_noise, options, self.dtype))(keys)
        begin = self.begin(*noise, jnp.zeros((job.batch, DOFS), self.dtype), keys)
        self.step = self.compiled(jax.vmap(step), begin, self.actions[0])
        check = self.check(expected, keys)
        self.state = begin
        precision = "f64" if double(job) else "f32"
        skip = options.frame_skip
        return Ready(job.batch, check, "release", self.compile_s, skip, self.note(), precision)

    def begin(self, qpos: Any, qvel: Any, warmstart: Any, keys: Any) -> Any:
        """The state with these positions, velocities and accelerations, each (N, 9)."""
        import jax
        import jax.numpy as jnp

        datas = jax.vmap(functools.partial(_placed, self.data))(qpos, qvel, warmstart)
        return datas, jnp.zeros(len(qpos), jnp.int32), keys

    def check(self, expected: str, keys: Any) -> str:
        """One step from the reference's states by the program that is timed."""
        import jax.numpy as jnp

        steps, states = steps_of(self.job, expected)
        errors = []
        for lanes, count in turns(len(steps), self.job.batch):
            part = steps.take(lanes)
            fields = [
                jnp.asarray(states[name][lanes], self.dtype)
                for name in ("qpos", "qvel", "qacc_warmstart")
            ]
            actions = jnp.asarray(part.actions, self.actions[0].dtype)
            (data, _, _), (obs, reward, _) = self.step(
                self.begin(fields[0], fields[1], fields[2], keys), actions
            )
            found = Found._make(map(np.asarray, (data.qpos, data.qvel, obs, reward)))
            errors.append(errors_of(self.job, part, found)[:count])
        return verdict(np.concatenate(errors), FAR_OFF, USUAL)


def _import() -> Any:
    """MJX.

    Raises:
        Unavailable: where it is not installed.
    """
    try:
        from mujoco import mjx
    except ImportError as error:
        raise missing("mujoco-mjx", error) from None
    return mjx


def _placed(data: Any, qpos: Any, qvel: Any, warmstart: Any) -> Any:
    """One instance's data with these numbers, each (9,)."""
    return data.replace(qpos=qpos, qvel=qvel, qacc_warmstart=warmstart)


def _noise(options: Options, dtype: Any, key: Any) -> tuple[Any, Any]:
    """Positions and velocities of a new episode, each (9,)."""
    import jax

    first, second = jax.random.split(key)
    scale = options.reset_noise_scale
    qpos = jax.random.uniform(first, (DOFS,), dtype, -scale, scale)
    return qpos, scale * jax.random.normal(second, (DOFS,), dtype)


def _step(
    substep: Any, model: Any, options: Options, timestep: float, state: Any, action: Any
) -> tuple[Any, Any]:
    """One instance: `frame_skip` substeps, then the next episode if the time is up."""
    state, (obs, _, reward, truncated) = _advance(substep, model, options, timestep, state, action)
    return state, (obs, reward, truncated)


def _advance(
    substep: Any, model: Any, options: Options, timestep: float, state: Any, action: Any
) -> tuple[Any, Any]:
    """The same, and what was seen before the next episode began."""
    import jax
    import jax.numpy as jnp

    data, t, key = state
    before = data.qpos[0]
    data = data.replace(ctrl=action.astype(data.ctrl.dtype))
    data = jax.lax.fori_loop(0, options.frame_skip, lambda _, data: substep(model, data), data)
    speed = (data.qpos[0] - before) / (timestep * options.frame_skip)
    cost = options.ctrl_cost_weight * jnp.square(data.ctrl).sum()
    reward = options.forward_reward_weight * speed - cost
    final = _observed(options, data)
    t = t + 1
    truncated = t == options.max_episode_steps
    key, fresh = jax.random.split(key)
    new = _noise(options, data.qpos.dtype, fresh)
    data = data.replace(
        qpos=jnp.where(truncated, new[0], data.qpos),
        qvel=jnp.where(truncated, new[1], data.qvel),
        qacc_warmstart=jnp.where(truncated, 0, data.qacc_warmstart),
    )
    out = (_observed(options, data), final, reward, truncated)
    return (data, jnp.where(truncated, 0, t), key), out


def _observed(options: Options, data: Any) -> Any:
    """One instance's observation, (17,) or (18,)."""
    import jax.numpy as jnp

    return jnp.concatenate([data.qpos[options.first :], data.qvel])


def train_env(
    entry: Entry, name: str, num_envs: int, params: dict[str, Any], layout: Layout
) -> FusedEnv:
    """N instances, to be traced into the program that collects a rollout.

    Raises:
        UserError: for double precision, in which the trainer does not compute.
    """
    import jax
    import jax.numpy as jnp

    from ppo.envs import FusedEnv, Outcome, Seen

    job = job_of(entry, name, num_envs, params)
    if double(job):
        raise UserError("mjx is trained over in single precision; accepted: double_precision false")
    mjx, options, model = _import(), options_of(job), load_model()
    on_device = mjx.put_model(model)
    data = mjx.make_data(on_device)
    advance = functools.partial(_advance, mjx.step, on_device, options, model.opt.timestep)

    def one(key: Any) -> tuple[Any, Any]:
        qpos, qvel = _noise(options, data.qpos.dtype, key)
        placed = _placed(data, qpos, qvel, jnp.zeros_like(qpos))
        return (placed, jnp.int32(0), key), _observed(options, placed)

    def reset(seed: Any) -> tuple[Any, Seen]:
        state, obs = jax.vmap(one)(jax.random.split(key_of(seed), num_envs))
        return state, Seen(obs, None, None)

    def step(state: Any, actions: Any) -> tuple[Any, Outcome]:
        state, (obs, final, reward, truncated) = jax.vmap(advance)(state, actions)
        never = jnp.zeros_like(truncated)
        return state, Outcome(Seen(obs, None, None), final, reward, never, truncated)

    return FusedEnv(layout, num_envs, reset, step)


def make(job: Job) -> MjxRunner:
    """The bench's entry point."""
    return MjxRunner(job)
