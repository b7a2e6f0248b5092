"""L1: the JAX rules of HalfCheetah against MuJoCo's own intermediate results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from numpy.testing import assert_allclose

from references.halfcheetah.rules import HalfCheetah, reset_noise
from references.halfcheetah.states import CLASSES, draw
from references.threefry import env_key, root_key
from samestep_jax.halfcheetah import constraints as constrain
from samestep_jax.halfcheetah import consts, rules, solver, tree
from samestep_jax.halfcheetah.several import Several

pytestmark = pytest.mark.l1

COUNT = 40
CLOSE: Any = {"rtol": 1e-9, "atol": 1e-9}
EDGES = (1.0, -1.0)


@pytest.fixture(autouse=True, scope="module")
def double() -> Iterator[None]:
    """Everything here is in f64, as the rules compute it."""
    with jax.enable_x64(True):
        yield


class Oracle:
    """MuJoCo after mj_forward from injected states, one at a time."""

    def __init__(self, kind: str) -> None:
        cheetah = HalfCheetah()
        self.model, self.data = cheetah.model, cheetah.data
        self.states = draw(kind, COUNT, 7, 0)

    def __iter__(self) -> Iterator[Any]:
        fields = zip(
            self.states.qpos,
            self.states.qvel,
            self.states.qacc_warmstart,
            self.states.actions,
            strict=True,
        )
        for qpos, qvel, warm, action in fields:
            mujoco.mj_resetData(self.model, self.data)
            self.data.qpos[:], self.data.qvel[:] = qpos, qvel
            self.data.qacc_warmstart[:], self.data.ctrl[:] = warm, action
            mujoco.mj_forward(self.model, self.data)
            yield self.data

    def mass(self) -> np.ndarray:
        """(9, 9), the joint-space inertia of the state at hand."""
        full = np.zeros((9, 9))
        mujoco.mj_fullM(self.model, self.data, full)
        return full


@jax.jit
@jax.vmap
def intermediates(qpos: Any, qvel: Any, warm: Any, action: Any) -> dict[str, Any]:
    """What the rules compute on the way to the accelerations."""
    angles, rates = tree.from_array(qpos), tree.from_array(qvel)
    posed = tree.pose(angles.z, tree.directions(angles))
    mass = tree.mass_matrix(posed)
    force = rules.smooth_forces(posed, angles, rates, rules.motor_torques(action))
    found = constrain.constraints(posed, angles, rates)
    smooth = tree.solve(mass, force)
    problem = solver.Problem(mass, force, smooth, found, posed)
    at = solver.accelerations(problem, tree.from_array(warm))
    rows = constrain.rows_at(found, posed, at)
    hessian = constrain.add_hessian(mass, found, posed, rows)

    def dense(matrix: tree.Matrix) -> jax.Array:
        columns = (tree.from_array(column) for column in jnp.eye(9))
        return jnp.stack([vector(tree.multiply(matrix, column)) for column in columns], 1)

    def vector(dofs: tree.Dofs) -> jax.Array:
        return jnp.stack(tree.to_list(dofs))

    gaps = [end for level in posed.gaps for end in level]
    return {
        "mass": dense(mass),
        "hessian": dense(hessian),
        "bias": vector(tree.bias(posed, rates)),
        "smooth_force": vector(force),
        "smooth": vector(smooth),
        "acceleration": vector(at),
        "constraint_force": vector(constrain.forces(found, posed, rows)),
        "gaps": jnp.stack(gaps),
        "weights": jnp.stack([end for level in found.weight for end in level]),
        "limit_weights": jnp.stack([leg for joint in found.limit_weight for leg in joint]),
        "rows": jnp.stack(
            [
                normal + edge * tangent
                for edge in EDGES
                for normals, tangents in zip(rows.normal, rows.tangent, strict=True)
                for normal, tangent in zip(normals, tangents, strict=True)
            ]
        ),
    }


@pytest.fixture(params=CLASSES, scope="module")
def both(request: pytest.FixtureRequest) -> tuple[Oracle, dict[str, np.ndarray]]:
    """MuJoCo at the states of a class, and the rules' results there."""
    oracle = Oracle(request.param)
    found = oracle.states
    computed = intermediates(
        found.qpos, found.qvel, found.qacc_warmstart, found.actions.astype(np.float64)
    )
    return oracle, {name: np.asarray(value) for name, value in computed.items()}


Both = tuple[Oracle, dict[str, np.ndarray]]


def test_mass_matrix_is_qm_symmetric_and_positive(both: Both) -> None:
    oracle, computed = both
    for mass, _ in zip(computed["mass"], oracle, strict=True):
        assert_allclose(mass, oracle.mass(), **CLOSE)
        assert (mass == mass.T).all() and np.linalg.eigvalsh(mass).min() > 0


def test_forces_without_constraints(both: Both) -> None:
    oracle, computed = both
    for i, data in enumerate(oracle):
        assert_allclose(computed["bias"][i], data.qfrc_bias, **CLOSE)
        assert_allclose(computed["smooth_force"][i], data.qfrc_smooth, **CLOSE)
        scale = 1e-11 * np.abs(data.qacc_smooth).max()
        assert_allclose(computed["smooth"][i], data.qacc_smooth, rtol=1e-9, atol=1e-9 + scale)


def test_contacts_are_those_of_the_engine(both: Both) -> None:
    """Which ends touch and how deep; the same ends have weights, and no other."""
    oracle, computed = both
    touching = 0
    for i, data in enumerate(oracle):
        gaps = computed["gaps"][i]
        assert_allclose(np.sort(gaps[gaps < 0]), np.sort(data.contact.dist[: data.ncon]), **CLOSE)
        assert ((computed["weights"][i] > 0) == (gaps < 0)).all()
        touching += data.ncon
    assert touching or oracle.states.qvel.any()


def test_weights_of_rows_are_efc_d(both: Both) -> None:
    oracle, computed = both
    limit = mujoco.mjtConstraint.mjCNSTR_LIMIT_JOINT
    for i, data in enumerate(oracle):
        is_limit = np.asarray(data.efc_type == limit)
        edges = data.efc_D[~is_limit].reshape(-1, 4)
        weights = computed["weights"][i]
        assert_allclose(np.sort(weights[weights > 0]), np.sort(edges[:, 0]), **CLOSE)
        assert (edges == edges[:, :1]).all()
        weights = computed["limit_weights"][i]
        assert_allclose(np.sort(weights[weights > 0]), np.sort(data.efc_D[is_limit]), **CLOSE)


def test_rows_are_accelerations_minus_references(both: Both) -> None:
    """The two edges along x of every contact, as a multiset: MuJoCo's tangent may point back."""
    oracle, computed = both
    limit = mujoco.mjtConstraint.mjCNSTR_LIMIT_JOINT
    for i, data in enumerate(oracle):
        jacobian = data.efc_J.reshape(-1, 9) if data.efc_J.size == data.nefc * 9 else None
        if jacobian is None:
            jacobian = np.zeros((data.nefc, 9))
            for row in range(data.nefc):
                start, count = data.efc_J_rowadr[row], data.efc_J_rownnz[row]
                where = data.efc_J_colind[start : start + count]
                jacobian[row, where] = data.efc_J[start : start + count]
        theirs = jacobian @ data.qacc - data.efc_aref
        theirs = theirs[data.efc_type != limit].reshape(-1, 4)
        there = np.tile(computed["weights"][i] > 0, 2)
        # Across the motion both edges are the normal's; the other two are ours.
        across = [np.argsort(np.abs(row - row.mean()))[2:] for row in theirs]
        along = [row[order] for row, order in zip(theirs, across, strict=True)]
        ours = np.sort(computed["rows"][i][there])
        scale = 1e-10 * np.abs(data.qacc).max()
        assert_allclose(ours, np.sort(np.ravel(along)), rtol=1e-7, atol=1e-7 + scale)


def test_constraint_forces_and_accelerations(both: Both) -> None:
    oracle, computed = both
    for i, data in enumerate(oracle):
        scale = np.maximum(1, np.abs(data.qfrc_constraint)).max()
        assert_allclose(
            computed["constraint_force"][i], data.qfrc_constraint, rtol=0, atol=1e-7 * scale
        )
        scale = np.maximum(1, np.abs(data.qacc)).max()
        assert_allclose(computed["acceleration"][i], data.qacc, rtol=0, atol=1e-7 * scale)


def test_hessian_is_symmetric_and_what_its_rows_say(both: Both) -> None:
    """M + J^T D J is at least M, and more where something pushes."""
    _, computed = both
    pushing = np.asarray(np.abs(computed["constraint_force"]).max(axis=1) > 0)
    for hessian, mass, pushes in zip(computed["hessian"], computed["mass"], pushing, strict=True):
        assert_allclose(hessian, hessian.T, **CLOSE)
        more = np.linalg.eigvalsh(hessian - mass)
        assert more.min() > -1e-9 * max(1.0, more.max())
        assert (more.max() > 1e-9) == pushes


@pytest.mark.parametrize(
    ("depth", "expected"),
    [
        (-1.0, 0.0001),
        (0.0, 0.0001),
        (0.005, 0.0001 + 0.7999 * 0.5),
        (0.0025, 0.0001 + 0.7999 * 0.125),
        (0.0075, 0.0001 + 0.7999 * 0.875),
        (0.01, 0.8),
        (7.0, 0.8),
    ],
)
def test_impedance(depth: float, expected: float) -> None:
    got = constrain.impedance(
        jnp.float64(depth), consts.CONTACT_WIDTH, consts.CONTACT_DMIN, consts.CONTACT_DMAX
    )
    assert_allclose(got, expected, rtol=1e-12)


def test_solve_inverts_multiply() -> None:
    states = draw("extreme", 20, 1, 0)

    @jax.jit
    @jax.vmap
    def round_trip(qpos: Any, vector: Any) -> Any:
        angles = tree.from_array(qpos)
        mass = tree.mass_matrix(tree.pose(angles.z, tree.directions(angles)))
        return jnp.stack(
            tree.to_list(tree.solve(mass, tree.multiply(mass, tree.from_array(vector))))
        )

    assert_allclose(round_trip(states.qpos, states.qvel), states.qvel, rtol=1e-9, atol=1e-7)


def test_reset_noise_is_the_references() -> None:
    for episode in range(20):
        key = env_key(root_key(3), 5, episode)
        words = (jnp.uint32(key[0]), jnp.uint32(key[1]))
        ours = rules.reset_noise(words, 0.3, jnp.float64)
        for got, expected in zip(ours, reset_noise(key, 0.3), strict=True):
            assert_allclose(got, expected, rtol=1e-12, atol=1e-15)


def test_several_combine_cyclically() -> None:
    legs, ends = Several((1.0, 2.0)), Several((10.0, 20.0, 30.0, 40.0))
    assert list(ends + legs) == [11.0, 22.0, 31.0, 42.0]
    assert list(1.0 - legs) == [0.0, -1.0] and list(6.0 / legs) == [6.0, 3.0]
    assert list(ends.by_leg()) == [40.0, 60.0] and ends.sum() == 100.0
    assert list(legs < 2.0) == [True, False] and (legs > 1.5).any()


def test_a_function_that_no_instance_needs_is_not_called() -> None:
    def double_where(predicate: Any, x: Any) -> Any:
        return solver.when_any(predicate, lambda: 2 * x, x)

    x = jnp.arange(3.0)
    some = jax.vmap(double_where)(jnp.array([True, False, True]), x)
    assert np.array_equal(some, [0.0, 1.0, 4.0])
    assert np.array_equal(jax.vmap(double_where)(jnp.zeros(3, bool), x), x)
