"""PyBoy 2.8.1 without a window and without sound, as the users of many of them run it.

A step is two calls of `tick`, with the buttons and without; the last frame alone is drawn, and the
observation and the reward are the definition's, computed as the reference computes them. PyBoy
lets other threads run while it ticks: `pyboy-threads` steps the consoles of one process from
several threads. A new episode puts the start into the console through the reference's probe, in
microseconds; with `load_state`, which takes milliseconds, PyBoy would be slower.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, cast

import numpy as np

from harness import registry
from harness.baselines import Unavailable
from harness.benching.drawing import draw_actions, pick
from harness.benching.job import CHUNK, CheckFailed, Job, Ready
from harness.benching.trace import Trace
from references.contract import HEADER_BYTES

LARGEST = 32
"""Consoles of one process: their rate does not depend on how many there are."""
CHECKED = 4
"""Instances of the reference's trace that are played: a step takes PyBoy milliseconds."""


class Outcome(NamedTuple):
    """What a step of one console gives."""

    obs: np.ndarray
    reward: np.float32
    terminated: bool


class Lane:
    """One console.

    Args:
        params: of the environment, checked.

    Raises:
        Unavailable: without PyBoy 2.8.1, or what the reference's probe is built with.
    """

    def __init__(self, params: dict[str, Any]) -> None:
        from references.gameboy import GameBoy
        from references.gameboy.building import OracleMissingError
        from references.gameboy.console import Console
        from references.gameboy.definition import open_definition, read_rom
        from references.gameboy.observe import is_drawn

        self.game = open_definition(params["game"])
        self.kind = int(params["observation"])
        self.frames = int(params["frame_skip"] or self.game.frames)
        self.press = min(self.game.press, self.frames)
        self.is_drawn = is_drawn(self.kind)
        try:
            self.console = Console(read_rom(self.game, params["rom"]))
            self.reference = GameBoy(**params)
        except OracleMissingError as error:
            raise Unavailable(str(error)) from None

    def start(self, fields: np.void) -> None:
        """Go to a state, () of the reference's FIELDS."""
        self.console.write(fields)
        self.fields = fields
        self.held = ~(int(fields["directions"]) | int(fields["buttons"]) << 4) & 0xFF

    def restart(self, seed: int) -> None:
        """Begin an episode as the reference does."""
        state, _ = self.reference.reset((seed, 0))
        self.start(state.fields)

    def step(self, action: int) -> Outcome:
        """Hold the action's buttons for the first frames, and let the others pass."""
        game = self.game
        befores = [one.before(self.fields) for one in (game.reward, game.terminated)]
        self._hold(game.actions[action])
        self._tick(self.press, self.is_drawn and self.press == self.frames)
        if self.press < self.frames:
            self._hold(0)
            self._tick(self.frames - self.press, self.is_drawn)
        self.fields = self.console.read()
        reward = float(game.reward.value(self.fields, befores[0])) * game.reward_scale
        over = game.terminated.value(self.fields, befores[1]) != 0
        return Outcome(self._observe(), np.float32(reward), over)

    def _observe(self) -> np.ndarray:
        """From PyBoy's colours where that is quicker: FF, 99, 55 and 00 are shades 0 to 3."""
        from references.gameboy import observe

        if self.kind not in (observe.FULL, observe.HALF):
            return observe.observe(self.kind, self.game, self.fields)
        shades: np.ndarray = ~self.console.pyboy.screen.ndarray[..., 0] >> 6
        if self.kind == observe.FULL:
            return shades
        rows = shades[::2] + shades[1::2]
        halves: np.ndarray = rows[:, ::2] + rows[:, 1::2]
        return halves

    def _hold(self, buttons: int) -> None:
        from references.gameboy.console import events

        changed = buttons ^ self.held
        for bit, (press, release) in enumerate(events()):
            if changed >> bit & 1:
                self.console.pyboy.send_input(press if buttons >> bit & 1 else release)
        self.held = buttons

    def _tick(self, count: int, render: bool) -> None:
        if count:
            self.console.pyboy.tick(count, render, False)


class PyBoyRunner:
    """The consoles of one process; the bench runs several processes, or this several threads."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.batch = min(job.batch, LARGEST)
        self.pool = ThreadPoolExecutor(job.threads) if job.threads > 1 else None

    def prepare(self, expected: str) -> Ready:
        """Make the consoles, check the first of them, and begin episodes."""
        spec = registry.get(self.job.env).spec
        params = spec.check_params(self.job.params)
        self.lanes = [Lane(params) for _ in range(self.batch)]
        check = self.check(Trace.load(expected))
        for seed, lane in enumerate(self.lanes):
            lane.restart(seed)
        self.actions = draw_actions(spec, self.job.params, CHUNK, self.batch, self.job.seed)
        self.measure(0.05)
        return Ready(self.batch, check, "release", 0.0, self.lanes[0].frames)

    def check(self, trace: Trace) -> str:
        """Play what the reference played: the checksum of what came of it."""
        if self.job.params.get("max_episode_steps"):
            return "not comparable: it has no time limit"
        return "ok: " + check(self.lanes[0], trace)

    def measure(self, seconds: float) -> tuple[int, float]:
        """Step by step with drawn actions; what ends begins again."""
        steps, count = 0, 0
        start = time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds:
            self._step(self.actions[count % CHUNK])
            steps += self.batch
            count += 1
        return steps, elapsed

    def close(self) -> None:
        """End the threads."""
        if self.pool is not None:
            self.pool.shutdown()

    def _step(self, actions: np.ndarray) -> None:
        """Every console once, each thread its share of them."""
        places = range(self.batch)
        if self.pool is None:
            self._play(actions, places)
            return
        shares = [places[first :: self.job.threads] for first in range(self.job.threads)]
        list(self.pool.map(self._play, [actions] * len(shares), shares))

    def _play(self, actions: np.ndarray, places: Sequence[int]) -> None:
        for place in places:
            lane = self.lanes[place]
            if lane.step(int(actions[place])).terminated:
                lane.restart(place)


def make(job: Job) -> PyBoyRunner:
    """The bench's entry point."""
    return PyBoyRunner(job)


def check(lane: Lane, trace: Trace) -> str:
    """Play the first instances of the reference's trace on one console.

    Returns:
        CRC-32 of the observations, rewards and ends that came of it, in hexadecimal.

    Raises:
        CheckFailed: naming the first instance, step and output that differ.
    """
    crc = 0
    for number in range(min(CHECKED, len(trace.start))):
        lane.start(fields_of(trace.start[number]))
        legal = trace.before["legal"][number]
        for step, drawn in enumerate(trace.draws[:, number]):
            outcome = lane.step(int(pick(drawn, legal)))
            theirs = {name: values[step, number] for name, values in trace.outcome.items()}
            compare(theirs, outcome, f"instance {number}, step {step}")
            if theirs["terminated"]:
                lane.start(fields_of(theirs["state"]))
            for value in outcome:
                crc = zlib.crc32(np.ascontiguousarray(value).tobytes(), crc)
    return f"{crc:08x}"


def compare(theirs: dict[str, np.ndarray], ours: Outcome, where: str) -> None:
    """Bit for bit; the observation of a step that ends an episode is its last one."""
    seen = "final_obs" if theirs["terminated"] else "obs"
    for name, value in (
        ("terminated", np.bool_(ours.terminated)),
        ("reward", ours.reward),
        (seen, ours.obs),
    ):
        if np.asarray(value).tobytes() != theirs[name].tobytes():
            raise CheckFailed(f"{name} differs from the reference ({where})")


def fields_of(row: np.ndarray) -> np.void:
    """A packed row's state, as the reference's console takes it."""
    from references.gameboy.console import FIELDS

    return cast(np.void, np.ascontiguousarray(row[HEADER_BYTES:]).view(FIELDS)[0])
