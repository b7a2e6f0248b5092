"""HalfCheetah's peers: each steps as the reference does, or is told to be off, or to be missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import registry
from harness.baselines import BASELINES, Unavailable, cheetah, xla
from harness.benching import one_step, plan
from harness.benching.job import CheckFailed, Job
from harness.benching.one_step import Steps

PACKAGES = {
    "gymnasium": "mujoco",
    "mujoco-rollout": "mujoco",
    "envpool": "envpool",
    "mjx": "mujoco.mjx",
    "brax-spring": "brax",
}
HANDED = ("gymnasium", "mujoco-rollout")
"""Those that step from the reference's states and are soon made."""


def runner(name: str, batch: int = 8, threads: int = 1, **params: Any) -> Any:
    """One of the peers, in this process."""
    for package in ("mujoco", PACKAGES[name]):
        pytest.importorskip(package)
    module, make = BASELINES[name].factory.split(":")
    job = Job("halfcheetah", name, BASELINES[name].factory, batch, threads, params=params)
    return getattr(__import__(module, fromlist=[make]), make)(job)


@pytest.fixture(autouse=True)
def jax_as_it_was() -> Iterator[None]:
    """Peers on XLA set up JAX for a process of their own."""
    jax = pytest.importorskip("jax")
    names = ["jax_enable_x64", "jax_compilation_cache_dir"]
    names.append("jax_persistent_cache_min_compile_time_secs")
    before = {name: getattr(jax.config, name) for name in names}
    yield
    for name, value in before.items():
        jax.config.update(name, value)


@pytest.fixture(scope="module")
def steps() -> Steps:
    """Some of the reference's steps, of every class."""
    pytest.importorskip("mujoco")
    everything = one_step.record(registry.get("halfcheetah"), {})
    return everything.take(np.arange(0, len(everything), 20))


@pytest.fixture(scope="module")
def expected(steps: Steps, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("steps") / "steps.npz"
    steps.save(path)
    return str(path)


@pytest.mark.parametrize("name", PACKAGES)
def test_it_is_checked_and_measured(name: str, expected: str) -> None:
    made = runner(name)
    try:
        ready = made.prepare(expected)
        taken, elapsed = made.measure(0.01)
    finally:
        made.close()
    if name == "brax-spring":
        assert ready.check == "not comparable: another model"
    else:
        assert ready.check.startswith("ok: one")
    single = name in ("mjx", "brax-spring")
    assert (ready.batch, ready.frame_skip) == (8, 5)
    assert ready.precision == ("f32" if single else "f64")
    assert (ready.compile_s > 0) == BASELINES[name].on_xla
    assert taken > 0
    assert taken % 8 == 0
    assert elapsed > 0


@pytest.mark.parametrize(
    ("name", "what"),
    [
        *((name, what) for name in HANDED for what in ("obs", "reward", "rows")),
        ("mjx", "rows"),  # once: it takes long to compile
    ],
)
def test_another_outcome_is_not_passed(name: str, what: str, steps: Steps, tmp_path: Path) -> None:
    changed = steps.take(np.arange(len(steps)))
    value = getattr(changed.after, what)
    if what == "rows":
        value = registry.get("halfcheetah").spec.unpack(value)["qvel"]
    value += 0.5
    changed.save(tmp_path / "other.npz")
    made = runner(name)
    try:
        with pytest.raises(CheckFailed, match=r"^\d.*% of the steps are within .*, not "):
            made.prepare(str(tmp_path / "other.npz"))
    finally:
        made.close()


def test_envpool_beside_another_reference_is_not_passed(
    expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = runner("envpool")
    from references.halfcheetah.rules import HalfCheetah

    class Heavy(HalfCheetah):
        def __init__(self, **params: Any) -> None:
            super().__init__(**params)
            self.model.body_mass[3] *= 1.01

    monkeypatch.setattr("references.halfcheetah.HalfCheetah", Heavy, raising=False)
    try:
        with pytest.raises(CheckFailed, match="of the steps are within"):
            made.prepare(expected)
    finally:
        made.close()


@pytest.mark.parametrize("name", ["gymnasium", "mujoco-rollout", "envpool"])
def test_parameters_are_passed_on(name: str, tmp_path: Path) -> None:
    pytest.importorskip("mujoco")
    params: dict[str, Any] = {
        "forward_reward_weight": 2.0,
        "ctrl_cost_weight": 0.5,
        "frame_skip": 3,
        "exclude_current_positions_from_observation": False,
    }
    entry = registry.get("halfcheetah")
    some = one_step.record(entry, params).take(np.arange(0, 2000, 50))
    some.save(tmp_path / "steps.npz")
    made = runner(name, threads=2 if name != "gymnasium" else 1, **params)
    try:
        ready = made.prepare(str(tmp_path / "steps.npz"))
    finally:
        made.close()
    assert ready.check.startswith("ok: one")
    assert ready.frame_skip == 3


def test_rollouts_end_at_the_time_limit_and_begin_anew() -> None:
    made = runner("mujoco-rollout", batch=3, max_episode_steps=4)
    from harness.baselines.mujoco_rollout import RolloutEnvs

    envs = RolloutEnvs(made.job, 3, 1, 0)
    envs.t[1] = 2
    actions = np.zeros((3, 6), np.float32)
    ends = []
    for _ in range(4):
        before = envs.t.copy()
        obs, final, reward, truncated = envs.step(actions)
        ends.append(truncated.tolist())
        assert np.array_equal(truncated, before == 3)
        assert (envs.t[truncated] == 0).all()
        assert not np.array_equal(obs[truncated], final[truncated]) or not truncated.any()
        assert np.array_equal(obs[~truncated], final[~truncated])
        assert np.isfinite(reward).all()
    assert ends == [[False] * 3, [False, True, False], [False] * 3, [True, False, True]]
    assert (np.abs(obs[[0, 2], :8]) <= 0.1).all()  # the noise of a new episode
    envs.close()


@pytest.mark.parametrize(
    ("name", "module", "said"),
    [
        ("gymnasium", "mujoco", "gymnasium with mujoco is not installed"),
        ("mujoco-rollout", "mujoco", "mujoco is not installed"),
        ("envpool", "envpool", "envpool is not installed"),
        ("mjx", "mujoco.mjx", "mujoco-mjx is not installed"),
        ("brax-spring", "brax", "brax is not installed"),
    ],
)
def test_what_is_missing_says_how_to_get_it(
    name: str, module: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "mjx":
        pytest.importorskip("mujoco")
    module_of, make = BASELINES[name].factory.split(":")
    job = Job("halfcheetah", name, BASELINES[name].factory, 8, 1)
    made = getattr(__import__(module_of, fromlist=[make]), make)(job)
    monkeypatch.setitem(sys.modules, module, None)
    if name == "mjx":
        monkeypatch.delattr("mujoco.mjx", raising=False)
    with pytest.raises(Unavailable, match=rf"^{said} \(.*\): make setup$"):
        made.prepare("")


def test_a_share_of_the_errors_may_be_let_pass() -> None:
    errors = np.array([0.0] * 98 + [1.0, np.inf])
    assert (
        cheetah.verdict(errors, 1e-3, 0.98)
        == "ok: one-step error p99 1e+00, max inf over 100 states"
    )
    for share in (0.99, 1.0):
        with pytest.raises(CheckFailed, match=r"^98.0% of the steps are within 1e-03, not "):
            cheetah.verdict(errors, 1e-3, share)
    assert cheetah.verdict(np.zeros(3), 0.0) == "ok: one step equal over 3 states"
    with pytest.raises(CheckFailed):
        cheetah.verdict(np.array([0, np.nan]), 1e-3)


def test_a_batch_is_spread_by_repeating_it() -> None:
    pytest.importorskip("jax")
    tree = {"a": np.arange(6).reshape(3, 2), "b": np.arange(3)}
    wide = xla.spread(tree, 7)
    assert wide["b"].tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert wide["a"].shape == (7, 2)
    assert xla.spread(tree, 2)["b"].tolist() == [0, 1]


def test_peers_on_xla_are_confined_and_one_is_kept_in_a_quick_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan, "available_cores", lambda: (4, 5, 6))
    monkeypatch.setattr(sys, "platform", "linux")
    entry = registry.get("halfcheetah")
    whole, quick = (
        plan.groups(entry, ["default"], [256], [], ["envpool", "mjx"], quick)[0].rows[1:]
        for quick in (False, True)
    )
    placed = [(row.impl, row.threads, [job.cores for job in row.jobs]) for row in whole]
    assert placed == [
        ("envpool", 1, [()]),
        ("envpool", 3, [()]),
        ("mjx", 1, [(6,)]),
        ("mjx", 3, [(4, 5, 6)]),
    ]
    assert whole[-1].jobs[0].environment == (("NPROC", "8"),)
    assert [(row.impl, row.threads) for row in quick] == [
        ("envpool", 1),
        ("envpool", 3),
        ("mjx", 3),
    ]


def test_the_model_is_loaded_without_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mujoco = pytest.importorskip("mujoco")
    monkeypatch.chdir(tmp_path)
    before = mujoco.get_mju_user_warning()
    assert cheetah.load_model().nv == cheetah.DOFS
    assert not list(tmp_path.iterdir())
    assert mujoco.get_mju_user_warning() is before
