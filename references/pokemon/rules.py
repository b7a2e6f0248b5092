"""The reference: one battle at a time, or many in one go, on Pokemon Showdown itself.

No rule is written here. Showdown 0.11.11 plays the battle in its Node process (see showdown/);
this module draws teams and seeds, translates actions, and adds rewards and observations.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from references.contract import HEADER_BYTES, EnvSpec, Step
from references.pokemon import observation, opponents, pools, spec
from references.pokemon.pools import own
from references.pokemon.sets import unpack_team
from references.pokemon.showdown import BattleStart, NumberedTeam, Showdown, shared
from references.pokemon.tables import MOVE_IDS
from references.threefry import Key, below, threefry2x32

f32 = np.float32
OUTCOMES = {0: (0, 0), 1: (1, -1), 2: (-1, 1), 3: (0, 0)}
"""By STATE's `winner`: what the battle's end is worth to p1 and p2."""


class Battle:
    """A battle in the child, as far as it has been played; given back when nobody holds it."""

    def __init__(self, showdown: Showdown, number: int, commits: int = 0) -> None:
        self.showdown = showdown
        self.number = number
        self.commits = commits
        weakref.finalize(self, showdown.forget, number)


@dataclass(frozen=True, eq=False)
class PokemonState:
    """A battle after so many commits of it; kept usable when the battle itself goes on."""

    key: Key
    t: int
    battle: Battle
    commit: int
    row: np.ndarray  # (state_bytes,) u1, its header zero
    mask: np.ndarray  # (2, 10) bool

    @property
    def fields(self) -> Any:
        """STATE's fields, structured (1,)."""
        return self.row.view(spec.SPEC.row_dtype)


class Pokemon:
    """Generation 1 battles; see `references.contract.Reference`.

    Args:
        params: `format`, `teams`, `opponent`, `full_information` and `faint_reward`, as in spec.py.

    Raises:
        ShowdownMissingError: at the first reset or import, if Node or the package is missing.
    """

    def __init__(self, **params: Any) -> None:
        self.params = spec.SPEC.check_params(params)
        self.spec: EnvSpec = spec.SPEC.under(params)
        self._format: int = self.params["format"]
        self._opponent: int = self.params["opponent"]
        teams: str = self.params["teams"]
        self._pool = own.load(teams) if teams else pools.load(self._format)
        self._shown: Counter[int] = Counter()

    def reset(self, key: Key) -> tuple[PokemonState, np.ndarray]:
        """A new battle: its pair of teams and its generator's seed are drawn from `key`."""
        words = {name: threefry2x32(key, (0, slot))[0] for name, slot in self.spec.slots.items()}
        pair = self._pool[below(words["team"], len(self._pool))]
        start = BattleStart(
            self._format,
            (numbered(pair[0]), numbered(pair[1])),
            (words["seed_high"], words["seed_low"]),
        )
        showdown = shared()
        (number,), rows, masks = showdown.start([start])
        state = PokemonState(key, 0, Battle(showdown, number), 0, rows[0], masks[0])
        return state, self._observe([state])[0]

    def step(self, state: PokemonState, action: Any) -> tuple[PokemonState, Step]:
        """One commit.

        Args:
            action: (2,) of both players, 0 for one who waits; alone with an opponent.

        Raises:
            ValueError: for an action that is not legal, or if the battle is over.
        """
        return self.step_many([state], np.asarray(action)[None])[0]

    def step_many(
        self, states: Sequence[PokemonState], actions: np.ndarray
    ) -> list[tuple[PokemonState, Step]]:
        """`step` of every state in one request; actions is (N, 2), or (N,) with an opponent."""
        chosen = [self._both(state, action) for state, action in zip(states, actions, strict=True)]
        for index, (state, pair) in enumerate(zip(states, chosen, strict=True)):
            check_legal(state, pair, f" (state {index})" if len(states) > 1 else "")
        if not states:
            return []
        battles = at_their_commits(states)
        showdown = battles[0].showdown
        numbers = [battle.number for battle in battles]
        _, rows, masks = showdown.step(numbers, np.array(chosen), self._shown)
        after = []
        for state, battle, row, mask in zip(states, battles, rows, masks, strict=True):
            battle.commits += 1
            after.append(PokemonState(state.key, state.t + 1, battle, battle.commits, row, mask))
        observations = self._observe(after)
        return [
            (new, self._returned(old, new, obs))
            for old, new, obs in zip(states, after, observations, strict=True)
        ]

    def legal(self, state: PokemonState) -> np.ndarray:
        """What Showdown's request offers, (2, 10) bool; (10,) with an opponent."""
        return np.array(state.mask[0] if self._opponent else state.mask)

    def acting(self, state: PokemonState) -> np.ndarray | None:
        """Who has a request to answer, (2,) bool."""
        if self._opponent:
            return None
        return np.asarray(state.fields["request"][0] > 0)

    def export_fields(self, state: PokemonState) -> dict[str, Any]:
        """STATE's fields by name."""
        row = state.fields[0]
        return {field.name: row[field.name] for field in self.spec.state}

    def export_many(self, states: Sequence[PokemonState]) -> np.ndarray:
        """STATE without the header, (N, state_bytes - 24) u1."""
        return np.stack([state.row[HEADER_BYTES:] for state in states])

    def import_fields(self, fields: Mapping[str, Any], key: Key, t: int) -> PokemonState:
        """A battle with these fields, set up in Showdown.

        Raises:
            ValueError: if Showdown cannot be in such a state.
        """
        row = np.zeros(1, spec.SPEC.row_dtype)
        for field in self.spec.state:
            row[field.name] = fields[field.name]
        showdown = shared()
        (number,), rows, masks = showdown.import_rows(self._format, row.view(np.uint8)[None])
        return PokemonState(key, t, Battle(showdown, number), 0, rows[0], masks[0])

    def log(self, state: PokemonState) -> list[str]:
        """Showdown's protocol log of the battle up to this state."""
        (battle,) = at_their_commits([state])
        return battle.showdown.log(battle.number)[0]

    def tally(self) -> dict[str, int]:
        """How often the log of battles stepped here showed each of the 165 moves used."""
        return {move: self._shown[number] for number, move in enumerate(MOVE_IDS) if move}

    def _both(self, state: PokemonState, action: Any) -> tuple[int, int]:
        """Both players' actions; the opponent's is drawn in the step's slot."""
        if not self._opponent:
            first, second = action
            return int(first), int(second)
        word, _ = threefry2x32(state.key, (state.t + 1, self.spec.slots["opponent"]))
        row = state.fields[0]
        return int(action), opponents.play(self._opponent, row, state.mask[1], word)

    def _observe(self, states: Sequence[PokemonState]) -> np.ndarray:
        """(N, 2, *obs), or (N, *obs) with an opponent."""
        rows = np.stack([state.row for state in states]).view(spec.SPEC.row_dtype)[:, 0]
        observed = observation.observe(rows, self.params["full_information"])
        return observed[:, 0] if self._opponent else observed

    def _returned(self, old: PokemonState, new: PokemonState, obs: np.ndarray) -> Step:
        before, after = old.fields, new.fields
        fainted = ((before["hp"][0] > 0) & (after["hp"][0] == 0)).sum(1)
        gained = (fainted[::-1] - fainted).astype(f32)
        outcome = np.array(OUTCOMES[int(after["winner"][0])], f32)
        reward = outcome + f32(self.params["faint_reward"]) * gained
        ended = bool(after["winner"][0])
        return Step(obs, reward[0] if self._opponent else reward, ended, truncated=False)


def numbered(packed: np.ndarray) -> NumberedTeam:
    """A pool's team (6, 11) as Showdown's child takes it."""
    return [(one.species, one.level, one.moves, one.points) for one in unpack_team(packed)]


def check_legal(state: PokemonState, actions: tuple[int, int], where: str) -> None:
    """Refuse what the masks do not allow.

    Raises:
        ValueError: naming the player, the action and what is legal.
    """
    if state.fields["winner"][0]:
        raise ValueError(f"the battle is over{where}; accepted: a reset")
    for player, action in enumerate(actions):
        legal = np.flatnonzero(state.mask[player])
        if action not in legal:
            accepted = ", ".join(map(str, legal))
            raise ValueError(f"p{player + 1}'s action is {action}{where}; legal now: {accepted}")


def at_their_commits(states: Sequence[PokemonState]) -> list[Battle]:
    """A battle for each state that stands where the state does, no battle twice.

    A battle that has gone on since, or that another state takes, is played again in Showdown from
    its start up to the state's commit.
    """
    battles: list[Battle] = []
    taken: set[int] = set()
    for state in states:
        battle = state.battle
        if battle.commits != state.commit or battle.number in taken:
            (number,), _, _ = battle.showdown.fork(battle.number, state.commit)
            battle = Battle(battle.showdown, number, state.commit)
        taken.add(battle.number)
        battles.append(battle)
    return battles
