"""The rules of Duel, one instance, without branches; reference/spec.py states them in words.

The first axis of an array is the player; `x[::-1]` is the other player's.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from samestep_jax.core.threefry import Key, below, draw
from tests.duel.jax_rules import consts

PLAYERS = 2
u8, i16, i32, f32 = jnp.uint8, jnp.int16, jnp.int32, jnp.float32


class State(NamedTuple):
    """STATE, and the key and time that critical strikes are drawn from."""

    key: Key
    t: jax.Array  # () u32
    leader: jax.Array  # (2,) u8
    power: jax.Array  # (2, 3) u8
    seen: jax.Array  # (2, 3) u8, 0 or 1
    guarding: jax.Array  # (2,) u8, 0 or 1
    picking: jax.Array  # (2,) u8, 0 or 1
    pad: jax.Array  # () u8, 0
    health: jax.Array  # (2, 3) i16
    rounds: jax.Array  # () i32


class Outcome(NamedTuple):
    """What a step came to."""

    state: State
    reward: jax.Array  # (2,) f32
    terminated: jax.Array  # () bool


def reset(key: Key) -> State:
    """A new game."""
    slots = jnp.uint32(consts.SLOT_POWER) + jnp.arange(
        PLAYERS * consts.FIGHTERS, dtype=jnp.uint32
    ).reshape(PLAYERS, consts.FIGHTERS)
    words = jax.vmap(jax.vmap(lambda slot: draw(key, 0, slot)))(slots)
    shape = (PLAYERS, consts.FIGHTERS)
    return State(
        key=key,
        t=jnp.uint32(0),
        leader=jnp.zeros(PLAYERS, u8),
        power=(1 + below(words, consts.POWERS)).astype(u8),
        seen=jnp.zeros(shape, u8).at[:, 0].set(1),
        guarding=jnp.zeros(PLAYERS, u8),
        picking=jnp.zeros(PLAYERS, u8),
        pad=u8(0),
        health=jnp.full(shape, consts.HEALTH, i16),
        rounds=i32(0),
    )


def acting(state: State) -> jax.Array:
    """(2,) bool: both in a round, in a pick those who must."""
    must = state.picking != 0
    return must | ~must.any()


def legal(state: State) -> jax.Array:
    """(2, 5) bool; a waiting player has the dummy action 0 alone."""
    picks = (state.picking != 0)[:, None]
    alive = state.health > 0
    leads = jnp.arange(consts.FIGHTERS) == state.leader[:, None]
    in_round = jnp.concatenate(
        [jnp.ones((PLAYERS, 1), bool), (state.guarding == 0)[:, None], alive & ~leads], axis=1
    )
    in_pick = jnp.concatenate([jnp.zeros((PLAYERS, 2), bool), alive], axis=1)
    dummy = jnp.arange(consts.ACTIONS) == 0
    return jnp.where(acting(state)[:, None], jnp.where(picks, in_pick, in_round), dummy)


def step(state: State, action: jax.Array) -> Outcome:
    """Fight a round, or pick leaders. action: (2,) i32."""
    choice = read(state, action)
    picked = pick(state, choice)
    fought = fight(state, choice)
    picking = (state.picking != 0).any()
    return Outcome(
        jax.tree.map(lambda a, b: jnp.where(picking, a, b), picked, fought.state),
        jnp.where(picking, f32(0), fought.reward),
        ~picking & fought.terminated,
    )


def read(state: State, action: jax.Array) -> jax.Array:
    """(2,) i32: the actions, or what those outside the mask are read as."""
    mask = legal(state)
    within = (action >= 0) & (action < consts.ACTIONS)
    good = within & mask[jnp.arange(PLAYERS), jnp.clip(action, 0, consts.ACTIONS - 1)]
    # The first legal action is to strike in a round, and in a pick the first living fighter.
    return jnp.where(good, action, mask.argmax(axis=1)).astype(i32)


def lead(state: State, switches: jax.Array, choice: jax.Array) -> State:
    """The chosen fighters lead and are seen, for players who switch; (2,) bool and i32."""
    leader = jnp.where(switches, (choice - consts.SWITCH).astype(u8), state.leader)
    newly = switches[:, None] & (jnp.arange(consts.FIGHTERS) == leader[:, None])
    return state._replace(leader=leader, seen=state.seen | newly.astype(u8))


def pick(state: State, choice: jax.Array) -> State:
    """Those who must pick a leader do."""
    picked = lead(state, state.picking != 0, choice)
    return picked._replace(picking=jnp.zeros_like(state.picking))


def of_leader(state: State, values: jax.Array) -> jax.Array:
    """(2,) i32: the leaders' entries of (2, 3) values."""
    return values[jnp.arange(PLAYERS), state.leader].astype(i32)


def damage(state: State) -> jax.Array:
    """(2,) i32: health that each player's strike takes from the other's leader."""
    slots = jnp.uint32(consts.SLOT_CRITICAL) + jnp.arange(PLAYERS, dtype=jnp.uint32)
    words = jax.vmap(lambda slot: draw(state.key, state.t, slot))(slots)
    critical = below(words, consts.CRITICAL_ODDS) == 0
    strength = of_leader(state, state.power) + jnp.where(critical, consts.CRITICAL_BONUS, 0)
    strength = jnp.where(state.guarding[::-1] != 0, strength // 2, strength)
    return jnp.minimum(strength, of_leader(state, state.health)[::-1])


def fight(state: State, choice: jax.Array) -> Outcome:
    """A round: switches, guards, strikes, and who has lost."""
    state = lead(state, choice >= consts.SWITCH, choice)
    state = state._replace(guarding=(choice == consts.GUARD).astype(u8))
    dealt = jnp.where(choice == consts.STRIKE, damage(state), 0)
    leads = jnp.arange(consts.FIGHTERS) == state.leader[:, None]
    health = state.health - jnp.where(leads, dealt[::-1, None], 0).astype(i16)
    state = state._replace(health=health, rounds=state.rounds + 1)
    lost = (health == 0).all(axis=1)
    fallen = of_leader(state, health) == 0
    points = (dealt - dealt[::-1]).astype(f32) * f32(consts.REWARD_POINT)
    decided = jnp.where(lost, f32(consts.REWARD_LOSE), f32(consts.REWARD_WIN))
    decided = jnp.where(lost.all(), f32(0), decided)
    return Outcome(
        state._replace(picking=(fallen & ~lost).astype(u8)),
        jnp.where(lost.any(), decided, points),
        lost.any(),
    )


def observe(state: State) -> jax.Array:
    """(2, 18) u8: each player's own side in full, of the other's what it has seen."""
    known = jnp.where(state.seen != 0, state.power, u8(consts.HIDDEN))
    health = state.health.astype(u8)
    rounds = jnp.broadcast_to(state.rounds.astype(u8), (PLAYERS, 1))
    return jnp.concatenate(
        [
            health,
            state.power,
            state.leader[:, None],
            state.guarding[:, None],
            state.picking[:, None],
            health[::-1],
            known[::-1],
            state.leader[::-1, None],
            state.guarding[::-1, None],
            rounds,
        ],
        axis=1,
    )
