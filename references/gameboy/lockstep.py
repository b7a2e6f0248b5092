"""PyBoy and the Rust machine side by side, the whole state compared after every frame.

    python -m references.gameboy.lockstep ROM ... --frames 1000 --seed 0 --render 24
    python -m references.gameboy.lockstep --generated 100 --frames 60 --shard 1/4

Buttons are held at random, from the seed. The Rust machine is the example `lockstep` of its crate,
built on demand, and hands its states over through a pipe. The exit status is 1 where they differ.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from references.gameboy.building import OracleMissingError
from references.gameboy.console import FIELDS, Console
from references.gameboy.generated import generate
from references.gameboy.spec import SPEC

ROOT = Path(__file__).resolve().parents[2]
CRATE = "samestep-gameboy"
HOLD = (1, 40)  # frames that buttons stay as they are


@dataclass(frozen=True)
class Difference:
    """The first frame after which a field is not the same."""

    frame: int
    field: str
    index: tuple[int, ...]
    pyboy: int
    ours: int
    fields: tuple[str, ...]

    def __str__(self) -> str:
        """One line."""
        at = f"[{', '.join(f'0x{one:X}' for one in self.index)}]" if self.index else ""
        others = f"; differing fields: {', '.join(self.fields)}" if len(self.fields) > 1 else ""
        return (
            f"frame {self.frame}: {self.field}{at} is 0x{self.pyboy:X} in PyBoy, "
            f"0x{self.ours:X} in ours{others}"
        )


def random_inputs(frames: int, seed: int) -> bytes:
    """Held buttons, a byte a frame: kept for a while, often none, one or two at a time."""
    random = np.random.default_rng(seed)
    held = bytearray()
    while len(held) < frames:
        count = random.choice([0, 1, 1, 1, 2])
        buttons = sum(1 << int(bit) for bit in random.choice(8, count, replace=False))
        held += bytes([buttons]) * int(random.integers(*HOLD))
    return bytes(held[:frames])


def build_example() -> Path:
    """The Rust example's path, built in release mode if it is not up to date.

    Raises:
        RuntimeError: with the compiler's first error.
    """
    command = ["cargo", "build", "--release", "--quiet", "-p", CRATE, "--example", "lockstep"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("error")]
        raise RuntimeError((errors or [f"{' '.join(command)} failed"])[0])
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / "examples" / "lockstep"


def ours(example: Path, rom: bytes, inputs: bytes, render: int) -> Iterator[np.void]:
    """The Rust machine's state after every frame, each a view that lasts until the next.

    Raises:
        RuntimeError: if it stops before its time.
    """
    with tempfile.TemporaryDirectory() as folder:
        game, held = Path(folder, "game.gb"), Path(folder, "inputs")
        game.write_bytes(rom)
        held.write_bytes(inputs)
        reading, writing = os.pipe()
        command = [
            str(example),
            str(game),
            str(held),
            f"/dev/fd/{writing}",
            "--render",
            str(render),
        ]
        with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.PIPE) as child:
            os.close(writing)
            try:
                with open(reading, "rb") as pipe:
                    yield from rows(pipe, len(inputs), child)
            finally:
                child.kill()


def rows(pipe: BinaryIO, frames: int, child: subprocess.Popen[bytes]) -> Iterator[np.void]:
    """The states that come through the pipe.

    Raises:
        RuntimeError: if there are fewer than frames, with the child's last line.
    """
    row = bytearray(FIELDS.itemsize)
    for frame in range(frames):
        if pipe.readinto(row) != len(row):  # type: ignore[attr-defined]
            _, said = child.communicate()
            why = said.decode(errors="replace").strip().splitlines() or ["no word why"]
            raise RuntimeError(f"the Rust machine stopped at frame {frame}: {why[-1]}")
        yield np.frombuffer(row, FIELDS)[0]


def compare(example: Path, rom: bytes, inputs: bytes, render: int) -> Difference | None:
    """The first difference over these frames, after booting; None if there is none.

    Args:
        example: the built example.
        rom: the ROM.
        inputs: held buttons, a byte a frame.
        render: draw every so many frames; 0: none.
    """
    console = Console(rom)
    console.boot()
    for frame, state in enumerate(ours(example, rom, inputs, render)):
        console.frame(inputs[frame], bool(render) and (frame + 1) % render == 0)
        expected = console.read()
        if expected.tobytes() != state.tobytes():
            return first_difference(frame, expected, state)
    return None


def first_difference(frame: int, expected: np.void, state: np.void) -> Difference:
    """The first field that differs, in STATE's order; `cycles` comes first."""
    names = [
        one.name for one in SPEC.state if not np.array_equal(expected[one.name], state[one.name])
    ]
    pyboy, mine = np.asarray(expected[names[0]]), np.asarray(state[names[0]])
    index = tuple(int(axis[0]) for axis in np.nonzero(pyboy != mine)) if pyboy.shape else ()
    return Difference(frame, names[0], index, int(pyboy[index]), int(mine[index]), tuple(names))


def parse_shard(text: str) -> tuple[int, int]:
    """`k/n`, k from 1 to n.

    Raises:
        argparse.ArgumentTypeError: for anything else.
    """
    try:
        number, of = map(int, text.split("/"))
    except ValueError:
        number, of = 0, 0
    if not 1 <= number <= of:
        raise argparse.ArgumentTypeError(f"{text!r} is no shard; accepted: k/n with k from 1 to n")
    return number, of


def arguments() -> argparse.Namespace:
    """The command line's."""
    parser = argparse.ArgumentParser(description="PyBoy and the Rust machine side by side.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("roms", nargs="*", default=[], type=Path, metavar="ROM")
    what.add_argument("--generated", type=int, metavar="K", help="K generated ROMs")
    parser.add_argument("--frames", type=int, default=600, help="frames after the boot")
    parser.add_argument("--seed", type=int, default=0, help="of the inputs; of the first ROM")
    parser.add_argument(
        "--render", type=int, default=24, metavar="N", help="draw every Nth; 0 none"
    )
    parser.add_argument("--shard", type=parse_shard, default=(1, 1), metavar="k/n")
    parser.add_argument("--example", type=Path, help="the built example, if not to be built")
    return parser.parse_args()


def games(chosen: argparse.Namespace) -> Iterator[tuple[str, bytes, int]]:
    """Name, ROM and seed of the inputs, of every game of this shard."""
    number, of = chosen.shard
    for index, path in enumerate(chosen.roms):
        if index % of == number - 1:
            yield str(path), path.read_bytes(), chosen.seed
    if chosen.generated is None:
        return
    for seed in range(chosen.seed, chosen.seed + chosen.generated):
        if seed % of == number - 1:
            yield f"generated {seed}", generate(seed), seed


def main() -> int:
    """Compare what the command line names; 0 same, 1 different, 2 cannot compare."""
    chosen = arguments()
    different = compared = 0
    try:
        example = chosen.example or build_example()
        for name, rom, seed in games(chosen):
            inputs = random_inputs(chosen.frames, seed)
            difference = compare(example, rom, inputs, chosen.render)
            compared += 1
            different += difference is not None
            if difference or chosen.roms:
                print(f"{name}: {difference or f'{chosen.frames} frames are the same'}", flush=True)
    except (OracleMissingError, OSError, RuntimeError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{compared} ROMs, {chosen.frames} frames each: {different} differ")
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
