"""What the moves are: a row of numbers each, packed into three words.

The tables are `consts`', taken from Showdown 0.11.11's data for generation 1.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from samestep_jax.pokemon import consts

TYPES = 15
NO_TYPE = TYPES
"""Stands for consts.TYPE_NONE in packed words."""


def _pack(*columns: tuple[str, int, int, int]) -> np.ndarray:
    """(170,) i32 words of table columns, each (name, offset to add, bits, position)."""
    word = np.zeros(len(consts.MOVE_POWER), np.int64)
    for name, offset, bits, position in columns:
        values = np.array(getattr(consts, name), np.int64) + offset
        if name == "MOVE_TYPE":
            values[values == consts.TYPE_NONE] = NO_TYPE
        assert values.min() >= 0 and values.max() < 1 << bits, name
        word |= values << position
    return word.astype(np.int32)


ATTACK = _pack(
    ("MOVE_POWER", 0, 8, 0),
    ("MOVE_TYPE", 0, 4, 8),
    ("MOVE_CATEGORY", 0, 2, 12),
    ("MOVE_ACCURACY_BYTE", 0, 8, 14),
    ("MOVE_CRIT_RATIO", 0, 2, 22),
    ("MOVE_MULTIHIT", 0, 3, 24),
    ("MOVE_RECOIL_DIVISOR", 0, 3, 27),
    ("MOVE_DRAIN", 0, 1, 30),
)
PRIMARY = _pack(
    ("MOVE_EFFECT", 0, 6, 0),
    ("MOVE_DAMAGE", 0, 6, 6),
    ("MOVE_STATUS", 0, 3, 12),
    ("MOVE_BOOST_STAT", 0, 3, 15),
    ("MOVE_BOOST_STAGES", 2, 3, 18),
    ("MOVE_CONFUSES", 0, 1, 21),
    ("MOVE_TARGETS_SELF", 0, 1, 22),
    ("MOVE_IGNORES_IMMUNITY", 0, 1, 23),
    ("MOVE_TWO_TURN", 0, 1, 24),
    ("MOVE_KEEPS_LAST_DAMAGE", 0, 1, 25),
    ("MOVE_HITS_INVULNERABLE", 0, 1, 26),
    ("MOVE_PRIORITY", 1, 2, 27),
)
SECONDARY = _pack(
    ("MOVE_SECONDARY", 0, 3, 0),
    ("MOVE_SECONDARY_CHANCE", 0, 8, 3),
    ("MOVE_SECONDARY_STATUS", 0, 3, 11),
    ("MOVE_SECONDARY_STAT", 0, 3, 14),
    ("MOVE_SECONDARY_STAGES", 2, 3, 17),
)


class Move(NamedTuple):
    """One move's row; its parts are () i32."""

    id: jax.Array
    attack: jax.Array
    primary: jax.Array
    secondary: jax.Array

    @property
    def power(self) -> jax.Array:
        return self.attack & 255

    @property
    def type(self) -> jax.Array:
        """0 to 14, or NO_TYPE."""
        return (self.attack >> 8) & 15

    @property
    def category(self) -> jax.Array:
        return (self.attack >> 12) & 3

    @property
    def is_status(self) -> jax.Array:
        return self.category == consts.CATEGORY_STATUS

    @property
    def accuracy(self) -> jax.Array:
        """Of 255; 0 always hits."""
        return (self.attack >> 14) & 255

    @property
    def crit_ratio(self) -> jax.Array:
        return (self.attack >> 22) & 3

    @property
    def multihit(self) -> jax.Array:
        """0 once, 2 twice, 5 two to five times."""
        return (self.attack >> 24) & 7

    @property
    def recoil_divisor(self) -> jax.Array:
        return (self.attack >> 27) & 7

    @property
    def drains(self) -> jax.Array:
        return ((self.attack >> 30) & 1) == 1

    @property
    def effect(self) -> jax.Array:
        return self.primary & 63

    @property
    def fixed_damage(self) -> jax.Array:
        return (self.primary >> 6) & 63

    @property
    def status(self) -> jax.Array:
        return (self.primary >> 12) & 7

    @property
    def boost_stat(self) -> jax.Array:
        return (self.primary >> 15) & 7

    @property
    def boost_stages(self) -> jax.Array:
        return ((self.primary >> 18) & 7) - 2

    @property
    def confuses(self) -> jax.Array:
        return ((self.primary >> 21) & 1) == 1

    @property
    def targets_self(self) -> jax.Array:
        return ((self.primary >> 22) & 1) == 1

    @property
    def ignores_immunity(self) -> jax.Array:
        return ((self.primary >> 23) & 1) == 1

    @property
    def two_turn(self) -> jax.Array:
        return ((self.primary >> 24) & 1) == 1

    @property
    def keeps_last_damage(self) -> jax.Array:
        return ((self.primary >> 25) & 1) == 1

    @property
    def hits_invulnerable(self) -> jax.Array:
        return ((self.primary >> 26) & 1) == 1

    @property
    def priority(self) -> jax.Array:
        return ((self.primary >> 27) & 3) - 1

    @property
    def secondary_kind(self) -> jax.Array:
        return self.secondary & 7

    @property
    def secondary_chance(self) -> jax.Array:
        """Of 256."""
        return (self.secondary >> 3) & 255

    @property
    def secondary_status(self) -> jax.Array:
        return (self.secondary >> 11) & 7

    @property
    def secondary_stat(self) -> jax.Array:
        return (self.secondary >> 14) & 7

    @property
    def secondary_stages(self) -> jax.Array:
        return ((self.secondary >> 17) & 7) - 2

    def has_effect(self, *effects: int) -> jax.Array:
        """Whether the effect is one of these."""
        found = self.effect == effects[0]
        for effect in effects[1:]:
            found |= self.effect == effect
        return found


def lookup(number: jax.Array) -> Move:
    """The row of a move or pseudo-move by its number, 0 to 169."""
    return Move(
        number,
        jnp.asarray(ATTACK)[number],
        jnp.asarray(PRIMARY)[number],
        jnp.asarray(SECONDARY)[number],
    )


def shown(number: jax.Array) -> jax.Array:
    """The number that a move is seen by: the move that was never chosen looks like Fissure."""
    return jnp.where(number == consts.MOVE_ID_NOMOVE, consts.MOVE_ID_FISSURE, number)
