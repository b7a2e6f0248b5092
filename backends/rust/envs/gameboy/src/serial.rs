//! The serial port, with nothing on the cable: bytes go out, and SB reads as FF.

use crate::NEVER;

const TRANSFER: u64 = 1024;

/// The port's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serial {
    /// SC: bit 7 a transfer is under way, bit 0 by our clock.
    pub control: u8,
    /// Cycles at which it ends, or [`NEVER`].
    pub end: u64,
    /// Cycles from the last catch-up to the end.
    pub next: u64,
}

impl Serial {
    /// Lets time pass up to `to`; whether the interrupt came.
    pub fn catch_up(&mut self, to: u64) -> bool {
        let finished = self.end != NEVER && to >= self.end;
        if finished {
            self.control &= 0x7F;
            self.end = NEVER;
        }
        self.next = if self.end == NEVER {
            NEVER
        } else {
            self.end - to
        };
        finished
    }

    /// Cycles from `now` to the end of the transfer under way; 0: none is.
    pub fn left(&self, now: u64) -> u16 {
        if self.end == NEVER {
            0
        } else {
            u16::try_from(self.end.saturating_sub(now)).unwrap_or(u16::MAX)
        }
    }

    /// Writes SC at the time `now`. By another's clock a transfer never ends.
    pub fn write_control(&mut self, value: u8, now: u64) {
        self.control = value | 0x7E;
        self.end = if value & 0x81 == 0x81 {
            now + TRANSFER
        } else {
            NEVER
        };
    }
}
