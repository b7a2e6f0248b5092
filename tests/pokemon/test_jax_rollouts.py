"""L2: JAX's Pokemon battles against Showdown: every state of whole battles, and what is asked."""

from __future__ import annotations

import re
import zlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import samestep_jax
from references.contract import HEADER_BYTES
from references.pokemon import SPEC, observation, trace
from references.pokemon.showdown import BattleStart, Played, Showdown
from samestep_jax.core import batch
from samestep_jax.pokemon import (
    PokemonState,
    from_metamon,
    metamon_mask,
    turn,
)
from samestep_jax.pokemon import observation as jax_observation
from tests.pokemon import recorded
from tests.pokemon.crafted import KISSER, POINTS, SHRINKER, edited, moves

pytestmark = pytest.mark.l2

LANES = 96
commit = jax.jit(jax.vmap(turn.commit))
legal = jax.jit(jax.vmap(turn.legal))
observe = jax.jit(jax.vmap(lambda state: jax_observation.observe(state, True)))


def states_of(rows: np.ndarray) -> PokemonState:
    """Rows (N, state_bytes) as a batch of states; their headers are ignored."""
    view = np.ascontiguousarray(rows).view(SPEC.row_dtype)[:, 0]
    words = jnp.zeros(len(rows), jnp.uint32)
    fields = {field.name: jnp.asarray(view[field.name]) for field in SPEC.state}
    return PokemonState(key=(words, words), t=words, **fields)


def assert_equal(states: PokemonState, rows: np.ndarray, what: str) -> None:
    expected = np.ascontiguousarray(rows).view(SPEC.row_dtype)[:, 0]
    for field in SPEC.state:
        made = np.asarray(getattr(states, field.name))
        np.testing.assert_array_equal(made, expected[field.name], f"{field.name} {what}")


def filled(rows: np.ndarray) -> np.ndarray:
    """LANES rows, so that all calls share one compilation."""
    return np.concatenate([rows, np.repeat(rows[-1:], LANES - len(rows), axis=0)])


@pytest.fixture(scope="module")
def battles(showdown: Showdown) -> list[Played]:
    """Of each pool, under different policies, up to a limit of commits."""
    played: list[Played] = []
    for format in range(3):
        played += trace.battles(showdown, format, seed=5, indices=range(LANES // 3), limit=150)
    return played


def test_every_state_and_mask_of_whole_battles(battles: list[Played]) -> None:
    state = states_of(np.stack([one.rows[0] for one in battles]))
    length = np.array([len(one.actions) for one in battles])
    for t in range(length.max()):
        running = np.flatnonzero(t < length)
        chosen = np.zeros((LANES, 2), np.int32)
        masks = np.asarray(legal(state))
        for i in running:
            chosen[i] = battles[i].actions[t]
            np.testing.assert_array_equal(masks[i], battles[i].masks[t], f"mask {i} at {t}")
        state = commit(state, jnp.asarray(chosen))
        after = jax.tree.map(lambda x, kept=running: np.asarray(x)[kept], state)
        rows = np.stack([battles[i].rows[t + 1] for i in running])
        assert_equal(after, rows, f"after commit {t}")


def test_the_battles_got_somewhere(battles: list[Played]) -> None:
    """Knock-outs, both kinds of requests, every status, and ends."""
    rows = np.concatenate([one.rows for one in battles]).view(SPEC.row_dtype)[:, 0]
    assert set(np.unique(rows["status"])) == set(range(7))
    assert set(np.unique(rows["request"])) == {0, 1, 2}
    assert {1, 2} <= set(np.unique(rows["winner"]))
    for name in ("substitute", "transformed", "trapping_move", "bide_turns", "thrash_move", "rage"):
        assert rows[name].any(), name


def test_observations(battles: list[Played]) -> None:
    rows = np.concatenate([one.rows[:: len(one.rows) // 6 + 1] for one in battles])[:LANES]
    rows = filled(rows)
    made = np.asarray(observe(states_of(rows)))
    expected = observation.observe(rows.view(SPEC.row_dtype)[:, 0], full=True)
    np.testing.assert_array_equal(made, expected)
    assert made.dtype == expected.dtype


def test_an_action_outside_the_mask_counts_as_the_first_inside(battles: list[Played]) -> None:
    rows = np.stack([one.rows[len(one.rows) // 2] for one in battles])
    state = states_of(rows)
    masks = np.asarray(legal(state))
    first = masks.argmax(2).astype(np.int32)
    illegal = np.where(masks.all(2), first, (~masks).argmax(2)).astype(np.int32)
    one, other = commit(state, jnp.asarray(illegal)), commit(state, jnp.asarray(first))
    for field in SPEC.state:
        made, expected = getattr(one, field.name), getattr(other, field.name)
        np.testing.assert_array_equal(made, expected, field.name)


def test_metamons_actions_are_a_renaming(battles: list[Played]) -> None:
    rows = np.stack([one.rows[len(one.rows) // 3] for one in battles])
    state = states_of(rows)
    ten, nine = np.asarray(legal(state)), np.asarray(jax.vmap(metamon_mask)(state))
    np.testing.assert_array_equal(ten.sum(2), nine.sum(2))
    for action in range(9):
        named = np.asarray(jax.vmap(from_metamon)(state, jnp.full((LANES, 2), action)))
        allowed = np.take_along_axis(ten, named[..., None], axis=2)[..., 0]
        asked = np.asarray(state.request) > 0
        np.testing.assert_array_equal(allowed[asked], nine[..., action][asked])
        assert (named[~asked] == 0).all()


def test_a_commit_that_showdown_breaks_down_over_is_a_tie(showdown: Showdown) -> None:
    """Transform from the fourth slot into a Pokemon of one move, put to sleep by it."""
    for word in range(64):
        start = BattleStart(1, ([SHRINKER], [KISSER]), (word << 26, 0))
        (played,) = showdown.play([start], actions=[np.array([[9, 6]])])
        view = played.rows[1].view(SPEC.row_dtype)
        if view["transformed"][0, 0] and view["status"][0, 0, 0] == 3:
            break
    else:
        pytest.fail("no seed of 64 transforms and puts to sleep")
    rows, chosen = filled(played.rows[1:2]), np.zeros((LANES, 2), np.int32)
    chosen[:] = [6, 6]
    after = commit(states_of(rows), jnp.asarray(chosen))
    expected = filled(edited(rows[0], winner=3, request=[0, 0])[None])
    assert_equal(after, expected, "after the breakdown")


GHOST = (92, 50, moves("lick"), POINTS)
DITTO = (132, 50, moves("transform"), POINTS)
NO_PP = [[0] * 4] * 6
LEFT_ALONE: dict[str, tuple[list[Any], list[Any], dict[str, Any]]] = {
    "both sides are ghosts without PP": ([GHOST], [GHOST], {"pp": 0, "active_pp": 0}),
    "a ghost without PP and another with": (
        [GHOST],
        [GHOST],
        {"pp": [NO_PP, [[2, 0, 0, 0], *NO_PP[1:]]], "active_pp": [[0] * 4, [2, 0, 0, 0]]},
    ),
    "all are frozen": ([GHOST], [SHRINKER], {"status": [[4] + [0] * 5] * 2}),
    "one is frozen": ([GHOST], [SHRINKER], {"status": [[4] + [0] * 5, [0] * 6]}),
    "Transform is all that is left": ([DITTO], [DITTO, GHOST], {"hp": [[52] + [0] * 5] * 2}),
    "Transform is all that one has": ([DITTO], [DITTO, GHOST], {}),
    "the last turn": ([GHOST], [SHRINKER], {"turn": 1000}),
    "the last turn but one": ([GHOST], [SHRINKER], {"turn": 999}),
}


TIES = {
    "both sides are ghosts without PP",
    "all are frozen",
    "Transform is all that is left",
    "the last turn",
}


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_battles_that_cannot_go_on_are_ties(showdown: Showdown, case: str) -> None:
    first, second, values = LEFT_ALONE[case]
    start = BattleStart(1, (first, second), (3, 4))
    (played,) = showdown.play([start], actions=[np.zeros((0, 2))])
    row = edited(played.rows[0], winner=0, request=[1, 1], **values)
    (expected,) = showdown.play_rows(1, row[None], [np.array([[6, 6]])])
    assert (expected.rows[1].view(SPEC.row_dtype)["winner"][0] == 3) == (case in TIES)
    made = commit(states_of(filled(row[None])), jnp.full((LANES, 2), 6, jnp.int32))
    assert_equal(made, filled(expected.rows[1:2]), case)


class TestCheckedStates:
    """`import_state` takes what battles are in, and nothing else."""

    env = samestep_jax.make("pokemon", format=2)

    def stamped(self, rows: np.ndarray) -> np.ndarray:
        copy = np.array(rows)
        copy.view(SPEC.row_dtype)["layout"] = SPEC.layout_id
        return copy

    def test_running_battles_are_accepted_and_come_out_again(self, battles: list[Played]) -> None:
        rows = np.concatenate([one.rows for one in battles])
        running = rows.view(SPEC.row_dtype)["winner"][:, 0] == 0
        given = self.stamped(rows[running])
        state = batch.import_state(self.env, None, given)
        np.testing.assert_array_equal(batch.export_state(self.env, state), given)

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"winner": 1}, "winner is not 0"),
            ({"turn": 1001}, "turn is 1001; accepted: 1 to 1000"),
            ({"hp": 999}, "hp is 999; accepted: 0 to"),
            ({"species": 152}, "species is 152; accepted: 1 to 151"),
            ({"level": 0}, "level is 0; accepted: 1 to 100"),
            ({"sleep_turns": 3}, "sleep_turns is 3; accepted: 0 to 0"),
            ({"moves": 0}, "moves must be one to four"),
            ({"pp": 64}, "pp is 64; accepted: 0 to 63"),
            ({"order": 0}, "order must have each slot"),
            ({"boosts": 7}, "boosts is 7; accepted: -6 to 6"),
            ({"trapped_by": 3}, "trapped_by is 3; accepted: 255 to 255"),
            ({"thrash_turns": 2}, "thrash_turns and _accuracy must be 0"),
            ({"charging_move": 1}, "charging_move is 1, which is no move of that kind"),
            ({"rage": 1, "rage_accuracy": 255, "recharge": 1}, "only one of recharge, rage"),
            ({"last_selected_move": 166}, "last_selected_move is 166"),
            ({"active_pp": 1}, "active_moves and active_pp must be the Pokemon's own"),
            ({"request": 2}, "request must be 1 for both"),
        ],
    )
    def test_other_states_are_refused(
        self, battles: list[Played], values: dict[str, int], message: str
    ) -> None:
        row = battles[0].rows[0]
        view = row.view(SPEC.row_dtype)
        # PP only where there are some: an empty slot with PP is another mistake.
        changed = {
            name: np.where(view[name][0] > 0, value, 0) if name.endswith("pp") else value
            for name, value in values.items()
        }
        bad = self.stamped(edited(row, **changed)[None])
        with pytest.raises(ValueError, match=re.escape(message)) as caught:
            batch.import_state(self.env, None, bad)
        assert "\n" not in str(caught.value)


def checksums(states: PokemonState) -> tuple[list[int], list[int]]:
    """CRC-32 of each battle's STATE and masks, and of both its observations."""
    rows = np.zeros(LANES, SPEC.row_dtype)
    for field in SPEC.state:
        rows[field.name] = np.asarray(getattr(states, field.name))
    packed = rows.view(np.uint8).reshape(LANES, -1)[:, HEADER_BYTES:]
    masks = np.asarray(legal(states), np.uint8).reshape(LANES, -1)
    observed = np.asarray(observe(states)).astype("<i2")
    return (
        [
            zlib.crc32(mask.tobytes(), zlib.crc32(row.tobytes()))
            for row, mask in zip(packed, masks, strict=True)
        ],
        [zlib.crc32(both.tobytes()) for both in observed],
    )


@pytest.mark.l3
def test_the_battles_that_rust_replays() -> None:
    """20,028 commits of 360 battles, chosen for their rare moments; without Node."""
    (battles, _), commits = recorded.read(), 0
    for first in range(0, len(battles), LANES):
        part = battles[first : first + LANES]
        rows = np.zeros((len(part), SPEC.state_bytes), np.uint8)
        for row, battle in zip(rows, part, strict=True):
            row[HEADER_BYTES:] = battle.start
        states = states_of(filled(rows))
        for moment in range(1 + max(len(battle.actions) for battle in part)):
            found, observed = checksums(states)
            actions = np.zeros((LANES, 2), np.int32)
            for lane, battle in enumerate(part):
                if moment < len(battle.states):
                    where = f"battle {first + lane} differs after {moment} commits"
                    assert found[lane] == battle.states[moment], where
                    assert observed[lane] == battle.observations[moment], f"{where}: observations"
                if moment < len(battle.actions):
                    actions[lane] = battle.actions[moment]
                    commits += 1
            states = commit(states, jnp.asarray(actions))
    assert commits > 20_000
