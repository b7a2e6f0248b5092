"""The file that reproduces a failure: start, actions, and the difference that was seen."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness import registry
from harness.errors import UserError
from harness.registry import Entry
from harness.verifying.compare import Comparator, Difference, comparator
from harness.verifying.errors import ErrorComparator
from harness.verifying.trial import Start
from references.batch import check_actions
from references.contract import DiscreteAction

FORMAT = "samestep failure 2"
ACCEPTED = "accepted: a file that verify wrote under results/verify/failures"


@dataclass(frozen=True)
class Bundle:
    """One failure. `start` and `actions` are for the reference and the backend alike."""

    entry: Entry
    variant: str
    params: dict[str, Any]
    backend: str
    seed: int
    env_index: int
    episode: int
    start: Start
    actions: np.ndarray  # (T, num_envs, ...)
    difference: Difference
    reproduced: bool
    """False if the verifier saw the difference once and could not show it again."""
    case: str = ""
    """Which injected state it is a step from, in words."""

    def comparator(self) -> Comparator:
        """What judges it: the difference's own bound, or the environment's."""
        bound = self.difference.bound
        if bound is None:
            return comparator(self.entry, self.params)
        return ErrorComparator(self.entry.spec.under(self.params), bound)

    def to_json(self) -> dict[str, Any]:
        """What the file holds."""
        spec = self.entry.spec
        rows = None if self.start.rows is None else [bytes(row).hex() for row in self.start.rows]
        return {
            "format": FORMAT,
            "env": self.entry.name,
            "version": spec.version,
            "layout": spec.layout_id,
            "variant": self.variant,
            "params": self.params,
            "backend": self.backend,
            "seed": self.seed,
            "env_index": self.env_index,
            "episode": self.episode,
            "start": {"num_envs": self.start.num_envs, "seed": self.start.seed, "rows": rows},
            "case": self.case,
            "difference": asdict(self.difference),
            "reproduced": self.reproduced,
            "steps": len(self.actions),
            "actions": self.actions.tolist(),
        }


def write(bundle: Bundle, folder: Path) -> Path:
    """Write the file; its name says what it is about."""
    field = bundle.difference.field.split("[")[0].replace("state.", "").split(" ")[0]
    name = (
        f"{bundle.entry.name}-{bundle.backend}-{bundle.variant}-seed{bundle.seed}"
        f"-env{bundle.env_index}-episode{bundle.episode}-{field}.json"
    )
    if bundle.case:
        case = bundle.case.replace(" ", "")
        name = name.replace(f"-env{bundle.env_index}-episode{bundle.episode}", f"-{case}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(json.dumps(bundle.to_json()) + "\n")
    return path


def read(path: Path) -> Bundle:
    """Read a file.

    Raises:
        UserError: if it is missing, cut off, of another version, or was tampered with.
    """
    try:
        data = json.loads(path.read_text())
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; {ACCEPTED}") from None
    except ValueError:
        raise UserError(f"{path} is cut off or not JSON; {ACCEPTED}") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UserError(f"{path} is not in the format {FORMAT!r}; {ACCEPTED}")
    try:
        return _parse(data)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        what = f"has no {error}" if isinstance(error, KeyError) else f"is damaged: {error}"
        raise UserError(f"{path} {what}; {ACCEPTED}") from None


def _parse(data: dict[str, Any]) -> Bundle:
    entry = registry.get(data["env"])
    spec = entry.spec
    if data["layout"] != spec.layout_id or data["version"] != spec.version:
        raise UserError(
            f"recorded with {spec.name} version {data['version']}, layout {data['layout']:#010x}; "
            f"accepted: version {spec.version}, layout {spec.layout_id:#010x}"
        )
    params = dict(data["params"])
    num_envs = int(data["start"]["num_envs"])
    start = _start(entry, data["start"], num_envs)
    difference = Difference(**{**data["difference"], "others": _others(data["difference"])})
    return Bundle(
        entry=entry,
        variant=str(data["variant"]),
        params=params,
        backend=str(data["backend"]),
        seed=int(data["seed"]),
        env_index=int(data["env_index"]),
        episode=int(data["episode"]),
        start=start,
        actions=_actions(entry, params, data["actions"], int(data["steps"]), num_envs),
        difference=difference,
        reproduced=bool(data["reproduced"]),
        case=str(data["case"]),
    )


def _others(data: dict[str, Any]) -> tuple[str, ...]:
    return tuple(map(str, data["others"]))


def _start(entry: Entry, data: dict[str, Any], num_envs: int) -> Start:
    if data["rows"] is None:
        return Start(num_envs, seed=int(data["seed"]))
    rows = [np.frombuffer(bytes.fromhex(row), np.uint8) for row in data["rows"]]
    if len(rows) != num_envs:
        raise ValueError(f"{len(rows)} state rows for {num_envs} instances")
    for row in rows:
        if len(row) != entry.spec.state_bytes:
            raise ValueError(
                f"a state row has {len(row)} bytes; {entry.name} has {entry.spec.state_bytes}"
            )
    stacked = np.stack(rows)
    entry.spec.unpack(stacked)
    return Start(num_envs, rows=stacked)


def _actions(
    entry: Entry, params: dict[str, Any], data: list[Any], steps: int, num_envs: int
) -> np.ndarray:
    spec = entry.spec.under(params)
    checked = spec.check_params(params)
    layout = spec.action(checked)
    players = () if spec.num_players == 1 else (spec.num_players,)
    own = () if isinstance(layout, DiscreteAction) else layout.shape
    dtype = np.int32 if isinstance(layout, DiscreteAction) else np.float32
    shape = (steps, num_envs, *players, *own)
    actions = np.asarray(data, dtype)
    if steps == 0:
        actions = actions.reshape(shape)
    if actions.shape != shape:
        raise ValueError(f"actions are {actions.shape}; {spec.name} takes {shape}")
    check_actions(spec, checked, actions)
    return actions
