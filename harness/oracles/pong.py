"""Pong's oracle: PufferLib's C code, stepped beside the reference from one tape of libc's numbers.

libc's generator is seeded, its numbers are read ahead into a tape, and it is seeded again for the
C code; the reference takes its serves from the tape, which must end where the C code's drawing
ended. The two sides are given the same actions and never synchronised.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.baselines import puffer_source
from references.pong import SPEC, Pong
from references.pong.rules import PongState
from references.pong.spec import CONSTANTS
from references.threefry import Key

SHIM = Path(__file__).with_name("pong_shim.c")
# Upstream's own level of optimisation, for x86-64 in general: with -march=native the compiler may
# fuse `ball_vy + increment * direction` into one rounding, which no other build of it does.
FLAGS = ["-O2", "-ffp-contract=off"]

SNAPSHOT = np.dtype(
    [
        *((field.name, "<" + field.dtype) for field in SPEC.state),
        ("observations", "<f4", (8,)),
        ("reward", "<f4"),
        ("terminal", "<i4"),
    ]
)
"""The shim's Snapshot: STATE's fields, then what the step returned."""

LENGTHS = (
    "WIDTH",
    "HEIGHT",
    "PADDLE_WIDTH",
    "PADDLE_HEIGHT",
    "BALL_WIDTH",
    "BALL_HEIGHT",
    "PADDLE_SPEED",
    "BALL_SPEED_X",
    "BALL_SERVE_SPEED_Y",
    "BALL_MAX_SPEED_Y",
    "BALL_SPEED_Y_INCREMENT",
)

MAX_POINTS = 2 * int(CONSTANTS["MAX_SCORE"]) - 1  # of one game
EPISODES_A_TAPE = 50
OBS_ULPS = 1  # the C code divides where we multiply by a constant
KEY: Key = (0, 0)  # the tape takes the key's place

Progress = Callable[[int, int], None]
"""(episodes done, episodes in all)."""


class TapeExhausted(Exception):
    """The reference drew more numbers than the C code."""


class Tape:
    """Numbers of libc's rand(), played to the reference as the serves' random bits."""

    def __init__(self, numbers: np.ndarray) -> None:
        self.numbers = numbers
        self.used = 0

    def __call__(self, key: Key, t: int) -> int:
        """The next serve's bit."""
        if self.used == len(self.numbers):
            raise TapeExhausted
        self.used += 1
        return int(self.numbers[self.used - 1]) % 2


class PufferPong:
    """One game of the C code.

    Raises:
        Unavailable: where the source or a compiler cannot be had.
    """

    def __init__(self, frame_skip: int, continuous: bool) -> None:
        folder = puffer_source.source() / "pufferlib/ocean/pong"
        library = puffer_source.compile_shared("pong_oracle", SHIM, FLAGS, [folder])
        self._c = ctypes.CDLL(str(library))
        self._c.oracle_create.restype = ctypes.c_void_p
        lengths = (ctypes.c_float * len(LENGTHS))(*(CONSTANTS[name] for name in LENGTHS))
        self._env = ctypes.c_void_p(
            self._c.oracle_create(frame_skip, int(continuous), int(CONSTANTS["MAX_SCORE"]), lengths)
        )
        self._memory = np.zeros(1, SNAPSHOT)
        self._out = ctypes.c_void_p(self._memory.ctypes.data)

    def srand(self, seed: int) -> None:
        """Seed libc's generator."""
        self._c.oracle_srand(ctypes.c_uint(seed))

    def rand(self, count: int) -> np.ndarray:
        """The next numbers of libc's generator, (count,) i32."""
        numbers = np.zeros(count, np.int32)
        self._c.oracle_rand(count, ctypes.c_void_p(numbers.ctypes.data))
        return numbers

    def reset(self) -> np.void:
        """A new game: its snapshot."""
        self._c.oracle_reset(self._env, self._out)
        return self._copy()

    def step(self, action: float) -> np.void:
        """One step: its snapshot, which is already the next game's if this one ended."""
        self._c.oracle_step(self._env, ctypes.c_float(action), self._out)
        return self._copy()

    def close(self) -> None:
        """Free the game."""
        if self._env:
            self._c.oracle_free(self._env)
            self._env = ctypes.c_void_p()

    def _copy(self) -> np.void:
        snapshot: np.void = self._memory.copy()[0]
        return snapshot


def ulps_apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How many float32 numbers lie from a to b, elementwise; 0 only if the bits are equal."""

    def ordered(x: np.ndarray) -> np.ndarray:
        bits = np.ascontiguousarray(x, np.float32).view(np.int32).astype(np.int64)
        return np.where(bits < 0, -(2**31) - bits - 1, bits)

    apart: np.ndarray = np.abs(ordered(a) - ordered(b))
    return apart


def actions(rng: np.random.Generator, continuous: bool) -> Iterator[np.float32]:
    """Random actions without end; continuous ones include the ends and both zeros."""
    special = np.array([-1.0, 1.0, 0.0, -0.0], np.float32)
    while True:
        if not continuous:
            yield from rng.integers(0, 3, 1024).astype(np.float32)
            continue
        drawn = rng.uniform(-1, 1, 1024).astype(np.float32)
        yield from np.where(rng.random(1024) < 0.3, rng.choice(special, 1024), drawn)


Difference = dict[str, Any]
"""The field that differs, and both its values."""


def state_difference(theirs: np.void, state: PongState, obs: np.ndarray) -> Difference | None:
    """The first field of STATE whose bits differ, or observation that is further away; or None."""
    for field in SPEC.state:
        value = np.asarray(getattr(state, field.name), field.dtype)
        if value.tobytes() != theirs[field.name].tobytes():
            return {"field": field.name, "reference": value.item(), "c": theirs[field.name].item()}
    apart = ulps_apart(obs, theirs["observations"])
    if apart.max() > OBS_ULPS:
        i = int(apart.argmax())
        both = {"reference": float(obs[i]), "c": float(theirs["observations"][i])}
        return {"field": f"obs[{i}]", **both, "ulps": int(apart[i])}
    return None


def step_difference(theirs: np.void, reward: np.ndarray, terminal: bool) -> Difference | None:
    """Reward or flag that differs, or None. Upstream's reset leaves both as they were."""
    if np.float32(reward).tobytes() != theirs["reward"].tobytes():
        return {"field": "reward", "reference": float(reward), "c": float(theirs["reward"])}
    if terminal != bool(theirs["terminal"]):
        return {"field": "terminal", "reference": terminal, "c": bool(theirs["terminal"])}
    return None


def _play(
    c: PufferPong, reference: Pong, tape: Tape, choose: Iterator[np.float32], episodes: int
) -> Iterator[tuple[int, Difference | None]]:
    """Games in a row on both sides; after each its steps and the first difference, if any.

    A difference ends it: what follows would only repeat it.
    """
    state, obs = reference.reset(KEY)
    found = state_difference(c.reset(), state, obs)
    for _ in range(episodes):
        steps, over = 0, False
        while not over and found is None:
            action = next(choose)
            theirs = c.step(float(action))
            steps += 1
            try:
                state, step = reference.step(state, [action] if reference.continuous else action)
                obs, over = step.obs, step.terminated
                if over:
                    state, obs = reference.reset(KEY)
            except TapeExhausted:
                found = {"field": "random numbers", "reference": "one more", "c": tape.used}
                break
            found = state_difference(theirs, state, obs)
            found = found or step_difference(theirs, step.reward, over)
        yield steps, found and {"step": steps, **found}
        if found is not None:
            return


def run(
    episodes: int,
    seed: int,
    variant_params: Mapping[str, Any],
    progress: Progress = lambda done, total: None,
    reference: Callable[..., Pong] = Pong,
) -> dict[str, Any]:
    """Hold the reference against the C code over whole episodes.

    Args:
        episodes: complete games, each to 21 points.
        seed: of libc's generator and of the actions.
        variant_params: `frame_skip` and `continuous`; the batch driver's are ignored.
        progress: called after every episode.
        reference: what is held against it; tests plant faulty ones.

    Returns:
        episodes, steps, differences (episodes in which the sides differed) and first_difference
        (None, or its episode, step, field and both values).

    Raises:
        Unavailable: where the source or a compiler cannot be had.
    """
    own = {name: value for name, value in variant_params.items() if name in SPEC.params}
    params = SPEC.check_params(own)
    c = PufferPong(params["frame_skip"], params["continuous"])
    rng = np.random.default_rng(seed)
    choose = actions(rng, params["continuous"])
    done = steps = differences = 0
    first: Difference | None = None
    try:
        while done < episodes:
            share = min(EPISODES_A_TAPE, episodes - done)
            libc_seed = int(rng.integers(2**32))
            c.srand(libc_seed)
            tape = Tape(c.rand(1 + share * MAX_POINTS))
            c.srand(libc_seed)
            found = None
            for count, found in _play(c, reference(serve=tape, **own), tape, choose, share):
                done += 1
                steps += count
                if found is not None:
                    differences += 1
                    first = first or {"episode": done - 1, **found}
                progress(done, episodes)
            if found is None and not _exhausted(c, tape):
                differences += 1
                used = {"field": "random numbers", "reference": tape.used, "c": "another number"}
                first = first or {"episode": done - 1, "step": steps, **used}
    finally:
        c.close()
    return {
        "episodes": done,
        "steps": steps,
        "differences": differences,
        "first_difference": first,
    }


def _exhausted(c: PufferPong, tape: Tape) -> bool:
    """Whether the C code drew what the reference drew: what libc gives next is the tape's rest."""
    rest = tape.numbers[tape.used :]
    more = c.rand(len(rest))
    # If nothing of the tape is left, both sides drew all of it unless the C code drew more, which
    # MAX_POINTS rules out.
    return np.array_equal(more, rest)
