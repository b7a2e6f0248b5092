"""poke-env's own way: its players on a local Showdown server, over websockets.

Two of its random players meet in ten battles at a time, in this process; the server is started from
the npm package. Both are confined to as many cores as the row has threads. Between measurements the
players hold their choices back, so that nothing runs.
"""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import Future
from typing import Any

from harness import registry
from harness.baselines import Unavailable
from harness.baselines.showdown import FORMATS, ONE_PLAYER
from harness.benching.job import Job, Ready
from harness.benching.plan import available_cores
from harness.errors import UserError

CONCURRENT = 10
"""Battles at a time; more bring no more decisions."""
ENOUGH = 100_000
"""Battles that are asked for, more than any measurement plays."""
WARM_UP_SECONDS = 10.0
START_SECONDS = 60.0
NOT_COMPARABLE = "not comparable: the server draws seeds and teams of its own"


class PokeEnvRunner:
    """A server, two players that are connected to it, and battles that go on when they may."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.warm_up_seconds = WARM_UP_SECONDS
        self.decisions = 0
        self.open = False
        self.gate: asyncio.Event | None = None
        self.players: list[Any] = []

    def prepare(self, expected: str) -> Ready:
        """Start the server, connect, and play for a while."""
        params = registry.get(self.job.env).spec.check_params(self.job.params)
        if params["opponent"]:
            raise Unavailable(ONE_PLAYER)
        if params["format"]:
            raise Unavailable("is measured with gen1randombattle alone; accepted: format 0")
        # First of all: poke-env's own thread starts as it is imported.
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, available_cores()[-self.job.threads :])
        try:
            from poke_env.player import Player

            from extras.pokemon.pokeenv.players import online
            from extras.pokemon.pokeenv.server import Server
        except ImportError as error:
            said = f"poke-env is not installed ({error}): make setup-trainers"
            raise Unavailable(said) from None
        try:
            self.server = Server()
        except UserError as error:
            raise Unavailable(str(error)) from None
        runner = self

        class Held(Player):  # type: ignore[misc]
            """Waits with every choice until it is measured, and counts it."""

            async def choose_move(self, battle: Any) -> Any:
                if runner.gate is None:
                    runner.gate = asyncio.Event()
                if not runner.open:
                    runner.gate.clear()
                    await runner.gate.wait()
                runner.decisions += 1
                return self.choose_random_move(battle)

        url = self.server.websocket_url
        for name in ("bench-one", "bench-two"):
            more = {"max_concurrent_battles": CONCURRENT, "log_level": 50}
            self.players.append(online(Held, name, url, FORMATS[0], **more))
        first, second = self.players
        playing = first._battle_against(second, n_battles=ENOUGH)
        self.loop: asyncio.AbstractEventLoop = first.ps_client.loop
        self.battles: Future[Any] = asyncio.run_coroutine_threadsafe(playing, self.loop)
        self._await_first()
        self.measure(self.warm_up_seconds)
        note = f"poke-env's players on a local server, {CONCURRENT} battles at a time"
        return Ready(CONCURRENT, NOT_COMPARABLE, "release", 0.0, 1, note)

    def measure(self, seconds: float) -> tuple[int, float]:
        """Let the players choose for so long: how many choices they made."""
        if self.battles.done():
            self.battles.result()  # raises what ended it
        before, start = self.decisions, time.perf_counter()
        self._let(True)
        time.sleep(seconds)
        self._let(False)
        return self.decisions - before, time.perf_counter() - start

    def close(self) -> None:
        """Disconnect, and end the server."""
        if hasattr(self, "battles"):
            self.battles.cancel()
        for player in self.players:
            if not hasattr(player.ps_client, "websocket"):
                continue  # it never got as far as a connection
            stopping = player.ps_client._stop_listening()
            asyncio.run_coroutine_threadsafe(stopping, self.loop).result(10)
        if hasattr(self, "server"):
            self.server.close()

    def _await_first(self) -> None:
        """Until both are logged in and the first battle has begun."""
        until = time.monotonic() + START_SECONDS
        while not self.decisions and time.monotonic() < until:
            self.measure(0.1)
        if not self.decisions:
            raise UserError(f"poke-env's players began no battle within {START_SECONDS:.0f} s")

    def _let(self, choose: bool) -> None:
        """Open or close the gate, in the players' own thread."""

        def change() -> None:
            self.open = choose
            if choose and self.gate is not None:
                self.gate.set()

        self.loop.call_soon_threadsafe(change)


def make(job: Job) -> PokeEnvRunner:
    """The bench's entry point."""
    return PokeEnvRunner(job)
