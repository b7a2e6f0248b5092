"""The page: sections of each environment, filled into page.html.jinja."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import jinja2
from markupsafe import Markup, escape
from PIL import Image

from harness.reporting import (
    learning,
    machines,
    planted,
    saying,
    speed,
    training_speed,
    transferred,
    verification,
)
from harness.reporting.blocks import Headline, Picture, Section
from harness.reporting.collect import Environment, Found
from harness.reporting.shelf import Shelf

HERE = Path(__file__).resolve().parent
LARGEST_PICTURE = 4 * 2**20
MIME = {".gif": "image/gif", ".webp": "image/webp", ".png": "image/png", ".apng": "image/apng"}

Make = Callable[[str, Found | None], Section]


@dataclass(frozen=True)
class Chapter:
    """One environment on the page."""

    name: str
    headlines: list[Headline]
    picture: Picture | None
    sections: list[Section]


def chapter(shelf: Shelf, found: Environment) -> Chapter:
    """All sections; one whose record is damaged says how to make it, and the shelf has a line."""
    plans: list[tuple[Make, Found | None]] = [
        (speed.section, found.speed),
        (verification.section, found.verification),
        (planted.section, found.mutants),
        (training_speed.section, found.training_speed),
        (learning.section, found.learning),
        (transferred.section, found.transfer),
    ]
    sections = []
    for make, record in plans:
        made = _section(shelf, make, found.name, record)
        sections.append(replace(made, anchor=f"{found.name}-{made.anchor}"))
    headlines = [headline for section in sections for headline in section.headlines]
    return Chapter(found.name, headlines, _picture(shelf, found), sections)


def _section(shelf: Shelf, make: Make, env: str, found: Found | None) -> Section:
    if found is not None:
        made = shelf.checked(found.path, lambda: make(env, found))
        if made is not None:
            return replace(made, origin=machines.origin(shelf, found))
    return make(env, None)


def _picture(shelf: Shelf, found: Environment) -> Picture | None:
    """The animated picture, inside the page; its first frame for those who want no movement."""
    path = found.picture
    if path is None:
        return None
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content)) as image:
            size = image.size
            still = io.BytesIO()
            image.convert("RGB").save(still, "WEBP", quality=80)
    except (OSError, ValueError) as error:
        shelf.warn(path, f"no picture ({error}); left out")
        return None
    if len(content) > LARGEST_PICTURE:
        shelf.warn(path, f"larger than {LARGEST_PICTURE // 2**20} MiB; left out")
        return None
    moving = _data(content, MIME[path.suffix])
    quiet = _data(still.getvalue(), "image/webp")
    caption = "One policy on each implementation, from the same seed."
    markup = Markup(
        '<picture><source media="(prefers-reduced-motion: reduce)" srcset="{quiet}">'
        '<img src="{moving}" width="{w}" height="{h}" alt="{alt}"></picture>'
    ).format(quiet=quiet, moving=moving, w=size[0], h=size[1], alt=f"{found.name}: {caption}")
    return Picture(markup, f"{caption} {shelf.shown(path)}")


def _data(content: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def render(shelf: Shelf, environments: list[Environment]) -> str:
    """The whole page, as HTML that needs nothing else."""
    chapters = [chapter(shelf, each) for each in environments]
    found = [record for each in environments for record in each.found]
    loader = jinja2.FileSystemLoader(HERE)
    template = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("page.html.jinja")
    return template.render(
        chapters=chapters,
        warnings=shelf.warnings,
        machines=machines.tables(shelf, found) if found else [],
        made=saying.when(datetime.now(UTC).isoformat(timespec="seconds")),
        css=Markup((HERE / "style.css").read_text()),
        escape=escape,
    )
