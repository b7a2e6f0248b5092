//! FF00 to FF7F, and IE. Sound is off: its registers read as 0, as PyBoy's do then.

use crate::bus::Wired;
use crate::cpu::Access;

/// What reads where nothing is.
const OPEN: u8 = 0xFF;

impl Wired<'_> {
    /// Reads FF00 to FF7F and FFFF.
    pub(crate) fn read_io(&mut self, address: u16, access: Access) -> u8 {
        let now = self.machine.cycles + u64::from(access.at);
        let machine = &mut *self.machine;
        machine.watch.reads_io = true;
        match address {
            0xFF00 => machine.joypad.joyp,
            0xFF01 => {
                machine.catch_up_serial(now);
                OPEN
            }
            0xFF02 => {
                machine.catch_up_serial(now);
                machine.serial.control
            }
            0xFF04..=0xFF07 => {
                machine.watch.clean = false;
                machine.catch_up_timer(now);
                machine.timer.read(address)
            }
            0xFF0F => machine.interrupt_flag | 0xE0,
            0xFF10..=0xFF3F => 0,
            0xFF40..=0xFF4B => {
                // A bit of STAT may be hidden once.
                machine.watch.clean &= !machine.ppu.stat_mode_hidden;
                // Here alone an access looks ahead.
                machine.catch_up_ppu(now + u64::from(access.ahead));
                if address == 0xFF46 {
                    machine.dma.source
                } else {
                    machine.ppu.read(address)
                }
            }
            0xFFFF => machine.interrupt_enable,
            _ => OPEN,
        }
    }

    /// Writes FF00 to FF7F and FFFF. Interrupts are looked at after nearly all of them.
    pub(crate) fn write_io(&mut self, address: u16, value: u8, access: Access) {
        let now = self.machine.cycles + u64::from(access.at);
        let machine = &mut *self.machine;
        machine.bail |= !matches!(address, 0xFF44 | 0xFF4C..=0xFF7F);
        match address {
            0xFF00 => machine.joypad.write(value),
            0xFF01 => machine.catch_up_serial(now),
            0xFF02 => {
                machine.catch_up_serial(now);
                machine.serial.write_control(value, now);
            }
            0xFF03 => machine.io_unmapped[0] = value,
            0xFF04..=0xFF07 => {
                machine.catch_up_timer(now);
                machine.timer.write(address, value);
            }
            0xFF08..=0xFF0E => machine.io_unmapped[usize::from(address - 0xFF07)] = value,
            0xFF0F => machine.interrupt_flag = value & 0x1F,
            0xFF40..=0xFF4B => self.write_ppu(address, value, now),
            0xFFFF => machine.interrupt_enable = value,
            _ => {}
        }
    }

    fn write_ppu(&mut self, address: u16, value: u8, now: u64) {
        self.machine.catch_up_ppu(now);
        if address == 0xFF46 {
            self.machine.dma.begin(value, now);
        } else {
            self.machine.interrupt_flag |= self.machine.ppu.write(address, value);
        }
    }
}
