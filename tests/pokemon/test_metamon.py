"""Metamon's nine actions: a renaming of the legal ones, the same for NumPy and JAX."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from extras.pokemon import metamon
from extras.pokemon.pokeenv import requests
from harness import registry
from harness.implementations import make_batch
from references.pokemon import SPEC, pools, tables

pytest.importorskip("samestep_jax")
pytest.importorskip("samestep_rust")

from samestep_jax import import_state, make
from samestep_jax.pokemon import from_metamon, metamon_mask, to_metamon

LANES, STEPS = 32, 60


@pytest.fixture(scope="module", params=range(len(pools.NAMES)))
def states(request: pytest.FixtureRequest) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows and masks of random play."""
    batch = make_batch(registry.get("pokemon"), "rust", LANES, {"format": request.param})
    batch.reset(7)
    rng = np.random.default_rng(request.param)
    found = []
    for _ in range(STEPS):
        legal = batch.legal()
        assert legal is not None
        found.append((batch.export_state(), legal))
        batch.step((legal * rng.random(legal.shape)).argmax(-1).astype(np.int32))
    batch.close()
    return found


def test_it_is_a_renaming_of_the_legal_actions(
    states: list[tuple[np.ndarray, np.ndarray]],
) -> None:
    for rows, legal in states:
        nine = metamon.metamon_mask(rows, legal)
        np.testing.assert_array_equal(nine.sum(2), legal.sum(2))
        renamed = np.zeros_like(legal)
        for action in range(metamon.METAMON_ACTIONS):
            given = np.full(legal.shape[:2], action)
            ten = metamon.from_metamon(rows, legal, given)
            allowed = nine[..., action]
            back = metamon.to_metamon(rows, legal, ten)
            assert (back[allowed] == action).all()
            lane, side = np.nonzero(allowed)
            renamed[lane, side, ten[lane, side]] = True
        np.testing.assert_array_equal(renamed, legal)


def test_moves_and_switches_go_by_name(states: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Held against what Showdown's request says of them."""
    nameless = 0
    for rows, legal in states:
        for lane, side, names in offered(rows):
            given = np.zeros(legal.shape[:2], int)
            for action in np.flatnonzero(metamon.metamon_mask(rows, legal)[lane, side]):
                given[lane, side] = action
                ten = int(metamon.from_metamon(rows, legal, given)[lane, side])
                row = SPEC.unpack(rows)[lane]
                if action >= 4:
                    assert tables.SPECIES_IDS[row["species"][side, ten]] == names[1][action - 4]
                elif len(names[0]) == 1 and names[0][0] not in held(row, side):
                    assert action == 0 and ten == 6
                    nameless += 1
                else:
                    move = tables.MOVE_IDS[row["active_moves"][side, ten - 6]]
                    assert move == sorted(held(row, side))[action]
                    assert move in names[0]
    assert nameless > 10


def held(row: np.void, side: int) -> list[str]:
    return [tables.MOVE_IDS[move] for move in row["active_moves"][side] if move]


def offered(rows: np.ndarray) -> Iterator[tuple[int, int, tuple[list[str], list[str]]]]:
    """By lane and side that chooses: ids of the moves on offer, and of who can be sent in."""
    for lane, row in enumerate(SPEC.unpack(rows)):
        for side in np.flatnonzero(row["request"]):
            request = requests.request_of(row, int(side))
            moves = [one["id"] for one in request.get("active", [{"moves": []}])[0]["moves"]]
            alive = (row["hp"][side] > 0) & (np.arange(6) != row["order"][side, 0])
            bench = sorted(tables.SPECIES_IDS[one] for one in row["species"][side][alive])
            yield lane, int(side), (moves, bench)


def test_jax_renames_alike(states: list[tuple[np.ndarray, np.ndarray]]) -> None:
    env = make("pokemon")
    for rows, legal in states[::6]:
        state = import_state(env, None, rows).env_state
        mask = metamon.metamon_mask(rows, legal)
        np.testing.assert_array_equal(jax.vmap(metamon_mask)(state), mask)
        for action in range(10):
            given = jnp.full((LANES, 2), action)
            if action < metamon.METAMON_ACTIONS:
                np.testing.assert_array_equal(
                    jax.vmap(from_metamon)(state, given),
                    metamon.from_metamon(rows, legal, np.asarray(given)),
                )
            np.testing.assert_array_equal(
                jax.vmap(to_metamon)(state, given),
                metamon.to_metamon(rows, legal, np.asarray(given)),
            )


def test_one_player_against_an_opponent(states: list[tuple[np.ndarray, np.ndarray]]) -> None:
    rows, legal = states[STEPS // 2]
    both, alone = metamon.metamon_mask(rows, legal), metamon.metamon_mask(rows, legal[:, 0])
    np.testing.assert_array_equal(both[:, 0], alone)
    chosen = alone.argmax(1)
    ten = metamon.from_metamon(rows, legal[:, 0], chosen)
    assert ten.shape == (LANES,) and ten.dtype == np.int32
    np.testing.assert_array_equal(metamon.to_metamon(rows, legal[:, 0], ten), chosen)


def test_an_action_out_of_range_is_refused(states: list[tuple[np.ndarray, np.ndarray]]) -> None:
    rows, legal = states[0]
    with pytest.raises(ValueError, match=r"^an action is 9; accepted: 0 to 8$"):
        metamon.from_metamon(rows, legal, np.full((LANES, 2), 9))
    with pytest.raises(ValueError, match=r"^an action is -1; accepted: 0 to 9$"):
        metamon.to_metamon(rows, legal, np.full((LANES, 2), -1))
