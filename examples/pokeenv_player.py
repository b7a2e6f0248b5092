"""A policy of ours as a poke-env player on a Pokemon Showdown server.

    python examples/pokeenv_player.py --policy results/train/.../checkpoint.ckpt --battles 100

Starts the server of the npm package that `make setup` installs, unless `--url` names one, and
plays against one of poke-env's own players. Needs poke-env, Node.js and tyro. See docs/pokeenv.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro
from poke_env.player import MaxBasePowerPlayer, Player, RandomPlayer, SimpleHeuristicsPlayer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the clone that this file is in

from extras.pokemon.pokeenv.players import PolicyPlayer, checkpoint_policy, online
from extras.pokemon.pokeenv.server import Server
from extras.pokemon.pokeenv.teams import drawn_teams
from harness.errors import UserError
from transfer import policies

OPPONENTS = {
    kind.__name__: kind for kind in (RandomPlayer, MaxBasePowerPlayer, SimpleHeuristicsPlayer)
}
FORMATS = ("gen1randombattle", "gen1ou")


@dataclass(frozen=True)
class Args:
    policy: str = ""
    """A checkpoint of `make train ENV=pokemon`; the shipped one unless given."""
    opponent: str = "MaxBasePowerPlayer"
    """RandomPlayer, MaxBasePowerPlayer or SimpleHeuristicsPlayer."""
    battles: int = 20
    format: str = "gen1randombattle"
    """Or gen1ou, with teams from the environment's pool."""
    url: str = ""
    """Of a running server's websocket, as ws://localhost:8000/showdown/websocket."""
    seed: int = 0
    """Of the policy's draws and the teams. The battles' own seeds are the server's."""


def check(args: Args) -> None:
    """Refuse what cannot be.

    Raises:
        UserError: in one line.
    """
    for name, accepted in (("opponent", tuple(OPPONENTS)), ("format", FORMATS)):
        if getattr(args, name) not in accepted:
            raise UserError(f"{name} is {getattr(args, name)!r}; accepted: {', '.join(accepted)}")
    if args.battles < 1:
        raise UserError(f"battles is {args.battles}; accepted: 1 or more")


def chosen(path: str) -> Path:
    """The policy's file.

    Raises:
        UserError: if none is named and none is shipped.
    """
    shipped = policies.shipped("pokemon")
    if not path and not shipped:
        raise UserError("no policy of pokemon is shipped; accepted: --policy FILE")
    return Path(path) if path else shipped[0]


async def play(first: Player, second: Player, battles: int) -> None:
    """All battles, and then goodbye."""
    try:
        await first.battle_against(second, n_battles=battles)
    finally:
        for player in (first, second):
            await player.ps_client.stop_listening()


def main(args: Args) -> Player:
    """Play; the policy's player, which knows all its battles."""
    check(args)
    policy = checkpoint_policy(chosen(args.policy), args.seed)
    brought = [drawn_teams(args.format, args.battles, args.seed, side) for side in (0, 1)]
    with contextlib.ExitStack() as stack:
        url = args.url or stack.enter_context(Server()).websocket_url
        ours = online(PolicyPlayer, "samestep", url, args.format, policy=policy, team=brought[0])
        theirs = online(OPPONENTS[args.opponent], "poke env", url, args.format, team=brought[1])
        asyncio.run(play(ours, theirs, args.battles))
    print(
        f"done: {args.battles} battles of {args.format} against {args.opponent}: "
        f"{ours.n_won_battles} won, {ours.n_lost_battles} lost, {ours.n_tied_battles} tied"
    )
    return ours


if __name__ == "__main__":
    logging.disable(logging.WARNING)  # poke-env has no names for some effects, and says so
    try:
        main(tyro.cli(Args, description=__doc__))
    except UserError as error:
        print(f"pokeenv_player: {error}", file=sys.stderr)
        sys.exit(2)
