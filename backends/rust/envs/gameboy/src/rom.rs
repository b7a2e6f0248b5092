//! A ROM: what its header says of the cartridge, and its bytes, shared by all consoles that run it.

use std::sync::Arc;

use samestep_core::Error;

/// Bytes of a ROM bank.
pub const BANK: usize = 0x4000;
const LOGO: std::ops::Range<usize> = 0x104..0x134;

/// What banks the cartridge's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapper {
    /// Nothing; `ram` says whether RAM can be read.
    None {
        /// The cartridge has RAM.
        ram: bool,
    },
    /// MBC1; `multicart` when it is wired for a collection of games.
    Mbc1 {
        /// The second register selects by 16 banks, not 32.
        multicart: bool,
    },
    /// MBC2, with 512 half bytes of RAM.
    Mbc2,
    /// MBC3; `clock` when it has one, `large` when more than 2 MiB of ROM or 32 KiB of RAM.
    Mbc3 {
        /// Banks 8 to 12 are the clock's registers.
        clock: bool,
        /// MBC30: eight bits of ROM bank, and eight RAM banks.
        large: bool,
    },
    /// MBC5; `rumble` when bit 3 of the RAM bank drives a motor.
    Mbc5 {
        /// It has a motor.
        rumble: bool,
    },
}

/// A ROM that was found to be one.
#[derive(Debug, Clone)]
pub struct Rom {
    bytes: Arc<[u8]>,
    mapper: Mapper,
    ram_banks: u8,
}

impl Rom {
    /// Checks the header of a ROM.
    ///
    /// # Errors
    /// One line when the file's length, the header's checksum, the cartridge's type or the size of
    /// its RAM is none that is known.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Result<Rom, Error> {
        let bytes = bytes.into();
        check_length(bytes.len())?;
        check_header(&bytes)?;
        let ram_banks = ram_banks(bytes[0x149])?;
        let mapper = mapper(&bytes, ram_banks)?;
        Ok(Rom {
            bytes,
            mapper,
            ram_banks,
        })
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of 16 KiB banks.
    pub fn banks(&self) -> usize {
        self.bytes.len() / BANK
    }

    /// Number of 8 KiB RAM banks, at least 1.
    pub fn ram_banks(&self) -> u8 {
        self.ram_banks
    }

    /// What banks the cartridge's memory.
    pub fn mapper(&self) -> Mapper {
        self.mapper
    }

    /// The logo's 48 bytes, which the boot ROM puts into video RAM.
    pub fn logo(&self) -> &[u8] {
        &self.bytes[LOGO]
    }
}

fn check_length(length: usize) -> Result<(), Error> {
    // MBC5 selects the most: nine bits.
    if length == 0 || !length.is_multiple_of(BANK) || length > 512 * BANK {
        return Err(Error::new(format!(
            "the ROM has {length} bytes; accepted: a multiple of {BANK}, up to {}",
            512 * BANK
        )));
    }
    Ok(())
}

fn check_header(bytes: &[u8]) -> Result<(), Error> {
    let sum = bytes[0x134..0x14D]
        .iter()
        .fold(0u8, |sum, &byte| sum.wrapping_sub(byte).wrapping_sub(1));
    if sum == bytes[0x14D] {
        return Ok(());
    }
    Err(Error::new(format!(
        "the ROM's header checksum is {:02X}; accepted: {sum:02X}, which its header sums to",
        bytes[0x14D]
    )))
}

fn ram_banks(code: u8) -> Result<u8, Error> {
    match code {
        0..=2 => Ok(1),
        3 => Ok(4),
        4 => Ok(16),
        5 => Ok(8),
        _ => Err(Error::new(format!(
            "the ROM's header has RAM size {code:02X}; accepted: 00 to 05"
        ))),
    }
}

fn mapper(bytes: &[u8], ram_banks: u8) -> Result<Mapper, Error> {
    let code = bytes[0x147];
    let large = ram_banks > 4 || bytes.len() > 128 * BANK;
    match code {
        0x00 => Ok(Mapper::None { ram: false }),
        0x08 | 0x09 => Ok(Mapper::None { ram: true }),
        0x01..=0x03 => Ok(Mapper::Mbc1 {
            multicart: is_multicart(bytes),
        }),
        0x05 | 0x06 => Ok(Mapper::Mbc2),
        0x0F | 0x10 => Ok(Mapper::Mbc3 { clock: true, large }),
        0x11..=0x13 => Ok(Mapper::Mbc3 {
            clock: false,
            large,
        }),
        0x19..=0x1B => Ok(Mapper::Mbc5 { rumble: false }),
        0x1C..=0x1E => Ok(Mapper::Mbc5 { rumble: true }),
        _ => Err(Error::new(format!(
            "the ROM's header has cartridge type {code:02X}; \
             accepted: 00-03, 05, 06, 08, 09, 0F-13, 19-1E"
        ))),
    }
}

/// 64 banks, and the logo at the start of each.
fn is_multicart(bytes: &[u8]) -> bool {
    bytes.len() == 64 * BANK && bytes.chunks(BANK).all(|bank| bank[LOGO] == bytes[LOGO])
}
