"""The command line: `python -m harness COMMAND`; the Makefile's targets call it."""

from __future__ import annotations

import importlib
import sys

from harness.errors import UserError

COMMANDS = {
    "bench": "measure every backend beside every baseline, with checks and ratios",
    "verify": "prove that the backends step the same as the reference",
    "replay": "reproduce a failure from the bundle that verify wrote",
    "mutants": "measure how many planted bugs the tests catch",
    "coverage": "tell which lines of the Rust rules the verifier's episodes reach",
    "lockstep": "compare the Game Boy with PyBoy frame by frame, for long",
    "report": "write one page with all results, and runs for Weights & Biases",
    "new": "write the skeleton of a new environment or backend",
    "consts": "generate the backends' constants from the specs",
}


def main(arguments: list[str]) -> int:
    """Run one command; its exit status. 2 is bad input, 130 an interrupt."""
    usage = "usage: python -m harness COMMAND [--help]\n" + "\n".join(
        f"  {name:8} {what}" for name, what in COMMANDS.items()
    )
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage)
        return 0
    command, *rest = arguments
    if command not in COMMANDS:
        print(f"unknown command {command!r}; accepted: {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    try:
        return int(importlib.import_module(f"harness.{command}").main(rest))
    except UserError as error:
        print(f"harness {command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted; what was written so far is kept", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
