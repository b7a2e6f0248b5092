"""poke-env's Battle from a state of the environment: what that player may know, and no more."""

from __future__ import annotations

import logging

import numpy as np
from poke_env.battle.battle import Battle
from poke_env.battle.effect import Effect
from poke_env.battle.move import Move, MoveSet
from poke_env.battle.pokemon import Pokemon
from poke_env.battle.pokemon_type import PokemonType
from poke_env.data import GenData

from extras.pokemon.pokeenv import requests
from references.pokemon import observation, spec, tables

LOGGER = logging.getLogger("pokeenv")
USERNAMES = ("p1", "p2")
GEN = 1
NO_TYPE = spec.CONSTANTS["TYPE_NONE"]
STAGES = ("atk", "def", "spe", "spa", "accuracy", "evasion")
TYPES = {
    number: PokemonType.from_name(name.removeprefix("TYPE_"))
    for name, number in spec.CONSTANTS.items()
    if name.startswith("TYPE_") and isinstance(number, int) and name != "TYPE_NONE"
}
EFFECTS = {
    "confusion": Effect.CONFUSION,
    "substitute": Effect.SUBSTITUTE,
    "leech_seed": Effect.LEECH_SEED,
    "reflect": Effect.REFLECT,
    "light_screen": Effect.UNKNOWN,  # poke-env has no name for it
    "mist": Effect.MIST,
    "focus_energy": Effect.FOCUS_ENERGY,
    "bide_turns": Effect.BIDE,
    "disable_move": Effect.DISABLE,
    "virtual": Effect.MIMIC,
}
"""By STATE's field: where it is not 0, poke-env has the effect. Rage and others it has not."""


class Course:
    """What poke-env makes of the course of a battle, and a single state does not tell.

    poke-env 0.16 takes a Pokemon that transforms for the *own* species of the one it copies, even
    if that one had transformed itself. Show it every state, and `battle_of` errs alike.
    """

    def __init__(self) -> None:
        self._copies: list[tuple[int, int, int] | None] = [None, None]

    def see(self, row: np.void) -> None:
        """Take in the state after a commit."""
        for side in (0, 1):
            slot = int(row["order"][side, 0])
            became = int(row["active_species"][side])
            known = self._copies[side]
            if not row["transformed"][side]:
                self._copies[side] = None
            elif known is None or known[:2] != (slot, became):
                foe = int(row["order"][1 - side, 0])
                self._copies[side] = (slot, became, int(row["species"][1 - side, foe]))

    def copied(self, side: int) -> int:
        """The species that poke-env takes a side's transformed Pokemon for; 0 if it has not."""
        copy = self._copies[side]
        return copy[2] if copy else 0


class StateBattle(Battle):  # type: ignore[misc]
    """A Battle that was made from a state."""

    row: np.void
    side: int

    def observed(self) -> tuple[np.ndarray, np.ndarray]:
        """The environment's own observation, (224,) i16, and mask, (10,) bool, of this player."""
        legal = requests.legal_actions(self.last_request, requests.team_of(self.row, self.side))
        return observation.observe(np.array([self.row]))[0, self.side], legal


def battle_of(
    row: np.void, side: int, tag: str = "battle-gen1-0", course: Course | None = None
) -> StateBattle:
    """One player's view of a battle, as poke-env's players take it.

    A new object for every decision. What poke-env counts of its own accord and no state holds is
    0: for how long a Pokemon has been in front, has slept, or has had an effect.

    Args:
        row: one battle's STATE, a structured scalar with `spec.STATE`'s fields.
        side: whose view: 0 the first player's, 1 the second's.
        tag: poke-env's name for the battle.
        course: that has seen every state so far, this one too; without it poke-env is told the
            truth even where on a server it would be mistaken.
    """
    battle = StateBattle(tag, USERNAMES[side], LOGGER, GEN)
    battle.row, battle.side = row, side
    battle.player_role, battle.opponent_username = USERNAMES[side], USERNAMES[1 - side]
    battle.turn = int(row["turn"])
    battle._team_size = {f"p{n + 1}": len(requests.team_of(row, n)) for n in (0, 1)}
    request = requests.request_of(row, side, USERNAMES[side])
    party = {one["ident"]: one for one in request["side"]["pokemon"]}
    for slot, ident in enumerate(requests.team_of(row, side)):
        battle._team[ident] = _own(row, side, slot, ident, party[ident])
    for slot in _appeared(row, 1 - side):
        foe = _foe(row, 1 - side, slot)
        battle._opponent_team[foe.identifier(USERNAMES[1 - side])] = foe
    if course is not None:
        _mistake(battle.active_pokemon, course.copied(side))
        _mistake(battle.opponent_active_pokemon, course.copied(1 - side))
    battle.parse_request(request)
    _end(battle, row, side)
    return battle


def _mistake(pokemon: Pokemon | None, species: int) -> None:
    """Make a transformed Pokemon what poke-env takes it for."""
    if pokemon is not None and species and not pokemon.fainted:
        entry = GenData.from_gen(GEN).pokedex[tables.SPECIES_IDS[species]]
        pokemon._temporary_base_stats = entry["baseStats"]
        pokemon._temporary_types = [PokemonType.from_name(name) for name in entry["types"]]


def _end(battle: Battle, row: np.void, side: int) -> None:
    winner = int(row["winner"])
    if winner == spec.CONSTANTS["WINNER_TIE"]:
        battle.tied()
    elif winner:
        battle.won_by(USERNAMES[winner - 1])


def _appeared(row: np.void, side: int) -> list[int]:
    """Slots by when they were first sent in."""
    ranks = row["seen"][side]
    return sorted((int(slot) for slot in np.flatnonzero(ranks)), key=lambda slot: ranks[slot])


def _own(row: np.void, side: int, slot: int, ident: str, request: requests.Request) -> Pokemon:
    details = request["details"]
    pokemon = Pokemon(GEN, details=details, name=ident.partition(": ")[2])
    held = zip(row["moves"][side, slot], row["pp"][side, slot], strict=True)
    moves = [_move(int(move), pp) for move, pp in held if move]
    pokemon._moves = MoveSet({move.id: move for move in moves})
    pokemon._revealed = bool(row["seen"][side, slot])
    pokemon._active = requests.is_active(row, side, slot)
    pokemon._max_hp = pokemon._stats["hp"] = int(requests.stats_of(row, side)[slot, 0])
    if pokemon._active and row["hp"][side, slot]:
        _fill_active(pokemon, row, side, own=True)
    return pokemon


def _foe(row: np.void, side: int, slot: int) -> Pokemon:
    """The other side's Pokemon, which has appeared; HP in percent."""
    name = requests.name_of(row, side, slot)
    pokemon = Pokemon(GEN, details=requests.details_of(row, side, slot), name=name)
    percent = percent_of(row, side, slot)
    pokemon.set_hp_status(requests.condition_of(row, side, slot, 100, percent))
    pokemon._max_hp = 100
    shown = [
        int(move)
        for i, move in enumerate(row["moves"][side, slot])
        if row["revealed"][side, slot] >> i & 1
    ]
    for move in sorted(shown):
        pokemon._add_move(tables.MOVE_IDS[move])
    pokemon._revealed = True
    pokemon._active = requests.is_active(row, side, slot)
    if pokemon._active and row["hp"][side, slot]:
        _fill_active(pokemon, row, side, own=False)
    return pokemon


def percent_of(row: np.void, side: int, slot: int) -> int:
    """HP as the other player is shown it: rounded up, but 99 for anything below all of it."""
    hp, maximum = int(row["hp"][side, slot]), int(requests.stats_of(row, side)[slot, 0])
    percent = -(-100 * hp // maximum)
    return 99 if percent == 100 and hp < maximum else percent


def _fill_active(pokemon: Pokemon, row: np.void, side: int, own: bool) -> None:
    """What holds of a Pokemon only for as long as it is in front."""
    for stage, name in zip(row["boosts"][side], STAGES, strict=True):
        pokemon._boosts[name] = int(stage)
    pokemon._boosts["spd"] = pokemon._boosts["spa"]
    for field, effect in EFFECTS.items():
        if row[field][side]:
            pokemon._effects[effect] = 0
    pokemon._must_recharge = bool(row["recharge"][side])
    if row["charging_move"][side]:
        pokemon._preparing_move = Move(tables.MOVE_IDS[row["charging_move"][side]], GEN)
    _fill_changes(pokemon, row, side, own)
    _mark_last(pokemon, tables.MOVE_IDS[_real(row["last_move"][side])])


def _fill_changes(pokemon: Pokemon, row: np.void, side: int, own: bool) -> None:
    """What Transform, Mimic and Conversion make of it; a foe's PP stay as poke-env assumes them."""
    types = [TYPES[int(number)] for number in row["types"][side] if number != NO_TYPE]
    if types != pokemon.types:
        pokemon._temporary_types = types
    pp = row["active_pp"][side] if own else [None] * requests.MOVE_SLOTS
    held = [(int(move), left) for move, left in zip(row["active_moves"][side], pp, strict=True)]
    if row["transformed"][side]:
        species = tables.SPECIES_IDS[row["active_species"][side]]
        pokemon._temporary_base_stats = GenData.from_gen(GEN).pokedex[species]["baseStats"]
        pokemon._temporary_types = types
        copied = [_move(move, left, from_transform=True) for move, left in held if move]
        pokemon._moves._transform_moves = MoveSet({move.id: move for move in copied})
    elif row["virtual"][side]:
        move, left = held[int(row["virtual"][side]).bit_length() - 1]
        pokemon._moves.mimic_move = _move(move, left, from_mimic=True)
    elif pokemon._temporary_types:
        pokemon._effects[Effect.TYPECHANGE] = 0


def _mark_last(pokemon: Pokemon, last: str) -> None:
    for name, move in pokemon.moves.items():
        move._is_last_used = name == last


def _real(move: int) -> int:
    """A move that poke-env knows; 0 for a pseudo-move."""
    return int(move) if move < len(tables.MOVE_IDS) else 0


def _move(
    number: int, pp: int | None, from_mimic: bool = False, from_transform: bool = False
) -> Move:
    move = Move(tables.MOVE_IDS[number], GEN, from_mimic=from_mimic, from_transform=from_transform)
    if pp is not None:
        move._current_pp = int(pp)
    return move
