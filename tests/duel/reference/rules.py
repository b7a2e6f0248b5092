"""The rules of Duel, one instance at a time; spec.py states them in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from references.contract import EnvSpec, Step
from references.threefry import Key, below, threefry2x32
from tests.duel.reference import spec
from tests.duel.reference.spec import CONSTANTS

PLAYERS = 2
FIGHTERS = int(CONSTANTS["FIGHTERS"])
HEALTH = int(CONSTANTS["HEALTH"])
POWERS = int(CONSTANTS["POWERS"])
CRITICAL_ODDS = int(CONSTANTS["CRITICAL_ODDS"])
CRITICAL_BONUS = int(CONSTANTS["CRITICAL_BONUS"])
STRIKE = int(CONSTANTS["STRIKE"])
GUARD = int(CONSTANTS["GUARD"])
SWITCH = int(CONSTANTS["SWITCH"])
ACTIONS = int(CONSTANTS["ACTIONS"])
HIDDEN = int(CONSTANTS["HIDDEN"])
SLOT_POWER = spec.SPEC.slots["power"]
SLOT_CRITICAL = spec.SPEC.slots["critical"]


@dataclass
class DuelState:
    """STATE, and the key and time that critical strikes are drawn from."""

    key: Key
    t: int
    leader: list[int]  # (2,)
    power: list[list[int]]  # (2, 3)
    seen: list[list[int]]  # (2, 3) 0 or 1
    guarding: list[int]  # (2,) 0 or 1
    picking: list[int]  # (2,) 0 or 1
    health: list[list[int]]  # (2, 3)
    rounds: int

    def copy(self) -> DuelState:
        """A state that shares nothing with this one."""
        return DuelState(
            self.key,
            self.t,
            list(self.leader),
            [list(row) for row in self.power],
            [list(row) for row in self.seen],
            list(self.guarding),
            list(self.picking),
            [list(row) for row in self.health],
            self.rounds,
        )


class Duel:
    """One game of Duel at a time; see `references.contract.Reference`."""

    spec: EnvSpec = spec.SPEC

    def __init__(self, **params: Any) -> None:
        self.params = self.spec.check_params(params)
        self.max_rounds: int = self.params["max_rounds"]

    def reset(self, key: Key) -> tuple[DuelState, np.ndarray]:
        """A new game under `key`: state and (2, 18) uint8 observation."""
        words = [threefry2x32(key, (0, SLOT_POWER + i))[0] for i in range(PLAYERS * FIGHTERS)]
        powers = [1 + below(word, POWERS) for word in words]
        state = DuelState(
            key=key,
            t=0,
            leader=[0, 0],
            power=[powers[:FIGHTERS], powers[FIGHTERS:]],
            seen=[[1, 0, 0], [1, 0, 0]],
            guarding=[0, 0],
            picking=[0, 0],
            health=[[HEALTH] * FIGHTERS for _ in range(PLAYERS)],
            rounds=0,
        )
        return state, observe(state)

    def step(self, state: DuelState, action: Any) -> tuple[DuelState, Step]:
        """Fight a round, or pick leaders. action: (2,) integers."""
        choice = [
            int(action[p]) if legal_actions(state, p)[int(action[p])] else self._fallback(state, p)
            for p in range(PLAYERS)
        ]
        state = state.copy()
        state.t += 1
        if any(state.picking):
            for player in range(PLAYERS):
                if state.picking[player]:
                    self._lead(state, player, choice[player] - SWITCH)
            state.picking = [0, 0]
            return state, self._outcome(state, [0.0, 0.0], terminated=False)
        return self._round(state, choice)

    def legal(self, state: DuelState) -> np.ndarray | None:
        """(2, 5) bool; a waiting player has the dummy action 0 alone."""
        return np.array([legal_actions(state, player) for player in range(PLAYERS)])

    def acting(self, state: DuelState) -> np.ndarray | None:
        """(2,) bool: both in a round, in a pick those who must."""
        if any(state.picking):
            return np.array(state.picking, np.bool_)
        return np.ones(PLAYERS, np.bool_)

    def export_fields(self, state: DuelState) -> dict[str, Any]:
        """STATE's fields by name."""
        names = (field.name for field in self.spec.state if field.name != "pad")
        return {"pad": 0, **{name: getattr(state, name) for name in names}}

    def import_fields(self, fields: Mapping[str, Any], key: Key, t: int) -> DuelState:
        """The state with these fields.

        Raises:
            ValueError: for a value out of range, or a pick without a fighter to pick.
        """
        bounds = {
            "leader": (0, FIGHTERS - 1),
            "power": (1, POWERS),
            "seen": (0, 1),
            "guarding": (0, 1),
            "picking": (0, 1),
            "pad": (0, 0),
            "health": (0, HEALTH),
            "rounds": (0, self.spec.params["max_rounds"].high),
        }
        values = {name: np.asarray(fields[name]).tolist() for name in bounds}
        for name, (low, high) in bounds.items():
            value = np.asarray(values[name])
            if value.min() < low or value.max() > high:
                raise ValueError(f"{name} is {values[name]}; accepted: {low} to {high}")
        for player in range(PLAYERS):
            if not any(values["health"][player]):
                raise ValueError(f"player {player} has no living fighter; that game has ended")
            fallen = values["health"][player][values["leader"][player]] == 0
            if fallen != bool(values["picking"][player]):
                raise ValueError(f"player {player} must pick if, and only if, its leader fell")
        del values["pad"]
        return DuelState(key=key, t=t, **values)

    def _fallback(self, state: DuelState, player: int) -> int:
        """What an action outside the mask is read as."""
        if state.picking[player]:
            return SWITCH + next(i for i in range(FIGHTERS) if state.health[player][i] > 0)
        return STRIKE

    def _lead(self, state: DuelState, player: int, fighter: int) -> None:
        state.leader[player] = fighter
        state.seen[player][fighter] = 1

    def _round(self, state: DuelState, choice: list[int]) -> tuple[DuelState, Step]:
        for player in range(PLAYERS):
            if choice[player] >= SWITCH:
                self._lead(state, player, choice[player] - SWITCH)
        state.guarding = [int(action == GUARD) for action in choice]
        damage = [self._damage(state, p) if choice[p] == STRIKE else 0 for p in range(PLAYERS)]
        for player in range(PLAYERS):
            state.health[1 - player][state.leader[1 - player]] -= damage[player]
        state.rounds += 1
        lost = [not any(state.health[player]) for player in range(PLAYERS)]
        for player in range(PLAYERS):
            fallen = state.health[player][state.leader[player]] == 0
            state.picking[player] = int(fallen and not lost[player])
        if any(lost):
            win, lose = CONSTANTS["REWARD_WIN"], CONSTANTS["REWARD_LOSE"]
            reward = [0.0 if all(lost) else (lose if lost[p] else win) for p in range(PLAYERS)]
        else:
            point = CONSTANTS["REWARD_POINT"]
            reward = [(damage[p] - damage[1 - p]) * point for p in range(PLAYERS)]
        return state, self._outcome(state, reward, terminated=any(lost))

    def _damage(self, state: DuelState, striker: int) -> int:
        """Health that this strike takes from the other's leader."""
        word = threefry2x32(state.key, (state.t, SLOT_CRITICAL + striker))[0]
        strength = state.power[striker][state.leader[striker]]
        if below(word, CRITICAL_ODDS) == 0:
            strength += CRITICAL_BONUS
        other = 1 - striker
        if state.guarding[other]:
            strength //= 2
        return min(strength, state.health[other][state.leader[other]])

    def _outcome(self, state: DuelState, reward: list[float], terminated: bool) -> Step:
        truncated = not terminated and state.rounds >= self.max_rounds
        return Step(observe(state), np.array(reward, np.float32), terminated, truncated)


def legal_actions(state: DuelState, player: int) -> list[bool]:
    """The mask of one player, ACTIONS long."""
    if any(state.picking) and not state.picking[player]:
        return [action == 0 for action in range(ACTIONS)]
    alive = [health > 0 for health in state.health[player]]
    if state.picking[player]:
        return [False, False, *alive]
    switches = [alive[i] and i != state.leader[player] for i in range(FIGHTERS)]
    return [True, not state.guarding[player], *switches]


def observe(state: DuelState) -> np.ndarray:
    """(2, 18) uint8: each player's own side in full, of the other's what it has seen."""
    rows = []
    for own, other in ((0, 1), (1, 0)):
        known = [state.power[other][i] if state.seen[other][i] else HIDDEN for i in range(FIGHTERS)]
        rows.append(
            [
                *state.health[own],
                *state.power[own],
                state.leader[own],
                state.guarding[own],
                state.picking[own],
                *state.health[other],
                *known,
                state.leader[other],
                state.guarding[other],
                state.rounds % 256,
            ]
        )
    return np.array(rows, np.uint8)
