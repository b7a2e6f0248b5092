"""The tables and the pools: what is in them, and that Showdown's package gives the same."""

from __future__ import annotations

import base64
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from references.pokemon import generate, pools, sets, tables
from references.pokemon.data import coverage, drawn, package, store, tabulate, validator
from references.pokemon.sets import PokemonSet


@pytest.fixture(scope="module")
def showdown() -> Path:
    """The package's folder; skips where it or Node is missing, and says why."""
    try:
        package.node()
        return package.folder()
    except package.ShowdownMissingError as reason:
        pytest.skip(str(reason))


def column(name: str) -> tuple[int, ...]:
    values = tables.CONSTANTS[name]
    assert isinstance(values, tuple)
    return values


def move(name: str, move_id: str) -> int:
    return column(f"MOVE_{name}")[tables.MOVE_IDS.index(move_id)]


# The tables, against what every description of the games says.


@pytest.mark.parametrize(
    ("species", "types", "stats"),
    [
        ("tauros", ("NORMAL", "NONE"), (75, 100, 95, 110, 70)),
        ("alakazam", ("PSYCHIC", "NONE"), (55, 50, 45, 120, 135)),
        ("gengar", ("GHOST", "POISON"), (60, 65, 60, 110, 130)),
        ("magnemite", ("ELECTRIC", "NONE"), (25, 35, 70, 45, 95)),
        ("mew", ("PSYCHIC", "NONE"), (100, 100, 100, 100, 100)),
    ],
)
def test_species(species: str, types: tuple[str, str], stats: tuple[int, ...]) -> None:
    number = tables.SPECIES_IDS.index(species)
    assert tuple(column(f"SPECIES_{stat}")[number] for stat in sets.STATS) == stats
    for index, type_ in enumerate(types, 1):
        assert column(f"SPECIES_TYPE{index}")[number] == tables.CONSTANTS[f"TYPE_{type_}"]


@pytest.mark.parametrize(
    ("attacking", "defending", "factor"),
    [
        ("GHOST", "PSYCHIC", 0),  # a bug of these games, kept
        ("GHOST", "NORMAL", 0),
        ("GROUND", "FLYING", 0),
        ("BUG", "POISON", 4),
        ("POISON", "BUG", 4),
        ("ICE", "FIRE", 2),
        ("BUG", "PSYCHIC", 4),
        ("BUG", "GHOST", 1),
        ("DRAGON", "DRAGON", 4),
        ("NORMAL", "ROCK", 1),
    ],
)
def test_type_chart(attacking: str, defending: str, factor: int) -> None:
    types = [tables.CONSTANTS[f"TYPE_{name}"] for name in (attacking, defending)]
    assert isinstance(types[0], int) and isinstance(types[1], int)
    assert column("TYPE_CHART")[types[0] * 15 + types[1]] == factor


def test_type_chart_has_six_immunities() -> None:
    counted = Counter(column("TYPE_CHART"))
    assert counted[0] == 6 and sum(counted.values()) == 225


@pytest.mark.parametrize(
    ("name", "move_id", "value"),
    [
        ("POWER", "hyperbeam", 150),
        ("ACCURACY", "blizzard", 90),
        ("ACCURACY_BYTE", "blizzard", 229),
        ("ACCURACY_BYTE", "thunder", 178),
        ("ACCURACY", "swift", 0),
        ("PP", "growl", 61),  # 40 with three PP Ups; 64 does not fit into six bits
        ("PP", "hyperbeam", 8),
        ("PP", "struggle", 10),
        ("BASE_PP", "growl", 40),
        ("PRIORITY", "quickattack", 1),
        ("PRIORITY", "counter", -1),
        ("CRIT_RATIO", "slash", 2),
        ("MULTIHIT", "bonemerang", 2),
        ("MULTIHIT", "pinmissile", 5),
        ("DRAIN", "megadrain", 1),
        ("RECOIL_DIVISOR", "takedown", 4),
        ("RECOIL_DIVISOR", "struggle", 2),
        ("DAMAGE", "dragonrage", 40),
        ("DAMAGE", "sonicboom", 20),
        ("STATUS", "toxic", 6),
        ("STATUS", "spore", 3),
        ("BOOST_STAT", "amnesia", 3),
        ("BOOST_STAGES", "amnesia", 2),
        ("BOOST_STAT", "screech", 1),
        ("BOOST_STAGES", "screech", -2),
        ("SECONDARY_CHANCE", "bodyslam", 77),
        ("SECONDARY_CHANCE", "psybeam", 25),
        ("SECONDARY_CHANCE", "psychic", 85),
        ("SECONDARY_STAT", "bubble", 2),
        ("SECONDARY_STAGES", "bubble", -1),
        ("TYPE", "bite", 0),
        ("TYPE", "bide", 255),
        ("CATEGORY", "waterfall", 1),
        ("TARGETS_SELF", "haze", 1),
        ("IGNORES_IMMUNITY", "thunderwave", 0),
        ("IGNORES_IMMUNITY", "glare", 1),
        ("KEEPS_LAST_DAMAGE", "toxic", 1),
        ("TWO_TURN", "fly", 1),
        ("TWO_TURN", "hyperbeam", 0),
        ("HITS_INVULNERABLE", "swift", 1),
        ("CONFUSES", "supersonic", 1),
        ("CONFUSES", "psybeam", 0),
    ],
)
def test_moves(name: str, move_id: str, value: int) -> None:
    assert move(name, move_id) == value


def test_effects_number_every_kind_of_move() -> None:
    for kind, moves in tabulate.EFFECTS.items():
        assert {move("EFFECT", one) for one in moves} <= {tables.CONSTANTS[f"EFFECT_{kind}"]}
    named = {one for moves in tabulate.EFFECTS.values() for one in moves}
    assert sum(effect > 0 for effect in column("MOVE_EFFECT")) == len(named)


def test_metronome_calls_all_but_itself_and_struggle() -> None:
    left_out = {tables.MOVE_IDS.index(name) for name in ("metronome", "struggle")}
    assert set(column("METRONOME_MOVES")) == set(range(1, 166)) - left_out
    assert list(column("METRONOME_MOVES")) == sorted(column("METRONOME_MOVES"))


def test_what_is_no_move_has_a_row() -> None:
    for name in tables.CONSTANTS:
        if name.startswith("MOVE_") and not name.startswith("MOVE_ID_"):
            assert len(column(name)) == tabulate.MOVE_ROWS
    assert column("MOVE_POWER")[tabulate.NOMOVE] == 102
    assert column("MOVE_ACCURACY_BYTE")[tabulate.NOMOVE] == 80


def test_a_changed_table_is_refused(tmp_path: Path) -> None:
    given = json.loads(store.PATH.read_text())
    given["tables"]["SPECIES_HP"][128] += 1
    changed = tmp_path / "tables.json"
    changed.write_text(json.dumps(given))
    with pytest.raises(ValueError, match=r"^tables\.json does not match its hash; .*$"):
        store.read(changed)


def test_notices_are_kept() -> None:
    for path in (store.PATH, pools.INDEX):
        given = json.loads(path.read_text())
        assert "MIT" in given["notice"] and "Guangcong Luo" in given["notice"]
        assert given["package"] == f"pokemon-showdown {package.VERSION}"


# The pools.


@pytest.mark.parametrize(
    ("number", "pairs", "moves", "species"),
    [(0, 4096, 67, 146), (1, 1024, 157, 149), (2, 1024, 164, 151)],
)
def test_pools_hold_what_they_are_for(number: int, pairs: int, moves: int, species: int) -> None:
    pool = pools.load(number)
    assert pool.shape == (pairs, 2, 6, sets.BYTES)
    taken = pool[..., 0] > 0
    counted = Counter(pool[..., 2:6][pool[..., 2:6] > 0].tolist())
    assert len(counted) == moves and min(counted.values()) >= 50
    assert len(set(pool[..., 0][taken].tolist())) == species
    assert (pool[~taken] == 0).all()
    assert (taken[..., :-1] >= taken[..., 1:]).all()  # empty slots come last
    assert taken[..., 0].all()
    assert pool[..., 6:].max() <= 93


@pytest.mark.parametrize("number", [1, 2])
def test_coverage_pools_have_the_rare_situations(number: int) -> None:
    pool = pools.load(number)
    taken = pool[..., 0] > 0
    assert {1, 2, 3, 6} <= set(taken.sum(-1).ravel().tolist())
    same = (pool[:, 0][..., [0, 1, 6, 7, 8, 9, 10]] == pool[:, 1][..., [0, 1, 6, 7, 8, 9, 10]]).all(
        (1, 2)
    )
    assert same.sum() >= 128  # speed ties all through a battle
    assert (pool[..., 1][taken] < 20).sum() > 300
    assert len(np.unique(pool[..., 9])) == 94  # every number of Speed points


@pytest.mark.parametrize("number", [1, 2])
def test_coverage_pools_keep_to_levels_and_bans(number: int) -> None:
    for team in pools.load(number).reshape(-1, 6, sets.BYTES):
        members = sets.unpack_team(team)
        assert len({one.species for one in members}) == len(members)
        for one in members:
            lowest = tables.LOWEST_LEVELS[one.species]
            assert max(lowest[known] for known in one.moves) <= one.level <= 100
            if number == 1:
                assert one.species not in tables.BANNED_SPECIES
                assert not tables.BANNED_MOVES & set(one.moves)


def test_hashes_of_the_pools_are_in_their_index() -> None:
    files = {pools.path(name): pools.path(name).read_bytes() for name in pools.NAMES}
    package_named = json.loads(pools.INDEX.read_text())["package"]
    assert pools.index(files, package_named) == pools.INDEX.read_bytes()


TAUROS = PokemonSet(128, 68, (34, 89), (93, 63, 31, 30, 0))
MEW = PokemonSet(151, 100, (144,), (93,) * 5)


def test_a_pool_comes_back_as_written() -> None:
    pool = pools.read(pools.write([([TAUROS, MEW], [MEW]), ([MEW], [TAUROS])]))
    assert sets.unpack_team(pool[0, 0]) == [TAUROS, MEW]
    assert sets.unpack_team(pool[0, 1]) == [MEW]
    assert sets.unpack_team(pool[1, 1]) == [TAUROS]
    assert not pool.flags.writeable


def test_a_pool_of_ones_own_teams() -> None:
    teams = [[TAUROS], [MEW]]
    every = pools.read(pools.from_teams(teams))
    met = [tuple(sets.unpack_team(team)[0].species for team in pair) for pair in every]
    assert met == [(128, 128), (128, 151), (151, 128), (151, 151)]
    chosen = pools.read(pools.from_teams(teams, [(1, 0)]))
    assert [sets.unpack_team(team) for team in chosen[0]] == [[MEW], [TAUROS]]


def test_pools_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^pair \(0, 1\); accepted: two indices from 0 to 0$"):
        pools.from_teams([[TAUROS]], [(0, 1)])
    with pytest.raises(ValueError, match=r"^a pool of 0 pairs; accepted: 1 to 65536$"):
        pools.from_teams([])
    good = pools.write([([TAUROS], [MEW])])
    flipped = good[:-1] + bytes([good[-1] ^ 1])
    for bad in (flipped, good[:-1], good + b"\0"):
        with pytest.raises(ValueError, match=r"^a pool of 1 pairs is damaged"):
            pools.read(bad)
    with pytest.raises(ValueError, match=r"^not a pool of teams"):
        pools.read(b"GEN2TEAM" + good[8:])


# Against Showdown's package.


def test_a_missing_package_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(package.VARIABLE, str(tmp_path))
    with pytest.raises(package.ShowdownMissingError, match=r"^no pokemon-showdown in .*$"):
        package.folder()
    (tmp_path / "package.json").write_text('{"version": "0.11.10"}')
    with pytest.raises(package.ShowdownMissingError, match=r"is 0\.11\.10; needed: 0\.11\.11$"):
        package.folder()


@pytest.mark.usefixtures("showdown")
def test_tables_are_the_package_s() -> None:
    content = json.loads(generate.tables_text(legality=store.read()["legality"]))
    assert content == json.loads(store.PATH.read_text())


@pytest.mark.usefixtures("showdown")
def test_random_pool_is_the_package_s() -> None:
    made = pools.read(pools.write(drawn.random_pairs(400)))
    assert (made == pools.load(0)[:400]).all()


@pytest.mark.usefixtures("showdown")
def test_random_pool_is_what_battles_begin_with() -> None:
    """The generator that both sides share carries what it made over, as in a real battle."""
    seeds = [[drawn.seed(pair, 0), drawn.seed(pair, 1)] for pair in range(100)]
    begun = package.run_script(Path(__file__).parent / "battle_teams.js", seeds)
    for pair, packed in zip(begun, pools.load(0), strict=False):
        for team, ours in zip(pair, packed, strict=True):
            assert [drawn.from_showdown(one) for one in team] == sets.unpack_team(ours)


def test_what_a_set_becomes_for_showdown_has_the_same_stats() -> None:
    """`to_showdown` chooses DVs and EVs of its own; the points are what decides."""
    for team in pools.load(1)[:50].reshape(-1, 6, sets.BYTES):
        for one in sets.unpack_team(team):
            given = sets.to_showdown(one)
            stats = zip(("hp", "atk", "def", "spe", "spa"), one.points, strict=True)
            for stat, points in stats:
                iv, ev = given["ivs"][stat], given["evs"][stat]
                assert iv % 2 == 0 and 0 <= iv <= 30 and 0 <= ev <= 255
                assert iv + ev // 4 == points


@pytest.mark.parametrize("allow_banned", [False, True])
def test_coverage_pools_are_what_is_made(allow_banned: bool) -> None:
    made = coverage.numbered(coverage.as_sets(allow_banned))
    assert pools.write(made) == pools.path("coverage" if allow_banned else "ou").read_bytes()


@pytest.mark.usefixtures("showdown")
def test_the_validator_refuses_the_third_pool_for_bans_only() -> None:
    teams = [team for pair in coverage.as_sets(True)[::8] for team in pair]
    assert not any(validator.problems(validator.WITHOUT_BANS, teams))
    said = [problem for team in validator.problems(validator.OU, teams) for problem in team]
    assert len(said) > 100
    assert not [problem for problem in said if " is banned" not in problem]


@pytest.mark.usefixtures("showdown")
def test_stats_are_the_package_s() -> None:
    bases = sorted({base for stat in sets.STATS for base in column(f"SPECIES_{stat}")})
    request = {"bases": bases, "points": 94, "levels": 100}
    theirs = package.run_script(Path(__file__).parent / "stats.js", request)
    grid = np.meshgrid(bases, np.arange(94), np.arange(1, 101), indexing="ij")
    ours = np.stack([sets.hp(*grid), sets.stat(*grid)])
    assert ours.size == 2 * len(bases) * 9400
    assert (np.frombuffer(base64.b64decode(theirs), "<u2").reshape(ours.shape) == ours).all()


def test_stats_of_one_pokemon() -> None:
    """Tauros at level 100 with all DVs and EVs, as every description has it."""
    assert sets.stats(PokemonSet(128, 100, (34,), (93,) * 5)) == (353, 298, 288, 318, 238)
