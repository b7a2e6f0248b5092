"""Pokemon Showdown itself: in process under Node, and as a user of Python has it.

In process the Node program beside this file plays random battles one after another on one core,
with nothing logged, and times itself: no Python runs meanwhile. What is counted is choices made by
players, as everywhere in this table. From Python it is our reference, one battle and one step at a
time.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness import registry
from harness.baselines import Unavailable
from harness.benching.drawing import pick
from harness.benching.job import CheckFailed, Job, Ready
from harness.benching.ours import BatchRunner
from harness.benching.plan import available_cores
from harness.benching.trace import Trace
from harness.implementations import Batch, make_batch
from references.contract import EnvSpec
from references.threefry import below, env_key, threefry2x32

SCRIPT = Path(__file__).with_name("showdown_node") / "main.js"
FORMATS = ("gen1randombattle", "gen1ou", "gen1ou")
"""By the parameter `format`. All have the same rules; only the teams differ."""
WARM_UP_SECONDS = 10.0
"""Until its compiler has seen enough: the rate rises four times over the first seconds."""
ONE_PLAYER = "has no built-in opponent; accepted: opponent 0"

Checked = dict[str, Any]


class Showdown:
    """The Node program, asked a line at a time.

    Args:
        cores: that its process is confined to; none for no limit.

    Raises:
        Unavailable: without Node, or the pinned package.
    """

    def __init__(self, cores: Sequence[int] = ()) -> None:
        from references.pokemon.data import package

        node = shutil.which("node")
        if node is None:
            raise Unavailable("no `node` on the path: install Node.js 20 or later, and make setup")
        try:
            folder = package.folder()
        except package.ShowdownMissingError as error:
            raise Unavailable(f"{error}: make setup") from None
        self._said = tempfile.TemporaryFile()  # noqa: SIM115, lives as long as the process
        self._process = subprocess.Popen(
            [node, str(SCRIPT), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )
        if cores and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(self._process.pid, cores)

    def ask(self, **request: Any) -> Any:
        """The answer to a request; see main.js.

        Raises:
            RuntimeError: in one line, if it fails or the process has died.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"Node ended with status {self._process.wait()}: {self._last()}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"Showdown failed: {answer['error']}")
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._said):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _last(self) -> str:
        """The line of its complaint that names an error, or else the last."""
        self._said.seek(0)
        lines = [line for line in self._said.read().decode(errors="replace").split("\n") if line]
        errors = [line for line in lines if "Error" in line]
        return (errors or lines or ["it said nothing"])[-1][:200]


class ShowdownRunner:
    """One process on one core; the bench runs several for several cores."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.params = registry.get(job.env).spec.check_params(job.params)
        self.warm_up_seconds = WARM_UP_SECONDS
        self.turns = 0  # measurements begun, each with choices of its own

    def prepare(self, expected: str) -> Ready:
        """Start Node, check, and let its compiler warm up."""
        if self.params["opponent"]:
            raise Unavailable(ONE_PLAYER)
        cores = available_cores()
        self.showdown = Showdown([cores[-1 - self.job.seed % len(cores)]])
        number = self.params["format"]
        self.showdown.ask(do="open", format=FORMATS[number], pairs=pairs_of(number))
        check = self.check(Trace.load(expected))
        played = self.play(self.warm_up_seconds)
        ratio = played["decisions"] / played["commits"]
        note = f"one battle at a time, {ratio:.2f} decisions a step"
        return Ready(1, check, "release", 0.0, 1, note)

    def check(self, trace: Trace) -> str:
        """Play what the reference played: the checksum of what came of it."""
        if self.params["max_episode_steps"]:
            return "not comparable: it has no time limit"
        if self.params["faint_reward"]:
            return "not comparable: it has no rewards but who won"
        spec = registry.get(self.job.env).spec
        return "ok: " + check(self.showdown, trace, spec, self.params)

    def play(self, seconds: float) -> dict[str, float]:
        """Random battles for so long: counts of decisions, commits and battles, and seconds."""
        self.turns += 1
        seed = zlib.crc32(f"{self.job.seed} {self.turns}".encode())
        played: dict[str, float] = self.showdown.ask(do="play", seconds=seconds, seed=seed)
        return played

    def measure(self, seconds: float) -> tuple[int, float]:
        """Decisions and seconds, by Node's own clock."""
        played = self.play(seconds)
        return int(played["decisions"]), played["elapsed"]

    def close(self) -> None:
        """End Node."""
        if hasattr(self, "showdown"):
            self.showdown.close()


def make(job: Job) -> ShowdownRunner:
    """The bench's entry point."""
    return ShowdownRunner(job)


class PythonRunner(BatchRunner):
    """The reference with a single battle: a process of Node's, asked by Python for every step."""

    def __init__(self, job: Job) -> None:
        super().__init__(job, 1)

    def make(self) -> Batch:
        """One instance."""
        return make_batch(self.entry, "reference", 1, self.job.params)

    def check(self, batch: Batch, expected: str) -> str:
        """The first instance of the reference's trace."""
        from harness.benching import trace

        return "ok: " + trace.check(batch, first_of(Trace.load(expected)))


def make_python(job: Job) -> PythonRunner:
    """The bench's entry point for the row of a user of Python."""
    return PythonRunner(job)


def first_of(trace: Trace) -> Trace:
    """The trace of its first instance alone."""
    before = {name: values[:1] for name, values in trace.before.items()}
    outcome = {name: values[:, :1] for name, values in trace.outcome.items()}
    return Trace(trace.start[:1], trace.draws[:, :1], before, outcome)


def pairs_of(number: int) -> list[Any]:
    """The pool of `format` as pairs of teams of sets, as Showdown takes them."""
    from references.pokemon import pools, sets

    return [
        [[sets.to_showdown(pokemon) for pokemon in sets.unpack_team(team)] for team in pair]
        for pair in pools.load(number)
    ]


def check(showdown: Showdown, trace: Trace, spec: EnvSpec, params: dict[str, Any]) -> str:
    """Play the reference's battles with its teams, seeds and actions.

    After every commit the generator, HP of all twelve, the turn, who won and how many choices each
    side has must be the same.

    Returns:
        CRC-32 of what Showdown answered, in hexadecimal.

    Raises:
        CheckFailed: naming the first instance, step and thing that differ.
    """
    from references.pokemon import pools

    pairs = len(pools.load(params["format"]))
    lanes = range(len(trace.start))
    found = [battles_of(trace, lane, spec, pairs) for lane in lanes]
    asked = [{k: battle[k] for k in ("pair", "seed", "actions")} for of in found for battle in of]
    answers = showdown.ask(do="check", battles=asked)["states"]
    crc = zlib.crc32(json.dumps(answers).encode())
    for lane, battles in zip(lanes, found, strict=True):
        for battle in battles:
            _compare(battle["states"], answers.pop(0), f"lane {lane}, from step {battle['step']}")
    return f"{crc:08x}"


def battles_of(trace: Trace, lane: int, spec: EnvSpec, pairs: int) -> list[Checked]:
    """One instance's battles: what to play, and the states to come of it.

    Args:
        trace: the reference's, from resets.
        lane: which instance.
        spec: the environment's.
        pairs: size of the pool.

    Raises:
        CheckFailed: if it does not begin with a reset.
    """
    rows = np.stack([trace.start[lane], *trace.outcome["state"][:, lane]])
    states = spec.unpack(rows)
    legal = np.stack([trace.before["legal"][lane], *trace.outcome["legal"][:, lane]])
    actions = pick(trace.draws[:, lane], legal[:-1])
    if states["t"][0]:
        raise CheckFailed("the trace does not begin with new battles")
    battles: list[Checked] = []
    for step in range(len(states)):
        if states["t"][step] == 0:
            pair, seed = drawn(states[step], spec, pairs)
            new = {"pair": pair, "seed": seed, "actions": [], "states": [], "step": step}
            battles.append(new)
        battles[-1]["states"].append(expected_of(states[step], legal[step]))
        if step < len(actions):
            battles[-1]["actions"].append(actions[step].tolist())
            if trace.outcome["terminated"][step, lane]:
                battles[-1]["states"].append({"ended": trace.outcome["reward"][step, lane]})
    return battles


def drawn(state: np.void, spec: EnvSpec, pairs: int) -> tuple[int, list[int]]:
    """The pair of teams and the seed, high word first, that a reset draws."""
    root = (int(state["root"][0]), int(state["root"][1]))
    key = env_key(root, int(state["env_index"]), int(state["episode"]))
    words = {name: threefry2x32(key, (0, slot))[0] for name, slot in spec.slots.items()}
    return below(words["team"], pairs), [words["seed_high"], words["seed_low"]]


def expected_of(state: np.void, legal: np.ndarray) -> Checked:
    """What main.js tells of a state. One who waits has an action here, and no choice there."""
    asked = state["request"] != 0
    words = [word for pair in state["rng"] for word in (int(pair) >> 16, int(pair) & 0xFFFF)]
    return {
        "hp": state["hp"].tolist(),
        "options": (legal.sum(-1) * asked).tolist(),
        "rng": ",".join(map(str, words)),
        "turn": int(state["turn"]),
        "winner": int(state["winner"]),
    }


def _compare(expected: list[Checked], answered: list[Checked], where: str) -> None:
    for commit, (theirs, ours) in enumerate(zip(expected, answered, strict=True)):
        at = f"{where}, commit {commit}"
        if "ended" in theirs:
            _compare_end(theirs["ended"], ours, at)
            continue
        for name, value in theirs.items():
            # Fewer than six are followed by empty slots, which Showdown does not have.
            got = [(hp + [0] * 6)[:6] for hp in ours["hp"]] if name == "hp" else ours.get(name)
            if got != value:
                raise CheckFailed(f"{name} is {got}, in the reference {value} ({at})")


def _compare_end(reward: np.ndarray, ours: Checked, at: str) -> None:
    """A battle's end by its rewards: a tie's are equal, the winner's is the greater."""
    expected = 3 if reward[0] == reward[1] else 1 if reward[0] > reward[1] else 2
    got = 3 if ours.get("crashed") else ours["winner"]
    if got != expected:
        raise CheckFailed(f"the winner is {got}, in the reference {expected} ({at})")
