"""Pokemon Showdown's own server from the npm package, on this machine and with chosen seeds."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError
from references.pokemon.data import package

PRELOAD = Path(__file__).resolve().parent / "preload.js"
START_SECONDS = 60.0
STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Seeds:
    """What decides a battle beside the choices, in Showdown's notation ("gen5," + 16 hex digits).

    `teams` are for formats in which the server generates them: player 1's and player 2's.
    """

    battle: str
    teams: tuple[str, str] | None = None


@dataclass(frozen=True)
class Record:
    """One battle as its simulator was told of it."""

    room: str
    seed: str
    names: tuple[str, str]
    """Player 1's and player 2's."""
    choices: tuple[tuple[int, str], ...]
    """(side 0 or 1, what it chose: "move surf", "switch Chansey"), in the order of arrival."""


class Server:
    """A server that runs until `close`, at 127.0.0.1 and a port of its own.

    Args:
        seeds: of the first battles, in the order in which they start. Later ones, or all if there
            are none, have seeds that the server draws.
        port: 0 takes a free one.

    Raises:
        UserError: in one line, if Node or the package is missing, or the server does not start.
    """

    def __init__(self, seeds: Sequence[Seeds] = (), port: int = 0) -> None:
        node, folder = _found()
        self.port = _free_port(port)
        self._folder = tempfile.TemporaryDirectory(prefix="samestep-showdown-")
        here = Path(self._folder.name)
        self._log = here / "input.jsonl"
        self._log.touch()
        plan = here / "seeds.jsonl"
        plan.write_text("".join(_line(each) for each in seeds))
        settings = {"folder": str(folder), "seeds": str(plan), "log": str(self._log)}
        command = [node, "-r", str(PRELOAD), str(folder / "pokemon-showdown"), "start"]
        command += ["--skip-build", "--no-security", str(self.port)]
        self._said = here / "said.txt"
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                command,
                cwd=folder,  # where its pages are looked for
                env={**os.environ, "POKEENV_SERVER": json.dumps(settings)},
                stdin=subprocess.PIPE,  # its end tells the server that nobody is there any more
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        try:
            self._await()
        except BaseException:
            self.close()
            raise

    @property
    def websocket_url(self) -> str:
        """Where clients connect."""
        return f"ws://127.0.0.1:{self.port}/showdown/websocket"

    def records(self) -> list[Record]:
        """All battles so far, in the order in which they started."""
        rooms: dict[str, list[str]] = {}
        for text in self._log.read_text().splitlines():
            room, line = json.loads(text)
            rooms.setdefault(room, []).append(line)
        return [_record(room, lines) for room, lines in rooms.items()]

    def check(self) -> None:
        """Raise if the server has ended.

        Raises:
            UserError: with the last of what it said.
        """
        if self._process.poll() is not None:
            said = self._said.read_text(errors="replace").split("\n")
            last = next((line for line in said if "Error" in line), "it did not say why")
            raise UserError(f"Showdown's server has ended ({self._process.returncode}): {last}")

    def close(self) -> None:
        """End the server and forget its records."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _await(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            self.check()
            with contextlib.suppress(OSError, http.client.HTTPException):
                _ask(self.port)
                return
            time.sleep(0.05)
        raise UserError(f"Showdown's server was not ready after {START_SECONDS:.0f} s")


def _found() -> tuple[str, Path]:
    """Node, and the package's folder."""
    node = shutil.which("node")
    if node is None:
        raise UserError("Showdown's server needs Node.js 20 or later, and there is no `node` here")
    try:
        return node, package.folder()
    except package.ShowdownMissingError as error:
        raise UserError(f"{error}; run `make setup`") from None


def _free_port(wanted: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            raise UserError(f"port {wanted} is taken; accepted: a free one, or 0") from None
        port: int = probe.getsockname()[1]
        return port


def _ask(port: int) -> None:
    """Have it answer: it accepts connections before it has loaded everything."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
    try:
        connection.request("GET", "/showdown/info")
        connection.getresponse().read()
    finally:
        connection.close()


def _line(seeds: Seeds) -> str:
    return json.dumps({"battle": seeds.battle, "teams": seeds.teams}) + "\n"


def _record(room: str, lines: list[str]) -> Record:
    seed, names, choices = "", ["", ""], []
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == ">start":
            seed = json.loads(rest).get("seed", "")
        elif kind == ">player":
            side, _, options = rest.partition(" ")
            names[int(side[1]) - 1] = json.loads(options)["name"]
        elif kind in (">p1", ">p2"):
            choices.append((int(kind[2]) - 1, rest))
    return Record(room, seed, (names[0], names[1]), tuple(choices))
