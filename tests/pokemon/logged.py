"""Battles played in Showdown under policies of every kind, as records."""

from __future__ import annotations

from functools import cache

import numpy as np

from extras.pokemon.logs.battle import Battle, pool
from references.pokemon.rules import numbered
from references.pokemon.showdown import BattleStart, shared
from references.pokemon.trace import POLICIES

__all__ = ["POLICIES", "played", "start"]


def start(battle: Battle) -> BattleStart:
    """As Showdown's child begins it."""
    return BattleStart(
        battle.format, (numbered(battle.teams[0]), numbered(battle.teams[1])), battle.seed
    )


@cache
def played(format: int, count: int) -> list[Battle]:
    """Whole battles of a format, every pair of policies among them from 16 on."""
    rng = np.random.default_rng(format)
    pairs = rng.permutation(len(pool(format)))[:count].tolist()
    seeds = [(int(high), int(low)) for high, low in rng.integers(0, 1 << 32, (count, 2))]
    none = np.zeros((0, 2), np.uint8)
    new = [
        Battle(format, pool(format)[pair], seed, none, pair)
        for pair, seed in zip(pairs, seeds, strict=True)
    ]
    policies = [(POLICIES[i % 4], POLICIES[i // 4 % 4]) for i in range(count)]
    done = shared().play([start(battle) for battle in new], policies)
    return [
        Battle(format, battle.teams, battle.seed, one.actions.astype(np.uint8), battle.pair)
        for battle, one in zip(new, done, strict=True)
    ]
