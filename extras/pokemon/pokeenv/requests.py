"""Showdown's requests from STATE, and what they say of the ten actions.

A request is the JSON that Showdown sends a player who has to choose (sim/SIM-PROTOCOL.md in the
package). poke-env keeps the last one in `Battle.last_request`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from references.pokemon import observation, spec, tables

ACTIONS, MOVE_SLOTS, FIRST_MOVE = 10, 4, 6
STATUSES = ("", "brn", "par", "slp", "frz", "psn", "tox")
LOCKED_OUT = (3, 4)
"""Statuses in which only Fight is offered: asleep, frozen."""

Request = dict[str, Any]


class IllegalOrderError(ValueError):
    """An order that Showdown would refuse."""


def request_of(row: np.void, side: int, username: str = "") -> Request:
    """What Showdown asks of a player (Showdown 0.11.11, sim/pokemon.ts, getMoveRequestData).

    Args:
        row: one battle's STATE, a structured scalar with `spec.STATE`'s fields.
        side: 0 for the first player, 1 for the second.
        username: the player's name.
    """
    party = [
        _pokemon(row, side, slot, position == 0)
        for position, slot in enumerate(row["order"][side])
        if slot != spec.CONSTANTS["NO_POKEMON"]
    ]
    request: Request = {"side": {"name": username, "id": f"p{side + 1}", "pokemon": party}}
    asked = row["request"][side]
    if asked == spec.CONSTANTS["REQUEST_MOVE"]:
        return {"active": [_active(row, side)], **request}
    if asked == spec.CONSTANTS["REQUEST_SWITCH"]:
        return {"forceSwitch": [True], **request}
    return {"wait": True, **request}


def legal_actions(request: Request, team: Sequence[str]) -> np.ndarray:
    """The mask of the ten actions, (10,) bool.

    Args:
        request: Showdown's.
        team: the identifiers ("p1: Chansey") of the team's slots, in the order as given.
    """
    legal = np.zeros(ACTIONS, bool)
    if request.get("wait"):
        legal[0] = True
        return legal
    active = request.get("active", [{}])[0]
    for action in _move_actions(request):
        legal[action] = True
    if not active.get("trapped"):
        for position, pokemon in enumerate(request["side"]["pokemon"]):
            if position > 0 and not pokemon["condition"].endswith(" fnt"):
                legal[team.index(pokemon["ident"])] = True
    return legal


def action_of(message: str, request: Request, team: Sequence[str], front: str = "") -> int:
    """The action that a choice stands for, read as Showdown reads it (sim/side.ts, choose).

    Args:
        message: as poke-env's orders have it: "/choose move thunderbolt", "/choose switch Chansey",
            "/choose move 2", "/choose switch 3", "/choose default".
        request: what it answers.
        team: as `legal_actions` takes it.
        front: the species that the Pokemon in front has now, as `front_of` gives it. A name that
            means a benched Pokemon means the one in front if that has transformed into its like.

    Raises:
        IllegalOrderError: for one that Showdown would refuse.
    """
    kind, _, what = message.removeprefix("/choose ").partition(" ")
    if kind == "default":
        action = _default(request, team)
    elif kind == "switch":
        action = _switch(what, request, team, front)
    elif kind == "move":
        action = _move(what, request)
    else:
        action = -1
    if action < 0 or not legal_actions(request, team)[action]:
        raise IllegalOrderError(f"{message!r} is no legal choice here")
    return action


def message_of(action: int, request: Request, team: Sequence[str]) -> str:
    """The choice that an action stands for: by number, which no two moves or Pokemon share.

    Raises:
        IllegalOrderError: if the action is not legal.
    """
    if not legal_actions(request, team)[action]:
        raise IllegalOrderError(f"action {action} is not legal here")
    if action >= FIRST_MOVE:
        locked = len(request["active"][0]["moves"]) == 1 and not _shown(request)
        return f"/choose move {1 if locked else action - FIRST_MOVE + 1}"
    idents = [pokemon["ident"] for pokemon in request["side"]["pokemon"]]
    return f"/choose switch {idents.index(team[action]) + 1}"


def _shown(request: Request) -> bool:
    """Whether moves are offered with their PP, in their slots."""
    return all("pp" in move for move in request["active"][0]["moves"])


def _move_actions(request: Request) -> list[int]:
    """The action of every move that the request offers."""
    if "active" not in request:
        return []
    moves = request["active"][0]["moves"]
    if _shown(request):
        return [FIRST_MOVE + i for i, move in enumerate(moves) if not move["disabled"]]
    # One locked move, or Fight, Struggle or Recharge: of the first slot that has it, or the first.
    held = request["side"]["pokemon"][0]["moves"]
    only = moves[0]["id"]
    return [FIRST_MOVE + (held.index(only) if only in held else 0)]


def _default(request: Request, team: Sequence[str]) -> int:
    """The first move that can be used, or, where there is none to choose, the first Pokemon."""
    moves = _move_actions(request)
    if moves:
        return moves[0]
    party = request["side"]["pokemon"]
    idents = [one["ident"] for one in party[1:] if not one["condition"].endswith(" fnt")]
    return team.index(idents[0]) if idents else -1


def _switch(what: str, request: Request, team: Sequence[str], front: str) -> int:
    party = request["side"]["pokemon"]
    if what.isdigit():
        return team.index(party[int(what) - 1]["ident"]) if 0 < int(what) <= len(party) else -1
    if front and _id(what) == front:
        return -1
    for pokemon in party:
        ident = str(pokemon["ident"])
        if ident.partition(": ")[2].lower() == what.lower():
            return team.index(ident)
    return -1


def _move(what: str, request: Request) -> int:
    if "active" not in request:
        return -1
    moves = request["active"][0]["moves"]
    ids = [move["id"] for move in moves]
    index = int(what) - 1 if what.isdigit() else ids.index(what) if what in ids else -1
    if not 0 <= index < len(moves):
        return -1
    return FIRST_MOVE + index if _shown(request) else _move_actions(request)[0]


def _id(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum())


def front_of(row: np.void, side: int) -> str:
    """The id of the species that a side's Pokemon in front has now; "" once it has fainted."""
    return tables.SPECIES_IDS[int(row["active_species"][side])]


def name_of(row: np.void, side: int, slot: int) -> str:
    """What Showdown calls a Pokemon without a nickname."""
    return tables.SPECIES_NAMES[int(row["species"][side, slot])]


def details_of(row: np.void, side: int, slot: int) -> str:
    """Species and level as Showdown writes them: "Chansey, L74", or "Chansey" at level 100."""
    level = row["level"][side, slot]
    return name_of(row, side, slot) + ("" if level == 100 else f", L{level}")


def team_of(row: np.void, side: int) -> list[str]:
    """The identifiers of a team's slots, in the order as given."""
    slots = np.flatnonzero(row["species"][side])
    return [f"p{side + 1}: {name_of(row, side, int(slot))}" for slot in slots]


def condition_of(row: np.void, side: int, slot: int, maximum: int, hp: int) -> str:
    """HP and status as Showdown writes them: "57/100 par", "0 fnt"."""
    if row["hp"][side, slot] == 0:
        return "0 fnt"
    status = STATUSES[row["status"][side, slot]]
    return f"{hp}/{maximum}" + (f" {status}" if status else "")


def stats_of(row: np.void, side: int) -> np.ndarray:
    """(6, 5): maximum HP, attack, defense, speed and special without stages."""
    return observation.stats_of(row["species"][side], row["level"][side], row["stat_points"][side])


def is_active(row: np.void, side: int, slot: int) -> bool:
    """Whether this Pokemon is in front, fainted or not."""
    return bool(row["order"][side, 0] == slot)


def moves_of(row: np.void, side: int, slot: int) -> list[int]:
    """The moves that a Pokemon has now: with Mimic and Transform, if it is in front."""
    changed = is_active(row, side, slot) and row["hp"][side, slot] > 0
    held = row["active_moves"][side] if changed else row["moves"][side, slot]
    return [int(move) for move in held if move]


def _pokemon(row: np.void, side: int, slot: int, active: bool) -> Request:
    hp, attack, defense, speed, special = (int(stat) for stat in stats_of(row, side)[slot])
    return {
        "ident": f"p{side + 1}: {name_of(row, side, slot)}",
        "details": details_of(row, side, slot),
        "condition": condition_of(row, side, slot, hp, int(row["hp"][side, slot])),
        "active": active,
        "stats": {"atk": attack, "def": defense, "spa": special, "spd": special, "spe": speed},
        "moves": [tables.MOVE_IDS[move] for move in moves_of(row, side, slot)],
        "baseAbility": "noability",
        "item": "",
        "pokeball": "pokeball",
    }


def _active(row: np.void, side: int) -> Request:
    hard = _hard_lock(row, side)
    maybe = not hard and _maybe_locked(row, side)
    locked = hard or ("" if maybe else _soft_lock(row, side))
    offered: Request
    if locked:
        offered = {"moves": [{"move": _move_name(locked), "id": locked}]}
    elif _only_fight(row, side, maybe):
        offered = {"moves": [{"move": "Fight", "id": "fight"}]}
    else:
        offered = {"moves": _slots(row, side) or [_STRUGGLE]}
    if hard:
        offered["trapped"] = True
    if maybe:
        offered["maybeLocked"] = True
    return offered


_STRUGGLE = {"move": "Struggle", "id": "struggle", "target": "randomNormal", "disabled": False}


def _move_name(move: str) -> str:
    return "Recharge" if move == "recharge" else tables.MOVE_NAMES[tables.MOVE_IDS.index(move)]


def _hard_lock(row: np.void, side: int) -> str:
    """The move that leaves no choice at all, not even to switch; "" for none."""
    if row["recharge"][side]:
        return "recharge"
    for move in (int(row["thrash_move"][side]), int(row["charging_move"][side])):
        if move:
            return tables.MOVE_IDS[move]
    return "rage" if row["rage"][side] else ""


def _soft_lock(row: np.void, side: int) -> str:
    """The move that is the only one, although switching is allowed; "" for none."""
    if row["bide_turns"][side]:
        return "bide"
    return tables.MOVE_IDS[int(row["trapping_move"][side])]


def _maybe_locked(row: np.void, side: int) -> bool:
    """Whether a lock on the moves is kept from the player until one is chosen."""
    trapping = row["trapping_move"][side] and (
        int(row["trapping_total"][side]) - int(row["trapping_turns"][side]) > 1
    )
    trapped = row["trapped_turns"][side] and row["trapped_maybe"][side]
    if not (trapping or trapped or row["fake_trapped_turns"][side]):
        return False
    asleep = row["status"][side, row["order"][side, 0]] in LOCKED_OUT
    return not asleep and not row["bide_turns"][side]


def _only_fight(row: np.void, side: int, maybe: bool) -> bool:
    if row["status"][side, row["order"][side, 0]] in LOCKED_OUT:
        return True
    return bool(row["trapped_turns"][side]) and not maybe


def _slots(row: np.void, side: int) -> list[Request]:
    """All moves with their PP; none if not one of them can be used."""
    moves = []
    for slot, move in enumerate(row["active_moves"][side]):
        if not move:
            continue
        pp = int(row["active_pp"][side, slot])
        disabled = row["disable_move"][side] and row["disable_slot"][side] == slot
        moves.append(
            {
                "move": tables.MOVE_NAMES[move],
                "id": tables.MOVE_IDS[move],
                "pp": pp,
                "disabled": bool(disabled) or pp == 0,
            }
        )
    return moves if any(not move["disabled"] for move in moves) else []
