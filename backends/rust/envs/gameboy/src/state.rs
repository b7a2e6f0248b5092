//! A console as bytes: STATE of references/gameboy/spec.py, in its order, little-endian, unpadded.

use samestep_core::Error;

use crate::cartridge::{Cartridge, RAM_BANK};
use crate::console::Console;
use crate::cpu::{register, Cpu};
use crate::dma;
use crate::machine::Machine;
use crate::ppu::{Ppu, Transition};
use crate::rom::Rom;
use crate::NEVER;

mod check;
mod cursor;

use cursor::{Reader, Writer};

/// Banks of cartridge RAM in a state, whatever the cartridge has.
const RAM_BANKS: usize = 16;

/// Bytes of a state.
pub const BYTES: usize = 153_708;

impl Console {
    /// Writes the state into `row`.
    ///
    /// # Panics
    /// When the row is not [`BYTES`] long.
    pub fn export(&self, row: &mut [u8]) {
        assert_eq!(row.len(), BYTES, "a row of another length");
        let mut to = Writer::new(row);
        export_cpu(&self.cpu, &self.machine, &mut to);
        export_parts(&self.machine, &mut to);
        export_ppu(&self.machine.ppu, &mut to);
        export_cartridge(&self.machine.cartridge, &mut to);
        export_memory(&self.machine, &mut to);
    }

    /// The console whose state is `row`.
    ///
    /// # Errors
    /// One line that names what no console with this ROM can have.
    pub fn import(rom: &Rom, row: &[u8]) -> Result<Console, Error> {
        if row.len() != BYTES {
            return Err(Error::new(format!(
                "the state has {} bytes; accepted: {BYTES}",
                row.len()
            )));
        }
        let mut console = Console::handed_over(rom);
        let mut from = Reader::new(row);
        import_cpu(&mut console, &mut from)?;
        import_parts(&mut console.machine, &mut from)?;
        import_ppu(&mut console.machine.ppu, &mut from)?;
        import_cartridge(&mut console.machine.cartridge, &mut from)?;
        import_memory(&mut console.machine, &mut from)?;
        check::check(&console, rom)?;
        settle(&mut console.machine);
        Ok(console)
    }
}

/// What follows from the rest of a state.
fn settle(machine: &mut Machine) {
    machine.bail = false;
    machine.watch.clean = false;
    machine.timer.synced = machine.cycles;
    machine.timer.foresee();
    machine.ppu.synced = machine.cycles;
    machine.catch_up_serial(machine.cycles);
}

fn export_cpu(cpu: &Cpu, machine: &Machine, to: &mut Writer) {
    to.u64(machine.cycles);
    for index in [
        register::A,
        register::F,
        register::B,
        register::C,
        register::D,
        register::E,
    ] {
        to.u8(cpu.r[index]);
    }
    to.u16(cpu.hl());
    to.u16(cpu.sp);
    to.u16(cpu.pc);
    to.bool(cpu.ime);
    to.u8(cpu.ei_delay);
    to.bool(cpu.halted);
    to.bool(cpu.halted_during_ei);
    to.u8(machine.interrupt_enable);
    to.u8(machine.interrupt_flag);
}

fn import_cpu(console: &mut Console, from: &mut Reader) -> Result<(), Error> {
    let Console { cpu, machine } = console;
    machine.cycles = from.u64();
    for index in [
        register::A,
        register::F,
        register::B,
        register::C,
        register::D,
        register::E,
    ] {
        cpu.r[index] = from.u8();
    }
    cpu.set_pair(2, from.u16());
    cpu.sp = from.u16();
    cpu.pc = from.u16();
    cpu.ime = from.bool("ime")?;
    cpu.ei_delay = from.at_most("ime_delay", 1)?;
    cpu.halted = from.bool("halted")?;
    cpu.halted_during_ei = from.bool("halted_during_ei")?;
    machine.interrupt_enable = from.u8();
    machine.interrupt_flag = from.at_most("interrupt_flag", 0x1F)?;
    Ok(())
}

fn export_parts(machine: &Machine, to: &mut Writer) {
    to.u16(machine.timer.div_counter);
    to.u8(machine.timer.tima);
    to.u8(machine.timer.tma);
    to.u8(machine.timer.tac);
    to.u8(machine.timer.tima_reload);
    to.u8(machine.timer.tima_reload_cycles);
    to.u8(machine.serial.control);
    to.u16(machine.serial.left(machine.cycles));
    to.u8(machine.joypad.joyp);
    to.u8(machine.joypad.directions);
    to.u8(machine.joypad.buttons);
    to.bool(machine.dma.active);
    to.u8(machine.dma.source);
    to.u8(machine.dma.index);
    to.u64(machine.dma.start);
}

fn import_parts(machine: &mut Machine, from: &mut Reader) -> Result<(), Error> {
    machine.timer.div_counter = from.u16();
    machine.timer.tima = from.u8();
    machine.timer.tma = from.u8();
    machine.timer.tac = from.at_most("tac", 7)?;
    machine.timer.tima_reload = from.at_most("tima_reload", 2)?;
    machine.timer.tima_reload_cycles = from.at_most("tima_reload_cycles", 4)?;
    machine.serial.control = from.u8();
    machine.serial.end = match from.u16() {
        0 => NEVER,
        left => machine.cycles.saturating_add(u64::from(left)),
    };
    machine.joypad.joyp = from.u8();
    machine.joypad.directions = from.at_most("directions", 0xF)?;
    machine.joypad.buttons = from.at_most("buttons", 0xF)?;
    machine.dma.active = from.bool("dma_active")?;
    machine.dma.source = from.u8();
    machine.dma.index = from.at_most("dma_index", dma::LENGTH)?;
    machine.dma.start = from.u64();
    Ok(())
}

fn export_ppu(ppu: &Ppu, to: &mut Writer) {
    let registers = [
        ppu.lcdc, ppu.stat, ppu.scy, ppu.scx, ppu.ly, ppu.lyc, ppu.bgp, ppu.obp0, ppu.obp1, ppu.wy,
        ppu.wx,
    ];
    to.bytes(&registers);
    to.u64(ppu.clock);
    to.u64(ppu.target);
    to.u8(ppu.next_mode);
    to.u8(ppu.transition as u8);
    to.bool(ppu.first_frame);
    to.bool(ppu.restart);
    to.bool(ppu.stat_line);
    to.bool(ppu.stat_mode_hidden);
    to.bool(ppu.lyc_written_off);
    to.i16(ppu.mode3_extra);
    to.bool(ppu.window_triggered);
    to.i32(ppu.window_line);
}

fn import_ppu(ppu: &mut Ppu, from: &mut Reader) -> Result<(), Error> {
    let mut registers = [0; 11];
    from.bytes(&mut registers);
    [
        ppu.lcdc, ppu.stat, ppu.scy, ppu.scx, ppu.ly, ppu.lyc, ppu.bgp, ppu.obp0, ppu.obp1, ppu.wy,
        ppu.wx,
    ] = registers;
    ppu.clock = from.u64();
    ppu.target = from.u64();
    ppu.next_mode = from.at_most("lcd_next_mode", 3)?;
    ppu.transition = match from.at_most("lcd_transition", 2)? {
        0 => Transition::Mode,
        1 => Transition::Line,
        _ => Transition::Scan,
    };
    ppu.first_frame = from.bool("lcd_first_frame")?;
    ppu.restart = from.bool("lcd_restart")?;
    ppu.stat_line = from.bool("stat_line")?;
    ppu.stat_mode_hidden = from.bool("stat_mode_hidden")?;
    ppu.lyc_written_off = from.bool("lyc_written_off")?;
    ppu.mode3_extra = from.i16();
    ppu.window_triggered = from.bool("window_triggered")?;
    ppu.window_line = from.i32();
    Ok(())
}

fn export_cartridge(cartridge: &Cartridge, to: &mut Writer) {
    to.u16(cartridge.rom_bank);
    to.u16(cartridge.rom_bank_low);
    to.u8(cartridge.ram_bank);
    to.bool(cartridge.ram_enabled);
    to.bool(cartridge.banking_mode);
    to.u8(cartridge.bank_register_low);
    to.u8(cartridge.bank_register_high);
    to.bool(cartridge.rumble);
}

fn import_cartridge(cartridge: &mut Cartridge, from: &mut Reader) -> Result<(), Error> {
    cartridge.rom_bank = from.u16();
    cartridge.rom_bank_low = from.u16();
    cartridge.ram_bank = from.u8();
    cartridge.ram_enabled = from.bool("ram_enabled")?;
    cartridge.banking_mode = from.bool("banking_mode")?;
    cartridge.bank_register_low = from.at_most("bank_register_low", 0x1F)?;
    cartridge.bank_register_high = from.at_most("bank_register_high", 3)?;
    cartridge.rumble = from.bool("rumble")?;
    Ok(())
}

fn export_memory(machine: &Machine, to: &mut Writer) {
    to.bytes(&machine.wram);
    to.bytes(&machine.ppu.vram);
    to.bytes(&machine.ppu.oam);
    to.bytes(&machine.io_unmapped);
    to.bytes(&machine.hram);
    to.bytes(&machine.cartridge.ram);
    to.zeros(RAM_BANKS * RAM_BANK - machine.cartridge.ram.len());
    let packed = to.take(machine.ppu.screen.len() / 4);
    for (byte, pixels) in packed.iter_mut().zip(machine.ppu.screen.chunks_exact(4)) {
        *byte = pixels[0] | pixels[1] << 2 | pixels[2] << 4 | pixels[3] << 6;
    }
}

fn import_memory(machine: &mut Machine, from: &mut Reader) -> Result<(), Error> {
    from.bytes(&mut machine.wram);
    from.bytes(&mut machine.ppu.vram);
    from.bytes(&mut machine.ppu.oam);
    from.bytes(&mut machine.io_unmapped);
    from.bytes(&mut machine.hram);
    from.bytes(&mut machine.cartridge.ram);
    from.zeros(
        "cart_ram",
        RAM_BANKS * RAM_BANK - machine.cartridge.ram.len(),
    )?;
    let packed = from.take(machine.ppu.screen.len() / 4);
    for (byte, pixels) in packed.iter().zip(machine.ppu.screen.chunks_exact_mut(4)) {
        pixels.copy_from_slice(&[byte & 3, byte >> 2 & 3, byte >> 4 & 3, byte >> 6]);
    }
    Ok(())
}
