"""Actions are legal where masks vary, and the program that is timed is held against a recording."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness import registry
from harness.benching import ours, plan, tape, trace
from harness.benching.drawing import draw, draw_actions, pick
from harness.benching.job import CHUNK, CheckFailed, Job
from references.batch import BatchStep, ReferenceBatch
from references.pong import SPEC as PONG
from tests.duel.reference import SPEC, Duel

BATCH = 70
THREADS = 2


class Strict(ReferenceBatch):
    """Refuses illegal actions, and counts the players who waited."""

    waited = 0
    steps = 0

    def step(self, actions: np.ndarray) -> BatchStep:
        legal, acting = self.legal(), self.acting()
        assert legal is not None
        assert acting is not None
        assert np.take_along_axis(legal, actions[..., None], -1).all()
        self.waited += int((~acting).sum())
        self.steps += 1
        return super().step(actions)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Duel's trace, as the bench hands it to its workers."""
    path = tmp_path_factory.mktemp("trace") / "duel.npz"
    trace.record(registry.get("duel"), {}, BATCH).save(path)
    return str(path)


def runner(impl: str, env: str = "duel") -> Any:
    """One of the bench's own, in this process."""
    if impl != "reference":
        rust = pytest.importorskip("samestep_rust")
        if env not in rust.env_names():
            pytest.skip(f"samestep_rust was built without {env}")
    name = plan.OURS[impl].split(":")[1]
    return getattr(ours, name)(Job(env, impl, plan.OURS[impl], BATCH, THREADS))


@pytest.mark.parametrize("count", [1, 2, 3, 5, 100])
def test_picks_are_legal_and_even(count: int) -> None:
    rng = np.random.default_rng(0)
    legal = rng.random((20_000, 128)).argsort(-1) < count
    draws = rng.integers(0, 1 << 32, 20_000, dtype=np.uint32)
    picked = pick(draws, legal)
    assert picked.dtype == np.int32
    assert np.take_along_axis(legal, picked[:, None], -1).all()
    # The rank among the legal ones is what is even.
    rank = np.take_along_axis(legal.cumsum(-1), picked[:, None], -1)[:, 0] - 1
    assert np.bincount(rank).size == count
    assert (np.abs(np.bincount(rank) - 20_000 / count) < 6 * np.sqrt(20_000 / count)).all()
    lowest = pick(np.zeros(20_000, np.uint32), legal)
    highest = pick(np.full(20_000, 0xFFFFFFFF, np.uint32), legal)
    assert np.array_equal(lowest, legal.argmax(-1))
    assert np.array_equal(highest, 127 - legal[:, ::-1].argmax(-1))


def test_an_empty_mask_is_refused() -> None:
    legal = np.ones((3, 2, 5), np.bool_)
    legal[2, 1] = False
    with pytest.raises(CheckFailed, match="no legal action"):
        pick(np.zeros((3, 2), np.uint32), legal)


def test_drawn_actions_are_what_is_picked_where_all_is_legal() -> None:
    actions = draw_actions(PONG, {}, 5, 7, 3)
    words = draw(PONG, {}, 5, 7, 3)
    assert np.array_equal(actions, pick(words, np.ones((5, 7, 3), np.bool_)))
    assert set(np.unique(actions)) == {0, 1, 2}
    boxes = draw(PONG, {"continuous": True}, 5, 7, 3)
    assert pick(boxes, None) is boxes


def test_a_replay_plays_legally_in_the_whole_batch(expected: str) -> None:
    batch = Strict(Duel(), BATCH)
    loaded = trace.Trace.load(expected)
    assert trace.check(batch, loaded) == loaded.checksum
    assert batch.waited > 0
    assert not loaded.outcome["legal"].all()
    assert loaded.outcome["terminated"].any()
    assert set(loaded.before) == {"legal", "acting"}


@pytest.mark.parametrize("name", ["legal", "acting"])
def test_masks_are_compared(name: str, expected: str) -> None:
    def wrong(mask: np.ndarray) -> np.ndarray:
        mask[-1, 0] = ~mask[-1, 0] if name == "acting" else True
        return mask

    class Late(ReferenceBatch):
        steps = 0

        def step(self, actions: np.ndarray) -> BatchStep:
            step = super().step(actions)
            self.steps += 1
            return step._replace(**{name: wrong(getattr(step, name))}) if self.steps > 9 else step

    class Early(ReferenceBatch):
        pass

    setattr(Early, name, lambda self: wrong(getattr(ReferenceBatch, name)(self)))
    loaded = trace.Trace.load(expected)
    with pytest.raises(CheckFailed, match=rf"^{name} .* at step \d+, lane {BATCH - 1}$"):
        trace.check(Late(Duel(), BATCH), loaded)
    with pytest.raises(CheckFailed, match=f"^{name} .* before the first step, lane {BATCH - 1}$"):
        trace.check(Early(Duel(), BATCH), loaded)


def test_a_tape_of_varying_masks_is_legal_and_spread_over_an_episode() -> None:
    batch = Strict(Duel(), 20)
    recorded = tape.record(batch, registry.get("duel"), {}, 0, varies=True)
    assert recorded.actions.shape == (CHUNK, 20, 2)
    assert batch.waited > 0
    assert len(np.unique(SPEC.unpack(recorded.start)["t"])) > 5
    again = Strict(Duel(), 20)
    again.import_state(recorded.start)
    rewards = [again.step(actions).reward.sum() for actions in recorded.actions]
    assert np.allclose(rewards, recorded.sums[:, 1])
    assert np.array_equal(again.export_state(), recorded.end)


def test_a_tape_of_constant_masks_begins_near_an_episodes_end() -> None:
    entry = registry.get("pong")
    batch = ReferenceBatch(entry.make_reference(frame_skip=8), 8)
    recorded = tape.record(batch, entry, {"frame_skip": 8}, 0, varies=False)
    assert (PONG.unpack(recorded.end)["episode"] > 0).any()
    assert recorded.magnitudes[:, 1].any()  # rewards


@pytest.mark.parametrize("impl", ["reference", "rust", "rust-ffi"])
def test_two_players_are_benched_with_legal_actions(impl: str, expected: str) -> None:
    measured = runner(impl)
    ready = measured.prepare(expected)
    try:
        assert ready.check == f"ok: {trace.Trace.load(expected).checksum}"
        if impl == "reference":
            measured.envs = Strict(Duel(), measured.batch)
            measured.envs.reset(0)
            measured.legal = measured.envs.legal()
            steps, elapsed = measured.measure(0.05)
            assert measured.envs.waited > 0
            asked = measured.envs.steps * 2 * measured.batch
            assert steps == asked - measured.envs.waited  # who waits decides nothing
        else:
            steps, elapsed = measured.measure(0.01)
            counted = decisions_of_a_tape()
            assert measured.decisions == counted
            assert steps % counted == 0
        assert steps > 0
        assert elapsed > 0
    finally:
        measured.close()


def decisions_of_a_tape() -> int:
    """In the 64 steps that are measured again and again: every choice but of those who wait."""
    batch = Strict(Duel(), BATCH)
    recorded = tape.record(batch, registry.get("duel"), {}, 0, varies=True)
    again = Strict(Duel(), BATCH)
    again.import_state(recorded.start)
    for actions in recorded.actions:
        again.step(actions)
    return CHUNK * 2 * BATCH - again.waited


def test_what_rust_is_timed_with_is_legal_from_its_start(expected: str) -> None:
    measured = runner("rust")
    measured.prepare(expected)
    batch = Strict(Duel(), BATCH)
    batch.import_state(measured.restart)
    for actions in measured.actions:
        batch.step(actions)
    assert batch.waited > 0
    assert np.array_equal(measured.core.export_state(), batch.export_state())  # as it was left
    measured.close()


def _other_reward(end: Any, sums: Any) -> tuple[Any, Any]:
    return end, (sums[0], sums[1].at[5].add(1))


def _other_obs(end: Any, sums: Any) -> tuple[Any, Any]:
    return end, (sums[0].at[7].set(0), sums[1])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_other_reward, "sum of reward differs at step 5"),
        (_other_obs, "sum of obs differs at step 7"),
    ],
)
def test_another_program_than_the_checked_one_is_not_timed(
    change: Any, said: str, monkeypatch: pytest.MonkeyPatch, expected: str
) -> None:
    right = ours._chunk
    monkeypatch.setattr(ours, "_chunk", lambda *arguments: change(*right(*arguments)))
    with pytest.raises(CheckFailed, match=f"^the measured program's {said}$"):
        runner("rust-ffi").prepare(expected)


def test_a_program_that_leaves_another_state_is_not_timed(
    monkeypatch: pytest.MonkeyPatch, expected: str
) -> None:
    right = tape.record

    def other(*arguments: Any) -> tape.Tape:
        recorded = right(*arguments)
        recorded.end[BATCH - 1, -1] ^= 1
        return recorded

    monkeypatch.setattr(tape, "record", other)
    said = f"^the measured program leaves another state in lane {BATCH - 1}$"
    with pytest.raises(CheckFailed, match=said):
        runner("rust-ffi").prepare(expected)


def test_another_state_is_named() -> None:
    batch = ReferenceBatch(Duel(), 4)
    recorded = tape.record(batch, registry.get("duel"), {}, 0, varies=False)
    sums = recorded.sums.T
    tape.compare(recorded, recorded.end, sums[0], sums[1], SPEC)
    other = recorded.end.copy()
    other[2, -1] ^= 1
    with pytest.raises(CheckFailed, match="leaves another state in lane 2"):
        tape.compare(recorded, other, sums[0], sums[1], SPEC)
    with pytest.raises(CheckFailed, match="state rows"):
        tape.compare(recorded, recorded.end[:3], sums[0], sums[1], SPEC)
    with pytest.raises(CheckFailed, match="sum of reward differs at step 0"):
        tape.compare(recorded, recorded.end, sums[0], np.full(CHUNK, np.nan), SPEC)


def test_whether_masks_vary_is_read_off_the_program() -> None:
    jax = pytest.importorskip("samestep_jax")
    from tests.duel import jax_rules

    for env, varies in (
        (jax_rules.make_env(), True),
        (jax.make("pong"), False),
        (jax.make("pong", continuous=True), False),
    ):
        state = jax.reset_batch(env, 0, 3)[0]
        assert ours._masks_vary(jax, env, state) == varies
