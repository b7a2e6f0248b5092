"""The pages' Python, run as a reader would: each page's blocks in order, in one namespace."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = {
    "docs/pokemon-logs.md": (),
    "README.md": ("samestep_rust", "samestep_jax"),
    "backends/jax/README.md": ("samestep_jax",),
    "backends/rust/README.md": ("samestep_rust",),
}
"""What each page's blocks need."""


def blocks(page: Path) -> list[tuple[int, str]]:
    """The Python blocks of a page, and the number of each one's first line."""
    text = page.read_text()
    return [(text.count("\n", 0, match.start(1)), match[1]) for match in BLOCK.finditer(text)]


def run(page: Path) -> dict[str, Any]:
    """Run a page's blocks; the names that they leave. Lines are numbered as on the page."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for line, source in blocks(page):
        exec(compile("\n" * line + source, str(page), "exec"), names)
    return names


@pytest.mark.parametrize("name", PAGES)
def test_python_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for library in PAGES[name]:
        pytest.importorskip(library)
    monkeypatch.chdir(tmp_path)  # for what a page writes
    names = run(ROOT / name)
    if name == "docs/pokemon-logs.md":
        assert len(names["battles"]) >= 10 and (tmp_path / "battles.g1").stat().st_size > 0
        return
    assert names["obs"].dtype == np.float32
    for library in PAGES[name]:
        assert names[library].__name__ == library


def test_every_page_with_python_is_run() -> None:
    folders = (ROOT, ROOT / "docs", ROOT / "docs/envs", *(ROOT / "backends").iterdir())
    pages = [page for folder in folders for page in folder.glob("*.md")]
    found = {str(page.relative_to(ROOT)) for page in pages if blocks(page)}
    assert found == set(PAGES)


def test_a_block_that_fails_is_found_out(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n\n```python\nx = 1\n```\n\n```\nno python\n```\n\n```python\nx + y\n```\n")
    with pytest.raises(NameError, match="'y' is not defined") as caught:
        run(page)
    assert caught.traceback[-1].lineno == 11  # counted from 0
