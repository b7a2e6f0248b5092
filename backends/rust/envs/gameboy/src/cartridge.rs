//! The cartridge's bank registers and RAM.

use crate::rom::{Mapper, Rom, BANK};

/// Bytes of a RAM bank.
pub const RAM_BANK: usize = 0x2000;

/// What changes in a cartridge. The clock of an MBC3 is locked: its registers read 0.
#[derive(Debug)]
pub struct Cartridge {
    /// The ROM bank at 4000.
    pub rom_bank: u16,
    /// The ROM bank at 0000.
    pub rom_bank_low: u16,
    /// The RAM bank; in an MBC3 8 to 12 are the clock's registers.
    pub ram_bank: u8,
    /// RAM can be reached.
    pub ram_enabled: bool,
    /// MBC1: the second register also banks RAM and the ROM at 0000.
    pub banking_mode: bool,
    /// MBC1: the register at 2000.
    pub bank_register_low: u8,
    /// MBC1: the register at 4000.
    pub bank_register_high: u8,
    /// MBC5: the motor runs.
    pub rumble: bool,
    /// RAM, all banks.
    pub ram: Vec<u8>,
}

impl Clone for Cartridge {
    fn clone(&self) -> Cartridge {
        Cartridge {
            ram: self.ram.clone(),
            rom_bank: self.rom_bank,
            rom_bank_low: self.rom_bank_low,
            ram_bank: self.ram_bank,
            ram_enabled: self.ram_enabled,
            banking_mode: self.banking_mode,
            bank_register_low: self.bank_register_low,
            bank_register_high: self.bank_register_high,
            rumble: self.rumble,
        }
    }

    fn clone_from(&mut self, other: &Cartridge) {
        let mut ram = std::mem::take(&mut self.ram);
        ram.clone_from(&other.ram);
        *self = Cartridge {
            ram,
            rom_bank: other.rom_bank,
            rom_bank_low: other.rom_bank_low,
            ram_bank: other.ram_bank,
            ram_enabled: other.ram_enabled,
            banking_mode: other.banking_mode,
            bank_register_low: other.bank_register_low,
            bank_register_high: other.bank_register_high,
            rumble: other.rumble,
        };
    }
}

impl Cartridge {
    /// As it is at power on.
    pub fn new(rom: &Rom) -> Cartridge {
        Cartridge {
            rom_bank: 1,
            rom_bank_low: 0,
            ram_bank: 0,
            ram_enabled: matches!(rom.mapper(), Mapper::None { ram: true }),
            banking_mode: false,
            bank_register_low: u8::from(matches!(rom.mapper(), Mapper::Mbc1 { .. })),
            bank_register_high: 0,
            rumble: false,
            ram: vec![0; usize::from(rom.ram_banks()) * RAM_BANK],
        }
    }

    /// Where in the ROM the byte at `address`, 0000 to 7FFF, is.
    pub fn rom_offset(&self, address: u16) -> usize {
        let bank = if address < 0x4000 {
            self.rom_bank_low
        } else {
            self.rom_bank
        };
        usize::from(bank) * BANK + usize::from(address & 0x3FFF)
    }

    /// Reads A000 to BFFF.
    pub fn read_ram(&mut self, rom: &Rom, address: u16) -> u8 {
        if !self.ram_enabled {
            return 0xFF;
        }
        match rom.mapper() {
            Mapper::None { .. } => self.ram[ram_offset(0, address)],
            Mapper::Mbc1 { .. } => {
                self.ram_bank = self.mbc1_ram_bank() % rom.ram_banks();
                self.ram[ram_offset(self.ram_bank, address)]
            }
            Mapper::Mbc2 => self.ram[usize::from(address & 0x1FF)] | 0xF0,
            Mapper::Mbc3 { clock: true, .. } if self.ram_bank >= 8 => 0,
            // Banks that no size of RAM reaches hold zeros.
            Mapper::Mbc3 { .. } => self
                .ram
                .get(ram_offset(self.ram_bank, address))
                .copied()
                .unwrap_or(0),
            Mapper::Mbc5 { .. } => self.ram[ram_offset(self.ram_bank, address)],
        }
    }

    /// Writes A000 to BFFF.
    pub fn write_ram(&mut self, rom: &Rom, address: u16, value: u8) {
        match rom.mapper() {
            // Without RAM what is written can never be read, but it is kept.
            Mapper::None { .. } => self.ram[ram_offset(0, address)] = value,
            Mapper::Mbc1 { .. } => {
                if self.ram_enabled {
                    self.ram_bank = self.mbc1_ram_bank();
                    self.ram[ram_offset(self.ram_bank % rom.ram_banks(), address)] = value;
                }
                self.select_mbc1(rom);
            }
            _ if !self.ram_enabled => {}
            Mapper::Mbc2 => self.ram[usize::from(address & 0x1FF)] = value | 0xF0,
            Mapper::Mbc3 { large, .. } => {
                if self.ram_bank <= if large { 7 } else { 3 } {
                    self.ram[ram_offset(self.ram_bank, address)] = value;
                }
            }
            Mapper::Mbc5 { .. } => self.ram[ram_offset(self.ram_bank, address)] = value,
        }
    }

    /// Writes 0000 to 7FFF: the bank registers.
    pub fn write_register(&mut self, rom: &Rom, address: u16, value: u8) {
        match rom.mapper() {
            Mapper::None { .. } => {
                if address >> 13 == 1 {
                    self.rom_bank = u16::from(value.max(1) & 1);
                }
            }
            Mapper::Mbc1 { .. } => self.write_mbc1(rom, address, value),
            Mapper::Mbc2 => self.write_mbc2(rom, address, value & 0xF),
            Mapper::Mbc3 { large, .. } => self.write_mbc3(rom, large, address, value),
            Mapper::Mbc5 { rumble } => self.write_mbc5(rom, rumble, address, value),
        }
    }

    fn write_mbc1(&mut self, rom: &Rom, address: u16, value: u8) {
        match address >> 13 {
            0 => self.ram_enabled = value & 0xF == 0xA,
            1 => self.bank_register_low = (value & 0x1F).max(1),
            2 => self.bank_register_high = value & 3,
            _ => self.banking_mode = value & 1 != 0,
        }
        self.select_mbc1(rom);
    }

    fn select_mbc1(&mut self, rom: &Rom) {
        let multicart = matches!(rom.mapper(), Mapper::Mbc1 { multicart: true });
        let (shift, mask) = if multicart { (4, 0xF) } else { (5, 0x1F) };
        let high = u16::from(self.bank_register_high) << shift;
        self.rom_bank_low = wrap(if self.banking_mode { high } else { 0 }, rom);
        self.rom_bank = wrap(high | u16::from(self.bank_register_low & mask), rom);
    }

    fn mbc1_ram_bank(&self) -> u8 {
        if self.banking_mode {
            self.bank_register_high
        } else {
            0
        }
    }

    fn write_mbc2(&mut self, rom: &Rom, address: u16, value: u8) {
        if address >= 0x4000 {
            return;
        }
        if address & 0x100 == 0 {
            self.ram_enabled = value == 0xA;
        } else {
            self.rom_bank = wrap(u16::from(value.max(1)), rom);
        }
    }

    fn write_mbc3(&mut self, rom: &Rom, large: bool, address: u16, value: u8) {
        match address >> 13 {
            0 => self.ram_enabled = value & 0xF == 0xA,
            1 => {
                let bank = if large { value } else { value & 0x7F };
                self.rom_bank = wrap(u16::from(bank.max(1)), rom);
            }
            2 if (8..=12).contains(&value) => self.ram_bank = value,
            2 => self.ram_bank = value % rom.ram_banks(),
            // Latching a clock that is locked shows nothing.
            _ => {}
        }
    }

    fn write_mbc5(&mut self, rom: &Rom, rumble: bool, address: u16, value: u8) {
        match address >> 12 {
            0 | 1 => self.ram_enabled = value == 0xA,
            2 => self.rom_bank = wrap(self.rom_bank & 0x100 | u16::from(value), rom),
            3 => self.rom_bank = wrap(u16::from(value & 1) << 8 | self.rom_bank & 0xFF, rom),
            4 | 5 => {
                self.ram_bank = (value & 0xF) % rom.ram_banks();
                self.rumble = rumble && value & 8 != 0;
            }
            _ => {}
        }
    }
}

fn ram_offset(bank: u8, address: u16) -> usize {
    usize::from(bank) * RAM_BANK + usize::from(address & 0x1FFF)
}

fn wrap(bank: u16, rom: &Rom) -> u16 {
    // At most 512 banks.
    bank % rom.banks() as u16
}
