//! A Game Boy: the processor, what it is wired to, and the frame.

use crate::boot;
use crate::bus::{Wired, OUTSIDE};
use crate::cpu::{Bus, Cpu};
use crate::joypad::Button;
use crate::machine::{Machine, JOYPAD};
use crate::ppu::{COLUMNS, LINES};
use crate::rom::Rom;

/// A console. All that it is stands in here, but for the ROM, which is handed in with each call:
/// always the same.
#[derive(Debug)]
pub struct Console {
    pub(crate) cpu: Cpu,
    pub(crate) machine: Machine,
}

impl Clone for Console {
    fn clone(&self) -> Console {
        Console {
            cpu: self.cpu.clone(),
            machine: self.machine.clone(),
        }
    }

    /// Allocates nothing when both have the same cartridge.
    fn clone_from(&mut self, other: &Console) {
        self.cpu.clone_from(&other.cpu);
        self.machine.clone_from(&other.machine);
    }
}

impl Console {
    /// A console as PyBoy's boot ROM leaves it, at the end of that frame.
    pub fn new(rom: &Rom) -> Console {
        boot::console(rom)
    }

    /// Runs a frame, and draws it if `render`. A frame ends where LY wraps from 153 to 0, or where
    /// the LCD is switched on or off, and then with the instruction under way.
    pub fn frame(&mut self, rom: &Rom, render: bool) {
        self.machine.ppu.drawing = render;
        self.machine.ppu.done = false;
        self.machine.watch.clean = false;
        while !self.machine.ppu.done {
            self.round(rom);
        }
    }

    /// Presses a button. Pressing one that is held does nothing.
    pub fn press(&mut self, button: Button) {
        if self.machine.joypad.press(button) {
            self.machine.interrupt_flag |= JOYPAD;
        }
    }

    /// Lets a button go.
    pub fn release(&mut self, button: Button) {
        self.machine.joypad.release(button);
    }

    /// Reads the byte at `address` as the program would now.
    pub fn read(&mut self, rom: &Rom, address: u16) -> u8 {
        Wired {
            machine: &mut self.machine,
            rom,
        }
        .read(address, OUTSIDE)
    }

    /// Writes the byte at `address` as the program would now.
    pub fn write(&mut self, rom: &Rom, address: u16, value: u8) {
        Wired {
            machine: &mut self.machine,
            rom,
        }
        .write(address, value, OUTSIDE);
    }

    /// What was drawn last: shades from 0, the lightest, to 3, line by line.
    pub fn shades(&self) -> &[u8; COLUMNS * LINES] {
        &self.machine.ppu.screen
    }

    /// Cycles of the 4 MiHz clock since power on.
    pub fn cycles(&self) -> u64 {
        self.machine.cycles
    }

    /// The processor's registers.
    pub fn cpu(&self) -> &Cpu {
        &self.cpu
    }

    /// Runs the processor to the next event, and catches the other parts up with it.
    fn round(&mut self, rom: &Rom) {
        let target = self.machine.until_event();
        let end = self.machine.cycles + target;
        let mut bus = Wired {
            machine: &mut self.machine,
            rom,
        };
        interrupt(&mut self.cpu, &mut bus);
        if self.cpu.halted {
            bus.machine.sleep(target);
        } else {
            bus.machine.end = end;
            run(&mut self.cpu, &mut bus);
        }
        bus.sync_dma(OUTSIDE);
        self.machine.catch_up();
    }
}

/// Runs instructions until the next event, or until one asks to look at interrupts.
fn run(cpu: &mut Cpu, bus: &mut Wired) {
    bus.machine.bail = false;
    while bus.machine.cycles < bus.machine.end && !bus.machine.bail {
        let cycles = cpu.execute(bus);
        bus.machine.cycles += u64::from(cycles);
        if cpu.ei_delay != 0 {
            cpu.count_ei(bus);
        }
    }
}

/// Wakes the processor if an interrupt is pending, and takes it if it may.
fn interrupt(cpu: &mut Cpu, bus: &mut Wired) {
    if cpu.ei_delay != 0 || !bus.pending() {
        return;
    }
    if cpu.halted && !cpu.halted_during_ei {
        cpu.pc = cpu.pc.wrapping_add(1);
    }
    cpu.halted = false;
    cpu.halted_during_ei = false;
    if cpu.ime {
        dispatch(cpu, bus);
    }
}

/// Jumps to the handler of the pending interrupt that comes first. Which one that is, and whether
/// there still is one, is seen after the push of PC's high byte, which may hit IE.
fn dispatch(cpu: &mut Cpu, bus: &mut Wired) {
    cpu.ime = false;
    let [high, low] = cpu.pc.to_be_bytes();
    cpu.write(bus, cpu.sp.wrapping_sub(1), high, 0);
    let pending = bus.machine.pending();
    if pending == 0 {
        cpu.pc = 0;
        return;
    }
    let number = pending.trailing_zeros() as u16;
    bus.machine.interrupt_flag &= !(1 << number);
    cpu.write(bus, cpu.sp.wrapping_sub(2), low, 0);
    cpu.sp = cpu.sp.wrapping_sub(2);
    cpu.pc = 0x40 + 8 * number;
    bus.machine.cycles += 20;
}
