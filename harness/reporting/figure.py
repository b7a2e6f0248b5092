"""Plots as SVG inside the page: text stays text, colours are the page's own, light or dark."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, WEAK, RULE, PAPER = "#010203", "#010204", "#010205", "#010206"
BASELINE = "#010207"
IMPLEMENTATIONS = {
    "reference": "#010210",
    "rust": "#010211",
    "rust-ffi": "#010212",
    "jax": "#010213",
}
OTHERS = ("#010214", "#010215", "#010216")
PARTS = {"environment": "#010220", "inference": "#010221", "update": "#010222"}
VARIABLES = {
    INK: "--ink",
    WEAK: "--weak",
    RULE: "--rule",
    PAPER: "--card",
    BASELINE: "--baseline",
    **{color: f"--{name}" for name, color in IMPLEMENTATIONS.items()},
    **{color: f"--other-{number}" for number, color in enumerate(OTHERS)},
    **{color: f"--{name}" for name, color in PARTS.items()},
}
"""Colours that are drawn with, and the page's custom properties that take their place."""

STYLE = {
    "svg.fonttype": "none",
    "font.size": 10.5,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.labelcolor": WEAK,
    "axes.edgecolor": RULE,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.constrained_layout.hspace": 0.07,
    "figure.constrained_layout.wspace": 0.04,
    "figure.facecolor": "none",
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.6,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": WEAK,
    "ytick.color": WEAK,
    "xtick.labelcolor": WEAK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
}

_COLOR = re.compile("|".join(VARIABLES))
_OWN_ID = re.compile(
    r' id="(?:figure|axes|patch|text|line2d|matplotlib\.axis|xtick|ytick|legend|'
    r'PathCollection|FillBetweenPolyCollection|LineCollection|PolyCollection)_\d+"'
)
_FAMILY = re.compile(r"font-family: [^;\"]*;? ?")
_GLOBAL = re.compile(r"\s*<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)
_ROOT = re.compile(r"<svg\b[^>]*?\bviewBox=\"([^\"]+)\"[^>]*>")


def color_of(impl: str, others: list[str]) -> str:
    """An implementation's colour; `others` are all those shown that have none of their own."""
    if impl in IMPLEMENTATIONS:
        return IMPLEMENTATIONS[impl]
    return OTHERS[others.index(impl) % len(OTHERS)] if impl in others else BASELINE


def without_color(impls: list[str]) -> list[str]:
    """What `color_of` takes: those, each once."""
    return list(dict.fromkeys(impl for impl in impls if impl not in IMPLEMENTATIONS))


@contextmanager
def style() -> Iterator[None]:
    """Draw as the page is."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)  # type: ignore[arg-type]
        yield


def draw(width: float, height: float, told: str, paint: Callable[[Figure], None]) -> Markup:
    """An <svg> that `paint` filled.

    Args:
        width: in inches of 96 CSS pixels, about.
        height: likewise.
        told: what it shows, for those who do not see it.
        paint: draws on the figure.
    """
    with style(), matplotlib.rc_context({"svg.hashsalt": told}):  # the same rows, the same text
        figure = Figure(figsize=(width, height), layout="constrained")
        paint(figure)
        out = io.StringIO()
        nothing: dict[str, Any] = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(out, format="svg", metadata=nothing)
    return _inline(out.getvalue(), told)


def _inline(text: str, told: str) -> Markup:
    """Without what a file of its own needs, and with identifiers that no other drawing has."""
    text = text[text.index("<svg") :]
    box = _ROOT.match(text)
    assert box is not None
    width = float(box[1].split()[2])
    head = (
        f'<svg viewBox="{box[1]}" role="img" aria-label="{escape(told)}" '
        f'style="max-width:{width * 96 / 72:.0f}px" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    body = _OWN_ID.sub("", text[box.end() :])
    body = _COLOR.sub(lambda found: f"var({VARIABLES[found[0]]})", body)
    mark = "f" + hashlib.sha256(told.encode()).hexdigest()[:8]
    body = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{mark}-", body)
    return Markup(head + _GLOBAL.sub("", _FAMILY.sub("", body)))


def quiet_axis(axes: Axes, axis: str) -> None:
    """No grid along one axis."""
    axes.grid(visible=False, axis=axis)  # type: ignore[arg-type]
