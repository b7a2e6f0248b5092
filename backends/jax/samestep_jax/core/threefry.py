"""threefry2x32 with 20 rounds: the randomness of every environment.

Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC11). Keys and counters are
pairs of uint32 arrays of any one shape, so everything here works alone, under `jax.vmap`, and on
whole batches alike:

    env_key        = threefry2x32(root, (env_index, episode))
    draw(slot, t)  = threefry2x32(env_key, (t, slot))[0]

Reset is t = 0, the first step t = 1; episodes count from 0.
"""

from __future__ import annotations

import operator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

Key = tuple[jax.Array, jax.Array]
"""Two uint32, the high word first."""

_PARITY = 0x1BD11BDA
_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def as_key(key: Key | jax.Array) -> Key:
    """Two u32 words from a pair, a (2,) uint32 array, or a typed JAX key of the threefry kind.

    Raises:
        TypeError: for what is no sequence, or has words of another dtype.
        ValueError: for a key that has not two words.
    """
    accepted = "accepted: two uint32, as threefry's"
    if isinstance(key, jax.Array) and jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        key = jax.random.key_data(key)
    if not isinstance(key, tuple | list) and not getattr(key, "ndim", 0):
        raise TypeError(f"the key is {key!r}; {accepted}")
    if len(key) != 2:
        raise ValueError(f"the key has {len(key)} words; {accepted}")
    return _as_word(key[0]), _as_word(key[1])


def _as_word(word: Any) -> jax.Array:
    """One u32 word of a key; a Python integer is taken where it fits."""
    if isinstance(word, int) and 0 <= word < 1 << 32:
        return jnp.asarray(word, jnp.uint32)
    if getattr(word, "dtype", None) != np.uint32:
        given = getattr(word, "dtype", repr(word))
        raise TypeError(f"a word of the key is {given}; accepted: uint32")
    return jnp.asarray(word)


def threefry2x32(key: Key, counter: tuple[ArrayLike, ArrayLike]) -> Key:
    """Encrypt `counter` under `key`: two u32 in, two u32 out."""
    k0, k1 = as_key(key)
    schedule = (k0, k1, k0 ^ k1 ^ jnp.uint32(_PARITY))
    x0 = jnp.asarray(counter[0], jnp.uint32) + schedule[0]
    x1 = jnp.asarray(counter[1], jnp.uint32) + schedule[1]
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            x0 = x0 + x1
            x1 = x0 ^ ((x1 << rotation) | (x1 >> (32 - rotation)))
        x0 = x0 + schedule[(group + 1) % 3]
        x1 = x1 + schedule[(group + 2) % 3] + jnp.uint32(group + 1)
    return x0, x1


def root_key(seed: int) -> Key:
    """The root key of a seed, an integer in [0, 2**64): its high and its low word.

    Raises:
        TypeError: if the seed is no integer.
        ValueError: if it does not fit.
    """
    accepted = "accepted are integers from 0 to 2**64 - 1"
    try:
        seed = operator.index(seed)
    except TypeError:
        raise TypeError(f"seed is {seed!r}; {accepted}") from None
    if not 0 <= seed < 1 << 64:
        raise ValueError(f"seed is {seed}; {accepted}")
    return jnp.uint32(seed >> 32), jnp.uint32(seed & 0xFFFFFFFF)


def env_key(root: Key, env_index: ArrayLike, episode: ArrayLike) -> Key:
    """The key of one episode of one instance of a batch."""
    return threefry2x32(root, (env_index, episode))


def draw(key: Key, t: ArrayLike, slot: ArrayLike) -> jax.Array:
    """The u32 of draw `slot` of step `t` under an env_key."""
    return threefry2x32(key, (t, slot))[0]


def uniform(word: jax.Array) -> jax.Array:
    """A u32 as a float32 in [0, 1): its top 24 bits."""
    return jnp.asarray(word >> 8, jnp.float32) * 2.0**-24


def below(word: jax.Array, n: int) -> jax.Array:
    """A u32 as an i32 in [0, n), for a constant 1 <= n <= 65536."""
    assert 1 <= n <= 65536, n
    return jnp.asarray(((word >> 16) * jnp.uint32(n)) >> 16, jnp.int32)
