//! DIV and TIMA, caught up when somebody looks.

use crate::NEVER;

/// The timer. An overflow of TIMA reloads it at once; it reads as 0 for four cycles, then the
/// interrupt comes, and for four more TIMA cannot be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timer {
    /// Counts cycles; DIV is its high byte.
    pub div_counter: u16,
    /// TIMA.
    pub tima: u8,
    /// What TIMA is reloaded with.
    pub tma: u8,
    /// Bit 2 lets TIMA count, bits 0 and 1 choose its speed.
    pub tac: u8,
    /// 0 none; after an overflow 1 until the interrupt, then 2.
    pub tima_reload: u8,
    /// Cycles left in that phase.
    pub tima_reload_cycles: u8,
    /// Cycles up to which this state holds.
    pub synced: u64,
    /// Cycles from there to the interrupt, as it was seen at the last catch-up.
    pub next: u64,
}

impl Timer {
    /// Lets time pass up to `to`; whether the interrupt came.
    pub fn catch_up(&mut self, to: u64) -> bool {
        let elapsed = to.saturating_sub(self.synced);
        if elapsed == 0 {
            return false;
        }
        self.synced = to;
        let interrupt = self.advance(elapsed);
        self.foresee();
        interrupt
    }

    /// Sees anew how far the interrupt is, after the state was set from outside.
    pub fn foresee(&mut self) {
        self.next = self.until_interrupt();
    }

    /// Reads FF04 to FF07.
    pub fn read(&self, address: u16) -> u8 {
        match address & 3 {
            0 => (self.div_counter >> 8) as u8,
            1 if self.tima_reload == 1 => 0,
            1 => self.tima,
            2 => self.tma,
            _ => self.tac | 0xF8,
        }
    }

    /// Writes FF04 to FF07.
    pub fn write(&mut self, address: u16, value: u8) {
        match address & 3 {
            0 => {
                if self.enabled() && self.bit_is_set(self.tac) {
                    self.increment();
                }
                self.div_counter = 0;
            }
            1 if self.tima_reload == 2 => {}
            1 => self.tima = value,
            2 => {
                self.tma = value;
                if self.tima_reload != 0 {
                    self.tima = value;
                }
            }
            _ => self.write_control(value & 7),
        }
    }

    /// TIMA counts falling edges of a bit of the counter: a change of TAC can make one.
    fn write_control(&mut self, tac: u8) {
        let before = self.enabled() && self.bit_is_set(self.tac);
        let after = tac & 4 != 0 && self.bit_is_set(tac);
        if before && !after {
            self.increment();
        }
        self.tac = tac;
    }

    fn enabled(&self) -> bool {
        self.tac & 4 != 0
    }

    fn bit_is_set(&self, tac: u8) -> bool {
        u64::from(self.div_counter) & (period(tac) / 2) != 0
    }

    fn increment(&mut self) {
        let (tima, overflow) = self.tima.overflowing_add(1);
        self.tima = tima;
        if overflow {
            self.tima = self.tma;
            self.tima_reload = 1;
            self.tima_reload_cycles = 4;
        }
    }

    fn until_edge(&self) -> u64 {
        let period = period(self.tac);
        period - (u64::from(self.div_counter) & (period - 1))
    }

    /// Cycles to the overflow, if none is under way.
    fn until_overflow(&self) -> u64 {
        self.until_edge() + u64::from(0xFF - self.tima) * period(self.tac)
    }

    fn until_interrupt(&self) -> u64 {
        match (self.enabled(), self.tima_reload) {
            (false, _) => NEVER,
            (true, 1) => self
                .until_overflow()
                .min(u64::from(self.tima_reload_cycles)),
            (true, _) => self.until_overflow(),
        }
    }

    fn advance(&mut self, mut cycles: u64) -> bool {
        let mut interrupt = false;
        while cycles > 0 {
            if self.tima_reload != 0 {
                interrupt |= self.advance_one();
                cycles -= 1;
            } else if self.enabled() && cycles >= self.until_overflow() {
                let step = self.until_overflow();
                self.count(step);
                self.tima = 0xFF;
                self.increment();
                cycles -= step;
            } else {
                self.advance_quietly(cycles);
                cycles = 0;
            }
        }
        interrupt
    }

    /// One cycle while an overflow is under way.
    fn advance_one(&mut self) -> bool {
        let mut interrupt = false;
        self.tima_reload_cycles -= 1;
        if self.tima_reload_cycles == 0 {
            interrupt = self.tima_reload == 1;
            (self.tima_reload, self.tima_reload_cycles) = if interrupt { (2, 4) } else { (0, 0) };
        }
        let edge = self.enabled() && self.until_edge() == 1;
        self.count(1);
        if edge {
            self.increment();
        }
        interrupt
    }

    /// Cycles in which TIMA does not overflow.
    fn advance_quietly(&mut self, cycles: u64) {
        if self.enabled() {
            let period = period(self.tac);
            let edges = ((u64::from(self.div_counter) & (period - 1)) + cycles) / period;
            self.tima += edges as u8;
        }
        self.count(cycles);
    }

    fn count(&mut self, cycles: u64) {
        self.div_counter = self.div_counter.wrapping_add(cycles as u16);
    }
}

/// Cycles from one increment of TIMA to the next.
fn period(tac: u8) -> u64 {
    [1024, 16, 64, 256][usize::from(tac & 3)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn timer() -> impl Strategy<Value = Timer> {
        let reload = prop_oneof![Just((0, 0)), (1..3u8, 1..5u8)];
        (any::<u16>(), any::<u8>(), any::<u8>(), 0..8u8, reload).prop_map(
            |(div_counter, tima, tma, tac, (tima_reload, tima_reload_cycles))| Timer {
                div_counter,
                tima,
                tma,
                tac,
                tima_reload,
                tima_reload_cycles,
                ..Timer::default()
            },
        )
    }

    proptest! {
        /// Catching up at once is the same as cycle by cycle, and the interrupt is foreseen.
        #[test]
        fn any_catch_up_is_many_short_ones(mut timer in timer(), cycles in 1..6000u64) {
            let mut slow = timer.clone();
            timer.foresee();
            let foreseen = timer.next;
            let interrupt = timer.catch_up(cycles);
            let interrupts: Vec<u64> = (1..=cycles).filter(|&cycle| slow.catch_up(cycle)).collect();
            prop_assert_eq!(&timer, &slow);
            prop_assert_eq!(interrupt, !interrupts.is_empty());
            if let (Some(&first), true) = (interrupts.first(), timer.tac & 4 != 0) {
                // An overflow is foreseen, the interrupt comes four cycles later.
                prop_assert!(first == foreseen || first == foreseen + 4);
            }
        }
    }

    #[test]
    fn an_overflow_reloads_reads_as_zero_and_interrupts() {
        let mut timer = Timer {
            tima: 0xFF,
            tma: 0xAB,
            tac: 5,
            ..Timer::default()
        };
        assert!(!timer.catch_up(16));
        assert_eq!((timer.tima, timer.read(0xFF05)), (0xAB, 0));
        assert!(!timer.catch_up(19));
        assert!(timer.catch_up(20));
        assert_eq!(timer.read(0xFF05), 0xAB);
        timer.write(0xFF05, 1);
        assert_eq!(
            timer.read(0xFF05),
            0xAB,
            "not written in the cycle after the reload"
        );
        assert!(!timer.catch_up(24));
        timer.write(0xFF05, 1);
        assert_eq!(timer.read(0xFF05), 1);
    }
}
