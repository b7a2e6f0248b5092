"""HalfCheetah's bars: one step from injected states, and free runs beside MuJoCo's own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.verifying.errors import ErrorComparator
from harness.verifying.measure import Bar, Drawn, Measure, Params
from references.batch import ReferenceBatch
from references.contract import EnvSpec
from references.halfcheetah import states
from references.halfcheetah.rounded import Rounded
from references.halfcheetah.rules import HalfCheetah

ENDING = "ending"
CLASSES = {"reset": 100, "play": 500, "gait": 300, "extreme": 100, ENDING: 20}
"""100 units have 100,000 states, 10,000 of them extreme, and 2,000 whose episode ends."""

SINGLE = Bar(share=0.99, within=1e-4, limit=1e-3, factor=10.0)
SINGLE_EXTREME = Bar(share=0.99, within=1e-3, limit=1e-3, factor=10.0)
DOUBLE = Bar(share=0.995, within=1e-8, limit=1e-5, factor=None)

POSITION, VELOCITY = "qpos", "qvel"


def draw(kind: str, count: int, seed: int, number: int) -> Drawn:
    """See `references.halfcheetah.states`; the states that end an episode are met in play."""
    source = kind
    if kind == ENDING:
        source, number = "play", number + 2**32  # others than the class itself has
    found = states.draw(source, count, seed, number)
    fields = {
        "qpos": found.qpos,
        "qvel": found.qvel,
        "qacc_warmstart": found.qacc_warmstart,
    }
    return Drawn(fields, found.t, found.actions)


def bars(params: Params) -> Mapping[str, Bar]:
    """The same for all states in double precision; more for the extreme ones in single."""
    if params.get("double_precision", False):
        return dict.fromkeys(CLASSES, DOUBLE)
    return {**dict.fromkeys(CLASSES, SINGLE), "extreme": SINGLE_EXTREME}


def comparator(spec: EnvSpec) -> ErrorComparator:
    """Any one step within the bar's limit."""
    double = spec.obs.dtype == "f8"
    return ErrorComparator(spec, (DOUBLE if double else SINGLE).limit)


def start(spec: EnvSpec, count: int, seed: int) -> np.ndarray:
    """(count, state_bytes) u8: what resets under the seed give, rounded to single precision."""
    batch = ReferenceBatch(HalfCheetah(), count)
    batch.reset(seed)
    rows = spec.unpack(batch.export_state())
    for name in (POSITION, VELOCITY):
        rows[name] = rows[name].astype(np.float32)
    return rows.view(np.uint8).reshape(count, spec.state_bytes)


def nudge(spec: EnvSpec, rows: np.ndarray, distance: float, seed: int) -> np.ndarray:
    """The rows with every position and velocity `distance` away, up or down at random."""
    moved = spec.unpack(rows).copy()
    rng = np.random.default_rng([seed, 1])
    for name in (POSITION, VELOCITY):
        moved[name] += distance * rng.choice([-1.0, 1.0], moved[name].shape)
    return moved.view(np.uint8).reshape(rows.shape)


MEASURE = Measure(
    classes=CLASSES,
    units=100,
    draw=draw,
    bars=bars,
    rounded=Rounded,
    ending=ENDING,
    start=start,
    nudge=nudge,
    apart=lambda params: 1e-12 if params.get("double_precision", False) else 1e-6,
    nearby=(1e-6, 1e-12),
)
