"""One policy on several implementations, drawn side by side."""

from __future__ import annotations

import ctypes.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from harness import registry
from harness.errors import UserError
from harness.reporting import animate, scenes
from harness.reporting.playing import Moment, play
from references.batch import ReferenceBatch

ROOT = Path(__file__).resolve().parents[2]
IMPLS = ("reference", "rust", "jax")
STEPS = 5
PARAMS = {"frame_skip": 8, "max_episode_steps": STEPS}


def follow(obs: np.ndarray, legal: np.ndarray | None) -> np.ndarray:
    """Move towards the ball: 1 up, 2 down."""
    del legal
    above = obs[:, 3] * 640 + 16 - obs[:, 1] * 640  # its middle above the paddle's, in pixels
    return np.where(above > 8, 1, np.where(above < -8, 2, 0)).astype(np.int32)


@pytest.fixture(scope="module")
def moments() -> list[Moment]:
    for package in ("samestep_rust", "samestep_jax"):
        pytest.importorskip(package)
    entry = registry.get("pong")
    return list(play(entry, IMPLS, PARAMS, seed=3, steps=100, act=follow))


def test_an_exact_environment_plays_the_same_everywhere(moments: list[Moment]) -> None:
    for moment in moments:
        assert len({row.tobytes() for row in moment.rows}) == 1
        assert len(set(moment.returns)) == 1
    assert len({moment.rows[0].tobytes() for moment in moments}) == STEPS


def test_it_ends_with_the_episode_and_its_whole_return(moments: list[Moment]) -> None:
    entry = registry.get("pong")
    alone = ReferenceBatch(entry.make_reference(frame_skip=8), 1, STEPS)
    obs, rewards = alone.reset(3), []
    for _ in range(STEPS):
        step = alone.step(follow(obs, None))
        obs = step.obs
        rewards.append(float(step.reward[0]))
    assert len(moments) == STEPS + 1
    assert [moment.returns[0] for moment in moments] == [sum(rewards[:n]) for n in range(6)]
    assert (moments[-1].rows[0] == moments[-2].rows[0]).all(), "not the next episode's state"


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_the_picture_is_what_was_played(moments: list[Moment], tmp_path: Path, suffix: str) -> None:
    draw = scenes.drawer(registry.get("pong"))
    paths = [tmp_path / f"{number}{suffix}" for number in range(2)]
    for path in paths:
        animate.write(path, animate.panels(moments, IMPLS, draw), rate=10, quality=60)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    shown, times = [], []
    with Image.open(paths[0]) as picture:
        for frame in ImageSequence.Iterator(picture):
            shown.append(np.asarray(frame.convert("RGB"), int))
            times.append(frame.info["duration"])
        assert picture.info["loop"] == 0
    assert sum(times) == STEPS * 100 + animate.LAST
    height, width, _ = draw(moments[0].rows[0]).shape
    for pixels, moment in zip(shown, moments, strict=False):  # a GIF joins equal ones
        for place in range(len(IMPLS)):
            left = place * (width + animate.GAP)
            panel = pixels[animate.BAND : animate.BAND + height, left : left + width]
            assert np.abs(panel - draw(moment.rows[place])).mean() < 4
    labels = [shown[0][: animate.BAND, p * (width + animate.GAP) :][:, :width] for p in range(3)]
    assert all(label.min() < 100 for label in labels)
    assert (labels[0] != labels[1]).any()


def checkpoint(path: Path, env: str) -> Path:
    """A policy that learned nothing."""
    from ppo.checkpoints import save_policy
    from ppo.envs import layout_of
    from ppo.ppo import Agent, Args

    args = Args(env=env, num_minibatches=1)
    agent = Agent(args, layout_of(registry.get(env), {}))
    save_policy(path, args, agent.learned(0), {})
    return path


def test_the_command_draws_cheetahs_with_mujoco(tmp_path: Path) -> None:
    pytest.importorskip("flax")
    for package in ("mujoco", "samestep_rust"):
        pytest.importorskip(package)
    output = tmp_path / "cheetah.webp"
    options = ["--env=halfcheetah", "--impls=reference,rust", "--steps=2", "--quality=95"]
    saved = checkpoint(tmp_path / "policy.ckpt", "halfcheetah")
    options += [f"--output={output}", f"--checkpoint={saved}"]
    done = subprocess.run(
        [sys.executable, "-m", "harness.reporting.animate", *options],
        cwd=ROOT,
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    if "to draw with" in done.stderr or "cannot draw here" in done.stderr:
        pytest.skip(f"no OpenGL without a screen: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    with Image.open(output) as picture:
        shown = [np.asarray(f.convert("RGB"), int) for f in ImageSequence.Iterator(picture)]
    assert len(shown) == 3
    height, width = shown[0].shape[:2]
    assert (width - animate.GAP) % 2 == 0
    own = slice(animate.BAND, height - animate.BAND)
    half = (width - animate.GAP) // 2
    for frame in shown:
        one, other = frame[own, :half], frame[own, half + animate.GAP :]
        assert one.std() > 20, "a scene"
        assert np.abs(one - other).mean() < 2, "so early they are at the same place"
    assert (shown[0] != shown[2]).any()


def test_a_policy_of_another_environment_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("flax")
    pytest.importorskip("samestep_rust")
    saved = checkpoint(tmp_path / "policy.ckpt", "halfcheetah")
    with pytest.raises(UserError, match=r"is a policy of halfcheetah, not of pong"):
        animate.main(animate.Args("pong", saved))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"env": "pnog"}, "unknown ENV 'pnog'; accepted: pong"),
        ({"output": Path("x.mp4")}, "cannot write x.mp4; accepted: .gif, .webp"),
        ({"rate": 0}, "rate is 0; accepted: 1 to 50"),
        ({"checkpoint": Path("/nowhere/x")}, "cannot read /nowhere/x"),
    ],
)
def test_bad_input_is_one_line(change: dict[str, object], told: str) -> None:
    pytest.importorskip("flax")
    given: dict[str, object] = {"env": "pong", "checkpoint": Path("x"), **change}
    with pytest.raises(UserError, match="^" + told.replace(".", r"\.")):
        animate.main(animate.Args(**given))  # type: ignore[arg-type]


def test_nothing_to_draw_with_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    with pytest.raises(UserError, match=r"^MuJoCo finds neither EGL nor OSMesa to draw with; "):
        scenes.drawer(registry.get("halfcheetah"))


def test_several_players_are_refused() -> None:
    with pytest.raises(UserError, match=r"^duel has several players; accepted: environments of"):
        next(play(registry.get("duel"), IMPLS, {}, 0, 1, follow))
