//! The transfer to OAM: its progress. The bus moves the bytes.

/// Bytes of a transfer.
pub const LENGTH: u8 = 160;

/// The transfer's state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dma {
    /// A transfer is under way, or about to begin.
    pub active: bool,
    /// High byte of the source, as FF46 was written.
    pub source: u8,
    /// Bytes moved.
    pub index: u8,
    /// Four cycles before the first byte moves.
    pub start: u64,
    /// Cycles up to which bytes should have moved already, from work RAM, where nobody saw it.
    pub owed: u64,
}

impl Dma {
    /// Starts a transfer at the time `now`. One that replaces another which has moved nothing yet
    /// starts a machine cycle earlier.
    pub fn begin(&mut self, source: u8, now: u64) {
        let restarted = self.active && self.index == 0;
        self.start = now + if restarted { 8 } else { 12 };
        self.source = source;
        self.index = 0;
        self.active = true;
        self.owed = 0;
    }

    /// How many bytes have moved at the time `now`.
    pub fn due(&self, now: u64) -> u8 {
        let bytes = now.saturating_sub(self.start) / 4;
        bytes.min(u64::from(LENGTH)) as u8
    }

    /// The bytes come from work RAM.
    pub fn is_from_wram(&self) -> bool {
        self.source >= 0xC0
    }

    /// Where the next byte comes from: above DFFF it is the echo.
    pub fn address(&self) -> u16 {
        let high = if self.source >= 0xFE {
            self.source - 0x20
        } else {
            self.source
        };
        u16::from_be_bytes([high, self.index])
    }
}
