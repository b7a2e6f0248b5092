"""The check of environments that are not exact: what is off is told, and too much is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import bench, registry
from harness.benching import one_step, ours, plan, tape, trace
from harness.benching.job import CHUNK, CheckFailed, Job
from harness.implementations import Batch, make_batch
from references.batch import BatchStep, ReferenceBatch
from references.contract import HEADER, Field
from tests.harness import pendulum


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> registry.Entry:
    return pendulum.plant(monkeypatch, pendulum.Rounding)


@pytest.fixture
def steps(entry: registry.Entry) -> one_step.Steps:
    return one_step.record(entry, {})


def approx(num_envs: int, rules: type[pendulum.Pendulum] = pendulum.Rounding) -> Batch:
    return ReferenceBatch(rules(), num_envs, 40)


@pytest.mark.parametrize(("steps_", "num_envs"), [(10, 3), (10, 10), (10, 25), (1, 1), (7, 4)])
def test_every_step_is_taken_once_and_every_instance_steps(steps_: int, num_envs: int) -> None:
    turns = one_step.turns(steps_, num_envs)
    assert np.concatenate([lanes[:count] for lanes, count in turns]).tolist() == [*range(steps_)]
    assert all(len(lanes) == num_envs and lanes.max() < steps_ for lanes, _ in turns)


@pytest.mark.parametrize("num_envs", [3, 70, 4096])
def test_rounding_is_told(num_envs: int, entry: registry.Entry, steps: one_step.Steps) -> None:
    said = one_step.check(approx(num_envs), entry, {}, steps)
    assert said.startswith("one-step error p99 ")
    assert said.endswith(f" over {trace.LANES * trace.STEPS:,} states")
    reference = make_batch(entry, "reference", num_envs, {})
    assert one_step.check(reference, entry, {}, steps) == "one step equal over 2,048 states"


@pytest.mark.parametrize("rules", [pendulum.WrongSign, pendulum.WrongNan])
def test_what_is_beyond_the_bound_is_refused(
    rules: type[pendulum.Pendulum], entry: registry.Entry, steps: one_step.Steps
) -> None:
    with pytest.raises(CheckFailed, match=r"^from state \d+, step 1: .*, expected "):
        one_step.check(approx(70, rules), entry, {}, steps)


class Faulty(ReferenceBatch):
    """Changes what one lane returns in its last turn."""

    def __init__(self, num_envs: int, output: str) -> None:
        super().__init__(pendulum.Rounding(), num_envs, 40)
        self.output = output

    def step(self, actions: np.ndarray) -> BatchStep:
        step = super().step(actions)
        value = getattr(step, self.output)
        value[-1] = ~value[-1] if value.dtype == np.bool_ else value[-1] + 1
        return step


@pytest.mark.parametrize("output", ["obs", "reward", "terminated", "truncated"])
def test_a_fault_in_the_last_lane_is_found(
    output: str, entry: registry.Entry, steps: one_step.Steps
) -> None:
    with pytest.raises(CheckFailed, match=rf"^from state 2047, step 1: {output}"):
        one_step.check(Faulty(2048, output), entry, {}, steps)


def test_another_layout_is_refused(entry: registry.Entry, steps: one_step.Steps) -> None:
    class Wide(ReferenceBatch):
        def step(self, actions: np.ndarray) -> BatchStep:
            step = super().step(actions)
            return step._replace(obs=step.obs.astype(np.float64))

    with pytest.raises(CheckFailed, match=r"^from state 0, step 1: obs \(layout\) is float64"):
        one_step.check(Wide(pendulum.Rounding(), 8, 40), entry, {}, steps)


def test_a_file_holds_the_steps(steps: one_step.Steps, tmp_path: Path) -> None:
    steps.save(tmp_path / "steps.npz")
    loaded = one_step.Steps.load(tmp_path / "steps.npz")
    assert len(loaded) == len(steps) == trace.LANES * trace.STEPS
    for name in one_step.OWN:
        assert np.array_equal(getattr(loaded, name), getattr(steps, name)), name
    assert loaded.after.legal is loaded.after.acting is None
    for want, have in zip(steps.after, loaded.after, strict=True):
        assert (want is None) == (have is None)
        if want is not None and have is not None:
            assert want.dtype == have.dtype
            assert want.tobytes() == have.tobytes()


def test_steps_that_end_an_episode_can_be_left_out(steps: one_step.Steps) -> None:
    ended = steps.after.ended
    assert 0 < ended.sum() < len(steps)
    rest = steps.within_an_episode()
    assert len(rest) == len(steps) - ended.sum()
    assert np.array_equal(rest.actions, steps.actions[~ended])
    assert not rest.after.ended.any()


def test_states_are_rounded_to_single_precision() -> None:
    spec = dataclasses.replace(pendulum.SPEC, state=(Field("theta", "f8", (2,)),))
    rows = np.zeros(3, spec.row_dtype)
    rows["layout"] = spec.layout_id
    rows["theta"] = 1 / 3
    packed = rows.view(np.uint8).reshape(3, -1)
    rounded = spec.unpack(one_step.rounded_rows(spec, packed))
    assert (rounded["theta"] == np.float32(1 / 3)).all()
    assert (spec.unpack(packed)["theta"] == 1 / 3).all()  # what was given is as it was


def test_the_bench_records_single_steps_once_a_variant(
    entry: registry.Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = [plan.Group("default", batch, ()) for batch in (8, 16)]
    first, second = (bench._expected(entry, group, tmp_path) for group in groups)
    assert first == second
    assert len(one_step.Steps.load(first)) == 2048
    job = Job("pendulum", "approx", plan.OTHERS, 8, 1)
    runner = ours.BatchRunner(job)
    assert runner.prepare(first).check.startswith("ok: one-step error p99 ")
    runner.close()


def test_the_programs_outcome_is_compared_as_far_as_rounding_allows(entry: registry.Entry) -> None:
    recorded = tape.record(approx(16), entry, {}, 0, varies=False)
    spec = pendulum.SPEC
    end, sums = recorded.end.copy(), recorded.sums.copy()
    header = sum(spec.row_dtype[field.name].itemsize for field in HEADER)
    end[:, header:] ^= 1
    sums[tape.INEXACT_STEPS :] *= 1.5
    tape.compare(recorded, end, sums[:, 0], sums[:, 1], spec)
    sums[tape.INEXACT_STEPS - 1, 0] += 1
    with pytest.raises(CheckFailed, match=f"sum of obs differs at step {tape.INEXACT_STEPS - 1}"):
        tape.compare(recorded, end, sums[:, 0], sums[:, 1], spec)
    sums = recorded.sums.copy()
    sums[CHUNK - 1, 1] = np.nan
    with pytest.raises(CheckFailed, match=f"sum of reward differs at step {CHUNK - 1}"):
        tape.compare(recorded, end, sums[:, 0], sums[:, 1], spec)
    end[3, header - 1] ^= 1
    with pytest.raises(CheckFailed, match="leaves another state in lane 3"):
        tape.compare(recorded, end, recorded.sums[:, 0], recorded.sums[:, 1], spec)


@pytest.mark.parametrize(
    ("params", "dtype", "precision"),
    [({}, "f4", "f32"), ({}, "f8", "f64")],
)
def test_without_a_parameter_the_state_tells_the_precision(
    params: dict[str, Any], dtype: str, precision: str
) -> None:
    spec = dataclasses.replace(pendulum.SPEC, state=(Field("theta", dtype, ()),))
    assert ours.precision_of(spec, params) == ours.reference_precision(spec) == precision


@pytest.fixture(scope="module")
def cheetah_steps() -> one_step.Steps:
    pytest.importorskip("mujoco")
    from tests.harness import cheetah

    return one_step.record(cheetah.ENTRY, {})


class TestMeasured:
    """With a measure: HalfCheetah's bars, on copies of MuJoCo."""

    def check(self, name: str, steps: one_step.Steps, **params: Any) -> str:
        from tests.harness import cheetah

        batch = ReferenceBatch(getattr(cheetah, name)(**params), 100, 1000)
        return one_step.check(batch, cheetah.ENTRY, params, steps)

    def test_all_classes_of_states_are_there(self, cheetah_steps: one_step.Steps) -> None:
        from harness.measures import halfcheetah

        assert len(cheetah_steps) == one_step.UNITS * sum(halfcheetah.CLASSES.values())
        assert cheetah_steps.after.ended.any()
        assert (cheetah_steps.accepted >= halfcheetah.SINGLE.limit).all()
        assert (
            cheetah_steps.accepted > halfcheetah.SINGLE.limit
        ).any()  # where rounding alone costs more

    def test_single_precision_passes(self, cheetah_steps: one_step.Steps) -> None:
        assert self.check("Single", cheetah_steps).startswith("one-step error p99 ")

    @pytest.mark.parametrize("name", ["WrongDamping", "StaleWarmStart", "NotANumber"])
    def test_a_mistake_does_not(self, name: str, cheetah_steps: one_step.Steps) -> None:
        with pytest.raises(CheckFailed, match=r"^from state \d+, step 1: "):
            self.check(name, cheetah_steps)

    def test_double_precision_is_held_to_more(self) -> None:
        pytest.importorskip("mujoco")
        from tests.harness import cheetah

        double = {"double_precision": True}
        steps = one_step.record(cheetah.ENTRY, double)
        assert self.check("Double", steps, **double).startswith("one-step error p99 ")
        with pytest.raises(CheckFailed, match=r"^from state \d+, .* where 1e-05 is accepted"):
            self.check("RewardOfRounded", steps, **double)
        spec = cheetah.ENTRY.spec
        assert ours.precision_of(spec, double) == "f64"
        assert ours.precision_of(spec, {}) == "f32"
        assert ours.reference_precision(spec) == "f64"
