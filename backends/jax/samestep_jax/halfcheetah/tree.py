"""The planar tree: torso, and for each leg a thigh, a shin and a foot, by levels 0 to 3.

The torso is one scalar a quantity, each other level a `Several` of the back and the front leg.
Vectors are (x, z) in the world's axes; angles and rates are positive from z to x, about +y. A body
that turns at rate w about its joint moves a point at r from the joint by w times
`perp(r)` = (r_z, -r_x). docs/envs/halfcheetah.md has the derivation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from samestep_jax.halfcheetah import consts
from samestep_jax.halfcheetah.several import Several, cos, sin

Vector = tuple[Any, Any]


class Dofs(NamedTuple):
    """One number a degree of freedom; the legs' joints as (back, front)."""

    x: Any
    z: Any
    torso: Any
    thigh: Any
    shin: Any
    foot: Any

    @property
    def joints(self) -> tuple[Any, Any, Any]:
        """Thighs, shins and feet."""
        return self.thigh, self.shin, self.foot

    @property
    def levels(self) -> tuple[Any, Any, Any, Any]:
        """Absolute angles (or their rates) of the four levels, where these are the joints'."""
        thigh = self.torso + self.thigh
        shin = thigh + self.shin
        return self.torso, thigh, shin, shin + self.foot


def combine(function: Callable[..., Any], *dofs: Dofs) -> Dofs:
    """`function` of each degree of freedom."""
    return Dofs(*(function(*items) for items in zip(*dofs, strict=True)))


def dot(a: Dofs, b: Dofs) -> Any:
    """Scalar product."""
    legs = a.thigh * b.thigh + a.shin * b.shin + a.foot * b.foot
    return a.x * b.x + a.z * b.z + a.torso * b.torso + legs.sum()


def from_array(array: jax.Array) -> Dofs:
    """(9,) in the order of MuJoCo's joints."""
    legs = (Several((array[joint], array[joint + 3])) for joint in (3, 4, 5))
    return Dofs(array[0], array[1], array[2], *legs)


def to_list(dofs: Dofs) -> list[Any]:
    """Nine scalars in the order of MuJoCo's joints."""
    legs = [joint[leg] for leg in (0, 1) for joint in dofs.joints]
    return [dofs.x, dofs.z, dofs.torso, *legs]


def per_level(table: tuple[float, ...]) -> tuple[Any, Any, Any, Any]:
    """A table by bodies as levels."""
    thigh, shin, foot = (Several((table[body], table[body + 3])) for body in (1, 2, 3))
    return table[0], thigh, shin, foot


def per_joint(table: tuple[float, ...]) -> tuple[Any, Any, Any]:
    """A table by the legs' joints as levels 1 to 3."""
    thigh, shin, foot = (Several((table[joint], table[joint + 3])) for joint in range(3))
    return thigh, shin, foot


def _per_end(table: tuple[float, ...]) -> tuple[Any, ...]:
    """A table by the capsules' ends as levels; the legs alternate."""
    ends = [
        [value for value, body in zip(table, consts.END_BODY, strict=True) if body == owner]
        for owner in range(consts.NUM_BODIES)
    ]
    pairs = (
        [item for both in zip(ends[body], ends[body + 3], strict=True) for item in both]
        for body in (1, 2, 3)
    )
    return (Several(ends[0]), *(Several(pair) for pair in pairs))


_X, _Z = per_level(consts.BODY_X), per_level(consts.BODY_Z)
_COM_X, _COM_Z = per_level(consts.BODY_COM_X), per_level(consts.BODY_COM_Z)
_MASS, _INERTIA = per_level(consts.BODY_MASS), per_level(consts.BODY_INERTIA)
_END_X, _END_Z = _per_end(consts.END_X), _per_end(consts.END_Z)
TOTAL_MASS = sum(consts.BODY_MASS)

ARMATURE = per_joint(consts.DOF_ARMATURE[3:])
DAMPING = per_joint(consts.DOF_DAMPING[3:])


def _lumped() -> tuple[list[Vector], list[Any]]:
    """First and second moments of each level about its joint, with all masses that hang on it.

    What hangs on a body moves its joint there and counts as a point mass at that joint.
    """
    hanging: list[Any] = [0.0] * 5
    for level in (3, 2, 1):
        hanging[level] = _MASS[level] + hanging[level + 1]
    first, second = [], []
    for level in range(4):
        x, z = _MASS[level] * _COM_X[level], _MASS[level] * _COM_Z[level]
        q = _INERTIA[level] + x * _COM_X[level] + z * _COM_Z[level]
        if level < 3:
            mass, link_x, link_z = hanging[level + 1], _X[level + 1], _Z[level + 1]
            more = (mass * link_x, mass * link_z, mass * (link_x * link_x + link_z * link_z))
            if level == 0:
                more = (more[0].sum(), more[1].sum(), more[2].sum())
            x, z, q = x + more[0], z + more[1], q + more[2]
        first.append((x, z))
        second.append(q)
    return first, second


_FIRST, _SECOND = _lumped()


class Pose(NamedTuple):
    """Where everything is, in the world's axes."""

    links: tuple[Vector, ...]  # 3: from the joint of a level to that of the next, m
    moments: tuple[Vector, ...]  # 4: lumped first moments about the level's joint, kg m
    arms: tuple[Vector, ...]  # 4, by ends: from the joint to where an end would touch, m
    gaps: tuple[Any, ...]  # 4, by ends: distance to the floor, m; negative is penetration


def directions(angles: Dofs) -> tuple[Vector, ...]:
    """Cosine and sine of each level's absolute angle."""
    return tuple((cos(angle), sin(angle)) for angle in angles.levels)


def turn(direction: Vector, x: Any, z: Any) -> Vector:
    """A body's vector in the world's axes."""
    c, s = direction
    return c * x + s * z, c * z - s * x


def perp_dot(force: Vector, r: Vector) -> Any:
    """`force` times perp(r): the torque about +y of a force at r."""
    return force[0] * r[1] - force[1] * r[0]


def pose(z: Any, turned: tuple[Vector, ...]) -> Pose:
    """Kinematics.

    Args:
        z: position of the joint rootz, m.
        turned: the levels' `directions`.
    """
    links = tuple(turn(turned[i], _X[i + 1], _Z[i + 1]) for i in range(3))
    moments = tuple(turn(turned[i], *_FIRST[i]) for i in range(4))
    height = z + _Z[0]
    arms, gaps = [], []
    for level in range(4):
        if level:
            height = height + links[level - 1][1]
        x, below = turn(turned[level], _END_X[level], _END_Z[level])
        gap = below + height - consts.CAPSULE_RADIUS
        # It would touch halfway between the end's lowest point and the floor.
        arms.append((x, 0.5 * gap - height))
        gaps.append(gap)
    return Pose(links, moments, tuple(arms), tuple(gaps))


class Matrix(NamedTuple):
    """A symmetric matrix over the degrees of freedom; the legs do not couple."""

    xx: Any
    xz: Any
    zz: Any
    xt: Any  # x with the torso's angle
    zt: Any
    tt: Any
    x: tuple[Any, Any, Any]  # x with thighs, shins, feet
    z: tuple[Any, Any, Any]
    t: tuple[Any, Any, Any]
    d: tuple[Any, Any, Any]  # diagonal of thighs, shins, feet
    ab: Any  # thigh with shin
    ac: Any  # thigh with foot
    bc: Any  # shin with foot


def add_diagonal(matrix: Matrix, joints: tuple[Any, Any, Any]) -> Matrix:
    """`matrix` with more on the diagonal of thighs, shins and feet."""
    a, b, c = (old + new for old, new in zip(matrix.d, joints, strict=True))
    return matrix._replace(d=(a, b, c))


def mass_matrix(pose: Pose) -> Matrix:
    """Joint-space inertia with the armature, as MuJoCo's qM, by composite bodies from the feet."""
    (l0, l1, l2), (s0, s1, s2, s3) = pose.links, pose.moments

    def along(link: Vector, moment: Vector) -> Any:
        return link[0] * moment[0] + link[1] * moment[1]

    p3 = s3
    p2 = (s2[0] + p3[0], s2[1] + p3[1])
    p1 = (s1[0] + p2[0], s1[1] + p2[1])
    p0 = (s0[0] + p1[0].sum(), s0[1] + p1[1].sum())
    q3 = _SECOND[3] + 0.0 * p3[0]
    t23 = q3 + along(l2, p3)
    q2 = _SECOND[2] + t23 + along(l2, p3)
    t13, t12 = t23 + along(l1, p3), q2 + along(l1, p2)
    q1 = _SECOND[1] + t12 + along(l1, p2)
    t03, t02, t01 = t13 + along(l0, p3), t12 + along(l0, p2), q1 + along(l0, p1)
    q0 = _SECOND[0] + (t01 + along(l0, p1)).sum()
    nothing = 0.0 * p0[0]
    total = nothing + TOTAL_MASS
    matrix = Matrix(
        xx=total,
        xz=nothing,
        zz=total,
        xt=p0[1],
        zt=-p0[0],
        tt=q0,
        x=(p1[1], p2[1], p3[1]),
        z=(-p1[0], -p2[0], -p3[0]),
        t=(t01, t02, t03),
        d=(q1, q2, q3),
        ab=t12,
        ac=t13,
        bc=t23,
    )
    return add_diagonal(matrix, ARMATURE)


def bias(pose: Pose, rates: Dofs) -> Dofs:
    """Gravity, centrifugal and Coriolis forces, as MuJoCo's qfrc_bias.

    Written with absolute rates, of which the squares alone occur.
    """
    links, moments = pose.links, pose.moments
    squares = [w * w for w in rates.levels]
    pull = [(-w * m[0], -w * m[1]) for w, m in zip(squares, moments, strict=True)]
    # Acceleration of each level's joint when no joint accelerates, with gravity as one upwards.
    joint: list[Vector] = [(0.0, consts.GRAVITY)]
    for w, link in zip(squares, links, strict=False):
        joint.append((joint[-1][0] - w * link[0], joint[-1][1] - w * link[1]))
    outer: Vector = pull[3]  # what the levels beyond pull with
    torque = perp_dot(joint[3], moments[3])
    torques = [torque]
    for level in (2, 1, 0):
        beyond = perp_dot(outer, links[level])
        if level == 0:
            torque, beyond = torque.sum(), beyond.sum()
            outer = (outer[0].sum(), outer[1].sum())
        torque = torque + perp_dot(joint[level], moments[level]) + beyond
        torques.append(torque)
        outer = (outer[0] + pull[level][0], outer[1] + pull[level][1])
    foot, shin, thigh, torso = torques
    return Dofs(outer[0], outer[1] + TOTAL_MASS * consts.GRAVITY, torso, thigh, shin, foot)


def multiply(m: Matrix, v: Dofs) -> Dofs:
    """Matrix times vector."""
    a, b, c = v.joints

    def legs(couplings: tuple[Any, Any, Any]) -> Any:
        return (couplings[0] * a + couplings[1] * b + couplings[2] * c).sum()

    def root(i: int) -> Any:
        return m.x[i] * v.x + m.z[i] * v.z + m.t[i] * v.torso

    return Dofs(
        m.xx * v.x + m.xz * v.z + m.xt * v.torso + legs(m.x),
        m.xz * v.x + m.zz * v.z + m.zt * v.torso + legs(m.z),
        m.xt * v.x + m.zt * v.z + m.tt * v.torso + legs(m.t),
        root(0) + m.d[0] * a + m.ab * b + m.ac * c,
        root(1) + m.ab * a + m.d[1] * b + m.bc * c,
        root(2) + m.ac * a + m.bc * b + m.d[2] * c,
    )


def solve(m: Matrix, right: Dofs) -> Dofs:
    """Solve a positive definite system by elimination from the feet to the root: no fill-in."""
    x3, z3, t3, g3 = m.x[2], m.z[2], m.t[2], right.foot
    i3 = 1.0 / m.d[2]
    f3, e3 = m.bc * i3, m.ac * i3
    x2, z2, t2 = m.x[1] - f3 * x3, m.z[1] - f3 * z3, m.t[1] - f3 * t3
    g2 = right.shin - f3 * g3
    ab = m.ab - f3 * m.ac
    i2 = 1.0 / (m.d[1] - f3 * m.bc)
    f2 = ab * i2
    x1 = m.x[0] - e3 * x3 - f2 * x2
    z1 = m.z[0] - e3 * z3 - f2 * z2
    t1 = m.t[0] - e3 * t3 - f2 * t2
    g1 = right.thigh - e3 * g3 - f2 * g2
    i1 = 1.0 / (m.d[0] - e3 * m.ac - f2 * ab)

    def reduced(u: tuple[Any, Any, Any], w: tuple[Any, Any, Any]) -> Any:
        return (u[0] * w[0] * i1 + u[1] * w[1] * i2 + u[2] * w[2] * i3).sum()

    x, z, t, g = (x1, x2, x3), (z1, z2, z3), (t1, t2, t3), (g1, g2, g3)
    xx, xz, zz = m.xx - reduced(x, x), m.xz - reduced(x, z), m.zz - reduced(z, z)
    xt, zt, tt = m.xt - reduced(x, t), m.zt - reduced(z, t), m.tt - reduced(t, t)
    gx, gz, gt = right.x - reduced(x, g), right.z - reduced(z, g), right.torso - reduced(t, g)
    ix = 1.0 / xx
    fz, ft = xz * ix, xt * ix
    zt, gz, gt = zt - fz * xt, gz - fz * gx, gt - ft * gx
    iz = 1.0 / (zz - fz * xz)
    et = zt * iz
    torso = (gt - et * gz) / (tt - ft * xt - et * zt)
    up = gz * iz - et * torso
    along = gx * ix - fz * up - ft * torso
    thigh = (g1 - x1 * along - z1 * up - t1 * torso) * i1
    shin = (g2 - x2 * along - z2 * up - t2 * torso - ab * thigh) * i2
    foot = (g3 - x3 * along - z3 * up - t3 * torso - m.ac * thigh - m.bc * shin) * i3
    return Dofs(along, up, torso, thigh, shin, foot)
