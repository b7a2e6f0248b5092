"""`python -m harness replay FILE`: reproduce a failure from the bundle that verify wrote.

Exit status 0 if the backend no longer differs, 1 if it does, 2 for a file that cannot be used.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from harness.errors import UserError
from harness.verifying import bundle
from harness.verifying.trial import Trial


@dataclass
class Args:
    """Reproduce a failure from the bundle that verify wrote."""

    file: Annotated[str, tyro.conf.Positional]
    """A file under results/verify/failures."""


def main(arguments: list[str]) -> int:
    """Run the bundle's actions on the reference and on the backend, and compare."""
    args = tyro.cli(Args, args=arguments, prog="harness replay")
    failure = bundle.read(Path(args.file))
    spec = failure.entry.spec
    print(
        f"{spec.name} {failure.variant} {failure.params} on {failure.backend}: "
        f"seed {failure.seed}, env_index {failure.env_index}, episode {failure.episode}, "
        f"{len(failure.actions)} actions, {failure.start.num_envs} instance(s)"
        + (f", state {failure.case}" if failure.case else "")
    )
    print(f"  recorded  {failure.difference.describe()}")
    trial = Trial(failure.entry, failure.backend, failure.params, failure.comparator())
    try:
        difference = trial.run(failure.start, failure.actions)
    except ValueError as error:
        raise UserError(f"{args.file} is damaged: {error}; {bundle.ACCEPTED}") from None
    finally:
        trial.close()
    if difference is None:
        print("  now       no difference: the backend steps the same as the reference")
        return 0
    print(f"  now       {difference.describe()}")
    return 1
