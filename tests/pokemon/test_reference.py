"""The reference as the contract has it: draws, states that stay usable, rewards, one player."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
import pytest

from references.batch import ReferenceBatch
from references.contract import ManyReference, Step, TallyReference
from references.pokemon import SPEC, Pokemon, opponents, pools, trace
from references.pokemon.rules import PokemonState, numbered
from references.pokemon.showdown import BattleStart, Showdown
from references.threefry import below, threefry2x32

KEY = (123, 456)


def play(
    env: Pokemon, key: tuple[int, int], seed: int = 0, limit: int = 10_000
) -> tuple[list[PokemonState], list[Any], list[Step]]:
    """A battle at random: its states, actions and steps."""
    rng = np.random.default_rng(seed)
    state, _ = env.reset(key)
    states, actions, steps = [state], list[Any](), list[Step]()
    while not states[-1].fields["winner"][0] and len(actions) < limit:
        legal = env.legal(states[-1])
        picked = [int(rng.choice(np.flatnonzero(mask))) for mask in np.atleast_2d(legal)]
        action = picked if legal.ndim == 2 else picked[0]
        state, step = env.step(states[-1], action)
        states.append(state)
        actions.append(action)
        steps.append(step)
    return states, actions, steps


def test_a_row_fits_into_512_bytes() -> None:
    assert SPEC.state_bytes <= 512


@pytest.mark.parametrize("format", [0, 1, 2])
def test_a_reset_draws_the_pair_and_the_seed(showdown: Showdown, format: int) -> None:
    draws = {name: threefry2x32(KEY, (0, slot))[0] for name, slot in SPEC.slots.items()}
    pool = pools.load(format)
    first, second = pool[below(draws["team"], len(pool))]
    seed = (draws["seed_high"], draws["seed_low"])
    _, rows, masks = showdown.start(
        [BattleStart(format, (numbered(first), numbered(second)), seed)]
    )
    state, _ = Pokemon(format=format).reset(KEY)
    assert np.array_equal(state.row, rows[0])
    assert np.array_equal(state.mask, masks[0])


def test_battles_end_and_every_state_stays_usable(showdown: Showdown) -> None:
    env = Pokemon(format=2)
    states, actions, steps = play(env, KEY)
    assert [step.terminated for step in steps] == [False] * (len(steps) - 1) + [True]
    assert not any(step.truncated for step in steps)
    for t in (0, len(actions) // 2, len(actions) - 1):
        again, step = env.step(states[t], actions[t])
        assert np.array_equal(again.row, states[t + 1].row)
        assert np.array_equal(step.obs, steps[t].obs)
        assert again.t == t + 1


def test_many_steps_at_once_are_the_single_ones(showdown: Showdown) -> None:
    """Also where two states are of one battle, and where one of them is stale."""
    env = Pokemon(format=1)
    assert isinstance(env, ManyReference)
    states, actions, _ = play(env, KEY, limit=12)
    chosen = [states[11], states[3], states[3], states[0]]
    taken = np.array([actions[11], actions[3], actions[3], actions[0]])
    for (after, step), t in zip(env.step_many(chosen, taken), (11, 3, 3, 0), strict=True):
        assert np.array_equal(after.row, states[t + 1].row)
        assert step.reward.shape == (2,)
    logs = [
        [line for line in env.log(state) if not line.startswith("|t:|")]  # the time of day
        for state in (states[3], states[12])
    ]
    assert logs[1][: len(logs[0])] == logs[0]
    assert len(logs[1]) > len(logs[0])
    packed = env.export_many(chosen)
    assert np.array_equal(packed[1], states[3].row[24:])


def test_who_acts_is_who_is_asked(showdown: Showdown) -> None:
    states, _, _ = play(Pokemon(format=2), KEY, seed=1)
    env = Pokemon(format=2)
    waited = 0
    for state in states[:-1]:
        acting, legal = env.acting(state), env.legal(state)
        assert acting is not None and acting.any()
        for asked, mask in zip(acting, legal, strict=True):
            waited += not asked
            assert mask.any()
            assert asked or mask.tolist() == [True] + [False] * 9
    assert waited


@pytest.mark.parametrize("faint_reward", [0.0, 0.25])
def test_rewards_are_the_outcome_and_what_fainted(showdown: Showdown, faint_reward: float) -> None:
    env = Pokemon(format=0, faint_reward=faint_reward)
    for seed in range(3):
        states, _, steps = play(env, (seed, 9), seed)
        total = np.sum([step.reward for step in steps], axis=0)
        start, end = states[0].fields, states[-1].fields
        lost = ((start["hp"][0] > 0) & (end["hp"][0] == 0)).sum(1)
        outcome = {1: 1, 2: -1, 3: 0}[int(end["winner"][0])]
        expected = outcome + faint_reward * (int(lost[1]) - int(lost[0]))
        assert total.tolist() == [expected, -expected]
        assert steps[0].reward.dtype == np.float32


@pytest.mark.parametrize("opponent", [opponents.RANDOM, opponents.MAX_BASE_POWER])
def test_with_an_opponent_there_is_one_player(showdown: Showdown, opponent: int) -> None:
    """Its battle is the two-player one with the opponent's choices."""
    solo, both = Pokemon(format=1, opponent=opponent), Pokemon(format=1)
    assert solo.spec.num_players == 1
    states, actions, steps = play(solo, KEY)
    state, obs = both.reset(KEY)
    assert solo.reset(KEY)[1].tolist() == obs[0].tolist()
    for t, action in enumerate(actions):
        assert solo.acting(states[t]) is None
        assert np.array_equal(solo.legal(states[t]), both.legal(state)[0])
        word, _ = threefry2x32(KEY, (t + 1, SPEC.slots["opponent"]))
        moves = state.fields["active_moves"][0, 1]
        other = opponents.choose(opponent, both.legal(state)[1], moves, word)
        state, step = both.step(state, [action, other])
        assert np.array_equal(state.row, states[t + 1].row)
        assert steps[t].reward == step.reward[0]
        assert np.array_equal(steps[t].obs, step.obs[0])


def test_the_tally_counts_the_moves_that_the_log_shows(showdown: Showdown) -> None:
    env = Pokemon(format=2)
    assert isinstance(env, TallyReference)
    assert len(env.tally()) == 165
    assert set(env.tally().values()) == {0}
    states, actions, _ = play(env, KEY)
    counted = env.tally()
    lines = [line.split("|") for line in env.log(states[-1])]
    shown = Counter(toid(line[3]) for line in lines if line[1:2] == ["move"])
    assert len(shown) > 10
    assert {move: count for move, count in counted.items() if count} == shown
    env.step(states[len(actions) // 2], actions[len(actions) // 2])  # its replay counts nothing
    again = sum(env.tally().values()) - sum(counted.values())
    assert 0 <= again <= 4


def toid(name: str) -> str:
    """Showdown's id of a name."""
    return re.sub("[^a-z0-9]", "", name.lower())


def test_rows_go_through_the_batch_driver(showdown: Showdown) -> None:
    batch = ReferenceBatch(Pokemon(format=1), 4)
    batch.reset(seed=3)
    rng = np.random.default_rng(0)
    for _ in range(6):
        legal = batch.legal()
        assert legal is not None
        actions = [[int(rng.choice(np.flatnonzero(m))) for m in pair] for pair in legal]
        batch.step(np.array(actions))
    rows = batch.export_state()
    other = ReferenceBatch(Pokemon(format=1), 4)
    other.import_state(rows)
    assert np.array_equal(other.export_state(), rows)
    assert np.array_equal(np.asarray(other.legal()), np.asarray(batch.legal()))


def test_a_series_does_not_depend_on_how_it_is_split(showdown: Showdown) -> None:
    """What lets a long proof be sharded: a battle is its index's, whoever plays beside it."""
    together = list(trace.battles(showdown, 0, seed=4, indices=range(4), limit=10))
    (alone,) = trace.battles(showdown, 0, seed=4, indices=[2], limit=10)
    assert np.array_equal(together[2].rows, alone.rows)
    assert not np.array_equal(together[1].rows[0], alone.rows[0])
