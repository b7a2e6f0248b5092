"""Records battles and shows them: `python -m extras.pokemon.logs COMMAND --help`."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path

from extras.pokemon.logs import files, replay, text
from extras.pokemon.logs.battle import Battle
from extras.pokemon.logs.page import page
from extras.pokemon.logs.play import random_battles
from harness.errors import UserError
from references.pokemon.data.package import ShowdownMissingError
from references.pokemon.showdown import ShowdownError

VIEWERS = {"all": None, "spectator": 0, "p1": 1, "p2": 2}
REFUSALS = (
    *(files.LogError, UserError, ShowdownError, ShowdownMissingError, ImportError, OSError),
)


def arguments() -> argparse.ArgumentParser:
    """The commands."""
    parser = argparse.ArgumentParser(prog="python -m extras.pokemon.logs", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    recorded = commands.add_parser("record", help="play random battles and write their records")
    recorded.add_argument("file", type=Path)
    recorded.add_argument("--battles", type=int, default=10)
    recorded.add_argument("--format", type=int, default=0, choices=(0, 1, 2), help="pool of teams")
    recorded.add_argument("--seed", type=int, default=0)
    recorded.add_argument("--backend", default="", help="reference, rust or jax")
    listed = commands.add_parser("list", help="tell what a file holds, a line for each battle")
    listed.add_argument("file", type=Path)
    shown = commands.add_parser("show", help="show one battle of a file")
    shown.add_argument("file", type=Path)
    shown.add_argument("--battle", type=int, default=1, help="which of the file, from 1")
    kinds = shown.add_mutually_exclusive_group()
    kinds.add_argument("--text", action="store_true", help="turn by turn, the default")
    kinds.add_argument("--protocol", action="store_true", help="Showdown's own log; needs Node")
    kinds.add_argument("--raw", action="store_true", help="that log for all at once, with |split|")
    kinds.add_argument("--html", action="store_true", help="one page with both; needs Node")
    shown.add_argument("--viewer", default="all", choices=VIEWERS, help="of --protocol")
    shown.add_argument("--backend", default="", help="that the text is made with")
    return parser


def record(given: argparse.Namespace) -> None:
    """Play and write."""
    if given.battles < 1:
        raise UserError(f"--battles {given.battles}; accepted: integers from 1")
    if not 0 <= given.seed < 1 << 64:
        raise UserError(f"--seed {given.seed}; accepted: integers from 0 to 2**64 - 1")
    battles = random_battles(given.battles, given.format, given.seed, given.backend)
    files.write(given.file, battles)
    size = given.file.stat().st_size
    print(f"{given.file}: {len(battles)} battles, {size / len(battles):.0f} bytes each")


def list_all(given: argparse.Namespace) -> None:
    """A line for each battle."""
    for number, battle in enumerate(files.read(given.file), 1):
        size = len(files.encode(battle))
        print(f"{number}: {text.summary(battle)}, {len(battle.actions)} commits, {size} bytes")


def show(given: argparse.Namespace) -> None:
    """One battle, in one of its forms."""
    battle = chosen(given)
    if given.protocol:
        lines = replay.channel(replay.protocol(battle), VIEWERS[given.viewer])
    elif given.raw:
        lines = replay.protocol(battle)
    else:
        lines = text.tell(battle, *replay.observe(battle, given.backend))
        if given.html:
            title = f"Battle {given.battle} of {given.file.name}"
            log = replay.channel(replay.protocol(battle))
            lines = page(title, lines, log).splitlines()
    print("\n".join(lines))


def chosen(given: argparse.Namespace) -> Battle:
    """The battle that was asked for."""
    battles = files.read(given.file)
    if not battles:
        raise UserError(f"{given.file} holds no battles")
    if not 1 <= given.battle <= len(battles):
        raise UserError(f"--battle {given.battle}; accepted: 1 to {len(battles)}")
    battle: Battle = battles[given.battle - 1]
    return battle


def said(error: Exception) -> str:
    """An error in one line."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


COMMANDS = {"record": record, "list": list_all, "show": show}


def main(given: list[str] | None = None) -> int:
    """Run a command; 2 for bad input."""
    parsed = arguments().parse_args(given)
    try:
        COMMANDS[parsed.command](parsed)
        sys.stdout.flush()
    except BrokenPipeError:  # a reader such as `head` has seen enough
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except REFUSALS as error:
        print(f"error: {said(error)}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
