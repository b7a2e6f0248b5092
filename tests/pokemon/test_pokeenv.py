"""poke-env's objects from states of the environment, without a server."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

from harness import registry
from harness.implementations import Batch, make_batch
from references.pokemon import pools, sets, spec, tables
from references.pokemon.data import package, validator

pytest.importorskip("samestep_rust")
if importlib.util.find_spec("poke_env") is None:
    pytest.skip("poke-env is not installed; `make setup-trainers` does it", allow_module_level=True)

from poke_env.battle.pokemon import Pokemon
from poke_env.player import MaxBasePowerPlayer, RandomPlayer, SimpleHeuristicsPlayer

from extras.pokemon.pokeenv import requests, teams
from extras.pokemon.pokeenv.battles import Course, StateBattle, battle_of
from extras.pokemon.pokeenv.players import decide, offline, reproducible

LANES = 16
STEPS = 30
FORMATS = (0, 1, 2)


def batch_of(format_: int) -> Batch:
    batch = make_batch(registry.get("pokemon"), "rust", LANES, {"format": format_})
    batch.reset(5)
    return batch


@pytest.fixture(scope="module", params=FORMATS)
def states(request: pytest.FixtureRequest) -> list[tuple[np.void, np.ndarray]]:
    """States of random play where somebody chooses, each with both masks (2, 10)."""
    batch = batch_of(request.param)
    rng = np.random.default_rng(request.param)
    found = []
    for step in range(STEPS):
        rows, legal = batch.spec.unpack(batch.export_state()), batch.legal()
        assert legal is not None
        if step % 3 == 0:
            found += [(row.copy(), mask) for row, mask in zip(rows, legal, strict=True)]
        batch.step((legal * rng.random(legal.shape)).argmax(-1).astype(np.int32))
    batch.close()
    return found


def facts(battle: StateBattle) -> dict[str, Any]:
    """What a player can read of a battle."""

    def of(pokemon: Pokemon) -> tuple[Any, ...]:
        return (
            *(pokemon.species, pokemon.level, pokemon.current_hp, pokemon.max_hp),
            *(pokemon.status, pokemon.active, tuple(pokemon.boosts.items())),
            *(tuple(pokemon.types), tuple(pokemon.base_stats.items())),
            tuple((move.id, move.current_pp) for move in pokemon.moves.values()),
            *(tuple(pokemon.effects), pokemon.must_recharge, str(pokemon.preparing_move)),
            tuple(pokemon.stats.items()),
        )

    return {
        "turn": battle.turn,
        "own": {name: of(one) for name, one in battle.team.items()},
        "foe": {name: of(one) for name, one in battle.opponent_team.items()},
        "orders": [order.message for order in battle.valid_orders],
        "request": battle.last_request,
    }


def test_masks_and_choices_agree_with_the_environment(
    states: list[tuple[np.void, np.ndarray]],
) -> None:
    checked = 0
    for row, legal in states:
        for side in (0, 1):
            request, team = requests.request_of(row, side), requests.team_of(row, side)
            mask = requests.legal_actions(request, team)
            assert (mask == legal[side]).all(), (request, mask, legal[side])
            if row["request"][side] == 0:
                continue
            for action in np.flatnonzero(mask):
                message = requests.message_of(int(action), request, team)
                assert requests.action_of(message, request, team) == action
                checked += 1
            for action in np.flatnonzero(~mask):
                with pytest.raises(requests.IllegalOrderError):
                    requests.message_of(int(action), request, team)
    assert checked > 1000


def test_a_battles_orders_are_the_legal_actions(states: list[tuple[np.void, np.ndarray]]) -> None:
    for row, legal in states:
        for side in np.flatnonzero(row["request"]):
            battle = battle_of(row, int(side))
            team = requests.team_of(row, int(side))
            ids = [order.message for order in battle.valid_orders]
            if len(set(ids)) < len(ids):
                continue  # Mimic has copied an own move: ids cannot tell the two apart
            actions = [requests.action_of(one, battle.last_request, team) for one in ids]
            assert sorted(actions) == list(np.flatnonzero(legal[side]))


def test_a_battle_tells_what_the_player_may_know(
    states: list[tuple[np.void, np.ndarray]],
) -> None:
    """The foe's hidden side is drawn anew, and nothing in the Battle changes."""
    rng = np.random.default_rng(1)
    for row, _ in states:
        for side in (0, 1):
            other, foe = row.copy(), 1 - side
            unseen = other["seen"][foe] == 0
            hidden = (other["revealed"][foe][:, None] >> np.arange(4) & 1) == 0
            if other["transformed"][foe] or other["virtual"][foe]:
                continue  # its moves now are told by Transform and Mimic
            drawn = rng.integers(1, 166, (6, 4))
            other["moves"][foe] = np.where(hidden, drawn, other["moves"][foe])
            other["pp"][foe] = rng.integers(0, 64, (6, 4))
            other["species"][foe][unseen] = rng.integers(1, 152, unseen.sum())
            other["level"][foe][unseen] = 1
            other["sleep_turns"][foe] += 1
            other["rng"] = rng.integers(0, 2**32, 2)
            other["last_damage"] += 1
            if hidden.any():
                assert (other["moves"] != row["moves"]).any()
            assert facts(battle_of(row, side)) == facts(battle_of(other, side))


def test_the_views_are_of_one_battle(states: list[tuple[np.void, np.ndarray]]) -> None:
    for row, _ in states:
        first, second = battle_of(row, 0), battle_of(row, 1)
        for mine, theirs in ((first, second), (second, first)):
            own, foe = mine.active_pokemon, theirs.opponent_active_pokemon
            assert own is not None and foe is not None
            assert (own.species, own.types, own.boosts) == (foe.species, foe.types, foe.boosts)
            assert foe.current_hp == -(-100 * own.current_hp // own.max_hp) or (
                foe.current_hp == 99 and own.current_hp < own.max_hp
            )
            assert set(foe.effects) == set(own.effects)


@pytest.mark.parametrize("kind", [SimpleHeuristicsPlayer, MaxBasePowerPlayer, RandomPlayer])
def test_players_play_in_the_environment(kind: Any) -> None:
    """Whole battles: every choice is one that the environment takes."""
    batch = batch_of(0)
    seeded = reproducible(kind)
    players, twins = ([offline(seeded, f"player {side}") for side in (0, 1)] for _ in "ab")
    ended = 0
    for _ in range(40):
        rows, legal = batch.spec.unpack(batch.export_state()), batch.legal()
        assert legal is not None
        actions = legal.argmax(-1).astype(np.int32)
        for lane in range(4):
            for side in np.flatnonzero(rows[lane]["request"]):
                seen = (rows[lane], int(side), f"battle-{lane}")
                action = decide(players[side], *seen)
                assert legal[lane, side, action]
                assert decide(twins[side], *seen) == action
                actions[lane, side] = action
        ended += int(batch.step(actions).terminated[:4].sum())
    batch.close()
    assert ended or kind is RandomPlayer


class Stubborn(RandomPlayer):  # type: ignore[misc]
    """Wants one thing only."""

    wanted = "/choose move bide"
    asked = 0

    def choose_move(self, battle: Any) -> Any:
        self.asked += 1
        order = self.choose_random_move(battle)
        order.order = self.wanted
        return order


def test_a_refused_player_ends_with_the_default() -> None:
    """Bide twice, as Mimic can have it: the id means the first, and that one has no PP left."""
    batch = batch_of(0)
    row = batch.spec.unpack(batch.export_state())[0].copy()
    batch.close()
    bide = tables.MOVE_IDS.index("bide")
    row["active_moves"][0], row["active_pp"][0] = (bide, 33, bide, 34), (0, 0, 4, 5)
    player = offline(Stubborn, "stubborn")
    assert decide(player, row, 0) == 8  # the first move that can be used
    assert player.asked > 1
    player.wanted = "/choose move 3"
    player.asked = 0
    assert decide(player, row, 0) == 8
    assert player.asked == 1


def test_a_name_that_a_transformed_pokemon_has_taken_is_refused() -> None:
    """Showdown looks for species too, the one in front first: a switch to itself."""
    batch = batch_of(0)
    row = batch.spec.unpack(batch.export_state())[0].copy()
    batch.close()
    row["transformed"][0], row["active_species"][0] = 1, row["species"][0, 2]
    name = requests.name_of(row, 0, 2)
    player = offline(Stubborn, "stubborn")
    player.wanted = f"/choose switch {name}"
    assert decide(player, row, 0) == 6
    assert player.asked > 1
    request, team = requests.request_of(row, 0), requests.team_of(row, 0)
    assert requests.action_of(player.wanted, request, team) == 2  # were it not transformed
    row["active_species"][0] = row["species"][0, 0]
    assert decide(player, row, 0) == 2


def test_a_copy_of_a_copy_is_taken_for_the_original() -> None:
    """What poke-env 0.16 makes of Transform, if it is told of every state."""
    batch = batch_of(0)
    row = batch.spec.unpack(batch.export_state())[0].copy()
    batch.close()
    mew = tables.SPECIES_IDS.index("mew")
    for side in (0, 1):
        row["transformed"][side], row["active_species"][side] = 1, mew
        row["types"][side] = (spec.CONSTANTS["TYPE_PSYCHIC"], spec.CONSTANTS["TYPE_NONE"])
    course = Course()
    course.see(row)
    told, mistaken = battle_of(row, 0), battle_of(row, 0, course=course)
    assert told.opponent_active_pokemon is not None
    assert mistaken.opponent_active_pokemon is not None
    assert told.opponent_active_pokemon.base_stats["atk"] == 100
    own = tables.SPECIES_IDS[int(row["species"][0, 0])]
    plain = Pokemon(1, species=own)
    assert mistaken.opponent_active_pokemon.base_stats == plain.base_stats
    assert mistaken.opponent_active_pokemon.types == plain.types
    row["transformed"] = 0
    course.see(row)
    assert course.copied(0) == course.copied(1) == 0


@pytest.mark.parametrize("name", pools.NAMES)
def test_dvs_and_evs_make_a_pools_stats(name: str) -> None:
    for pair in pools.load(pools.NAMES.index(name))[:200]:
        for pokemon in (one for team in pair for one in sets.unpack_team(team)):
            (hp, *others), evs = teams.spread(pokemon.points)
            assert hp == sets.hp_dv(*others)
            made = tuple(2 * dv + ev // 4 for dv, ev in zip((hp, *others), evs, strict=True))
            assert made == pokemon.points
    with pytest.raises(ValueError, match=r"no DVs and EVs make the stat points \(1, 200"):
        teams.spread((1, 200, 0, 0, 0))


def test_the_servers_validator_takes_the_teams() -> None:
    try:
        package.folder()
    except package.ShowdownMissingError as error:
        pytest.skip(str(error))
    pool = pools.load(1)[:100].reshape(-1, 6, sets.BYTES)
    packed = [teams.packed(sets.unpack_team(team)) for team in pool]
    assert validator.problems("gen1ou", packed) == [[]] * len(packed)
    assert all(validator.problems("gen1ou", [packed[0].replace("||252,", "||4000,")]))
