"""The turn-by-turn text against Showdown's own log of the same battles: they must agree."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

import pytest

from extras.pokemon.logs import Battle, replay, text
from extras.pokemon.logs.text import CONDITIONS, STATUS_BEGINS, STATUS_ENDS
from references.pokemon.tables import SPECIES_NAMES
from tests.pokemon.logged import played

BATTLES = 20  # of each format, every pair of policies among them
STATUSES = ("", "brn", "par", "slp", "frz", "psn", "tox")
WHO = r"Player ([12])'s ([^']*(?:'d)?)"
"""One species has an apostrophe."""
Who = tuple[int, str]


@dataclass
class Turn:
    """What is said of one turn, by either."""

    entered: Counter[Who] = field(default_factory=Counter)
    fainted: Counter[Who] = field(default_factory=Counter)
    used: set[tuple[Who, str]] = field(default_factory=set)
    kept: set[Who] = field(default_factory=set)  # who did not get to move, by the text alone
    vague: set[Who] = field(default_factory=set)  # who was to move or goes on, likewise
    hp: dict[Who, int] = field(default_factory=dict)  # of all so far, after the turn
    status: dict[Who, str] = field(default_factory=dict)  # likewise


def species(name: str) -> str:
    return name.replace("\u2019", "'")


def of_text(lines: list[str]) -> tuple[list[Turn], str]:
    """The turns of a text, the start first, and its last line."""
    body = lines[next(i for i, line in enumerate(lines) if line.endswith(" comes out.")) :]
    turns = [Turn()]
    for line in body[:-1]:
        if line.startswith("Turn "):
            turns.append(Turn(hp=dict(turns[-1].hp), status=dict(turns[-1].status)))
            assert line == f"Turn {len(turns) - 1}"
        elif line:
            take_sentence(turns[-1], line)
    return turns, body[-1]


def take_sentence(turn: Turn, line: str) -> None:
    found = re.match(
        rf"{WHO} (comes|faints|uses|has|does not|cannot|is |was |goes|must|stores|rages|wakes|falls"
        r"|thaws|prepares)(.*)\.$",
        line,
    )
    if not found:
        assert re.search(r"'s .* is (at [+-]\d|normal again|disabled)\.$", line), line
        return
    who = (int(found[1]), species(found[2]))
    rest = line.removeprefix(f"Player {found[1]}'s {found[2]} ").removesuffix(".")
    if rest.startswith(("comes in", "comes out")):
        turn.entered[who] += 1
    elif rest == "faints":
        turn.fainted[who] += 1
        turn.hp[who] = 0
        turn.status.pop(who, None)
    elif rest.startswith(("uses ", "prepares ")):
        turn.used.add((who, rest.split(" ", 1)[1]))
    elif hp := re.match(r"has (\d+) of \d+ HP \(was \d+\)$", rest):
        turn.hp[who] = int(hp[1])
    elif rest.startswith(
        ("does not get to use", "cannot move", "is fast asleep", "is frozen solid")
    ):
        turn.kept.add(who)
    elif rest.startswith(("was ", "goes on", "has no move left", "has to recharge")):
        turn.vague.add(who)
    elif rest in STATUS_BEGINS:
        turn.status[who] = STATUSES[STATUS_BEGINS.index(rest)]
    elif rest in STATUS_ENDS:
        turn.status.pop(who)
        turn.vague.add(who)  # one that is thawed may still move
    else:
        known = [said for pair in CONDITIONS.values() for said in pair]
        beginnings = "has become "
        assert rest in known or rest.startswith(beginnings), line


def of_protocol(log: list[str]) -> tuple[list[Turn], str]:
    """The same of a protocol log that shows all."""
    turns, end = [Turn()], "The record ends here."
    for line in log:
        _, kind, *rest = (line + "|").split("|")
        turn = turns[-1]
        if kind == "turn":
            turns.append(Turn(hp=dict(turn.hp), status=dict(turn.status)))
        elif kind == "win":
            end = f"Player {rest[0][1]} wins."
        elif kind == "tie":
            end = "The battle is a tie."
        elif rest and re.match(r"p[12]a?: ", rest[0]):
            take_message(turn, kind, rest)
    return turns, end


def take_message(turn: Turn, kind: str, rest: list[str]) -> None:
    who = (int(rest[0][1]), species(rest[0].split(": ", 1)[1]))
    if kind == "switch":
        turn.entered[who] += 1
    elif kind == "faint":
        turn.fainted[who] += 1
        turn.hp[who] = 0  # Explosion says no more of it
        turn.status.pop(who, None)
    elif kind == "move":
        turn.used.add((who, rest[1]))
    elif kind == "-status":
        turn.status[who] = rest[1]
    elif kind == "-curestatus":
        turn.status.pop(who, None)
    if kind in ("switch", "-damage", "-heal", "-sethp"):
        condition = rest[2 if kind == "switch" else 1].split()
        turn.hp[who] = int(condition[0].split("/")[0])
        turn.status.pop(who, None)
        if len(condition) > 1 and condition[1] != "fnt":
            turn.status[who] = condition[1]


def compare(said: Turn, logged: Turn, full: dict[Who, int], earlier: dict[Who, str]) -> None:
    assert said.entered == logged.entered
    assert said.fainted == logged.fainted
    assert said.used <= logged.used
    movers = {who for who, _ in logged.used}
    thawed = {who for who in movers & set(said.fainted) if earlier.get(who) in ("frz", "slp")}
    assert movers <= {who for who, _ in said.used} | said.vague | thawed
    assert not said.kept & movers
    assert {**full, **said.hp} == {**full, **logged.hp}
    assert said.status == logged.status


@pytest.mark.parametrize("format", [0, 1, 2])
def test_the_text_agrees_with_showdowns_log(format: int) -> None:
    battles = played(format, BATTLES)
    seen = Counter[str]()
    for battle in battles:
        observed = replay.observe(battle, "reference")
        lines = text.tell(battle, *observed)
        log = replay.channel(replay.protocol(battle))
        (said, said_end), (logged, logged_end) = of_text(lines), of_protocol(log)
        assert said_end == logged_end
        assert len(said) == len(logged)
        full = full_hp(battle, observed)
        for number, (ours, theirs) in enumerate(zip(said, logged, strict=True)):
            try:
                compare(ours, theirs, full, logged[max(number - 1, 0)].status)
            except AssertionError as error:
                raise AssertionError(f"turn {number} of {text.summary(battle)}") from error
            seen += Counter(
                moves=len(ours.used),
                faints=ours.fainted.total(),
                kept=len(ours.kept),
                vague=len(ours.vague),
                statuses=len(ours.status),
            )
    assert min(seen[name] for name in ("moves", "faints", "kept", "vague", "statuses")) > BATTLES


def full_hp(battle: Battle, observed: replay.Seen) -> dict[Who, int]:
    """Every Pokemon's HP at the start."""
    found = {}
    for side in (0, 1):
        view = text.View(observed.observations[0, side])
        for slot, one in enumerate(battle.team(side)):
            found[side + 1, species(SPECIES_NAMES[one.species])] = view.hp[slot]
    assert len(found) == len(battle.team(0)) + len(battle.team(1))  # no name twice
    return found
