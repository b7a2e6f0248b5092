"""The environment's observation and mask, made from what a poke-env player has been told.

A player on a server gets a battle's messages and requests, and poke-env keeps both. `Observer`
reads them to what docs/envs/pokemon.md lays out: the numbers that the environment itself gives for
the same battle, as far as messages tell them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from poke_env.battle.battle import Battle
from poke_env.data import to_id_str

from extras.pokemon.pokeenv import requests
from extras.pokemon.pokeenv.known import FLAGS, NO_TYPE, TYPES, Front, Own, Seen, Using
from extras.pokemon.pokeenv.requests import Request
from references.pokemon import observation, spec, tables

MOVES = {name: number for number, name in enumerate(tables.MOVE_IDS)}
SPECIES = {to_id_str(name): number for number, name in enumerate(tables.SPECIES_NAMES)}
STAGES = {"atk": 0, "def": 1, "spe": 2, "spa": 3, "accuracy": 4, "evasion": 5}
"""spd is left out: Showdown reports Special twice."""
TWO_TURNS = ("dig", "fly", "razorwind", "skullbash", "skyattack", "solarbeam")
OUT_OF_REACH = ("dig", "fly")
THRASHING = ("thrash", "petaldance")
TRAPPING = ("bind", "wrap", "clamp", "firespin")
CALLING = ("metronome", "mirrormove")
FROM = "[from] "
LONGEST_TRAP = 5
COPIED_PP = 5
PP_WRAP = 64


class Observer:
    """Follows one battle for one player. Ask it at every decision, and at nothing else."""

    def __init__(self) -> None:
        self._read = 0
        self._side = 0
        self._fronts = [Front(), Front()]
        self._seen: dict[str, Seen] = {}
        self._foe = ""
        self._team: list[str] = []
        self._own: dict[str, Own] = {}
        self._own_front = ""
        self._copied: list[int] = []
        self._copied_pp = [0] * requests.MOVE_SLOTS
        self._maxima: dict[str, int] = {}
        self._using: Using | None = None
        self._held = False
        self._caller = ""

    def observe(self, battle: Battle) -> tuple[np.ndarray, np.ndarray]:
        """The observation, (224,) i16, and the mask, (10,) bool, of a player who has to choose."""
        request: Request = battle.last_request
        if not self._team:
            self._meet(request)
        for message in battle._replay_data[self._read :]:
            self._take_in(message)
        self._read = len(battle._replay_data)
        self._settle()
        self._learn(request)
        return self._columns(battle, request), requests.legal_actions(request, self._team)

    @property
    def team(self) -> list[str]:
        """The identifiers of the own team's slots, in the order as given."""
        return self._team

    def _meet(self, request: Request) -> None:
        """A battle's first request: the team in the order as given, at full PP."""
        self._side = int(request["side"]["id"][1]) - 1
        full = tables.CONSTANTS["MOVE_PP"]
        assert isinstance(full, tuple)
        for one in request["side"]["pokemon"]:
            self._team.append(one["ident"])
            moves = [MOVES[move] for move in one["moves"]]
            self._own[one["ident"]] = Own(moves, [full[move] for move in moves])

    # Messages, in the order in which they arrive.

    def _take_in(self, message: Sequence[str]) -> None:
        kind, rest = message[1] if len(message) > 1 else "", list(message[2:])
        handler = getattr(self, "_on_" + kind.removeprefix("-"), None)
        if handler is not None:
            handler(*_with_side(rest))

    def _on_switch(self, side: int, ident: str, details: str, condition: str, *_: str) -> None:
        self._settle()
        species, level = _details(details)
        self._fronts[side] = Front(species, _types_of(species))
        other = self._fronts[1 - side]
        other.last_move = other.trap_hits = 0
        self._held = False
        if side == self._side:
            self._own_front = ident
            return
        self._foe = ident
        if ident not in self._seen:
            self._seen[ident] = Seen(species, level)
        self._condition(side, condition)

    def _on_move(self, side: int, ident: str, name: str, _: str = "", *more: str) -> None:
        self._settle()
        move, front = to_id_str(name), self._fronts[side]
        origin = next((_effect(one[len(FROM) :]) for one in more if one.startswith(FROM)), "")
        self._using = Using(side, move, bool(origin) and move in TRAPPING)
        second_turn = front.charging == MOVES[move]
        if second_turn or move not in TWO_TURNS:
            front.last_move = MOVES[move]
        if side == self._side:
            self._account(ident, move, origin, second_turn)
        elif not (origin or front.transformed):
            self._reveal(ident, move)
        if second_turn:
            front.charging, front.out_of_reach = 0, False
        front.thrashing |= move in THRASHING
        if move in TRAPPING:
            self._fronts[1 - side].recharging = False
        if not self._using.holds_on:
            front.trap_hits = 0

    def _on_miss(self, side: int, *_: str) -> None:
        self._fail()

    def _on_notarget(self, *_: str) -> None:
        self._fail()

    def _on_immune(self, side: int, *_: str) -> None:
        self._fail()

    def _on_fail(self, side: int, *_: str) -> None:
        self._fail()

    def _on_cant(self, side: int, ident: str, reason: str, *_: str) -> None:
        self._settle()
        front = self._fronts[side]
        front.trap_hits = 0
        if reason in ("slp", "frz"):
            front.last_move = 0
        elif reason == "par":
            front.interrupted()
        elif reason in ("recharge", "flinch"):
            front.recharging = False
        elif reason == "Disable":
            front.charging = 0

    def _on_turn(self, *_: str) -> None:
        self._settle()
        for front in self._fronts:
            if not front.trap_hit_now:
                front.trap_hits = 0
            front.trap_hit_now = False
        self._held = any(front.trap_hits for front in self._fronts)

    def _on_faint(self, side: int, ident: str, *_: str) -> None:
        if self._using and self._using.holds_on and self._using.side != side:
            self._held = False  # else it is let go of when the turn ends
        self._settle()
        if side != self._side:
            self._seen[ident].percent = self._seen[ident].status = 0
        self._fronts[side] = Front()
        self._fronts[1 - side].trap_hits = 0

    def _on_damage(self, side: int, ident: str, condition: str, *more: str) -> None:
        self._condition(side, condition)
        if "[from] confusion" in more:
            self._fronts[side].interrupted()
            self._fronts[side].out_of_reach = False

    def _on_heal(self, side: int, ident: str, condition: str, *_: str) -> None:
        self._condition(side, condition)

    def _on_sethp(self, side: int, ident: str, condition: str, *_: str) -> None:
        self._condition(side, condition)

    def _on_status(self, side: int, ident: str, status: str, *_: str) -> None:
        if side != self._side:
            self._seen[ident].status = requests.STATUSES.index(status)
        if status == "slp" and self._using and self._using.side != side:
            self._fronts[side].recharging = False

    def _on_curestatus(self, side: int, ident: str, status: str, *more: str) -> None:
        if side != self._side:
            self._seen[ident].status = 0
        if status == "slp" and "[silent]" not in more:
            self._fronts[side].last_move = 0

    def _on_boost(self, side: int, ident: str, stat: str, by: str, *_: str) -> None:
        self._stage(side, stat, int(by))

    def _on_unboost(self, side: int, ident: str, stat: str, by: str, *_: str) -> None:
        self._stage(side, stat, -int(by))

    def _on_clearallboost(self, *_: str) -> None:
        for front in self._fronts:
            front.stages = [0] * 6

    def _on_mustrecharge(self, side: int, *_: str) -> None:
        self._fronts[side].recharging = True

    def _on_prepare(self, side: int, ident: str, name: str, *_: str) -> None:
        move = to_id_str(name)
        self._fronts[side].charging = MOVES[move]
        self._fronts[side].out_of_reach |= move in OUT_OF_REACH

    def _on_start(self, side: int = 0, ident: str = "", effect: str = "", *more: str) -> None:
        front, name = self._fronts[side], _effect(effect)
        if name in FLAGS:
            front.flags.add(name)
        if name == "confusion" and "[silent]" in more:
            front.thrashing = False
        elif name == "bide":
            front.biding = True
        elif name == "disable":
            front.disabled = MOVES[to_id_str(more[0])]
        elif name == "mimic":
            front.mimicked = MOVES[to_id_str(more[0])]
        elif name == "typechange":
            types = [TYPES[one] for one in more[0].split("/")]
            front.types = (types[0], types[1] if len(types) > 1 else NO_TYPE)

    def _on_end(self, side: int, ident: str, effect: str, *more: str) -> None:
        front, name = self._fronts[side], _effect(effect)
        front.flags.discard(name)
        if name == "bide":
            front.biding = False
        elif name == "disable":
            front.disabled = 0
        elif name == "substitute" and self._using:
            self._using.broke_substitute = True
        elif "[partiallytrapped]" in more:
            self._fronts[1 - side].trap_hits = 0

    def _on_transform(self, side: int, ident: str, into: str, *_: str) -> None:
        front, other = self._fronts[side], self._fronts[1 - side]
        front.species, front.types, front.transformed = other.species, other.types, True
        front.stages = list(other.stages)
        front.mimicked = 0
        if side == self._side:
            self._copied_pp = [COPIED_PP] * requests.MOVE_SLOTS

    # What the messages mean.

    def _fail(self) -> None:
        if self._using:
            self._using.failed = True

    def _settle(self) -> None:
        """The move that was being used is over: what it brings if it succeeded."""
        using, self._using = self._using, None
        if using is None:
            return
        front = self._fronts[using.side]
        if using.move == "rage" and not (using.failed or using.broke_substitute):
            front.raging = True
        if using.move in TRAPPING:
            front.trap_hits = 0 if using.failed else (front.trap_hits + 1) % LONGEST_TRAP
            front.trap_hit_now = not using.failed

    def _condition(self, side: int, condition: str) -> None:
        """HP and status, "57/100 par", of the other side's active Pokemon."""
        if side == self._side:
            return
        hp, _, status = condition.partition(" ")
        seen = self._seen[self._foe]
        fainted = status == "fnt"
        seen.percent = 0 if fainted else int(hp.partition("/")[0])
        seen.status = 0 if fainted else requests.STATUSES.index(status)

    def _stage(self, side: int, stat: str, by: int) -> None:
        if stat in STAGES:
            stages, index = self._fronts[side].stages, STAGES[stat]
            stages[index] = max(-6, min(6, stages[index] + by))

    def _reveal(self, ident: str, move: str) -> None:
        number = MOVES[move]
        if move != "struggle" and number != self._fronts[1 - self._side].mimicked:
            self._seen[ident].moves.add(number)

    def _account(self, ident: str, move: str, origin: str, second_turn: bool) -> None:
        """What using a move costs an own Pokemon, for when the next request does not show it.

        Source: Showdown 0.11.11, data/mods/gen1/scripts.ts, runMove and useMove. Moves of two turns
        are paid on the second; one that Metronome or Mirror Move calls gives theirs back till then.
        """
        if second_turn:
            self._pay(ident, self._caller or move, 1)
        elif origin in CALLING:
            if move in TWO_TURNS:
                self._pay(ident, origin, -1)
            self._caller = origin
            self._repay_original(ident, origin)
        elif not origin:
            self._caller = ""
            if move not in TWO_TURNS:
                self._pay(ident, move, 1)

    def _pay(self, ident: str, move: str, amount: int) -> None:
        pp = self._copied_pp if self._fronts[self._side].transformed else self._own[ident].pp
        slots = self._slots(ident, move)
        if slots:
            slot = next(
                (slot for slot in slots if pp[slot]), slots[0]
            )  # an empty one is not offered
            pp[slot] = (pp[slot] - amount) % PP_WRAP

    def _repay_original(self, ident: str, caller: str) -> None:
        """While transformed, a call also adds a PP to the slot's own move."""
        slots, pp = self._slots(ident, caller), self._own[ident].pp
        if self._fronts[self._side].transformed and slots and slots[0] < len(pp):
            pp[slots[0]] = (pp[slots[0]] + 1) % PP_WRAP

    def _slots(self, ident: str, move: str) -> list[int]:
        """The slots in which an own Pokemon has a move now: with Mimic there can be several."""
        front = self._fronts[self._side]
        held = self._copied if front.transformed else self._own[ident].moves
        if front.mimicked:
            held = [front.mimicked if one == MOVES["mimic"] else one for one in held]
        return [slot for slot, one in enumerate(held) if one == MOVES[move]]

    def _learn(self, request: Request) -> None:
        """What an own request tells of the Pokemon in front."""
        if "active" not in request:
            return
        front, own = self._fronts[self._side], self._own[self._own_front]
        active = request["active"][0]
        only = active["moves"][0]["id"] if active.get("trapped") else ""
        front.recharging = only == "recharge"
        front.raging = only == "rage"
        front.thrashing = only in THRASHING
        front.charging = MOVES[only] if only in TWO_TURNS else 0
        if front.transformed:
            self._copied = [MOVES[move] for move in request["side"]["pokemon"][0]["moves"]]
        if all("pp" in move for move in active["moves"]):
            left = [int(move["pp"]) for move in active["moves"]]
            if front.transformed:
                self._copied_pp = left
            else:
                own.pp = left

    # The layout.

    def _columns(self, battle: Battle, request: Request) -> np.ndarray:
        asked = spec.CONSTANTS["REQUEST_MOVE" if "active" in request else "REQUEST_SWITCH"]
        columns: list[int] = [battle.turn, int(asked)]  # type: ignore[arg-type]
        party = {one["ident"]: one for one in request["side"]["pokemon"]}
        for ident in self._team:
            columns += self._own_columns(party[ident])
        columns += [0] * (observation.OWN_SIZE * (6 - len(self._team)))
        for ident, seen in self._seen.items():
            columns += seen.columns(ident == self._foe and seen.percent > 0)
        columns += [0] * (observation.FOE_SIZE * (6 - len(self._seen)))
        own, foe = self._fronts[self._side], self._fronts[1 - self._side]
        own_front = party[self._own_front]
        if _hp(own_front)[0]:
            columns += [*own.columns(self._held), *self._moves_now(own_front)]
        else:
            columns += [0] * (observation.ACTIVE_SIZE + 2 * requests.MOVE_SLOTS)
        standing = self._seen[self._foe].percent > 0
        columns += foe.columns(self._held) if standing else [0] * observation.ACTIVE_SIZE
        return np.array(columns, np.int16)

    def _own_columns(self, one: Request) -> list[int]:
        own, stats = self._own[one["ident"]], one["stats"]
        (hp, maximum), standing = _hp(one), not one["condition"].endswith(" fnt")
        status = one["condition"].partition(" ")[2]
        if not standing:
            maximum = self._maxima.get(one["ident"], 0)
        self._maxima[one["ident"]] = maximum
        return [
            *_details(one["details"]),
            hp,
            maximum,
            *(stats[name] for name in ("atk", "def", "spe", "spa")),
            requests.STATUSES.index(status) if standing else 0,
            *_four(own.moves),
            *(_four(own.pp) if standing else (0, 0, 0, 0)),
            int(standing and one["active"]),
        ]

    def _moves_now(self, one: Request) -> list[int]:
        pp = self._own[one["ident"]].pp
        if self._fronts[self._side].transformed:
            pp = self._copied_pp[: len(one["moves"])]
        return [*_four([MOVES[move] for move in one["moves"]]), *_four(pp)]


def _with_side(rest: list[str]) -> list[object]:
    """A message's arguments: where the first names a Pokemon, its side and identifier before."""
    if rest and rest[0][:2] in ("p1", "p2") and rest[0][3:4] == ":":
        return [int(rest[0][1]) - 1, rest[0][:2] + rest[0][3:], *rest[1:]]
    return list(rest)


def _effect(name: str) -> str:
    return str(to_id_str(name.removeprefix("move: ")))


def _details(text: str) -> tuple[int, int]:
    """Species and level of "Chansey, L74", "Chansey" (level 100) or "Chansey, L74, shiny"."""
    name, *more = text.split(", ")
    levels = [int(one[1:]) for one in more if one[:1] == "L"]
    return SPECIES[to_id_str(name)], levels[0] if levels else 100


def _types_of(species: int) -> tuple[int, int]:
    first, second = tables.CONSTANTS["SPECIES_TYPE1"], tables.CONSTANTS["SPECIES_TYPE2"]
    assert isinstance(first, tuple) and isinstance(second, tuple)
    return first[species], second[species]


def _hp(one: Request) -> tuple[int, int]:
    """HP and maximum HP of an own Pokemon; (0, 0) once it has fainted, for then neither is told."""
    hp, _, maximum = one["condition"].partition(" ")[0].partition("/")
    return int(hp), int(maximum or 0)


def _four(values: Sequence[int]) -> tuple[int, ...]:
    return (*values, 0, 0, 0, 0)[: requests.MOVE_SLOTS]
