"""Do poke-env's players choose the same in the environment as on a Showdown server?

    python -m extras.pokemon.pokeenv.compare --battles 200

Battles are played on a local server, half of them in each format, with teams and seeds as the
environment draws them. Each is then played in the environment: at every decision the same kind of
player chooses from the Battle that is made from the state, and what it chooses is compared with
what was chosen on the server; so is the observation that is rebuilt from the server's messages.
The record is results/pokeenv/compare.json.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from poke_env.battle.abstract_battle import AbstractBattle
from poke_env.player import MaxBasePowerPlayer, Player, RandomPlayer, SimpleHeuristicsPlayer

from extras.pokemon.pokeenv import requests, teams
from extras.pokemon.pokeenv.battles import Course
from extras.pokemon.pokeenv.observing import Observer
from extras.pokemon.pokeenv.players import decide, offline, online, reproducible
from extras.pokemon.pokeenv.server import Record, Seeds, Server
from harness import registry
from harness.benching.records import results_dir, revision
from harness.errors import UserError
from harness.fingerprint import fingerprint
from harness.implementations import Batch, make_batch
from references.pokemon import observation, pools, sets
from references.pokemon.data import drawn, package
from references.threefry import below, env_key, root_key, threefry2x32

FORMATS = ("gen1randombattle", "gen1ou")
"""By the environment's parameter `format`."""
PLAYERS = {
    kind.__name__: kind for kind in (SimpleHeuristicsPlayer, MaxBasePowerPlayer, RandomPlayer)
}
NAMES = ("samestep 1", "samestep 2")
SECONDS_A_BATTLE = 20.0
SHOWN = 5
"""Differences that are printed and kept, of each format."""


@dataclass(frozen=True)
class Args:
    battles: int = 200
    """In all, half of them in each format."""
    impl: str = "rust"
    """reference, rust, jax or rust-ffi."""
    player: str = "SimpleHeuristicsPlayer"
    """Of both sides: SimpleHeuristicsPlayer, MaxBasePowerPlayer or RandomPlayer."""
    seed: int = 0
    """Of the environment: draws teams and battles' seeds."""


@dataclass(frozen=True)
class Start:
    """What an instance of the environment begins with."""

    pair: int
    seed: str
    teams: tuple[str, str]
    """Packed."""


@dataclass(frozen=True)
class Taken:
    """A decision on the server: what the player could tell of the environment's view."""

    obs: np.ndarray  # (224,) i16
    legal: np.ndarray  # (10,) bool


@dataclass
class Served:
    """One battle on the server."""

    record: Record
    won: bool | None
    """By the first player; None for a tie."""
    taken: tuple[list[Taken], list[Taken]]


@dataclass
class Tally:
    """What came out, of one format."""

    battles: int = 0
    decisions: int = 0
    same_choices: int = 0
    same_masks: int = 0
    same_observations: int = 0
    same_winners: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether every choice, mask and winner is."""
        counts = (self.same_choices, self.same_masks)
        return counts == (self.decisions,) * 2 and self.same_winners == self.battles

    def note(self, difference: str) -> None:
        """Keep a difference, if there are not enough of them."""
        if len(self.differences) < SHOWN:
            self.differences.append(difference)


def starts(number: int, battles: int, seed: int) -> list[Start]:
    """What the environment's instances begin with in their first episodes.

    Args:
        number: the parameter `format`.
        battles: how many instances.
        seed: the batch's.
    """
    spec = registry.get("pokemon").spec
    pool = pools.load(number)
    found = []
    for index in range(battles):
        key = env_key(root_key(seed), index, 0)
        words = {name: threefry2x32(key, (0, slot))[0] for name, slot in spec.slots.items()}
        pair = below(words["team"], len(pool))
        first, second = (teams.packed(sets.unpack_team(team)) for team in pool[pair])
        text = f"gen5,{words['seed_high']:08x}{words['seed_low']:08x}"
        found.append(Start(pair, text, (first, second)))
    return found


def witness(kind: type[Player]) -> type[Player]:
    """The same kind of player, which keeps what it could tell at every decision."""

    class Witness(kind):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.observers: dict[str, Observer] = {}
            self.taken: dict[str, dict[int, Taken]] = {}

        def choose_move(self, battle: AbstractBattle) -> Any:
            tag, request = battle.battle_tag, battle.last_request["rqid"]
            observer = self.observers.setdefault(tag, Observer())
            self.taken.setdefault(tag, {})[request] = Taken(*observer.observe(battle))
            return super().choose_move(battle)

    return Witness


def serve(number: int, begun: Sequence[Start], kind: type[Player]) -> list[Served]:
    """Play the battles on a server.

    Raises:
        UserError: if Node or the package is missing, or the battles do not end.
    """
    name = FORMATS[number]
    seeds = [Seeds(one.seed, None if number else generator_seeds(one.pair)) for one in begun]
    with Server(seeds) as server:
        players = []
        for side, username in enumerate(NAMES):
            brought = teams.TeamsInTurn([one.teams[side] for one in begun]) if number else None
            player = online(kind, username, server.websocket_url, name, team=brought)
            players.append(player)
        first, second = players
        battles = first.battle_against(second, n_battles=len(begun))
        asyncio.run(ended(battles, players, SECONDS_A_BATTLE * (len(begun) + 2)))
        server.check()
        records = server.records()
    return [
        Served(
            record,
            first.battles[record.room].won,
            (_taken(first, record.room), _taken(second, record.room)),
        )
        for record in records
    ]


def generator_seeds(pair: int) -> tuple[str, str]:
    """What the server's generator of teams makes this pair of gen1randombattle's pool of."""
    return drawn.seed(pair, 0), drawn.seed(pair, 1)


def _taken(player: Player, room: str) -> list[Taken]:
    return list(player.taken[room].values())


async def ended(battles: Any, players: Sequence[Player], seconds: float) -> None:
    """Wait for battles, then disconnect the players.

    Raises:
        UserError: if they take longer than `seconds`.
    """
    try:
        await asyncio.wait_for(battles, seconds)
    except TimeoutError:
        raise UserError(
            f"the server's battles have not ended after {seconds:.0f} s: players that could not "
            "log in, or teams that it refuses"
        ) from None
    finally:
        for player in players:
            await player.ps_client.stop_listening()


def replay(served: Sequence[Served], batch: Batch, kind: type[Player], number: int) -> Tally:
    """Play the same battles in the environment, and compare.

    Args:
        served: one battle an instance, of the same beginnings.
        batch: that has been reset.
        kind: of both players.
        number: the parameter `format`.
    """
    players = [offline(kind, name, FORMATS[number]) for name in NAMES]
    tally = Tally(battles=len(served))
    lanes = [_Lane(index, one) for index, one in enumerate(served)]
    while any(lane.running for lane in lanes):
        rows = batch.spec.unpack(batch.export_state())
        legal = batch.legal()
        assert legal is not None
        actions = legal.argmax(-1).astype(np.int32)  # what lanes that have ended do
        for lane in (lane for lane in lanes if lane.running):
            lane.course.see(rows[lane.index])
            for side in np.flatnonzero(rows[lane.index]["request"]):
                seen = (rows[lane.index], legal[lane.index, side])
                actions[lane.index, side] = lane.choose(int(side), players[side], seen, tally)
        out = batch.step(actions)
        for lane in (lane for lane in lanes if lane.running):
            if out.terminated[lane.index]:
                lane.end(out.reward[lane.index], tally)
    return tally


class _Lane:
    """One battle in the environment beside what was on the server."""

    def __init__(self, index: int, served: Served) -> None:
        self.index = index
        self.running = True
        self.course = Course()
        self._served = served
        self._sent: list[Iterator[str]] = [
            iter([choice for n, choice in served.record.choices if n == side]) for side in (0, 1)
        ]
        self._taken = [iter(taken) for taken in served.taken]

    def choose(
        self, side: int, player: Player, seen: tuple[np.void, np.ndarray], tally: Tally
    ) -> int:
        """The player's action; where it is not the server's the battle is given up."""
        row, legal = seen
        room = self._served.record.room
        action = decide(player, row, side, room, self.course)
        request, team = requests.request_of(row, side), requests.team_of(row, side)
        tally.decisions += 1
        there = _accepted(self._sent[side], request, team, requests.front_of(row, side))
        taken = next(self._taken[side], None)
        where = f"{room}, turn {row['turn']}, {NAMES[side]}"
        if there != action:
            tally.note(f"{where}: {action} in the environment, {there} on the server")
            self.running = False
            return action
        tally.same_choices += 1
        if taken is None:
            return action
        tally.same_masks += bool((taken.legal == legal).all())
        mine = observation.observe(np.array([row]))[0, side]
        differ = np.flatnonzero(mine != taken.obs)
        tally.same_observations += not len(differ)
        if len(differ):
            at = int(differ[0])
            tally.note(f"{where}: obs[{at}] is {mine[at]}, from messages {taken.obs[at]}")
        return action

    def end(self, rewards: np.ndarray, tally: Tally) -> None:
        """The battle is over in the environment: on the server too, with the same winner?"""
        self.running = False
        left = [choice for sent in self._sent for choice in sent]
        won = None if rewards[0] == 0 else bool(rewards[0] > 0)
        if won == self._served.won and not left:
            tally.same_winners += 1
        else:
            tally.note(f"{self._served.record.room}: first player won {won}, {self._served.won}")


def _accepted(
    sent: Iterator[str], request: requests.Request, team: list[str], front: str
) -> int | None:
    """The next choice that the simulator did not refuse; None if no more were sent."""
    for choice in sent:
        try:
            return requests.action_of(choice, request, team, front)
        except requests.IllegalOrderError:
            continue
    return None


def compare(args: Args) -> dict[str, Any]:
    """Play, compare, and say what came out.

    Raises:
        UserError: in one line, for what cannot be.
    """
    if args.player not in PLAYERS:
        raise UserError(f"player is {args.player!r}; accepted: {', '.join(PLAYERS)}")
    if args.battles < 2:
        raise UserError(f"battles is {args.battles}; accepted: 2 or more")
    kind = reproducible(PLAYERS[args.player])
    commit, dirty = revision()
    record: dict[str, Any] = {
        "impl": args.impl,
        "player": args.player,
        "seed": args.seed,
        "poke-env": metadata.version("poke-env"),
        "pokemon-showdown": package.VERSION,
        "commit": commit,
        "dirty": dirty,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "fingerprint": fingerprint(),
        "formats": {},
    }
    entry = registry.get("pokemon")
    for number, name in enumerate(FORMATS):
        battles = args.battles // 2 + (args.battles % 2 if number == 0 else 0)
        batch = make_batch(entry, args.impl, battles, {"format": number})
        batch.reset(args.seed)
        began = time.monotonic()
        served = serve(number, starts(number, battles, args.seed), witness(kind))
        between = time.monotonic()
        tally = replay(served, batch, kind, number)
        batch.close()
        record["formats"][name] = {
            **vars(tally),
            "equal": tally.equal,
            "seconds_server": round(between - began, 1),
            "seconds_environment": round(time.monotonic() - between, 1),
        }
        print(_told(name, args, tally), flush=True)
    record["equal"] = all(one["equal"] for one in record["formats"].values())
    return record


def _told(name: str, args: Args, tally: Tally) -> str:
    lines = [
        f"{name}: {tally.battles} battles of {args.player}, {args.impl} and the server: "
        f"{tally.same_choices:,} of {tally.decisions:,} choices equal, "
        f"{tally.same_winners} of {tally.battles} winners, "
        f"{tally.same_masks:,} masks, {tally.same_observations:,} observations"
    ]
    return "\n".join([*lines, *(f"  {difference}" for difference in tally.differences)])


def main(args: Args) -> int:
    """0 if everything is equal, 1 if not, 2 for what cannot be."""
    logging.getLogger("poke-env").setLevel(logging.ERROR)  # it warns of effects it has no name for
    logging.disable(logging.WARNING)
    try:
        record = compare(args)
    except (UserError, ImportError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    path = results_dir() / "pokeenv" / "compare.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=2) + "\n")
    print(f"{'equal' if record['equal'] else 'NOT equal'}; {_shown(path)}")
    return 0 if record["equal"] else 1


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Args, description=__doc__)))
