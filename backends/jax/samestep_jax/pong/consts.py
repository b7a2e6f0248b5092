"""Generated from references/pong/spec.py by `python -m harness consts`; do not edit."""

WIDTH = 500.0
HEIGHT = 640.0
PADDLE_WIDTH = 20.0
PADDLE_HEIGHT = 70.0
BALL_WIDTH = 32.0
BALL_HEIGHT = 32.0
PADDLE_SPEED = 8.0
BALL_SPEED_X = 10.0
BALL_SERVE_SPEED_Y = 1.0
BALL_SPEED_Y_INCREMENT = 3.0
BALL_MAX_SPEED_Y = 13.0
HORIZONTAL_SPEED_Y = 0.01
MAX_SCORE = 21
MIN_PADDLE_Y = -35.0
MAX_PADDLE_Y = 605.0
PADDLE_START_Y = 285.0
BALL_START_X = 100.0
BALL_START_Y = 304.0
REWARD_WIN_POINT = 1.0
REWARD_LOSE_POINT = -1.0
REWARD_BOUNCE = 0.1
OBS_PADDLE_SCALE = 0.0015625
OBS_X_SCALE = 0.002
OBS_Y_SCALE = 0.0015625
OBS_VX_SCALE = 0.05
OBS_VY_SCALE = 0.038461538461538464
SLOT_SERVE = 0
VERSION = 1
LAYOUT_ID = 0x6A5BC4EB
STATE_BYTES = 56
STATE: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("paddle_yl", "f4", ()),
    ("paddle_yr", "f4", ()),
    ("ball_x", "f4", ()),
    ("ball_y", "f4", ()),
    ("ball_vx", "f4", ()),
    ("ball_vy", "f4", ()),
    ("score_l", "i4", ()),
    ("score_r", "i4", ()),
)
