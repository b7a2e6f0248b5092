"""A game's definition: the file that makes an environment of a ROM.

docs/envs/gameboy.md says what stands in it. The Rust crate reads the same files, and refuses what
is TOML and yet no definition with the same lines.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from references.gameboy.expression import Expression

BUTTONS = ("right", "left", "up", "down", "a", "b", "select", "start")
"""By bit: the buttons held."""

HERE = Path(__file__).resolve().parent
GAMES = HERE / "games"
ROMS = HERE / "roms"
NAMES = ("orchard", "2048", "plantboy", "pokemon-red", "rex-runner", "snake")
"""The games whose definitions come with the library; the ROM does of the first alone."""

FRAMES = 1024
"""Frames of one step at most."""
NOOPS = 63
"""Frames after the start that a reset lets pass, at most."""
SCRIPT_FRAMES = 10_000
"""Frames of one entry of the start's script at most."""
PAIRS = 1024
"""Elements of an array of pairs at most."""


@dataclass(frozen=True)
class Definition:
    """A game, as its file defines it. Buttons are held together, a bit each as in BUTTONS."""

    name: str
    rom: str
    sha256: str
    folder: Path | None
    """Where the definition was read from; None if it came with the library."""
    script: tuple[tuple[int, int], ...]
    """Buttons held, and for how many frames, from the end of the boot."""
    state: str
    """A packed row in a file, instead of the script; empty for none."""
    noops: int
    """Frames without buttons that a reset lets pass at most."""
    frames: int
    press: int
    """Frames of a step in which its buttons are held."""
    actions: tuple[int, ...]
    action_names: tuple[str, ...]
    reward: Expression
    reward_scale: float
    terminated: Expression
    features: tuple[tuple[str, Expression], ...]


@functools.lru_cache(maxsize=64)
def open_definition(game: str) -> Definition:
    """The definition of that name that comes with the library, or the one in that file.

    Raises:
        ValueError: for an unknown name, a file that cannot be read, or what is wrong in it.
    """
    if game in NAMES:
        return parse((GAMES / f"{game}.toml").read_text(), game, None)
    if Path(game).suffix != ".toml":
        raise ValueError(
            f"game is '{game}'; accepted: {', '.join(NAMES)}, or the path of a definition, "
            "which ends in .toml"
        )
    try:
        text = read(Path(game)).decode()
    except UnicodeDecodeError:
        raise ValueError(f"{game}: not UTF-8; accepted: a TOML file") from None
    return parse(text, game, Path(game).parent)


def read(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        ValueError: naming the file, if it cannot be read.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe or a device may never end
            raise OSError
        return path.read_bytes()
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file") from None
    except (OSError, ValueError):
        raise ValueError(f"{path}: cannot be read") from None


def read_rom(definition: Definition, path: str) -> bytes:
    """The game's ROM: from `path`, or the one beside the definition, or the one that is shipped.

    Raises:
        ValueError: when there is none, it cannot be read, or is another one.
    """
    source = Path(path)
    if not path and definition.folder is not None:
        source = definition.folder / definition.rom
    elif not path and definition.name == NAMES[0]:
        source = ROMS / definition.rom
    elif not path:
        raise ValueError(
            f"rom is ''; accepted: the path of {definition.rom}, "
            "which does not come with the library"
        )
    rom = read(source)
    found = hashlib.sha256(rom).hexdigest()
    if found != definition.sha256:
        raise ValueError(
            f"{source} has the SHA-256 {found}; accepted: {definition.sha256}, "
            f"that of {definition.rom}"
        )
    return rom


def parse(text: str, source: str, folder: Path | None) -> Definition:
    """The definition in a TOML file's text; `source` is what errors call it.

    Raises:
        ValueError: one line.
    """
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{source}: not TOML, line {line_of(str(error), text)}") from None
    try:
        return definition(table, folder)
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from None


def line_of(message: str, text: str) -> int:
    """The line that a complaint of tomllib names: the last where it is the end of the file."""
    found = re.search(r"at line (\d+)", message)
    return int(found[1]) if found else len(text.splitlines())


def definition(table: Mapping[str, Any], folder: Path | None) -> Definition:
    """What a definition's table says."""
    top = Fields(table, "", TOP)
    start = top.table("start", ("script", "state", "noops"))
    step = top.table("step", ("frames", "press", "actions"))
    episode = top.table("episode", ("reward", "reward_scale", "terminated"))
    frames = step.integer("frames", 24, 1, FRAMES)
    script, state = start.pairs("script"), start.text("state", "")
    if script and state:
        raise ValueError("start.state and start.script; accepted: one of them")
    names = step.texts("actions")
    actions = tuple(held(f"step.actions[{at}]", name) for at, name in enumerate(names))
    if not 1 <= len(actions) <= 256:
        raise ValueError(f"step.actions has {len(actions)} elements; accepted: 1 to 256")
    return Definition(
        name=check_name(top.text("name", "")),
        rom=check_file_name(top.text("rom", "")),
        sha256=check_digest(top.text("sha256", "")),
        folder=folder,
        script=tuple(held_frames(at, pair) for at, pair in enumerate(script)),
        state=state,
        noops=start.integer("noops", 0, 0, NOOPS),
        frames=frames,
        press=step.integer("press", min(8, frames), 1, frames),
        actions=actions,
        action_names=tuple(name or "nothing" for name in names),
        reward=expression("episode.reward", episode.text("reward", "0"), True),
        reward_scale=episode.number("reward_scale", 1.0),
        terminated=expression("episode.terminated", episode.text("terminated", "0"), True),
        features=tuple(feature(at, pair) for at, pair in enumerate(top.pairs("features"))),
    )


TOP = ("name", "rom", "sha256", "features", "start", "step", "episode")
"""What stands at the top of a definition."""


def held_frames(index: int, pair: Sequence[Any]) -> tuple[int, int]:
    """An entry of the start's script."""
    at = f"start.script[{index}]"
    return held(at, check_text(at, pair[0])), check_integer(at, pair[1], 1, SCRIPT_FRAMES)


def feature(index: int, pair: Sequence[Any]) -> tuple[str, Expression]:
    """A feature's name and value."""
    at = f"features[{index}]"
    return check_text(at, pair[0]), expression(at, check_text(at, pair[1]), False)


def held(at: str, text: str) -> int:
    """The bits of buttons whose names are joined by '+'; none for the empty string."""
    bits = 0
    for name in text.split("+") if text else ():
        if name not in BUTTONS:
            accepted = ", ".join(BUTTONS)
            raise ValueError(f"{at} names an unknown button; accepted: {accepted}, joined by '+'")
        bits |= 1 << BUTTONS.index(name)
    return bits


def expression(at: str, text: str, stepped: bool) -> Expression:
    """A compiled expression."""
    try:
        return Expression(text, stepped)
    except ValueError as error:
        raise ValueError(f"{at}: {error}") from None


def check_name(text: str) -> str:
    """A game's name."""
    if 1 <= len(text) <= 32 and set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        return text
    raise ValueError("name: accepted: 1 to 32 small letters, digits and hyphens")


def check_file_name(text: str) -> str:
    """A ROM's file name."""
    if not text or set(text) & set("/\\\0") or text in (".", ".."):
        raise ValueError("rom: accepted: a file's name, without a folder")
    return text


def check_digest(text: str) -> str:
    """A SHA-256."""
    if len(text) == 64 and set(text) <= set("0123456789abcdef"):
        return text
    raise ValueError("sha256: accepted: the ROM's SHA-256 as 64 digits 0-9a-f")


class Fields:
    """A table of a definition.

    Args:
        table: what the file has there.
        prefix: what its fields' names begin with.
        known: the names that may stand in it.

    Raises:
        ValueError: if another one does.
    """

    def __init__(self, table: Mapping[str, Any], prefix: str, known: Sequence[str]) -> None:
        if not set(table) <= set(known):
            holder = prefix.rstrip(".") or "the definition"
            raise ValueError(f"{holder} has an unknown field; accepted: {', '.join(known)}")
        self._table = table
        self._prefix = prefix

    def table(self, name: str, known: Sequence[str]) -> Fields:
        """A table within this one, empty where there is none."""
        value = self._table.get(name, {})
        if not isinstance(value, dict):
            raise refused(self._prefix + name, value, "a table")
        return Fields(value, f"{self._prefix}{name}.", known)

    def text(self, name: str, default: str) -> str:
        """A string."""
        return check_text(self._prefix + name, self._table.get(name, default))

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """An integer within bounds."""
        if name not in self._table:
            return default
        return check_integer(self._prefix + name, self._table[name], low, high)

    def number(self, name: str, default: float) -> float:
        """A finite number."""
        value = self._table.get(name, default)
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        if not plain or not math.isfinite(value):
            raise refused(self._prefix + name, value, "a finite number")
        return float(value)

    def texts(self, name: str) -> list[str]:
        """An array of strings."""
        at = self._prefix + name
        return [check_text(f"{at}[{i}]", value) for i, value in enumerate(self._array(name))]

    def pairs(self, name: str) -> list[Sequence[Any]]:
        """An array of pairs, up to PAIRS."""
        values = self._array(name)
        at = self._prefix + name
        if len(values) > PAIRS:
            raise ValueError(f"{at} has {len(values)} elements; accepted: up to {PAIRS}")
        for index, value in enumerate(values):
            if not isinstance(value, list) or len(value) != 2:
                raise refused(f"{at}[{index}]", value, "an array of two")
        return values

    def _array(self, name: str) -> list[Any]:
        value = self._table.get(name, [])
        if not isinstance(value, list):
            raise refused(self._prefix + name, value, "an array")
        return value


def check_text(at: str, value: Any) -> str:
    """The string that stands at a place."""
    if not isinstance(value, str):
        raise refused(at, value, "a string")
    return value


def check_integer(at: str, value: Any, low: int, high: int) -> int:
    """The integer that stands at a place."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise refused(at, value, f"an integer from {low} to {high}")
    return value


def refused(at: str, value: Any, accepted: str) -> ValueError:
    """An error that says what stands at a place, and what may."""
    return ValueError(f"{at} is {shown(value)}; accepted: {accepted}")


def shown(value: Any) -> str:
    """A value of TOML as an error names it."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return f"an array of {len(value)}"
    if isinstance(value, datetime.date | datetime.time):
        return "a date or time"
    return {str: "a string", float: "a float", dict: "a table"}[type(value)]


def frames_of(params: Mapping[str, Any]) -> int:
    """Frames of a step under checked parameters: the definition's, unless `frame_skip` is set."""
    return int(params["frame_skip"]) or open_definition(params["game"]).frames
