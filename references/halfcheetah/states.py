"""States to take one step from: what play meets, and what it hardly ever does.

Every number is representable in single precision, so that all backends can start from the very
same state.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import mujoco
import numpy as np

from references.halfcheetah import gait
from references.halfcheetah.model import CONSTANTS
from references.halfcheetah.rules import HalfCheetah, reset_noise
from references.halfcheetah.spec import MOTORS, NUM_DOFS
from references.threefry import env_key, root_key

EPISODE = 1000
"""Steps; the episodes that states are taken from are whole ones."""
PLAY_EPISODES = 2
"""Episodes that one draw of states met in random play is spread over."""
FALLEN = 0.8
"""rad; a running cheetah whose torso is turned further than this has fallen and starts anew."""
GAIT_NOISE = 0.1
"""Of the actions while running, so that no two strides are the same."""
CLASSES = ("reset", "play", "gait", "extreme")

FASTEST = 50.0
"""rad/s and m/s in every direction, of the fast ones among the extreme states."""
DEEPEST = -1.0
"""m: rootz of the deepest; the torso's axis then lies 0.3 m under the floor."""
FAR = 1000.0
"""m from the origin, where a single-precision x has steps of 6e-5 m."""
HARD_START = 1e4
"""m/s^2 and rad/s^2, the size of the large warm starts."""


class Injected(NamedTuple):
    """N states, an action for each, and how many steps of the episode are behind each."""

    qpos: np.ndarray  # (N, 9) f64, m and rad
    qvel: np.ndarray  # (N, 9) f64, m/s and rad/s
    qacc_warmstart: np.ndarray  # (N, 9) f64, m/s^2 and rad/s^2
    t: np.ndarray  # (N,) i64
    actions: np.ndarray  # (N, 6) f32


def draw(kind: str, count: int, seed: int, number: int) -> Injected:
    """The `number`-th `count` states of a class, which depend on the arguments alone.

    Args:
        kind: "reset", what a reset gives; "play", from whole episodes of random actions; "gait",
            from whole episodes of running; "extreme", see `_extreme`.
    """
    rng = np.random.default_rng([seed, number, CLASSES.index(kind)])
    if kind == "reset":
        found = _reset(count, seed, number, rng)
    elif kind == "extreme":
        found = _extreme(count, rng)
    else:
        found = _played(kind, count, rng)
    return found._replace(
        qpos=_single(found.qpos),
        qvel=_single(found.qvel),
        qacc_warmstart=_single(found.qacc_warmstart),
    )


def _single(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32).astype(np.float64)


def random_actions(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """(*shape, 6) f32, uniform in [-1, 1]."""
    return rng.uniform(-1, 1, (*shape, len(MOTORS))).astype(np.float32)


def _reset(count: int, seed: int, number: int, rng: np.random.Generator) -> Injected:
    root = root_key(seed)
    keys = [env_key(root, number * count + index, 0) for index in range(count)]
    noise = [reset_noise(key, 0.1) for key in keys]
    position, velocity = (np.stack(part) for part in zip(*noise, strict=True))
    still = np.zeros((count, NUM_DOFS))
    t = np.zeros(count, np.int64)
    return Injected(position, velocity, still, t, random_actions(rng, (count,)))


def _played(kind: str, count: int, rng: np.random.Generator) -> Injected:
    """States before `count` steps that are spread evenly over whole episodes."""
    episodes = PLAY_EPISODES if kind == "play" else 1
    steps = np.sort(rng.choice(episodes * EPISODE, count, replace=False))
    taken: list[tuple[Any, ...]] = []
    for episode in range(episodes):
        actions = random_actions(rng, (EPISODE,))
        wanted = steps[steps // EPISODE == episode] % EPISODE
        taken += _episode(kind, actions, set(wanted.tolist()), rng)
    columns = zip(*taken, strict=True)
    return Injected(*(np.stack(column) for column in columns))


def _episode(
    kind: str, actions: np.ndarray, wanted: set[int], rng: np.random.Generator
) -> list[tuple[Any, ...]]:
    """(qpos, qvel, qacc_warmstart, t, action) before each of the wanted steps of an episode."""
    cheetah = _cheetah()
    data = cheetah.data
    _begin(cheetah, rng)
    began = 0
    taken = []
    for step in range(EPISODE):
        action = actions[step]
        if kind == "gait":
            if abs(data.qpos[2]) > FALLEN:
                _begin(cheetah, rng)
                began = step
            noisy = gait.action((step - began) * gait.STEP_SECONDS) + GAIT_NOISE * action
            action = noisy.clip(-1, 1).astype(np.float32)
        if step in wanted:
            now = (data.qpos.copy(), data.qvel.copy(), data.qacc_warmstart.copy())
            taken.append((*now, np.int64(step), action))
        data.ctrl[:] = action
        mujoco.mj_step(cheetah.model, data, nstep=5)
    return taken


def _begin(cheetah: HalfCheetah, rng: np.random.Generator) -> None:
    """v5's initial state, with noise of its size."""
    mujoco.mj_resetData(cheetah.model, cheetah.data)
    cheetah.data.qpos[:] += rng.uniform(-0.1, 0.1, NUM_DOFS)
    cheetah.data.qvel[:] = 0.1 * rng.standard_normal(NUM_DOFS)


@cache
def _cheetah() -> HalfCheetah:
    return HalfCheetah()


def _extreme(count: int, rng: np.random.Generator) -> Injected:
    """Each of these, independently, with the share that is given.

    A torso turned anyhow (half); legs folded to one of their joints' limits and up to 0.3 rad
    beyond (half); exactly at such a limit (one joint in ten); deep in the floor (half); fast
    (half); a large warm start (half); far from the origin, either way (a quarter).
    """
    low, high = np.array(CONSTANTS["JOINT_LOW"]), np.array(CONSTANTS["JOINT_HIGH"])

    def some(share: float, *shape: int) -> np.ndarray:
        return rng.random((count, *shape)) < share

    qpos = np.zeros((count, NUM_DOFS))
    legs = qpos[:, 3:]
    legs[:] = rng.uniform(low, high, legs.shape)
    side = np.where(some(0.5, len(low)), low, high)
    beyond = np.sign(side) * rng.uniform(0, 0.3, legs.shape)
    legs[:] = np.where(some(0.5, 1), side + beyond, legs)
    legs[:] = np.where(some(0.1, len(low)), side, legs)
    qpos[:, 2] = np.where(some(0.5), rng.uniform(-np.pi, np.pi, count), rng.normal(0, 0.2, count))
    qpos[:, 1] = np.where(some(0.5), rng.uniform(DEEPEST, 0, count), rng.uniform(-0.2, 0.5, count))
    qpos[:, 0] = rng.uniform(-5, 5, count)
    qpos[:, 0] = np.where(some(0.25), rng.choice([-FAR, FAR], count), qpos[:, 0])
    wild = rng.uniform(-FASTEST, FASTEST, qpos.shape)
    qvel = np.where(some(0.5, 1), wild, rng.standard_normal(qpos.shape))
    warm = HARD_START * rng.standard_normal(qpos.shape)
    warm = np.where(some(0.5, 1), warm, rng.standard_normal(qpos.shape))
    actions = random_actions(rng, (count,))
    actions = np.where(some(0.2, 1), np.sign(actions), actions)
    return Injected(qpos, qvel, warm, rng.integers(0, EPISODE, count), actions)
