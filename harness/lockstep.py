"""`python -m harness lockstep`: the Game Boy and PyBoy side by side, as a proof.

Every unit is a ROM for so many frames, or 50 generated ROMs: references/gameboy/lockstep.py runs
both machines and compares the whole state after every frame. A unit's row is written when it is
done, to results/lockstep/, so that what was interrupted goes on where it stopped, and shards can
run anywhere; a row counts for as long as the hash of all that it rests on still holds.

Exit status 0 if nothing differs, 1 if something does, 2 for wrong input.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tyro

from harness import registry
from harness.errors import UserError
from harness.fingerprint import fingerprint
from harness.proof_hash import proof_hash
from harness.shard import parse_shard
from harness.verifying.record import commit, now, results_folder
from references.gameboy import lockstep
from references.gameboy.building import OracleMissingError
from references.gameboy.generated import generate

ROOT = Path(__file__).resolve().parent.parent
ENV = "gameboy"
OWN_GAME = ROOT / "references" / "gameboy" / "roms" / "orchard.gb"
PUBLISHED = ROOT / "results" / "published" / f"lockstep-{ENV}.json"
ALSO = (
    "harness/lockstep.py",
    "references/gameboy/probe.pyx",
    "references/gameboy/roms/*",
    "backends/rust/envs/gameboy/examples/lockstep.rs",
)
"""What a row rests on beside the sources that `proof_hash` covers."""
CHUNK = 50  # generated ROMs a unit
Row = dict[str, Any]


@dataclass
class Args:
    """Compare the Game Boy with PyBoy frame by frame."""

    frames: str = "100000"
    """Of every ROM."""
    roms: str = ""
    """Folders of ROMs (.gb) beside the game of our own, separated by commas."""
    generated: str = "1000"
    """How many generated ROMs."""
    generated_frames: str = "120"
    """Of every generated ROM."""
    seed: str = "0"
    """Of the inputs, and of the first generated ROM."""
    render: str = "24"
    """Draw every so many frames; 0: none."""
    shard: str = "1/1"
    """k/n: the k-th of n parts."""
    redo: bool = False
    """Compare again what was found equal on these sources."""
    publish: bool = False
    """Write results/published/, if all of it, shards too, is done and equal."""


@dataclass(frozen=True)
class Unit:
    """What one row tells of."""

    name: str
    file: str
    sha256: str
    roms: int
    frames: int
    seed: int
    render: int

    def path(self) -> Path:
        """Where its row is."""
        key = hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:16]
        return results_folder() / "lockstep" / f"{ENV}-{key}.json"


def main(arguments: list[str]) -> int:
    """Compare what the arguments name and this shard has, and publish if told to."""
    args = tyro.cli(Args, args=arguments, prog="harness lockstep")
    units = plan(args)
    rests_on = hashes()
    mine = parse_shard(args.shard).of(units)
    todo = [unit for unit in mine if args.redo or not is_equal(unit[0], rests_on)]
    print(f"{len(units)} units, {len(mine)} in this shard, {len(mine) - len(todo)} done before")
    differences = 0
    if todo:
        try:
            example = lockstep.build_example()
            for unit, roms in todo:
                differences += run(unit, roms, example, rests_on)
        except (OracleMissingError, RuntimeError, ValueError) as error:
            raise UserError(str(error)) from None
    if args.publish:
        print(f"published as {publish([unit for unit, _ in units], rests_on)}")
    return int(differences > 0)


def integer(name: str, text: str, low: int, high: int) -> int:
    """A number of the command line.

    Raises:
        UserError: if it is none from `low` to `high`.
    """
    if not text.isdecimal() or not low <= int(text) <= high:
        raise UserError(f"{name} is {text!r}; accepted: an integer from {low} to {high}")
    return int(text)


Work = tuple[Unit, list[Path] | range]
"""A unit, and its ROM or its generated ROMs' seeds."""


def plan(args: Args) -> list[Work]:
    """All units of the arguments, in order.

    Raises:
        UserError: for arguments that are not accepted.
    """
    frames = integer("FRAMES", args.frames, 1, 100_000_000)
    seed = integer("SEED", args.seed, 0, 2**32 - 1)
    render = integer("RENDER", args.render, 0, 1_000_000)
    count = integer("GENERATED", args.generated, 0, 10_000_000)
    short = integer("GENERATED_FRAMES", args.generated_frames, 1, 1_000_000)
    units: list[Work] = []
    for path in [OWN_GAME, *found(args.roms)]:
        rom = path.read_bytes()
        sha256 = hashlib.sha256(rom).hexdigest()
        unit = Unit(title(rom), path.name, sha256, 1, frames, seed, render)
        if unit not in [planned for planned, _ in units]:
            units.append((unit, [path]))
    for first in range(seed, seed + count, CHUNK):
        seeds = range(first, min(first + CHUNK, seed + count))
        name = f"generated {seeds[0]} to {seeds[-1]}"
        units.append((Unit(name, "", "", len(seeds), short, first, render), seeds))
    return units


def found(folders: str) -> Iterator[Path]:
    """The ROMs in the folders.

    Raises:
        UserError: for a folder without any.
    """
    for folder in filter(None, folders.split(",")):
        paths = sorted(Path(folder).glob("**/*.gb"))
        if not paths:
            raise UserError(f"ROMS: {folder!r} has no .gb files; accepted: folders that do")
        yield from paths


def title(rom: bytes) -> str:
    """The header's title, as far as it can be printed."""
    return rom[0x134:0x143].split(b"\0")[0].decode("ascii", "replace").strip()


def hashes() -> Row:
    """What a row rests on."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in ALSO for path in ROOT.glob(pattern)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return {"hash": proof_hash(registry.get(ENV)), "tool": digest.hexdigest()}


def row_of(unit: Unit, rests_on: Row) -> Row | None:
    """The unit's row on these sources, if it has one."""
    try:
        row = json.loads(unit.path().read_text())
        matches = all(row[name] == value for name, value in {**rests_on, **asdict(unit)}.items())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(row) if matches else None


def is_equal(unit: Unit, rests_on: Row) -> bool:
    """Whether it was compared on these sources, and nothing differed."""
    row = row_of(unit, rests_on)
    return row is not None and row["differences"] == 0


def run(unit: Unit, roms: list[Path] | range, example: Path, rests_on: Row) -> int:
    """Compare a unit and write its row; how many of its ROMs differ.

    Raises:
        UserError: if the sources changed meanwhile, or the row cannot be written.
    """
    started = time.perf_counter()
    differing: list[str] = []
    for rom in roms:
        content = generate(rom) if isinstance(rom, int) else rom.read_bytes()
        seed = rom if isinstance(rom, int) else unit.seed
        inputs = lockstep.random_inputs(unit.frames, seed)
        difference = lockstep.compare(example, content, inputs, unit.render)
        if difference is not None:
            differing.append(f"{seed}: {difference}" if isinstance(rom, int) else str(difference))
    if hashes() != rests_on:
        raise UserError("the sources changed meanwhile; accepted: another run")
    row = {
        **rests_on,
        **asdict(unit),
        "differences": len(differing),
        "first": differing[:5],
        "seconds": round(time.perf_counter() - started, 1),
        "time": now(),
        **commit(),
        "fingerprint": fingerprint(),
    }
    write(unit.path(), row)
    said = "; ".join(differing[:1]) or "equal"
    print(f"{unit.name} ({unit.file or unit.roms}), {unit.frames} frames: {said}", flush=True)
    return len(differing)


def write(path: Path, content: Row) -> None:
    """A file that appears only when it is whole.

    Raises:
        UserError: if it cannot be written.
    """
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(content, indent=1) + "\n")
        temporary.replace(path)
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error.strerror}; accepted: a writable results folder"
        ) from None


def publish(units: list[Unit], rests_on: Row) -> Path:
    """All rows together in results/published/.

    Raises:
        UserError: if one is missing, or something differs.
    """
    missing = [unit.name for unit in units if not is_equal(unit, rests_on)]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise UserError(
            f"not equal, or not compared on these sources: {', '.join(missing[:3])}{more}; "
            "accepted: every unit of every shard, all equal"
        )
    rows = [row for unit in units if (row := row_of(unit, rests_on)) is not None]
    kept = (*Unit.__dataclass_fields__, "differences", "seconds", "time", "commit", "dirty")
    content = {
        "env": ENV,
        **rests_on,
        "time": now(),
        **commit(),
        "fingerprint": fingerprint(),
        "summary": summary(units),
        "rows": [{name: row[name] for name in kept} for row in rows],
    }
    write(PUBLISHED, content)
    return PUBLISHED


def summary(units: list[Unit]) -> Row:
    """How much was compared."""
    games = [unit for unit in units if unit.sha256]
    generated = [unit for unit in units if not unit.sha256]
    return {
        "games": len(games),
        "game_frames": sum(unit.frames for unit in games),
        "generated": sum(unit.roms for unit in generated),
        "generated_frames": sum(unit.roms * unit.frames for unit in generated),
        "differences": 0,
    }
