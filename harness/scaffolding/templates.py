"""The templates: files under harness/templates/ whose paths and texts carry placeholders.

`NAME` in a path, `{{name}}` and `{{Name}}` in a text stand for the name and its CamelCase.
"""

from __future__ import annotations

from pathlib import Path

from harness.scaffolding.names import class_name

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
SUFFIX = ".tmpl"


def fill(kind: str, name: str) -> dict[Path, str]:
    """All files of templates/KIND, by their path from the root of the repository."""
    folder = TEMPLATES / kind
    filled = {}
    for template in sorted(folder.rglob(f"*{SUFFIX}")):
        path = str(template.relative_to(folder)).removesuffix(SUFFIX).replace("NAME", name)
        text = template.read_text()
        text = text.replace("{{name}}", name).replace("{{Name}}", class_name(name))
        filled[Path(path)] = text
    return filled
