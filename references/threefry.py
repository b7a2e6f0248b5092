"""threefry2x32 with 20 rounds, in plain Python: the randomness of every environment.

Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC11), and the
known-answer vectors that the Random123 library publishes.

Randomness is counter-based, so there is no draw order to keep:

    env_key           = threefry(root, (env_index, episode))
    draw(slot, t)     = threefry(env_key, (t, slot))

Reset is t = 0, the first step t = 1; episodes count from 0.
"""

from __future__ import annotations

Key = tuple[int, int]
"""Two unsigned 32-bit words."""

MASK = 0xFFFFFFFF
_PARITY = 0x1BD11BDA
_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def threefry2x32(key: Key, counter: Key) -> Key:
    """Encrypt `counter` under `key`: two u32 in, two u32 out."""
    schedule = (key[0], key[1], key[0] ^ key[1] ^ _PARITY)
    x0 = (counter[0] + schedule[0]) & MASK
    x1 = (counter[1] + schedule[1]) & MASK
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            x0 = (x0 + x1) & MASK
            x1 = ((x1 << rotation) | (x1 >> (32 - rotation))) & MASK
            x1 ^= x0
        x0 = (x0 + schedule[(group + 1) % 3]) & MASK
        x1 = (x1 + schedule[(group + 2) % 3] + group + 1) & MASK
    return x0, x1


def root_key(seed: int) -> Key:
    """The root key of a seed, an integer in [0, 2**64): its high and its low word.

    Raises:
        ValueError: if the seed does not fit.
    """
    if not 0 <= seed < 1 << 64:
        raise ValueError(f"seed is {seed}; accepted are integers from 0 to 2**64 - 1")
    return seed >> 32, seed & MASK


def env_key(root: Key, env_index: int, episode: int) -> Key:
    """The key of one episode of one instance of a batch."""
    return threefry2x32(root, (env_index, episode))


def uniform(word: int) -> float:
    """A u32 as a float32-representable number in [0, 1): its top 24 bits."""
    return (word >> 8) * 2.0**-24


def below(word: int, n: int) -> int:
    """A u32 as an integer in [0, n), for 1 <= n <= 65536."""
    assert 1 <= n <= 65536, n
    return ((word >> 16) * n) >> 16
