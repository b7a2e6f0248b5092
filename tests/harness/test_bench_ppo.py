"""KIND=ppo: what is planned, measured, recorded and refused."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from harness import bench, registry
from harness.baselines import BASELINES, Baseline
from harness.benching import plan, ppo_plan, ppo_table, trace
from harness.benching.job import CheckFailed, Job, Ready
from harness.benching.measure import Outcome, Timing
from harness.benching.table import Section
from harness.errors import UserError
from tests.harness.test_bench import FIELDS

for package in ("jax", "flax", "optax"):
    pytest.importorskip(package)

FAST = Timing(repeats=2, seconds=0.02, prepare_limit=20, grace=20)
FEW = {"parameters": 2_000, "num_steps": 4, "layers": 2}


def rows_of(**arguments: Any) -> list[list[tuple[str, int, int]]]:
    """By group: implementation, network and steps of its rows."""
    args = bench.Args(kind="ppo", **arguments)
    groups = bench.make_plan(args, registry.get(args.env))
    return [
        [
            (row.impl, row.jobs[0].training["parameters"], row.jobs[0].training["num_steps"])
            for row in group.rows
        ]
        for group in groups
    ]


def test_all_implementations_train_the_same_networks_on_all_cores() -> None:
    planned = rows_of(env="pong")
    assert planned == [
        [(impl, size, 16) for impl in ("reference", "rust", "jax", "puffer")]
        for size in (6_000, 100_000, 2_000_000)
    ]
    groups = bench.make_plan(bench.Args(env="pong", kind="ppo"), registry.get("pong"))
    rows = [row for group in groups for row in group.rows]
    assert {(group.variant, group.batch) for group in groups} == {("skip8", 256)}
    assert {row.threads for row in rows} == {len(plan.available_cores())}
    assert {len(row.jobs) for row in rows} == {1}
    assert {job.kind for row in rows for job in row.jobs} == {"ppo"}
    cheetah = bench.make_plan(
        bench.Args(env="halfcheetah", kind="ppo"), registry.get("halfcheetah")
    )
    (mjx,) = (row for row in cheetah[0].rows if row.impl == "mjx")
    assert mjx.jobs[0].environment == (("NPROC", "8"),)


def test_a_quick_run_has_one_network_and_nothing_that_compiles_long() -> None:
    (rows,) = rows_of(env="halfcheetah", quick=True)
    impls = ["reference", "rust", "jax", "gymnasium", "mujoco-rollout", "envpool"]
    assert rows == [(impl, 6_000, 16) for impl in impls]
    (rows,) = rows_of(env="halfcheetah", quick=True, baselines="mjx", backends="rust")
    assert [impl for impl, *_ in rows] == ["reference", "rust", "mjx"]  # what is asked for, stays


def test_networks_can_be_chosen() -> None:
    planned = rows_of(env="pong", network="8k, 200M,200m", backends="none", baselines="none")
    assert planned == [[("reference", 8_000, 16)], [("reference", 200_000_000, 1)]]
    usual = Timing()
    groups = bench.make_plan(
        bench.Args(env="pong", kind="ppo", network="6K,200M"), registry.get("pong")
    )
    small, large = (ppo_plan.timing(group, usual) for group in groups)
    assert (small.repeats, small.grace) == (usual.repeats, usual.grace)
    assert large.repeats == 1
    assert large.grace > small.grace
    assert [group.rows[0].jobs[0].training["layers"] for group in groups] == [2, 8]


def outcome(row: plan.Row, speed: float, check: str) -> Outcome:
    ready = Ready(256, check, "release", 0.0, 8)
    return Outcome(row, ready, [], 256, [speed] * 3, [1.0] * 3)


def test_of_the_baselines_the_fastest_that_agrees_trains_larger_networks() -> None:
    entry = registry.get("halfcheetah")
    first, second, _ = bench.make_plan(bench.Args(env="halfcheetah", kind="ppo"), entry)
    told = {"gymnasium": (5, "ok: x"), "envpool": (9, "ok: x"), "brax-spring": (20, "not comp")}
    outcomes = [outcome(row, *told.get(row.impl, (1, "ok: x"))) for row in first.rows]
    kept = ppo_plan.narrowed(second, [Section("default", 256, outcomes)])
    assert [row.impl for row in kept.rows] == ["reference", "rust", "jax", "envpool"]
    assert ppo_plan.narrowed(first, []) == first
    elsewhere = [Section("default", 512, outcomes)]
    assert ppo_plan.narrowed(second, elsewhere) == second


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--network", "6K"], "NETWORK is of KIND=ppo"),
        (["--kind", "ppo", "--network", "big"], "NETWORK has 'big'; accepted: parameters from 1K"),
        (["--kind", "ppo", "--network", "6K,9G"], "NETWORK has '9G'"),
        (["--kind", "ppo", "--network", "10"], "NETWORK has '10'"),
        (["--kind", "ppo", "--batch", "7"], "7 agents and "),
        (["--kind", "ppo", "--batch", "x"], "BATCH has 'x'"),
        (["--kind", "ppo", "--backends", "rust-ffi"], "unknown BACKENDS 'rust-ffi'; accepted: rus"),
        (["--kind", "ppo", "--baselines", "ale"], "unknown BASELINES 'ale'; accepted: puffer"),
        (["--kind", "ppo", "--variant", "fast"], "unknown VARIANT 'fast'"),
        (["--kind", "sac"], "unknown KIND 'sac'; accepted: random, ppo"),
    ],
)
def test_bad_arguments(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path))
    with pytest.raises(UserError) as error:
        bench.main(["--env", "pong", *arguments])
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ppo_plan, "FACTORY", "tests.harness.bench_fakes:Trains")
    monkeypatch.setitem(BASELINES, "steady", Baseline("tests.harness.bench_fakes:Steady"))
    pong = registry.get("pong")
    registry.register(dataclasses.replace(pong, baselines=("steady",)))
    yield
    registry.register(pong)


@pytest.mark.usefixtures("fakes")
def test_a_line_tells_parameters_and_shares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path))
    args = bench.Args(env="pong", kind="ppo", backends="none", quick=True, publish=True)
    out = io.StringIO()
    assert bench.run(args, FAST, Console(file=out, width=100)) == 0
    lines = (tmp_path / "bench" / "pong.jsonl").read_text()
    records = [json.loads(line) for line in lines.splitlines()]
    assert [list(r) for r in records] == [[*FIELDS, "parameters", "split", "training"]] * 2
    assert [(r["impl"], r["kind"], r["batch"]) for r in records] == [
        ("reference", "ppo", 256),
        ("steady", "ppo", 256),
    ]
    for each in records:
        assert each["parameters"] == each["training"]["parameters"] == 5_999
        assert each["split"] == {"environment": 0.25, "inference": 0.25, "update": 0.5}
    assert "25 %" in out.getvalue()
    assert "An update: 16 steps of each instance, 4 passes of 2 minibatches." in out.getvalue()
    assert "Stepped from Python: reference, steady." in out.getvalue()
    published = tmp_path / "published"
    assert sorted(path.name for path in published.iterdir()) == [
        "bench-ppo-pong.jsonl",
        "bench-ppo-pong.md",
    ]
    assert (published / "bench-ppo-pong.jsonl").read_text() == lines
    page = (published / "bench-ppo-pong.md").read_text()
    assert "| skip8 | steady | 256 | 6.00 K | 100 K | 0.0 % | 25 % | 25 % | 50 % | 1.00 |" in page


@pytest.mark.parametrize(
    ("share", "text"), [(0.5, "50 %"), (0.0996, "10 %"), (0.05, "5.0 %"), (0.004, "0.40 %")]
)
def test_shares_in_words(share: float, text: str) -> None:
    assert ppo_table.percent(share) == text


def runner(impl: str, batch: int = 16) -> Any:
    pytest.importorskip("samestep_rust")
    from harness.benching.ppo_runner import PpoRunner

    job = Job("pong", impl, "", batch, 1, kind="ppo", params={"frame_skip": 8}, training=dict(FEW))
    return PpoRunner(job)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("trace") / "trace.npz"
    trace.record(registry.get("pong"), {"frame_skip": 8}, 16).save(path)
    return str(path)


@pytest.mark.parametrize("impl", ["rust", "reference"])
def test_ours_are_checked_trained_and_split(impl: str, expected: str) -> None:
    made = runner(impl)
    ready = made.prepare(expected)
    taken, elapsed = made.measure(0.01)
    split = made.split()
    made.close()
    assert ready.check == "ok: " + trace.Trace.load(expected).checksum
    assert ready.training["parameters"] == pytest.approx(FEW["parameters"], rel=0.15)
    assert ready.training["loop"] == ("fused" if impl == "rust" else "host")
    assert ready.compile_s > 0
    assert taken > 0
    assert taken % (16 * FEW["num_steps"]) == 0
    assert elapsed > 0
    assert set(split) == set(ppo_table.PARTS)
    assert all(value >= 0 for value in split.values())
    assert min(split["environment"], split["update"]) > 0


def test_a_baseline_is_checked_by_its_own_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.baselines import Unavailable, puffer
    from harness.benching import ppo_runner

    made = runner("puffer")
    try:
        assert made._check_baseline("").check.startswith("ok: ")
    except Unavailable as error:
        pytest.skip(str(error))

    def differs(*_: Any) -> str:
        raise CheckFailed("reward differs")

    monkeypatch.setattr(puffer, "check_binding", differs)
    with pytest.raises(CheckFailed, match="reward differs"):
        made.prepare("")
    # What cannot be compared is not compiled to say so.
    monkeypatch.setattr(ppo_runner, "keep_programs", lambda threads: None)
    job = Job("halfcheetah", "brax-spring", "", 16, 1, kind="ppo", training=dict(FEW))
    ready = ppo_runner.PpoRunner(job)._check_baseline("")
    assert (ready.check, ready.compile_s) == ("not comparable: another model", 0.0)


def test_a_reference_that_differs_is_told(expected: str, tmp_path: Path) -> None:
    changed = trace.Trace.load(expected)
    changed.outcome["reward"][3] += 1
    changed.save(tmp_path / "other.npz")
    with pytest.raises(CheckFailed, match="reward differs from the reference at step 3"):
        runner("rust").prepare(str(tmp_path / "other.npz"))


@pytest.mark.parametrize("name", ["reward", "done", "raw_obs"])
def test_the_program_that_collects_is_held_against_what_was_checked(name: str) -> None:
    """A rollout with one number changed is not passed; one that is as it is, is."""
    pytest.importorskip("samestep_rust")
    from harness.benching.ppo_runner import check_rollout
    from harness.implementations import make_batch

    entry = registry.get("pong")
    batch = make_batch(entry, "reference", 4, {"frame_skip": 8})
    loop: Any = Recorded(entry, name)
    check_rollout(entry, loop, batch)
    assert loop.ended  # the scene is near the end of games
    loop.spoil = True
    with pytest.raises(CheckFailed, match=rf"program's {name.removeprefix('raw_')} differs at st"):
        check_rollout(entry, loop, batch)


class Recorded:
    """What check_rollout takes of a FusedLoop, over the reference: a rollout of action 1."""

    def __init__(self, entry: registry.Entry, name: str) -> None:
        from harness.implementations import make_batch
        from ppo.envs import HostEnv, layout_of
        from ppo.ppo import Agent, Args

        params = {"frame_skip": 8}
        args = Args(num_envs=4, num_steps=40, num_minibatches=1, params=dict(params))
        self.agent = Agent(args, layout_of(entry, params))
        self.host = HostEnv(make_batch(entry, "reference", 4, params), self.agent.layout)
        self.state = self.agent.begin(0, self.host.reset(0))
        self.name, self.spoil, self.ended = name, False, False

    def arrays(self) -> dict[str, Any]:
        return {"state": self.state, "env": self.host.save()[None]}  # type: ignore[index]

    def restore(self, arrays: dict[str, Any]) -> None:
        self.host.load(arrays["env"][0])

    def rollout(self, number: int) -> Any:
        from ppo.ppo import Rollout

        actions = np.ones((40, 4), np.int32)
        fields: dict[str, list[Any]] = {"raw_obs": [np.zeros((4, 8))], "reward": [], "done": []}
        for action in actions:
            out = self.host.step(action)
            fields["raw_obs"].append(out.seen.obs)
            fields["reward"].append(out.reward)
            fields["done"].append(out.terminated | out.truncated)
        arrays = {key: np.stack(values) for key, values in fields.items()}
        self.ended = bool(arrays["done"].any())
        if self.spoil:
            changed = arrays[self.name][17]
            changed[2] = ~changed[2] if changed.dtype == np.bool_ else changed[2] + 1e-6
        rest = dict.fromkeys(Rollout._fields)
        return Rollout(**{**rest, **arrays, "action": actions})  # type: ignore[arg-type]


@pytest.mark.parametrize("target", [6_000, 100_000, 2_000_000])
def test_networks_have_about_the_parameters_that_were_asked_for(target: int) -> None:
    from harness.benching.ppo_runner import agent_for, parameters
    from ppo.envs import layout_of

    entry = registry.get("halfcheetah")
    job = Job(
        *("halfcheetah", "rust", "", 256, 1, "ppo"),
        training={"parameters": target, "num_steps": 16, "layers": 2},
    )
    agent = agent_for(entry, job, layout_of(entry, {}))
    width = agent.args.width
    # Two hidden layers for policy and value together, six means, deviations, and a value.
    by_hand = (17 + 1) * width + (width + 1) * width + (width + 1) * 7 + 6
    assert parameters(agent) == by_hand
    assert by_hand == pytest.approx(target, rel=0.1)
    assert agent.args.num_steps == 16
    assert agent.args.num_envs == 256
