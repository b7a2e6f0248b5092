from __future__ import annotations

import copy
import pickle
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from numpy.testing import assert_array_equal

from references.pong.scenes import near_end
from references.pong.spec import SPEC
from tests.adapters.reference_env import sync_vector_env

samestep_rust = pytest.importorskip("samestep_rust")

N = 5


def make(num_envs: int = N, **arguments: Any) -> Any:
    return samestep_rust.make_vec("pong", num_envs, **arguments)


def near_the_end(envs: Any) -> None:
    """Bring instances close to points and to ends of games."""
    rows = envs.export_state()
    near_end(rows.view(SPEC.row_dtype)[:, 0])
    envs.import_state(rows)


def play(envs: Any, steps: int, seed: int = 3) -> list[Any]:
    """What a seeded series of random actions leads to."""
    random = np.random.default_rng(seed)
    return [envs.step(random.integers(0, 3, envs.num_envs)) for _ in range(steps)]


def assert_same_infos(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours.keys() == theirs.keys()
    for key in ours:
        if key == "final_info":
            assert ours[key] == theirs[key] == {}
            continue
        assert type(ours[key]) is type(theirs[key])
        assert ours[key].dtype == theirs[key].dtype
        assert ours[key].shape == theirs[key].shape
    for mine, other in zip(ours.get("final_obs", ()), theirs.get("final_obs", ()), strict=True):
        assert (mine is None) == (other is None)
        if mine is not None:
            assert mine.dtype == other.dtype
            assert_array_equal(mine, other)
    for key in ("_final_obs", "_final_info"):
        if key in ours:
            assert_array_equal(ours[key], theirs[key])


@pytest.mark.parametrize("copy_obs", [True, False])
@pytest.mark.parametrize(
    "params",
    [
        {"frame_skip": 8, "max_episode_steps": 60},
        {"frame_skip": 8},
        {"frame_skip": 4, "continuous": True, "max_episode_steps": 25},
    ],
    ids=["time limit", "whole games", "continuous"],
)
def test_everything_is_as_in_gymnasiums_vector_env(params: dict[str, Any], copy_obs: bool) -> None:
    ours, theirs = make(**params, copy=copy_obs), sync_vector_env(N, **params)
    assert ours.metadata["autoreset_mode"] is theirs.metadata["autoreset_mode"]
    for name in (
        *("single_observation_space", "observation_space"),
        *("single_action_space", "action_space", "num_envs", "render_mode"),
    ):
        assert getattr(ours, name) == getattr(theirs, name), name
    obs, infos = ours.reset(seed=11)
    expected, expected_infos = theirs.reset(seed=11)
    assert infos == expected_infos == {}
    assert_array_equal(obs, expected)
    ours.action_space.seed(0)
    ended = 0
    for _ in range(330):
        actions = ours.action_space.sample()
        mine, other = ours.step(actions), theirs.step(actions)
        for left, right in zip(mine[:4], other[:4], strict=True):
            assert_array_equal(left, np.asarray(right).astype(left.dtype))
        for index in (0, 2, 3):  # rewards are float32 here, float64 there
            assert mine[index].dtype == np.asarray(other[index]).dtype
        assert mine[1].dtype == np.float32
        assert_same_infos(mine[4], other[4])
        ended += int((mine[2] | mine[3]).sum())
    assert ended > N


def test_observations_are_the_callers_unless_copy_is_false() -> None:
    envs = make()
    first, _ = envs.reset(seed=0)
    kept = first.copy()
    second = envs.step(np.ones(N, np.int32))[0]
    assert second is not first
    assert_array_equal(first, kept)
    second[:] = -7
    mask = np.array([True, False, False, False, False])
    partly, _ = envs.reset(seed=0, options={"reset_mask": mask})
    assert not (partly == -7).any()

    shared = make(copy=False)
    first, _ = shared.reset(seed=0)
    assert shared.step(np.ones(N, np.int32))[0] is first


def test_final_observations_outlive_the_step_even_without_copies() -> None:
    envs = make(copy=False, max_episode_steps=2)
    envs.reset(seed=0)
    envs.step([1] * N)
    final = envs.step([1] * N)[4]["final_obs"]
    kept = [row.copy() for row in final]
    envs.step([2] * N)
    envs.step([2] * N)
    assert_array_equal(np.stack(list(final)), np.stack(kept))


@pytest.mark.parametrize(
    "convert",
    [
        np.int8,
        np.uint8,
        np.int64,
        np.uint64,
        ">i4",
        lambda a: a.tolist(),
        lambda a: tuple(a.tolist()),
        lambda a: np.repeat(a, 2)[::2],
        lambda a: np.repeat(a.astype(np.int64), 2)[::2],
    ],
)
def test_any_integers_are_taken(convert: Any) -> None:
    actions = np.array([0, 1, 2, 1, 2], np.int32)
    converted = (
        convert(actions)
        if callable(convert) and not isinstance(convert, type)
        else (actions.astype(convert))
    )
    plain, other = make(), make()
    plain.reset(seed=1)
    other.reset(seed=1)
    assert_array_equal(plain.step(actions)[0], other.step(converted)[0])
    assert_array_equal(plain.export_state(), other.export_state())


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int64, "list"])
def test_any_real_numbers_are_taken(dtype: Any) -> None:
    actions = np.array([[-1], [0], [1], [1], [0]], np.float32)
    converted = actions.tolist() if dtype == "list" else actions.astype(dtype)
    plain, other = make(continuous=True), make(continuous=True)
    plain.reset(seed=1)
    other.reset(seed=1)
    plain.step(actions)
    other.step(converted)
    assert_array_equal(plain.export_state(), other.export_state())


def test_seed_decides_and_batch_size_does_not() -> None:
    small, large, other = make(2), make(40, threads=2), make(2)
    for envs, seed in ((small, 5), (large, 5), (other, 6)):
        envs.reset(seed=seed)
        near_the_end(envs)
    actions = np.random.default_rng(0).integers(0, 3, (300, 40))
    differs = False
    for row in actions:
        obs = small.step(row[:2])[0]
        assert_array_equal(obs, large.step(row)[0][:2])
        differs |= bool((obs != other.step(row[:2])[0]).any())
    assert differs


def test_reset_without_a_seed_is_fresh_then_follows_and_can_be_told() -> None:
    first, second = make(), make()
    first.reset()
    second.reset()
    assert first.np_random_seed != second.np_random_seed
    again = make()
    again.reset(seed=first.np_random_seed)
    assert_array_equal(again.export_state(), first.export_state())

    seeds = []
    for envs in (first, again):
        envs.reset()
        seeds.append(envs.np_random_seed)
    assert seeds[0] == seeds[1] != second.np_random_seed
    assert_array_equal(again.export_state(), first.export_state())
    told = make()
    told.reset(seed=seeds[0])
    assert_array_equal(told.export_state(), first.export_state())


def test_np_random_seed_is_known_before_the_first_reset() -> None:
    envs = make()
    seed = envs.np_random_seed
    envs.reset()
    assert envs.np_random_seed == seed


def test_reset_mask_starts_the_chosen_alone() -> None:
    envs = make(frame_skip=8)
    envs.reset(seed=1)
    play(envs, 20)
    before, last = envs.export_state(), envs.step(np.zeros(N, np.int32))[0]
    before = envs.export_state()
    mask = np.array([True, False, True, False, False])
    options = {"reset_mask": mask}
    obs, infos = envs.reset(seed=9, options=options)
    assert infos == {}
    assert list(options) == ["reset_mask"]  # wrappers outside look for it, too
    fresh = make(frame_skip=8)
    first, _ = fresh.reset(seed=9)
    assert_array_equal(obs[mask], first[mask])
    assert_array_equal(obs[~mask], last[~mask])
    after = envs.export_state()
    assert_array_equal(after[mask], fresh.export_state()[mask])
    assert_array_equal(after[~mask], before[~mask])


def test_reset_mask_without_a_seed_plays_another_episode() -> None:
    envs = make()
    envs.reset(seed=1)
    before = envs.export_state().view(SPEC.row_dtype)["root"]
    envs.reset(options={"reset_mask": np.array([True] + [False] * (N - 1))})
    after = envs.export_state().view(SPEC.row_dtype)["root"]
    assert (before[0] != after[0]).any()
    assert_array_equal(before[1:], after[1:])


def test_states_move_between_instances() -> None:
    source, target = make(frame_skip=8), make(frame_skip=8)
    source.reset(seed=1)
    target.reset(seed=2)
    play(source, 30)
    rows = source.export_state([3, 1])
    target.import_state(rows, [0, 4])
    assert_array_equal(target.export_state([0, 4]), rows)
    actions = np.array([1, 1, 1, 1, 1], np.int32)
    mine, other = source.step(actions)[0], target.step(actions)[0]
    assert_array_equal(mine[[3, 1]], other[[0, 4]])


def duplicates() -> list[Any]:
    return [
        pytest.param(lambda envs: envs.clone(), id="clone"),
        pytest.param(copy.deepcopy, id="deepcopy"),
        pytest.param(copy.copy, id="copy"),
        pytest.param(lambda envs: pickle.loads(pickle.dumps(envs)), id="pickle"),
    ]


@pytest.mark.parametrize("duplicate", duplicates())
def test_duplicates_are_equal_and_independent(duplicate: Any) -> None:
    envs = make(frame_skip=8, max_episode_steps=40, render_mode="rgb_array", copy=False)
    envs.reset(seed=1)
    near_the_end(envs)
    play(envs, 3)
    envs.action_space.seed(4)
    other = duplicate(envs)
    assert other.metadata == envs.metadata
    assert other.np_random_seed == envs.np_random_seed
    before = envs.export_state()
    expected = play(other, 60)
    assert_array_equal(envs.export_state(), before)
    kept = [part.copy() for part in expected[-1][:4]]
    for left, right in zip(play(envs, 60)[-1][:4], kept, strict=True):
        assert_array_equal(left, right)
    assert_array_equal(envs.export_state(), other.export_state())
    mask = np.array([True] + [False] * (N - 1))
    assert_array_equal(
        envs.reset(options={"reset_mask": mask})[0], other.reset(options={"reset_mask": mask})[0]
    )


def test_a_duplicate_before_any_reset_wants_one_too() -> None:
    with pytest.raises(gymnasium.error.ResetNeeded):
        make().clone().step([0] * N)


def test_legal_actions() -> None:
    envs = make()
    envs.reset(seed=0)
    assert_array_equal(envs.legal(), np.ones((N, 3), np.bool_))
    continuous = make(continuous=True)
    continuous.reset(seed=0)
    assert continuous.legal() is None


def test_core_steps_into_arrays_of_the_callers() -> None:
    envs, twin = make(), make()
    envs.reset(seed=0)
    twin.reset(seed=0)
    obs, final_obs = np.zeros((N, 8), np.float32), np.zeros((N, 8), np.float32)
    reward, flags = np.zeros(N, np.float32), np.zeros((2, N), np.bool_)
    actions = np.array([0, 1, 2, 1, 0], np.int32)
    envs.core.step_into(actions, obs, final_obs, reward, *flags)
    assert_array_equal(obs, twin.step(actions)[0])


def test_what_it_says_of_itself() -> None:
    envs = make(frame_skip=8)
    assert issubclass(samestep_rust.RustVectorEnv, gymnasium.vector.VectorEnv)
    assert type(envs) is samestep_rust.RustVectorEnv
    assert repr(envs) == "RustVectorEnv(num_envs=5)"
    assert envs.unwrapped is envs
    assert envs.num_actions == 3
    assert envs.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    assert envs.metadata["render_fps"] == 7  # 60 frames a second, 8 a step
    envs.close()
    envs.close()
    assert envs.closed
