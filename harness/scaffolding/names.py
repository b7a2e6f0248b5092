"""Names of new environments and backends: what is accepted, and what is taken."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from harness.errors import UserError

ACCEPTED = "lowercase letters, digits and underscores, a letter first, 24 characters at most"

# The keywords of Rust 2021, the reserved ones too, that a name of ours could be.
_OF_RUST = (
    "abstract as async await become box break const continue crate do dyn else enum extern false "
    "final fn for if impl in let loop macro match mod move mut override priv pub ref return self "
    "static struct super trait true try type typeof unsafe unsized use virtual where while yield"
)
RUST_KEYWORDS = frozenset(_OF_RUST.split())


def check(kind: str, name: str) -> None:
    """Refuse what cannot be a module in Python and in Rust. `kind` is "ENV" or "BACKEND".

    Raises:
        UserError: saying what is accepted.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,23}", name):
        raise UserError(f"{kind} is {name!r}; accepted: {ACCEPTED}")
    for language, reserved in (("Python", keyword.kwlist), ("Rust", RUST_KEYWORDS)):
        if name in reserved:
            raise UserError(f"{kind} is {name!r}, a keyword of {language}; accepted: {ACCEPTED}")


def check_free(kind: str, name: str, places: list[Path], root: Path) -> None:
    """Refuse a name of which a file or folder stands already.

    Raises:
        UserError: naming what stands there.
    """
    for place in places:
        for taken in (place, place.with_name(place.name + ".py")):
            if taken.exists():
                raise UserError(
                    f"{kind} is {name!r}, but {taken.relative_to(root)} exists; "
                    "accepted: a name that is not taken"
                )


def class_name(name: str) -> str:
    """`name` in CamelCase: "tic_tac_toe" is TicTacToe."""
    return "".join(part.capitalize() for part in name.split("_"))
