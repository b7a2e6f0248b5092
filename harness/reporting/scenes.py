"""What a packed state looks like: with MuJoCo's renderer, or with ours."""

from __future__ import annotations

import ctypes.util
import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from harness.errors import UserError
from harness.registry import Entry

Draw = Callable[[np.ndarray], np.ndarray]
"""(height, width, 3) uint8 of a packed row (state_bytes,) uint8."""

MODELS = {"halfcheetah": "references.halfcheetah.derive:load_model"}
"""Environments that MuJoCo draws: where their compiled model comes from. Their states have `qpos`
and `qvel`, and the model a camera that follows."""
MUJOCO_SIZE = (240, 320)  # height, width
SKY = 72  # rows of it that are cut off: there is nothing in them
HALVED = 400  # pixels of height from which a frame of ours is drawn at half its size
BACKENDS = {"egl": "EGL", "osmesa": "OSMesa"}
"""Libraries that MuJoCo draws with where there is no screen, by what MUJOCO_GL calls them."""


def drawer(entry: Entry) -> Draw:
    """How an environment is drawn.

    Raises:
        UserError: if it cannot be drawn, or not here.
    """
    if entry.name in MODELS:
        return _mujoco(entry)
    try:
        from samestep_rust import render
    except ImportError as error:
        raise UserError(f"{error}; `make setup` builds it") from None
    try:
        render.check(entry.name)
    except ValueError as error:
        raise UserError(str(error)) from None
    return lambda row: _smaller(render.draw(entry.name, row[None])[0])


def _smaller(frame: np.ndarray) -> np.ndarray:
    """At half the size where it is large: the mean of each two by two pixels."""
    if len(frame) < HALVED:
        return frame
    return np.asarray(Image.fromarray(frame).reduce(2))


def choose_gl() -> None:
    """Let MuJoCo draw without a screen, unless MUJOCO_GL says how to.

    Call it before anything imports MuJoCo.

    Raises:
        UserError: if there is nothing to draw with.
    """
    if os.environ.get("MUJOCO_GL") or os.environ.get("DISPLAY") or sys.platform != "linux":
        return
    for name, library in BACKENDS.items():
        if ctypes.util.find_library(library):
            os.environ["MUJOCO_GL"] = name
            return
    raise UserError(
        "MuJoCo finds neither EGL nor OSMesa to draw with; accepted: either of them installed "
        "(Debian: libegl1 and libgl1-mesa-dri, or libosmesa6)"
    )


def _mujoco(entry: Entry) -> Draw:
    choose_gl()
    module, name = MODELS[entry.name].split(":")
    try:
        import mujoco

        model = getattr(importlib.import_module(module), name)()
        renderer = mujoco.Renderer(model, *MUJOCO_SIZE)
    except Exception as error:  # each OpenGL library fails in a way of its own
        told = " ".join(str(error).split()) or type(error).__name__
        gl = os.environ.get("MUJOCO_GL", "")
        raise UserError(
            f"MuJoCo cannot draw here with MUJOCO_GL={gl!r}: {told}; accepted: egl, osmesa or glfw "
            "where its library works"
        ) from None
    data = mujoco.MjData(model)
    dtype = entry.spec.row_dtype

    def draw(row: np.ndarray) -> np.ndarray:
        state: Any = np.ascontiguousarray(row).view(dtype)[0]
        data.qpos[:], data.qvel[:] = state["qpos"], state["qvel"]
        mujoco.mj_forward(model, data)
        renderer.update_scene(data, camera=0)
        frame: np.ndarray = renderer.render()[SKY:]
        return frame

    return draw
