//! From an opcode to what it does, and how many clocks it takes.

use super::alu::{self, C, H, N, Z};
use super::register::{self, A, F};
use super::{Bus, Cpu};

impl Cpu {
    /// Executes the instruction at PC; gives its clocks.
    pub fn execute<B: Bus>(&mut self, bus: &mut B) -> u32 {
        let opcode = self.fetch(bus, 0);
        match opcode {
            0x00..=0x3F => self.execute_00_3f(bus, opcode),
            0x76 => self.halt(bus),
            0x46 | 0x4E | 0x56 | 0x5E | 0x66 | 0x6E => {
                self.r[usize::from(opcode >> 3 & 7)] = self.read(bus, self.hl(), 0);
                8
            }
            0x7E => {
                self.r[A] = bus.read(self.hl(), self.access(0, 4));
                8
            }
            0x70..=0x77 => {
                self.write(bus, self.hl(), self.r[usize::from(opcode & 7)], 0);
                8
            }
            0x40..=0x7F => {
                self.r[usize::from(opcode >> 3 & 7)] = self.r[usize::from(opcode & 7)];
                4
            }
            0x80..=0xBF if opcode & 7 == 6 => {
                let value = self.read(bus, self.hl(), 0);
                self.operate(opcode, value);
                8
            }
            0x80..=0xBF => {
                self.operate(opcode, self.r[usize::from(opcode & 7)]);
                4
            }
            _ => self.execute_c0_ff(bus, opcode),
        }
    }

    fn halt<B: Bus>(&mut self, bus: &mut B) -> u32 {
        self.pc = self.pc.wrapping_sub(1);
        self.halted = true;
        self.halted_during_ei = self.ei_delay == 1;
        bus.set_bail(true);
        4
    }

    fn operate(&mut self, opcode: u8, value: u8) {
        let (result, flags) = alu::operate(opcode >> 3 & 7, self.a(), value, self.flags());
        self.r[A] = result;
        self.r[F] = flags;
    }

    fn execute_00_3f<B: Bus>(&mut self, bus: &mut B, opcode: u8) -> u32 {
        match opcode & 0xF {
            0x1 => {
                let value = self.operand_word(bus);
                self.set_wide(opcode, value);
                12
            }
            0x2 => {
                let ahead = if opcode == 0x12 { 4 } else { 0 };
                bus.write(self.indirect(opcode), self.a(), self.access(0, ahead));
                self.move_hl(opcode);
                8
            }
            0xA => {
                let ahead = if opcode == 0x1A { 4 } else { 0 };
                self.r[A] = bus.read(self.indirect(opcode), self.access(0, ahead));
                self.move_hl(opcode);
                8
            }
            0x3 => {
                self.set_wide(opcode, self.wide(opcode).wrapping_add(1));
                8
            }
            0xB => {
                self.set_wide(opcode, self.wide(opcode).wrapping_sub(1));
                8
            }
            0x9 => {
                let (sum, flags) = alu::add16(self.hl(), self.wide(opcode), self.flags());
                self.set_hl(sum);
                self.r[F] = flags;
                8
            }
            0x4 | 0xC => self.modify(bus, opcode, alu::inc),
            0x5 | 0xD => self.modify(bus, opcode, alu::dec),
            0x6 | 0xE => self.load_immediate(bus, opcode),
            0x7 | 0xF => {
                self.accumulator(opcode);
                4
            }
            _ => self.execute_columns_0_8(bus, opcode),
        }
    }

    fn execute_columns_0_8<B: Bus>(&mut self, bus: &mut B, opcode: u8) -> u32 {
        match opcode {
            0x00 => 4,
            0x08 => {
                let address = self.operand_word(bus);
                let [low, high] = self.sp.to_le_bytes();
                self.write(bus, address, low, 0);
                self.write(bus, address.wrapping_add(1), high, 0);
                20
            }
            // STOP: in PyBoy an instruction of two bytes that does nothing.
            0x10 => {
                self.operand(bus);
                4
            }
            0x18 => self.jump_relative(bus, true),
            _ => self.jump_relative(bus, self.condition(opcode)),
        }
    }

    fn jump_relative<B: Bus>(&mut self, bus: &mut B, taken: bool) -> u32 {
        let offset = self.operand(bus) as i8;
        if !taken {
            return 8;
        }
        self.pc = self.pc.wrapping_add_signed(i16::from(offset));
        if offset < 0 {
            bus.jumped_back(self, 12);
        }
        12
    }

    /// INC or DEC of a register or of the byte at HL.
    fn modify<B: Bus>(&mut self, bus: &mut B, opcode: u8, how: fn(u8, u8) -> (u8, u8)) -> u32 {
        let index = usize::from(opcode >> 3 & 7);
        if index == 6 {
            let value = self.read(bus, self.hl(), 0);
            let (result, flags) = how(value, self.flags());
            self.r[F] = flags;
            self.write(bus, self.hl(), result, 4);
            return 12;
        }
        let (result, flags) = how(self.r[index], self.flags());
        self.r[F] = flags;
        self.r[index] = result;
        4
    }

    fn load_immediate<B: Bus>(&mut self, bus: &mut B, opcode: u8) -> u32 {
        let value = self.operand(bus);
        let index = usize::from(opcode >> 3 & 7);
        if index == 6 {
            self.write(bus, self.hl(), value, 4);
            return 12;
        }
        self.r[index] = value;
        8
    }

    /// Rotations of A, DAA, CPL, SCF and CCF.
    fn accumulator(&mut self, opcode: u8) {
        let (a, flags) = (self.a(), self.flags());
        let (a, flags) = match opcode >> 3 {
            operation @ 0..=3 => {
                let (result, flags) = alu::shift(operation, a, flags);
                (result, flags & C)
            }
            4 => alu::daa(a, flags),
            5 => (!a, flags | N | H),
            6 => (a, flags & Z | C),
            _ => (a, flags & Z | (flags ^ C) & C),
        };
        self.r[A] = a;
        self.r[F] = flags;
    }

    /// BC, DE, HL or SP by bits 4 and 5 of an opcode.
    fn wide(&self, opcode: u8) -> u16 {
        match opcode >> 4 & 3 {
            3 => self.sp,
            index => self.pair(usize::from(index)),
        }
    }

    fn set_wide(&mut self, opcode: u8, value: u16) {
        match opcode >> 4 & 3 {
            3 => self.sp = value,
            index => self.set_pair(usize::from(index), value),
        }
    }

    /// The address (BC), (DE), (HL+) or (HL-).
    fn indirect(&self, opcode: u8) -> u16 {
        self.pair(usize::from(opcode >> 4 & 3).min(2))
    }

    /// The step of (HL+) and (HL-).
    fn move_hl(&mut self, opcode: u8) {
        match opcode >> 4 & 3 {
            2 => self.set_hl(self.hl().wrapping_add(1)),
            3 => self.set_hl(self.hl().wrapping_sub(1)),
            _ => {}
        }
    }

    fn execute_c0_ff<B: Bus>(&mut self, bus: &mut B, opcode: u8) -> u32 {
        match opcode {
            0xC0 | 0xC8 | 0xD0 | 0xD8 => {
                if !self.condition(opcode) {
                    return 8;
                }
                self.pc = self.pop(bus, 8);
                20
            }
            0xC9 => {
                self.pc = self.pop(bus, 4);
                16
            }
            0xD9 => self.return_from_interrupt(bus),
            0xE1 => {
                self.pop_hl(bus);
                12
            }
            0xC1 | 0xD1 => {
                let value = self.pop(bus, 0);
                self.set_pair(usize::from(opcode >> 4 & 3), value);
                12
            }
            0xF1 => {
                let [a, f] = self.pop(bus, 0).to_be_bytes();
                self.r[A] = a;
                self.r[F] = f & 0xF0;
                12
            }
            0xC5 | 0xD5 | 0xE5 => {
                self.push(bus, self.pair(usize::from(opcode >> 4 & 3)), 8);
                16
            }
            0xF5 => {
                self.push(bus, u16::from_be_bytes([self.r[A], self.r[F]]), 8);
                16
            }
            0xC2 | 0xCA | 0xD2 | 0xDA => self.jump(bus, self.condition(opcode)),
            0xC3 => self.jump(bus, true),
            0xC4 | 0xCC | 0xD4 | 0xDC => self.call(bus, self.condition(opcode)),
            0xCD => self.call(bus, true),
            0xCB => self.prefixed(bus),
            _ if opcode & 7 == 6 => {
                let value = self.operand(bus);
                self.operate(opcode, value);
                8
            }
            _ if opcode & 7 == 7 => {
                self.push(bus, self.pc, 8);
                self.pc = u16::from(opcode & 0x38);
                16
            }
            _ => self.execute_e0_ff(bus, opcode),
        }
    }

    fn execute_e0_ff<B: Bus>(&mut self, bus: &mut B, opcode: u8) -> u32 {
        match opcode {
            0xE0 => {
                let address = 0xFF00 | u16::from(self.operand(bus));
                self.write(bus, address, self.a(), 4);
                12
            }
            0xF0 => {
                let address = 0xFF00 | u16::from(self.operand(bus));
                self.r[A] = self.read(bus, address, 4);
                12
            }
            0xE2 => {
                self.write(bus, 0xFF00 | u16::from(self.r[register::C]), self.a(), 0);
                8
            }
            0xF2 => {
                self.r[A] = self.read(bus, 0xFF00 | u16::from(self.r[register::C]), 0);
                8
            }
            0xEA => {
                let address = self.operand_word(bus);
                self.write(bus, address, self.a(), 8);
                16
            }
            0xFA => {
                let address = self.operand_word(bus);
                self.r[A] = self.read(bus, address, 8);
                16
            }
            0xE8 => {
                let offset = self.operand(bus);
                (self.sp, self.r[F]) = alu::add_signed(self.sp, offset);
                16
            }
            0xF8 => {
                let offset = self.operand(bus);
                let (sum, flags) = alu::add_signed(self.sp, offset);
                self.set_hl(sum);
                self.r[F] = flags;
                12
            }
            0xE9 => {
                self.pc = self.hl();
                4
            }
            0xF9 => {
                self.sp = self.hl();
                8
            }
            0xF3 => {
                self.ime = false;
                self.ei_delay = 0;
                4
            }
            0xFB => {
                if self.ei_delay == 0 {
                    self.ei_delay = 2;
                }
                4
            }
            _ => self.illegal(),
        }
    }

    /// An opcode that does not exist: the processor stays at it. (PyBoy never comes back from one.)
    fn illegal(&mut self) -> u32 {
        self.pc = self.pc.wrapping_sub(1);
        4
    }

    fn jump<B: Bus>(&mut self, bus: &mut B, taken: bool) -> u32 {
        let target = self.operand_word(bus);
        if !taken {
            return 12;
        }
        let is_back = target < self.pc;
        self.pc = target;
        if is_back {
            bus.jumped_back(self, 16);
        }
        16
    }

    fn call<B: Bus>(&mut self, bus: &mut B, taken: bool) -> u32 {
        let target = self.operand_word(bus);
        if !taken {
            return 12;
        }
        self.push(bus, self.pc, 16);
        self.pc = target;
        24
    }

    fn return_from_interrupt<B: Bus>(&mut self, bus: &mut B) -> u32 {
        self.ime = true;
        self.ei_delay = 0;
        self.pc = self.pop(bus, 4);
        bus.set_bail(bus.pending());
        16
    }
}
