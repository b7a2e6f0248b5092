//! The SM83: registers, and one instruction at a time.
//!
//! Clock counts are PyBoy's: it fetches an instruction without letting time pass, and makes each
//! access to data at a fixed count inside the instruction.

pub mod alu;
mod decode;
mod prefixed;

/// When an access is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Clocks since the instruction began.
    pub at: u32,
    /// Clocks by which the access looks ahead of that; only then are video RAM and OAM locked.
    pub ahead: u32,
    /// HL at that time: an access to OAM in a DMA depends on it.
    pub hl: u16,
}

/// What the processor is wired to.
pub trait Bus {
    /// The byte at `address`.
    fn read(&mut self, address: u16, access: Access) -> u8;
    /// Stores a byte.
    fn write(&mut self, address: u16, value: u8, access: Access);
    /// The byte at `address`, as part of an instruction. `access.ahead` is 4 times its index there.
    fn fetch(&mut self, address: u16, access: Access) -> u8;
    /// An interrupt is both asked for and enabled.
    fn pending(&self) -> bool;
    /// Whether interrupts are looked at after this instruction.
    fn set_bail(&mut self, bail: bool);
    /// The processor has jumped back, with an instruction of `length` clocks that are still to be
    /// counted. One that waits may be moved on by whole rounds of its loop.
    fn jumped_back(&mut self, _cpu: &mut Cpu, _length: u32) {}
}

/// Where each register stands in [`Cpu::r`]: an opcode's numbering, with F in the place of (HL).
pub mod register {
    #![allow(missing_docs)]
    pub const B: usize = 0;
    pub const C: usize = 1;
    pub const D: usize = 2;
    pub const E: usize = 3;
    pub const H: usize = 4;
    pub const L: usize = 5;
    pub const F: usize = 6;
    pub const A: usize = 7;
}
use register::{A, F, H, L};

/// The processor's state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cpu {
    /// B, C, D, E, H, L, F, A.
    pub r: [u8; 8],
    /// Stack pointer.
    pub sp: u16,
    /// Program counter. While halted it points at the HALT.
    pub pc: u16,
    /// Interrupts are taken.
    pub ime: bool,
    /// Ends of instructions until EI takes effect: 2 from EI, 0 when none is under way.
    pub ei_delay: u8,
    /// HALT: nothing runs until an interrupt is asked for.
    pub halted: bool,
    /// The HALT came right behind an EI: waking does not step over it.
    pub halted_during_ei: bool,
}

impl Cpu {
    /// A pair by its number in opcodes: BC, DE, HL.
    pub fn pair(&self, index: usize) -> u16 {
        u16::from_be_bytes([self.r[(2 * index) & 7], self.r[(2 * index + 1) & 7]])
    }

    /// Sets BC, DE or HL.
    pub fn set_pair(&mut self, index: usize, value: u16) {
        let [high, low] = value.to_be_bytes();
        self.r[(2 * index) & 7] = high;
        self.r[(2 * index + 1) & 7] = low;
    }

    /// HL.
    pub fn hl(&self) -> u16 {
        u16::from_be_bytes([self.r[H], self.r[L]])
    }

    /// The end of an instruction while EI is under way.
    pub fn count_ei<B: Bus>(&mut self, bus: &mut B) {
        self.ei_delay -= 1;
        if self.ei_delay == 0 {
            self.ime = true;
            bus.set_bail(bus.pending());
        }
    }

    fn set_hl(&mut self, value: u16) {
        self.set_pair(2, value);
    }

    fn a(&self) -> u8 {
        self.r[A]
    }

    fn flags(&self) -> u8 {
        self.r[F]
    }

    /// NZ, Z, NC, C by bits 3 and 4 of an opcode.
    fn condition(&self, opcode: u8) -> bool {
        let bit = if opcode & 0x10 == 0 { alu::Z } else { alu::C };
        (self.r[F] & bit != 0) == (opcode & 0x08 != 0)
    }

    fn access(&self, at: u32, ahead: u32) -> Access {
        Access {
            at,
            ahead,
            hl: self.hl(),
        }
    }

    #[inline(always)]
    fn fetch<B: Bus>(&mut self, bus: &mut B, index: u32) -> u8 {
        let byte = bus.fetch(self.pc, self.access(0, 4 * index));
        self.pc = self.pc.wrapping_add(1);
        byte
    }

    /// The instruction's second byte.
    fn operand<B: Bus>(&mut self, bus: &mut B) -> u8 {
        self.fetch(bus, 1)
    }

    /// The instruction's second and third byte.
    fn operand_word<B: Bus>(&mut self, bus: &mut B) -> u16 {
        let low = self.fetch(bus, 1);
        u16::from_le_bytes([low, self.fetch(bus, 2)])
    }

    pub(crate) fn read<B: Bus>(&self, bus: &mut B, address: u16, at: u32) -> u8 {
        bus.read(address, self.access(at, 0))
    }

    pub(crate) fn write<B: Bus>(&self, bus: &mut B, address: u16, value: u8, at: u32) {
        bus.write(address, value, self.access(at, 0));
    }

    /// The first byte at `at`, the second four clocks later.
    fn push<B: Bus>(&mut self, bus: &mut B, value: u16, at: u32) {
        let [high, low] = value.to_be_bytes();
        self.write(bus, self.sp.wrapping_sub(1), high, at);
        self.write(bus, self.sp.wrapping_sub(2), low, at + 4);
        self.sp = self.sp.wrapping_sub(2);
    }

    fn pop<B: Bus>(&mut self, bus: &mut B, at: u32) -> u16 {
        let low = self.read(bus, self.sp, at);
        let high = self.read(bus, self.sp.wrapping_add(1), at + 4);
        self.sp = self.sp.wrapping_add(2);
        u16::from_le_bytes([low, high])
    }

    /// The second read already sees the new L, and no H, in the place of HL.
    fn pop_hl<B: Bus>(&mut self, bus: &mut B) {
        let low = self.read(bus, self.sp, 0);
        self.set_hl(u16::from(low));
        self.r[H] = self.read(bus, self.sp.wrapping_add(1), 4);
        self.sp = self.sp.wrapping_add(2);
    }
}
