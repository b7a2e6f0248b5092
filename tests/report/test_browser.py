"""The page in headless Chromium: in light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import report
from tests.report import browser, made_up
from tests.report.dom import Dom


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[browser.Page, Path]]:
    program = browser.find()
    if program is None:
        pytest.skip(f"no browser on PATH, so the page is not opened: {', '.join(browser.NAMES)}")
    folder = tmp_path_factory.mktemp("report")
    made_up.write(folder / "results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAMESTEP_RESULTS", str(folder / "results"))
        assert report.run(report.Args(wandb=False)) == 0
    with browser.page(program, folder / "profile") as opened:
        opened.open(folder / "results" / "report" / "index.html")
        yield opened, folder / "results" / "report" / "index.html"


def test_every_section_is_in_the_document(page: tuple[browser.Page, Path]) -> None:
    opened, path = page
    shown = Dom(opened.ask("document.documentElement.outerHTML"))
    assert shown.ids == Dom(path.read_text()).ids
    for name in ("speed", "verification", "mutants", "training-speed", "learning", "transfer"):
        tall = f"document.getElementById('pong-{name}').getBoundingClientRect().height"
        assert opened.ask(tall) > 200, name
    assert opened.ask("document.querySelectorAll('figure svg').length") == 6
    assert opened.ask("document.scripts.length") == 0


def test_nothing_is_asked_for_and_nothing_is_complained_of(
    page: tuple[browser.Page, Path],
) -> None:
    opened, path = page
    outside = [each for each in opened.requests if not each.startswith("data:")]
    assert outside == [path.resolve().as_uri()]
    assert opened.complaints == []


@pytest.mark.parametrize("width", [390, 600, 1200])
def test_nothing_is_wider_than_the_window(page: tuple[browser.Page, Path], width: int) -> None:
    opened, _ = page
    opened.show(width, "light")
    assert opened.ask("document.documentElement.scrollWidth") <= width
    assert opened.ask("innerWidth") == width


CONTRAST = """
(() => {
  const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = text => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map(channel);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const below = node => {
    for (; node; node = node.parentElement) {
      const color = getComputedStyle(node).backgroundColor;
      if (!/, 0\\)$/.test(color)) return color;
    }
    return "rgb(255, 255, 255)";
  };
  let least = 99, which = "";
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || node.tagName === "STYLE") continue;
    const style = getComputedStyle(node);
    const ink = light(node instanceof SVGElement ? style.fill : style.color);
    const paper = light(below(node instanceof SVGElement ? node.closest("figure") : node));
    const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (ratio < least) { least = ratio; which = node.textContent.trim().slice(0, 40); }
  }
  return [least, which];
})()
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read(page: tuple[browser.Page, Path], scheme: str) -> None:
    opened, _ = page
    opened.show(1200, scheme)
    least, which = opened.ask(CONTRAST)
    assert least >= 4.5, which  # what WCAG 2 asks of text
