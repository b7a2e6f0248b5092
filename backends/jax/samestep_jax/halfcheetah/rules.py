"""The rules: a step of several substeps of MuJoCo's dynamics, observation, reward, reset.

Everything is a function of one instance. The order of a substep is MuJoCo's `mj_step`: forces at
the present state, constraint forces, then velocities and then positions with the new velocities.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from samestep_jax.core.threefry import Key, threefry2x32, uniform
from samestep_jax.halfcheetah import consts
from samestep_jax.halfcheetah.constraints import constraints, forces, rows_at
from samestep_jax.halfcheetah.several import Several
from samestep_jax.halfcheetah.solver import Problem, accelerations, when_any
from samestep_jax.halfcheetah.tree import (
    DAMPING,
    Dofs,
    Vector,
    add_diagonal,
    bias,
    combine,
    directions,
    from_array,
    mass_matrix,
    per_joint,
    pose,
    solve,
    to_list,
)

NUM_DOFS = len(consts.DOF_DAMPING)
_STIFFNESS = per_joint(consts.JOINT_STIFFNESS[3:])
_GEAR = per_joint(consts.MOTOR_GEAR)
_IMPLICIT_DAMPING = tuple(consts.TIMESTEP * damping for damping in DAMPING)

Torques = tuple[Any, Any, Any]


class Body(NamedTuple):
    """The dynamic state of one instance, (9,) each in the order of MuJoCo's joints."""

    qpos: jax.Array  # m and rad
    qvel: jax.Array  # m/s and rad/s
    qacc_warmstart: jax.Array  # m/s^2 and rad/s^2


def motor_torques(action: jax.Array) -> Torques:
    """What the motors do, N m, from (6,) controls, clamped. If one is NaN all are off, as there."""
    clamped = jnp.clip(action, consts.CONTROL_LOW, consts.CONTROL_HIGH)
    clamped = jnp.where(jnp.isnan(clamped).any(), 0.0, clamped)
    thigh, shin, foot = (
        gear * Several((clamped[joint], clamped[joint + 3])) for joint, gear in enumerate(_GEAR)
    )
    return thigh, shin, foot


def smooth_forces(posed: Any, angles: Dofs, rates: Dofs, torques: Torques) -> Dofs:
    """All forces but the constraints': motors, springs, damping, minus gravity and inertia."""
    held = bias(posed, rates)
    thigh, shin, foot = (
        torque - stiffness * angle - damping * rate - resisted
        for torque, stiffness, angle, damping, rate, resisted in zip(
            torques, _STIFFNESS, angles.joints, DAMPING, rates.joints, held.joints, strict=True
        )
    )
    return Dofs(-held.x, -held.z, -held.torso, thigh, shin, foot)


class Running(NamedTuple):
    """A step on its way, and what the next substep needs more than once."""

    substep: jax.Array  # () i32, substeps done
    moved: jax.Array  # () displacement in this step, m
    angles: Dofs
    rates: Dofs
    warm: Dofs
    torques: Torques
    turned: tuple[Vector, ...]  # `directions` of the angles


def advance(body: Body, action: jax.Array, frame_skip: int) -> tuple[Body, jax.Array]:
    """Run `frame_skip` substeps under one action, in f64 whatever the state's dtype is.

    The force of a contact is a small difference of large accelerations, and its stiffness grows
    with the square of a depth that is a small difference of metres. With f32 arithmetic throughout
    8 % of the states in play are off by more than 1e-4 after a step, and some by more than 1e-3;
    with it the step is as exact as the state.

    Where a position, velocity or acceleration is NaN or beyond 1e10, MuJoCo resets its state and
    controls to zero and goes on; so does this.

    Returns:
        The state, and the displacement in x, m, summed over the substeps: the difference of two
        positions far from the origin would lose what single precision does not hold.
    """
    with jax.enable_x64(True):
        wide = Body(*(lax.convert_element_type(part, np.float64) for part in body))
        after, moved = _advance(wide, lax.convert_element_type(action, np.float64), frame_skip)
        dtype = body.qpos.dtype
        narrow = Body(*(lax.convert_element_type(part, dtype) for part in after))
        return narrow, lax.convert_element_type(moved, dtype)


def _advance(body: Body, action: jax.Array, frame_skip: int) -> tuple[Body, jax.Array]:
    angles, rates = from_array(body.qpos), from_array(body.qvel)
    start = Running(
        jnp.int32(0),
        jnp.zeros_like(angles.x),
        angles,
        rates,
        from_array(body.qacc_warmstart),
        motor_torques(action),
        directions(angles),
    )

    def substep(now: Running) -> Running:
        sane = _sane(now.angles) & _sane(now.rates)
        warm, rates = _accelerate(now, sane)
        sane = sane & _sane(warm)
        angles = combine(lambda q, v: q + consts.TIMESTEP * v, now.angles, rates)

        def kept(value: Any) -> Any:
            return jax.tree.map(lambda item: jnp.where(sane, item, 0.0), value)

        angles = kept(angles)
        return Running(
            now.substep + sane,
            jnp.where(sane, now.moved + consts.TIMESTEP * rates.x, -start.angles.x),
            angles,
            kept(rates),
            kept(warm),
            kept(now.torques),
            directions(angles),
        )

    end = jax.lax.while_loop(lambda now: now.substep < frame_skip, substep, start)
    arrays = (jnp.stack(to_list(dofs)) for dofs in (end.angles, end.rates, end.warm))
    return Body(*arrays), end.moved


def _sane(dofs: Dofs) -> jax.Array:
    """Whether all numbers are such that MuJoCo goes on with them."""
    sane = [jnp.abs(item) <= consts.MAXVAL for item in to_list(dofs)]
    result = sane[0]
    for item in sane[1:]:
        result = result & item
    return result


def _accelerate(now: Running, sane: Any) -> tuple[Dofs, Dofs]:
    """Accelerations for the warm start, and the velocities after a substep of Euler's method."""
    posed = pose(now.angles.z, now.turned)
    mass = mass_matrix(posed)
    force = smooth_forces(posed, now.angles, now.rates, now.torques)
    smooth = when_any(sane, lambda: solve(mass, force), now.warm)
    found = constraints(posed, now.angles, now.rates)
    problem = Problem(mass, force, smooth, found, posed)
    warm = accelerations(problem, now.warm)

    def total_force() -> Dofs:
        pushing = forces(found, posed, rows_at(found, posed, warm))
        return combine(lambda a, b: a + b, force, pushing)

    # The joints' damping is implicit: velocities change by what M + h B takes to the total force.
    total = when_any(sane, total_force, force)
    damped = when_any(sane, lambda: solve(add_diagonal(mass, _IMPLICIT_DAMPING), total), warm)
    rates = combine(lambda v, a: v + consts.TIMESTEP * a, now.rates, damped)
    return warm, rates


def reset_noise(key: Key, scale: float, dtype: Any) -> tuple[jax.Array, jax.Array]:
    """Uniform noise of positions and normal noise of velocities (Box and Muller), each (9,).

    Position i is draw `SLOT_POSITION` + i, uniform in [-scale, scale). Velocities 2 i and 2 i + 1
    come from the draws `SLOT_VELOCITY` + 2 i and the next: radius and angle; the tenth is unused.
    """
    zero = jnp.uint32(0)

    def draw(slot: int) -> jax.Array:
        return uniform(threefry2x32(key, (zero, jnp.uint32(slot)))[0]).astype(dtype)

    position = [scale * (2.0 * draw(consts.SLOT_POSITION + i) - 1.0) for i in range(NUM_DOFS)]
    velocity: list[jax.Array] = []
    for slot in range(consts.SLOT_VELOCITY, consts.SLOT_VELOCITY + NUM_DOFS + 1, 2):
        radius = scale * jnp.sqrt(-2.0 * jnp.log1p(-draw(slot)))
        angle = 2.0 * jnp.pi * draw(slot + 1)
        velocity += [radius * jnp.cos(angle), radius * jnp.sin(angle)]
    return jnp.stack(position), jnp.stack(velocity[:NUM_DOFS])


def observe(body: Body, with_x: bool) -> jax.Array:
    """Positions, without x unless asked for, and velocities."""
    return jnp.concatenate([body.qpos if with_x else body.qpos[1:], body.qvel])


def control_cost(action: jax.Array, dtype: Any) -> jax.Array:
    """Sum of the squared action, as it was given."""
    given = action.astype(dtype)
    return (given * given).sum()
