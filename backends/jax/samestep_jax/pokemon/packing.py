"""Small numbers packed into 32-bit words: bytes, stages and pairs of stats."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

NO_STAGES = 0x666666
"""Six stages, all 0."""


def quotient(dividend: jax.Array, divisor: ArrayLike) -> jax.Array:
    """Division of numbers that are not negative, rounded down."""
    return jax.lax.div(dividend, jnp.broadcast_to(jnp.asarray(divisor, jnp.int32), dividend.shape))


def byte(word: jax.Array, index: ArrayLike) -> jax.Array:
    """Byte `index`, 0 the lowest."""
    found: jax.Array = (word >> (8 * jnp.asarray(index))) & 255
    return found


def with_byte(word: jax.Array, index: ArrayLike, value: ArrayLike) -> jax.Array:
    """The word with another byte there."""
    place = 8 * jnp.asarray(index)
    cleared: jax.Array = word & ~(jnp.int32(255) << place)
    return cleared | (jnp.asarray(value, jnp.int32) << place)


def stage(stages: jax.Array, index: ArrayLike) -> jax.Array:
    """A stage, -6 to 6, of atk def spe spc accuracy evasion."""
    found: jax.Array = (stages >> (4 * jnp.asarray(index))) & 15
    return found - 6


def with_stage(stages: jax.Array, index: ArrayLike, value: jax.Array) -> jax.Array:
    """The stages with another one there."""
    place = 4 * jnp.asarray(index)
    cleared: jax.Array = stages & ~(jnp.int32(15) << place)
    return cleared | ((value + 6) << place)


class Stats(NamedTuple):
    """Attack and defense, speed and special: 16 bits each, the first of a pair lower."""

    attack_defense: jax.Array
    speed_special: jax.Array

    @property
    def attack(self) -> jax.Array:
        return self.attack_defense & 0xFFFF

    @property
    def defense(self) -> jax.Array:
        return self.attack_defense >> 16

    @property
    def speed(self) -> jax.Array:
        return self.speed_special & 0xFFFF

    @property
    def special(self) -> jax.Array:
        return self.speed_special >> 16

    def at(self, index: jax.Array) -> jax.Array:
        """Stat 0 to 3: attack, defense, speed, special."""
        word = jnp.where(index < 2, self.attack_defense, self.speed_special)
        return (word >> (16 * (index & 1))) & 0xFFFF

    def with_attack(self, value: jax.Array) -> Stats:
        return self._replace(attack_defense=(self.attack_defense & ~0xFFFF) | value)

    def with_speed(self, value: jax.Array) -> Stats:
        return self._replace(speed_special=(self.speed_special & ~0xFFFF) | value)

    def put(self, index: jax.Array, value: jax.Array, needed: jax.Array) -> Stats:
        """With another stat at 0 to 3 where `needed`."""
        place = 16 * (index & 1)
        mask, bits = ~(jnp.int32(0xFFFF) << place), value << place
        first, second = needed & (index < 2), needed & (index >= 2)
        return Stats(
            jnp.where(first, (self.attack_defense & mask) | bits, self.attack_defense),
            jnp.where(second, (self.speed_special & mask) | bits, self.speed_special),
        )


def stats_of(attack: jax.Array, defense: jax.Array, speed: jax.Array, special: jax.Array) -> Stats:
    """Four stats, each below 32768, packed."""
    return Stats(attack | (defense << 16), speed | (special << 16))


def choose(condition: jax.Array, yes: Stats, no: Stats) -> Stats:
    """Where the condition holds `yes`, else `no`."""
    return Stats(
        jnp.where(condition, yes.attack_defense, no.attack_defense),
        jnp.where(condition, yes.speed_special, no.speed_special),
    )
