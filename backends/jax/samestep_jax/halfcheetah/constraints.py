"""Joint limits and contacts with the floor: MuJoCo's soft constraints, and their rows.

A contact has four pyramid edges, normal plus or minus friction times a tangent. The motion is
planar, so the two edges across it carry the normal alone: they are one row of twice the weight.
A row's number is its acceleration minus the reference's; it pushes while that is negative.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp

from samestep_jax.halfcheetah import consts
from samestep_jax.halfcheetah.several import Several, each, minimum, where
from samestep_jax.halfcheetah.tree import (
    Dofs,
    Matrix,
    Pose,
    Vector,
    add_diagonal,
    per_joint,
    per_level,
    perp_dot,
)

FRICTION = consts.FRICTION
_LOW, _HIGH = per_joint(consts.JOINT_LOW), per_joint(consts.JOINT_HIGH)
_JOINT_WEIGHT = per_joint(consts.DOF_INVWEIGHT[3:])
# MuJoCo's diagonal approximation of a pyramid's edge, times 2 mu^2 for its regularisation.
_EDGE_WEIGHT = per_level(
    tuple(2 * FRICTION**2 * (1 + FRICTION**2) * weight for weight in consts.BODY_INVWEIGHT)
)

_clip = each(lambda x: jnp.clip(x, 0.0, 1.0))


class Constraints(NamedTuple):
    """Weights (D) of all possible rows, 0 for those that are not there, and their offsets.

    An offset is what a row has without acceleration: stiffness and damping of its reference.
    """

    weight: tuple[Any, ...]  # 4 levels by ends: of one edge, 1/R
    normal: tuple[Any, ...]  # 4, by ends: offset along the normal, m/s^2
    tangent: tuple[Any, ...]  # 4, by ends: offset along x times the friction, m/s^2
    side: tuple[Any, ...]  # 3: 1 near the lower limit, -1 near the upper
    limit_weight: tuple[Any, ...]  # 3
    limit: tuple[Any, ...]  # 3: offset, rad/s^2


class Rows(NamedTuple):
    """The numbers of the rows, edges by their parts: normal, and tangent times friction."""

    normal: tuple[Any, ...]
    tangent: tuple[Any, ...]
    limit: tuple[Any, ...]


def impedance(depth: Any, width: float, low: float, high: float) -> Any:
    """MuJoCo's solimp curve of power 2 and midpoint 1/2."""
    x = _clip(depth * (1.0 / width))
    return low + (high - low) * where(x < 0.5, 2.0 * x * x, 1.0 - 2.0 * (1.0 - x) * (1.0 - x))


def constraints(pose: Pose, angles: Dofs, rates: Dofs) -> Constraints:
    """What could push at these positions and velocities; with no margin a gap of 0 cannot."""
    moving = motion(pose, rates)
    weight, normal = [], []
    for gap, edge, speed in zip(pose.gaps, _EDGE_WEIGHT, moving.normal, strict=True):
        strength = impedance(-gap, consts.CONTACT_WIDTH, consts.CONTACT_DMIN, consts.CONTACT_DMAX)
        weight.append(where(gap < 0.0, strength / ((1.0 - strength) * edge), 0.0))
        normal.append(consts.CONTACT_STIFFNESS * strength * gap + consts.CONTACT_DAMPING * speed)
    tangent = tuple(consts.CONTACT_DAMPING * speed for speed in moving.tangent)
    side, limit_weight, limit = [], [], []
    for angle, rate, low, high, joint in zip(
        angles.joints, rates.joints, _LOW, _HIGH, _JOINT_WEIGHT, strict=True
    ):
        below, above = angle - low, high - angle
        sign = where(below < above, 1.0, -1.0)
        gap = minimum(below, above)
        strength = impedance(-gap, consts.LIMIT_WIDTH, consts.LIMIT_DMIN, consts.LIMIT_DMAX)
        side.append(sign)
        limit_weight.append(where(gap < 0.0, strength / ((1.0 - strength) * joint), 0.0))
        limit.append(consts.LIMIT_STIFFNESS * strength * gap + consts.LIMIT_DAMPING * sign * rate)
    return Constraints(
        tuple(weight), tuple(normal), tangent, tuple(side), tuple(limit_weight), tuple(limit)
    )


def motion(pose: Pose, rates: Dofs) -> Rows:
    """The Jacobian times joint rates, or accelerations; limits without their side."""
    x, z = rates.x, rates.z
    levels = rates.levels
    normal, tangent = [], []
    for level in range(4):
        if level:
            link, turning = pose.links[level - 1], levels[level - 1]
            x, z = x + turning * link[1], z - turning * link[0]
        arm, turning = pose.arms[level], levels[level]
        tangent.append(FRICTION * (x + turning * arm[1]))
        normal.append(z - turning * arm[0])
    return Rows(tuple(normal), tuple(tangent), rates.joints)


def directional_rows(found: Constraints, pose: Pose, direction: Dofs) -> Rows:
    """The rows' change along accelerations."""
    moving = motion(pose, direction)
    limit = tuple(s * a for s, a in zip(found.side, moving.limit, strict=True))
    return Rows(moving.normal, moving.tangent, limit)


def rows_at(found: Constraints, pose: Pose, acceleration: Dofs) -> Rows:
    """The rows' numbers at accelerations."""
    change = directional_rows(found, pose, acceleration)
    offsets = (found.normal, found.tangent, found.limit)
    return Rows(
        *(
            tuple(a + b for a, b in zip(part, offset, strict=True))
            for part, offset in zip(change, offsets, strict=True)
        )
    )


def negative(x: Any) -> Any:
    """The part of a row that pushes."""
    return minimum(x, 0.0)


def edges(weight: Any, rows: Rows, level: int) -> tuple[tuple[Any, Any], ...]:
    """Weight and number of a level's edges: forwards, backwards, and the two across as one."""
    normal, tangent = rows.normal[level], rows.tangent[level]
    return (
        (weight, normal + tangent),
        (weight, normal - tangent),
        (2.0 * weight, normal),
    )


def sum_rows(found: Constraints, term: Any, *rows: Rows) -> Any:
    """Sum of term(weight, row of each) over all rows."""
    total = sum_limits = None
    for level, weight in enumerate(found.weight):
        alike = zip(*(edges(weight, each_rows, level) for each_rows in rows), strict=True)
        part = sum_terms(term(edge[0][0], *(number for _, number in edge)) for edge in alike)
        if level == 0:
            total = part.sum()
        else:
            by_leg = part.by_leg()
            sum_limits = by_leg if sum_limits is None else sum_limits + by_leg
    for joint, weight in enumerate(found.limit_weight):
        sum_limits = sum_limits + term(weight, *(each_rows.limit[joint] for each_rows in rows))
    return total + sum_limits.sum()  # type: ignore[union-attr]


def sum_terms(terms: Any) -> Any:
    """Sum of at least one."""
    first, *others = terms
    for term in others:
        first = first + term
    return first


def any_row(found: Constraints, test: Any, *rows: Rows) -> Any:
    """Whether test(row of each) holds for a row that is there."""
    result = None
    for level, weight in enumerate(found.weight):
        alike = zip(*(edges(weight, each_rows, level) for each_rows in rows), strict=True)
        for edge in alike:
            hit = (test(*(number for _, number in edge)) & (weight > 0.0)).any()
            result = hit if result is None else result | hit
    for joint, weight in enumerate(found.limit_weight):
        hit = (test(*(each_rows.limit[joint] for each_rows in rows)) & (weight > 0.0)).any()
        result = result | hit
    return result


def any_there(found: Constraints) -> Any:
    """Whether something touches or is beyond its limit."""
    weights = (*found.weight, *found.limit_weight)
    result = (weights[0] > 0.0).any()
    for weight in weights[1:]:
        result = result | (weight > 0.0).any()
    return result


def _ends(level: int, ends: Several) -> Any:
    """The sum over a level's ends."""
    return ends.sum() if level == 0 else ends.by_leg()


def forces(found: Constraints, pose: Pose, rows: Rows) -> Dofs:
    """Joint forces of the constraints, as MuJoCo's qfrc_constraint."""
    x: Any = 0.0
    z: Any = 0.0
    torque: Any = 0.0
    torques = []
    for level in (3, 2, 1, 0):
        (w, front), (_, back), (across, normal) = edges(found.weight[level], rows, level)
        a, b, c = w * negative(front), w * negative(back), across * negative(normal)
        force: Vector = (FRICTION * (b - a), -(a + b + c))
        own = _ends(level, perp_dot(force, pose.arms[level]))
        if level < 3:
            beyond = torque + perp_dot((x, z), pose.links[level])
            if level == 0:
                x, z, beyond = x.sum(), z.sum(), beyond.sum()
            own = own + beyond
        x, z, torque = _ends(level, force[0]) + x, _ends(level, force[1]) + z, own
        torques.append(torque)
    foot, shin, thigh, torso = torques
    limits = [
        -(side * weight * negative(row))
        for side, weight, row in zip(found.side, found.limit_weight, rows.limit, strict=True)
    ]
    return Dofs(x, z, torso, thigh + limits[0], shin + limits[1], foot + limits[2])


def add_hessian(mass: Matrix, found: Constraints, pose: Pose, rows: Rows) -> Matrix:
    """The mass matrix plus J^T D J of the rows that push.

    The pushing ends of a body add up to what an inertia is: a 2 x 2 matrix that takes the
    acceleration of the body's joint to a force, its first moments and its second.
    """
    xx: Any = 0.0
    xz: Any = 0.0
    zz: Any = 0.0
    vx: Any = 0.0
    vz: Any = 0.0
    q: Any = 0.0
    composite = []
    for level in (3, 2, 1, 0):
        rx, rz = pose.arms[level]
        w1, w2, w3 = (where(r < 0.0, w, 0.0) for w, r in edges(found.weight[level], rows, level))
        kxx, kxz, kzz = FRICTION * FRICTION * (w1 + w2), FRICTION * (w1 - w2), w1 + w2 + w3
        ux, uz = kxx * rz - kxz * rx, kxz * rz - kzz * rx
        own = [_ends(level, u) for u in (kxx, kxz, kzz, ux, uz, ux * rz - uz * rx)]
        if level < 3:
            link = lx, lz = pose.links[level]
            ax, az = xx * lz - xz * lx, xz * lz - zz * lx
            q = q + 2.0 * perp_dot((vx, vz), link) + perp_dot((ax, az), link)
            vx, vz = vx + ax, vz + az
            carried = [xx, xz, zz, vx, vz, q]
            if level == 0:
                carried = [u.sum() for u in carried]
            own = [a + b for a, b in zip(own, carried, strict=True)]
        xx, xz, zz, vx, vz, q = own
        composite.append((vx, vz, q))
    (v3x, v3z, q3), (v2x, v2z, q2), (v1x, v1z, q1), (v0x, v0z, q0) = composite
    l0, l1, l2 = pose.links
    bc = q3 + perp_dot((v3x, v3z), l2)
    ac, ab = bc + perp_dot((v3x, v3z), l1), q2 + perp_dot((v2x, v2z), l1)
    t3, t2 = ac + perp_dot((v3x, v3z), l0), ab + perp_dot((v2x, v2z), l0)
    t1 = q1 + perp_dot((v1x, v1z), l0)
    total = Matrix(
        xx=mass.xx + xx,
        xz=mass.xz + xz,
        zz=mass.zz + zz,
        xt=mass.xt + v0x,
        zt=mass.zt + v0z,
        tt=mass.tt + q0,
        x=(mass.x[0] + v1x, mass.x[1] + v2x, mass.x[2] + v3x),
        z=(mass.z[0] + v1z, mass.z[1] + v2z, mass.z[2] + v3z),
        t=(mass.t[0] + t1, mass.t[1] + t2, mass.t[2] + t3),
        d=(mass.d[0] + q1, mass.d[1] + q2, mass.d[2] + q3),
        ab=mass.ab + ab,
        ac=mass.ac + ac,
        bc=mass.bc + bc,
    )
    a, b, c = (
        where(row < 0.0, weight, 0.0)
        for row, weight in zip(rows.limit, found.limit_weight, strict=True)
    )
    return add_diagonal(total, (a, b, c))
