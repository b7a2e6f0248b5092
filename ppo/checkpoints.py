"""Checkpoints: one file each, written whole or not at all, and refused if a bit of it differs.

A file is a line that says what it is, the SHA-256 of the rest, a header in JSON with its length in
front, and arrays in msgpack.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flax.serialization
import jax
import numpy as np

from harness import registry
from harness.errors import UserError
from ppo.envs import layout_of
from ppo.ppo import Agent, Args, Learned

MAGIC = b"samestep ppo checkpoint 1\n"
DIGEST = hashlib.sha256().digest_size
NAME = re.compile(r"checkpoint-(\d+)\.ckpt")
KEPT = 2
"""Newest checkpoints of a run that are kept: should one be damaged, the one before is there."""


@dataclass(frozen=True)
class SavedPolicy:
    """A trained policy, and the configuration that it was trained with."""

    args: Args
    learned: Learned
    facts: dict[str, Any]
    """What else the file says: steps, commit, version of the environment."""

    def agent(self, num_envs: int) -> Agent:
        """The programs that act by it, for N instances."""
        args = dataclasses.replace(self.args, num_envs=num_envs, num_minibatches=1)
        return Agent(args, layout_of(registry.get(args.env), args.params))


def write(path: Path, header: dict[str, Any], arrays: Any) -> None:
    """Write a file, whole or not at all.

    Args:
        path: where.
        header: plain data.
        arrays: nested dicts and lists of arrays.

    Raises:
        UserError: if it cannot be written.
    """
    text = json.dumps(header).encode()
    packed = flax.serialization.msgpack_serialize(jax.tree.map(np.asarray, arrays))
    rest = len(text).to_bytes(8, "little") + text + packed
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            file.write(MAGIC + hashlib.sha256(rest).digest() + rest)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None


def read(path: Path) -> tuple[dict[str, Any], Any]:
    """Header and arrays.

    Raises:
        UserError: in one line, if there is no such file, or it is not as it was written.
    """
    accepted = "accepted: a whole checkpoint"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; {accepted}") from None
    if not content.startswith(MAGIC):
        raise UserError(f"{path} is no checkpoint of this version, or cut off; {accepted}")
    digest, rest = content[len(MAGIC) :][:DIGEST], content[len(MAGIC) + DIGEST :]
    if hashlib.sha256(rest).digest() != digest:
        raise UserError(f"{path} is damaged or cut off: its checksum differs; {accepted}")
    length = int.from_bytes(rest[:8], "little")
    header: dict[str, Any] = json.loads(rest[8 : 8 + length])
    return header, flax.serialization.msgpack_restore(rest[8 + length :])


def save_policy(path: Path, args: Args, learned: Learned, facts: dict[str, Any]) -> None:
    """Write a policy alone, without what resuming its training needs."""
    header = {"kind": "policy", "args": dataclasses.asdict(args), "facts": facts}
    write(path, header, leaves_of(learned))


def load_policy(path: Path) -> SavedPolicy:
    """The policy that a run ended with, or one that is shipped.

    Raises:
        UserError: in one line, for a damaged file, one of other weights than its header says, or
            one that a run is resumed from.
    """
    header, arrays = read(path)
    args = args_from(header["args"], path)
    if header["kind"] != "policy":
        raise UserError(
            f"{path} is what an unfinished run goes on from; accepted: a policy, which the run "
            "writes beside it when it ends"
        )
    agent = Agent(
        dataclasses.replace(args, num_minibatches=1),
        layout_of(registry.get(args.env), args.params),
    )
    learned = restored(jax.eval_shape(agent.learned, 0), arrays, path)
    return SavedPolicy(args, learned, header["facts"])


def args_from(saved: dict[str, Any], path: Path) -> Args:
    """The configuration in a header.

    Raises:
        UserError: if it is not one of this version.
    """
    try:
        return Args(**saved)
    except TypeError as error:
        raise UserError(f"{path} has another configuration: {error}") from None


def leaves_of(tree: Any) -> dict[str, Any]:
    """A pytree's leaves by their number."""
    return {str(i): leaf for i, leaf in enumerate(jax.tree.leaves(tree))}


def restored(like: Any, arrays: dict[str, Any], path: Path) -> Any:
    """A pytree as `like`, of the saved leaves.

    Raises:
        UserError: if number, shapes or dtypes differ.
    """
    leaves, structure = jax.tree.flatten(like)
    saved = [arrays[key] for key in sorted(arrays, key=int)]
    wanted = [(leaf.shape, np.dtype(leaf.dtype)) for leaf in leaves]
    if wanted != [(array.shape, array.dtype) for array in saved]:
        raise UserError(f"{path} holds other arrays than this configuration has")
    return jax.tree.unflatten(structure, [jax.numpy.asarray(array) for array in saved])


def in_folder(folder: Path) -> list[Path]:
    """A run's checkpoints, the newest last."""
    found = [path for path in folder.glob("checkpoint-*.ckpt") if NAME.fullmatch(path.name)]
    return sorted(found, key=number_of)


def number_of(path: Path) -> int:
    """The update after which a checkpoint was written."""
    match = NAME.fullmatch(path.name)
    assert match is not None
    return int(match[1])
