"""Playing a record again: on a backend for what players observe, in Showdown for its log."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from extras.pokemon.logs.battle import Battle
from extras.pokemon.logs.files import LogError
from extras.pokemon.logs.start import first_row
from harness import registry
from harness.implementations import make_batch
from references.pokemon import SPEC, observation
from references.pokemon.rules import numbered
from references.pokemon.showdown import BattleStart, shared


class Seen(NamedTuple):
    """A battle as both players observe it with full information."""

    observations: np.ndarray  # (T + 1, 2, 358) i32
    winner: int  # 0 it goes on, 1 or 2, 3 tie


def default_backend() -> str:
    """Rust where it is built, or else the reference, which needs Node."""
    try:
        import samestep_rust
    except ImportError:
        return "reference"
    return "rust" if "pokemon" in samestep_rust.env_names() else "reference"


def observe(battle: Battle, backend: str = "") -> Seen:
    """Play a record on a backend.

    Raises:
        LogError: if a choice is not legal, or the battle is over before its choices are.
        UserError: for a backend that is not there.
    """
    entry = registry.get("pokemon")
    params = {"format": battle.format, "full_information": True}
    batch = make_batch(entry, backend or default_backend(), 1, params)
    try:
        row = first_row(battle)[None]
        batch.reset(0)
        batch.import_state(row)
        found = [observation.observe(SPEC.unpack(row), full=True)[0]]
        winner = 0
        for number, actions in enumerate(battle.actions):
            if winner:
                raise LogError(
                    f"the battle is over after {number} of {len(battle.actions)} commits"
                )
            _check(batch.legal(), actions, number)
            step = batch.step(actions[None].astype(np.int32))
            ended = bool(step.terminated[0])
            found.append((step.final_obs if ended else step.obs)[0].copy())
            winner = _winner(step.reward[0]) if ended else 0
    finally:
        batch.close()
    return Seen(np.stack(found), winner)


def _check(legal: np.ndarray | None, actions: np.ndarray, number: int) -> None:
    assert legal is not None
    for player, action in enumerate(actions.tolist()):
        if not legal[0, player, action]:
            accepted = ", ".join(map(str, np.flatnonzero(legal[0, player])))
            raise LogError(
                f"commit {number + 1}: p{player + 1}'s action is {action}; legal then: {accepted}"
            )


def _winner(reward: np.ndarray) -> int:
    return 3 if reward[0] == reward[1] else 1 if reward[0] > reward[1] else 2


def protocol(battle: Battle) -> list[str]:
    """Showdown's own log of this battle: the lines that it would have sent, for every viewer.

    A line that not all may see follows `|split|p1` or `|split|p2`: first as that player sees it,
    then as others do; see `channel`. The time of day, `|t:|`, is left out.

    Raises:
        LogError: as `observe`.
        ShowdownError: if Node or Showdown is missing, or fails.
    """
    teams = (numbered(battle.teams[0]), numbered(battle.teams[1]))
    showdown = shared()
    (number,), rows, _ = showdown.start([BattleStart(battle.format, teams, battle.seed)])
    try:
        for commit, actions in enumerate(battle.actions):
            if rows.view(SPEC.row_dtype)["winner"].any():
                of = f"{commit} of {len(battle.actions)} commits"
                raise LogError(f"the battle is over after {of}")
            try:
                _, rows, _ = showdown.step([number], actions[None])
            except ValueError as error:
                raise LogError(f"commit {commit + 1}: {error}") from None
        log, _ = showdown.log(number)
    finally:
        showdown.forget(number)
    return [line for line in log if not line.startswith("|t:|")]


def channel(log: list[str], viewer: int | None = None) -> list[str]:
    """What one viewer gets of a protocol log.

    Args:
        log: as `protocol` gives it.
        viewer: 0 a spectator, 1 or 2 a player; None for all that there is to know.
    """
    lines = []
    rest = iter(log)
    for line in rest:
        if line.startswith("|split|p"):
            secret, public = next(rest), next(rest)
            shown = secret if viewer is None or line == f"|split|p{viewer}" else public
            lines += [shown] if shown else []  # empty: not for this viewer
        else:
            lines.append(line)
    return lines
