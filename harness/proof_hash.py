"""A hash of all that a proof rests on: rules, reference, batch drivers and verifier.

A published proof counts for as long as its hash still holds.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from harness.registry import Entry

ROOT = Path(__file__).resolve().parent.parent

SHARED = (
    "references/*.py",
    "harness/verify*.py",
    "harness/verifying/*.py",
    "harness/proof_hash.py",
    "harness/implementations.py",
    "harness/impl_*.py",
    "harness/shard.py",
    "backends/rust/core/src/**/*.rs",
    "backends/rust/py/src/**/*.rs",
    "backends/rust/python/samestep_rust/ffi.py",
    "backends/jax/samestep_jax/core/**/*.py",
    "backends/*/core/**/*.py",
)
"""What every environment's proof rests on. Not the adapters, which no rollout goes through."""

LISTS = ("backends/rust/py/src/envs.rs",)
"""Files that only list the environments, as the registry does: one more proves nothing less."""

OF_ENVIRONMENT = (
    "{reference}/**/*.py",
    "{reference}/**/*.bin",
    "{reference}/**/*.json",
    "{reference}/*/*.js",
    "{crate}/data/*",
    "{jax}/**/*.bin",
    "{crate}/src/**/*.rs",
    "{jax}/**/*.py",
    "backends/*/{name}/**/*.py",
    "harness/oracles/{name}*",
    "harness/measures/{name}*",
)

OF_ORACLE = "harness/baselines/{baseline}_source.py"
"""How the upstream code that an oracle runs is fetched and compiled."""

OF_ENTRY = (
    *("name", "reference", "backends", "variants", "tests"),
    *("oracle", "comparator", "mode", "states", "habits", "measure", "jax_module"),
)
"""What of the registry's entry decides what is proven; the whole file lists other environments."""


def files(entry: Entry) -> list[Path]:
    """The files, sorted by their path from the root of the repository."""
    module = entry.reference.split(":")[0]
    places = {
        "name": entry.name,
        "reference": module.replace(".", "/"),
        "crate": entry.extra.get("crate", f"backends/rust/envs/{entry.name}"),
        "jax": entry.extra.get("jax", f"backends/jax/samestep_jax/{entry.name}"),
    }
    patterns = (*SHARED, *(pattern.format(**places) for pattern in OF_ENVIRONMENT))
    if entry.oracle:
        patterns += tuple(OF_ORACLE.format(baseline=name) for name in entry.baselines)
    found = {path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}
    found -= {ROOT / name for name in LISTS}
    found = {path for path in found if "node_modules" not in path.parts}
    return sorted(found, key=lambda path: path.relative_to(ROOT).as_posix())


def proof_hash(entry: Entry) -> str:
    """SHA-256, in hex, over the names and contents of `files`, and what the entry says."""
    digest = hashlib.sha256()
    for name in OF_ENTRY:
        digest.update(f"{name} {getattr(entry, name)!r}\n".encode())
    for path in files(entry):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
