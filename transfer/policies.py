"""The policies that are scored: shipped ones, or files that the user names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import UserError
from ppo.checkpoints import load_policy

SHIPPED = Path(__file__).resolve().parent / "checkpoints"
"""ENV-BACKEND-sSEED.ckpt, as `ppo.checkpoints.save_policy` writes them."""


@dataclass(frozen=True)
class Policy:
    """A file with a policy, and what it says of itself."""

    name: str
    """BACKEND-sSEED, what it was trained on."""
    path: Path
    trained_on: str
    seed: int
    steps: int
    params: dict[str, Any]
    """The environment's, that it was trained and is scored under."""


def file_name(env: str, backend: str, seed: int) -> str:
    """What a shipped policy is called."""
    return f"{env}-{backend}-s{seed}.ckpt"


def shipped(env: str) -> list[Path]:
    """The environment's files that come with the repository."""
    return sorted(SHIPPED.glob(f"{env}-*-s*.ckpt"))


def load(env: str, paths: list[Path]) -> list[Policy]:
    """What the files hold.

    Raises:
        UserError: in one line, for a file that is missing, damaged, of another environment, or of
            the same backend and seed as another.
    """
    policies: dict[str, Policy] = {}
    for path in paths:
        saved = load_policy(path)
        args = saved.args
        if args.env != env:
            raise UserError(f"{path} was trained in {args.env}; accepted: a policy of {env}")
        name = f"{args.backend}-s{args.seed}"
        if name in policies:
            raise UserError(
                f"{policies[name].path} and {path} are both of {name}; accepted: one policy of a "
                "backend and seed"
            )
        steps = int(saved.facts.get("steps", args.steps))
        policies[name] = Policy(name, path, args.backend, args.seed, steps, dict(args.params))
    return list(policies.values())
