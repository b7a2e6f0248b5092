"""L2: JAX's Pong against the reference through the batch drivers, whole episodes long."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import samestep_jax
from harness import registry
from harness.impl_jax import JaxBatch
from references.batch import BatchStep, ReferenceBatch
from references.pong import SPEC, Pong
from references.pong.rules import DIRECTIONS
from samestep_jax.core.threefry import as_key, root_key
from samestep_jax.gymnax import EnvParams, GymnaxEnv

pytestmark = pytest.mark.l2

ENTRY = registry.get("pong")


def pair(num_envs: int, **params: Any) -> tuple[JaxBatch, ReferenceBatch]:
    own = {name: value for name, value in params.items() if name != "max_episode_steps"}
    limit = params.get("max_episode_steps", 0)
    return JaxBatch(ENTRY, num_envs, params), ReferenceBatch(Pong(**own), num_envs, limit)


def assert_same(made: np.ndarray, expected: np.ndarray, what: str) -> None:
    assert made.dtype == expected.dtype, what
    assert made.shape == expected.shape, what
    np.testing.assert_array_equal(made.view(np.uint8), expected.view(np.uint8), what)


def assert_same_step(made: BatchStep, expected: BatchStep) -> None:
    for name in ("obs", "reward", "terminated", "truncated"):
        assert_same(getattr(made, name), getattr(expected, name), name)
    done = expected.terminated | expected.truncated
    assert_same(made.final_obs[done], expected.final_obs[done], "final_obs")
    assert_same(made.final_obs[~done], made.obs[~done], "final_obs of running episodes")


def follow(rng: np.random.Generator, obs: np.ndarray, continuous: bool) -> np.ndarray:
    """Half the agents follow the ball, so that games are long and both sides score."""
    ball, paddle = obs[:, 3] * 640 + 16, obs[:, 1] * 640
    up = np.where(rng.random(len(obs)) < 0.8, ball > paddle, rng.random(len(obs)) < 0.5)
    if continuous:
        size = rng.random(len(obs), np.float32)
        return np.where(up, size, -size).astype(np.float32)[:, None]
    actions = np.where(up, 1, 2)
    actions[::2] = rng.integers(0, 3, len(actions[::2]))
    return actions.astype(np.int32)


@pytest.mark.parametrize(
    ("params", "num_envs", "seed"),
    [
        ({}, 8, 1),
        ({"frame_skip": 8}, 32, 2),
        ({"frame_skip": 3, "continuous": True}, 24, 3),
        ({"frame_skip": 8, "max_episode_steps": 37}, 32, 2**63 + 5),
    ],
    ids=["skip1", "skip8", "continuous-skip3", "limit"],
)
def test_lockstep_to_the_end_of_every_first_episode(
    params: dict[str, Any], num_envs: int, seed: int
) -> None:
    batch, reference = pair(num_envs, **params)
    rng = np.random.default_rng(seed)
    obs = reference.reset(seed)
    assert_same(batch.reset(seed), obs, "first obs")
    ended, rewards = np.zeros(num_envs, int), set()
    for _ in range(20_000):
        actions = follow(rng, obs, params.get("continuous", False))
        expected = reference.step(actions)
        assert_same_step(batch.step(actions), expected)
        assert_same(batch.export_state(), reference.export_state(), "state")
        obs = expected.obs
        ended += expected.terminated | expected.truncated
        rewards |= set(expected.reward.tolist())
        if ended.all():
            break
    assert ended.all()
    assert rewards >= {-1.0, 0.0, float(np.float32(0.1))}
    assert 1.0 in rewards or params not in ({}, {"frame_skip": 8})
    assert batch.trace_count == 1


def test_a_game_that_ends_begins_anew() -> None:
    """Ended, almost ended and fresh games side by side, from imported states."""
    batch, reference = pair(6, frame_skip=8)
    reference.reset(9)
    rows = reference.export_state()
    view = SPEC.unpack(rows)
    view["score_l"] = [20, 20, 0, 19, 20, 20]
    view["score_r"] = [0, 20, 20, 0, 20, 0]
    view["ball_x"] = [462, 462, 4, 462, 4, 200]
    view["ball_vx"] = [10, 10, -10, 10, -10, 10]
    view["ball_y"], view["paddle_yl"], view["paddle_yr"] = 600, 0, 0
    view["t"], view["episode"] = 500, 3
    rows = view.view(np.uint8).reshape(6, -1)
    reference.import_state(rows)
    batch.import_state(rows)
    assert_same(batch.export_state(), rows, "state")
    actions = np.zeros(6, np.int32)
    expected = reference.step(actions)
    assert_same_step(batch.step(actions), expected)
    assert expected.terminated.tolist() == [True, True, True, False, True, False]
    assert_same(batch.export_state(), reference.export_state(), "state")
    after = SPEC.unpack(batch.export_state())
    assert after["episode"].tolist() == [4, 4, 4, 3, 4, 3]
    assert after["t"].tolist() == [0, 0, 0, 501, 0, 501]


def test_time_limit_gives_way_to_the_end_of_a_game() -> None:
    batch, reference = pair(2, max_episode_steps=10)
    reference.reset(0)
    view = SPEC.unpack(reference.export_state())
    view["t"], view["score_l"], view["paddle_yr"] = 9, 20, 0
    view["ball_x"] = [465, 200]
    rows = view.view(np.uint8).reshape(2, -1)
    batch.import_state(rows)
    step = batch.step(np.zeros(2, np.int32))
    assert step.terminated.tolist() == [True, False]
    assert step.truncated.tolist() == [False, True]


def test_partial_reset_and_import() -> None:
    batch, reference = pair(5)
    for one in (batch, reference):
        one.reset(1)
        for _ in range(3):
            one.step(np.ones(5, np.int32))
    saved = reference.export_state()
    chosen = [4, 1]
    assert_same(batch.reset(77, chosen)[chosen], reference.reset(77, chosen)[chosen], "obs")
    assert_same(batch.export_state(), reference.export_state(), "state")
    for one in (batch, reference):
        one.import_state(saved[[1, 0]], [1, 3])
    assert_same(batch.export_state(), reference.export_state(), "state")
    assert SPEC.unpack(batch.export_state())["env_index"].tolist() == [0, 1, 2, 0, 4]


def test_splitting_a_batch_changes_nothing() -> None:
    env = samestep_jax.make("pong", frame_skip=8)
    whole, _ = samestep_jax.reset_batch(env, 3, 6)
    tail, _ = samestep_jax.reset_batch(env, root_key(3), 2, first_index=4)
    for _ in range(30):
        whole, out = samestep_jax.step_batch(env, whole, jnp.arange(6) % 3)
        tail, tail_out = samestep_jax.step_batch(env, tail, jnp.arange(4, 6) % 3)
        assert_same(np.asarray(out.obs)[4:], np.asarray(tail_out.obs), "obs")
    rows = np.asarray(samestep_jax.export_state(env, whole))
    assert_same(rows[4:], np.asarray(samestep_jax.export_state(env, tail)), "state")


def test_single_instances_under_vmap_equal_the_batch() -> None:
    env = samestep_jax.make("pong")
    key = jnp.array([[1, 2], [3, 4]], jnp.uint32)
    state, obs = jax.vmap(env.reset)(key)
    assert obs.shape == (2, 8)
    state, step = jax.vmap(env.step)(state, jnp.array([1, 2]))
    for index in range(2):
        own, _ = Pong().reset((int(key[index, 0]), int(key[index, 1])))
        own, out = Pong().step(own, [1, 2][index])
        assert_same(np.asarray(step.obs[index]), out.obs, "obs")
        assert float(state.paddle_yr[index]) == own.paddle_yr
    assert float(state.paddle_yr[0] - state.paddle_yr[1]) == 8 * (DIRECTIONS[1] - DIRECTIONS[2])


BAD_ROWS = [
    ({"score_l": 21}, "state row 1: score_l is 21; a running game has 0 to 20"),
    ({"score_r": -1}, "state row 1: score_r is -1; a running game has 0 to 20"),
    ({"ball_x": np.nan}, "state row 1: ball_x is nan; it must be finite"),
    ({"paddle_yl": np.inf}, "state row 1: paddle_yl is inf; it must be finite"),
    ({"layout": 5}, "state row 1 has layout 0x00000005; pong version 1 has"),
]


@pytest.mark.parametrize(("fields", "message"), BAD_ROWS)
def test_states_that_cannot_exist_change_nothing(fields: dict[str, Any], message: str) -> None:
    batch, _ = pair(3)
    batch.reset(0)
    before = batch.export_state()
    rows = before.copy()
    for name, value in fields.items():
        rows.view(SPEC.row_dtype)[1, 0][name] = value
    with pytest.raises(ValueError, match=message):
        batch.import_state(rows)
    assert_same(batch.export_state(), before, "state")


BAD_IMPORTS = [
    (lambda rows: rows[:, :-1], None, r"state rows are uint8 \(3, 55\); pong takes"),
    (lambda rows: rows.astype(np.int8), None, r"state rows are int8 \(3, 56\); pong takes"),
    (lambda rows: rows[:2], None, "there are 2 state rows; accepted: 3"),
    (lambda rows: rows, [0, 1], "there are 3 state rows; accepted: 2"),
    (lambda rows: rows, [0, 1, 3], "index 3 is out of range; accepted: 0 to 2"),
    (lambda rows: rows, [0, 1, 1], "an index is given twice; accepted: distinct indices"),
    (lambda rows: rows, [0.5, 1, 2], "indices are float64"),
]


@pytest.mark.parametrize(("change", "indices", "message"), BAD_IMPORTS)
def test_rows_that_do_not_fit(change: Any, indices: Any, message: str) -> None:
    batch, _ = pair(3)
    batch.reset(0)
    with pytest.raises(ValueError, match=message):
        batch.import_state(change(batch.export_state()), indices)


BAD_MAKES = [
    ("pnog", {}, "unknown environment 'pnog'; accepted: halfcheetah, pokemon, pong"),
    ("pong", {"skip": 8}, "pong has no parameter 'skip'; accepted: frame_skip, continuous, max_e"),
    ("pong", {"frame_skip": 0}, "frame_skip is 0; accepted: an integer from 1 to 1024"),
    ("pong", {"frame_skip": 2.0}, "frame_skip is 2.0; accepted: an integer from 1 to 1024"),
    ("pong", {"frame_skip": True}, "frame_skip is True; accepted: an integer from 1 to 1024"),
    ("pong", {"continuous": 1}, "continuous is 1; accepted: True or False"),
    ("pong", {"max_episode_steps": -1}, "max_episode_steps is -1; accepted: an integer from 0 to"),
]


@pytest.mark.parametrize(("name", "params", "message"), BAD_MAKES)
def test_environments_that_cannot_be_made(name: str, params: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        samestep_jax.make(name, **params)


@pytest.mark.parametrize("num_envs", [0, -3])
def test_batches_without_instances(num_envs: int) -> None:
    message = f"num_envs is {num_envs}; accepted: an integer of at least 1"
    with pytest.raises(ValueError, match=message):
        samestep_jax.reset_batch(samestep_jax.make("pong"), 0, num_envs)


BAD_ACTIONS = [
    (False, np.array([0, 3]), r"action \(1,\) is 3; accepted: integers from 0 to 2"),
    (False, np.array([-1, 0]), r"action \(0,\) is -1; accepted: integers from 0 to 2"),
    (True, np.array([[0.0], [np.nan]]), r"action \(1, 0\) is nan; accepted: numbers from -1.0"),
    (True, np.array([[1.5], [0.0]]), r"action \(0, 0\) is 1.5; accepted: numbers from -1.0 to 1"),
    (True, np.array([0.0, 1.0]), r"actions have shape \(2,\); accepted: "),
]


@pytest.mark.parametrize(("continuous", "actions", "message"), BAD_ACTIONS)
def test_actions_that_are_refused(continuous: bool, actions: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        samestep_jax.check_actions(samestep_jax.make("pong", continuous=continuous), actions)
    batch, _ = pair(2, continuous=continuous)
    batch.reset(0)
    before = batch.export_state()
    with pytest.raises(ValueError, match=message):
        batch.step(actions)
    assert_same(batch.export_state(), before, "state")


@pytest.mark.parametrize("continuous", [False, True])
def test_actions_of_the_wrong_kind(continuous: bool) -> None:
    actions = np.zeros((2, 1), np.int32) if continuous else np.zeros(2, np.float32)
    with pytest.raises(TypeError, match=r"actions are (int32|float32); accepted: (floa|integers)"):
        samestep_jax.check_actions(samestep_jax.make("pong", continuous=continuous), actions)


@pytest.mark.parametrize("frame_skip", [1, 8])
def test_any_other_discrete_action_stays(frame_skip: int) -> None:
    env = samestep_jax.make("pong", frame_skip=frame_skip)
    state, _ = samestep_jax.reset_batch(env, 0, 4)
    _, stay = samestep_jax.step_batch(env, state, jnp.zeros(4, jnp.int32))
    _, other = samestep_jax.step_batch(env, state, jnp.array([3, -1, 100, 0]))
    assert_same(np.asarray(stay.obs), np.asarray(other.obs), "obs")


@pytest.mark.parametrize("typed", [False, True])
def test_gymnax_face_equals_the_reference(typed: bool) -> None:
    env = GymnaxEnv.make("pong", frame_skip=8, max_episode_steps=60)
    make_key = jax.random.key if typed else jax.random.PRNGKey
    first, second = make_key(3), make_key(4)
    words = [(int(as_key(key)[0]), int(as_key(key)[1])) for key in (first, second)]
    reference = Pong(frame_skip=8)
    own, own_obs = reference.reset(words[0])
    obs, state = env.reset(first, env.default_params)
    assert_same(np.asarray(obs), own_obs, "first obs")
    for t in range(1, 61):
        own, out = reference.step(own, t % 3)
        obs, state, reward, terminated, truncated, info = env.step(second, state, t % 3)
        assert_same(np.asarray(info["final_observation"]), out.obs, "final_observation")
        assert float(reward) == out.reward
        assert (bool(terminated), bool(truncated)) == (False, t == 60)
    own, own_obs = reference.reset(words[1])
    assert_same(np.asarray(obs), own_obs, "obs after autoreset")
    assert int(state.t) == 0
    _, _, _, _, truncated, _ = env.step(second, state, 0, EnvParams(1))
    assert bool(truncated)


def test_gymnax_spaces() -> None:
    env = GymnaxEnv.make("pong")
    assert (env.name, env.num_actions) == ("pong", 3)
    actions = jax.vmap(env.action_space().sample)(jax.random.split(jax.random.key(0), 64))
    assert set(np.asarray(actions).tolist()) == {0, 1, 2}
    assert not bool(env.action_space().contains(3))
    box = GymnaxEnv.make("pong", continuous=True).action_space()
    assert box.shape == (1,)
    assert bool(box.contains(box.sample(jax.random.key(1))))
    assert not bool(box.contains(jnp.array([1.5])))
    obs, _ = env.reset(jax.random.key(0))
    assert bool(env.observation_space().contains(obs))


def test_under_gymnax_own_wrapper() -> None:
    purerl = pytest.importorskip("gymnax.wrappers.purerl")
    env = purerl.LogWrapper(GymnaxEnv.make("pong", frame_skip=8, max_episode_steps=25))
    obs, state = env.reset(jax.random.key(0), env.default_params)
    for _ in range(25):
        obs, state, _, _, _, info = env.step(jax.random.key(1), state, 1, env.default_params)
    assert bool(info["returned_episode"])
    assert int(info["returned_episode_lengths"]) == 25
    assert obs.shape == (8,)
