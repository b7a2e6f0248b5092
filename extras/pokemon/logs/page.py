"""A battle as one HTML file: the plain text to read, and the protocol log for programs."""

from __future__ import annotations

import html

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 45em; }}
pre {{ font: inherit; white-space: pre-wrap; }}</style>
</head>
<body>
<h1>{title}</h1>
<pre>{text}</pre>
<script type="text/plain" class="battle-log-data">{log}</script>
</body>
</html>
"""


def page(title: str, text: list[str], log: list[str]) -> str:
    """The file's content.

    The log stands where Showdown's own replay files have it, a backslash before every slash,
    so that no line can end the element. The script that animates those files is a remote one, and
    is left out.

    Args:
        title: of the page.
        text: lines of `text.tell`.
        log: lines of `replay.protocol`.
    """
    escaped = "\n".join(log).replace("/", "\\/")
    return PAGE.format(title=html.escape(title), text=html.escape("\n".join(text)), log=escaped)
