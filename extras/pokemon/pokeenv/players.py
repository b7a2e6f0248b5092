"""poke-env's players in the environment, and the environment's policies as poke-env's players."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from poke_env import AccountConfiguration, ServerConfiguration
from poke_env.battle.abstract_battle import AbstractBattle
from poke_env.battle.battle import Battle
from poke_env.player import Player
from poke_env.player.battle_order import SingleBattleOrder

from extras.pokemon.pokeenv import requests
from extras.pokemon.pokeenv.battles import Course, StateBattle, battle_of
from extras.pokemon.pokeenv.observing import Observer
from harness.errors import UserError

ASKS = 100
"""How often a player is asked for a choice that is not refused, before the default is taken."""
CONNECT_SECONDS = 60.0
NOWHERE = "http://127.0.0.1:9/"
"""Where names would be looked up; a server without security does not ask."""

P = TypeVar("P", bound=type[Player])


def decide(
    player: Player,
    row: np.void,
    side: int,
    tag: str = "battle-gen1-0",
    course: Course | None = None,
) -> int:
    """The action that a poke-env player takes in a state where its side has to choose.

    poke-env names moves and Pokemon by their ids. Where two have the same, as with Mimic and
    Transform, Showdown takes the first, and refuses it if that one cannot be chosen. A player that
    is refused is asked again, and in the end the choice is Showdown's default, as in poke-env.

    Args:
        player: any whose `choose_move` does; it need not be connected to a server.
        row: one battle's STATE, a structured scalar.
        side: 0 or 1.
        tag: poke-env's name for the battle, for players that remember by it.
        course: as `battle_of` takes it.
    """
    battle = battle_of(row, side, tag, course)
    team, front = requests.team_of(row, side), requests.front_of(row, side)
    for _ in range(ASKS):
        message = _asked(player, battle)
        try:
            return requests.action_of(message, battle.last_request, team, front)
        except requests.IllegalOrderError:
            continue
    return requests.action_of("/choose default", battle.last_request, team)


def _asked(player: Player, battle: Battle) -> str:
    order = player.choose_move(battle)
    if isinstance(order, Awaitable):
        order = asyncio.run(_awaited(order))
    return str(order.message)


async def _awaited(order: Awaitable[Any]) -> Any:
    return await order


def offline(kind: type[Player], name: str, battle_format: str = "gen1randombattle") -> Player:
    """A player that is connected to nothing, for `decide`."""
    return kind(
        AccountConfiguration(name, None), battle_format=battle_format, start_listening=False
    )


def online(
    kind: Callable[..., Player], name: str, url: str, battle_format: str, **more: Any
) -> Player:
    """A player that connects to a server without security.

    Args:
        kind: the player's class, or what makes one from the same arguments.
        name: its name there, up to 18 characters.
        url: the server's websocket, as `Server.websocket_url`.
        battle_format: Showdown's name of the format.
        more: what else the class takes.
    """
    return kind(
        AccountConfiguration(name, None),
        battle_format=battle_format,
        server_configuration=ServerConfiguration(url, NOWHERE),
        open_timeout=CONNECT_SECONDS,
        **more,
    )


def reproducible(kind: P) -> P:
    """The same kind of player, whose random choices hang on nothing but the decision.

    poke-env's players draw from Python's own generator. It is seeded before every choice with the
    battle's tag, the player's role, the turn, and how often this was asked.
    """

    class Reproducible(kind):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._asked: dict[str, tuple[int, bool, int]] = {}

        def choose_move(self, battle: AbstractBattle) -> Any:
            place = (battle.turn, bool(battle.force_switch))
            turn, forced, times = self._asked.get(battle.battle_tag, (-1, False, 0))
            times = times + 1 if (turn, forced) == place else 0
            self._asked[battle.battle_tag] = (*place, times)
            random.seed(f"{battle.battle_tag} {battle.player_role} {place} {times}")
            return super().choose_move(battle)

    Reproducible.__name__ = kind.__name__
    return Reproducible  # type: ignore[return-value]


class Policy(Protocol):
    """Acts by the environment's observation."""

    def __call__(self, obs: np.ndarray, legal: np.ndarray, memory: Any) -> tuple[int, Any]:
        """An action and what to remember of the battle.

        Args:
            obs: (224,) i16.
            legal: (10,) bool.
            memory: what the last call in this battle returned; None in its first.
        """


class PolicyPlayer(Player):  # type: ignore[misc]
    """A policy of the environment's as a poke-env player, on any server or in the environment."""

    def __init__(self, *args: Any, policy: Policy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._policy = policy
        self._memories: dict[str, Any] = {}
        self._observers: dict[str, Observer] = {}

    def choose_move(self, battle: AbstractBattle) -> SingleBattleOrder:
        """What the policy does, by number: unlike ids, two moves never share one."""
        assert isinstance(battle, Battle)
        tag = battle.battle_tag
        if isinstance(battle, StateBattle):
            obs, legal = battle.observed()
            team = requests.team_of(battle.row, battle.side)
        else:
            observer = self._observers.setdefault(tag, Observer())
            obs, legal = observer.observe(battle)
            team = observer.team
        action, self._memories[tag] = self._policy(obs, legal, self._memories.get(tag))
        return SingleBattleOrder(requests.message_of(action, battle.last_request, team))

    def _battle_finished_callback(self, battle: AbstractBattle) -> None:
        self._memories.pop(battle.battle_tag, None)
        self._observers.pop(battle.battle_tag, None)


def checkpoint_policy(path: Path, seed: int | None = None) -> Policy:
    """What `make train ENV=pokemon` made, as a policy.

    Args:
        path: a checkpoint.
        seed: draw actions as in training, from this seed; None takes the likeliest.

    Raises:
        UserError: in one line, for a file that is no such checkpoint.
    """
    import jax
    import jax.numpy as jnp

    from ppo.checkpoints import load_policy
    from ppo.envs import Seen

    saved = load_policy(path)
    if saved.args.env != "pokemon":
        raise UserError(f"{path} was trained in {saved.args.env}; accepted: a policy of pokemon")
    if saved.args.params.get("full_information"):
        raise UserError(f"{path} needs full_information, which a server gives nobody")
    agent = saved.agent(1)
    act = jax.jit(agent.act)
    key = jax.random.key(seed or 0)
    drawn = 0

    def policy(obs: np.ndarray, legal: np.ndarray, memory: Any) -> tuple[int, Any]:
        nonlocal drawn
        noise = agent.noise(jax.random.fold_in(key, drawn), (1,))
        drawn += 1
        fresh = jnp.array([memory is None])
        hidden = agent.initial_hidden(1) if memory is None else memory
        seen = Seen(jnp.asarray(obs, jnp.float32)[None], jnp.asarray(legal)[None], None)
        noise = jnp.zeros_like(noise) if seed is None else noise
        hidden, action = act(saved.learned, hidden, seen, fresh, noise)
        return int(action[0]), hidden

    return policy
