"""Training over every implementation: the same rollouts, learning, two players, several seeds."""

from __future__ import annotations

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness import registry
from harness.errors import UserError
from harness.implementations import make_batch
from ppo.checkpoints import load_policy
from ppo.envs import FusedEnv, HostEnv, make_env
from ppo.evaluate import evaluate
from ppo.loops import make_loop
from ppo.ppo import Agent, Args
from ppo.runs import folder_of, publish, whole_lines
from ppo.train import defaults, main, train
from tests import duel

PONG = Args(
    env="pong",
    params={"frame_skip": 8, "max_episode_steps": 20},
    steps=5 * 32 * 16,
    num_envs=16,
    num_steps=32,
    width=16,
    eval_episodes=4,
)
DUEL = Args(env="duel", num_envs=32, num_steps=32, width=32, eval_episodes=200)


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAMESTEP_RESULTS", str(tmp_path))
    return tmp_path


def silent(line: str) -> None:
    pass


def test_every_implementation_leads_to_the_same_rollout() -> None:
    entry = registry.get("pong")
    lines = {}
    for backend in ("rust", "jax", "reference"):
        args = Args(**{**vars(PONG), "backend": backend})
        train(args, say=silent)
        lines[backend] = whole_lines(folder_of(args) / "progress.jsonl")
    assert sum(line["episodes"] for line in lines["reference"]) == 5 * 16 * 32 // 20
    for backend in ("rust", "jax"):
        # Rounding differs between programs, and an action may in the end.
        first, wanted = lines[backend][0], lines["reference"][0]
        for name in ("episodes", "return", "length"):
            assert first[name] == wanted[name]
        for name in ("policy_loss", "value_loss", "entropy", "approx_kl"):
            assert first[name] == pytest.approx(wanted[name], rel=1e-3, abs=1e-5)
    assert entry.spec.exact


def test_a_truncated_episode_is_bootstrapped_from_its_own_end() -> None:
    args = Args(**{**vars(PONG), "num_steps": 20})
    entry = registry.get("pong")
    env = make_env(entry, "rust", args.num_envs, args.params)
    assert isinstance(env, FusedEnv)
    agent = Agent(args, env.layout)
    env_state, seen = env.reset(np.zeros(2, np.uint32))
    state = agent.begin(0, seen)
    after, _, rollout = jax.jit(lambda s, e: agent.collect(env, s, e, 0, 0))(state, env_state)
    assert rollout.done[-1].all()
    assert not rollout.done[:-1].any()
    assert not rollout.bootstrap[:-1].any()
    host = HostEnv(make_batch(entry, "reference", args.num_envs, args.params), env.layout)
    host.reset(0)
    for action in np.asarray(rollout.action):
        out = host.step(action)
    hidden, fresh = agent.initial_hidden(16), jnp.zeros((1, 16), bool)
    obs = agent.normalized(state.learned.obs_stats, jnp.asarray(out.final_obs))
    _, _, value = agent.network.apply(state.learned.weights, hidden, obs[None], fresh)
    np.testing.assert_allclose(rollout.bootstrap[-1], value[0], rtol=1e-5, atol=1e-7)
    assert np.abs(value).min() > 0
    np.testing.assert_array_equal(after.seen.obs, out.seen.obs)
    assert not np.array_equal(out.seen.obs, out.final_obs)


def test_a_policy_learns_and_says_so(results: Path) -> None:
    words = ["--env", "pong", "--backend", "rust", "--num-envs", "64", "--num-steps", "32"]
    words += ["--steps", "250000", "--learning-rate", "2e-3", "--eval-episodes", "20", "--publish"]
    assert main(words) == 0
    summary = json.loads((results / "train/pong-rust-s0/summary.json").read_text())
    assert summary["evaluation"]["mean"] > 0  # -21 before
    assert len(summary["evaluation"]["returns"]) == 20
    assert summary["split"]["update"] > 0
    lines = whole_lines(results / "train/pong-rust-s0/progress.jsonl")
    ends = [line for line in lines if line["return"] is not None]
    assert ends[-1]["return"] > ends[0]["return"] + 5
    assert lines[-1]["steps"] == summary["steps"] >= 250_000
    published = json.loads((results / "published/train-pong.json").read_text())
    assert [point["steps"] for point in published["runs"][0]["curve"]][-1] == summary["steps"]
    # The same run again takes its place.
    publish("pong", [(summary, lines[:3])])
    published = json.loads((results / "published/train-pong.json").read_text())
    assert [len(run["curve"]) for run in published["runs"]] == [3]


def test_a_run_over_a_baseline_has_no_checkpoints(results: Path) -> None:
    args = Args(**{**vars(PONG), "params": {"frame_skip": 8}, "backend": "puffer"})
    try:
        train(args, say=silent)
    except UserError as error:  # nothing to compile it with, or to fetch it from
        assert "\n" not in str(error)
        pytest.skip(str(error))
    assert (folder_of(args) / "policy.ckpt").exists()
    assert not list(folder_of(args).glob("checkpoint-*"))
    with pytest.raises(UserError, match="has no checkpoint"):
        train(args, resume="1", say=silent)


@pytest.mark.parametrize("recurrent", [False, True])
def test_two_players_with_masks_learn_from_themselves(recurrent: bool) -> None:
    duel.register()
    entry = registry.get("duel")
    args = Args(**{**vars(DUEL), "backend": "jax", "recurrent": recurrent, "steps": 30_000})
    (summary,) = train(args, say=silent)
    saved = load_policy(folder_of(args) / "policy.ckpt")
    agent = saved.agent(200)
    untrained = evaluate(entry, agent, None, make_batch(entry, "jax", 200, {}), 7, True)
    assert abs(untrained.mean) < 0.5  # both draw their actions
    assert summary["evaluation"]["mean"] > untrained.mean + 0.3
    equal = [
        evaluate(entry, agent, saved.learned, make_batch(entry, impl, 200, {}), 7, False).returns
        for impl in ("jax", "reference")
    ]
    np.testing.assert_array_equal(equal[0], equal[1])


def test_illegal_actions_are_never_taken() -> None:
    duel.register()
    entry = registry.get("duel")
    args = Args(**{**vars(DUEL), "steps": 1, "backend": "reference"})
    env = make_env(entry, "reference", args.num_envs, {})
    loop = make_loop(Agent(args, env.layout), env)  # the reference refuses illegal actions
    assert loop.update(0)["episodes"][0] > 0


def test_seeds_that_are_trained_at_once_are_those_trained_alone() -> None:
    several = Args(**{**vars(PONG), "num_seeds": 2, "seed": 3, "steps": 512})
    train(several, say=silent)
    together = [folder_of(Args(**{**vars(PONG), "seed": seed})) for seed in (3, 4)]
    curves = [whole_lines(folder / "progress.jsonl") for folder in together]
    weights = [load_policy(folder / "policy.ckpt").learned for folder in together]
    for seed in (0, 1):
        alone = Args(**{**vars(PONG), "seed": 3 + seed, "steps": 512})
        train(alone, say=silent)
        (line,) = whole_lines(folder_of(alone) / "progress.jsonl")
        for name in ("episodes", "return", "length"):
            assert line[name] == curves[seed][0][name]
        own = load_policy(folder_of(alone) / "policy.ckpt").learned
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5), own, weights[seed]
        )
    assert curves[0] != curves[1]


def test_evaluation_counts_one_episode_an_instance() -> None:
    entry = registry.get("pong")
    params: dict[str, bool | int | float | str] = {"frame_skip": 8}
    args = Args(env="pong", params=params, num_envs=6, num_minibatches=1)
    agent = Agent(args, make_env(entry, "reference", 1, params).layout)
    played = evaluate(entry, agent, None, make_batch(entry, "rust", 6, params), 0, False)
    assert (played.scores <= -10).all()  # a player that draws its actions loses
    assert (played.scores >= -21).all()
    batch = make_batch(entry, "rust", 6, params)
    batch.reset(0)
    assert (played.lengths > 21).all()
    bounces = played.returns - played.scores
    np.testing.assert_allclose(bounces * 10, np.rint(bounces * 10), atol=1e-3)
    assert bounces.sum() > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--env", "pog"], "unknown ENV 'pog'; accepted: pong"),
        (["--backend", "rst"], "pong has no BACKEND 'rst'; accepted: jax, rust, reference"),
        (["--steps", "0"], "steps is 0; accepted: at least 1"),
        (["--seed", "-1"], "seed is -1; accepted: 0 to 2147483647"),
        (["--param", "frame_skip=0"], "frame_skip is 0; accepted: an integer from 1 to 1024"),
        (["--param", "skip=1"], "parameter 'skip=1'; accepted: NAME=VALUE with frame_skip"),
        (["--param", "frame_skip=x"], "frame_skip is 'x'; accepted: a value like 1"),
        (
            ["--backend", "reference", "--num-seeds", "2"],
            "reference trains one seed at a time; accepted: num_seeds 1",
        ),
    ],
)
def test_bad_arguments_get_one_line(words: list[str], message: str) -> None:
    with pytest.raises(UserError) as error:
        main(words)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("env", registry.names())
def test_defaults_of_every_environment_are_accepted(env: str) -> None:
    args = defaults(env)
    Agent(args, make_env(registry.get(env), "reference", 1, args.params).layout)
