"""Showdown as a baseline: its check against the reference, what it counts, and what it refuses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from harness import registry
from harness.baselines import Unavailable, poke_env_server, showdown
from harness.baselines.poke_env_server import PokeEnvRunner
from harness.benching import trace
from harness.benching.job import CheckFailed, Job
from harness.benching.plan import available_cores
from harness.benching.trace import Trace
from references.pokemon import SPEC, pools

LANES = 5
PARAMS = SPEC.check_params({})


@pytest.fixture(scope="module")
def recorded() -> Trace:
    """What the reference does in a few instances."""
    return trace.record(registry.get("pokemon"), {}, LANES)


@pytest.fixture(scope="module")
def node() -> Iterator[showdown.Showdown]:
    """The Node program with the pool of random battles."""
    opened = showdown.Showdown()
    opened.ask(do="open", format="gen1randombattle", pairs=showdown.pairs_of(0))
    yield opened
    opened.close()


def job(**params: object) -> Job:
    return Job("pokemon", "showdown", "", 1024, 1, params=params)


def changed(recorded: Trace, name: str, change: Callable[[np.ndarray], None]) -> Trace:
    """The trace with one of its outcomes changed in a copy."""
    values = recorded.outcome[name].copy()
    change(values)
    return Trace(
        recorded.start, recorded.draws, recorded.before, {**recorded.outcome, name: values}
    )


def test_the_logless_showdown_plays_what_the_reference_played(
    node: showdown.Showdown, recorded: Trace
) -> None:
    assert recorded.outcome["terminated"].any()
    first = showdown.check(node, recorded, SPEC, PARAMS)
    assert first == showdown.check(node, recorded, SPEC, PARAMS)
    assert len(first) == 8


def in_state(name: str, step: int, index: tuple[int, ...]) -> Callable[[np.ndarray], None]:
    """Change one number of a field of STATE, in one instance after one step."""

    def change(rows: np.ndarray) -> None:
        rows[step].view(SPEC.row_dtype)[:, 0][name][index] ^= 1

    return change


@pytest.mark.parametrize("name", ["hp", "rng", "turn", "winner"])
def test_another_state_is_noticed(node: showdown.Showdown, recorded: Trace, name: str) -> None:
    index = {"hp": (2, 1, 0), "rng": (2, 1)}.get(name, (2,))
    other = changed(recorded, "state", in_state(name, 3, index))
    said = rf"^{name} is .*, in the reference .* \(lane 2, from step 0, commit 4\)$"
    with pytest.raises(CheckFailed, match=said):
        showdown.check(node, other, SPEC, PARAMS)


def test_another_mask_is_noticed(node: showdown.Showdown, recorded: Trace) -> None:
    """After the last step, so that no action is picked by it."""

    def allow(legal: np.ndarray) -> None:
        legal[-1, 1, 0] = True

    with pytest.raises(CheckFailed, match=r"^options is .*\(lane 1, "):
        showdown.check(node, changed(recorded, "legal", allow), SPEC, PARAMS)


def test_another_winner_is_noticed(node: showdown.Showdown, recorded: Trace) -> None:
    step, lane = np.argwhere(recorded.outcome["terminated"])[0]

    def lose(reward: np.ndarray) -> None:
        reward[step, lane] *= -1

    with pytest.raises(CheckFailed, match=rf"^the winner is .* \(lane {lane}, "):
        showdown.check(node, changed(recorded, "reward", lose), SPEC, PARAMS)


def test_both_count_the_same_decisions(recorded: Trace) -> None:
    """In our rows one of every player that acts, there one of every side with a choice."""
    pairs = len(pools.load(0))
    acting = np.concatenate([recorded.before["acting"][None], recorded.outcome["acting"]])
    for lane in range(LANES):
        battles = showdown.battles_of(recorded, lane, SPEC, pairs)
        states = [state for battle in battles for state in battle["states"] if "hp" in state]
        choices = np.array([state["options"] for state in states]) > 0
        assert np.array_equal(choices, acting[:, lane])


def test_random_battles_are_counted_by_node(node: showdown.Showdown) -> None:
    first, again, other = (node.ask(do="play", seconds=0.3, seed=seed) for seed in (1, 1, 2))
    for played in (first, again, other):
        assert played["elapsed"] >= 0.3
        assert 1 <= played["battles"] <= played["commits"]
        # Both choose at the start of a turn, mostly one alone after a Pokemon has fainted.
        assert 1.5 * played["commits"] < played["decisions"] < 2 * played["commits"]
    assert first != other


def test_a_row_is_measured(recorded: Trace, tmp_path: Path) -> None:
    expected = tmp_path / "trace.npz"
    recorded.save(expected)
    runner = showdown.make(job())
    runner.warm_up_seconds = 0.2
    try:
        ready = runner.prepare(str(expected))
        steps, elapsed = runner.measure(0.2)
    finally:
        runner.close()
    assert ready.check.startswith("ok: ")
    assert ready.batch == 1
    assert "one battle at a time, 1." in ready.note
    assert steps > 0
    assert elapsed >= 0.2


def test_a_python_users_row_is_measured(recorded: Trace, tmp_path: Path) -> None:
    expected = tmp_path / "trace.npz"
    recorded.save(expected)
    runner = showdown.make_python(job())
    ready = runner.prepare(str(expected))
    assert ready.check == f"ok: {showdown.first_of(recorded).checksum}"
    assert ready.batch == 1
    assert runner.measure(0.1)[0] > 0
    runner.close()


def test_what_it_has_not_is_told(recorded: Trace, tmp_path: Path) -> None:
    limited = showdown.make(job(max_episode_steps=5))
    assert limited.check(recorded) == "not comparable: it has no time limit"
    shaped = showdown.make(job(faint_reward=0.5))
    assert shaped.check(recorded).startswith("not comparable: ")
    with pytest.raises(Unavailable, match=r"accepted: opponent 0$"):
        showdown.make(job(opponent=1)).prepare("")


def test_a_missing_node_or_package_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("PATH", str(tmp_path))
        with pytest.raises(Unavailable, match=r"^no `node` on the path: .*make setup$"):
            showdown.make(job()).prepare("")
    monkeypatch.setenv("SAMESTEP_SHOWDOWN", str(tmp_path))
    with pytest.raises(Unavailable, match=r"^no pokemon-showdown in .*: make setup$"):
        showdown.make(job()).prepare("")


def test_a_node_that_dies_is_one_line() -> None:
    opened = showdown.Showdown()
    with pytest.raises(RuntimeError, match=r"^Showdown failed: "):
        opened.ask(do="play", seconds=0.1, seed=1)  # before it has a pool
    opened._process.kill()
    with pytest.raises(RuntimeError, match=r"^Node ended with status -9: it said nothing$"):
        opened.ask(do="play", seconds=0.1, seed=1)
    opened.close()


def poke_env(**params: object) -> PokeEnvRunner:
    """On all cores, so that this process is confined to none."""
    pytest.importorskip("poke_env")
    job = Job("pokemon", "poke-env", "", 1024, len(available_cores()), params=params)
    return poke_env_server.make(job)


def test_poke_envs_players_play_only_while_they_are_measured() -> None:
    runner = poke_env()
    runner.warm_up_seconds = 0.5
    try:
        ready = runner.prepare("")
        assert ready.check == "not comparable: the server draws seeds and teams of its own"
        steps, elapsed = runner.measure(0.5)
        assert steps > 0
        assert 0.5 <= elapsed < 5
        time.sleep(0.3)  # what was on its way has arrived
        before = runner.decisions
        time.sleep(0.3)
        assert runner.decisions == before
        assert runner.measure(0.3)[0] > 0
    finally:
        runner.close()


def test_what_poke_env_is_not_measured_with_is_told() -> None:
    with pytest.raises(Unavailable, match=r"accepted: opponent 0$"):
        poke_env(opponent=2).prepare("")
    with pytest.raises(Unavailable, match=r"accepted: format 0$"):
        poke_env(format=1).prepare("")
