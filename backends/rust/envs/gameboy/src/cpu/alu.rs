//! Arithmetic and logic of the SM83: each function gives its result and the flags it leaves.

/// The result was zero.
pub const Z: u8 = 0x80;
/// The last operation subtracted.
pub const N: u8 = 0x40;
/// A carry out of bit 3 (bit 11 in 16-bit sums).
pub const H: u8 = 0x20;
/// A carry out of the top bit.
pub const C: u8 = 0x10;

fn flag(condition: bool, bit: u8) -> u8 {
    if condition {
        bit
    } else {
        0
    }
}

fn zero(value: u8) -> u8 {
    flag(value == 0, Z)
}

/// `a + b + carry`, where `carry` is 0 or 1.
pub fn add(a: u8, b: u8, carry: u8) -> (u8, u8) {
    let sum = u16::from(a) + u16::from(b) + u16::from(carry);
    let half = (a & 0xF) + (b & 0xF) + carry > 0xF;
    let result = sum as u8;
    (result, zero(result) | flag(half, H) | flag(sum > 0xFF, C))
}

/// `a - b - carry`, where `carry` is 0 or 1.
pub fn sub(a: u8, b: u8, carry: u8) -> (u8, u8) {
    let half = a & 0xF < (b & 0xF) + carry;
    let borrow = u16::from(a) < u16::from(b) + u16::from(carry);
    let result = a.wrapping_sub(b).wrapping_sub(carry);
    (result, zero(result) | N | flag(half, H) | flag(borrow, C))
}

/// The eight operations of opcodes 80-BF and their immediate forms, by bits 3 to 5 of the opcode:
/// ADD, ADC, SUB, SBC, AND, XOR, OR, CP. CP gives `a` back.
pub fn operate(operation: u8, a: u8, b: u8, flags: u8) -> (u8, u8) {
    let carry = (flags & C) >> 4;
    match operation {
        0 => add(a, b, 0),
        1 => add(a, b, carry),
        2 => sub(a, b, 0),
        3 => sub(a, b, carry),
        4 => (a & b, zero(a & b) | H),
        5 => (a ^ b, zero(a ^ b)),
        6 => (a | b, zero(a | b)),
        _ => (a, sub(a, b, 0).1),
    }
}

/// `value + 1`; the carry stays.
pub fn inc(value: u8, flags: u8) -> (u8, u8) {
    let result = value.wrapping_add(1);
    (
        result,
        zero(result) | flag(result & 0xF == 0, H) | flags & C,
    )
}

/// `value - 1`; the carry stays.
pub fn dec(value: u8, flags: u8) -> (u8, u8) {
    let result = value.wrapping_sub(1);
    (
        result,
        zero(result) | N | flag(result & 0xF == 0xF, H) | flags & C,
    )
}

/// ADD HL,rr: zero stays.
pub fn add16(a: u16, b: u16, flags: u8) -> (u16, u8) {
    let half = (a & 0xFFF) + (b & 0xFFF) > 0xFFF;
    let (result, carry) = a.overflowing_add(b);
    (result, flags & Z | flag(half, H) | flag(carry, C))
}

/// SP plus a signed byte: half carry and carry are those of the low bytes.
pub fn add_signed(sp: u16, offset: u8) -> (u16, u8) {
    let half = (sp & 0xF) + u16::from(offset & 0xF) > 0xF;
    let carry = (sp & 0xFF) + u16::from(offset) > 0xFF;
    (
        sp.wrapping_add_signed(i16::from(offset as i8)),
        flag(half, H) | flag(carry, C),
    )
}

/// DAA: makes the sum or difference of two BCD bytes BCD again.
pub fn daa(a: u8, flags: u8) -> (u8, u8) {
    let subtracted = flags & N != 0;
    let mut carry = flags & C != 0;
    let mut correction = 0;
    if flags & H != 0 || (!subtracted && a & 0xF > 9) {
        correction = 0x06;
    }
    if carry || (!subtracted && a > 0x99) {
        correction |= 0x60;
        carry = true;
    }
    let result = if subtracted {
        a.wrapping_sub(correction)
    } else {
        a.wrapping_add(correction)
    };
    (result, zero(result) | flags & N | flag(carry, C))
}

/// The eight operations of opcodes CB 00-3F, by bits 3 to 5: RLC, RRC, RL, RR, SLA, SRA, SWAP, SRL.
pub fn shift(operation: u8, value: u8, flags: u8) -> (u8, u8) {
    let carry = (flags & C) >> 4;
    let (result, out) = match operation {
        0 => (value.rotate_left(1), value >> 7),
        1 => (value.rotate_right(1), value & 1),
        2 => (value << 1 | carry, value >> 7),
        3 => (value >> 1 | carry << 7, value & 1),
        4 => (value << 1, value >> 7),
        5 => (value >> 1 | value & 0x80, value & 1),
        6 => (value.rotate_left(4), 0),
        _ => (value >> 1, value & 1),
    };
    (result, zero(result) | out << 4)
}

/// BIT: zero if the bit is clear; the carry stays.
pub fn bit(index: u8, value: u8, flags: u8) -> u8 {
    flag(value >> index & 1 == 0, Z) | H | flags & C
}
