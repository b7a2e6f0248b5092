"""The record that the rules work on: two active Pokemon and what lies between them.

Every field is a () int32, small ones packed (see `packing`), so that a turn needs few arrays. The
rules say `me` for the Pokemon that acts and `foe` for the other; `turn.py` decides who is who.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from samestep_jax.pokemon.packing import Stats
from samestep_jax.pokemon.rng import Generator

DAMAGE_LIMIT = 65535
"""Stored damage saturates here, above every reader's limit."""

(
    TRANSFORMED,
    FLINCH,
    TRAPPED_MAYBE,
    RECHARGE,
    INVULNERABLE,
    LEECH_SEED,
    REFLECT,
    LIGHT_SCREEN,
    MIST,
    FOCUS_ENERGY,
    RAGE,
    TOXIC,
    SUBSTITUTE_BROKEN,
    SLEPT_BY_OWN,
    TEAM_ASLEEP,
    TEAM_FROZEN,
) = (1 << i for i in range(16))
"""Bits of `Side.flags`. The last two say of the benched: one sleeps that the foe put to sleep, one
is frozen."""


class Side(NamedTuple):
    """An active Pokemon, its place in its team, and what its side remembers."""

    # The Pokemon itself.
    number: jax.Array  # side * 6 + slot
    species: jax.Array
    level: jax.Array
    speed_points: jax.Array
    top_hp: jax.Array
    own: Stats  # unmodified, whatever Transform made of it
    hp: jax.Array
    status: jax.Array
    sleep_turns: jax.Array
    moves: jax.Array  # four bytes
    pp: jax.Array  # four bytes
    revealed: jax.Array  # four bits
    # While it is active.
    active_species: jax.Array
    types: jax.Array  # two bytes
    stats: Stats  # without stages
    modified: Stats  # with stages, paralysis and burn, as far as generation 1 keeps them
    speed: jax.Array  # cached
    stages: jax.Array
    active_moves: jax.Array  # four bytes
    active_pp: jax.Array  # four bytes
    virtual: jax.Array  # four bits
    last_move: jax.Array
    bide_turns: jax.Array
    bide_damage: jax.Array
    confusion: jax.Array
    trapped_turns: jax.Array
    trapped_by: jax.Array
    fake_trapped_turns: jax.Array
    fake_trapped_with: jax.Array
    trapping_move: jax.Array
    trapping_turns: jax.Array
    trapping_total: jax.Array
    trapping_damage: jax.Array
    trapping_target: jax.Array
    thrash_move: jax.Array
    thrash_turns: jax.Array
    thrash_accuracy: jax.Array
    charging_move: jax.Array
    substitute: jax.Array
    disable_move: jax.Array
    disable_slot: jax.Array
    disable_turns: jax.Array
    rage_accuracy: jax.Array
    toxic_counter: jax.Array
    flags: jax.Array
    # The side's.
    last_selected_move: jax.Array
    last_enemy_selected_move: jax.Array
    last_enemy_move: jax.Array
    last_selected_slot: jax.Array

    def has(self, flags: int) -> jax.Array:
        """Whether any of these flags is set."""
        return (self.flags & flags) != 0

    def having(self, flag: int, needed: jax.Array) -> Side:
        """With `flag` set where `needed`."""
        return self._replace(flags=jnp.where(needed, self.flags | flag, self.flags))

    def lacking(self, flags: int, needed: jax.Array) -> Side:
        """With `flags` cleared where `needed`."""
        return self._replace(flags=jnp.where(needed, self.flags & ~flags, self.flags))

    def has_type(self, kind: jax.Array | int) -> jax.Array:
        """Whether it is of a type."""
        return ((self.types & 255) == kind) | ((self.types >> 8) == kind)


class Battle(NamedTuple):
    """Two sides, the generator, and the move that is being used."""

    me: Side
    foe: Side
    rng: Generator
    last_damage: jax.Array
    move: jax.Array  # number of the move being used
    by: jax.Array  # why it is used: CHOSEN, CONTINUED or CALLED
    acts: jax.Array  # 1: `me` has a move in this turn
    using: jax.Array  # 1: a move is still to be used
    used: jax.Array  # 1: it got as far as a use; 0: something before it stopped it
    hit: jax.Array  # 1: it went on to have its effects
    failed: jax.Array  # how it failed: NOT, EARLY or LATE
    damage: jax.Array  # of one hit, before any cap; NO_DAMAGE where the move deals none
    hits: jax.Array  # how many hits
    landed: jax.Array  # how many landed on the Pokemon itself
    effective: jax.Array  # how the move's type fares against the foe's: two bytes of the chart
    absorbed: jax.Array  # 1: the foe's substitute took it
    chance: jax.Array  # 1: the secondary effect happens


CHOSEN, CONTINUED, CALLED = 0, 1, 2
NOT, EARLY, LATE = 0, 1, 2
NO_DAMAGE = -1


def saturated(damage: jax.Array) -> jax.Array:
    """Damage as it is stored."""
    return jnp.minimum(damage, DAMAGE_LIMIT)


def replace_if(side: Side, needed: jax.Array, **values: jax.Array | int) -> Side:
    """The side with these fields where `needed`."""
    fields: dict[str, Any] = {
        name: jnp.where(needed, value, getattr(side, name)) for name, value in values.items()
    }
    return side._replace(**fields)
