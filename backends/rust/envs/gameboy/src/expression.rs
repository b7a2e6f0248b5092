//! Expressions over RAM: what a definition's reward, termination and features are written in.
//!
//! Integers of 64 bits that wrap around; true is 1. An expression is compiled to a list of
//! operations on a stack, so that evaluating it neither allocates nor recurses.

use crate::console::Console;
use samestep_core::Error;

mod lexer;
mod parser;

/// Values that an expression may hold at once.
const STACK: usize = 64;
/// `before(...)` in an expression at most.
pub const BEFORES: usize = 32;

/// Memory that expressions can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Memory {
    /// 8000-9FFF.
    Video,
    /// A000-BFFF: bank 0 of the cartridge's RAM, enabled or not.
    Cartridge,
    /// C000-DFFF.
    Work,
    /// FE00-FEFF.
    Sprites,
    /// FF80-FFFE.
    High,
}

/// Bytes next to one another in one memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    memory: Memory,
    offset: u16,
    bytes: u16,
}

impl Place {
    fn of(self, console: &Console) -> &[u8] {
        let machine = &console.machine;
        let memory: &[u8] = match self.memory {
            Memory::Video => &machine.ppu.vram[..],
            Memory::Cartridge => &machine.cartridge.ram[..],
            Memory::Work => &machine.wram[..],
            Memory::Sprites => &machine.ppu.oam[..],
            Memory::High => &machine.hram[..],
        };
        &memory[usize::from(self.offset)..usize::from(self.offset + self.bytes)]
    }
}

/// What is made of the bytes at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// A number, its low byte first.
    Little,
    /// A number, its high byte first.
    Big,
    /// Two decimal digits a byte, the highest first.
    Decimal,
    /// One bit of a byte.
    Bit(u8),
    /// Bytes that are not 0.
    CountNonzero,
    /// Bits that are set.
    CountBits,
    /// The largest byte.
    Max,
    /// All bytes added up.
    Sum,
}

impl Reading {
    fn of(self, bytes: &[u8]) -> i64 {
        let each = || bytes.iter().map(|&byte| i64::from(byte));
        match self {
            Reading::Little => each().rev().fold(0, |all, byte| all << 8 | byte),
            Reading::Big => each().fold(0, |all, byte| all << 8 | byte),
            Reading::Decimal => {
                each().fold(0, |all, byte| all * 100 + (byte >> 4) * 10 + byte % 16)
            }
            Reading::Bit(number) => i64::from(bytes[0] >> number & 1),
            Reading::CountNonzero => each().filter(|&byte| byte != 0).count() as i64,
            Reading::CountBits => bytes.iter().map(|byte| i64::from(byte.count_ones())).sum(),
            Reading::Max => each().max().unwrap_or(0),
            Reading::Sum => each().sum(),
        }
    }
}

/// What takes two values off the stack and puts one on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Two {
    Add,
    Subtract,
    Multiply,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    Min,
    Max,
}

impl Two {
    fn of(self, a: i64, b: i64) -> i64 {
        match self {
            Two::Add => a.wrapping_add(b),
            Two::Subtract => a.wrapping_sub(b),
            Two::Multiply => a.wrapping_mul(b),
            Two::Equal => i64::from(a == b),
            Two::NotEqual => i64::from(a != b),
            Two::Less => i64::from(a < b),
            Two::LessOrEqual => i64::from(a <= b),
            Two::Greater => i64::from(a > b),
            Two::GreaterOrEqual => i64::from(a >= b),
            Two::And => i64::from(a != 0 && b != 0),
            Two::Or => i64::from(a != 0 || b != 0),
            Two::Min => a.min(b),
            Two::Max => a.max(b),
        }
    }
}

/// One operation on the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Constant(i64),
    Read(Reading, Place),
    /// What the `before(...)` of this number was when the step began.
    Before(u8),
    Negate,
    Not,
    Two(Two),
}

/// A compiled expression.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expression {
    ops: Vec<Op>,
    befores: Vec<Vec<Op>>,
}

/// What an expression's `before(...)` were when a step began.
pub type Befores = [i64; BEFORES];

impl Expression {
    /// Compiles `text`; `stepped` says whether it is of a step, and may have `before(...)`.
    ///
    /// # Errors
    /// One line that begins with the place, counted in characters from 1.
    pub fn new(text: &str, stepped: bool) -> Result<Expression, Error> {
        parser::parse(text, stepped)
    }

    /// The values of `before(...)`, to be taken before a step.
    pub fn before(&self, console: &Console) -> Befores {
        let mut values = [0; BEFORES];
        for (value, ops) in values.iter_mut().zip(&self.befores) {
            *value = evaluate(ops, console, &[0; BEFORES]);
        }
        values
    }

    /// Its value now; `befores` are those of [`Expression::before`] when the step began.
    pub fn value(&self, console: &Console, befores: &Befores) -> i64 {
        evaluate(&self.ops, console, befores)
    }
}

/// The parser has seen to it that the stack holds what each operation takes, and no more than fits.
fn evaluate(ops: &[Op], console: &Console, befores: &Befores) -> i64 {
    let mut stack = [0i64; STACK];
    let mut height = 0;
    for op in ops {
        match *op {
            Op::Constant(value) => push(&mut stack, &mut height, value),
            Op::Read(reading, place) => {
                push(&mut stack, &mut height, reading.of(place.of(console)));
            }
            Op::Before(number) => push(&mut stack, &mut height, befores[usize::from(number)]),
            Op::Negate => stack[height - 1] = stack[height - 1].wrapping_neg(),
            Op::Not => stack[height - 1] = i64::from(stack[height - 1] == 0),
            Op::Two(two) => {
                height -= 1;
                stack[height - 1] = two.of(stack[height - 1], stack[height]);
            }
        }
    }
    stack[0]
}

fn push(stack: &mut [i64; STACK], height: &mut usize, value: i64) {
    stack[*height] = value;
    *height += 1;
}
