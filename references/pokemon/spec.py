"""Pokemon battles, generation 1: the numbers and layouts that define them.

Source: Pokemon Showdown 0.11.11 (MIT), mod `gen1` with the ruleset `Standard`. Fields with a first
axis of 2 are a side's: 0 is p1. A Pokemon is its stable slot in the team as given, 0 to 5, or
across sides side * 6 + slot. A field that nothing can read any more, although Showdown leaves a
value behind, is 0 (or the "none" that its doc names).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from references.contract import ActionLayout, DiscreteAction, EnvSpec, Field, ObsLayout, Param
from references.pokemon import observation, tables


def ranks(ids: tuple[str, ...]) -> tuple[int, ...]:
    """Places of ids in alphabetical order; the empty one of number 0 comes last."""
    ordered = sorted(range(len(ids)), key=lambda number: (not number, ids[number]))
    return tuple(ordered.index(number) for number in range(len(ids)))


CONSTANTS: dict[str, int | tuple[int, ...]] = {
    **tables.CONSTANTS,
    "MOVE_RANK": ranks(tables.MOVE_IDS),  # metamon numbers actions by name
    "SPECIES_RANK": ranks(tables.SPECIES_IDS),
    "TEAM_SIZE": 6,
    "MOVE_SLOTS": 4,
    "NO_POKEMON": 255,
    # Ids that Showdown uses where a move's belongs, numbered after the last move.
    "MOVE_ID_FIGHT": 166,
    "MOVE_ID_CANNOTMOVE": 167,
    "MOVE_ID_NOMOVE": 168,
    "MOVE_ID_RECHARGE": 169,
    "REQUEST_WAIT": 0,
    "REQUEST_MOVE": 1,
    "REQUEST_SWITCH": 2,
    "WINNER_NONE": 0,  # the battle goes on
    "WINNER_P1": 1,
    "WINNER_P2": 2,
    "WINNER_TIE": 3,
    "ACTION_SWITCH": 0,  # ACTION_SWITCH + slot
    "ACTION_MOVE": 6,  # ACTION_MOVE + move slot
    "ACTIONS": 10,
    "DAMAGE_LIMIT": 65535,  # last damage and Bide's are kept up to this: no reader can tell more
}

STATE = (
    # A team's six slots, in the order of the team as given.
    Field("species", "u1", (2, 6), "national number; 0: no Pokemon"),
    Field("level", "u1", (2, 6), "1 to 100"),
    Field("stat_points", "u1", (2, 6, 5), "of HP atk def spe spc: IV (2 DV) + floor(EV / 4)"),
    Field("hp", "u2", (2, 6), "0: fainted"),
    Field("status", "u1", (2, 6), "0 none 1 brn 2 par 3 slp 4 frz 5 psn 6 tox; 0 once fainted"),
    Field("sleep_turns", "u1", (2, 6), "the sleep counter, while asleep"),
    Field("slept_by_own", "u1", (2, 6), "1: asleep by its own side, as by Rest (Sleep Clause)"),
    Field("moves", "u1", (2, 6, 4), "by move number; 0 none"),
    Field("pp", "u1", (2, 6, 4), "left; up to 63"),
    Field(
        "substitute_broken", "u1", (2, 6), "Showdown's subFainted: Explosion and multihits read it"
    ),
    Field("seen", "u1", (2, 6), "rank of its first appearance, 1 the first; 0 not yet"),
    Field("revealed", "u1", (2, 6), "bit i: the foe saw it use its own move i by itself"),
    Field("order", "u1", (2, 6), "Showdown's order: position -> slot; 0 is active"),
    # The active Pokemon; 0 (or as stated) where it has fainted, but for `modified_stats`, whose
    # speed decides who is replaced first.
    Field("active_species", "u1", (2,), "national number; another's after Transform"),
    Field("types", "u1", (2, 2), "255: none"),
    Field("transformed", "u1", (2,), "1 after Transform"),
    Field(
        "active_stats", "u2", (2, 4), "atk def spe spc without stages; another's after Transform"
    ),
    Field(
        "modified_stats", "u2", (2, 4), "atk def spe spc as gen 1 keeps them, stages and status in"
    ),
    Field("speed", "u2", (2,), "Showdown's cached speed, which ties are decided by"),
    Field("boosts", "i1", (2, 6), "stages of atk def spe spc accuracy evasion"),
    Field("active_moves", "u1", (2, 4), "moves with Mimic and Transform; 0 none"),
    Field("active_pp", "u1", (2, 4), "their PP"),
    Field("virtual", "u1", (2,), "bit i: move i is Mimic's; 0 if transformed"),
    Field("last_move", "u1", (2,), "the last move it used (Mirror Move); 0 none"),
    Field("bide_turns", "u1", (2,), "turns of Bide left; 0: none"),
    Field("bide_damage", "u2", (2,), "stored by Bide"),
    Field("confusion", "u1", (2,), "turns of confusion left; 0: none"),
    Field("flinch", "u1", (2,), "1: will flinch"),
    Field("trapped_turns", "u1", (2,), "duration of partiallytrapped; 0: none"),
    Field("trapped_by", "u1", (2,), "its source; 255 none"),
    Field("trapped_maybe", "u1", (2,), "1: the player is not sure of it (maybeLocked)"),
    Field("fake_trapped_turns", "u1", (2,), "duration of fakepartiallytrapped; 0: none"),
    Field("fake_trapped_with", "u1", (2,), "its counterpart; 255 none"),
    Field("trapping_move", "u1", (2,), "the move of partialtrappinglock; 0 none"),
    Field("trapping_turns", "u1", (2,), "its duration"),
    Field("trapping_total", "u1", (2,), "its whole duration, 2 to 5"),
    Field("trapping_damage", "u2", (2,), "its damage"),
    Field("trapping_target", "u1", (2,), "whom it holds; 255 none"),
    Field("recharge", "u1", (2,), "1: must recharge"),
    Field("thrash_move", "u1", (2,), "the move of lockedmove; 0 none"),
    Field("thrash_turns", "u1", (2,), "its turns left"),
    Field("thrash_accuracy", "u1", (2,), "its accuracy, which sinks while it lasts"),
    Field("charging_move", "u1", (2,), "the move of twoturnmove; 0 none"),
    Field("invulnerable", "u1", (2,), "1: out of reach by Dig or Fly"),
    Field("substitute", "u1", (2,), "HP of the substitute; 0: none"),
    Field("leech_seed", "u1", (2,), "1: seeded"),
    Field("reflect", "u1", (2,), ""),
    Field("light_screen", "u1", (2,), ""),
    Field("mist", "u1", (2,), ""),
    Field("focus_energy", "u1", (2,), ""),
    Field("disable_move", "u1", (2,), "the move that is disabled; 0 none"),
    Field("disable_slot", "u1", (2,), "its slot"),
    Field("disable_turns", "u1", (2,), "turns left"),
    Field("rage", "u1", (2,), "1: raging"),
    Field("rage_accuracy", "u1", (2,), "its accuracy, which sinks while it lasts"),
    Field("toxic", "u1", (2,), "1: the toxic counter runs (residualdmg)"),
    Field("toxic_counter", "u1", (2,), ""),
    # A side's.
    Field("last_selected_move", "u1", (2,), "lastSelectedMove, pseudo-moves included"),
    Field(
        "last_enemy_selected_move",
        "u1",
        (2,),
        "lastEnemySelectedMove: the same, as the foe sees it",
    ),
    Field(
        "last_enemy_move", "u1", (2,), "lastEnemyMove: the last move it showed (Counter); 0 none"
    ),
    Field("last_selected_slot", "u1", (2,), "lastSelectedMoveSlot"),
    # The battle's.
    Field("turn", "u2", (), "turns begun"),
    Field("last_damage", "u2", (), "damage of the last hit by either side (Counter, Bide)"),
    Field("rng", "u4", (2,), "the generator's 64 bits, high word first"),
    Field("request", "u1", (2,), "asked of the player: 0 wait, 1 move, 2 switch"),
    Field("winner", "u1", (), "0: it goes on; 1 p1, 2 p2, 3 tie"),
)

ACTION_NAMES = (
    *(f"switch {slot + 1}" for slot in range(6)),
    *(f"move {slot + 1}" for slot in range(4)),
)


def action(params: Mapping[str, Any]) -> ActionLayout:
    """Poke-env's ten: switch to a slot of the team as given, or use a move slot."""
    return DiscreteAction(10, ACTION_NAMES)


def obs(params: Mapping[str, Any]) -> ObsLayout:
    """What a player may know, or, with `full_information`, all there is; see observation.py."""
    size = observation.FULL_SIZE if params["full_information"] else observation.OBS_SIZE
    return ObsLayout("i2", (size,), -6, 1001)


def players(params: Mapping[str, Any]) -> int:
    """One against a built-in opponent."""
    return 1 if params["opponent"] else 2


SPEC = EnvSpec(
    name="pokemon",
    version=1,
    state=STATE,
    obs=ObsLayout("i2", (observation.OBS_SIZE,), -6, 1001),
    obs_under=obs,
    players_under=players,
    action=action,
    slots={"team": 0, "seed_high": 1, "seed_low": 2, "opponent": 3},
    constants=CONSTANTS,
    params={
        "format": Param(0, 0, 2, "pool of teams: 0 gen1randombattle, 1 gen1ou, 2 coverage"),
        "teams": Param("", doc="path of a pool of one's own teams, instead of format's"),
        "opponent": Param(
            0,
            0,
            3,
            "who plays p2: 0 the other player, 1 Random, 2 MaxBasePower, 3 SimpleHeuristics",
        ),
        "full_information": Param(False, doc="observe what a player cannot know as well"),
        "faint_reward": Param(0.0, -1.0, 1.0, "for a foe that faints; an own one costs as much"),
    },
    num_players=2,
    exact=True,
)
