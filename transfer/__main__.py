"""`python -m transfer`; `make transfer` calls it. Exit status 2 is bad input, 130 an interrupt."""

from __future__ import annotations

import sys

from harness.errors import UserError
from transfer.command import main


def run(arguments: list[str]) -> int:
    """The command, with errors of the user's as one line."""
    try:
        return main(arguments)
    except UserError as error:
        print(f"transfer: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted; what was written so far is kept", file=sys.stderr)
        return 130


if __name__ == "__main__":  # not where a worker imports it
    sys.exit(run(sys.argv[1:]))
