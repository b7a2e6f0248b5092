"""Showdown's own validator of teams, asked in batches under Node."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from references.pokemon.data import package

OU = "gen1ou"
WITHOUT_BANS = "gen1ou@@@+Uber,+Dig,+Fly,+Double Team,+Minimize,!OHKO Clause"
"""gen1ou with what it bans by name, in Showdown's notation of custom rules."""
SCRIPT = Path(__file__).resolve().parent / "validate.js"


def problems(format_: str, teams: Sequence[Any]) -> list[list[str]]:
    """What is wrong with each team, which is a list of sets or a text; empty if it is legal."""
    said: list[list[str]] = package.run_script(SCRIPT, {"format": format_, "teams": list(teams)})
    return said
