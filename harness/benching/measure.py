"""Measures the rows of a group in turns, round after round, each in processes of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from harness.benching.job import Ready
from harness.benching.plan import Group, Row, available_cores
from harness.benching.pool import Worker, WorkerFailed, wait_any

FAILS_THE_RUN = ("CheckFailed", "Refused")
LABELS = {"CheckFailed": "check failed: ", "Refused": "refused: ", "Error": "failed: "}


@dataclass(frozen=True)
class Timing:
    """How often and how long to measure, and how long to wait."""

    repeats: int = 5
    seconds: float = 1.0
    prepare_limit: float = 300.0  # start, fetch, compile, check
    grace: float = 60.0  # beyond the seconds asked for
    slow_factor: float = 3.0  # a row whose first repeat takes so many times the seconds asked for
    slow_repeats: int = 2  # gets no more than these, and a flag


@dataclass
class Outcome:
    """What became of a row: rates of its repeats, or why there are none."""

    row: Row
    ready: Ready | None = None
    workers: list[Worker] = field(default_factory=list)  # one for each of the row's jobs
    batch: int = 0
    rates: list[float] = field(default_factory=list)  # environment steps a second
    seconds: list[float] = field(default_factory=list)
    split: dict[str, float] = field(default_factory=dict)  # of kind "ppo": seconds by part
    failure: str = ""
    fails_the_run: bool = False
    slow: bool = False  # measured less often than the others

    def fail(self, kind: str, why: str) -> None:
        """No speed is shown for this row."""
        self.failure = LABELS.get(kind, "") + why
        self.fails_the_run = kind in FAILS_THE_RUN
        self.rates.clear()


class Pool:
    """The workers of a run, kept from group to group: an import is paid for once."""

    def __init__(self) -> None:
        self._workers: dict[Any, Worker] = {}

    def worker(self, row: Row, index: int) -> Worker:
        """The process for a row's job; a new one where the old one was ended."""
        job = row.jobs[index]
        key = (row.impl, row.threads, index, job.cores, job.environment)
        if key not in self._workers or not self._workers[key].alive:
            self._workers[key] = Worker(job.cores, job.environment)
        return self._workers[key]

    def close(self) -> None:
        """End all of them."""
        for worker in self._workers.values():
            worker.kill()


Say = Callable[[str], None]


def measure_group(
    pool: Pool, group: Group, expected: str, timing: Timing, say: Say
) -> list[Outcome]:
    """Prepare all rows, then measure them in turns.

    As many rows are prepared at once as there are cores, so that the time of a compilation means
    something. While one row is measured the workers of all others wait for their pipes.

    `expected` is the file with the reference's trace; `say` is told what is going on.
    """
    outcomes = [Outcome(row) for row in group.rows]
    say("preparing and checking")
    _prepare(pool, outcomes, expected, timing)
    for repeat in range(timing.repeats):
        say(f"round {repeat + 1} of {timing.repeats}")
        for outcome in outcomes:
            if not outcome.failure and not (outcome.slow and repeat >= timing.slow_repeats):
                _measure(outcome, timing)
    return outcomes


def _prepare(pool: Pool, outcomes: list[Outcome], expected: str, timing: Timing) -> None:
    waiting = list(outcomes)
    running: list[tuple[Outcome, float]] = []  # and until when
    while waiting or running:
        while waiting and len(running) < len(available_cores()):
            outcome = waiting.pop(0)
            for index, job in enumerate(outcome.row.jobs):
                worker = pool.worker(outcome.row, index)
                worker.ask({"do": "prepare", "job": job.to_json(), "expected": expected})
                outcome.workers.append(worker)
            running.append((outcome, time.monotonic() + timing.prepare_limit))
        ended = _next(running)
        outcome, deadline = running.pop(ended)
        answers = _receive(outcome, deadline)
        if not outcome.failure:
            said = [Ready(**answer["ready"]) for answer in answers]
            outcome.ready = said[0]._replace(compile_s=max(ready.compile_s for ready in said))
            outcome.batch = sum(ready.batch for ready in said)


def _next(running: list[tuple[Outcome, float]]) -> int:
    """Wait for the row all of whose processes have answered or ended, or that is out of time."""
    silent = [set(outcome.workers) for outcome, _ in running]
    while True:
        first = min(range(len(running)), key=lambda index: running[index][1])
        left = max(0.0, running[first][1] - time.monotonic())
        heard = wait_any(set().union(*silent), left)
        if not heard:
            return first
        for index, workers in enumerate(silent):
            workers -= heard
            if not workers:
                return index


def _measure(outcome: Outcome, timing: Timing) -> None:
    for worker in outcome.workers:
        worker.ask({"do": "measure", "seconds": timing.seconds})
    answers = _receive(outcome, time.monotonic() + timing.seconds + timing.grace)
    if not outcome.failure:
        outcome.rates.append(sum(answer["steps"] / answer["elapsed"] for answer in answers))
        outcome.seconds.append(max(answer["elapsed"] for answer in answers))
        outcome.slow = outcome.seconds[0] > timing.slow_factor * timing.seconds


def ask_split(outcome: Outcome, limit: float) -> None:
    """Of a row of kind "ppo" that was measured: where its time goes. Without it, no speed."""
    for worker in outcome.workers:
        worker.ask({"do": "split"})
    answers = _receive(outcome, time.monotonic() + limit)
    if not outcome.failure:
        (outcome.split,) = (answer["split"] for answer in answers)


def _receive(outcome: Outcome, deadline: float) -> list[dict[str, Any]]:
    """The answers of all of a row's processes; where one fails, so does the row."""
    answers = []
    for worker in outcome.workers:
        try:
            answer = worker.receive(deadline)
        except WorkerFailed as error:
            outcome.fail("Error", str(error))
            continue
        if "failed" in answer:
            outcome.fail(answer["failed"], answer["why"])
        answers.append(answer)
    return answers
