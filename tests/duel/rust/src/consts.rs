//! Generated from references/duel/spec.py by `python -m harness consts`; do not edit.
#![allow(clippy::excessive_precision)]

pub const FIGHTERS: i32 = 3;
pub const HEALTH: i32 = 12;
pub const POWERS: i32 = 6;
pub const CRITICAL_ODDS: i32 = 4;
pub const CRITICAL_BONUS: i32 = 3;
pub const STRIKE: i32 = 0;
pub const GUARD: i32 = 1;
pub const SWITCH: i32 = 2;
pub const ACTIONS: i32 = 5;
pub const REWARD_WIN: f32 = 1.0;
pub const REWARD_LOSE: f32 = -1.0;
pub const REWARD_POINT: f32 = 0.015625;
pub const HIDDEN: i32 = 255;
pub const SLOT_POWER: u32 = 0;
pub const SLOT_CRITICAL: u32 = 8;
pub const VERSION: u32 = 1;
pub const LAYOUT_ID: u32 = 0xb6c1d19d;
pub const STATE_BYTES: usize = 59;
