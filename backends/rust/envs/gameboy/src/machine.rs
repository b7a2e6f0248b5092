//! All that the processor is wired to.

use crate::cartridge::Cartridge;
use crate::dma::Dma;
use crate::idle::Watch;
use crate::joypad::Joypad;
use crate::ppu::Ppu;
use crate::serial::Serial;
use crate::timer::Timer;
use crate::NEVER;

/// IF's bit of the timer.
const TIMER: u8 = 0x04;
/// IF's bit of the serial port.
const SERIAL: u8 = 0x08;
/// IF's bit of the joypad.
pub const JOYPAD: u8 = 0x10;

/// The parts, and what the processor shares with them.
#[derive(Debug)]
pub struct Machine {
    /// Cycles since power on.
    pub cycles: u64,
    /// Interrupts are looked at after this instruction.
    pub bail: bool,
    /// Cycles at which the processor's run ends: the next event.
    pub end: u64,
    /// What the program does over and over.
    pub watch: Watch,
    /// IF: its five bits.
    pub interrupt_flag: u8,
    /// IE.
    pub interrupt_enable: u8,
    /// DIV and TIMA.
    pub timer: Timer,
    /// The serial port.
    pub serial: Serial,
    /// Buttons.
    pub joypad: Joypad,
    /// The transfer to OAM.
    pub dma: Dma,
    /// The picture, with video RAM and OAM.
    pub ppu: Ppu,
    /// Bank registers and cartridge RAM.
    pub cartridge: Cartridge,
    /// C000 to DFFF.
    pub wram: [u8; 0x2000],
    /// FF80 to FFFE.
    pub hram: [u8; 0x7F],
    /// FF03 and FF08 to FF0E: PyBoy keeps what is written there, and reads FF.
    pub io_unmapped: [u8; 8],
}

impl Clone for Machine {
    fn clone(&self) -> Machine {
        Machine {
            cycles: self.cycles,
            bail: self.bail,
            end: self.end,
            watch: self.watch.clone(),
            interrupt_flag: self.interrupt_flag,
            interrupt_enable: self.interrupt_enable,
            timer: self.timer.clone(),
            serial: self.serial.clone(),
            joypad: self.joypad.clone(),
            dma: self.dma.clone(),
            ppu: self.ppu.clone(),
            cartridge: self.cartridge.clone(),
            wram: self.wram,
            hram: self.hram,
            io_unmapped: self.io_unmapped,
        }
    }

    /// Keeps the buffer of the cartridge's RAM where it is.
    fn clone_from(&mut self, other: &Machine) {
        let Machine {
            cycles,
            bail,
            end,
            watch,
            interrupt_flag,
            interrupt_enable,
            timer,
            serial,
            joypad,
            dma,
            ppu,
            cartridge,
            wram,
            hram,
            io_unmapped,
        } = other;
        self.cycles = *cycles;
        self.bail = *bail;
        self.end = *end;
        self.watch.clone_from(watch);
        self.interrupt_flag = *interrupt_flag;
        self.interrupt_enable = *interrupt_enable;
        self.timer.clone_from(timer);
        self.serial.clone_from(serial);
        self.joypad.clone_from(joypad);
        self.dma.clone_from(dma);
        self.ppu.clone_from(ppu);
        self.cartridge.clone_from(cartridge);
        self.wram = *wram;
        self.hram = *hram;
        self.io_unmapped = *io_unmapped;
    }
}

impl Machine {
    /// Interrupts asked for and enabled.
    pub fn pending(&self) -> u8 {
        self.interrupt_flag & self.interrupt_enable & 0x1F
    }

    /// Cycles to the next event, as far as that was known at the last catch-up; at least 4.
    pub fn until_event(&self) -> u64 {
        let next = self.timer.next.min(self.serial.next) as i64;
        next.min(self.ppu.next()).max(4) as u64
    }

    /// Cycles at which the next event but the picture's comes.
    pub fn next_outside_ppu(&self) -> u64 {
        let serial = match self.serial.end {
            NEVER => u64::MAX,
            end => end,
        };
        serial.min(self.timer.synced + self.timer.next)
    }

    /// Catches everything but the transfer to OAM up with the processor.
    pub fn catch_up(&mut self) {
        self.catch_up_serial(self.cycles);
        self.catch_up_timer(self.cycles);
        self.catch_up_ppu(self.cycles);
    }

    /// Lets time pass while the processor sleeps: to the next event, or over whole lines in which
    /// nothing can wake it.
    pub fn sleep(&mut self, target: u64) {
        self.watch.clean = false;
        self.cycles += match self.skip_lines() {
            0 => target,
            skipped => skipped,
        };
    }

    fn skip_lines(&mut self) -> u64 {
        // An overflow under way ends where the parts happen to be caught up.
        if self.timer.tima_reload != 0 {
            return 0;
        }
        let most = self.timer.next.min(self.serial.next).saturating_sub(1);
        self.ppu.skip_lines(most)
    }

    /// Moves bytes of a transfer to OAM, up to `due`.
    pub fn move_from_wram(&mut self, due: u8) {
        if self.dma.index < due {
            let from = usize::from(self.dma.address() & 0x1FFF);
            let to = usize::from(self.dma.index)..usize::from(due);
            self.ppu.oam[to.clone()].copy_from_slice(&self.wram[from..from + to.len()]);
            self.dma.index = due;
        }
    }

    pub(crate) fn catch_up_serial(&mut self, to: u64) {
        if self.serial.catch_up(to) {
            self.watch.clean = false;
            self.interrupt_flag |= SERIAL;
        }
    }

    pub(crate) fn catch_up_timer(&mut self, to: u64) {
        if self.timer.catch_up(to) {
            self.watch.clean = false;
            self.interrupt_flag |= TIMER;
        }
    }

    pub(crate) fn catch_up_ppu(&mut self, to: u64) {
        self.interrupt_flag |= self.ppu.catch_up(to);
    }
}
