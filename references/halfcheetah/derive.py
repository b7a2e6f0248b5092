"""Writes model.py: every number of the rules, read from the compiled MuJoCo model.

`python -m references.halfcheetah.derive` writes it, `--check` exits with 1 when it is stale. The
model is Gymnasium's `half_cheetah.xml`, compiled by the installed MuJoCo.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from gymnasium.envs.mujoco import mujoco_env

MODEL_FILE = Path(mujoco_env.__file__).parent / "assets" / "half_cheetah.xml"
TARGET = Path(__file__).parent / "model.py"
ROOT_DOFS = 3  # rootx, rootz, rooty; one hinge a leg segment follows

MINIMP, MAXIMP = 0.0001, 0.9999  # mjMINIMP and mjMAXIMP, bounds of an impedance (mjmodel.h)
MINVAL = 1e-15  # mjMINVAL, the least number that MuJoCo divides by
MAXVAL = 1e10  # mjMAXVAL: what is larger counts as divergence (mj_checkPos and the like)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without MuJoCo's complaint about an attribute of Gymnasium's model, which it would write to
    standard error and to a file in the working directory whenever the model is loaded.
    """
    mujoco.set_mju_user_warning(lambda message: None)
    try:
        yield
    finally:
        mujoco.set_mju_user_warning(None)


def load_model() -> Any:
    """The compiled model."""
    with quiet():
        return mujoco.MjModel.from_xml_path(str(MODEL_FILE))


def check_structure(model: Any) -> None:
    """Refuse a model that the planar rules do not describe.

    Raises:
        ValueError: naming what is different.
    """
    hinge, slide = mujoco.mjtJoint.mjJNT_HINGE, mujoco.mjtJoint.mjJNT_SLIDE
    option = model.opt
    facts = {
        "joints": list(model.jnt_type) == [slide] * 2 + [hinge] * 7,
        "joint axes": bool((model.jnt_axis == [[1, 0, 0], [0, 0, 1], *[[0, 1, 0]] * 7]).all()),
        "joint anchors": not model.jnt_pos.any(),
        "joints of the bodies": list(model.jnt_bodyid) == [1, 1, 1, 2, 3, 4, 5, 6, 7],
        "bodies are planar": not model.body_pos[:, 1].any() and not model.body_ipos[:, 1].any(),
        "bodies are unrotated": bool((model.body_quat == [1, 0, 0, 0]).all()),
        "springs rest at 0": not model.qpos_spring.any() and not model.qpos0.any(),
        "the floor is level": model.geom_type[0] == mujoco.mjtGeom.mjGEOM_PLANE
        and bool((model.geom_quat[0] == [1, 0, 0, 0]).all())
        and not model.geom_pos[0].any(),
        "all else is capsules": bool((model.geom_type[1:] == mujoco.mjtGeom.mjGEOM_CAPSULE).all()),
        "capsules meet the floor alone": bool((model.geom_conaffinity == [1, *[0] * 8]).all()),
        "contacts are alike": _alike(model.geom_solref, model.geom_solimp, model.geom_friction),
        "contact dimension is 3": bool((model.geom_condim == 3).all()),
        "limits are alike": _alike(model.jnt_solref[3:], model.jnt_solimp[3:]),
        "margins are 0": not model.geom_margin.any() and not model.jnt_margin.any(),
        "motors": bool((model.actuator_trnid[:, 0] == range(3, 9)).all()),
        "no friction loss": not model.dof_frictionloss.any(),
        "Euler": option.integrator == mujoco.mjtIntegrator.mjINT_EULER,
        "Newton": option.solver == mujoco.mjtSolver.mjSOL_NEWTON,
        "pyramidal cone": option.cone == mujoco.mjtCone.mjCONE_PYRAMIDAL,
        "default flags": option.disableflags == 0 and option.enableflags == 0,
        "impratio": option.impratio == 1.0,
        "no wind": not option.wind.any() and option.density == option.viscosity == 0,
        "gravity": not option.gravity[:2].any(),
        "impedance widths": model.geom_solimp[1, 3] == 0.5 and model.geom_solimp[1, 4] == 2,
    }
    wrong = [name for name, holds in facts.items() if not holds]
    if wrong:
        raise ValueError(f"the model is another than the rules describe: {', '.join(wrong)}")


def _alike(*tables: np.ndarray) -> bool:
    return all(bool((table == table[0]).all()) for table in tables)


def constants(model: Any) -> dict[str, Any]:
    """The rules' numbers by name: floats, integers, and tuples of them.

    Lengths in metres, angles in radians, masses in kg. Bodies are the torso and the segments of
    the back and the front leg from thigh to foot; ends are those of the capsules in the order of
    MuJoCo's geoms, first the one that its axis points to.
    """
    check_structure(model)
    ends = _capsule_ends(model)
    reference = np.maximum(model.jnt_solref[3, 0], 2 * model.opt.timestep)
    contact_reference = np.maximum(model.geom_solref[1, 0], 2 * model.opt.timestep)
    table: dict[str, Any] = {
        "TIMESTEP": model.opt.timestep,
        "GRAVITY": -model.opt.gravity[2],
        "NUM_BODIES": model.nbody - 1,
        "BODY_PARENT": model.body_parentid[1:] - 1,
        "BODY_X": model.body_pos[1:, 0],  # the body's frame in its parent's
        "BODY_Z": model.body_pos[1:, 2],
        "BODY_COM_X": model.body_ipos[1:, 0],  # centre of mass in the body's frame
        "BODY_COM_Z": model.body_ipos[1:, 2],
        "BODY_MASS": model.body_mass[1:],
        "BODY_INERTIA": _inertia_about_y(model),  # about the centre of mass
        "BODY_INVWEIGHT": model.body_invweight0[1:, 0],  # translation, 1/kg
        "DOF_ARMATURE": model.dof_armature,
        "DOF_DAMPING": model.dof_damping,
        "DOF_INVWEIGHT": model.dof_invweight0,
        "JOINT_STIFFNESS": model.jnt_stiffness,
        "JOINT_LOW": model.jnt_range[ROOT_DOFS:, 0],
        "JOINT_HIGH": model.jnt_range[ROOT_DOFS:, 1],
        "MOTOR_GEAR": model.actuator_gear[:, 0],
        "CONTROL_LOW": model.actuator_ctrlrange[0, 0],
        "CONTROL_HIGH": model.actuator_ctrlrange[0, 1],
        "NUM_ENDS": len(ends),
        "END_BODY": [body for body, _, _ in ends],
        "END_X": [x for _, x, _ in ends],
        "END_Z": [z for _, _, z in ends],
        "CAPSULE_RADIUS": model.geom_size[1, 0],
        "FRICTION": model.geom_friction[1, 0],
        **_reference("CONTACT", contact_reference, model.geom_solref[1], model.geom_solimp[1]),
        **_reference("LIMIT", reference, model.jnt_solref[3], model.jnt_solimp[3]),
        "SOLVER_TOLERANCE": model.opt.tolerance,
        "SOLVER_ITERATIONS": model.opt.iterations,
        "LINESEARCH_TOLERANCE": model.opt.ls_tolerance,
        "LINESEARCH_ITERATIONS": model.opt.ls_iterations,
        "MINVAL": MINVAL,
        "MAXVAL": MAXVAL,
    }
    return {name: _plain(value) for name, value in table.items()}


def _reference(kind: str, timeconst: float, solref: Any, solimp: Any) -> dict[str, float]:
    """Stiffness, damping and impedance of a constraint, as MuJoCo's documentation defines them."""
    dmin, dmax = np.clip(solimp[:2], MINIMP, MAXIMP)
    return {
        f"{kind}_STIFFNESS": 1.0 / (dmax**2 * timeconst**2 * solref[1] ** 2),
        f"{kind}_DAMPING": 2.0 / (dmax * timeconst),
        f"{kind}_DMIN": dmin,
        f"{kind}_DMAX": dmax,
        f"{kind}_WIDTH": solimp[2],
    }


def _inertia_about_y(model: Any) -> np.ndarray:
    """(bodies,) kg m^2: principal inertias turned from their own axes onto y."""
    found = []
    for inertia, quaternion in zip(model.body_inertia[1:], model.body_iquat[1:], strict=True):
        rotation = np.zeros(9)
        mujoco.mju_quat2Mat(rotation, quaternion)
        found.append(rotation.reshape(3, 3)[1] ** 2 @ inertia)
    return np.array(found)


def _capsule_ends(model: Any) -> list[tuple[int, float, float]]:
    """(body, x, z) of the centres of the capsules' half spheres, in the body's frame."""
    ends = []
    for geom in range(1, model.ngeom):
        rotation = np.zeros(9)
        mujoco.mju_quat2Mat(rotation, model.geom_quat[geom])
        axis = rotation.reshape(3, 3)[:, 2] * model.geom_size[geom, 1]
        for sign in (1, -1):
            x, _, z = model.geom_pos[geom] + sign * axis
            ends.append((int(model.geom_bodyid[geom]) - 1, float(x), float(z)))
    return ends


def _plain(value: Any) -> Any:
    """Python's numbers, and tuples of them."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, np.generic):
        value = value.item()
    return tuple(_plain(item) for item in value) if isinstance(value, list) else value


def source(model: Any) -> str:
    """The text of model.py."""
    lines = [
        '"""Generated by `python -m references.halfcheetah.derive`; do not edit.',
        "",
        f"From Gymnasium's half_cheetah.xml as MuJoCo {mujoco.__version__} compiles it; derive.py",
        "says what each number is.",
        '"""',
        "",
        f'MUJOCO_VERSION = "{mujoco.__version__}"',
        "CONSTANTS: dict[str, int | float | tuple[int | float, ...]] = {",
    ]
    for name, value in constants(model).items():
        if isinstance(value, tuple):
            lines += [f'    "{name}": (', *(f"        {item!r}," for item in value), "    ),"]
        else:
            lines.append(f'    "{name}": {value!r},')
    return "\n".join([*lines, "}", ""])


def main() -> int:
    """Write or check model.py."""
    parser = argparse.ArgumentParser(prog="references.halfcheetah.derive", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if it is stale")
    text = source(load_model())
    if not parser.parse_args().check:
        TARGET.write_text(text)
    elif TARGET.read_text() != text:
        print(f"{TARGET.name} is stale; run `python -m references.halfcheetah.derive`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
