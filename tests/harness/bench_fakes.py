"""Implementations for the bench's tests, run in real workers: each goes wrong in its own way."""

from __future__ import annotations

import os
import sys
import time

from harness.baselines import Unavailable
from harness.benching.job import CheckFailed, Job, Ready, Refused


class Steady:
    """Takes 1000 steps in every 10 ms asked for, times its threads, and notes when it measured."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def prepare(self, expected: str) -> Ready:
        assert os.path.exists(expected)
        cores = ",".join(map(str, sorted(os.sched_getaffinity(0))))
        note = f"cores {cores}, {os.environ.get('FAKE_NOTE', '')}"
        return Ready(self.job.batch, "ok: 0badcafe", "release", 0.5, 8, note)

    def measure(self, seconds: float) -> tuple[int, float]:
        print("a stray line on standard output")
        start = time.monotonic()
        time.sleep(seconds)
        log = os.environ.get("FAKE_LOG")
        if log:
            with open(log, "a") as file:
                file.write(f"{self.job.impl} {self.job.batch} {start} {time.monotonic()}\n")
        return int(seconds * 100_000), seconds

    def close(self) -> None:
        pass


class Differs(Steady):
    def prepare(self, expected: str) -> Ready:
        raise CheckFailed("reward differs from the reference at step 3, lane 1")


class Double(Steady):
    def prepare(self, expected: str) -> Ready:
        return super().prepare(expected)._replace(precision="f64")


class Slow(Steady):
    """Needs ten times as long as it is asked to measure."""

    def measure(self, seconds: float) -> tuple[int, float]:
        steps, elapsed = super().measure(seconds)
        return steps, 10 * elapsed


class Missing(Steady):
    def __init__(self, job: Job) -> None:
        raise Unavailable("peerlib is not installed: pip install peerlib")


class Debug(Steady):
    def prepare(self, expected: str) -> Ready:
        raise Refused("a debug build: make setup")


class Breaks(Steady):
    def measure(self, seconds: float) -> tuple[int, float]:
        raise ZeroDivisionError("of\nits own making")


class Dies(Steady):
    def prepare(self, expected: str) -> Ready:
        sys.stderr.write("a last word\n")
        sys.stderr.flush()
        os._exit(3)


class Hangs(Steady):
    def prepare(self, expected: str) -> Ready:
        time.sleep(1000)
        raise AssertionError


class HangsLater(Steady):
    def measure(self, seconds: float) -> tuple[int, float]:
        time.sleep(1000)
        raise AssertionError


class Trains(Steady):
    """Of kind "ppo"."""

    def prepare(self, expected: str) -> Ready:
        assert self.job.training == {"parameters": 6_000, "num_steps": 16, "layers": 2}
        how = {"loop": "host", "num_steps": 16, "update_epochs": 4, "num_minibatches": 2}
        return super().prepare(expected)._replace(training={"parameters": 5_999, **how})

    def split(self) -> dict[str, float]:
        return {"environment": 0.1, "inference": 0.1, "update": 0.2}
