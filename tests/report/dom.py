"""A page read back: its elements by id, tables, text and references."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "link", "img", "source", "br"}


class Dom(HTMLParser):
    """The text below every id, the rows of all tables, and all addresses."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.text: dict[str, str] = {}
        self.rows: dict[str, list[list[str]]] = {}
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self._open: list[tuple[str, str]] = []
        self._cell: list[str] | None = None
        self.feed(html)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        for name in ("src", "href", "srcset", "xlink:href", "data", "action"):
            if given.get(name):
                self.addresses.append(str(given[name]))
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "tr":
            for identity in self._inside():
                self.rows.setdefault(identity, []).append([])
        if tag in ("td", "th"):
            self._cell = []
        if tag not in VOID:
            self._open.append((tag, str(given.get("id") or "")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            for identity in self._inside():
                self.rows[identity][-1].append(" ".join(" ".join(self._cell).split()))
            self._cell = None
        opened, _ = self._open.pop()
        assert opened == tag, f"{opened} was closed by {tag}"

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)
        for identity in self._inside():
            self.text[identity] = self.text.get(identity, "") + data

    def _inside(self) -> list[str]:
        return [identity for _, identity in self._open if identity]
