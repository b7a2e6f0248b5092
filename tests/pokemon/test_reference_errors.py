"""What goes wrong with Node, Showdown's process or an action: one clear line each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from references.pokemon import SPEC, Pokemon, trace
from references.pokemon.showdown import (
    BattleStart,
    Showdown,
    ShowdownError,
    ShowdownMissingError,
    client,
)
from tests.pokemon.crafted import ICE_TEAM, POINTS, edited

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def own_child(showdown: Showdown) -> Iterator[Showdown]:
    """A child of this test's alone, to be harmed."""
    child = Showdown()
    yield child
    child.close()


def test_no_node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ShowdownMissingError, match=r"no `node` on the path; needed: .*make setup"):
        Showdown()


def test_no_package(showdown: Showdown, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SAMESTEP_SHOWDOWN", str(tmp_path))
    with pytest.raises(ShowdownMissingError, match=r"no pokemon-showdown in .*make setup"):
        Showdown()


def test_another_version_of_the_package(
    showdown: Showdown, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "package.json").write_text(json.dumps({"version": "0.11.10"}))
    monkeypatch.setenv("SAMESTEP_SHOWDOWN", str(tmp_path))
    with pytest.raises(ShowdownMissingError, match=r"is 0\.11\.10; needed: 0\.11\.11"):
        Showdown()


def test_the_process_is_killed_in_mid_battle(own_child: Showdown) -> None:
    ids, _, _ = own_child.start([BattleStart(1, (ICE_TEAM, ICE_TEAM), (1, 2))])
    own_child.process.kill()
    with pytest.raises(ShowdownError, match=r"process has died \(exit status -9\)") as caught:
        own_child.step(ids, np.array([[6, 6]]))
    assert "\n" not in str(caught.value)
    with pytest.raises(ShowdownError, match="process has died"):
        own_child.step(ids, np.array([[6, 6]]))


def test_what_the_process_said_last_is_quoted(own_child: Showdown) -> None:
    stdin = own_child.process.stdin
    assert stdin is not None
    stdin.write(client.LENGTH.pack(8) + client.LENGTH.pack(4) + b"oops")
    stdin.flush()
    with pytest.raises(ShowdownError, match=r"exit status 1.*SyntaxError") as caught:
        own_child.start([BattleStart(1, (ICE_TEAM, ICE_TEAM), (1, 2))])
    assert "\n" not in str(caught.value)


def test_a_closed_child_says_so(own_child: Showdown) -> None:
    own_child.close()
    with pytest.raises(ShowdownError, match="has been closed"):
        own_child.start([BattleStart(1, (ICE_TEAM, ICE_TEAM), (1, 2))])


def test_the_shared_child_is_replaced_once_it_has_died(
    showdown: Showdown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_SHARED", {})
    first = client.shared()
    assert client.shared() is first
    first.process.kill()
    first.process.wait()
    env = Pokemon(format=1)
    state, _ = env.reset((1, 2))
    assert state.battle.showdown is not first
    env.step(state, [int(legal.argmax()) for legal in env.legal(state)])
    state.battle.showdown.close()


def test_the_child_dies_with_its_parent(showdown: Showdown) -> None:
    """Even with one that is killed and closes nothing."""
    code = (
        "import os, signal; from references.pokemon.showdown import Showdown\n"
        "print(Showdown().process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    parent = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    child = int(parent.stdout)
    for _ in range(100):
        if not running(child):
            return
        time.sleep(0.05)
    raise AssertionError("the child outlived its parent by five seconds")


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] == "Z")


@pytest.mark.parametrize(
    ("team", "message"),
    [
        ([(152, 50, (33,), POINTS)], "species 152 is none"),
        ([(25, 50, (251,), POINTS)], "move 251 is none"),
        ([(25, 50, (165,), POINTS)], "move 165 is none"),
        ([(25, 50, (33,), (93, 93, 94, 93, 93))], "stat points 93,93,94,93,93; accepted"),
        ([(25, 101, (33,), POINTS)], "level 101; accepted: 1 to 100"),
        ([(25, 50, (), POINTS)], "0 moves; accepted: 1 to 4"),
        ([], "a team of 0; accepted: 1 to 6"),
    ],
)
def test_a_team_that_cannot_be(showdown: Showdown, team: client.NumberedTeam, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        showdown.start([BattleStart(1, (ICE_TEAM, team), (1, 2))])
    assert "\n" not in str(caught.value)


def test_a_seed_that_is_none(showdown: Showdown) -> None:
    with pytest.raises(ValueError, match=r"seed \(-1, 2\); accepted: two integers"):
        showdown.start([BattleStart(1, (ICE_TEAM, ICE_TEAM), (-1, 2))])


def test_an_illegal_action_is_refused_and_nothing_is_lost(showdown: Showdown) -> None:
    env = Pokemon(format=1)
    state, _ = env.reset((3, 4))
    good = [int(legal.nonzero()[0][-1]) for legal in env.legal(state)]
    lead = int(state.fields["order"][0, 0, 0])
    with pytest.raises(ValueError, match=f"p1's action is {lead}; legal now: ") as caught:
        env.step(state, [lead, good[1]])
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="p2's action is 10; legal now: "):
        env.step(state, [good[0], 10])
    with pytest.raises(ValueError, match=r"p1's action is -1 \(state 1\)"):
        env.step_many([state, state], np.array([good, [-1, good[1]]]))
    assert env.step(state, good)[0].commit == 1


def test_showdowns_side_refuses_it_too(showdown: Showdown) -> None:
    ids, _, _ = showdown.start([BattleStart(1, (ICE_TEAM, ICE_TEAM), (1, 2))])
    with pytest.raises(ValueError, match="p2 cannot choose action 0 now; legal: 1, 6"):
        showdown.step(ids, np.array([[6, 0]]))


def test_a_battle_that_is_over_takes_no_action(showdown: Showdown) -> None:
    env = Pokemon(format=1)
    state, _ = env.reset((5, 6))
    over = edited(state.row, winner=1, request=[0, 0])
    fields = {field.name: over.view(SPEC.row_dtype)[field.name][0] for field in SPEC.state}
    ended = env.import_fields(fields, (5, 6), 1)
    assert not np.asarray(env.acting(ended)).any()
    with pytest.raises(ValueError, match="the battle is over; accepted: a reset"):
        env.step(ended, [0, 0])


def test_a_malformed_state_is_refused(showdown: Showdown) -> None:
    env = Pokemon(format=1)
    state, _ = env.reset((7, 8))
    fields = {**env.export_fields(state), "order": np.zeros((2, 6), np.uint8)}
    with pytest.raises(ValueError, match="no such battle: order of p1 is 0 0 0 0 0 0"):
        env.import_fields(fields, (7, 8), 0)


def test_a_trace_that_is_none_or_cut_off(showdown: Showdown, tmp_path: Path) -> None:
    path = tmp_path / "trace"
    path.write_bytes(b"x" * 40)
    with pytest.raises(ValueError, match="is no trace: it does not begin with GEN1TRCE"):
        trace.read(path)
    played = list(trace.battles(showdown, 0, seed=1, indices=[0, 1], limit=5))
    trace.write(path, played)
    for wrote, read in zip(played, trace.read(path), strict=True):
        assert np.array_equal(wrote.rows, read.rows)
        assert np.array_equal(wrote.masks, read.masks)
        assert np.array_equal(wrote.actions, read.actions)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="is cut off after 1 of 2 battles"):
        trace.read(path)
    path.write_bytes(trace.HEAD.pack(trace.MAGIC, 1, SPEC.state_bytes, 0))
    with pytest.raises(ValueError, match="has layout 0x00000001"):
        trace.read(path)
