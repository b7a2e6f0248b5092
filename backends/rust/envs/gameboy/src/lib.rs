//! A Game Boy that equals PyBoy 2.8.1's, frame for frame; docs/envs/gameboy.md lists its quirks.
//!
//! Times are cycles of the 4 MiHz clock since power on. The processor runs from event to event; the
//! other parts are caught up there, and when a register of theirs is read or written.
#![forbid(unsafe_code)]

mod boot;
mod bus;
mod cartridge;
pub mod console;
#[allow(missing_docs)]
pub mod consts;
pub mod cpu;
pub mod definition;
mod dma;
pub mod env;
pub mod expression;
mod idle;
mod io;
mod joypad;
mod machine;
pub mod observe;
mod outside;
mod ppu;
mod rom;
mod serial;
mod start;
pub mod state;
mod timer;

pub use console::Console;
pub use env::GameBoy;
pub use joypad::Button;
pub use ppu::{COLUMNS, LINES};
pub use rom::Rom;

/// As many cycles to an event as there never are.
const NEVER: u64 = 1 << 31;
