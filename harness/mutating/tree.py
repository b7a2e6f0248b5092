"""A copy of the working tree to plant bugs in, one a shard, used by one run at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import UserError
from harness.shard import Shard

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("SAMESTEP_CACHE", ROOT / ".cache"))


@contextmanager
def locked_tree(shard: Shard) -> Iterator[Path]:
    """The shard's copy, equal to the working tree as it is now.

    Raises:
        UserError: while another run uses it.
    """
    folder = CACHE / "mutants" / f"{shard.index}-of-{shard.count}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"another run is planting bugs in {folder}; wait for it, or take another SHARD"
            ) from None
        tree = folder / "tree"
        copy_tree(tree)
        yield tree


def copy_tree(tree: Path) -> None:
    """Make `tree` equal to the working tree without what git ignores.

    Unchanged files keep their time stamps, which saves a rebuild.
    """
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    listed = {Path(os.fsdecode(name)) for name in listing.stdout.split(b"\0") if name}
    wanted = {name for name in listed if (ROOT / name).is_file()}
    tree.mkdir(parents=True, exist_ok=True)
    for path in tree.rglob("*"):
        relative = path.relative_to(tree)
        if path.is_file() and relative.parts[0] != "target" and relative not in wanted:
            path.unlink()
    for name in wanted:
        source, target = ROOT / name, tree / name
        if not target.is_file() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
