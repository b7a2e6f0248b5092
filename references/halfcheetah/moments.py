"""What MuJoCo computes on its way through a substep, for states of every class.

`python -m references.halfcheetah.moments FILE` writes it for tests that run without MuJoCo, as
rows of little-endian f64 in the order of LAYOUT.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from references.halfcheetah.derive import ROOT_DOFS, load_model
from references.halfcheetah.model import CONSTANTS
from references.halfcheetah.spec import MOTORS, NUM_DOFS
from references.halfcheetah.states import CLASSES, draw

COUNT = 60
"""States of each class in a file."""
NUM_ENDS = int(CONSTANTS["NUM_ENDS"])  # type: ignore[arg-type]
NO_CONTACT = 1.0
"""m: the distance that stands where an end does not touch the floor."""

LAYOUT: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("qpos", (NUM_DOFS,)),
    ("qvel", (NUM_DOFS,)),
    ("qacc_warmstart", (NUM_DOFS,)),
    ("ctrl", (len(MOTORS),)),
    ("mass", (NUM_DOFS, NUM_DOFS)),  # with armatures
    ("bias", (NUM_DOFS,)),  # qfrc_bias
    ("force", (NUM_DOFS,)),  # qfrc_smooth
    ("smooth", (NUM_DOFS,)),  # qacc_smooth
    ("distance", (NUM_ENDS,)),  # of a capsule's end from the floor, m
    ("contact_x", (NUM_ENDS,)),  # m, from the torso's origin
    ("contact_weight", (NUM_ENDS,)),  # efc_D of a contact's rows
    ("contact_normal", (NUM_ENDS,)),  # efc_aref of the two rows along y: the normal alone
    ("contact_tangent", (NUM_ENDS,)),  # half the difference of the rows along x, first minus second
    ("limit_weight", (len(MOTORS),)),  # efc_D
    ("limit_reference", (len(MOTORS),)),  # efc_aref
    ("constraint_force", (NUM_DOFS,)),  # qfrc_constraint
    ("qacc", (NUM_DOFS,)),
    ("iterations", ()),  # of the solver
    ("next_qpos", (NUM_DOFS,)),
    ("next_qvel", (NUM_DOFS,)),
)
DTYPE = np.dtype([(name, "<f8", shape) for name, shape in LAYOUT])


def moments(states: np.ndarray) -> np.ndarray:
    """(N,) of DTYPE, with the first four fields of `states` and what MuJoCo makes of them."""
    model = load_model()
    data = mujoco.MjData(model)
    found = np.zeros(len(states), DTYPE)
    for row, state in zip(found, states, strict=True):
        mujoco.mj_resetData(model, data)
        for name in ("qpos", "qvel", "qacc_warmstart", "ctrl"):
            row[name] = state[name]
            getattr(data, name)[:] = state[name]
        mujoco.mj_step(model, data)  # leaves what it computed on its way in `data`
        _fill(row, state, model, data)
    return found


def _fill(row: Any, state: Any, model: Any, data: Any) -> None:
    row["next_qpos"], row["next_qvel"] = data.qpos, data.qvel
    row["qacc"], row["bias"], row["force"] = data.qacc, data.qfrc_bias, data.qfrc_smooth
    row["smooth"], row["constraint_force"] = data.qacc_smooth, data.qfrc_constraint
    row["iterations"] = data.solver_niter[0] if data.nefc else 0
    _mass(row["mass"], model, data)
    row["distance"] = NO_CONTACT
    for contact in data.contact[: data.ncon]:
        first = contact.efc_address
        end = _end_of(contact, model, data)
        row["distance"][end] = contact.dist
        row["contact_x"][end] = contact.pos[0] - state["qpos"][0]
        row["contact_weight"][end] = data.efc_D[first]
        row["contact_normal"][end] = data.efc_aref[first + 2]
        towards_x = np.sign(contact.frame[3])
        difference = data.efc_aref[first] - data.efc_aref[first + 1]
        row["contact_tangent"][end] = towards_x * difference / 2
    limits = data.efc_type == mujoco.mjtConstraint.mjCNSTR_LIMIT_JOINT
    for index in np.flatnonzero(limits):
        joint = data.efc_id[index] - ROOT_DOFS
        row["limit_weight"][joint] = data.efc_D[index]
        row["limit_reference"][joint] = data.efc_aref[index]


def _mass(mass: np.ndarray, model: Any, data: Any) -> None:
    """The full mass matrix, a column at a time: `mj_mulM` is the same in all versions."""
    for dof in range(NUM_DOFS):
        unit, column = np.zeros(NUM_DOFS), np.zeros(NUM_DOFS)
        unit[dof] = 1.0
        mujoco.mj_mulM(model, data, column, unit)
        mass[:, dof] = column


def _end_of(contact: Any, model: Any, data: Any) -> int:
    """Which end of which capsule it is: the one that is right above the contact and as deep."""
    geom = int(max(contact.geom))
    axis = data.geom_xmat[geom].reshape(3, 3)[:, 2] * model.geom_size[geom, 1]
    gaps = []
    for sign in (1, -1):
        end = data.geom_xpos[geom] + sign * axis
        below = end[2] - model.geom_size[geom, 0] - contact.dist
        gaps.append(abs(end[0] - contact.pos[0]) + abs(below))
    return 2 * (geom - 1) + int(np.argmin(gaps))


def sample(count: int = COUNT, seed: int = 0) -> np.ndarray:
    """Moments of `count` states of each class, with an action each."""
    parts = []
    for kind in CLASSES:
        drawn = draw(kind, count, seed, 0)
        states = np.zeros(count, DTYPE)
        states["qpos"], states["qvel"] = drawn.qpos, drawn.qvel
        states["qacc_warmstart"], states["ctrl"] = drawn.qacc_warmstart, drawn.actions
        parts.append(moments(states))
    return np.concatenate(parts)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(sample().tobytes())
