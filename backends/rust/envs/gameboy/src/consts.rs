//! Generated from references/gameboy/spec.py by `python -m harness consts`; do not edit.
#![allow(clippy::excessive_precision)]

pub const FRAME_CYCLES: i32 = 70224;
pub const LINES: i32 = 144;
pub const COLUMNS: i32 = 160;
pub const ROM_BANK_BYTES: i32 = 16384;
pub const RAM_BANK_BYTES: i32 = 8192;
pub const RAM_BANKS: i32 = 16;
pub const BUTTON_RIGHT: i32 = 1;
pub const BUTTON_LEFT: i32 = 2;
pub const BUTTON_UP: i32 = 4;
pub const BUTTON_DOWN: i32 = 8;
pub const BUTTON_A: i32 = 16;
pub const BUTTON_B: i32 = 32;
pub const BUTTON_SELECT: i32 = 64;
pub const BUTTON_START: i32 = 128;
pub const SLOT_START: u32 = 0;
pub const VERSION: u32 = 1;
pub const LAYOUT_ID: u32 = 0xae1bd303;
pub const STATE_BYTES: usize = 153732;
