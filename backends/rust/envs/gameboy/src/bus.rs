//! The memory map.

use crate::cpu::{Access, Bus, Cpu};
use crate::dma;
use crate::machine::Machine;
use crate::rom::{Rom, BANK};

/// The machine with a ROM in it.
pub struct Wired<'a> {
    pub(crate) machine: &'a mut Machine,
    pub(crate) rom: &'a Rom,
}

/// An access from outside the program.
pub(crate) const OUTSIDE: Access = Access {
    at: 0,
    ahead: 0,
    hl: 0,
};

impl Bus for Wired<'_> {
    #[inline]
    fn read(&mut self, address: u16, access: Access) -> u8 {
        match address >> 12 {
            0x0..=0x7 => self.read_rom(address),
            0x8 | 0x9 => self.read_vram(address, access),
            0xA | 0xB => self.machine.cartridge.read_ram(self.rom, address),
            0xC..=0xE => self.machine.wram[usize::from(address & 0x1FFF)],
            _ => self.read_high(address, access),
        }
    }

    #[inline]
    fn write(&mut self, address: u16, value: u8, access: Access) {
        self.machine.watch.clean = false;
        match address >> 12 {
            0x0..=0x7 => {
                self.machine
                    .cartridge
                    .write_register(self.rom, address, value);
                self.machine.bail = true;
            }
            0x8 | 0x9 => self.write_vram(address, value, access),
            0xA | 0xB => self.machine.cartridge.write_ram(self.rom, address, value),
            0xC..=0xE => self.write_wram(address, value),
            _ => self.write_high(address, value, access),
        }
    }

    #[inline]
    fn fetch(&mut self, address: u16, access: Access) -> u8 {
        match address.wrapping_sub(access.ahead as u16 / 4) {
            0x0000..=0x3FFD | 0x4000..=0x7FFD => self.read_rom(address),
            _ => self.fetch_elsewhere(address, access),
        }
    }

    fn pending(&self) -> bool {
        self.machine.pending() != 0
    }

    fn set_bail(&mut self, bail: bool) {
        self.machine.bail = bail;
    }

    fn jumped_back(&mut self, cpu: &mut Cpu, length: u32) {
        self.watch(cpu, length);
    }
}

impl Wired<'_> {
    fn read_rom(&self, address: u16) -> u8 {
        let offset = self.machine.cartridge.rom_offset(address);
        // A ROM of one bank has nothing at 4000.
        self.rom.bytes().get(offset).copied().unwrap_or(0xFF)
    }

    /// An instruction that does not lie in one bank of the ROM. The end of the ROM is read like memory,
    /// which has its effects from 8000 on.
    fn fetch_elsewhere(&mut self, address: u16, access: Access) -> u8 {
        if address < 0x4000 && address.wrapping_sub(access.ahead as u16 / 4) < 0x4000 {
            return self.fetch_across_banks(address);
        }
        self.read(address, access)
    }

    /// PyBoy fetches an instruction that begins in the last two bytes of the low bank from what
    /// stands before the bank at 4000 in the ROM, whichever that is.
    fn fetch_across_banks(&self, address: u16) -> u8 {
        let bank = usize::from(self.machine.cartridge.rom_bank);
        let offset = (bank * BANK + usize::from(address)).checked_sub(BANK);
        let byte = offset.and_then(|offset| self.rom.bytes().get(offset));
        byte.copied().unwrap_or(0xFF)
    }

    pub(crate) fn now(&self, access: Access) -> u64 {
        self.machine.cycles + u64::from(access.at + access.ahead)
    }

    fn read_vram(&mut self, address: u16, access: Access) -> u8 {
        if access.ahead != 0 {
            // The lock depends on the time itself.
            self.machine.watch.clean = false;
            self.machine.catch_up_ppu(self.now(access));
            if self.machine.ppu.vram_read_locked() {
                return 0xFF;
            }
        }
        self.machine.ppu.vram[usize::from(address & 0x1FFF)]
    }

    fn write_vram(&mut self, address: u16, value: u8, access: Access) {
        if access.ahead != 0 {
            self.machine.catch_up_ppu(self.now(access));
            if self.machine.ppu.vram_write_locked() {
                return;
            }
        }
        self.machine.ppu.vram[usize::from(address & 0x1FFF)] = value;
    }

    /// Reads F000 to FFFF.
    fn read_high(&mut self, address: u16, access: Access) -> u8 {
        match address {
            0xFF80..=0xFFFE => {
                self.sync_dma_later(access);
                self.machine.hram[usize::from(address - 0xFF80)]
            }
            0xFF00..=0xFFFF => {
                self.sync_dma(access);
                self.read_io(address, access)
            }
            0xFE00..=0xFE9F => self.read_oam(address, access),
            0xFEA0..=0xFEFF => self.machine.ppu.oam[usize::from(address & 0xFF)],
            _ => self.machine.wram[usize::from(address & 0x1FFF)],
        }
    }

    /// Writes F000 to FFFF.
    fn write_high(&mut self, address: u16, value: u8, access: Access) {
        match address {
            0xFF80..=0xFFFE => {
                self.sync_dma_later(access);
                self.machine.hram[usize::from(address - 0xFF80)] = value;
            }
            0xFF00..=0xFFFF => {
                self.sync_dma(access);
                self.write_io(address, value, access);
            }
            0xFE00..=0xFE9F => self.write_oam(address, value, access),
            0xFEA0..=0xFEFF => self.machine.ppu.oam[usize::from(address & 0xFF)] = value,
            _ => self.write_wram(address, value),
        }
    }

    fn read_oam(&mut self, address: u16, access: Access) -> u8 {
        if access.ahead != 0 {
            self.machine.watch.clean = false;
            self.machine.catch_up_ppu(self.now(access));
            if self.machine.ppu.oam_read_locked() {
                return 0xFF;
            }
        }
        self.sync_dma(access);
        if self.dma_holds_oam(access) && access.hl == address {
            let later = u64::from(4u32.saturating_sub(access.ahead));
            self.move_to_oam(self.now(access) + later, access);
        }
        if self.dma_holds_oam(access) {
            return 0xFF;
        }
        self.machine.ppu.oam[usize::from(address & 0xFF)]
    }

    fn write_oam(&mut self, address: u16, value: u8, access: Access) {
        if access.ahead != 0 {
            self.machine.catch_up_ppu(self.now(access));
            if self.machine.ppu.oam_write_locked() {
                return;
            }
        }
        self.sync_dma(access);
        if !self.machine.dma.active {
            self.machine.ppu.oam[usize::from(address & 0xFF)] = value;
        }
    }

    fn dma_holds_oam(&self, access: Access) -> bool {
        self.machine.dma.active && self.now(access) >= self.machine.dma.start
    }

    /// Moves the bytes of a transfer to OAM that are due. They come from ROM or RAM, never from
    /// OAM or a register.
    #[inline]
    pub(crate) fn sync_dma(&mut self, access: Access) {
        if self.machine.dma.active {
            self.move_to_oam(self.now(access), access);
        }
    }

    /// High memory is no part of a transfer, and most that is read there is the loop which waits for
    /// one: bytes from work RAM can move when somebody looks at OAM, or writes to work RAM.
    #[inline]
    fn sync_dma_later(&mut self, access: Access) {
        if !self.machine.dma.active {
            return;
        }
        let now = self.now(access);
        if self.machine.dma.is_from_wram() {
            self.machine.dma.owed = self.machine.dma.owed.max(now);
        } else {
            self.move_to_oam(now, access);
        }
    }

    fn write_wram(&mut self, address: u16, value: u8) {
        if self.machine.dma.owed != 0 {
            self.move_to_oam(0, OUTSIDE);
        }
        self.machine.wram[usize::from(address & 0x1FFF)] = value;
    }

    fn move_to_oam(&mut self, now: u64, access: Access) {
        let owed = std::mem::take(&mut self.machine.dma.owed);
        let due = self.machine.dma.due(now.max(owed));
        if self.machine.dma.is_from_wram() {
            self.machine.move_from_wram(due);
        }
        while self.machine.dma.index < due {
            let value = self.read(self.machine.dma.address(), access);
            self.machine.ppu.oam[usize::from(self.machine.dma.index)] = value;
            self.machine.dma.index += 1;
        }
        if self.machine.dma.index == dma::LENGTH {
            self.machine.dma.active = false;
        }
    }
}
