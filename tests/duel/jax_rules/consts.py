"""Generated from references/duel/spec.py by `python -m harness consts`; do not edit."""

FIGHTERS = 3
HEALTH = 12
POWERS = 6
CRITICAL_ODDS = 4
CRITICAL_BONUS = 3
STRIKE = 0
GUARD = 1
SWITCH = 2
ACTIONS = 5
REWARD_WIN = 1.0
REWARD_LOSE = -1.0
REWARD_POINT = 0.015625
HIDDEN = 255
SLOT_POWER = 0
SLOT_CRITICAL = 8
VERSION = 1
LAYOUT_ID = 0xB6C1D19D
STATE_BYTES = 59
STATE: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("leader", "u1", (2,)),
    ("power", "u1", (2, 3)),
    ("seen", "u1", (2, 3)),
    ("guarding", "u1", (2,)),
    ("picking", "u1", (2,)),
    ("pad", "u1", ()),
    ("health", "i2", (2, 3)),
    ("rounds", "i4", ()),
)
