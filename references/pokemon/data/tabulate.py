"""Flattens what dump.js reads out of Showdown into the integer tables of tables.json.

Every assertion is a fact that the rules rely on; another version may break one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

TYPES = (
    "Normal", "Fighting", "Flying", "Poison", "Ground", "Rock", "Bug", "Ghost",
    "Fire", "Water", "Grass", "Electric", "Psychic", "Ice", "Dragon",
)  # fmt: skip
NO_TYPE = 255
CATEGORIES = ("Physical", "Special", "Status")
STATUSES = ("", "brn", "par", "slp", "frz", "psn", "tox")
STAT_OF_BOOST = {"atk": 0, "def": 1, "spe": 2, "spa": 3, "spd": 3, "accuracy": 4, "evasion": 5}
SECONDARIES = ("NONE", "STATUS", "FLINCH", "CONFUSION", "BOOST")

NOMOVE = 168
"""What a Pokémon does that thawed before it ever chose a move: Fissure's number in disguise."""
MOVE_ROWS = 170
"""Rows of a table by move: 0 none, 1-164 moves, 165 Struggle, 166-169 what is no move."""

EFFECTS: dict[str, tuple[str, ...]] = {
    "NONE": (),
    "BIDE": ("bide",),
    "TRAPPING": ("bind", "wrap", "firespin", "clamp"),
    "CONVERSION": ("conversion",),
    "COUNTER": ("counter",),
    "CHARGE": ("razorwind", "skullbash", "skyattack", "solarbeam"),
    "CHARGE_INVULNERABLE": ("dig", "fly"),
    "DISABLE": ("disable",),
    "FIXED_DAMAGE": ("sonicboom", "dragonrage"),
    "LEVEL_DAMAGE": ("seismictoss", "nightshade"),
    "SUPER_FANG": ("superfang",),
    "PSYWAVE": ("psywave",),
    "EXPLODE": ("selfdestruct", "explosion"),
    "FOCUS_ENERGY": ("focusenergy",),
    "HAZE": ("haze",),
    "CRASH": ("jumpkick", "highjumpkick"),
    "LEECH_SEED": ("leechseed",),
    "LIGHT_SCREEN": ("lightscreen",),
    "REFLECT": ("reflect",),
    "METRONOME": ("metronome",),
    "MIMIC": ("mimic",),
    "MIRROR_MOVE": ("mirrormove",),
    "MIST": ("mist",),
    "THRASH": ("thrash", "petaldance"),
    "RAGE": ("rage",),
    "RECOVER": ("recover", "softboiled"),
    "REST": ("rest",),
    "SUBSTITUTE": ("substitute",),
    "TRANSFORM": ("transform",),
    "DREAM_EATER": ("dreameater",),
    "RECHARGE": ("hyperbeam",),
    "OHKO": ("guillotine", "horndrill", "fissure"),
    "CONFUSE": ("supersonic", "confuseray"),
}
"""Moves with code of their own, by what they do. Their numbers are EFFECT_... in this order."""
HARMLESS_CALLBACKS = {
    "payday",  # prints a message
    "splash",  # prints a message; Gravity is a later generation's
    "thunder",  # looks at the weather, of which there is none
}
HARMLESS_VOLATILES = {"minimize", "defensecurl"}  # nothing in gen 1 looks at them

# Showdown 0.11.11, data/mods/gen1/scripts.ts: SKIP_LASTDAMAGE, TWO_TURN_MOVES and, in
# conditions.ts, what an invulnerable Pokémon is hit by. The package does not export them.
KEEPS_LAST_DAMAGE = (
    "confuseray", "conversion", "counter", "focusenergy", "glare", "haze", "leechseed",
    "lightscreen", "mimic", "mist", "poisongas", "poisonpowder", "recover", "reflect", "rest",
    "softboiled", "splash", "stunspore", "substitute", "supersonic", "teleport", "thunderwave",
    "toxic", "transform",
)  # fmt: skip
HITS_INVULNERABLE = ("swift", "transform")

Raw = dict[str, Any]
Tables = dict[str, int | list[int]]


def tabulate(raw: Raw) -> Tables:
    """All constants by name: integers and lists of integers."""
    tables: Tables = {}
    tables.update({f"TYPE_{name.upper()}": number for number, name in enumerate(TYPES)})
    tables["TYPE_NONE"] = NO_TYPE
    tables.update({f"STATUS_{name.upper() or 'NONE'}": i for i, name in enumerate(STATUSES)})
    tables.update({f"CATEGORY_{name.upper()}": i for i, name in enumerate(CATEGORIES)})
    tables.update({f"SECONDARY_{name}": i for i, name in enumerate(SECONDARIES)})
    tables.update({f"EFFECT_{name}": i for i, name in enumerate(EFFECTS)})
    tables.update({f"MOVE_ID_{m['id'].upper()}": m["num"] for m in named_moves(raw)})
    tables.update(move_tables(raw["moves"]))
    tables["METRONOME_MOVES"] = raw["metronome"]
    tables.update(species_tables(raw["species"]))
    tables["TYPE_CHART"] = type_chart(raw)
    tables["HIT_COUNTS"] = [2, 2, 2, 3, 3, 3, 4, 5]  # sampled by multi-hit and trapping moves
    tables["STAGE_PERCENT"] = [25, 28, 33, 40, 50, 66, 100, 150, 200, 250, 300, 350, 400]
    return tables


def named_moves(raw: Raw) -> list[Raw]:
    """The moves that rules name one by one: those with code of their own, and a few more."""
    chosen = {move for moves in EFFECTS.values() for move in moves}
    chosen |= {"struggle", "toxic", "swift"}
    return [move for move in raw["moves"] if move["id"] in chosen]


def move_tables(moves: list[Raw]) -> Tables:
    """Every table by move number, MOVE_ROWS long. What is no move has 0, except "nomove"."""
    assert [move["num"] for move in moves] == list(range(1, 166))
    for move in moves:
        check_known(move)
    columns: dict[str, Callable[[Raw], int]] = {
        "POWER": lambda m: int(m["basePower"]),
        "TYPE": lambda m: type_number(m["type"]),
        "CATEGORY": lambda m: CATEGORIES.index(m["category"]),
        "ACCURACY": lambda m: 0 if m["accuracy"] is True else int(m["accuracy"]),
        "ACCURACY_BYTE": lambda m: 0 if m["accuracy"] is True else m["accuracy"] * 255 // 100,
        "PP": full_pp,
        "BASE_PP": lambda m: int(m["pp"]),
        "PRIORITY": lambda m: int(m["priority"]),
        "TARGETS_SELF": lambda m: int(m["target"] == "self"),
        "CRIT_RATIO": lambda m: int(m["critRatio"]),
        "MULTIHIT": multihit,
        "DRAIN": lambda m: int(m["drain"] == [1, 2]),
        "RECOIL_DIVISOR": recoil_divisor,
        "DAMAGE": lambda m: m["damage"] if isinstance(m["damage"], int) else 0,
        "STATUS": lambda m: STATUSES.index(m["status"] or ""),
        "BOOST_STAT": lambda m: boost(m["boosts"])[0],
        "BOOST_STAGES": lambda m: boost(m["boosts"])[1],
        "CONFUSES": lambda m: int(m["volatileStatus"] == "confusion"),
        "VOLATILE": lambda m: int(m["volatileStatus"] is not None),
        "SECONDARY": lambda m: SECONDARIES.index(secondary_kind(m)),
        "SECONDARY_CHANCE": secondary_chance,
        "SECONDARY_STATUS": lambda m: STATUSES.index(secondary(m).get("status", "")),
        "SECONDARY_STAT": lambda m: boost(secondary(m).get("boosts"))[0],
        "SECONDARY_STAGES": lambda m: boost(secondary(m).get("boosts"))[1],
        "IGNORES_IMMUNITY": ignores_immunity,
        "EFFECT": lambda m: effect(m["id"]),
        "TWO_TURN": lambda m: int(effect_name(m["id"]).startswith("CHARGE")),
        "KEEPS_LAST_DAMAGE": lambda m: int(m["id"] in KEEPS_LAST_DAMAGE),
        "HITS_INVULNERABLE": lambda m: int(m["id"] in HITS_INVULNERABLE),
    }
    tables: Tables = {}
    for name, column in columns.items():
        row = [0, *(column(move) for move in moves)]
        row += [0] * (MOVE_ROWS - len(row))
        if name in NOMOVE_ROW:
            row[NOMOVE] = NOMOVE_ROW[name]
        tables[f"MOVE_{name}"] = row
    return tables


NOMOVE_ROW = {
    "POWER": 102,
    "TYPE": NO_TYPE,
    "CATEGORY": CATEGORIES.index("Special"),
    "ACCURACY": 31,  # 100 * 81 / 256 = 31.64 percent; ACCURACY_BYTE is what counts
    "ACCURACY_BYTE": math.floor(100 * 81 / 256 * 255 / 100),
    "BASE_PP": 10,
    "CRIT_RATIO": 1,
}
"""Showdown 0.11.11, data/mods/gen1/scripts.ts, runMove."""


def check_known(move: Raw) -> None:
    """Fails for a move with behaviour that these tables do not describe."""
    special = effect_name(move["id"]) != "NONE" or move["id"] in HARMLESS_CALLBACKS
    assert special or not move["callbacks"], f"{move['id']} has code of its own"
    assert special or not move["self"], f"{move['id']} does something to its user"
    plain = {None, "confusion"} | HARMLESS_VOLATILES
    assert special or move["volatileStatus"] in plain, f"{move['id']} adds a condition"
    assert len(move["secondaries"] or []) <= 1
    assert move["drain"] in (None, [1, 2])
    assert (move["damage"] == "level") == (effect_name(move["id"]) == "LEVEL_DAMAGE")
    assert bool(move["ohko"]) == (effect_name(move["id"]) == "OHKO")
    assert bool(move["selfdestruct"]) == (effect_name(move["id"]) == "EXPLODE")
    assert bool(move["noPPBoosts"]) <= (move["id"] in ("struggle", "counter"))


def type_number(name: str) -> int:
    return NO_TYPE if name == "???" else TYPES.index(name)


def full_pp(move: Raw) -> int:
    """PP with three PP Ups: a fifth more each, but 61 for 40 (Showdown: calculatePP)."""
    if move["noPPBoosts"]:
        return int(move["pp"])
    return int(move["pp"]) * 8 // 5 - (3 if move["pp"] == 40 else 0)


def multihit(move: Raw) -> int:
    """0 one hit, 2 always two, 5 two to five."""
    known = {None: 0, 2: 2, (2, 5): 5}
    value = move["multihit"]
    return known[tuple(value) if isinstance(value, list) else value]


def recoil_divisor(move: Raw) -> int:
    """0 none; otherwise the damage is divided by it and rounded down, at least 1."""
    if move["recoil"] is None:
        return 0
    numerator, denominator = move["recoil"]
    assert denominator % numerator == 0
    return int(denominator // numerator)


def boost(boosts: dict[str, int] | None) -> tuple[int, int]:
    """The one stat of atk, def, spe, spc, accuracy, evasion that is moved, and by how much.

    Special counts once: Showdown moves its two halves together. (0, 0) where none is moved.
    """
    if not boosts:
        return 0, 0
    moved = {(STAT_OF_BOOST[name], stages) for name, stages in boosts.items()}
    assert len(moved) == 1
    assert ("spa" in boosts) == ("spd" in boosts)
    return moved.pop()


def secondary(move: Raw) -> Raw:
    return dict(move["secondaries"][0]) if move["secondaries"] else {}


def secondary_kind(move: Raw) -> str:
    given = secondary(move)
    if not given:
        return "NONE"
    if "status" in given:
        return "STATUS"
    if "boosts" in given:
        return "BOOST"
    return {"flinch": "FLINCH", "confusion": "CONFUSION"}[given["volatileStatus"]]


def secondary_chance(move: Raw) -> int:
    """Of 256; confusion's is one lower (Showdown: moveHit)."""
    given = secondary(move)
    if not given:
        return 0
    of_256 = math.ceil(int(given["chance"]) * 256 / 100)
    return of_256 - (secondary_kind(move) == "CONFUSION")


def ignores_immunity(move: Raw) -> int:
    """Where Showdown's data leave it open, status moves do (useMoveInner)."""
    given = move["ignoreImmunity"]
    assert given in (None, True, False)
    return int(move["category"] == "Status" if given is None else given)


def effect_name(move_id: str) -> str:
    return next((name for name, moves in EFFECTS.items() if move_id in moves), "NONE")


def effect(move_id: str) -> int:
    return list(EFFECTS).index(effect_name(move_id))


def legality(raw: Raw) -> Raw:
    """Who may have what: a row by species of [move, lowest level], impossible pairs, bans."""
    return {
        "learns": [[], *(raw["learns"][str(number)] for number in range(1, 152))],
        "impossible_pairs": raw["impossible"],
        "banned_species": raw["bannedSpecies"],
        "banned_moves": raw["bannedMoves"],
    }


def species_tables(species: list[Raw]) -> Tables:
    """Every table by species number, 152 long; 0 is none."""
    assert [one["num"] for one in species] == list(range(1, 152))
    assert all(one["stats"]["spa"] == one["stats"]["spd"] for one in species)
    tables: Tables = {}
    for index in (0, 1):
        numbers = [[*map(type_number, one["types"]), NO_TYPE][index] for one in species]
        tables[f"SPECIES_TYPE{index + 1}"] = [NO_TYPE, *numbers]
    names = {"hp": "HP", "atk": "ATK", "def": "DEF", "spe": "SPE", "spa": "SPC"}
    for stat, name in names.items():
        tables[f"SPECIES_{name}"] = [0, *(one["stats"][stat] for one in species)]
    return tables


def type_chart(raw: Raw) -> list[int]:
    """[attacking * 15 + defending]: 0 immune, 1 not very effective, 2 neutral, 4 super effective.

    Showdown keeps immunity (getImmunity) and effectiveness (getEffectiveness) apart, and calls an
    immune pair neutral in the second: a move that ignores immunity deals neutral damage there.
    """
    chart = []
    for attacking in TYPES:
        for defending in TYPES:
            pair = raw["chart"][attacking][defending]
            assert not (pair["immune"] and pair["effectiveness"])
            chart.append(0 if pair["immune"] else {-1: 1, 0: 2, 1: 4}[pair["effectiveness"]])
    return chart
