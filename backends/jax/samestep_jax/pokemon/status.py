"""Stats, stages, status and healing.

Source: Showdown 0.11.11, data/mods/gen1/scripts.ts (modifyStat, boostBy, boost, moveHit) and
conditions.ts; sim/pokemon.ts (setStatus, heal); data/rulesets.ts (Sleep and Freeze Clause Mod).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from samestep_jax.pokemon import consts
from samestep_jax.pokemon.battle import SLEPT_BY_OWN, TEAM_ASLEEP, TEAM_FROZEN, Side
from samestep_jax.pokemon.packing import Stats, choose, quotient, stage, with_stage
from samestep_jax.pokemon.rng import Generator, draw

STAT_CAP = 999
PERCENT = 100
ACCURACY_STAGE = 4
"""Stages from this one on have no stat behind them."""


def stage_percent(level: jax.Array) -> jax.Array:
    """What a stage makes of a stat or of accuracy, in percent."""
    return jnp.asarray(consts.STAGE_PERCENT, jnp.int32)[level + 6]


def _quartered(stat: jax.Array) -> jax.Array:
    return jnp.maximum(stat >> 2, 1)


def _halved(stat: jax.Array) -> jax.Array:
    return jnp.maximum(stat >> 1, 1)


def with_drops(stats: Stats, status: jax.Array, needed: jax.Array) -> Stats:
    """Stats after paralysis quartered speed or burn halved attack, where `needed`."""
    slow, weak = needed & (status == consts.STATUS_PAR), needed & (status == consts.STATUS_BRN)
    stats = choose(slow, stats.with_speed(_quartered(stats.speed)), stats)
    return choose(weak, stats.with_attack(_halved(stats.attack)), stats)


def boosted(
    side: Side, stat: jax.Array, by: jax.Array, needed: jax.Array
) -> tuple[Side, jax.Array]:
    """A stage raised or lowered, and whether that counts as a success.

    A stat at 999 is not raised and one at 1 not lowered; else the stat is made anew from its
    stage, which loses what paralysis or burn took from it.
    """
    old = stage(side.stages, stat)
    has_stat = stat < ACCURACY_STAGE
    present = side.modified.at(stat & 3)
    room = jnp.where(by > 0, old < 6, old > -6) & (by != 0) & needed & (side.hp > 0)
    stuck = has_stat & jnp.where(by > 0, present == STAT_CAP, present == 1)
    success = room & ~stuck
    new = jnp.clip(old + by, -6, 6)
    made = jnp.maximum(quotient(side.stats.at(stat & 3) * stage_percent(new), PERCENT), 1)
    made = jnp.where(by > 0, jnp.minimum(made, STAT_CAP), made)
    # Stuck at the cap, the stage moves by two and back by one: a rise of two leaves one.
    held = jnp.where(by > 0, jnp.minimum(old + by, 6) - 1, jnp.maximum(old + by, -6) + 1)
    stages = with_stage(side.stages, stat, jnp.where(stuck, held, new))
    side = side._replace(
        stages=jnp.where(room, stages, side.stages),
        modified=side.modified.put(stat & 3, made, success & has_stat),
    )
    return side, success


def healed(side: Side, amount: jax.Array, needed: jax.Array) -> Side:
    """With HP given back, to a Pokemon that has any left."""
    hp = jnp.minimum(side.hp + amount, side.top_hp)
    return side._replace(hp=jnp.where(needed & (side.hp > 0), hp, side.hp))


def hurt(side: Side, amount: jax.Array, needed: jax.Array) -> Side:
    """With HP taken, to none at least."""
    return side._replace(hp=jnp.where(needed, jnp.maximum(side.hp - amount, 0), side.hp))


def given_status(
    side: Side, status: jax.Array, by_own: bool, needed: jax.Array, rng: Generator
) -> tuple[Side, Generator, jax.Array]:
    """A status set, where `needed` and possible: the side, the generator, and whether it was.

    Both clauses ask at once whenever a status is about to be set, which costs a draw. The stat
    drops are the caller's.
    """
    poison = (status == consts.STATUS_PSN) | (status == consts.STATUS_TOX)
    immune = poison & side.has_type(consts.TYPE_POISON)
    asked = needed & (side.hp > 0) & (side.status != status) & ~immune
    rng, _ = draw(rng, 2, asked)
    sleep, freeze = status == consts.STATUS_SLP, status == consts.STATUS_FRZ
    if by_own:
        given = asked
    else:
        asleep = side.has(TEAM_ASLEEP) | (
            (side.status == consts.STATUS_SLP) & ~side.has(SLEPT_BY_OWN)
        )
        frozen = side.has(TEAM_FROZEN) | (side.status == consts.STATUS_FRZ)
        given = asked & ~(sleep & asleep) & ~(freeze & frozen)
    rng, turns = draw(rng, 7, given & sleep)
    side = side._replace(
        status=jnp.where(given, status, side.status),
        sleep_turns=jnp.where(given, jnp.where(sleep, turns + 1, 0), side.sleep_turns),
        flags=jnp.where(
            given,
            (side.flags & ~SLEPT_BY_OWN) | jnp.where(sleep & by_own, SLEPT_BY_OWN, 0),
            side.flags,
        ),
    )
    return side, rng, given


def cured(side: Side, needed: jax.Array) -> Side:
    """Without any status, where `needed`."""
    return side._replace(
        status=jnp.where(needed, consts.STATUS_NONE, side.status),
        sleep_turns=jnp.where(needed, 0, side.sleep_turns),
        flags=jnp.where(needed, side.flags & ~SLEPT_BY_OWN, side.flags),
    )
