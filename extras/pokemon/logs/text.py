"""A battle in plain words, turn by turn, made from what the players observe: no Node is needed.

Read from both players' observations with full information (docs/envs/pokemon.md). These are states
between steps, so that a step is told by its outcome: who came in, which moves were used, HP, status
and conditions afterwards. Within a turn player 1 comes first, whoever was faster.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from extras.pokemon.logs.battle import Battle
from references.pokemon.tables import CONSTANTS, MOVE_NAMES, SPECIES_NAMES

OWN, OWN_SIZE = 2, 18
ACTIVE = 164
COUNTERS = 344
FIRST_MOVE = 6
SLEEP, FREEZE = CONSTANTS["STATUS_SLP"], CONSTANTS["STATUS_FRZ"]
TRAPPING = ("Bind", "Wrap", "Fire Spin", "Clamp")
THRASHING = ("Thrash", "Petal Dance")

FORMATS = ("gen1randombattle", "gen1ou", "gen1ou with coverage teams")

STATUS_BEGINS = (
    *("", "is burned", "is paralyzed", "falls asleep", "is frozen", "is poisoned"),
    "is badly poisoned",
)
STATUS_ENDS = (
    *("", "is no longer burned", "is no longer paralyzed", "wakes up", "thaws out"),
    *("is no longer poisoned", "is no longer poisoned"),
)
STATS = ("Attack", "Defense", "Speed", "Special", "accuracy", "evasion")
CONDITIONS = {
    "confusion": ("is confused", "is no longer confused"),
    "substitute": ("has a substitute", "has no substitute any more"),
    "leech_seed": ("is seeded", "is no longer seeded"),
    "reflect": ("is behind Reflect", "is no longer behind Reflect"),
    "light_screen": ("is behind Light Screen", "is no longer behind Light Screen"),
    "mist": ("is shrouded in Mist", "is no longer shrouded in Mist"),
    "focus_energy": ("is getting pumped", "is no longer pumped"),
    "invulnerable": ("is out of reach", "is within reach again"),
    "recharge": ("must recharge next", ""),
    "bide": ("is storing energy", "stores energy no longer"),
    "rage": ("is raging", "rages no longer"),
}


class View:
    """One player's observation, of its own side, by name.

    Args:
        obs: (358,) i32.
    """

    def __init__(self, obs: np.ndarray) -> None:
        team = obs[OWN : OWN + 6 * OWN_SIZE].reshape(6, OWN_SIZE)
        active = obs[ACTIVE:]
        self.turn, self.request = int(obs[0]), int(obs[1])
        self.species, self.level, self.hp, self.max_hp = (team[:, i].tolist() for i in range(4))
        self.status: list[int] = team[:, 8].tolist()
        self.pp: list[list[int]] = team[:, 13:17].tolist()
        fronts = np.flatnonzero(team[:, 17])
        self.active = int(fronts[0]) if len(fronts) else None
        self.transformed = bool(active[3])
        self.transformed_into = int(active[0])
        self.boosts: list[int] = active[4:10].tolist()
        self.charging = int(active[18])
        self.trapped, self.thrashing = bool(active[21]), bool(active[23])
        self.disabled = int(active[25])
        flags = (11, 12, 13, 14, 15, 16, 17, 19, 20, 22, 24)
        self.conditions = dict(zip(CONDITIONS, (bool(active[i]) for i in flags), strict=True))
        self.moves_now: list[int] = active[26:30].tolist()
        self.pp_now: list[int] = active[30:34].tolist()
        self.trapping = bool(obs[COUNTERS + 5])

    @property
    def usable(self) -> bool:
        """Whether some move has PP and is not disabled."""
        pairs = zip(self.moves_now, self.pp_now, strict=True)
        return any(pp and move != self.disabled for move, pp in pairs)


def tell(battle: Battle, observations: np.ndarray, winner: int) -> list[str]:
    """The whole battle, a line for everything that happened.

    Args:
        battle: the record.
        observations: (T + 1, 2, 358), before the first step and after each.
        winner: 0 if it goes on, 1 or 2, 3 for a tie.
    """
    views = [(View(pair[0]), View(pair[1])) for pair in observations]
    lines = [*_heading(battle), ""]
    lines += [f"{_who(view, side, 0)} comes out." for side, view in enumerate(views[0])]
    turn = 0
    for step, actions in enumerate(battle.actions):
        before = views[step]
        if before[0].turn != turn:
            turn = before[0].turn
            lines += ["", f"Turn {turn}"]
        lines += commit(before, views[step + 1], actions.tolist())
    ends = ("The record ends here.", "Player 1 wins.", "Player 2 wins.", "The battle is a tie.")
    return [*lines, "", ends[winner]]


def summary(battle: Battle) -> str:
    """Format, teams and seed."""
    teams = "teams of one's own" if battle.pair is None else f"pair {battle.pair} of its pool"
    seed = f"{battle.seed[0]:08X}{battle.seed[1]:08X}"
    return f"{FORMATS[battle.format]}, {teams}, seed {seed}"


def _heading(battle: Battle) -> Iterator[str]:
    yield summary(battle)
    for side in (0, 1):
        yield ""
        yield f"Player {side + 1}'s team"
        for one in battle.team(side):
            moves = ", ".join(MOVE_NAMES[move] for move in one.moves)
            yield f"  {SPECIES_NAMES[one.species]}, level {one.level}: {moves}"


def commit(
    before: tuple[View, View], after: tuple[View, View], actions: list[int]
) -> Iterator[str]:
    """What one step did."""
    for side in (0, 1):
        yield from _choice(before[side], after[side], side, actions[side])
    for side in (0, 1):
        yield from _bodies(before[side], after[side], side)
    for side in (0, 1):
        yield from _conditions(before[side], after[side], side)


def _who(view: View, side: int, slot: int) -> str:
    return f"Player {side + 1}'s {SPECIES_NAMES[view.species[slot]]}"


def _choice(before: View, after: View, side: int, action: int) -> Iterator[str]:
    """What a player chose, and whether it came to it."""
    if not before.request:
        return
    if action < FIRST_MOVE:
        back = "" if before.active is None else f" for {_name(before, before.active)}"
        # Where Showdown gives a battle up, the choices of that turn are not carried out.
        stays = before.active is not None and after.active == before.active
        yield f"{_who(before, side, action)} {'was to come in' if stays else 'comes in'}{back}."
    elif before.active is not None:
        done = _move(before, after, before.active, action - FIRST_MOVE)
        if done:
            yield f"{_who(before, side, before.active)} {done}."


def _name(view: View, slot: int) -> str:
    return str(SPECIES_NAMES[view.species[slot]])


def _move(before: View, after: View, slot: int, index: int) -> str:
    """What became of a move: its PP tell whether it was used, if the Pokemon still stands."""
    move = MOVE_NAMES[before.moves_now[index]]
    fainted = after.hp[slot] == 0
    locked = _locked_into(before, move)
    if before.conditions["recharge"]:
        return "has to recharge"  # unless a trapping move of the foe's takes that away
    if locked:
        return f"was in the middle of {locked}" if fainted else f"goes on with {locked}"
    if before.status[slot] in (SLEEP, FREEZE):
        if fainted or after.status[slot] != before.status[slot]:
            return ""  # what it did once it was thawed, if it was, cannot be told
        return "is fast asleep" if before.status[slot] == SLEEP else "is frozen solid"
    if not fainted and _used(before, after, slot, index):
        return f"uses {move}"
    if before.transformed and move == "Transform":  # it may give back the same moves and PP
        return f"was to use {move}"
    if after.active == slot and after.charging:  # which costs PP in the second turn alone
        return "" if after.charging == before.moves_now[index] else f"uses {move}"
    if _table("MOVE_TWO_TURN")[before.moves_now[index]]:
        return f"was to use {move}"
    if before.trapped and not fainted:
        return "cannot move"
    if not before.usable:
        return "has no move left: Struggle"
    return f"was to use {move}" if fainted else f"does not get to use {move}"


def _locked_into(view: View, move: str) -> str:
    """What it has to go on with, empty for nothing.

    Args:
        view: before the step.
        move: in the slot that stands for it; another one if it was called by Metronome.
    """
    if view.charging:
        return str(MOVE_NAMES[view.charging])
    if view.conditions["bide"]:
        return "Bide"
    if view.conditions["rage"]:
        return "Rage"
    if view.thrashing:
        return move if move in THRASHING else " or ".join(THRASHING)
    if view.trapping:
        return move if move in TRAPPING else "its trapping move"
    return ""


def _table(name: str) -> tuple[int, ...]:
    table = CONSTANTS[name]
    assert isinstance(table, tuple)
    return table


def _used(before: View, after: View, slot: int, index: int) -> bool:
    """Whether PP went down, or moves changed, as Transform and Mimic have it."""
    own = before.pp[slot][index] != after.pp[slot][index]
    same = (before.moves_now, before.pp_now[index]) == (after.moves_now, after.pp_now[index])
    return own or not same


def _bodies(before: View, after: View, side: int) -> Iterator[str]:
    """HP and status of a whole team."""
    for slot, species in enumerate(before.species):
        if not species:
            continue
        who = _who(before, side, slot)
        was, now, most = before.hp[slot], after.hp[slot], before.max_hp[slot]
        if was and not now:
            yield f"{who} faints."
            continue
        if was != now:
            yield f"{who} has {now} of {most} HP (was {was})."
        old, new = before.status[slot], after.status[slot]
        if old != new:
            yield f"{who} {STATUS_BEGINS[new] if new else STATUS_ENDS[old]}."


def _conditions(before: View, after: View, side: int) -> Iterator[str]:
    """Stages and conditions of the Pokemon in front, if it stands."""
    slot = after.active
    if slot is None:
        return
    who = _who(after, side, slot)
    stayed = before.active == slot
    for index, stat in enumerate(STATS):
        was, now = before.boosts[index] if stayed else 0, after.boosts[index]
        if was != now:
            yield f"{who}'s {stat} is at {now:+d}." if now else f"{who}'s {stat} is normal again."
    for name, (begins, ends) in CONDITIONS.items():
        was, now = stayed and before.conditions[name], after.conditions[name]
        said = begins if now and not was else ends if was and not now else ""
        if said:
            yield f"{who} {said}."
    if after.charging and not (stayed and before.charging):
        yield f"{who} prepares {MOVE_NAMES[after.charging]}."
    if after.disabled and not (stayed and before.disabled):
        yield f"{who}'s {MOVE_NAMES[after.disabled]} is disabled."
    if after.transformed and not (stayed and before.transformed):
        yield f"{who} has become {SPECIES_NAMES[after.transformed_into]}."
