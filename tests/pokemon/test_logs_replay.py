"""Records played again: the log is that of the battle which Showdown's own server plays."""

from __future__ import annotations

import re
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from extras.pokemon.logs import Battle, LogError, files, replay, text
from extras.pokemon.logs.battle import pool
from extras.pokemon.logs.page import page
from extras.pokemon.logs.start import first_row
from references.pokemon import SPEC, sets
from references.pokemon.data import package
from references.pokemon.showdown import Showdown
from tests.pokemon.logged import played, start

SCRIPT = Path(__file__).with_name("stream_battles.js")
ROOM = ("|request|", "|t:|")
"""What a server sends that is no part of a battle's log."""
BATTLES = 10
VIEWERS = {"omniscient": None, "spectator": 0, "p1": 1, "p2": 2}


def actions_of(showdown: Showdown, chosen: list[list[str]], battle: Battle) -> np.ndarray:
    """Showdown's choices, moves by their place in the request and switches by position."""
    choices = [deque(side) for side in chosen]
    (number,), rows, masks = showdown.start([start(battle)])
    actions = []
    while any(choices):
        state = rows.view(SPEC.row_dtype)[0, 0]
        pair = [0, 0]
        for side in np.flatnonzero(state["request"]).tolist():
            kind, what = choices[side].popleft().split()
            usable = np.flatnonzero(masks[0, side, 6:])
            if kind == "switch":
                pair[side] = int(state["order"][side, int(what) - 1])
            elif len(usable) == 1:
                pair[side] = 6 + int(usable[0])
            else:
                pair[side] = 5 + int(what)
        actions.append(pair)
        _, rows, masks = showdown.step([number], np.array([pair]))
    showdown.forget(number)
    return np.array(actions, np.uint8)


def log_of(lines: list[str]) -> list[str]:
    """Without what a room adds; empty lines between chunks are not the battle's either."""
    return [line for line in lines if line and not line.startswith(ROOM)]


@pytest.fixture(scope="module")
def originals(showdown: Showdown) -> list[tuple[Battle, dict[str, Any]]]:
    """Battles that Showdown's own random players played over its streams, and their records."""
    rng = np.random.default_rng(3)
    seeds = [(int(high), int(low)) for high, low in rng.integers(0, 1 << 32, (BATTLES, 2))]
    none = np.zeros((0, 2), np.uint8)
    new = [Battle(1, pool(0)[pair], seed, none) for pair, seed in enumerate(seeds)]
    asked = [
        {
            "seed": f"gen5,{battle.seed[0]:08x}{battle.seed[1]:08x}",
            "teams": [[sets.to_showdown(one) for one in battle.team(side)] for side in (0, 1)],
        }
        for battle in new
    ]
    streams = package.run_script(SCRIPT, asked)
    found = []
    for battle, stream in zip(new, streams, strict=True):
        actions = actions_of(showdown, stream["choices"], battle)
        found.append((Battle(1, battle.teams, battle.seed, actions), stream))
    return found


def test_a_replay_is_what_showdown_sent(
    originals: list[tuple[Battle, dict[str, Any]]], tmp_path: Path
) -> None:
    files.write(tmp_path / "battles", [battle for battle, _ in originals])
    for battle, (_, stream) in zip(files.read(tmp_path / "battles"), originals, strict=True):
        log = replay.protocol(battle)
        for name, viewer in VIEWERS.items():
            assert log_of(replay.channel(log, viewer)) == log_of(stream[name]), name
        assert stream["omniscient"] != stream["p1"] != stream["p2"]
        assert re.match(r"\|(win\|p[12]|tie)$", log[-1])


def test_records_are_a_few_hundred_bytes(
    originals: list[tuple[Battle, dict[str, Any]]],
) -> None:
    sizes = [len(files.encode(battle)) for battle, _ in originals]
    assert np.mean(sizes) < 300  # with teams of their own
    pooled = [len(files.encode(battle)) for format in (0, 1, 2) for battle in played(format, 24)]
    assert np.mean(pooled) < 200


@pytest.mark.parametrize("format", [0, 1, 2])
def test_a_battle_begins_as_in_showdown(showdown: Showdown, format: int) -> None:
    rng = np.random.default_rng(7)
    none = np.zeros((0, 2), np.uint8)
    pairs = rng.permutation(len(pool(format)))[:150]
    words = rng.integers(0, 1 << 32, (len(pairs), 2)).tolist()
    battles = [
        Battle(format, pool(format)[pair], (high, low), none)
        for pair, (high, low) in zip(pairs, words, strict=True)
    ]
    battles.append(Battle(format, battles[0].teams[[0, 0]], (1, 2), none))  # a tie of speeds
    ids, rows, _ = showdown.start([start(battle) for battle in battles])
    for number in ids:
        showdown.forget(number)
    for battle, row in zip(battles, rows, strict=True):
        ours, theirs = (
            each.view(SPEC.row_dtype).reshape(-1)[0] for each in (first_row(battle), row)
        )
        for field in SPEC.state:
            assert np.array_equal(ours[field.name], theirs[field.name]), field.name


def test_what_a_player_sees_is_no_more() -> None:
    log = ["|a", "|split|p1", "|secret", "|public", "|split|p2", "|only p2", "", "|", ""]
    assert replay.channel(log) == ["|a", "|secret", "|only p2", "|", ""]
    assert replay.channel(log, 0) == ["|a", "|public", "|", ""]
    assert replay.channel(log, 1) == ["|a", "|secret", "|", ""]
    assert replay.channel(log, 2) == ["|a", "|public", "|only p2", "|", ""]


def test_choices_that_are_not_legal_are_told() -> None:
    battle = played(0, 24)[0]
    wrong = battle.actions.copy()
    wrong[1, 0] = 0 if wrong[0, 0] > 5 else wrong[0, 0]  # whoever is in front cannot come in
    broken = Battle(0, battle.teams, battle.seed, wrong, battle.pair)
    with pytest.raises(LogError, match=r"^commit 2: p1's action is \d; legal then: [\d, ]+$"):
        replay.observe(broken, "reference")
    with pytest.raises(LogError, match=r"^commit 2: p1 cannot choose action \d now; legal: "):
        replay.protocol(broken)
    longer = np.concatenate([battle.actions, [[0, 0]]]).astype(np.uint8)
    late = Battle(0, battle.teams, battle.seed, longer, battle.pair)
    said = rf"^the battle is over after {len(longer) - 1} of {len(longer)} commits$"
    for play in (replay.protocol, lambda one: replay.observe(one, "reference")):
        with pytest.raises(LogError, match=said):
            play(late)


def test_a_page_holds_text_and_log() -> None:
    battle = played(0, 24)[0]
    lines = text.tell(battle, *replay.observe(battle, "reference"))
    log = replay.channel(replay.protocol(battle))
    made = page("Battle <1>", lines, [*log, "</script>"])
    assert "Battle &lt;1&gt;" in made
    assert made.count("</script>") == 1
    assert "http" not in made
    (held,) = re.findall(r'class="battle-log-data">(.*?)</script>', made, re.DOTALL)
    assert held.replace("\\/", "/").split("\n") == [*log, "</script>"]
