//! From mode to mode. A catch-up makes one transition at most, as PyBoy's does: others that are due
//! wait for the next.

use super::{Ppu, Transition, FRAME, LINE, STAT, VBLANK};

const LAST_DRAWN: u8 = 143;
const LAST_LINE: u8 = 153;
const SCAN: u64 = 80;
/// Mode 2 of the first line after switching on is shorter, and shows as mode 0.
const FIRST_SCAN: u64 = 76;
const DRAW: u64 = 172;
/// Modes 3 and 0 together.
const DRAW_AND_BLANK: u64 = 376;
/// How long LY stands at the next line before mode 2 begins there.
const AHEAD: u64 = 4;

impl Ppu {
    /// Cycles to the next event, negative when it is overdue.
    pub fn next(&self) -> i64 {
        let transition = self.target.wrapping_sub(self.clock) as i64;
        let frame = FRAME.wrapping_sub(self.clock) as i64;
        transition.min(frame)
    }

    /// Cycles at which the next transition is due.
    pub fn next_transition(&self) -> u64 {
        self.synced
            .wrapping_add(self.target.wrapping_sub(self.clock))
    }

    /// Lets time pass up to `to`, which may lie before the last catch-up; gives the interrupts
    /// raised.
    pub fn catch_up(&mut self, to: u64) -> u8 {
        if to == self.synced {
            return 0;
        }
        self.clock = self.clock.wrapping_add(to.wrapping_sub(self.synced));
        self.synced = to;
        if self.clock >= self.target {
            self.advance();
        }
        self.take_raised()
    }

    /// Goes on by whole lines at once, up to `most` cycles, while nothing is drawn and no interrupt
    /// can come; gives the cycles. Nobody may look meanwhile.
    pub fn skip_lines(&mut self, most: u64) -> u64 {
        let lines = u64::from(self.quiet_lines()).min(most / LINE);
        if lines == 0 {
            return 0;
        }
        // At most 143.
        let lines = lines as u8;
        self.ly += lines - 1;
        self.mode3_extra = self.mode3_extra();
        self.ly += 1;
        self.window_triggered |= (self.ly + 1 - lines..=self.ly).contains(&self.wy);
        self.set_coincidence(self.ly == self.lyc);
        let cycles = u64::from(lines) * LINE;
        self.clock += cycles;
        self.target += cycles;
        self.synced += cycles;
        cycles
    }

    /// How many lines from this one's mode 2 on no interrupt begins in.
    pub fn quiet_lines(&self) -> u8 {
        let in_scan =
            self.mode() == 2 && self.transition == Transition::Mode && self.next_mode == 3;
        let is_quiet = self.is_on() && !self.restart && !self.drawing && self.stat & 0x28 == 0;
        if !in_scan || !is_quiet || self.clock >= self.target || self.ly > LAST_DRAWN {
            return 0;
        }
        let last = match self.lyc {
            lyc if self.stat & 0x40 != 0 && lyc > self.ly => (lyc - 1).min(LAST_DRAWN),
            _ => LAST_DRAWN,
        };
        last - self.ly
    }

    fn advance(&mut self) {
        self.moved = true;
        if !self.is_on() {
            self.end_dark_frame();
        } else if self.restart {
            self.start();
        } else if self.ly == LAST_LINE {
            self.end_frame();
        } else {
            match self.transition {
                Transition::Line => self.begin_line(),
                Transition::Scan => self.begin_scan(),
                Transition::Mode => self.enter_next_mode(),
            }
        }
    }

    fn end_dark_frame(&mut self) {
        self.done = true;
        self.clock %= FRAME;
        self.target = FRAME;
        self.blank();
    }

    /// The first line after switching on.
    fn start(&mut self) {
        self.restart = false;
        self.done = true;
        self.ly = 0;
        self.clock = 0;
        self.expect(3, FIRST_SCAN);
        self.set_mode(0);
        self.window_triggered = self.wy == self.ly;
        self.compare_ly();
    }

    fn end_frame(&mut self) {
        if self.first_frame && self.target < FRAME {
            // The short first line is made up for.
            self.target = FRAME;
            return;
        }
        self.done = true;
        self.ly = 0;
        self.clock %= FRAME;
        self.first_frame = false;
        self.expect(3, self.target % FRAME + SCAN);
        self.set_mode(2);
        self.window_triggered = self.wy == 0;
        self.compare_ly();
    }

    fn begin_line(&mut self) {
        self.ly += 1;
        if self.first_frame {
            self.set_coincidence(false);
        } else {
            self.compare_ly();
        }
        self.target += AHEAD;
        self.transition = Transition::Scan;
    }

    fn begin_scan(&mut self) {
        self.set_mode(2);
        if self.first_frame {
            self.compare_ly();
        }
        self.expect(3, self.target + SCAN);
        self.window_triggered |= self.wy == self.ly;
    }

    fn enter_next_mode(&mut self) {
        self.set_mode(self.next_mode);
        match self.next_mode {
            0 => self.enter_blank(),
            1 => self.enter_blank_line(),
            _ => {
                self.mode3_extra = self.mode3_extra();
                let length = DRAW.wrapping_add_signed(i64::from(self.mode3_extra));
                self.expect(0, self.target + length);
            }
        }
    }

    fn enter_blank(&mut self) {
        let rest = DRAW_AND_BLANK - DRAW;
        let rest = rest.wrapping_sub(i64::from(self.mode3_extra) as u64);
        if self.ly < LAST_DRAWN {
            self.expect(2, self.target + rest - AHEAD);
            self.transition = Transition::Line;
        } else {
            let ahead = if self.first_frame { AHEAD } else { 0 };
            self.expect(1, self.target + rest - ahead);
        }
        if self.drawing {
            self.draw_line();
        }
    }

    /// A line of the vertical blank.
    fn enter_blank_line(&mut self) {
        self.expect(1, self.target + LINE);
        self.ly += 1;
        self.compare_ly();
        if self.ly == LAST_DRAWN + 1 {
            if self.stat & 0x20 != 0 && !self.stat_line {
                self.raised |= STAT;
            }
            self.raised |= VBLANK;
            self.window_triggered = false;
            if self.first_frame {
                self.blank();
            }
        }
    }

    fn expect(&mut self, mode: u8, target: u64) {
        self.next_mode = mode;
        self.target = target;
        self.transition = Transition::Mode;
    }
}
