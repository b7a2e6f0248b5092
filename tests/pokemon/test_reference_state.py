"""STATE holds all that decides the future: battles cut off anywhere go on the same from a row."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from references.pokemon import SPEC, pools, trace
from references.pokemon.showdown import BattleStart, Played, Showdown
from tests.pokemon.crafted import (
    ICE_TEAM,
    JOLTEON,
    KISSER,
    LAPRAS,
    MEW,
    POINTS,
    SHRINKER,
    edited,
    field,
    moves,
)

pytestmark = pytest.mark.l3

CUTS = 6  # of every battle


def assert_same(got: Played, rows: np.ndarray, masks: np.ndarray, label: str) -> None:
    """Every state of `got` is that of the battle that was not cut off."""
    for t, (row, expected) in enumerate(zip(got.rows, rows, strict=True)):
        if np.array_equal(row, expected):
            continue
        for stated in SPEC.state:
            ours, theirs = field(row, stated.name), field(expected, stated.name)
            assert np.array_equal(ours, theirs), f"{label}, {t} commits on: {stated.name}"
    assert np.array_equal(got.masks, masks), f"{label}: masks"


@pytest.fixture(scope="module")
def corpus(showdown: Showdown) -> list[Played]:
    """The first part of many battles of the teams that were made to reach everything."""
    return list(trace.battles(showdown, 2, seed=17, indices=range(60), limit=60))


def test_every_field_is_there(corpus: list[Played]) -> None:
    """Whatever STATE lists takes other values than 0 (or none) in battles; rows are exported."""
    rows = np.concatenate([battle.rows for battle in corpus]).view(SPEC.row_dtype)[:, 0]
    idle = [stated.name for stated in SPEC.state if len(np.unique(rows[stated.name])) < 2]
    assert idle == ["flinch"]  # too rare: see test_a_flinch_outlives_its_cause


def test_battles_go_on_the_same_from_where_a_field_is_in_use(
    showdown: Showdown, corpus: list[Played]
) -> None:
    """For each field of the active Pokemon, a few rows in which it is not what it mostly is."""
    at = [(i, t) for i, battle in enumerate(corpus) for t in range(len(battle.actions))]
    rows = np.stack([corpus[i].rows[t] for i, t in at])
    chosen: set[int] = set()
    for stated in (one for one in SPEC.state if one.shape[:1] == (2,) and len(one.shape) < 3):
        values = field(rows, stated.name).reshape(len(rows), -1)
        usual = np.bincount(values.astype(np.int64).reshape(-1) & 0xFFFF).argmax()
        used = np.flatnonzero((values != usual).any(1))
        chosen.update(used[:: max(1, len(used) // 4)][:4].tolist())
    assert len(chosen) > 100
    picked = sorted(chosen)
    actions = [corpus[i].actions[t : t + 12] for i, t in (at[k] for k in picked)]
    for k, got in zip(picked, showdown.play_rows(2, rows[picked], actions), strict=True):
        i, t = at[k]
        span = slice(t, t + len(got.rows))
        assert_same(got, corpus[i].rows[span], corpus[i].masks[span], f"battle {i} at {t}")


def cut_and_compare(showdown: Showdown, format: int, played: list[Played], seed: int) -> None:
    rng = np.random.default_rng(seed)
    cuts, actions, expected = [], [], []
    for index, battle in enumerate(played):
        for _ in range(CUTS):
            first = int(rng.integers(len(battle.actions)))
            last = min(len(battle.actions), first + int(rng.choice([1, 2, 5, 30])))
            cuts.append(battle.rows[first])
            actions.append(battle.actions[first:last])
            span = slice(first, last + 1)
            expected.append((battle.rows[span], battle.masks[span], f"battle {index} at {first}"))
    for got, (rows, masks, label) in zip(
        showdown.play_rows(format, np.array(cuts), actions), expected, strict=True
    ):
        assert_same(got, rows, masks, label)


@pytest.mark.parametrize("format", [0, 1, 2])
def test_a_battle_goes_on_the_same_from_any_of_its_rows(showdown: Showdown, format: int) -> None:
    played = list(trace.battles(showdown, format, seed=11, indices=range(12)))
    assert sum(len(battle.actions) for battle in played) > 300
    cut_and_compare(showdown, format, played, seed=format)


def test_so_does_one_that_began_with_1_hp_or_1_pp(showdown: Showdown) -> None:
    """Struggle, PP that underflow, fainting from residual damage, double knock-outs."""
    starts = list(trace.battles(showdown, 2, seed=12, indices=range(16), limit=0))
    rows = np.array([battle.rows[0] for battle in starts])
    states = rows.view(SPEC.row_dtype)[:, 0]
    states["hp"][::2] = np.minimum(states["hp"][::2], 20)
    for name in ("pp", "active_pp"):
        states[name][1::2] = np.minimum(states[name][1::2], 1)
    played = showdown.play_on(2, rows, [("fighter", "fighter")] * len(rows), range(len(rows)))
    struggled = np.concatenate([field(battle.rows, "last_selected_move") for battle in played])
    assert (struggled == 165).any()
    cut_and_compare(showdown, 2, played, seed=3)


def test_equal_rows_of_different_battles_have_the_same_future(showdown: Showdown) -> None:
    """What is not in STATE (names, logs, hints, turn counters of old) decides nothing."""
    (battle,) = trace.battles(showdown, 1, seed=13, indices=[5])
    middle = len(battle.actions) // 2
    (once,) = showdown.play_rows(1, battle.rows[:1], [battle.actions[:middle]])
    (again,) = showdown.play_rows(0, once.rows[-1:], [battle.actions[middle:]])
    assert_same(again, battle.rows[middle:], battle.masks[middle:], "played in two halves")


def test_masks_are_what_showdown_itself_accepts(showdown: Showdown) -> None:
    """Switches exactly; moves exactly where no lock makes Showdown take any text for the lock."""
    locks = ["bide_turns", "trapping_move", "thrash_move", "charging_move", "recharge", "rage"]
    exact = 0
    for format in (0, 1, 2):
        for battle in trace.battles(showdown, format, seed=14, indices=range(3)):
            ids, rows, masks = showdown.import_rows(format, battle.rows[:-1])
            for number, row, mask in zip(ids, rows, masks, strict=True):
                accepted = showdown.accepted(number)
                for side in (0, 1):
                    request = field(row, "request")[side]
                    if request == 0:
                        assert mask[side].tolist() == [True] + [False] * 9
                        assert not accepted[side].any()
                        continue
                    assert np.array_equal(mask[side, :6], accepted[side, :6])
                    asleep = field(row, "status")[side, field(row, "order")[side, 0]] in (3, 4)
                    locked = asleep or field(row, "trapped_turns")[side] > 0
                    locked |= any(field(row, name)[side] > 0 for name in locks)
                    if request == 1 and not locked and field(row, "active_pp")[side].any():
                        assert np.array_equal(mask[side, 6:], accepted[side, 6:])
                        exact += 1
                    assert mask[side, 6:].any() == accepted[side, 6:].any()
    assert exact > 300


def test_the_log_is_the_one_of_showdowns_own_stream(showdown: Showdown) -> None:
    """The session is a thin one: Showdown's BattleStream makes the same battle of the choices."""
    for format in (0, 1, 2):
        pool_start = trace.start(pools.load(format), format, 15, 0)
        (played,) = showdown.play([pool_start], [("random", "greedy")], [7], input_logs=True)
        ids, _, _ = showdown.start([pool_start])
        for pair in played.actions:
            showdown.step(ids, pair[None])
        ours = showdown.log(ids[0])[0]
        theirs = showdown.replay(played.input_log)
        assert [line for line in ours if not line.startswith("|t:|")] == [
            line for line in theirs if not line.startswith("|t:|")
        ]
        assert theirs[-1].startswith(("|win|", "|tie"))


def test_a_commit_that_showdown_crashes_at_is_a_tie(showdown: Showdown) -> None:
    """Asleep with one move left by Transform, but the fourth selected: Showdown throws."""
    transform, sleep, fight = 9, 6, 6
    for word in range(64):
        start = BattleStart(1, ([SHRINKER], [KISSER]), (word << 26, 0))
        (played,) = showdown.play([start], actions=[np.array([[transform, sleep]])])
        if field(played.rows[-1], "status")[0, 0] == 3:
            break
    assert field(played.rows[-1], "status")[0, 0] == 3
    assert played.masks[-1, 0].nonzero()[0].tolist() == [fight]
    actions = np.array([[transform, sleep], [fight, sleep]])
    (crashed,) = showdown.play([start], actions=[actions])
    expected = edited(crashed.rows[1], winner=3, request=[0, 0])
    assert np.array_equal(crashed.rows[2], expected)
    assert crashed.masks[2].tolist() == [[True] + [False] * 9] * 2


def test_a_broken_substitute_is_remembered(showdown: Showdown) -> None:
    """Metronome's Explosion, aimed at who once lost a Substitute, spares its user."""
    mew = (MEW, 100, moves("metronome"), POINTS)
    start = BattleStart(1, ([mew], ICE_TEAM), (1, 2))
    (played,) = showdown.play([start], actions=[np.zeros((0, 2))])
    rows = np.stack([edited(played.rows[0], rng=[k * 0x9E3779B1 % 2**32, 5]) for k in range(300)])
    commit = np.array([[6, 6]])
    after = showdown.play_rows(1, rows, [commit] * len(rows))
    exploded = [k for k, battle in enumerate(after) if field(battle.rows[1], "hp")[0, 0] == 0]
    assert exploded
    broken = [edited(rows[k], substitute_broken=[[0] * 6, [1] + [0] * 5]) for k in exploded]
    for battle in showdown.play_rows(1, np.stack(broken), [commit] * len(broken)):
        assert field(battle.rows[1], "hp")[0, 0] > 0


def test_a_flinch_outlives_its_cause(showdown: Showdown) -> None:
    """Who makes a foe flinch and dies of poison ends the turn early: the foe flinches later."""
    jolteon = (JOLTEON, 100, moves("headbutt"), POINTS)
    start = BattleStart(1, ([jolteon, *ICE_TEAM], [(LAPRAS, 100, moves("surf"), POINTS)]), (1, 2))
    (played,) = showdown.play([start], actions=[np.zeros((0, 2))])
    hp, status = field(played.rows[0], "hp").copy(), np.zeros((2, 6))
    hp[0, 0], status[0, 0] = 1, 5
    rows = np.stack(
        [
            edited(played.rows[0], hp=hp, status=status, rng=[k * 0x9E3779B1 % 2**32, 5])
            for k in range(40)
        ]
    )
    actions = np.array([[6, 6], [1, 0], [6, 6], [6, 6]])
    first = showdown.play_rows(1, rows, [actions[:1]] * len(rows))
    flinching = [
        k
        for k, battle in enumerate(first)
        if field(battle.rows[1], "flinch")[1] and field(battle.rows[1], "request")[0] == 2
    ]
    assert flinching
    row = rows[flinching[:1]]
    (whole,) = showdown.play_rows(1, row, [actions])
    assert field(whole.rows[3], "hp")[0, 1] == field(whole.rows[2], "hp")[0, 1]  # it flinched
    (cut,) = showdown.play_rows(1, whole.rows[1:2], [actions[1:]])
    assert_same(cut, whole.rows[1:], whole.masks[1:], "cut off before the flinch")


def test_revealed_are_the_moves_it_showed_by_itself(showdown: Showdown) -> None:
    surfer = (LAPRAS, 50, moves("surf", "splash"), POINTS)
    start = BattleStart(1, ([SHRINKER], [surfer]), (1, 2))
    transform, splash, surf = 9, 7, 6
    (played,) = showdown.play([start], actions=[np.array([[transform, splash], [surf, splash]])])
    revealed = field(played.rows, "revealed")[:, :, 0]
    assert revealed.tolist() == [[0, 0], [8, 2], [8, 2]]  # not Surf, which is the other's now
    mew = (MEW, 100, moves("metronome", "surf", "recover", "splash"), POINTS)
    start = BattleStart(1, ([mew], ICE_TEAM), (1, 2))
    rows = np.concatenate(
        [
            battle.rows[1:]
            for battle in showdown.play([start] * 30, actions=[np.array([[6, 6]])] * 30)
        ]
    )
    assert set(field(rows, "revealed")[:, 0, 0]) == {1}


def test_seen_is_the_order_of_appearance(showdown: Showdown) -> None:
    team = [*ICE_TEAM, KISSER]
    start = BattleStart(1, (team, team), (1, 2))
    actions = np.array([[2, 6], [0, 6], [1, 6]])
    (played,) = showdown.play([start], actions=[actions])
    assert field(played.rows, "seen")[:, 0, :3].tolist() == [
        [1, 0, 0],
        [1, 0, 2],
        [1, 0, 2],
        [1, 3, 2],
    ]
    assert field(played.rows, "order")[:, 0, :3].tolist() == [
        [0, 1, 2],
        [2, 1, 0],
        [0, 1, 2],
        [1, 0, 2],
    ]


def test_turn_1000_is_the_last(showdown: Showdown) -> None:
    start = BattleStart(1, (ICE_TEAM, ICE_TEAM), (1, 2))
    (played,) = showdown.play([start], actions=[np.zeros((0, 2))])
    splash = np.array([[6, 6]])
    for turn, winner in ((998, 0), (999, 0), (1000, 3)):
        (last,) = showdown.play_rows(1, edited(played.rows[0], turn=turn)[None], [splash])
        assert field(last.rows[1], "winner") == winner, turn
        assert field(last.rows[1], "turn") == turn + 1


def test_a_battle_that_cannot_progress_is_a_tie(showdown: Showdown) -> None:
    """Endless Battle Clause: everybody is frozen."""
    start = BattleStart(1, (ICE_TEAM, ICE_TEAM), (1, 2))
    (played,) = showdown.play([start], actions=[np.zeros((0, 2))])
    status = np.where(field(played.rows[0], "hp") > 0, 4, 0)
    frozen = edited(played.rows[0], status=status)[None]
    (last,) = showdown.play_rows(1, frozen, [np.array([[6, 6]])])
    assert field(last.rows[1], "winner") == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row["hp"].__setitem__((0, 0), 999), "hp of p1's slot 0 is 999"),
        (lambda row: row["hp"].__setitem__((0, 0), 0), "request of p1 is 1"),
        (lambda row: row["order"].__setitem__((1, 0), 1), "order of p2 is 1 1"),
        (lambda row: row["species"].__setitem__((0, 2), 200), "species 200 is none"),
        (lambda row: row["moves"].__setitem__((0, 2, 1), 200), "move 200 is none"),
        (lambda row: row["stat_points"].__setitem__((0, 2, 1), 94), "stat points"),
        (lambda row: row["status"].__setitem__((0, 2), 7), "status is 7"),
        (lambda row: row["types"].__setitem__((0, 0), 77), "type 77"),
        (lambda row: row["request"].__setitem__(0, 3), "request is 3"),
        (lambda row: row["bide_damage"].__setitem__(0, 5), r"bide_damage\[0\] is 5"),
        (lambda row: row["active_pp"].__setitem__((0, 0), 1), "pp"),
        (lambda row: row["sleep_turns"].__setitem__((0, 3), 2), r"sleep_turns\[3\] is 2"),
    ],
)
def test_a_row_that_no_battle_has_is_refused(
    showdown: Showdown, change: Callable[[np.void], None], message: str
) -> None:
    (battle,) = trace.battles(showdown, 1, seed=16, indices=[0], limit=0)
    row = battle.rows[:1].copy()
    change(row.view(SPEC.row_dtype)[0, 0])
    with pytest.raises(ValueError, match=message) as caught:
        showdown.import_rows(1, row)
    assert "\n" not in str(caught.value)
