"""The same policy on several implementations, side by side, as an animated picture.

python -m harness.reporting.animate --env pong --checkpoint FILE
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import tyro
from PIL import Image, ImageDraw, ImageFont

from harness import registry
from harness.benching.records import results_dir
from harness.errors import UserError
from harness.reporting import scenes
from harness.reporting.playing import Moment, greedy, load, play

FORMATS = (".gif", ".webp")
GAP, BAND = 12, 34  # pixels between panels, and of the text above and below them
PAPER, INK, WEAK = (255, 255, 255), (27, 33, 48), (93, 102, 121)
FONT_SIZE = 16
LAST = 1500  # ms that the last frame stays
COLORS = 128  # of a GIF


@dataclass
class Args:
    """Draw one policy on several implementations, side by side."""

    env: str
    """The environment."""
    checkpoint: Path
    """The policy, as `make train` saves it."""
    output: Path | None = None
    """Where to; .gif or .webp. results/published/policy-ENV.webp if left out."""
    impls: str = "reference,rust,jax"
    """Implementations, with commas."""
    seed: int = 0
    """Of the environment."""
    steps: int = 150
    """How many at most; the picture ends with the first episode that does."""
    first: int = 0
    """Steps that are played before the picture begins."""
    rate: int = 15
    """Steps that are shown a second."""
    quality: int = 60
    """Of a .webp, 1 to 100."""


def main(args: Args) -> int:
    """Play, draw, write; the exit status."""
    entry = registry.get(args.env)
    output = args.output or results_dir() / "published" / f"policy-{entry.name}.webp"
    if output.suffix not in FORMATS:
        raise UserError(f"cannot write {output.name}; accepted: {', '.join(FORMATS)}")
    if not 1 <= args.rate <= 50:
        raise UserError(f"rate is {args.rate}; accepted: 1 to 50")
    impls = [name.strip() for name in args.impls.split(",") if name.strip()]
    draw = scenes.drawer(entry)
    saved = load(args.checkpoint)
    if saved.args.env != entry.name:
        raise UserError(f"{args.checkpoint} is a policy of {saved.args.env}, not of {entry.name}")
    act = greedy(saved, len(impls))
    params = dict(saved.args.params)
    moments = play(entry, impls, params, args.seed, args.first + args.steps, act)
    frames = panels(itertools.islice(moments, args.first, None), impls, draw)
    write(output, frames, args.rate, args.quality)
    print(f"wrote {output} ({output.stat().st_size / 2**20:.2f} MiB)")
    return 0


def panels(
    moments: Iterable[Moment], impls: Sequence[str], draw: scenes.Draw
) -> Iterator[Image.Image]:
    """A frame a moment: each implementation's name, its state, and its return so far."""
    font = ImageFont.truetype(
        str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), FONT_SIZE
    )
    for moment in moments:
        drawn = [draw(row) for row in moment.rows]
        height, width, _ = drawn[0].shape
        frame = Image.new("RGB", (len(drawn) * (width + GAP) - GAP, height + 2 * BAND), PAPER)
        write_on = ImageDraw.Draw(frame)
        for place, (name, panel, so_far) in enumerate(
            zip(impls, drawn, moment.returns, strict=True)
        ):
            left = place * (width + GAP)
            middle = left + width // 2
            frame.paste(Image.fromarray(np.ascontiguousarray(panel)), (left, BAND))
            write_on.text((middle, BAND // 2), name, INK, font, anchor="mm")
            told = f"return {so_far:,.2f}"
            write_on.text((middle, height + BAND + BAND // 2), told, WEAK, font, anchor="mm")
        yield frame


def write(path: Path, frames: Iterable[Image.Image], rate: int, quality: int) -> None:
    """An animated picture that begins anew for ever.

    Raises:
        UserError: if it cannot be written, or there is nothing to show.
    """
    drawn = list(frames)
    if not drawn:
        raise UserError("nothing to show: the episode ended before; accepted: a smaller first")
    durations = [round(1000 / rate)] * (len(drawn) - 1) + [LAST]
    shared: dict[str, Any] = {"save_all": True, "duration": durations, "loop": 0}
    unfinished = path.with_name(f".{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".gif":
            palette = drawn[len(drawn) // 2].quantize(COLORS)
            own = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in drawn]
            own[0].save(unfinished, "GIF", append_images=own[1:], optimize=True, **shared)
        else:
            drawn[0].save(
                *(unfinished, "WEBP"), append_images=drawn[1:], quality=quality, method=4, **shared
            )
        unfinished.replace(path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None


if __name__ == "__main__":
    try:
        sys.exit(main(tyro.cli(Args, prog="harness.reporting.animate")))
    except UserError as error:
        print(f"animate: {error}", file=sys.stderr)
        sys.exit(2)
