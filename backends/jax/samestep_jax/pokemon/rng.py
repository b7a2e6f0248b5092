"""Showdown's 64-bit linear congruential generator, in two 32-bit words.

Source: Showdown 0.11.11, sim/prng.ts, Gen5RNG and PRNG.random: the state is multiplied and
increased, and its upper 32 bits, u, are the draw; a number below n is floor(u * n / 2**32).
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

MULTIPLIER = 0x5D588B656C078965
INCREMENT = 0x269EC3
MOST_SKIPPED = 15
"""The most draws that one `skip` leaves out."""

_MASK = (1 << 64) - 1


class Generator(NamedTuple):
    """The state: two () u32."""

    high: jax.Array
    low: jax.Array


def _jumps() -> np.ndarray:
    """(MOST_SKIPPED + 1, 4) u32: multiplier and increment of k draws, high words first."""
    rows, a, c = [], 1, 0
    for _ in range(MOST_SKIPPED + 1):
        rows.append((a >> 32, a & 0xFFFFFFFF, c >> 32, c & 0xFFFFFFFF))
        a, c = a * MULTIPLIER & _MASK, (c * MULTIPLIER + INCREMENT) & _MASK
    return np.array(rows, np.uint32)


JUMPS = _jumps()


def _product_high(a: jax.Array, b: jax.Array) -> jax.Array:
    """The upper 32 bits of the product of two u32."""
    a_high, a_low, b_high, b_low = a >> 16, a & 0xFFFF, b >> 16, b & 0xFFFF
    middle = a_low * b_high + ((a_low * b_low) >> 16)
    other = a_high * b_low + (middle & 0xFFFF)
    return a_high * b_high + (middle >> 16) + (other >> 16)


def _affine(g: Generator, jump: tuple[jax.Array, jax.Array, jax.Array, jax.Array]) -> Generator:
    """The state multiplied and increased, modulo 2**64."""
    high, low, add_high, add_low = jump
    product = g.low * low
    new_low = product + add_low
    carry = (new_low < product).astype(jnp.uint32)
    new_high = g.high * low + g.low * high + _product_high(g.low, low) + add_high + carry
    return Generator(new_high, new_low)


def draw(g: Generator, n: ArrayLike, needed: ArrayLike = True) -> tuple[Generator, jax.Array]:
    """The next number in [0, n), () i32, for n at most 65536.

    Where `needed` does not hold nothing is drawn, and the number means nothing.
    """
    one = JUMPS[1]
    words = (jnp.uint32(one[0]), jnp.uint32(one[1]), jnp.uint32(one[2]), jnp.uint32(one[3]))
    after = _affine(g, words)
    u, bound = after.high, jnp.asarray(n).astype(jnp.uint32)
    below = ((u >> 16) * bound + (((u & 0xFFFF) * bound) >> 16)) >> 16
    kept = Generator(jnp.where(needed, after.high, g.high), jnp.where(needed, after.low, g.low))
    return kept, below.astype(jnp.int32)


def skip(g: Generator, count: jax.Array) -> Generator:
    """The generator after `count` draws, 0 to MOST_SKIPPED, whose numbers nobody reads."""
    jump = jnp.asarray(JUMPS)[count]
    return _affine(g, (jump[0], jump[1], jump[2], jump[3]))
