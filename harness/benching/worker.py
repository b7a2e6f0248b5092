"""A process that measures one implementation when the parent asks, and is idle otherwise.

One line of JSON in, one out. Whatever else is printed in this process goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from typing import Any, cast

from harness.baselines import Unavailable
from harness.benching.job import CheckFailed, Job, Refused, Runner, Split
from harness.errors import UserError


def serve() -> None:
    """Answer until the parent closes the pipe."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    runner: Runner | None = None
    for line in sys.stdin:
        message = json.loads(line)
        try:
            if message["do"] == "prepare":
                runner, answer = _prepare(runner, message)
            elif message["do"] == "split":
                answer = {"split": cast(Split, runner).split()}
            else:
                assert runner is not None
                steps, elapsed = runner.measure(message["seconds"])
                answer = {"steps": int(steps), "elapsed": elapsed}
        except (CheckFailed, Refused, Unavailable, UserError) as error:
            answer = {"failed": type(error).__name__, "why": _one_line(error)}
        except Exception as error:
            traceback.print_exc()
            answer = {"failed": "Error", "why": f"{type(error).__name__}: {_one_line(error)}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _prepare(old: Runner | None, message: dict[str, Any]) -> tuple[Runner, dict[str, Any]]:
    if old is not None:
        old.close()
    job = Job.from_json(message["job"])
    module, name = job.factory.split(":")
    runner: Runner = getattr(importlib.import_module(module), name)(job)
    return runner, {"ready": runner.prepare(message["expected"])._asdict()}


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]


if __name__ == "__main__":
    if len(sys.argv) > 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core) for core in sys.argv[1].split(",")})
    serve()
