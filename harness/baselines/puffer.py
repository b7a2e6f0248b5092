"""PufferLib's C Pong, through its own Python binding, compiled with -O3 -march=native."""

from __future__ import annotations

import ctypes
import importlib.util
import time
import zlib
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from harness import registry
from harness.baselines import puffer_source
from harness.baselines.trained import Vector, job_of
from harness.benching.drawing import draw_actions
from harness.benching.job import CHUNK, CheckFailed, Job, Ready
from harness.benching.ours import frame_skip_of
from harness.errors import UserError
from harness.oracles.pong import KEY, OBS_ULPS, Tape, TapeExhausted, ulps_apart
from harness.registry import Entry
from references.batch import BatchStep
from references.pong import Pong
from references.pong.rules import PongState
from references.pong.spec import CONSTANTS

if TYPE_CHECKING:
    from ppo.envs import HostEnv, Layout

LANES = 8
FRAMES = 4000  # long enough that games end, and that points are won at any usual frame skip
SEED = 7
UP, DOWN = 1, 2
GAME_OVER = 100.0  # among the rewards that were seen


def load_binding() -> ModuleType:
    """The compiled extension.

    Raises:
        Unavailable: where it cannot be had.
    """
    spec = importlib.util.spec_from_file_location("binding", puffer_source.binding())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Buffers:
    """The arrays that a vector of environments reads and writes, and the vector itself."""

    def __init__(self, binding: Any, num_envs: int, frame_skip: int, continuous: bool) -> None:
        self.obs = np.zeros((num_envs, 8), np.float32)
        self.actions = np.zeros(num_envs, np.float32)
        self.rewards = np.zeros(num_envs, np.float32)
        self.terminals = np.zeros(num_envs, np.uint8)
        self.truncations = np.zeros(num_envs, np.uint8)
        self.vector = binding.vec_init(
            self.obs,
            self.actions,
            self.rewards,
            self.terminals,
            self.truncations,
            num_envs,
            0,
            width=CONSTANTS["WIDTH"],
            height=CONSTANTS["HEIGHT"],
            paddle_width=CONSTANTS["PADDLE_WIDTH"],
            paddle_height=CONSTANTS["PADDLE_HEIGHT"],
            ball_width=CONSTANTS["BALL_WIDTH"],
            ball_height=CONSTANTS["BALL_HEIGHT"],
            paddle_speed=CONSTANTS["PADDLE_SPEED"],
            ball_initial_speed_x=CONSTANTS["BALL_SPEED_X"],
            ball_initial_speed_y=CONSTANTS["BALL_SERVE_SPEED_Y"],
            ball_max_speed_y=CONSTANTS["BALL_MAX_SPEED_Y"],
            ball_speed_y_increment=CONSTANTS["BALL_SPEED_Y_INCREMENT"],
            max_score=CONSTANTS["MAX_SCORE"],
            frameskip=frame_skip,
            continuous=int(continuous),
        )


class PufferRunner:
    """A vector of environments in one process; the bench runs several for several cores."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.frame_skip = frame_skip_of(job)
        self.continuous = bool(job.params.get("continuous", False))

    def prepare(self, expected: str) -> Ready:
        """Compile if need be, check against the reference, make the measured vector."""
        job = self.job
        self.binding = load_binding()
        check = check_binding(self.binding, self.frame_skip, self.continuous)
        if job.params.get("max_episode_steps"):
            check = "not comparable: it has no time limit"
        self.buffers = Buffers(self.binding, job.batch, self.frame_skip, self.continuous)
        self.binding.vec_reset(self.buffers.vector, job.seed)
        spec = registry.get(job.env).spec
        drawn = draw_actions(spec, job.params, CHUNK, job.batch, job.seed)
        # In the type of its buffer, so that nothing is converted while it is measured.
        self.actions = drawn.reshape(CHUNK, job.batch).astype(np.float32)
        self.measure(0.05)
        return Ready(job.batch, check, "release", 0.0, self.frame_skip)

    def measure(self, seconds: float) -> tuple[int, float]:
        """Copy drawn actions into its buffer and step; the clock is read once a chunk."""
        step, vector, buffers = self.binding.vec_step, self.buffers.vector, self.buffers
        steps = 0
        start = time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds:
            for action in self.actions:
                buffers.actions[:] = action
                step(vector)
                steps += len(buffers.rewards)
        return steps, elapsed

    def close(self) -> None:
        """Free the vector."""
        if hasattr(self, "buffers"):
            self.binding.vec_close(self.buffers.vector)


def make(job: Job) -> PufferRunner:
    """The bench's entry point."""
    return PufferRunner(job)


class PufferVector(Vector):
    """Its buffers as they are; it has no truncation, so nobody asks for a final observation."""

    def __init__(self, entry: Entry, num_envs: int, params: dict[str, Any]) -> None:
        super().__init__(entry, num_envs, params)
        if params.get("max_episode_steps"):
            raise UserError("puffer has no time limit; accepted: max_episode_steps 0")
        self.binding: Any = load_binding()
        frame_skip = frame_skip_of(job_of(entry, "puffer", num_envs, params))
        continuous = bool(params.get("continuous", False))
        self.buffers = Buffers(self.binding, num_envs, frame_skip, continuous)

    def reset(self, seed: int, indices: Sequence[int] | None = None) -> np.ndarray:
        """From libc's numbers, seeded anew for every instance."""
        self.binding.vec_reset(self.buffers.vector, seed)
        return self.buffers.obs

    def step(self, actions: np.ndarray) -> BatchStep:
        """One call of its loop over all instances, on this thread."""
        buffers = self.buffers
        buffers.actions[:] = actions.reshape(-1)
        self.binding.vec_step(buffers.vector)
        ended = buffers.terminals != 0
        return BatchStep(buffers.obs, buffers.obs, buffers.rewards, ended, self._never, self._legal)

    def close(self) -> None:
        """Free the vector."""
        self.binding.vec_close(self.buffers.vector)


def train_env(
    entry: Entry, name: str, num_envs: int, params: dict[str, Any], layout: Layout
) -> HostEnv:
    """N instances in this process, as its own trainer's serial backend has them."""
    from harness.baselines.hosted import Hosted

    return Hosted(PufferVector(entry, num_envs, params), layout)


def check_binding(binding: Any, frame_skip: int, continuous: bool) -> str:
    """Step a few lanes beside the reference, fed from a tape of libc's numbers.

    Rewards and flags must be equal, observations within a unit in the last place (it divides, the
    reference multiplies). Half of the lanes stay away from the ball, so that games end; the others
    chase it, so that it is returned and points are won.

    Returns:
        "ok: " and the checksum of rewards and flags; or why it cannot be compared.

    Raises:
        CheckFailed: naming the first step and output that differ.
    """
    if continuous:
        return "not comparable: this build may round a bounce's speed once instead of twice"
    steps = FRAMES // frame_skip + 1
    lanes = Buffers(binding, LANES, frame_skip, continuous)
    try:
        return "ok: " + _check_lanes(binding, lanes, steps, frame_skip)
    finally:
        binding.vec_close(lanes.vector)


def _check_lanes(binding: Any, lanes: Buffers, steps: int, frame_skip: int) -> str:
    libc = ctypes.CDLL(None)
    # One environment after the other draws from the one generator that all share. The vector's
    # reset seeds it for every lane apart; their first serves are read in the same way.
    binding.vec_reset(lanes.vector, SEED)
    firsts = []
    for lane in range(LANES):
        libc.srand(lane + SEED * LANES)
        firsts.append(libc.rand())
    libc.srand(SEED)
    ahead = [libc.rand() for _ in range(LANES * (steps + 1))]
    tape = Tape(np.array(firsts + ahead))
    libc.srand(SEED)
    reference = Pong(serve=tape, frame_skip=frame_skip)
    states = [reference.reset(KEY)[0] for _ in range(LANES)]
    rng = np.random.default_rng(SEED)
    crc = 0
    seen: set[float] = set()
    for step in range(steps):
        chosen = [UP if lane % 2 == 0 else _chase(states[lane], rng) for lane in range(LANES)]
        lanes.actions[:] = chosen
        binding.vec_step(lanes.vector)
        for lane in range(LANES):
            where = f"at step {step}, lane {lane}"
            try:
                states[lane], out = reference.step(states[lane], chosen[lane])
                obs = out.obs
                seen.add(float(out.reward))
                if out.terminated:
                    seen.add(GAME_OVER)
                    states[lane], obs = reference.reset(KEY)
            except TapeExhausted:
                raise CheckFailed(f"fewer random numbers than the reference {where}") from None
            if np.float32(out.reward) != lanes.rewards[lane]:
                raise CheckFailed(f"reward differs from the reference {where}")
            if out.terminated != bool(lanes.terminals[lane]):
                raise CheckFailed(f"terminated differs from the reference {where}")
            if ulps_apart(obs, lanes.obs[lane]).max() > OBS_ULPS:
                raise CheckFailed(f"obs differs from the reference {where}")
        crc = zlib.crc32(lanes.terminals.tobytes(), zlib.crc32(lanes.rewards.tobytes(), crc))
    if len(seen) < 5:
        raise CheckFailed("not all rewards and a game's end were seen, so it shows too little")
    return f"{crc:08x}"


def _chase(state: PongState, rng: np.random.Generator) -> int:
    """Towards the ball; at its height anywhere, for a moving paddle makes the ball faster."""
    off = state.ball_y + 16 - (state.paddle_yr + 35)
    if abs(off) < 40:
        return int(rng.integers(3))
    return UP if off > 0 else DOWN
