"""The state that a battle begins in, from its teams and seed: what a reset makes, without Node."""

from __future__ import annotations

import numpy as np

from extras.pokemon.logs.battle import Battle
from references.pokemon import SPEC, sets
from references.pokemon.sets import PokemonSet
from references.pokemon.tables import CONSTANTS

MULTIPLIER, INCREMENT = 0x5D588B656C078965, 0x269EC3
"""Of Showdown's 64-bit generator (0.11.11, sim/prng.ts, Gen5RNG)."""
TIE_DRAWS = 4
"""That both leads' coming out takes where their speeds are equal: the insertion into the queue, the
update, the order of the two and the update after them. There are none where they differ."""
NOBODY = ("trapped_by", "fake_trapped_with", "trapping_target")
"""Fields that name a Pokemon, 255 for none."""


def first_row(battle: Battle) -> np.ndarray:
    """The packed state at the first request, (state_bytes,) u1; its root, episode and t are 0."""
    row = np.zeros(1, SPEC.row_dtype)
    state = row[0]
    state["layout"] = SPEC.layout_id
    for name in NOBODY:
        state[name] = SPEC.constants["NO_POKEMON"]
    for name in ("last_selected_move", "last_enemy_selected_move"):
        state[name] = SPEC.constants["MOVE_ID_NOMOVE"]
    speeds = [_bring_out(state, side, battle.team(side)) for side in (0, 1)]
    state["turn"] = 1
    state["request"] = SPEC.constants["REQUEST_MOVE"]
    seed = battle.seed[0] << 32 | battle.seed[1]
    seed = advanced(seed, TIE_DRAWS if speeds[0] == speeds[1] else 0)
    state["rng"] = (seed >> 32, seed & 0xFFFFFFFF)
    return row.view(np.uint8)


def advanced(seed: int, draws: int) -> int:
    """The generator's 64 bits after so many draws."""
    for _ in range(draws):
        seed = (seed * MULTIPLIER + INCREMENT) & (1 << 64) - 1
    return seed


def _bring_out(state: np.void, side: int, team: list[PokemonSet]) -> int:
    """Set up a side, its first Pokemon in front: that one's speed."""
    state["order"][side] = SPEC.constants["NO_POKEMON"]
    for slot, pokemon in enumerate(team):
        count = len(pokemon.moves)
        state["order"][side, slot] = slot
        state["species"][side, slot] = pokemon.species
        state["level"][side, slot] = pokemon.level
        state["stat_points"][side, slot] = pokemon.points
        state["hp"][side, slot] = sets.stats(pokemon)[0]
        state["moves"][side, slot, :count] = pokemon.moves
        state["pp"][side, slot, :count] = [_table("MOVE_PP")[move] for move in pokemon.moves]
    lead = team[0]
    _, attack, defense, speed, special = sets.stats(lead)
    state["seen"][side, 0] = 1
    state["active_species"][side] = lead.species
    state["types"][side] = [_table(f"SPECIES_TYPE{i}")[lead.species] for i in (1, 2)]
    for name in ("active_stats", "modified_stats"):
        state[name][side] = (attack, defense, speed, special)
    state["speed"][side] = speed
    state["active_moves"][side] = state["moves"][side, 0]
    state["active_pp"][side] = state["pp"][side, 0]
    return speed


def _table(name: str) -> tuple[int, ...]:
    table = CONSTANTS[name]
    assert isinstance(table, tuple)
    return table
