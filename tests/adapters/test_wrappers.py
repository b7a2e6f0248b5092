"""Gymnasium's own vector wrappers, around our environment and around its SyncVectorEnv."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium.wrappers import vector as wrappers
from numpy.testing import assert_array_equal

from tests.adapters.reference_env import sync_vector_env

samestep_rust = pytest.importorskip("samestep_rust")

N = 4
PARAMS = {"frame_skip": 8, "max_episode_steps": 70}


def halve(values: np.ndarray) -> np.ndarray:
    return values * np.float32(0.5)


WRAPPERS = {
    "RecordEpisodeStatistics": lambda e: wrappers.RecordEpisodeStatistics(e),
    "NormalizeReward": lambda e: wrappers.NormalizeReward(e),
    "ClipReward": lambda e: wrappers.ClipReward(e, -0.5, 0.5),
    "TransformReward": lambda e: wrappers.TransformReward(e, halve),
    "TransformAction": lambda e: wrappers.TransformAction(e, lambda a: 2 - a),
    "DictInfoToList": lambda e: wrappers.DictInfoToList(e),
    "statistics, then normalised": lambda e: wrappers.NormalizeReward(
        wrappers.RecordEpisodeStatistics(e)
    ),
}


def assert_same(ours: Any, theirs: Any) -> None:
    """Nested results are equal; wall-clock times apart."""
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys()
        for key in ours.keys() - {"t"}:
            assert_same(ours[key], theirs[key])
    elif isinstance(ours, list | tuple):
        assert len(ours) == len(theirs)
        for left, right in zip(ours, theirs, strict=True):
            assert_same(left, right)
    elif isinstance(ours, np.ndarray) and ours.dtype == object:
        assert_same(list(ours), list(theirs))
    elif ours is None or theirs is None:
        assert ours is theirs
    else:
        # Rewards are float32 here and float64 there.
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_wrappers_do_the_same_around_either(wrap: Any) -> None:
    ours = wrap(samestep_rust.make_vec("pong", N, **PARAMS))
    theirs = wrap(sync_vector_env(N, **PARAMS))
    assert_same(ours.reset(seed=2), theirs.reset(seed=2))
    random = np.random.default_rng(0)
    ended = 0
    for _ in range(160):
        actions = random.integers(0, 3, N)
        mine = ours.step(actions)
        assert_same(mine, theirs.step(actions))
        ended += int((mine[2] | mine[3]).sum())
    assert ended >= 2 * N


def test_rescaled_actions() -> None:
    params = {"continuous": True, "frame_skip": 8}
    plain = samestep_rust.make_vec("pong", N, **params)
    wrapped = wrappers.RescaleAction(samestep_rust.make_vec("pong", N, **params), 0.0, 1.0)
    clipped = wrappers.ClipAction(samestep_rust.make_vec("pong", N, **params))
    for envs in (plain, wrapped, clipped):
        envs.reset(seed=0)
    for action in (0.0, 0.25, 1.0):
        actions = np.full((N, 1), action, np.float32)
        obs = plain.step(2 * actions - 1)[0]
        assert_array_equal(wrapped.step(actions)[0], obs)
        assert_array_equal(clipped.step(np.where(action == 1, 9, 2 * actions - 1))[0], obs)


def test_episode_statistics_count_whole_episodes() -> None:
    envs = wrappers.RecordEpisodeStatistics(samestep_rust.make_vec("pong", N, **PARAMS))
    envs.reset(seed=0)
    returns = np.zeros(N)
    for step in range(1, 141):
        _, reward, _, truncated, infos = envs.step(np.zeros(N, np.int32))
        returns += reward
        if step % 70 == 0:
            assert truncated.all()
            assert_array_equal(infos["episode"]["r"], returns)
            assert_array_equal(infos["episode"]["l"], 70)
            returns[:] = 0
        else:
            assert "episode" not in infos


def test_episode_statistics_know_a_reset_mask() -> None:
    envs = wrappers.RecordEpisodeStatistics(samestep_rust.make_vec("pong", N, **PARAMS))
    envs.reset(seed=0)
    for _ in range(10):
        envs.step(np.zeros(N, np.int32))
    envs.reset(options={"reset_mask": np.array([True, False, False, False])})
    assert_array_equal(envs.episode_lengths, [0, 10, 10, 10])


OBSERVATION_WRAPPERS = {
    "NormalizeObservation": lambda e: wrappers.NormalizeObservation(e),
    "TransformObservation": lambda e: wrappers.TransformObservation(e, halve),
    "RescaleObservation": lambda e: wrappers.RescaleObservation(e, 0.0, 1.0),
    "DtypeObservation": lambda e: wrappers.DtypeObservation(e, np.float64),
    "FlattenObservation": lambda e: wrappers.FlattenObservation(e),
    "ReshapeObservation": lambda e: wrappers.ReshapeObservation(e, (2, 4)),
}


@pytest.mark.parametrize("wrap", OBSERVATION_WRAPPERS.values(), ids=OBSERVATION_WRAPPERS)
def test_what_gymnasium_refuses_around_any_same_step_environment(wrap: Any) -> None:
    """A limit of Gymnasium's that the library's README names: it goes when this fails."""
    for envs in (samestep_rust.make_vec("pong", N), sync_vector_env(N)):
        with pytest.raises(ValueError, match="NEXT_STEP"):
            wrap(envs)


def test_actions_may_be_arrays_of_jax() -> None:
    jax = pytest.importorskip("jax")
    ours, twin = samestep_rust.make_vec("pong", N), samestep_rust.make_vec("pong", N)
    ours.reset(seed=0)
    twin.reset(seed=0)
    actions = np.array([0, 1, 2, 1], np.int32)
    assert_array_equal(ours.step(jax.numpy.asarray(actions))[0], twin.step(actions)[0])


class Clip:
    """Stands in for moviepy's writer: keeps the frames instead of encoding them."""

    written: list[tuple[str, list[np.ndarray], float]]

    def __init__(self, frames: list[np.ndarray], fps: float) -> None:
        self.frames, self.fps = frames, fps

    def write_videofile(self, path: str, **_: Any) -> None:
        Clip.written.append((path, self.frames, self.fps))


def test_record_video(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("moviepy", "moviepy.video", "moviepy.video.io"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    module = types.ModuleType("moviepy.video.io.ImageSequenceClip")
    module.ImageSequenceClip = Clip  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    Clip.written = []
    envs = wrappers.RecordVideo(
        samestep_rust.make_vec("pong", N, render_mode="rgb_array", **PARAMS),
        str(tmp_path / "videos"),
        record_first_only=False,
        episode_trigger=lambda episode: True,
        disable_logger=True,
    )
    envs.reset(seed=0)
    for _ in range(70):
        envs.step(np.ones(N, np.int32))
    envs.close()
    path, frames, fps = Clip.written[0]
    assert Path(path).name == "rl-video-episode-0.mp4"
    assert fps == 7
    assert len(frames) == 70  # reset and 69 steps; the frame after autoreset is the next video's
    height, width = frames[0].shape[:2]
    assert height * width == 640 * 560 * N
    assert (frames[0] != frames[-1]).any()
