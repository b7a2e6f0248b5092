"""The skeleton of a new backend: its files, and its lines in files that exist."""

from __future__ import annotations

import re
from pathlib import Path

from harness.errors import UserError
from harness.implementations import IMPLEMENTATIONS
from harness.scaffolding import edits, names, templates

FIRST_ENV = "pong"
"""What the skeleton plays."""


def plan(root: Path, name: str) -> dict[Path, str]:
    """Every file to be written for backend `name`, with its whole new text.

    Raises:
        UserError: for a name that cannot be, or is taken, or a file where no place is found.
    """
    names.check("BACKEND", name)
    if name in ("reference", *IMPLEMENTATIONS):
        taken = ", ".join(("reference", *IMPLEMENTATIONS))
        raise UserError(f"BACKEND is {name!r}, which exists; accepted: another name than {taken}")
    places = [root / "backends" / name, root / "harness" / f"impl_{name}"]
    names.check_free("BACKEND", name, places, root)
    files = {root / path: text for path, text in templates.fill("backend", name).items()}
    for path, edit in EDITS.items():
        files[root / path] = edit((root / path).read_text(), name)
    return files


def implementations_source(text: str, name: str) -> str:
    """The backend in the table of implementations."""
    line = f'    "{name}": Implementation("harness.impl_{name}:{names.class_name(name)}Batch"),\n'
    end = '}\n"""Every backend by name'
    return edits.before(text, end, line, "harness/implementations.py")


def registry_source(text: str, name: str) -> str:
    """The backend in the entry of the environment that it plays."""
    file = "harness/registry.py"
    listed = re.compile(rf'(name="{FIRST_ENV}",\n(?:        .*\n)*?        backends=\(.*)\),\n')
    if listed.search(text):
        return listed.sub(rf'\1, "{name}"),\n', text)
    default = re.search(r"    backends: tuple\[str, \.\.\.\] = \((.*)\)\n", text)
    if not default:
        raise UserError(f"{file}: no default of `backends`; accepted: one line that gives it")
    reference = f'        reference="references.{FIRST_ENV}:'
    place = next((line for line in text.splitlines() if line.startswith(reference)), reference)
    line = f'        backends=({default[1]}, "{name}"),\n'
    return edits.before(text, place + "\n", line, file)


EDITS = {
    "harness/implementations.py": implementations_source,
    "harness/registry.py": registry_source,
}
"""Files that name every backend, and what adds one."""
