"""The adapter for PufferLib, alone and under PufferLib's own vectorisation."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import types
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from harness.baselines import Unavailable, puffer_source
from references.pong.spec import SPEC

samestep_rust = pytest.importorskip("samestep_rust")

N = 6
BUFFERS = ("observations", "rewards", "terminals", "truncations", "masks", "actions")


def stand_in(name: str, **attributes: Any) -> types.ModuleType:
    """A module with nothing but these attributes."""
    module = types.ModuleType(name)
    module.__dict__.update(attributes)
    return module


@pytest.fixture(scope="module")
def alone() -> Iterator[Any]:
    """The adapter where pufferlib is not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "pufferlib", None)
        patch.delitem(sys.modules, "samestep_rust.puffer", raising=False)
        yield importlib.import_module("samestep_rust.puffer")
        sys.modules.pop("samestep_rust.puffer")


@pytest.fixture(scope="module")
def pufferlib() -> Iterator[Any]:
    """PufferLib's environment interface and vectorisations, from its source distribution.

    Its package as a whole wants PyTorch, Gym and a compiled extension; these modules name Gym only
    to recognise its spaces, and psutil only to count processors.
    """
    try:
        folder = puffer_source.source() / "pufferlib"
    except Unavailable as reason:
        pytest.skip(str(reason))
    if not (folder / "vector.py").exists():
        pytest.skip("the cached sources of PufferLib are without its Python; remove .cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "gym", stand_in("gym", spaces=gymnasium.spaces))
        psutil = stand_in("psutil", cpu_count=lambda logical=True: os.cpu_count())
        patch.setitem(sys.modules, "psutil", psutil)
        package = stand_in("pufferlib", __path__=[str(folder)])
        patch.setitem(sys.modules, "pufferlib", package)
        for name in puffer_source.INTERFACE:
            patch.delitem(sys.modules, f"pufferlib.{name}", raising=False)
        for name in ("spaces", "pufferlib", "emulation", "vector"):
            module = importlib.import_module(f"pufferlib.{name}")
            if name == "pufferlib":
                package.__dict__.update(
                    {k: v for k, v in vars(module).items() if not k.startswith("_")}
                )
        yield package
        for name in puffer_source.INTERFACE:
            sys.modules.pop(f"pufferlib.{name}")


@pytest.fixture(scope="module")
def beside(pufferlib: Any) -> Iterator[Any]:
    """The adapter where pufferlib is there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, "samestep_rust.puffer", raising=False)
        yield importlib.import_module("samestep_rust.puffer")
        sys.modules.pop("samestep_rust.puffer")


def assert_plays_like_make_vec(envs: Any, steps: int = 200, **params: Any) -> None:
    twin = samestep_rust.make_vec("pong", N, **params)
    buffers = [getattr(envs, name) for name in BUFFERS[:4]]
    obs, infos = envs.reset(seed=4)
    assert infos == []
    assert obs is envs.observations
    assert_array_equal(obs, twin.reset(seed=4)[0])
    random = np.random.default_rng(0)
    ended = 0
    for _ in range(steps):
        actions = random.integers(0, 3, N)
        mine, other = envs.step(actions), twin.step(actions)
        for left, right, buffer in zip(mine[:4], other[:4], buffers, strict=True):
            assert left is buffer
            assert left.dtype == right.dtype
            assert_array_equal(left, right)
        ended += int((other[2] | other[3]).sum())
    assert ended >= N
    assert envs.masks.all()


PARAMS: dict[str, Any] = {"frame_skip": 8, "max_episode_steps": 60}


def test_alone_it_has_the_interface(alone: Any) -> None:
    envs = alone.Puffer("pong", N, **PARAMS)
    assert_plays_like_make_vec(envs, **PARAMS)
    assert envs.num_agents == envs.agent_per_batch == N
    assert envs.driver_env is envs
    assert_array_equal(envs.agent_ids, np.arange(N))
    assert not envs.emulated
    assert not envs.done
    envs.async_reset(seed=1)
    first = envs.recv()
    assert first[0] is envs.observations
    assert first[4] == []
    envs.send(np.ones(N, np.int32))
    assert len(envs.recv()) == 7
    envs.close()
    with pytest.raises(RuntimeError, match="closed"):
        envs.step(np.ones(N, np.int32))


def test_beside_pufferlib_it_is_one_of_its_environments(beside: Any, pufferlib: Any) -> None:
    envs = beside.Puffer("pong", N, **PARAMS)
    assert isinstance(envs, pufferlib.PufferEnv)
    assert_plays_like_make_vec(envs, **PARAMS)


@pytest.mark.parametrize("continuous", [False, True])
def test_both_have_the_same_attributes(alone: Any, beside: Any, continuous: bool) -> None:
    one = alone.Puffer("pong", N, continuous=continuous)
    other = beside.Puffer("pong", N, continuous=continuous)
    assert one.observation_space == other.observation_space
    assert one.action_space == other.action_space
    for name in BUFFERS:
        left, right = getattr(one, name), getattr(other, name)
        assert (left.shape, left.dtype) == (right.shape, right.dtype), name
        assert_array_equal(left, right)
    public = {name for name in dir(other) if not name.startswith("_")}
    assert public <= {*dir(one), "infos"}


def test_it_writes_into_the_trainers_buffers(alone: Any) -> None:
    whole = {
        "observations": np.full((3 * N, 8), -7, np.float32),
        "rewards": np.full(3 * N, -7, np.float32),
        "terminals": np.ones(3 * N, np.bool_),
        "truncations": np.ones(3 * N, np.bool_),
        "masks": np.zeros(3 * N, np.bool_),
        "actions": np.zeros(3 * N, np.int32),
    }
    middle = {name: buffer[N : 2 * N] for name, buffer in whole.items()}
    envs = alone.Puffer("pong", N, buf=middle, **PARAMS)
    assert_plays_like_make_vec(envs, **PARAMS)
    assert np.shares_memory(envs.observations, whole["observations"])
    for part in (slice(0, N), slice(2 * N, 3 * N)):
        assert (whole["observations"][part] == -7).all()
        assert (whole["rewards"][part] == -7).all()
        assert whole["terminals"][part].all()


def test_serial_vectorisation(beside: Any, pufferlib: Any) -> None:
    vec = pufferlib.vector.make(
        beside.Puffer,
        env_args=["pong"],
        env_kwargs={"num_envs": N, **PARAMS},
        backend="Serial",
        num_envs=2,
        seed=5,
    )
    assert vec.num_agents == 2 * N
    first, _ = vec.reset(seed=9)
    twins = [samestep_rust.make_vec("pong", N, **PARAMS) for _ in range(2)]
    # Serial adds to the seed what the environment before it returned as infos: an empty list or
    # its own index, so only the first one's seed is told by its code.
    assert_array_equal(first[:N], twins[0].reset(seed=9)[0])
    for twin, env in zip(twins, vec.envs, strict=True):
        twin.reset(seed=0)
        twin.import_state(env.core.export_state())
    random = np.random.default_rng(1)
    reports = []
    for _ in range(260):
        actions = random.integers(0, 3, 2 * N).astype(np.int32)
        obs, rewards, terminals, truncations, infos = vec.step(actions)
        expected = [twin.step(part) for twin, part in zip(twins, np.split(actions, 2), strict=True)]
        for mine, *others in zip((obs, rewards, terminals, truncations), *expected, strict=False):
            assert_array_equal(mine, np.concatenate(others))
        reports += infos
    assert len(reports) == 2 * 2  # every 128 steps, from either
    assert {report["episode_length"] for report in reports} == {60}
    vec.close()


def test_native_vectorisation(beside: Any, pufferlib: Any) -> None:
    vec = pufferlib.vector.make(
        beside.Puffer, env_args=["pong"], env_kwargs={"num_envs": N}, backend=pufferlib.PufferEnv
    )
    vec.async_reset(seed=3)
    obs, *_, infos, ids, masks = vec.recv()
    assert_array_equal(obs, samestep_rust.make_vec("pong", N).reset(seed=3)[0])
    assert infos == []
    assert_array_equal(ids, np.arange(N))
    assert masks.all()


def test_reports_are_means_over_episodes_that_ended(alone: Any) -> None:
    envs = alone.Puffer("pong", N, report_interval=100, **PARAMS)
    envs.reset(seed=0)
    returns, ended, reports = np.zeros(N), [], []
    random = np.random.default_rng(2)
    for step in range(1, 401):
        _, rewards, terminals, truncations, infos = envs.step(random.integers(0, 3, N))
        returns += rewards
        done = terminals | truncations
        ended += returns[done].tolist()
        returns[done] = 0
        reports += [(step, info) for info in infos]
    assert [step for step, _ in reports] == [100, 200, 300, 400]
    assert sum(info["n"] for _, info in reports) == len(ended) == 6 * N
    total = sum(info["episode_return"] * info["n"] for _, info in reports)
    assert_allclose(total, sum(ended), atol=1e-4)
    assert {info["episode_length"] for _, info in reports} == {60}


def test_seeds(alone: Any) -> None:
    def root(envs: Any) -> list[int]:
        roots = envs.core.export_state().view(SPEC.row_dtype)["root"]
        return [int(word) for word in roots[0, 0]]

    envs = alone.Puffer("pong", N, seed=(3 << 32) + 8)
    envs.reset()
    assert root(envs) == [3, 8]
    envs.reset()
    followed = root(envs)
    assert followed != [3, 8]
    envs.reset(seed=(3 << 32) + 8)
    envs.reset()
    assert root(envs) == followed


def test_continuous_actions(alone: Any) -> None:
    envs = alone.Puffer("pong", N, continuous=True)
    twin = samestep_rust.make_vec("pong", N, continuous=True)
    envs.reset(seed=0)
    twin.reset(seed=0)
    actions = np.linspace(-1, 1, N, dtype=np.float32)[:, None]
    assert_array_equal(envs.step(actions)[0], twin.step(actions)[0])


def test_two_players_are_agents_side_by_side(alone: Any) -> None:
    if "duel" not in samestep_rust.env_names():
        pytest.skip("samestep_rust was built without the test environments; `make setup` has them")
    envs = alone.Puffer("duel", N)
    assert envs.num_agents == 2 * N
    core = samestep_rust.Batch("duel", N, 1, {})
    size = core.info()["obs_shape"][0]
    obs, final_obs = np.zeros((2, N, 2, size), np.uint8)
    reward, flags = np.zeros((N, 2), np.float32), np.zeros((2, N), np.bool_)
    acting, legal = np.zeros((N, 2), np.bool_), np.zeros((N, 2, 5), np.bool_)
    core.reset(6, obs)
    core.masks(legal, acting)
    assert_array_equal(envs.reset(seed=6)[0], obs.reshape(2 * N, size))
    assert_array_equal(envs.masks, acting.reshape(-1))
    random = np.random.default_rng(0)
    ended = waited = 0
    for _ in range(150):
        actions = (random.random(legal.shape) * legal).argmax(-1).astype(np.int32)
        core.step_into(actions, obs, final_obs, reward, *flags, legal, acting)
        mine = envs.step(actions.reshape(-1))
        assert_array_equal(mine[0], obs.reshape(2 * N, size))
        assert_array_equal(mine[1], reward.reshape(-1))
        assert_array_equal(mine[2], np.repeat(flags[0], 2))
        assert_array_equal(mine[3], np.repeat(flags[1], 2))
        assert_array_equal(envs.masks, acting.reshape(-1))
        ended += int(flags.sum())
        waited += int((~acting).sum())
    assert ended > 0
    assert waited > 0


def test_a_missing_pufferlib_is_no_obstacle_to_importing() -> None:
    code = "import sys; sys.modules['pufferlib'] = None; import samestep_rust.puffer"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_what_it_refuses(alone: Any) -> None:
    cases: list[tuple[str, Any]] = [
        (
            "report_interval is 0; accepted: an integer from 1",
            lambda: alone.Puffer("pong", N, report_interval=0),
        ),
        (
            "seed is -1; accepted: None or an integer from 0 to 2**64 - 1",
            lambda: alone.Puffer("pong", N, seed=-1),
        ),
        (
            "buf['observations'] is float32 (3, 8); accepted: contiguous arrays of 6 agents",
            lambda: alone.Puffer("pong", N, buf=buffers(3)),
        ),
    ]
    for message, call in cases:
        with pytest.raises(ValueError, match="accepted") as caught:
            call()
        assert str(caught.value) == message


def buffers(agents: int) -> dict[str, np.ndarray]:
    return {
        "observations": np.zeros((agents, 8), np.float32),
        **{name: np.zeros(agents, np.float32) for name in BUFFERS[1:]},
    }
