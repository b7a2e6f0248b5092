"""Insertions into files that exist. Each fails, in one line, where its place is not found."""

from __future__ import annotations

import re

from harness.errors import UserError


def before(text: str, anchor: str, new: str, file: str) -> str:
    """`new` right before `anchor`, which stands once.

    Raises:
        UserError: if it does not.
    """
    if text.count(anchor) != 1:
        raise UserError(
            f"{file}: {anchor.strip()!r} stands {text.count(anchor)} times, so the place for the "
            "new lines is unclear; accepted: once"
        )
    return text.replace(anchor, new + anchor)


def after_last(text: str, anchor: str, new: str, file: str) -> str:
    """`new` right after the last `anchor`.

    Raises:
        UserError: if there is none.
    """
    head, found, tail = text.rpartition(anchor)
    if not found:
        raise UserError(f"{file}: no {anchor.strip()!r}; accepted: at least one")
    return head + anchor + new + tail


def among(text: str, header: str, prefix: str, line: str, file: str) -> str:
    """`line` in alphabetical place among the lines after `header` that begin with `prefix`.

    Raises:
        UserError: if there are no such lines.
    """
    head, found, tail = text.partition(header + "\n")
    group = re.search(rf"(?m)(^{re.escape(prefix)}.*\n)+", tail)
    if not found or not group:
        raise UserError(f"{file}: no line {prefix!r} after {header!r}; accepted: at least one")
    lines = sorted([*group[0].splitlines(), line], key=_key)
    return head + found + tail[: group.start()] + "\n".join(lines) + "\n" + tail[group.end() :]


def _key(line: str) -> str:
    """What a line of a manifest is sorted by: the package's name."""
    return re.split(r"[ .=\",]", line.strip(' "'))[0]


def lock_package(text: str, name: str, version: str, dependencies: list[str], user: str) -> str:
    """Cargo.lock with one more package of the workspace, which `user` depends on.

    Raises:
        UserError: if `user` is not in it.
    """
    packages = re.split(r"(?m)^(?=\[\[package\]\]$)", text)
    head, packages = packages[0], [package.rstrip("\n") for package in packages[1:]]
    names = [_package_name(package) for package in packages]
    if user not in names:
        raise UserError(f"Cargo.lock: no package {user!r}; accepted: a lock of this workspace")
    at = names.index(user)
    packages[at] = among(packages[at] + "\n", "dependencies = [", ' "', f' "{name}",', "Cargo.lock")
    wanted = "".join(f' "{dependency}",\n' for dependency in sorted(dependencies))
    packages.append(
        f'[[package]]\nname = "{name}"\nversion = "{version}"\ndependencies = [\n{wanted}]'
    )
    packages.sort(key=_package_name)
    return head + "\n\n".join(package.rstrip("\n") for package in packages) + "\n"


def _package_name(package: str) -> str:
    match = re.search(r'(?m)^name = "(.+)"$', package)
    return match[1] if match else ""
