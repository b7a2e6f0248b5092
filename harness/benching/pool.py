"""The parent's side of the workers: start, ask with a time limit, and end them without fail."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class WorkerFailed(Exception):
    """In one line: how a worker ended, or what it did not do in time."""


class Worker:
    """One process. Ask, then receive; nothing else of its is waited for."""

    def __init__(
        self, cores: tuple[int, ...] = (), environment: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115, lives as long as the process
        arguments = [",".join(map(str, cores))] if cores else []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.benching.worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=ROOT,
            env={**os.environ, **_absolute_cache(), **dict(environment)},
            # An interrupt at the terminal reaches the parent alone, which then ends the workers.
            start_new_session=True,
        )
        self._received = b""
        self._asked = 0.0

    def ask(self, message: dict[str, Any]) -> None:
        """Send a request; `receive` returns its answer."""
        assert self._process.stdin is not None
        self._asked = time.monotonic()
        # A worker that has died is noticed by `receive`.
        with contextlib.suppress(BrokenPipeError, ValueError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def receive(self, deadline: float) -> dict[str, Any]:
        """The answer to the last request, awaited until `deadline` (time.monotonic()).

        Raises:
            WorkerFailed: if it died or needed longer; it is ended then.
        """
        if self._process.stdout is None or self._process.stdout.closed:
            raise WorkerFailed(self._how_it_ended())
        pipe = self._process.stdout.fileno()
        while b"\n" not in self._received:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([pipe], [], [], left)[0]:
                self.kill()
                took = time.monotonic() - self._asked
                raise WorkerFailed(f"timed out after {took:.0f} s")
            data = os.read(pipe, 1 << 16)
            if not data:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(2)  # so that its own status is what is reported
                self.kill()
                raise WorkerFailed(self._how_it_ended())
            self._received += data
        line, self._received = self._received.split(b"\n", 1)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def fileno(self) -> int | None:
        """What `receive` reads from, None once it is closed."""
        pipe = self._process.stdout
        return None if pipe is None or pipe.closed else pipe.fileno()

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it, and whatever it started."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _how_it_ended(self) -> str:
        code = self._process.returncode
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().splitlines()
        last = f": {said[-1][:200]}" if said else ""
        how = f"killed by signal {-code}" if code < 0 else f"exited with status {code}"
        return f"worker {how}{last}"


def wait_any(workers: set[Worker], seconds: float) -> set[Worker]:
    """Those of the workers that `receive` has something from; none after so many seconds."""
    pipes = {pipe: worker for worker in workers if (pipe := worker.fileno()) is not None}
    if len(pipes) < len(workers):
        return workers - set(pipes.values())
    return {pipes[pipe] for pipe in select.select(list(pipes), [], [], seconds)[0]}


def _absolute_cache() -> dict[str, str]:
    """A relative SAMESTEP_CACHE is meant from where the user is, not from where workers start."""
    given = os.environ.get("SAMESTEP_CACHE")
    return {"SAMESTEP_CACHE": str(Path(given).absolute())} if given else {}
