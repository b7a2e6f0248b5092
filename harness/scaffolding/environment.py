"""The skeleton of a new environment: its files, and its lines in files that exist."""

from __future__ import annotations

import tomllib
from pathlib import Path

from harness import registry
from harness.errors import UserError
from harness.scaffolding import edits, names, templates

CRATES = "backends/rust/envs"


def plan(root: Path, name: str) -> dict[Path, str]:
    """Every file to be written for environment `name`, with its whole new text.

    Raises:
        UserError: for a name that cannot be, or is taken, or a file where no place is found.
    """
    names.check("ENV", name)
    if name in registry.names():
        taken = ", ".join(registry.names())
        raise UserError(f"ENV is {name!r}, which exists; accepted: another name than {taken}")
    folders = ("references", CRATES, "backends/jax/samestep_jax", "tests")
    places = [root / folder / name for folder in folders] + [root / "docs/envs" / f"{name}.md"]
    names.check_free("ENV", name, places, root)
    crate = f"samestep-{name}"
    if f'name = "{crate}"' in (root / "Cargo.lock").read_text():
        raise UserError(
            f"ENV is {name!r}, but a crate {crate} exists; accepted: a name that is not taken"
        )
    files = {root / path: text for path, text in templates.fill("env", name).items()}
    for path, edit in EDITS.items():
        files[root / path] = edit((root / path).read_text(), name)
    return files


def workspace_manifest(text: str, name: str) -> str:
    """The crate as a dependency that members of the workspace can name."""
    line = f'samestep-{name} = {{ path = "{CRATES}/{name}" }}'
    return edits.among(text, "[workspace.dependencies]", "samestep-", line, "Cargo.toml")


def extension_manifest(text: str, name: str) -> str:
    """The crate as a dependency of the extension module."""
    file = "backends/rust/py/Cargo.toml"
    line = f"samestep-{name}.workspace = true"
    return edits.among(text, "[dependencies]", "samestep-", line, file)


def extension_source(text: str, name: str) -> str:
    """The environment's name and constructor in the extension module."""
    file = "backends/rust/py/src/envs.rs"
    test_only = '#[cfg(feature = "test-envs")]\n'
    listed = f'    "{name}",\n'
    text = edits.before(text, f'    {test_only}    "duel",\n', listed, file)
    made = f"samestep_{name}::{names.class_name(name)}::new(&mut params)?"
    arm = f'        "{name}" => Box::new({made}),\n'
    return edits.before(text, f'        {test_only}        "duel" =>', arm, file)


def lock(text: str, name: str) -> str:
    """Cargo.lock as cargo itself would bring it up to date."""
    versions = {package["name"]: package["version"] for package in tomllib.loads(text)["package"]}
    needed = ["samestep-core", "samestep-testing"]
    version = versions["samestep-core"]
    return edits.lock_package(text, f"samestep-{name}", version, needed, "samestep-py")


def registry_source(text: str, name: str) -> str:
    """The entry, after all others."""
    return f"""{text.rstrip()}

register(
    Entry(
        name="{name}",
        reference="references.{name}:{names.class_name(name)}",
        variants=(
            Variant("default", {{}}),
            Variant("limit", {{"wind_odds": 16, "max_episode_steps": 30}}),
        ),
        tests="tests/{name}",
    )
)
"""


def readme(text: str, name: str) -> str:
    """A row in the table of environments, and a block for the benchmark's table."""
    page = f"docs/envs/{name}.md"
    row = f"| `{name}` | its own page | yes | yes | yes | [{page}]({page}) |"
    text = edits.among(text, "## Environments", "| `", row, "README.md")
    empty = "No measurement is published yet; `make bench` makes one.\n"
    end = "<!-- /bench -->\n"
    block = f"\n{name}, random actions:\n\n<!-- bench:{name} -->\n{empty}{end}"
    return edits.after_last(text, end, block, "README.md")


EDITS = {
    "Cargo.toml": workspace_manifest,
    "Cargo.lock": lock,
    "backends/rust/py/Cargo.toml": extension_manifest,
    "backends/rust/py/src/envs.rs": extension_source,
    "harness/registry.py": registry_source,
    "README.md": readme,
}
"""Files that name every environment, and what adds one."""
