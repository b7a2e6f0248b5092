//! The picture unit: its registers and memory. `timing` lets time pass, `render` draws lines.

mod render;
mod sprites;
mod timing;

/// Pixels of a line.
pub const COLUMNS: usize = 160;
/// Lines of the screen.
pub const LINES: usize = 144;
/// Cycles of a line.
pub const LINE: u64 = 456;
/// Cycles of a frame.
pub const FRAME: u64 = 70224;

/// IF's bit of the vertical blank.
pub const VBLANK: u8 = 0x01;
/// IF's bit of STAT.
pub const STAT: u8 = 0x02;

/// Bits of LCDC.
mod lcdc {
    pub const BACKGROUND: u8 = 0x01;
    pub const SPRITES: u8 = 0x02;
    pub const TALL_SPRITES: u8 = 0x04;
    pub const BACKGROUND_MAP: u8 = 0x08;
    pub const TILES_FROM_8000: u8 = 0x10;
    pub const WINDOW: u8 = 0x20;
    pub const WINDOW_MAP: u8 = 0x40;
    pub const ON: u8 = 0x80;
}

/// What the next transition is, where it is not into `next_mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// Into `next_mode`.
    Mode,
    /// LY counts up, at the end of mode 0.
    Line,
    /// Into mode 2, four cycles after that.
    Scan,
}

/// The picture unit's state.
#[derive(Debug, Clone)]
#[allow(missing_docs)] // the registers go by their names
pub struct Ppu {
    pub lcdc: u8,
    /// Bit 7 is 1, bits 0 and 1 are the mode.
    pub stat: u8,
    pub scy: u8,
    pub scx: u8,
    pub ly: u8,
    pub lyc: u8,
    pub bgp: u8,
    pub obp0: u8,
    pub obp1: u8,
    pub wy: u8,
    pub wx: u8,
    /// Cycles into the frame. It may run past `target`, and back below 0, where it wraps.
    pub clock: u64,
    /// The clock at which the next transition is due.
    pub target: u64,
    pub next_mode: u8,
    pub transition: Transition,
    /// No frame has ended since the LCD was switched on.
    pub first_frame: bool,
    /// The LCD was switched on and has not started.
    pub restart: bool,
    /// A source of the STAT interrupt holds its line up: others raise nothing.
    pub stat_line: bool,
    /// The next read of STAT shows mode 0.
    pub stat_mode_hidden: bool,
    /// LYC was written while the LCD was off.
    pub lyc_written_off: bool,
    /// Cycles that the last mode 3 took beyond 172.
    pub mode3_extra: i16,
    /// LY has met WY in this frame.
    pub window_triggered: bool,
    /// The window's own count of lines, as of the last one drawn.
    pub window_line: i32,

    /// Cycles up to which this state holds.
    pub synced: u64,
    /// A frame has ended.
    pub done: bool,
    /// A transition was made; whoever wants to know clears it.
    pub moved: bool,
    /// Lines are drawn.
    pub drawing: bool,
    /// Interrupts raised and not yet handed on, as bits of IF.
    raised: u8,

    /// 8000 to 9FFF.
    pub vram: [u8; 0x2000],
    /// FE00 to FEFF: 40 sprites of 4 bytes, then 96 bytes that are plain memory in PyBoy.
    pub oam: [u8; 0x100],
    /// Shades, 0 the lightest to 3, line by line.
    pub screen: [u8; COLUMNS * LINES],
}

impl Ppu {
    /// Switched off, with everything 0 that can be.
    pub fn dark() -> Ppu {
        Ppu {
            lcdc: 0,
            stat: 0x80,
            scy: 0,
            scx: 0,
            ly: 0,
            lyc: 0,
            bgp: 0,
            obp0: 0,
            obp1: 0,
            wy: 0,
            wx: 0,
            clock: 0,
            target: FRAME,
            next_mode: 2,
            transition: Transition::Mode,
            first_frame: false,
            restart: false,
            stat_line: false,
            stat_mode_hidden: false,
            lyc_written_off: false,
            mode3_extra: 0,
            window_triggered: false,
            window_line: 0,
            synced: 0,
            done: false,
            moved: false,
            drawing: false,
            raised: 0,
            vram: [0; 0x2000],
            oam: [0; 0x100],
            screen: [0; COLUMNS * LINES],
        }
    }

    /// The mode, 0 to 3.
    pub fn mode(&self) -> u8 {
        self.stat & 3
    }

    /// The LCD is on.
    pub fn is_on(&self) -> bool {
        self.lcdc & lcdc::ON != 0
    }

    /// Reads FF40 to FF4B but FF46.
    pub fn read(&mut self, address: u16) -> u8 {
        match address & 0xF {
            0x0 => self.lcdc,
            0x1 => self.read_stat(),
            0x2 => self.scy,
            0x3 => self.scx,
            0x4 => self.ly,
            0x5 => self.lyc,
            0x7 => self.bgp,
            0x8 => self.obp0,
            0x9 => self.obp1,
            0xA => self.wy,
            _ => self.wx,
        }
    }

    /// Writes FF40 to FF4B but FF46; gives the interrupts that this raises.
    pub fn write(&mut self, address: u16, value: u8) -> u8 {
        match address & 0xF {
            0x0 => self.write_lcdc(value),
            0x1 => {
                self.stat = self.stat & 0x87 | value & 0x78;
                self.update_stat_line();
            }
            0x2 => self.scy = value,
            0x3 => self.scx = value,
            0x4 => {}
            0x5 => self.write_lyc(value),
            0x7 => self.bgp = value,
            0x8 => self.obp0 = value,
            0x9 => self.obp1 = value,
            0xA => self.wy = value,
            _ => self.wx = value,
        }
        self.take_raised()
    }

    /// An access that looks ahead finds video RAM locked for reading.
    pub fn vram_read_locked(&self) -> bool {
        self.is_on() && (self.mode() == 3 || self.mode() == 2 && self.about_to_change())
    }

    /// An access that looks ahead finds video RAM locked for writing.
    pub fn vram_write_locked(&self) -> bool {
        self.is_on() && self.mode() == 3
    }

    /// An access that looks ahead finds OAM locked for reading.
    pub fn oam_read_locked(&self) -> bool {
        let before_scan = self.first_frame && self.transition == Transition::Scan;
        self.is_on() && (self.mode() >= 2 || before_scan)
    }

    /// An access that looks ahead finds OAM locked for writing.
    pub fn oam_write_locked(&self) -> bool {
        let open = self.first_frame && self.about_to_change();
        self.is_on() && (self.mode() == 3 || self.mode() == 2 && !open)
    }

    fn about_to_change(&self) -> bool {
        self.clock <= self.target && self.target - self.clock <= 4
    }

    fn read_stat(&mut self) -> u8 {
        if std::mem::take(&mut self.stat_mode_hidden) {
            return self.stat & !3;
        }
        self.stat
    }

    fn write_lyc(&mut self, value: u8) {
        self.lyc = value;
        if self.is_on() {
            self.compare_ly();
        } else {
            self.lyc_written_off = true;
        }
    }

    fn write_lcdc(&mut self, value: u8) {
        let was_on = self.is_on();
        self.lcdc = value;
        match (was_on, self.is_on()) {
            (true, false) => self.switch_off(),
            (false, true) => self.switch_on(),
            _ => {}
        }
    }

    fn switch_off(&mut self) {
        self.clock = 0;
        self.target = 0;
        self.set_mode(0);
        // The line moves, but nobody hears of it.
        self.raised = 0;
        self.ly = 0;
    }

    fn switch_on(&mut self) {
        self.target = 0;
        self.first_frame = true;
        self.restart = true;
        if std::mem::take(&mut self.lyc_written_off) {
            self.stat_mode_hidden = true;
        }
        if self.stat & 0x40 != 0 {
            self.compare_ly();
        }
    }

    fn set_mode(&mut self, mode: u8) {
        if self.mode() != mode {
            self.stat = self.stat & !3 | mode;
            self.update_stat_line();
        }
    }

    fn compare_ly(&mut self) {
        self.set_coincidence(self.ly == self.lyc);
    }

    fn set_coincidence(&mut self, equal: bool) {
        self.stat = self.stat & !4 | u8::from(equal) << 2;
        self.update_stat_line();
    }

    fn update_stat_line(&mut self) {
        let by_mode = self.mode() != 3 && self.stat & (8 << self.mode()) != 0;
        let line = by_mode || self.stat & 0x44 == 0x44;
        if line && !self.stat_line {
            self.raised |= STAT;
        }
        self.stat_line = line;
    }

    fn take_raised(&mut self) -> u8 {
        std::mem::take(&mut self.raised)
    }
}
