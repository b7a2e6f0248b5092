"""Every implementation of threefry: the published vectors, each other, and JAX's own."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.random import threefry_2x32

from references import threefry as reference
from samestep_jax.core import threefry as jax_threefry

Words = np.ndarray
Implementation = Callable[[tuple[int, int], Words], Words]
"""A key and (N, 2) u32 counters to (N, 2) u32."""

# Random123, tests/kat_vectors, "threefry2x32 20": key, counter, result.
KNOWN_ANSWERS = [
    ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


def with_python(key: tuple[int, int], counters: Words) -> Words:
    return np.array([reference.threefry2x32(key, (int(a), int(b))) for a, b in counters], np.uint32)


def with_jax(key: tuple[int, int], counters: Words) -> Words:
    words = (jnp.uint32(key[0]), jnp.uint32(key[1]))
    made = jax_threefry.threefry2x32(words, (jnp.asarray(counters[:, 0]), counters[:, 1]))
    return np.stack([np.asarray(word) for word in made], axis=1)


def with_rust(key: tuple[int, int], counters: Words) -> Words:
    return pytest.importorskip("samestep_rust").threefry2x32(key, counters)


IMPLEMENTATIONS: dict[str, Implementation] = {
    "python": with_python,
    "jax": with_jax,
    "rust": with_rust,
}
each = pytest.mark.parametrize("name", IMPLEMENTATIONS)


@each
@pytest.mark.parametrize(("key", "counter", "result"), KNOWN_ANSWERS)
def test_known_answers(
    name: str, key: tuple[int, int], counter: tuple[int, int], result: tuple[int, int]
) -> None:
    words = IMPLEMENTATIONS[name](key, np.array([counter], np.uint32))
    assert tuple(int(word) for word in words[0]) == result


@each
def test_equals_what_jax_ships(name: str) -> None:
    rng = np.random.default_rng(0)
    edges = np.array([[0, 0], [1, 0], [0, 1], [0xFFFFFFFF, 0], [0, 0x80000000]], np.uint32)
    for _ in range(20):
        key = rng.integers(0, 1 << 32, 2, np.uint32)
        counters = np.concatenate([edges, rng.integers(0, 1 << 32, (45, 2), np.uint32)])
        # JAX's function takes the two words of all counters one after the other.
        flat = np.asarray(threefry_2x32(jnp.asarray(key), jnp.asarray(counters.T.reshape(-1))))
        words = IMPLEMENTATIONS[name]((int(key[0]), int(key[1])), counters)
        np.testing.assert_array_equal(words, flat.reshape(2, -1).T)


@pytest.mark.parametrize("seed", [0, 1, 0xFFFFFFFF, 1 << 32, (1 << 64) - 1])
def test_keys_agree(seed: int) -> None:
    root = reference.root_key(seed)
    jax_root = jax_threefry.root_key(seed)
    assert (int(jax_root[0]), int(jax_root[1])) == root
    key = jax_threefry.env_key(jax_root, 5, 0xFFFFFFFF)
    assert (int(key[0]), int(key[1])) == reference.env_key(root, 5, 0xFFFFFFFF)


@pytest.mark.parametrize("seed", [-1, 1 << 64])
def test_seeds_that_do_not_fit(seed: int) -> None:
    message = f"seed is {seed}; accepted are integers from 0 to 2\\*\\*64 - 1"
    for root_key in (reference.root_key, jax_threefry.root_key):
        with pytest.raises(ValueError, match=message):
            root_key(seed)


WORDS = [0, 1, 0xFF, 0x100, 0x7FFFFFFF, 0x80000000, 0xFFFFFF00, 0xFFFFFFFF]


@pytest.mark.parametrize("word", WORDS)
def test_uniform_agrees_and_stays_below_one(word: int) -> None:
    made = jax_threefry.uniform(jnp.uint32(word))
    assert made.dtype == jnp.float32
    assert float(made) == reference.uniform(word)
    assert 0 <= float(made) < 1


@pytest.mark.parametrize("n", [1, 2, 3, 1000, 65535, 65536])
@pytest.mark.parametrize("word", WORDS)
def test_below_agrees_and_stays_below_n(word: int, n: int) -> None:
    made = int(jax_threefry.below(jnp.uint32(word), n))
    assert made == reference.below(word, n)
    assert 0 <= made < n
