"""L1: where the JAX solver starts and where it stops, at states that show it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from references.halfcheetah.derive import load_model
from references.halfcheetah.states import Injected, draw
from samestep_jax.halfcheetah import constraints as constrain
from samestep_jax.halfcheetah import rules, solver, tree

pytestmark = pytest.mark.l1

DRAWN = 12000
"""Extreme states; MuJoCo's tolerance shows in one of a thousand."""
BOUND = 1e-7
"""m/s^2 and rad/s^2, of accelerations: less than what one more Newton step changes."""


@pytest.fixture(autouse=True, scope="module")
def double() -> Iterator[None]:
    """Everything here is in f64, as the rules compute it."""
    with jax.enable_x64(True):
        yield


class Ours(NamedTuple):
    """What the rules make of N states."""

    qacc: np.ndarray  # (N, 9)
    warm_is_cheaper: np.ndarray  # (N,) bool


def ours(states: Injected) -> Ours:
    """The accelerations, and the choice of where to start."""

    @jax.jit
    @jax.vmap
    def solve(qpos: Any, qvel: Any, warm: Any, action: Any) -> Any:
        angles, rates, start = (tree.from_array(part) for part in (qpos, qvel, warm))
        posed = tree.pose(angles.z, tree.directions(angles))
        mass = tree.mass_matrix(posed)
        force = rules.smooth_forces(posed, angles, rates, rules.motor_torques(action))
        found = constrain.constraints(posed, angles, rates)
        smooth = tree.solve(mass, force)
        problem = solver.Problem(mass, force, smooth, found, posed)
        found_at = jnp.stack(tree.to_list(solver.accelerations(problem, start)))
        return found_at, solver._cost(problem, start) <= solver._cost(problem, smooth)

    qacc, warm_is_cheaper = solve(
        states.qpos, states.qvel, states.qacc_warmstart, states.actions.astype(np.float64)
    )
    return Ours(np.asarray(qacc), np.asarray(warm_is_cheaper))


class Theirs(NamedTuple):
    """What MuJoCo makes of N states."""

    qacc: np.ndarray  # (N, 9)
    warm_is_cheaper: np.ndarray  # (N,) bool, from its own matrices
    constrained: np.ndarray  # (N,) bool


def theirs(states: Injected, tolerance: float | None = None) -> Theirs:
    """The same of MuJoCo, with its own tolerance or another."""
    model = load_model()
    if tolerance is not None:
        model.opt.tolerance = tolerance
    data = mujoco.MjData(model)
    qacc, cheaper, constrained = [], [], []
    for qpos, qvel, warm, action in zip(
        states.qpos, states.qvel, states.qacc_warmstart, states.actions, strict=True
    ):
        mujoco.mj_resetData(model, data)
        data.qpos[:], data.qvel[:] = qpos, qvel
        data.qacc_warmstart[:], data.ctrl[:] = warm, action
        mujoco.mj_forward(model, data)
        qacc.append(data.qacc.copy())
        cheaper.append(_cost(model, data, warm) <= _cost(model, data, data.qacc_smooth))
        constrained.append(data.nefc > 0)
    return Theirs(np.array(qacc), np.array(cheaper), np.array(constrained))


def _cost(model: Any, data: Any, qacc: np.ndarray) -> float:
    """The solver's cost of accelerations: of the motion, and of rows that fall short."""
    away = qacc - data.qacc_smooth
    momentum, rows = np.zeros(model.nv), np.zeros(data.nefc)
    mujoco.mj_mulM(model, data, momentum, away)
    if data.nefc:
        mujoco.mj_mulJacVec(model, data, rows, qacc)
    short = np.minimum(rows - data.efc_aref, 0.0)
    return float(away @ momentum + (data.efc_D * short * short).sum()) / 2


@pytest.fixture(scope="module")
def drawn() -> Injected:
    """Extreme states: half of their warm starts are wild, and half of no size."""
    return draw("extreme", DRAWN, 21, 0)


@pytest.fixture(scope="module")
def found(drawn: Injected, double: None) -> Ours:
    return ours(drawn)


@pytest.fixture(scope="module")
def expected(drawn: Injected) -> Theirs:
    return theirs(drawn)


def off(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    """(N,) the largest error of each state's accelerations."""
    return np.asarray(np.abs(got - want).max(1))


def test_it_starts_where_the_cost_is_lower(found: Ours, expected: Theirs) -> None:
    where = expected.constrained
    assert np.array_equal(found.warm_is_cheaper[where], expected.warm_is_cheaper[where])
    share = expected.warm_is_cheaper[where].mean()
    assert 0.01 < share < 0.99, share


def test_it_stops_where_mujoco_stops(drawn: Injected, found: Ours, expected: Theirs) -> None:
    """MuJoCo stops early at some states, where going on would be seen."""
    early = off(theirs(drawn, tolerance=1e-15).qacc, expected.qacc) > 10 * BOUND
    assert early.sum() >= 5, f"only {early.sum()} stop early"
    errors = off(found.qacc, expected.qacc)
    assert (errors[early] <= BOUND).all(), np.sort(errors[early])[-10:]
    assert (errors <= BOUND).mean() > 0.999, np.sort(errors)[-20:]


def settling() -> Injected:
    """States of a cheetah that comes to rest, every third substep: warm starts are almost right."""
    model = load_model()
    data = mujoco.MjData(model)
    taken = []
    for step in range(1200):
        if step % 3 == 0:
            taken.append([data.qpos.copy(), data.qvel.copy(), data.qacc_warmstart.copy()])
        mujoco.mj_step(model, data)
    qpos, qvel, warm = (np.array(part) for part in zip(*taken, strict=True))
    t = np.zeros(len(qpos), np.int64)
    return Injected(qpos, qvel, warm, t, np.zeros((len(qpos), 6), np.float32))


def test_it_takes_a_first_step_wherever_the_gradient_asks_for_one() -> None:
    states = settling()
    expected = theirs(states)
    moved = expected.constrained & (off(states.qacc_warmstart, expected.qacc) > 10 * BOUND)
    assert moved.sum() >= 100
    assert off(ours(states).qacc, expected.qacc).max() <= BOUND
