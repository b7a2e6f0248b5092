"""Plays episodes of a policy on several implementations, in parts that processes share.

A part is a fixed number of episodes with a seed of its own. One process plays it on every
implementation, so that the program that acts is literally one; what comes out does not depend on
how many processes there are.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness import registry
from harness.errors import UserError
from harness.implementations import Batch, make_batch
from ppo.checkpoints import SavedPolicy, load_policy
from ppo.evaluate import evaluate
from ppo.ppo import Agent

AT_ONCE = 100
"""Episodes of a part: the batch size that the program that acts is compiled for."""
MOST_PROCESSES = 8
"""Each compiles everything anew, and there are about ten parts a policy."""


class Played(NamedTuple):
    """Episodes in order; (N,) each."""

    returns: np.ndarray  # f64
    lengths: np.ndarray  # i64


@dataclass(frozen=True)
class Request:
    """Episodes that are wanted. Those of another stream have other keys and other noise."""

    env: str
    checkpoint: Path
    impls: tuple[str, ...]
    episodes: int
    seed: int
    stream: int = 0
    uniform: bool = False
    """Draw among the legal actions, instead of what the policy does."""
    greedy: bool = False
    """Take the policy's likeliest action (its mean, if continuous) instead of a drawn one."""
    at_once: int = AT_ONCE

    @property
    def size(self) -> int:
        """Episodes of a part; of the last part the surplus is dropped."""
        return min(self.episodes, self.at_once)


@dataclass(frozen=True)
class Part:
    """The `number`-th part of a request, from 0."""

    request: Request
    number: int

    @property
    def seed(self) -> int:
        """Of the instances and the policy's noise, 31 bits."""
        place = (self.request.seed, self.request.stream, self.number)
        return int(np.random.SeedSequence(place).generate_state(1)[0] >> 1)


def parts_of(request: Request) -> list[Part]:
    """All parts of a request."""
    count = math.ceil(request.episodes / request.size)
    return [Part(request, number) for number in range(count)]


class Stage:
    """What a process keeps from part to part, for all of it is compiled."""

    def __init__(self) -> None:
        self._policies: dict[Path, SavedPolicy] = {}
        self._agents: dict[tuple[int, str], Agent] = {}
        self._batches: dict[tuple[str, str, int, str], Batch] = {}

    def play(self, part: Part) -> dict[str, Played]:
        """The part's episodes on each implementation.

        Raises:
            UserError: if an implementation is not there, or refuses an action.
        """
        request = part.request
        entry = registry.get(request.env)
        saved, agent = self._policy(request.checkpoint, request.size)
        learned = None if request.uniform else saved.learned
        found = {}
        for impl in request.impls:
            batch = self._batch(entry, impl, request.size, saved)
            try:
                episodes = evaluate(entry, agent, learned, batch, part.seed, request.greedy)
            except ValueError as error:
                raise UserError(
                    f"{request.checkpoint} cannot be played on {impl}: {error}"
                ) from None
            found[impl] = Played(episodes.returns, episodes.lengths)
        return found

    def close(self) -> None:
        """Release the batches."""
        for batch in self._batches.values():
            batch.close()
        self._batches.clear()

    def _policy(self, path: Path, size: int) -> tuple[SavedPolicy, Agent]:
        """A policy and what acts by it: one program for all policies of a configuration."""
        if path not in self._policies:
            self._policies[path] = load_policy(path)
        saved = self._policies[path]
        acting = dataclasses.replace(saved.args, backend="", seed=0, num_seeds=1, steps=1)
        key = (size, json.dumps(dataclasses.asdict(acting), sort_keys=True))
        if key not in self._agents:
            self._agents[key] = dataclasses.replace(saved, args=acting).agent(size)
        return saved, self._agents[key]

    def _batch(self, entry: registry.Entry, impl: str, size: int, saved: SavedPolicy) -> Batch:
        params = saved.args.params
        key = (entry.name, impl, size, json.dumps(params, sort_keys=True))
        if key not in self._batches:
            try:
                self._batches[key] = make_batch(entry, impl, size, params)
            except ImportError as error:
                raise UserError(f"{impl}: {error}; run `make setup`") from None
        return self._batches[key]


Player = Callable[[list[Request], Callable[[Part], None]], list[dict[str, Played]]]
"""From requests, and a function that is told of every part that is done, to episodes."""


@contextlib.contextmanager
def players(parts: int, processes: int = 0) -> Iterator[Player]:
    """What plays requests: here, or in several processes if there is enough to do.

    Args:
        parts: how many there are at most at once.
        processes: how many; 0 for as many as there are cores.
    """
    count = min(processes or _cores(), MOST_PROCESSES, parts)
    if count <= 1:
        with contextlib.closing(Stage()) as stage:
            yield lambda requests, done: _play_here(stage, requests, done)
        return
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(count, mp_context=context, initializer=_begin)
    try:
        yield lambda requests, done: _play_there(executor, requests, done)
        executor.shutdown()
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()
        raise


def _play_here(
    stage: Stage, requests: list[Request], done: Callable[[Part], None]
) -> list[dict[str, Played]]:
    found = {}
    for part in _all_parts(requests):
        found[part] = stage.play(part)
        done(part)
    return _put_together(requests, found)


def _play_there(
    executor: ProcessPoolExecutor, requests: list[Request], done: Callable[[Part], None]
) -> list[dict[str, Played]]:
    running = {executor.submit(_play, part): part for part in _all_parts(requests)}
    found = {}
    try:
        for future in as_completed(running):
            found[running[future]] = future.result()
            done(running[future])
    except BrokenProcessPool:
        raise UserError(
            "a process that played episodes was killed; accepted: a machine with memory for "
            f"{MOST_PROCESSES} of them, or as many as it has cores"
        ) from None
    return _put_together(requests, found)


def _all_parts(requests: list[Request]) -> list[Part]:
    return [part for request in requests for part in parts_of(request)]


def _put_together(
    requests: list[Request], found: dict[Part, dict[str, Played]]
) -> list[dict[str, Played]]:
    """Each request's episodes in order, as many as were wanted."""
    whole = []
    for request in requests:
        each = [found[part] for part in parts_of(request)]
        whole.append({impl: _joined([part[impl] for part in each], request) for impl in each[0]})
    return whole


def _joined(parts: list[Played], request: Request) -> Played:
    joined = (np.concatenate(arrays)[: request.episodes] for arrays in zip(*parts, strict=True))
    return Played(*joined)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_STAGE: Stage | None = None
"""A worker's own."""


def _begin() -> None:
    """Prepare a worker. An interrupt at the terminal is its parent's business."""
    global _STAGE
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _STAGE = Stage()


def _end_with_parent() -> None:
    """One whose parent was killed would wait for parts for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _play(part: Part) -> dict[str, Played]:
    assert _STAGE is not None
    return _STAGE.play(part)
