"""L1: the parts that JAX's Pokemon rules are made of, against the tables and plain arithmetic."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from references.pokemon import opponents as reference_opponents
from references.pokemon import pools as reference_pools
from references.pokemon.observation import stats_of
from references.pokemon.tables import CONSTANTS
from samestep_jax.pokemon import consts, moves, opponents, packing, pools, rng, status
from samestep_jax.pokemon.staging import when
from samestep_jax.pokemon.state import all_stats, types_of

pytestmark = pytest.mark.l1

WORDS = st.integers(0, 2**32 - 1)
MASK = 2**64 - 1


def after(state: int, draws: int) -> int:
    for _ in range(draws):
        state = (state * rng.MULTIPLIER + rng.INCREMENT) & MASK
    return state


def generator(state: int) -> rng.Generator:
    return rng.Generator(jnp.uint32(state >> 32), jnp.uint32(state & 0xFFFFFFFF))


def joined(g: rng.Generator) -> int:
    return int(g.high) << 32 | int(g.low)


draw = jax.jit(rng.draw)
skip = jax.jit(rng.skip)


@settings(max_examples=60, deadline=None)
@given(WORDS, WORDS, st.one_of(st.sampled_from([1, 2, 256, 65536]), st.integers(1, 65536)))
def test_a_draw_is_the_generators_next(high: int, low: int, n: int) -> None:
    state = high << 32 | low
    g, number = draw(generator(state), n)
    expected = after(state, 1)
    assert joined(g) == expected
    assert int(number) == (expected >> 32) * n >> 32
    kept, _ = draw(generator(state), n, jnp.bool_(False))
    assert joined(kept) == state


@settings(max_examples=40, deadline=None)
@given(WORDS, WORDS, st.integers(0, rng.MOST_SKIPPED))
def test_skipping_is_drawing(high: int, low: int, count: int) -> None:
    state = high << 32 | low
    assert joined(skip(generator(state), count)) == after(state, count)


def test_showdowns_own_sequence() -> None:
    """What Showdown 0.11.11's PRNG says under the seed gen5,0001000200030004."""
    g, numbers = generator(0x0001000200030004), []
    for n in (65536, 256, 39, 8, 163):
        g, number = draw(g, n)
        numbers.append(int(number))
    assert numbers == [30982, 226, 25, 1, 137]
    words = [joined(g) >> shift & 0xFFFF for shift in (48, 32, 16, 0)]
    assert words == [55250, 62519, 52978, 42619]


@pytest.mark.parametrize(
    ("part", "column"),
    [
        ("power", "MOVE_POWER"),
        ("category", "MOVE_CATEGORY"),
        ("accuracy", "MOVE_ACCURACY_BYTE"),
        ("crit_ratio", "MOVE_CRIT_RATIO"),
        ("multihit", "MOVE_MULTIHIT"),
        ("recoil_divisor", "MOVE_RECOIL_DIVISOR"),
        ("drains", "MOVE_DRAIN"),
        ("effect", "MOVE_EFFECT"),
        ("fixed_damage", "MOVE_DAMAGE"),
        ("status", "MOVE_STATUS"),
        ("boost_stat", "MOVE_BOOST_STAT"),
        ("boost_stages", "MOVE_BOOST_STAGES"),
        ("confuses", "MOVE_CONFUSES"),
        ("targets_self", "MOVE_TARGETS_SELF"),
        ("ignores_immunity", "MOVE_IGNORES_IMMUNITY"),
        ("two_turn", "MOVE_TWO_TURN"),
        ("keeps_last_damage", "MOVE_KEEPS_LAST_DAMAGE"),
        ("hits_invulnerable", "MOVE_HITS_INVULNERABLE"),
        ("priority", "MOVE_PRIORITY"),
        ("secondary_kind", "MOVE_SECONDARY"),
        ("secondary_chance", "MOVE_SECONDARY_CHANCE"),
        ("secondary_status", "MOVE_SECONDARY_STATUS"),
        ("secondary_stat", "MOVE_SECONDARY_STAT"),
        ("secondary_stages", "MOVE_SECONDARY_STAGES"),
    ],
)
def test_every_moves_row_is_the_tables(part: str, column: str) -> None:
    rows = moves.lookup(jnp.arange(len(consts.MOVE_POWER)))
    found = np.asarray(getattr(rows, part)).astype(int)
    np.testing.assert_array_equal(found, CONSTANTS[column])


def test_every_moves_type() -> None:
    found = np.asarray(moves.lookup(jnp.arange(len(consts.MOVE_POWER))).type)
    expected = np.array(CONSTANTS["MOVE_TYPE"])
    np.testing.assert_array_equal(np.where(found == moves.NO_TYPE, 255, found), expected)


def test_transform_leaves_no_move_more_pp_than_it_has() -> None:
    """Five PP each is right only because no move has fewer."""
    assert min(consts.MOVE_BASE_PP[1 : consts.MOVE_ID_STRUGGLE + 1]) >= 5


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 255), min_size=4, max_size=4), st.integers(0, 3), st.integers(0, 255)
)
def test_bytes_of_a_word(values: list[int], at: int, value: int) -> None:
    word = jnp.asarray(np.array(values, np.uint8).view(np.int32)[0])
    assert [int(packing.byte(word, i)) for i in range(4)] == values
    changed = packing.with_byte(word, at, value)
    values[at] = value
    assert [int(packing.byte(changed, i)) for i in range(4)] == values


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-6, 6), min_size=6, max_size=6), st.integers(0, 5), st.integers(-6, 6))
def test_stages_of_a_word(values: list[int], at: int, value: int) -> None:
    word = jnp.int32(packing.NO_STAGES)
    for i, one in enumerate(values):
        word = packing.with_stage(word, i, jnp.int32(one))
    word = packing.with_stage(word, at, jnp.int32(value))
    values[at] = value
    assert [int(packing.stage(word, i)) for i in range(6)] == values


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 3996), min_size=4, max_size=4), st.integers(0, 3), st.booleans())
def test_stats_of_two_words(values: list[int], at: int, needed: bool) -> None:
    stats = packing.stats_of(*(jnp.int32(v) for v in values))
    stats = stats.put(jnp.int32(at), jnp.int32(999), jnp.bool_(needed))
    if needed:
        values[at] = 999
    assert [int(stats.at(jnp.int32(i))) for i in range(4)] == values
    named = (stats.attack, stats.defense, stats.speed, stats.special)
    assert [int(v) for v in named] == values


def test_stage_percentages() -> None:
    found = [int(status.stage_percent(jnp.int32(stage))) for stage in range(-6, 7)]
    assert tuple(found) == CONSTANTS["STAGE_PERCENT"]


def test_species_stats_and_types() -> None:
    species, points = np.arange(1, 152), np.tile([93, 0, 30, 63, 92], (151, 1))
    level = np.arange(1, 152) % 100 + 1
    found = all_stats(jnp.asarray(species), jnp.asarray(level), jnp.asarray(points))
    np.testing.assert_array_equal(found, stats_of(species, level, points))
    kinds = np.asarray(types_of(jnp.asarray(species)))
    np.testing.assert_array_equal(kinds & 255, np.array(CONSTANTS["SPECIES_TYPE1"])[1:])
    np.testing.assert_array_equal(kinds >> 8, np.array(CONSTANTS["SPECIES_TYPE2"])[1:])


@pytest.mark.parametrize("format", [0, 1, 2])
def test_pools_are_the_references(format: int) -> None:
    np.testing.assert_array_equal(pools.load(format), reference_pools.load(format))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.booleans(), min_size=10, max_size=10).filter(any),
    st.lists(st.integers(1, 165), min_size=4, max_size=4),
    WORDS,
    st.sampled_from([opponents.RANDOM, opponents.MAX_BASE_POWER]),
)
def test_opponents_choose_as_the_references(
    mask: list[bool], known: list[int], word: int, kind: int
) -> None:
    found = opponents.choose(kind, jnp.array(mask), jnp.array(known, jnp.uint8), jnp.uint32(word))
    expected = reference_opponents.choose(kind, np.array(mask), np.array(known), word)
    assert int(found) == expected


class Pair(NamedTuple):
    left: jax.Array
    right: jax.Array


def doubled(pair: Pair) -> Pair:
    return pair._replace(right=pair.left * 2)


def staged(needed: jax.Array, pair: Pair) -> Pair:
    return when(needed, doubled, pair)


class TestStages:
    """`when` alone, in batches, in batches of batches, and what it leaves out."""

    pair = Pair(jnp.arange(4), jnp.full(4, 9))

    def test_one_instance(self) -> None:
        for needed, expected in ((True, 6), (False, 9)):
            made = staged(jnp.bool_(needed), Pair(jnp.int32(3), jnp.int32(9)))
            assert (int(made.left), int(made.right)) == (3, expected)

    @pytest.mark.parametrize("needed", [[1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]])
    def test_a_batch(self, needed: list[int]) -> None:
        wanted = np.array(needed, bool)
        made = jax.vmap(staged)(jnp.asarray(wanted), self.pair)
        np.testing.assert_array_equal(made.right, np.where(wanted, np.arange(4) * 2, 9))
        np.testing.assert_array_equal(made.left, np.arange(4))

    def test_batches_of_batches(self) -> None:
        wanted = jnp.array([[True, False], [False, False]])
        pair = Pair(jnp.arange(4).reshape(2, 2), jnp.full((2, 2), 9))
        made = jax.jit(jax.vmap(jax.vmap(staged)))(wanted, pair)
        np.testing.assert_array_equal(made.right, [[0, 9], [9, 9]])

    def test_one_flag_for_a_batch_and_one_state_for_all_flags(self) -> None:
        made = jax.vmap(staged, (None, 0))(jnp.bool_(True), self.pair)
        np.testing.assert_array_equal(made.right, np.arange(4) * 2)
        alone = Pair(jnp.int32(3), jnp.int32(9))
        flags, axes = jnp.array([True, False]), Pair(None, 0)  # type: ignore[arg-type]
        made = jax.vmap(staged, (0, None), out_axes=axes)(flags, alone)
        np.testing.assert_array_equal(made.right, [6, 9])

    def test_a_batch_leaves_out_what_nobody_needs(self) -> None:
        traced: Any = jax.make_jaxpr(jax.vmap(staged))(jnp.zeros(4, bool), self.pair)
        names = [eqn.primitive.name for eqn in traced.jaxpr.eqns]
        assert "cond" in str(traced) and "mul" not in names

    def test_a_rule_that_changes_nothing_costs_nothing(self) -> None:
        traced = jax.make_jaxpr(lambda pair: when(jnp.bool_(True), lambda p: p, pair))(self.pair)
        assert not traced.jaxpr.eqns
