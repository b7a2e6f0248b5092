//! Instructions behind the prefix CB.

use super::alu;
use super::register::F;
use super::{Bus, Cpu};

impl Cpu {
    /// Executes the instruction whose prefix was fetched; gives its clocks.
    pub(super) fn prefixed<B: Bus>(&mut self, bus: &mut B) -> u32 {
        let opcode = self.operand(bus);
        let index = usize::from(opcode & 7);
        if index == 6 {
            return self.prefixed_at_hl(bus, opcode);
        }
        if let Some(result) = self.change_bits(opcode, self.r[index]) {
            self.r[index] = result;
        }
        8
    }

    fn prefixed_at_hl<B: Bus>(&mut self, bus: &mut B, opcode: u8) -> u32 {
        let value = self.read(bus, self.hl(), 4);
        match self.change_bits(opcode, value) {
            Some(result) => {
                self.write(bus, self.hl(), result, 8);
                16
            }
            None => 12,
        }
    }

    /// What the instruction makes of `value`; BIT makes nothing. Sets the flags.
    fn change_bits(&mut self, opcode: u8, value: u8) -> Option<u8> {
        let number = opcode >> 3 & 7;
        match opcode >> 6 {
            0 => {
                let (result, flags) = alu::shift(number, value, self.flags());
                self.r[F] = flags;
                Some(result)
            }
            1 => {
                self.r[F] = alu::bit(number, value, self.flags());
                None
            }
            2 => Some(value & !(1 << number)),
            _ => Some(value | 1 << number),
        }
    }
}
