"""Threads of the Rust backend: results do not depend on them, and a forked child has its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

samestep_rust = pytest.importorskip("samestep_rust")

N = 2048


def played(envs: Any, steps: int = 40) -> bytes:
    """The state after some steps, and all observations on the way."""
    rng = np.random.default_rng(5)
    actions = rng.integers(0, 3, (steps, envs.num_envs))
    seen = [envs.reset(seed=3)[0]] + [envs.step(action)[0] for action in actions]
    return bytes(np.concatenate(seen).tobytes() + envs.export_state().tobytes())


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_results_do_not_depend_on_threads(threads: int) -> None:
    one = samestep_rust.make_vec("pong", N, frame_skip=8)
    many = samestep_rust.make_vec("pong", N, frame_skip=8, threads=threads)
    assert played(one) == played(many)


def test_a_split_batch_plays_what_the_whole_does() -> None:
    whole = samestep_rust.make_vec("pong", 100, frame_skip=8)
    parts = [
        samestep_rust.make_vec("pong", 60, frame_skip=8),
        samestep_rust.make_vec("pong", 40, frame_skip=8, first_index=60),
    ]
    rng = np.random.default_rng(1)
    for envs in (whole, *parts):
        envs.reset(seed=9)
    for _ in range(300):
        actions = rng.integers(0, 3, 100)
        whole.step(actions)
        parts[0].step(actions[:60])
        parts[1].step(actions[60:])
    rows = np.concatenate([envs.export_state() for envs in parts])
    np.testing.assert_array_equal(rows, whole.export_state())


FORK = """
import os, sys, numpy as np, samestep_rust
envs = samestep_rust.make_vec("pong", 2048, threads=3, frame_skip=8)
envs.reset(seed=1)
actions = np.ones(2048, np.int32)
for _ in range(int(sys.argv[1])):
    envs.step(actions)
child = os.fork()
for _ in range(300):
    envs.step(actions)
state = hash(envs.export_state().tobytes()) % 200
if child == 0:
    os._exit(state)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == state
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("steps_before", [0, 10])
def test_a_forked_child_steps_on(steps_before: int) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK, str(steps_before)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    assert done.returncode == 0, done.stderr
