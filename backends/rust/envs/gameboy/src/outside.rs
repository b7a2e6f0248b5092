//! What can be done to a console from outside, between frames.

use crate::boot;
use crate::console::Console;
use crate::cpu::Cpu;
use crate::rom::Rom;

impl Console {
    /// A console in the frame in which PyBoy's boot ROM ends, with the ROM about to run.
    pub fn handed_over(rom: &Rom) -> Console {
        boot::handed_over(rom)
    }

    /// The processor's registers, to be changed.
    pub fn cpu_mut(&mut self) -> &mut Cpu {
        &mut self.cpu
    }

    /// The cartridge's RAM, all banks.
    pub fn cartridge_ram(&self) -> &[u8] {
        &self.machine.cartridge.ram
    }

    /// The cartridge's RAM, to be changed.
    pub fn cartridge_ram_mut(&mut self) -> &mut [u8] {
        &mut self.machine.cartridge.ram
    }
}
