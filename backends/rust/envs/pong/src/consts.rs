//! Generated from references/pong/spec.py by `python -m harness consts`; do not edit.
#![allow(clippy::excessive_precision)]

pub const WIDTH: f32 = 500.0;
pub const HEIGHT: f32 = 640.0;
pub const PADDLE_WIDTH: f32 = 20.0;
pub const PADDLE_HEIGHT: f32 = 70.0;
pub const BALL_WIDTH: f32 = 32.0;
pub const BALL_HEIGHT: f32 = 32.0;
pub const PADDLE_SPEED: f32 = 8.0;
pub const BALL_SPEED_X: f32 = 10.0;
pub const BALL_SERVE_SPEED_Y: f32 = 1.0;
pub const BALL_SPEED_Y_INCREMENT: f32 = 3.0;
pub const BALL_MAX_SPEED_Y: f32 = 13.0;
pub const HORIZONTAL_SPEED_Y: f32 = 0.01;
pub const MAX_SCORE: i32 = 21;
pub const MIN_PADDLE_Y: f32 = -35.0;
pub const MAX_PADDLE_Y: f32 = 605.0;
pub const PADDLE_START_Y: f32 = 285.0;
pub const BALL_START_X: f32 = 100.0;
pub const BALL_START_Y: f32 = 304.0;
pub const REWARD_WIN_POINT: f32 = 1.0;
pub const REWARD_LOSE_POINT: f32 = -1.0;
pub const REWARD_BOUNCE: f32 = 0.1;
pub const OBS_PADDLE_SCALE: f32 = 0.0015625;
pub const OBS_X_SCALE: f32 = 0.002;
pub const OBS_Y_SCALE: f32 = 0.0015625;
pub const OBS_VX_SCALE: f32 = 0.05;
pub const OBS_VY_SCALE: f32 = 0.038461538461538464;
pub const SLOT_SERVE: u32 = 0;
pub const VERSION: u32 = 1;
pub const LAYOUT_ID: u32 = 0x6a5bc4eb;
pub const STATE_BYTES: usize = 56;
