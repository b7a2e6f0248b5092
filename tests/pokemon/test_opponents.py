"""SimpleHeuristics: the same choices in all implementations, and poke-env's own."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import numpy as np
import pytest

from harness import registry
from harness.implementations import Batch, make_batch
from references.pokemon import SPEC, heuristics, opponents, pools, tables

pytest.importorskip("samestep_rust")

LANES = 32
OFF_POLICY = 0.2
"""Of the choices that are drawn uniformly instead, to reach states that it would not."""


def batch_of(backend: str, lanes: int, **params: object) -> Batch:
    batch = make_batch(registry.get("pokemon"), backend, lanes, params)
    batch.reset(11)
    return batch


def decisions(
    format_: int, steps: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Rows, their fields, masks (N, 2, 10) and SimpleHeuristics' choices (N, 2), step by step."""
    batch, rng = batch_of("rust", LANES, format=format_), np.random.default_rng(format_)
    for _ in range(steps):
        packed, legal = batch.export_state(), batch.legal()
        assert legal is not None
        rows = SPEC.unpack(packed)
        chosen = np.array(
            [
                [heuristics.choose(row, side, mask[side]) for side in (0, 1)]
                for row, mask in zip(rows, legal, strict=True)
            ],
            np.int32,
        )
        yield packed, rows, legal, chosen
        drawn = (legal * rng.random(legal.shape)).argmax(-1)
        free = rng.random(chosen.shape) < OFF_POLICY
        batch.step(np.where(free, drawn, chosen).astype(np.int32))
    batch.close()


@pytest.mark.parametrize("format_", range(len(pools.NAMES)))
def test_its_choices_are_legal_and_of_both_kinds(format_: int) -> None:
    switches = 0
    for _, rows, legal, chosen in decisions(format_, 40):
        assert np.take_along_axis(legal, chosen[..., None], axis=2).all()
        waits = rows["request"] == 0
        assert (chosen[waits] == 0).all()
        switches += int(((chosen < heuristics.FIRST_MOVE) & (rows["request"] == 1)).sum())
    assert switches > 10  # by choice, not because one fainted


@pytest.mark.parametrize(
    ("backend", "format_"), [("rust", 0), ("rust", 1), ("rust", 2), ("jax", 2)]
)
def test_backends_play_the_references_choices(backend: str, format_: int) -> None:
    """A step against it is the step of two players, the second by the reference's rules."""
    alone = batch_of(backend, LANES, format=format_, opponent=opponents.SIMPLE_HEURISTICS)
    both = batch_of(backend, LANES, format=format_)
    moved = 0
    for packed, _, legal, chosen in decisions(format_, 40):
        alone.import_state(packed)
        both.import_state(packed)
        mine = legal[:, 0].argmax(-1).astype(np.int32)
        alone.step(mine)
        both.step(np.stack([mine, chosen[:, 1]], axis=1))
        np.testing.assert_array_equal(alone.export_state(), both.export_state())
        moved += int((chosen[:, 1] != legal[:, 1].argmax(-1)).sum())
    assert moved > 100  # choices that are not simply the first
    alone.close()
    both.close()


def test_the_tables_are_poke_envs() -> None:
    """What its rules are computed from: powers, accuracies, hits, types, stats and the chart."""
    pytest.importorskip("poke_env", reason="`make setup-trainers` installs poke-env")
    from poke_env.battle.move import Move
    from poke_env.battle.pokemon_type import PokemonType
    from poke_env.data import GenData

    data = GenData.from_gen(1)
    names = {
        number: PokemonType.from_name(name.removeprefix("TYPE_"))
        for name, number in tables.CONSTANTS.items()
        if name.startswith("TYPE_") and isinstance(number, int) and number != heuristics.NO_TYPE
    }
    for number, name in list(enumerate(tables.MOVE_IDS))[1:]:
        move = Move(name, 1)
        assert move.base_power == heuristics.POWER[number]
        if not move.base_power:
            continue
        assert move.type == names[heuristics.TYPE[number]]
        assert move.accuracy == (heuristics.ACCURACY[number] or 100) / 100
        assert move.expected_hits == pytest.approx(
            float(heuristics.HITS[heuristics.MULTIHIT[number]])
        )
        physical = heuristics.CATEGORY[number] == heuristics.PHYSICAL
        assert (move.category.name == "PHYSICAL") == physical
    for number, name in list(enumerate(tables.SPECIES_IDS))[1:]:
        entry = data.pokedex[name]
        stats = entry["baseStats"]
        assert stats["spa"] == stats["spd"]
        assert heuristics.BASE[number] == tuple(stats[key] for key in ("atk", "def", "spe", "spa"))
        types = [names[kind] for kind in heuristics.TYPES[number] if kind != heuristics.NO_TYPE]
        assert types == [PokemonType.from_name(kind) for kind in entry["types"]]
    for attacking, one in names.items():
        for defending, other in names.items():
            times = one.damage_multiplier(other, None, type_chart=data.type_chart)
            assert 2 * times == heuristics.CHART[attacking, defending]


@pytest.mark.skipif(
    importlib.util.find_spec("poke_env") is None,
    reason="poke-env is not installed; `make setup-trainers` does it",
)
@pytest.mark.parametrize("format_", range(len(pools.NAMES)))
def test_it_chooses_as_poke_envs_own_player(format_: int) -> None:
    """At every decision of some hundred battles, but for ties that rounding breaks."""
    from poke_env.player import SimpleHeuristicsPlayer

    from extras.pokemon.pokeenv.players import decide, offline

    player = offline(SimpleHeuristicsPlayer, "theirs")
    checked = rounded = 0
    for _, rows, _, chosen in decisions(format_, 100):
        for row, own in zip(rows, chosen, strict=True):
            for side in np.flatnonzero(row["request"]):
                theirs = decide(player, row, int(side))
                checked += 1
                if theirs != own[side]:
                    assert is_tie(row, int(side), own[side], theirs), (row, side, own, theirs)
                    rounded += 1
    assert checked > 4000
    assert rounded <= checked // 1000


def is_tie(row: np.void, side: int, own: int, theirs: int) -> bool:
    """Whether two moves promise exactly the same damage, or two Pokemon have the same matchup."""
    first, second = (heuristics.score(row, side, action) for action in (own, theirs))
    return (own < heuristics.FIRST_MOVE) == (theirs < heuristics.FIRST_MOVE) and first == second


def test_a_switch_needs_a_better_matchup_and_a_reason() -> None:
    """Low defense alone keeps it in; with a better matchup on the bench it leaves."""
    for _, rows, legal, chosen in decisions(0, 12):
        for row, mask, own in zip(rows, legal, chosen, strict=True):
            switches = np.flatnonzero(mask[0, : heuristics.FIRST_MOVE])
            if row["request"][0] != 1 or own[0] < heuristics.FIRST_MOVE or not len(switches):
                continue
            lowered = row.copy()
            lowered["boosts"][0, 1] = heuristics.LOW_STAGE
            better = any(heuristics.score(row, 0, int(slot)) > 0 for slot in switches)
            leaves = heuristics.choose(lowered, 0, mask[0]) < heuristics.FIRST_MOVE
            assert leaves == better
