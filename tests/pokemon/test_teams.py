"""One's own teams: both formats, every refusal, and thousands against Showdown's validator."""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import Any

import pytest

from references.pokemon import pools, sets, tables, teams
from references.pokemon.data import package, validator
from references.pokemon.legality import TeamError
from references.pokemon.sets import PokemonSet, hp_dv

TEXT = """
=== [gen1ou] A team ===

Bull (Tauros) (M)
Ability: No Ability
Level: 68
EVs: 252 HP / 4 Atk / 252 Def / 252 Spc / 252 Spe
IVs: 14 HP / 2 Def
Serious Nature
- Body Slam
- Hyper Beam
-Earthquake
~ Blizzard

Mr. Mime
- Psychic
"""
PACKED = (
    "Bull|tauros||noability|bodyslam,hyperbeam,earthquake,blizzard||252,4,252,252,,252|M|"
    "14,,2,,,||68|]Mr. Mime||||Psychic|||||||"
)
READ = [
    PokemonSet(128, 68, (34, 63, 89, 59), (14 + 63, 30 + 1, 2 + 63, 93, 93)),
    PokemonSet(122, 100, (94,), (93,) * 5),
]


@pytest.mark.parametrize("text", [TEXT, PACKED, TEXT.replace("\n", "\r\n")])
def test_both_formats_read_the_same(text: str) -> None:
    # An HP DV is made of the others: Defense's is 1, the rest 15, so it is 15.
    text = text.replace("14 HP", "30 HP").replace("|14,,2", "|30,,2")
    assert teams.read(text) == [
        PokemonSet(128, 68, (34, 63, 89, 59), (93, 31, 65, 93, 93)),
        READ[1],
    ]


def test_the_hp_dv_has_to_fit() -> None:
    line = (
        "Pokémon 1 (Tauros): an HP IV of 14; accepted: 30, which the others make (an HP DV of 15)"
    )
    with pytest.raises(TeamError, match=f"^{re.escape(line)}$"):
        teams.read(TEXT)


def test_a_backup_holds_several_teams() -> None:
    chansey, gengar = "Chansey\n- Sing\n", "Gengar\n- Hypnosis\n"
    text = f"=== [gen1ou] one ===\n\n{chansey}\n=== [gen1ou] two ===\n\n{gengar}\n{chansey}"
    read = teams.read_all(text)
    assert [[one.species for one in team] for team in read] == [[113], [94, 113]]
    packed = "Chansey||||sing|||||||\nGengar||||hypnosis|||||||]Chansey||||sing|||||||\n"
    assert teams.read_all(packed) == read
    with pytest.raises(TeamError, match=r"^team 2: Pokémon 1 \(Gengar\): cannot learn Sing;"):
        teams.read_all(text.replace("Hypnosis", "Sing"))
    pool = pools.read(pools.from_teams(read))
    assert pool.shape == (4, 2, 6, sets.BYTES)
    assert sets.unpack_team(pool[1, 1]) == read[1]


def test_names_are_read_as_showdown_reads_them() -> None:
    text = "Nidoran♀\n- Double kick\n\nfarfetch\u2019d\n- SWORDS-DANCE\n\nNidoran-M\n- Leer"
    assert [one.species for one in teams.read(text)] == [29, 83, 32]
    assert teams.read("Chansey\nEVs: 4 Spd\n- Sing")[0].points == (30, 30, 30, 31, 30)


GOOD = "Tauros\nLevel: 100\nEVs: 252 HP\nIVs: 31 HP\n- Body Slam"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "0 Pokémon; accepted: 1 to 6"),
        ("\n\n".join([GOOD] * 7), "7 Pokémon; accepted: 1 to 6"),
        (f"{GOOD}\n\n{GOOD}", "Pokémon 2 (Tauros): a second one; accepted: one of each species"),
        (
            GOOD.replace("Tauros", "Scizor"),
            "Pokémon 1 (Scizor): no such species; accepted: the 151 of generation 1",
        ),
        (
            GOOD.replace("Tauros", "Mew"),
            "Pokémon 1 (Mew): banned in gen1ou; accepted: all species but Mewtwo and Mew",
        ),
        (
            GOOD.replace("Tauros", "Tauros @ Leftovers"),
            "Pokémon 1 (Tauros): item 'Leftovers'; accepted: none, in generation 1",
        ),
        (
            GOOD.replace("100", "101"),
            "Pokémon 1 (Tauros): level 101; accepted: 1 to 100",
        ),
        (
            GOOD.replace("100", "0"),
            "Pokémon 1 (Tauros): level 0; accepted: 1 to 100",
        ),
        (
            GOOD.replace("100", "68.5"),
            "Pokémon 1 (Tauros): level '68.5'; accepted: an integer",
        ),
        (
            GOOD.replace("100", "20"),
            "Pokémon 1 (Tauros): level 20 with Body Slam; accepted: 21 to 100",
        ),
        (
            GOOD.replace("- Body Slam", "- Crunch"),
            "Pokémon 1 (Tauros): no move 'Crunch'; accepted: those of generation 1",
        ),
        (
            f"{GOOD}\n- Body slam",
            "Pokémon 1 (Tauros): Body Slam twice; accepted: each move once",
        ),
        (
            "Tauros\n- Fissure",
            "Pokémon 1 (Tauros): Fissure is banned; accepted: no Guillotine, Fly, Horn Drill, "
            "Fissure, Dig, Double Team, Minimize",
        ),
        (
            "Magikarp\n- Surf",
            "Pokémon 1 (Magikarp): cannot learn Surf; accepted: Tackle, Splash",
        ),
        ("Tauros", "Pokémon 1 (Tauros): 0 moves; accepted: 1 to 4"),
        (
            "Exeggutor\n- Stomp\n- Sleep Powder",
            "Pokémon 1 (Exeggutor): Stomp and Sleep Powder; accepted: one or the other",
        ),
        (
            GOOD.replace("31 HP", "32 Atk"),
            "Pokémon 1 (Tauros): an IV of 32 (atk); accepted: 0 to 31, twice a DV",
        ),
        (
            GOOD.replace("252 HP", "256 HP"),
            "Pokémon 1 (Tauros): 256 EVs (hp); accepted: 0 to 255",
        ),
        (
            GOOD.replace("252 HP", "0 HP"),
            "Pokémon 1 (Tauros): 0 EVs in all at level 100, which Showdown takes for a slip "
            "(Special counts twice); accepted: one more or less in a stat",
        ),
        (
            GOOD.replace("252 HP", "252 Luck"),
            "Pokémon 1 (Tauros): EVs have '252 Luck'; accepted: a number and one of "
            "HP, Atk, Def, Spc, SpA, SpD, Spe",
        ),
        (
            GOOD.replace("252 HP", "many HP"),
            "Pokémon 1 (Tauros): EVs 'many'; accepted: an integer",
        ),
        (
            f"{GOOD}\nBlizzard",
            "Pokémon 1 (Tauros): 'Blizzard'; accepted: moves as `- Body Slam`, `Level: 68`, "
            "`EVs: 252 HP / 4 Atk`, `IVs: 2 Atk`",
        ),
        ("Tauros|||bodyslam", "Pokémon 1: 4 fields; accepted: 12, packed"),
        (
            "Tauros||||bodyslam||1,2,3,4,5,6,7|||||",
            "Pokémon 1 (Tauros): 7 EVs; accepted: 6 numbers",
        ),
    ],
)
def test_every_refusal_is_one_clear_line(text: str, line: str) -> None:
    with pytest.raises(TeamError, match=f"^{re.escape(line)}$"):
        teams.read(text)


def test_bans_can_be_left_out() -> None:
    assert teams.read("Mew\n- Dig\n- Fissure", bans=False)[0].moves == (91, 90)
    with pytest.raises(TeamError, match="cannot learn Splash"):
        teams.read("Tauros\n- Splash", bans=False)


def test_without_a_line_of_evs_all_are_252() -> None:
    """As Showdown's team builder has it; its package's own reader would take 0, and refuse."""
    assert teams.read("Tauros\n- Body Slam")[0].points == (93,) * 5


def test_only_a_pokemon_of_level_1_may_have_no_evs() -> None:
    text = "Raichu\nLevel: 1\nEVs: 0 HP\n- Flash"
    assert teams.read(text)[0].points == (30,) * 5
    with pytest.raises(TeamError, match="0 EVs in all at level 2"):
        teams.read(text.replace("Level: 1", "Level: 2"))


# Against Showdown's validator: random teams, most with something odd about them.

STATS = ("hp", "atk", "def", "spa", "spd", "spe")
Set = dict[str, Any]


def good_set(draw: random.Random, species: int) -> Set:
    """Legal but for a ban or an impossible pair, and for its level."""
    learnt = tables.LOWEST_LEVELS[species]
    moves = draw.sample(list(learnt), min(draw.randint(1, 4), len(learnt)))
    dvs = [draw.choice((15, draw.randrange(16))) for _ in range(4)]
    ivs = dict(zip(("atk", "def", "spe", "spa"), (2 * dv for dv in dvs), strict=True))
    evs = {stat: draw.choice((255, 252, draw.randrange(256))) for stat in STATS}
    return {
        "species": tables.SPECIES_NAMES[species],
        "item": "",
        "moves": [tables.MOVE_NAMES[move] for move in moves],
        "level": draw.choice((100, draw.randint(1, 100), draw.randint(1, 40))),
        "ivs": {**ivs, "hp": 2 * hp_dv(*dvs), "spd": draw.choice((ivs["spa"], 0))},
        "evs": {**evs, "spd": draw.choice((evs["spa"], 7))},
    }


def more_moves(draw: random.Random, one: Set) -> None:
    one["moves"] += [tables.MOVE_NAMES[draw.randrange(1, 166)] for _ in range(draw.randint(1, 3))]


def impossible_pair(draw: random.Random, one: Set) -> None:
    species, *pair = draw.choice(sorted(tables.IMPOSSIBLE_PAIRS))
    one["species"], one["level"] = tables.SPECIES_NAMES[species], draw.randint(20, 100)
    others = draw.sample(sorted(tables.LOWEST_LEVELS[species]), 2)
    moves = [*pair, *others][draw.randrange(2) :]
    one["moves"] = [tables.MOVE_NAMES[move] for move in dict.fromkeys(moves)]


def odd_iv(draw: random.Random, one: Set) -> None:
    one["ivs"][draw.choice(STATS)] = draw.randrange(32)


def odd_evs(draw: random.Random, one: Set) -> None:
    one["evs"][draw.choice(STATS)] = draw.choice((-4, -1, 0, 256, 300))


def few_evs(draw: random.Random, one: Set) -> None:
    """Totals at and about those that are taken for slips."""
    total = draw.choice((0, 1, 507, 508, 509, 510, 511))
    one["evs"] = {**dict.fromkeys(STATS, 0), "hp": total // 2, "spe": total - total // 2}
    one["level"] = draw.choice((1, 50, 100))
    if one["level"] == 1:  # what evolves by a stone or a trade can have it
        one["species"] = draw.choice(("Raichu", "Clefable", "Ninetales", "Golem"))
        one["moves"] = ["Body Slam", "Rest", "Double-Edge"][: draw.randint(1, 3)]


def level_50(draw: random.Random, one: Set) -> None:
    one["level"] = 50


def bad_level(draw: random.Random, one: Set) -> None:
    one["level"] = draw.choice((-1, 1, 101, 255))


def strange_name(draw: random.Random, one: Set) -> None:
    one["species"] = draw.choice(("Celebi", "Steelix", "Pikachu-Cosplay", "Nobody", "MissingNo."))


def strange_move(draw: random.Random, one: Set) -> None:
    one["moves"][0] = draw.choice(("Crunch", "Struggle", "Recharge", "Nothing", "Hidden Power"))


def an_item(draw: random.Random, one: Set) -> None:
    one["item"] = draw.choice(("Leftovers", "Berry", "Nothing"))


def no_moves(draw: random.Random, one: Set) -> None:
    one["moves"] = []


def nothing(draw: random.Random, one: Set) -> None:
    """Leaves it as it is."""


ODDITIES = (
    nothing, nothing, nothing, more_moves, impossible_pair, odd_iv, odd_evs, few_evs, level_50,
    bad_level, strange_name, strange_move, an_item, no_moves,
)  # fmt: skip


def random_team(draw: random.Random) -> list[Set]:
    size = draw.choice((1, 1, 1, 1, 2, 3, 6, 7))
    numbers = draw.sample(range(1, 152), size)
    if size > 1 and draw.random() < 0.1:
        numbers[1] = numbers[0]
    team = [good_set(draw, number) for number in numbers]
    draw.choice(ODDITIES)(draw, draw.choice(team))
    if draw.random() < 0.8:  # or else a large team would hardly ever be legal
        for one in team:
            if 1 < one["level"] < 100 and one["level"] != 50:
                one["level"] = max(one["level"], lowest_level(one))
    return team


def lowest_level(one: Set) -> int:
    """From which level on it can have all of its moves that it can have at all."""
    if one["species"] not in tables.SPECIES_NAMES:
        return 1
    learnt = tables.LOWEST_LEVELS[tables.SPECIES_NAMES.index(one["species"])]
    known = [tables.MOVE_NAMES.index(move) for move in one["moves"] if move in tables.MOVE_NAMES]
    return max((learnt[move] for move in known if move in learnt), default=1)


def as_text(team: list[Set]) -> str:
    blocks = []
    for one in team:
        item = f" @ {one['item']}" if one["item"] else ""
        lines = [one["species"] + item, f"Level: {one['level']}"]
        for what in ("EVs", "IVs"):
            parts = [f"{one[what.lower()][stat]} {stat}" for stat in STATS]
            lines.append(f"{what}: {' / '.join(parts).replace('spd', 'SpD')}")
        blocks.append("\n".join([*lines, *(f"- {move}" for move in one["moves"])]))
    return "\n\n".join(blocks)


def as_packed(team: list[Set]) -> str:
    packed = []
    for one in team:
        evs, ivs = (",".join(str(one[what][stat]) for stat in STATS) for what in ("evs", "ivs"))
        moves = ",".join(one["moves"])
        packed.append(f"{one['species']}||{one['item']}||{moves}||{evs}||{ivs}||{one['level']}|")
    return "]".join(packed)


@pytest.mark.parametrize("bans", [True, False])
def test_our_checks_agree_with_showdown_s_validator(bans: bool) -> None:
    try:
        package.node()
        package.folder()
    except package.ShowdownMissingError as reason:
        pytest.skip(str(reason))
    draw = random.Random(7 + bans)
    texts = []
    for _ in range(4000):
        team = random_team(draw)
        texts.append(draw.choice((as_text, as_packed))(team))
    theirs = validator.problems(validator.OU if bans else validator.WITHOUT_BANS, texts)
    reasons: Counter[str] = Counter()
    for text, problems in zip(texts, theirs, strict=True):
        try:
            teams.read(text, bans)
            ours = ""
        except TeamError as error:
            ours = str(error)
            assert "\n" not in ours and "; accepted: " in ours
        assert bool(ours) == bool(problems), f"{text}\nours: {ours}\ntheirs: {problems}"
        reasons[ours.partition("; accepted: ")[2][:8]] += 1
    assert reasons[""] > 800  # legal ones
    assert len(reasons) > 15 and sum(reasons.values()) == 4000
