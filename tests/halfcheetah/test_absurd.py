"""States that no episode reaches and input that is refused: MuJoCo's own behaviour or one clear
line, and never anything in another lane.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest

from harness import registry
from harness.errors import UserError
from harness.implementations import Batch, make_batch
from harness.measures.halfcheetah import DOUBLE, SINGLE
from harness.verifying.errors import relative_error
from references.batch import BatchStep
from references.halfcheetah.states import draw

N = 27
ENTRY = registry.get("halfcheetah")
FIELDS = ("qpos", "qvel", "qacc_warmstart")
Change = Callable[[np.ndarray], None]
"""Makes states absurd, given as an array with the fields of STATE."""


def one(field: str, value: float) -> Change:
    """A number of each state, each in its turn, up or down."""

    def change(states: np.ndarray) -> None:
        which = np.arange(len(states))
        states[field][which, which % 9] = value * (-1.0) ** which

    return change


def all_of(field: str, value: float) -> Change:
    """All numbers of a field, up or down."""

    def change(states: np.ndarray) -> None:
        signs = np.random.default_rng(6).choice([-1.0, 1.0], states[field].shape)
        states[field][:] = value * signs

    return change


def deep(height: float) -> Change:
    def change(states: np.ndarray) -> None:
        states["qpos"][:, 1] = height

    return change


def turned(angle: float, joints: slice) -> Change:
    def change(states: np.ndarray) -> None:
        spread = np.random.default_rng(6).uniform(0.9, 1, states["qpos"][:, joints].shape)
        states["qpos"][:, joints] = angle * spread

    return change


TORSO, LEGS = slice(2, 3), slice(3, 9)

CASES: dict[str, Change] = {
    "all velocities 1e6": all_of("qvel", 1e6),
    "a velocity of 1e8": one("qvel", 1e8),
    "a velocity of 1e11": one("qvel", 1e11),
    "all velocities 1e11": all_of("qvel", 1e11),
    "all velocities 3e38": all_of("qvel", 3e38),
    "a position of 1e11": one("qpos", 1e11),
    "all positions 1e11": all_of("qpos", 1e11),
    "a warm start of 1e11": one("qacc_warmstart", 1e11),
    "all warm starts 3e38": all_of("qacc_warmstart", 3e38),
    "1.5 m in the floor": deep(-1.5),
    "10 m in the floor": deep(-10.0),
    "turned 1,000 rad": turned(1e3, TORSO),
    "turned 100,000 rad": turned(1e5, TORSO),
    "legs turned 10 rad": turned(10.0, LEGS),
    "legs turned 1e6 rad": turned(1e6, LEGS),
}
SENSITIVE: dict[str, Change] = {
    "a velocity of 1,000": one("qvel", 1e3),
    "all velocities 1,000": all_of("qvel", 1e3),
    "a velocity of 1e6": one("qvel", 1e6),
    "a position of 1,000": one("qpos", 1e3),
}
"""Where the last bits grow within one step, of some states, to what no bound holds."""


@pytest.fixture(params=["single", "double"])
def params(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {"double_precision": request.param == "double"}


@pytest.fixture(params=ENTRY.backends)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def quiet_mujoco(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """MuJoCo complains of such states in a file in the working directory."""
    monkeypatch.chdir(tmp_path)
    mujoco.set_mju_user_warning(lambda message: None)
    yield
    mujoco.set_mju_user_warning(None)


_BATCHES: dict[tuple[str, bool], Batch] = {}


def batch_of(impl: str, params: dict[str, Any]) -> Batch:
    """N instances after a reset; made once, for JAX compiles long."""
    key = (impl, params["double_precision"])
    if key not in _BATCHES:
        try:
            _BATCHES[key] = make_batch(ENTRY, impl, N, params)
        except (ImportError, UserError) as error:
            pytest.skip(str(error))
    _BATCHES[key].reset(0)
    return _BATCHES[key]


def sane() -> tuple[np.ndarray, np.ndarray]:
    """Packed rows and actions of states met in play, that fit into single precision."""
    found = draw("play", N, 11, 0)
    reference = batch_of("reference", {"double_precision": True})
    rows = reference.export_state().copy()
    states = fields_of(rows)
    for name in FIELDS:
        states[name] = getattr(found, name)
    return rows, found.actions


def fields_of(rows: np.ndarray) -> np.ndarray:
    """The rows as an array with STATE's fields, in the same memory."""
    return rows.view(ENTRY.spec.row_dtype)[:, 0]


def changed(rows: np.ndarray, change: Change) -> np.ndarray:
    """A copy that is absurd, rounded to single precision."""
    rows = rows.copy()
    states = fields_of(rows)
    change(states)
    for name in FIELDS:
        states[name] = states[name].astype(np.float32)
    return rows


def stepped(
    impl: str, params: dict[str, Any], rows: np.ndarray, actions: np.ndarray
) -> tuple[np.ndarray, BatchStep]:
    batch = batch_of(impl, params)
    batch.import_state(rows)
    step = batch.step(actions)
    return batch.export_state().copy(), step


def one_step_errors(
    backend: str, params: dict[str, Any], rows: np.ndarray, actions: np.ndarray
) -> np.ndarray:
    """(N,) of STATE, observations and rewards, as the harness measures them."""
    want_rows, want = stepped("reference", params, rows, actions)
    got_rows, got = stepped(backend, params, rows, actions)
    expected, found = fields_of(want_rows), fields_of(got_rows)
    errors = [relative_error(expected[name], found[name]).max(1) for name in FIELDS]
    errors.append(relative_error(want.obs, got.obs).max(1))
    with np.errstate(over="ignore"):
        errors.append(relative_error(want.reward, got.reward))
    for name in FIELDS:
        assert np.isfinite(found[name]).all()
    assert not got.terminated.any() and not got.truncated.any()
    return np.asarray(np.max(errors, axis=0))


@pytest.mark.l3
@pytest.mark.parametrize("case", CASES)
def test_one_step_is_mujocos(backend: str, params: dict[str, Any], case: str) -> None:
    rows, actions = sane()
    errors = one_step_errors(backend, params, changed(rows, CASES[case]), actions)
    bar = DOUBLE if params["double_precision"] else SINGLE
    assert errors.max() <= bar.limit, f"{errors.max()} of state {errors.argmax()}"


@pytest.mark.l3
@pytest.mark.parametrize("case", SENSITIVE)
def test_most_single_steps_are_mujocos(backend: str, params: dict[str, Any], case: str) -> None:
    rows, actions = sane()
    errors = one_step_errors(backend, params, changed(rows, SENSITIVE[case]), actions)
    bar = DOUBLE if params["double_precision"] else SINGLE
    assert (errors <= bar.limit).mean() >= 0.8, f"{np.sort(errors)[-5:]}"


@pytest.mark.l2
@pytest.mark.parametrize("case", [*CASES, *SENSITIVE, "1e6 m in the floor"])
def test_no_other_lane_knows(backend: str, params: dict[str, Any], case: str) -> None:
    """A few absurd states among sane ones: the others step bit for bit as without them."""
    rows, actions = sane()
    change = {**CASES, **SENSITIVE, "1e6 m in the floor": deep(-1e6)}[case]
    absurd = np.zeros(N, bool)
    absurd[[0, 3, 12, N - 1]] = True
    mixed = np.where(absurd[:, None], changed(rows, change), rows)
    want_rows, want = stepped(backend, params, rows, actions)
    got_rows, got = stepped(backend, params, mixed, actions)
    assert (want_rows[~absurd] == got_rows[~absurd]).all()
    for name in ("obs", "reward", "terminated", "truncated"):
        expected, found = getattr(want, name)[~absurd], getattr(got, name)[~absurd]
        assert expected.tobytes() == found.tobytes(), name
    for name in FIELDS:
        assert np.isfinite(fields_of(got_rows)[name]).all()


@pytest.mark.l2
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1.0000001, -2.0])
def test_refused_actions(backend: str, bad: float) -> None:
    params = {"double_precision": False}
    rows, actions = sane()
    batch = batch_of(backend, params)
    batch.import_state(rows)
    before = batch.export_state().copy()
    actions = actions.copy()
    actions[5, 2] = bad
    shown = str(np.float32(bad)).removesuffix(".0").replace("nan", "(nan|NaN)")
    message = rf"{shown}[.0-9]*; accepted: .*-1\.0.*1\.0"
    with pytest.raises(ValueError, match=message) as refusal:
        batch.step(actions)
    assert "\n" not in str(refusal.value)
    assert (batch.export_state() == before).all()


@pytest.mark.l2
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_refused_states(backend: str, params: dict[str, Any], field: str, bad: float) -> None:
    rows, _ = sane()
    batch = batch_of(backend, params)
    before = batch.export_state().copy()
    fields_of(rows)[field][4, 7] = bad
    shown = str(bad).replace("nan", "(nan|NaN)")
    with pytest.raises(ValueError, match=f"row 4: {field} is {shown}; it must be") as refusal:
        batch.import_state(rows)
    assert "\n" not in str(refusal.value)
    assert (batch.export_state() == before).all()


@pytest.mark.l2
def test_what_single_precision_cannot_hold_is_refused(backend: str) -> None:
    rows, _ = sane()
    batch = batch_of(backend, {"double_precision": False})
    fields_of(rows)["qvel"][4, 7] = 1e39
    with pytest.raises(ValueError, match=r"row 4: qvel is 10*(e\+39)?; (it|must)") as refusal:
        batch.import_state(rows)
    assert "\n" not in str(refusal.value)
