"""Duel: the numbers and layouts that define it. A test environment, specified here in full.

Two players lead three fighters each. Every fighter has 12 health and a power from 1 to 6, drawn
at the reset and hidden from the other player until the fighter first leads.

A round, in which both players choose at the same time:

1. Switches: the chosen fighter leads, and is seen from now on.
2. Guards: `guarding` is set for the players who chose to guard and cleared for the others.
3. Strikes, both at once: the power of the striker's leader, plus 3 with probability 1 in 4 (draw
   `critical` + player), halved downwards if the other guards, is taken from the health of the
   other's leader, to 0 at least.
4. `rounds` rises by one. A player whose leader has no health left must pick another before the
   next round; one with no living fighter has lost. If both have, it is a draw.

After any step, the game is truncated if nobody has lost and `rounds` has reached `max_rounds`.

While somebody must pick, only those players act, the step is not a round, and it changes nothing
but their leader.

Legal in a round: to strike; to guard unless the last round was guarded; to switch to a living
fighter that does not lead. Legal in a pick: to switch to a living fighter. A player who waits is
given the dummy action 0, the only one in its mask, and it is ignored. An action outside the mask
is read as a strike (in a pick, as the first living fighter).

Reward: 1 for a win, -1 for a loss, 0 for a draw; in other rounds 1/64 for a point of health taken,
-1/64 for one lost; 0 in a pick. Health taken beyond 0 does not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from references.contract import ActionLayout, DiscreteAction, EnvSpec, Field, ObsLayout, Param

CONSTANTS: dict[str, int | float] = {
    "FIGHTERS": 3,  # a player
    "HEALTH": 12,
    "POWERS": 6,  # a power is 1 to POWERS
    "CRITICAL_ODDS": 4,  # 1 in so many strikes is critical
    "CRITICAL_BONUS": 3,
    "STRIKE": 0,
    "GUARD": 1,
    "SWITCH": 2,  # SWITCH + i: fighter i leads
    "ACTIONS": 5,
    "REWARD_WIN": 1.0,
    "REWARD_LOSE": -1.0,
    "REWARD_POINT": 0.015625,  # 1 / 64, a point of health
    "HIDDEN": 255,  # observed instead of the power of an unseen fighter
}


def action(params: Mapping[str, Any]) -> ActionLayout:
    """Strike, guard, or switch to one of three fighters."""
    return DiscreteAction(5, ("strike", "guard", "switch 0", "switch 1", "switch 2"))


SPEC = EnvSpec(
    name="duel",
    version=1,
    # The player is the first axis of every field that has one; the order leaves `rounds` and
    # `health` at offsets that are no multiples of their size.
    state=(
        Field("leader", "u1", (2,), "which fighter leads"),
        Field("power", "u1", (2, 3), "1 to 6"),
        Field("seen", "u1", (2, 3), "1 if the other player knows the power"),
        Field("guarding", "u1", (2,), "1 if the player guarded in the last round"),
        Field("picking", "u1", (2,), "1 if the player must pick a leader now"),
        Field("pad", "u1", (), "always 0"),
        Field("health", "i2", (2, 3), "0 to 12"),
        Field("rounds", "i4", (), "rounds fought"),
    ),
    obs=ObsLayout(
        "u1",
        (18,),
        0,
        255,
        (
            *(f"own_health_{i}" for i in range(3)),
            *(f"own_power_{i}" for i in range(3)),
            "own_leader",
            "own_guarding",
            "own_picking",
            *(f"other_health_{i}" for i in range(3)),
            *(f"other_power_{i}" for i in range(3)),
            "other_leader",
            "other_guarding",
            "rounds_low",  # rounds modulo 256
        ),
    ),
    action=action,
    slots={"power": 0, "critical": 8},  # the first of six (player * 3 + fighter), and of two
    constants=CONSTANTS,
    params={"max_rounds": Param(40, 1, 10_000, "rounds after which a game is truncated")},
    num_players=2,
    exact=True,
)
