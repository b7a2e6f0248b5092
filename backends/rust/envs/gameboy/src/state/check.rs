//! What no console can have: each check is a line that says what is accepted.

use samestep_core::Error;

use crate::console::Console;
use crate::cpu::register;
use crate::machine::Machine;
use crate::ppu::{Ppu, Transition, FRAME};
use crate::rom::{Mapper, Rom};

/// More than any console runs.
const MOST_CYCLES: u64 = 1 << 62;
/// Clocks by which the picture's clock can stand before 0, or before the transition it waits for.
const SLACK: u64 = 64;

fn require(holds: bool, line: impl FnOnce() -> String) -> Result<(), Error> {
    if holds {
        return Ok(());
    }
    Err(Error::new(line()))
}

/// Refuses a console that cannot be.
pub fn check(console: &Console, rom: &Rom) -> Result<(), Error> {
    let flags = console.cpu.r[register::F];
    require(flags & 0xF == 0, || {
        format!("f is {flags}; its low nibble is 0")
    })?;
    check_times(&console.machine)?;
    check_ppu(&console.machine.ppu)?;
    check_cartridge(&console.machine, rom)
}

fn check_times(machine: &Machine) -> Result<(), Error> {
    let Machine {
        cycles,
        timer,
        serial,
        dma,
        ..
    } = machine;
    require(*cycles < MOST_CYCLES, || {
        format!("cycles is {cycles}; it can be below {MOST_CYCLES}")
    })?;
    let (phase, left) = (timer.tima_reload, timer.tima_reload_cycles);
    require((phase == 0) == (left == 0), || {
        "tima_reload and tima_reload_cycles are 0 together".into()
    })?;
    let left = serial.left(*cycles);
    let under_way = serial.control & 0x81 == 0x81;
    require(under_way == (left != 0) && left <= 1024, || {
        format!("serial_cycles is {left}; it can be 1 to 1024 in a transfer by our clock, else 0")
    })?;
    require(dma.start <= cycles + 12, || {
        format!(
            "dma_start is {}; it can be up to 12 after cycles",
            dma.start
        )
    })
}

fn check_ppu(ppu: &Ppu) -> Result<(), Error> {
    require(ppu.stat & 0x80 != 0, || {
        format!("stat is {}; it can be 128 to 255", ppu.stat)
    })?;
    let last = if ppu.is_on() { 153 } else { 0 };
    require(ppu.ly <= last, || {
        format!(
            "ly is {}; it can be 0 to 153, and 0 with the LCD off",
            ppu.ly
        )
    })?;
    let clock = ppu.clock.wrapping_add(SLACK);
    require(clock <= 2 * FRAME, || {
        format!("lcd_clock is {}; it lies within a frame", ppu.clock)
    })?;
    require(ppu.target <= 2 * FRAME, || {
        format!("lcd_target is {}; it lies within a frame", ppu.target)
    })?;
    require((-4..=111).contains(&ppu.mode3_extra), || {
        format!("mode3_extra is {}; it can be -4 to 111", ppu.mode3_extra)
    })?;
    require(ppu.window_line >= -1, || {
        format!(
            "window_line is {}; it can be -1 to 2147483647",
            ppu.window_line
        )
    })?;
    check_transition(ppu)
}

/// The next transition has to fit the line.
fn check_transition(ppu: &Ppu) -> Result<(), Error> {
    if !ppu.is_on() || ppu.restart {
        return Ok(());
    }
    let fits = match (ppu.transition, ppu.next_mode) {
        (Transition::Line, _) => ppu.ly <= 142,
        (Transition::Scan, _) | (Transition::Mode, 0 | 3) => ppu.ly <= 143,
        (Transition::Mode, 1) => ppu.ly >= 143,
        // Mode 2 is entered by `Scan`.
        (Transition::Mode, _) => false,
    };
    require(fits, || {
        format!(
            "lcd_next_mode is {} with lcd_transition {} in line {}; they follow from the line",
            ppu.next_mode, ppu.transition as u8, ppu.ly
        )
    })
}

fn check_cartridge(machine: &Machine, rom: &Rom) -> Result<(), Error> {
    let cartridge = &machine.cartridge;
    // Bank 1 is selected at first, even where there is none.
    let banks = rom.banks().max(2);
    for (name, bank) in [
        ("rom_bank", cartridge.rom_bank),
        ("rom_bank_low", cartridge.rom_bank_low),
    ] {
        require(usize::from(bank) < banks, || {
            format!("{name} is {bank}; it can be 0 to {}", banks - 1)
        })?;
    }
    let bank = cartridge.ram_bank;
    let most = rom.ram_banks() - 1;
    let is_known = match rom.mapper() {
        Mapper::None { .. } | Mapper::Mbc2 => bank == 0,
        Mapper::Mbc1 { .. } => bank <= 3,
        Mapper::Mbc3 { .. } => bank <= most || (8..=12).contains(&bank),
        Mapper::Mbc5 { .. } => bank <= most,
    };
    require(is_known, || {
        format!("ram_bank is {bank}; it is one that the cartridge has")
    })
}
