"""The Node child that runs Showdown, and what can be asked of it. server.js is its other half."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import struct
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from references.pokemon import spec
from references.pokemon.data import package

FOLDER = Path(__file__).resolve().parent
FORMATS = ("gen1randombattle", "gen1ou", "gen1ou")
"""Showdown's format for the parameter `format`; one set of rules, the teams differ."""
MASK_BYTES = 20  # (2, 10)
LENGTH = struct.Struct("<I")
STDERR_LINES = 6

NumberedTeam = Sequence[tuple[int, int, Sequence[int], Sequence[int]]]
"""Of each Pokemon: species, level, moves, stat points of HP, attack, defense, speed, special."""


class ShowdownError(RuntimeError):
    """The child has died, or Showdown failed in it; one line."""


@dataclass(frozen=True)
class BattleStart:
    """A new battle: its format (0 to 2), both teams, and the generator's 64 bits."""

    format: int
    teams: tuple[NumberedTeam, NumberedTeam]
    seed: tuple[int, int]  # high word, low word

    def request(self) -> dict[str, Any]:
        """As server.js takes it."""
        teams = [
            [[one[0], one[1], list(one[2]), list(one[3])] for one in team] for team in self.teams
        ]
        return {"format": FORMATS[self.format], "teams": teams, "seed": seed_text(self.seed)}


@dataclass(frozen=True)
class Played:
    """One whole battle: T commits."""

    actions: np.ndarray  # (T, 2) u1
    rows: np.ndarray  # (T + 1, state_bytes) u1, headers zero; the first is the start
    masks: np.ndarray  # (T + 1, 2, 10) bool
    input_log: tuple[str, ...] = ()


def seed_text(seed: tuple[int, int]) -> str:
    """Showdown's name for a state of its 64-bit generator.

    Raises:
        ValueError: if a word is none of 32 bits.
    """
    if not all(0 <= word < 2**32 for word in seed):
        raise ValueError(f"seed {seed}; accepted: two integers from 0 to 2**32 - 1")
    return f"gen5,{seed[0]:08x}{seed[1]:08x}"


def from_row(format: int, row: np.ndarray) -> dict[str, Any]:
    """A battle that goes on from a row, as play.js takes it."""
    text = base64.b64encode(np.asarray(row, np.uint8).tobytes()).decode()
    return {"format": FORMATS[format], "row": text}


def layout() -> dict[str, Any]:
    """Where STATE's fields lie in a row, as layout.js takes it."""
    dtype = spec.SPEC.row_dtype
    fields = {}
    for field in spec.SPEC.state:
        _, offset = dtype.fields[field.name][:2]  # type: ignore[index]
        count = int(np.prod(field.shape, dtype=int))
        fields[field.name] = {"offset": offset, "dtype": field.dtype, "count": count}
    return {"rowBytes": dtype.itemsize, "fields": fields}


def codes() -> dict[str, Any]:
    """Numbers of types and of Showdown's pseudo-moves, as codes.js takes them."""
    types = {
        name.removeprefix("TYPE_").capitalize(): number
        for name, number in spec.CONSTANTS.items()
        if name.startswith("TYPE_") and isinstance(number, int) and name != "TYPE_NONE"
    }
    pseudo = ("fight", "cannotmove", "nomove", "recharge")
    moves = {name: spec.CONSTANTS[f"MOVE_ID_{name.upper()}"] for name in pseudo}
    return {"types": types, "pseudoMoves": moves}


class Showdown:
    """A child process with battles in it, by number. It dies with its parent, or by `close`.

    Raises:
        ShowdownMissingError: if Node or the pinned package is not there; one line.
    """

    def __init__(self) -> None:
        try:
            node, folder = package.node(), package.folder()
        except package.ShowdownMissingError as error:
            raise package.ShowdownMissingError(f"{error} (make setup)") from None
        self._lock = threading.Lock()
        self._forgotten: list[int] = []
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        self.process = subprocess.Popen(
            [node, str(FOLDER / "server.js")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )
        self._ask(
            "open",
            packageFolder=str(folder),
            version=package.VERSION,
            layout=layout(),
            codes=codes(),
        )

    def start(self, battles: Sequence[BattleStart]) -> tuple[list[int], np.ndarray, np.ndarray]:
        """New battles at their first request: numbers, rows (N, state_bytes), masks (N, 2, 10).

        Raises:
            ValueError: for a team or a seed that cannot be.
        """
        return _states(*self._ask("start", battles=[battle.request() for battle in battles]))

    def import_rows(
        self, format: int, rows: np.ndarray
    ) -> tuple[list[int], np.ndarray, np.ndarray]:
        """Battles that go on from rows (N, state_bytes), whose headers are ignored; as `start`.

        Raises:
            ValueError: for a row that no battle has.
        """
        rows = np.ascontiguousarray(rows, np.uint8)
        try:
            return _states(
                *self._ask("import", rows.tobytes(), format=FORMATS[format], count=len(rows))
            )
        except ShowdownError as error:
            if self.process.poll() is None:
                raise ValueError(f"no such battle: {error}") from None
            raise

    def step(
        self, ids: Sequence[int], actions: np.ndarray, shown: Counter[int] | None = None
    ) -> tuple[list[int], np.ndarray, np.ndarray]:
        """One commit of each battle; actions is (N, 2). Answers as `start` does.

        Args:
            shown: what the `move` lines of the log show is counted into it, by move number.

        Raises:
            ValueError: for an action that is not legal. Earlier battles have made their commit.
        """
        flat = [int(action) for action in np.asarray(actions).reshape(-1)]
        answer, data = self._ask("step", ids=list(ids), actions=flat)
        if shown is not None:
            shown.update(answer["shown"])
        return _states(answer, data)

    def fork(self, number: int, commits: int) -> tuple[list[int], np.ndarray, np.ndarray]:
        """A battle as it was after its first `commits` commits, played again under a new number."""
        return _states(*self._ask("fork", id=number, commits=commits))

    def forget(self, number: int) -> None:
        """Give a battle up; the child hears of it with the next request. Safe in a finalizer."""
        self._forgotten.append(number)

    def log(self, number: int) -> tuple[list[str], list[str] | None]:
        """A battle's protocol log, and the input log that replays it; none of an imported one.

        The input log names moves by slot. Showdown's own names them by id, which is not enough
        where Mimic has taken a move that the Pokemon already had.
        """
        answer, _ = self._ask("log", id=number)
        return answer["log"], answer["inputLog"]

    def accepted(self, number: int) -> np.ndarray:
        """What Showdown's own `choose` takes now, slots then moves 1 to 4: (2, 10) bool."""
        return np.array(self._ask("accepted", id=number)[0]["accepted"], np.bool_)

    def replay(self, input_log: Sequence[str]) -> list[str]:
        """The protocol log that Showdown's own battle stream makes of an input log."""
        log: list[str] = self._ask("replay", inputLog=list(input_log))[0]["log"]
        return log

    def play(
        self,
        battles: Sequence[BattleStart],
        policies: Sequence[tuple[str, str]] | None = None,
        choice_seeds: Sequence[int] | None = None,
        actions: Sequence[np.ndarray] | None = None,
        limit: int | None = None,
        input_logs: bool = False,
    ) -> list[Played]:
        """Whole battles in one request, chosen for by `policies` or by given `actions`.

        Args:
            battles: N starts.
            policies: a pair each, of play.js's: random, fighter, greedy, switcher.
            choice_seeds: u32 each, what the policies draw from.
            actions: (T, 2) each; instead of policies. Played as far as they go.
            limit: the most commits of a battle under policies.
            input_logs: give the input logs too; see `log`.
        """
        requests = []
        for i, battle in enumerate(battles):
            one = battle.request()
            if actions is not None:
                one["actions"] = [int(action) for action in np.asarray(actions[i]).reshape(-1)]
            elif policies is not None:
                one["policies"] = list(policies[i])
                one["choiceSeed"] = i + 1 if choice_seeds is None else choice_seeds[i]
                one["limit"] = limit
            requests.append(one)
        return self._play(requests, input_logs)

    def play_rows(
        self, format: int, rows: np.ndarray, actions: Sequence[np.ndarray]
    ) -> list[Played]:
        """As `play` with given actions, from rows (N, state_bytes) instead of new battles."""
        requests = [from_row(format, row) for row in rows]
        for request, chosen in zip(requests, actions, strict=True):
            request["actions"] = [int(action) for action in np.asarray(chosen).reshape(-1)]
        return self._play(requests, input_logs=False)

    def play_on(
        self,
        format: int,
        rows: np.ndarray,
        policies: Sequence[tuple[str, str]],
        choice_seeds: Sequence[int],
    ) -> list[Played]:
        """As `play` under policies, from rows (N, state_bytes) instead of new battles."""
        requests = [from_row(format, row) for row in rows]
        for request, pair, seed in zip(requests, policies, choice_seeds, strict=True):
            request.update(policies=list(pair), choiceSeed=seed)
        return self._play(requests, input_logs=False)

    def close(self) -> None:
        """End the child."""
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._stderr.close()

    def _play(self, requests: list[dict[str, Any]], input_logs: bool) -> list[Played]:
        answer, data = self._ask("play", battles=requests, logs=input_logs)
        row_bytes = spec.SPEC.state_bytes
        taken = [np.array(flat, np.uint8).reshape(-1, 2) for flat in answer["actions"]]
        states = sum(len(chosen) + 1 for chosen in taken)
        rows = np.frombuffer(data, np.uint8, states * row_bytes).reshape(-1, row_bytes)
        masks = np.frombuffer(data, np.uint8, states * MASK_BYTES, states * row_bytes)
        masks = masks.reshape(-1, 2, MASK_BYTES // 2).view(np.bool_)
        logs = answer.get("inputLogs", [()] * len(taken))
        played, at = [], 0
        for chosen, log in zip(taken, logs, strict=True):
            end = at + len(chosen) + 1
            played.append(Played(chosen, rows[at:end], masks[at:end], tuple(log)))
            at = end
        return played

    def _ask(self, command: str, data: bytes = b"", **request: Any) -> tuple[Any, bytes]:
        """The answer's JSON and bytes to one request.

        Raises:
            ValueError: for an action that is not legal, or a team that cannot be.
            ShowdownError: if Showdown failed, or its process has died.
        """
        with self._lock:
            forgotten, self._forgotten = self._forgotten, []
            text = json.dumps({"command": command, "forget": forgotten, **request}).encode()
            body = LENGTH.pack(len(text)) + text + data
            try:
                stdin, stdout = self.process.stdin, self.process.stdout
                assert stdin is not None and stdout is not None
                stdin.write(LENGTH.pack(len(body)) + body)
                stdin.flush()
                answered = _read(stdout, LENGTH.unpack(_read(stdout, 4))[0])
            except (OSError, EOFError, ValueError):
                raise ShowdownError(self._epitaph()) from None
        split = 4 + LENGTH.unpack(answered[:4])[0]
        answer: Mapping[str, Any] = json.loads(answered[4:split])
        if "error" in answer:
            kind = ValueError if answer["kind"] == "input" else ShowdownError
            raise kind(answer["error"])
        return answer, answered[split:]

    def _epitaph(self) -> str:
        """One line on how the child ended, with the last of what it said."""
        try:
            status: int | str = self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "no answer"
        if self._stderr.closed:
            return "Showdown's process has been closed"
        self._stderr.seek(0)
        lines = [line.strip() for line in self._stderr.read().decode(errors="replace").split("\n")]
        telling = [line for line in lines if line and not line.startswith(("at ", "Node.js v"))]
        said = " / ".join(telling[-STDERR_LINES:])
        return f"Showdown's process has died (exit status {status}): {said or 'it said nothing'}"


def _states(answer: Any, data: bytes) -> tuple[list[int], np.ndarray, np.ndarray]:
    """Numbers, rows and masks out of an answer; see `states` in server.js."""
    ids: list[int] = answer["ids"]
    row_bytes = spec.SPEC.state_bytes
    rows = np.frombuffer(data, np.uint8, len(ids) * row_bytes).reshape(-1, row_bytes)
    masks = np.frombuffer(data, np.uint8, len(ids) * MASK_BYTES, len(ids) * row_bytes)
    return ids, rows, masks.reshape(-1, 2, MASK_BYTES // 2).view(np.bool_)


def _read(stream: IO[bytes], length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


_SHARED: dict[int, Showdown] = {}


def shared() -> Showdown:
    """This process's own child, started when first asked for, and again if it has died.

    Raises:
        ShowdownMissingError: if Node or the pinned package is not there; one line.
    """
    child = _SHARED.get(os.getpid())  # a fork must not share its parent's pipes
    if child is None or child.process.poll() is not None:
        child = _SHARED[os.getpid()] = Showdown()
    return child
