"""Generates `consts.rs` and `consts.py` of every environment's backends from its spec.

`python -m harness consts` writes them; `--check` exits with 1 when one is stale. A drawing that
needs the numbers has them in a file of its own, for the libraries do not import the references.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from harness import registry
from harness.registry import Entry
from references.contract import Constant, EnvSpec

ROOT = Path(__file__).resolve().parent.parent
NOTICE = "Generated from references/{name}/spec.py by `python -m harness consts`; do not edit."


@dataclass
class Args:
    """Generate the backends' constants from the specs."""

    check: bool = False
    """Write nothing; exit with 1 when a file is stale."""


def rust_source(spec: EnvSpec) -> str:
    """`consts.rs`: the constants, the slots and the layout's identity.

    Real constants are f64 if a field of STATE is, for then the rules are computed in f64 too.
    """
    lines = [
        f"//! {NOTICE.format(name=spec.name)}",
        "#![allow(clippy::excessive_precision)]",
        "",
    ]
    double = any(field.dtype == "f8" for field in spec.state)
    for name, value in spec.constants.items():
        lines.append(_rust_constant(name, value, "f64" if double else "f32"))
    for name, slot in spec.slots.items():
        lines.append(f"pub const SLOT_{name.upper()}: u32 = {slot};")
    lines += [
        f"pub const VERSION: u32 = {spec.version};",
        f"pub const LAYOUT_ID: u32 = {spec.layout_id:#010x};",
        f"pub const STATE_BYTES: usize = {spec.state_bytes};",
    ]
    return "\n".join(lines) + "\n"


def _rust_constant(name: str, value: Constant, real: str) -> str:
    """One constant: integers are i32, all else is `real`; a tuple is an array, a line an element."""
    values = value if isinstance(value, tuple) else (value,)
    kind = "i32" if all(isinstance(item, int) for item in values) else real
    written = [str(item) if kind == "i32" else repr(float(item)) for item in values]
    if not isinstance(value, tuple):
        return f"pub const {name}: {kind} = {written[0]};"
    rows = "".join(f"    {item},\n" for item in written)
    return f"#[rustfmt::skip]\npub const {name}: [{kind}; {len(values)}] = [\n{rows}];"


def python_source(spec: EnvSpec) -> str:
    """`consts.py`: the same for JAX, with the packed row's fields."""
    lines = [f'"""{NOTICE.format(name=spec.name)}"""', ""]
    for name, value in spec.constants.items():
        lines.append(_python_constant(name, value))
    for name, slot in spec.slots.items():
        lines.append(f"SLOT_{name.upper()} = {slot}")
    lines += [
        f"VERSION = {spec.version}",
        f"LAYOUT_ID = 0x{spec.layout_id:08X}",
        f"STATE_BYTES = {spec.state_bytes}",
        "STATE: tuple[tuple[str, str, tuple[int, ...]], ...] = (",
        *(f'    ("{f.name}", "{f.dtype}", {f.shape}),' for f in spec.state),
        ")",
    ]
    return "\n".join(lines) + "\n"


def _python_constant(name: str, value: Constant) -> str:
    if not isinstance(value, tuple):
        return f"{name} = {value!r}"
    return f"{name} = (\n" + "".join(f"    {item!r},\n" for item in value) + ")"


def targets(entry: Entry) -> dict[Path, str]:
    """The generated files of an environment that stand in this repository, and their text."""
    crate = ROOT / str(entry.extra.get("crate", f"backends/rust/envs/{entry.name}"))
    jax = ROOT / str(entry.extra.get("jax", f"backends/jax/samestep_jax/{entry.name}"))
    files = {}
    if "rust" in entry.backends:
        files[crate / "src/consts.rs"] = rust_source(entry.spec)
    if "jax" in entry.backends:
        files[jax / "consts.py"] = python_source(entry.spec)
    for backend in entry.backends:
        folder = ROOT / "backends" / backend / entry.name
        if folder.is_dir():  # a backend in Python beside these two
            files[folder / "consts.py"] = python_source(entry.spec)
    drawing = ROOT / f"backends/rust/python/samestep_rust/render/{entry.name}_consts.py"
    if drawing.exists():
        files[drawing] = python_source(entry.spec)
    return files


def main(arguments: list[str]) -> int:
    """Write or check every generated file."""
    args = tyro.cli(Args, args=arguments, prog="harness consts")
    stale = []
    for name in registry.names():
        for path, text in targets(registry.get(name)).items():
            if path.exists() and path.read_text() == text:
                continue
            stale.append(path)
            if not args.check:
                path.write_text(text)
                print(f"wrote {path.relative_to(ROOT)}")
    if args.check and stale:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        print(f"stale: {names}; run `python -m harness consts`", file=sys.stderr)
        return 1
    return 0
