//! From an expression's words to its operations.
//!
//! ```text
//! or      = and {"or" and}
//! and     = not {"and" not}
//! not     = "not" not | compare
//! compare = sum [("==" | "!=" | "<" | "<=" | ">" | ">=") sum]
//! sum     = product {("+" | "-") product}
//! product = sign {"*" sign}
//! sign    = "-" sign | value
//! value   = integer | "(" or ")" | name "(" ... ")"
//! ```

use super::lexer::{tokens, wrong, Kind, Token};
use super::{Expression, Memory, Op, Place, Reading, Two, BEFORES, STACK};
use samestep_core::Error;

/// Characters of an expression.
const LENGTH: usize = 4096;
/// Parentheses, signs and `not`s within one another.
const NESTING: usize = 32;
/// The names that stand before parentheses.
const NAMES: &str = "u8, u16le, u16be, bcd, bit, count_nonzero, count_bits, max_over, sum_over, \
                     min, max, before";
/// What each memory's addresses are, first and last.
const MEMORIES: [(Memory, i64, i64); 5] = [
    (Memory::Video, 0x8000, 0x9FFF),
    (Memory::Cartridge, 0xA000, 0xBFFF),
    (Memory::Work, 0xC000, 0xDFFF),
    (Memory::Sprites, 0xFE00, 0xFEFF),
    (Memory::High, 0xFF80, 0xFFFE),
];

/// See [`Expression::new`].
pub fn parse(text: &str, stepped: bool) -> Result<Expression, Error> {
    let length = text.chars().count();
    if length > LENGTH {
        return Err(wrong(
            LENGTH + 1,
            &format!("{length} characters; accepted: up to {LENGTH}"),
        ));
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
        nesting: 0,
        height: 0,
        ops: Vec::new(),
        befores: Vec::new(),
        may_look_back: stepped,
    };
    parser.any_of()?;
    match parser.here().kind {
        Kind::End => Ok(Expression {
            ops: parser.ops,
            befores: parser.befores,
        }),
        _ => Err(parser.expected("an operator or the end")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    /// Which of them comes next.
    next: usize,
    nesting: usize,
    /// Values on the stack.
    height: usize,
    ops: Vec<Op>,
    befores: Vec<Vec<Op>>,
    /// `before` may stand here.
    may_look_back: bool,
}

impl Parser {
    /// The next word; the end is never passed.
    fn here(&self) -> &Token {
        &self.tokens[self.next]
    }

    /// An error that says what should have stood here.
    fn expected(&self, what: &str) -> Error {
        let Token { kind, at } = self.here();
        wrong(*at, &format!("expected {what}, found {}", kind.shown()))
    }

    /// Passes a sign, if it comes next.
    fn passes(&mut self, sign: &str) -> bool {
        let found = matches!(self.here().kind, Kind::Sign(here) if here == sign);
        self.next += usize::from(found);
        found
    }

    /// Passes a word, if it comes next.
    fn passes_name(&mut self, name: &str) -> bool {
        let found = matches!(&self.here().kind, Kind::Name(here) if here == name);
        self.next += usize::from(found);
        found
    }

    fn expects(&mut self, sign: &str) -> Result<(), Error> {
        match self.passes(sign) {
            true => Ok(()),
            false => Err(self.expected(&format!("'{sign}'"))),
        }
    }

    /// What puts a value on the stack.
    fn push(&mut self, op: Op, at: usize) -> Result<(), Error> {
        if self.height == STACK {
            return Err(wrong(
                at,
                &format!("more than {STACK} values are held at once"),
            ));
        }
        self.height += 1;
        self.ops.push(op);
        Ok(())
    }

    fn two(&mut self, two: Two) {
        self.height -= 1;
        self.ops.push(Op::Two(two));
    }

    /// Runs `inner` one level deeper.
    fn nested(&mut self, inner: fn(&mut Parser) -> Result<(), Error>) -> Result<(), Error> {
        if self.nesting == NESTING {
            let what = format!("nested more than {NESTING} deep");
            return Err(wrong(self.here().at, &what));
        }
        self.nesting += 1;
        inner(self)?;
        self.nesting -= 1;
        Ok(())
    }

    fn any_of(&mut self) -> Result<(), Error> {
        self.all_of()?;
        while self.passes_name("or") {
            self.all_of()?;
            self.two(Two::Or);
        }
        Ok(())
    }

    fn all_of(&mut self) -> Result<(), Error> {
        self.negation()?;
        while self.passes_name("and") {
            self.negation()?;
            self.two(Two::And);
        }
        Ok(())
    }

    fn negation(&mut self) -> Result<(), Error> {
        if self.passes_name("not") {
            self.nested(Parser::negation)?;
            self.ops.push(Op::Not);
            return Ok(());
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<(), Error> {
        const COMPARISONS: [(&str, Two); 6] = [
            ("==", Two::Equal),
            ("!=", Two::NotEqual),
            ("<", Two::Less),
            ("<=", Two::LessOrEqual),
            (">", Two::Greater),
            (">=", Two::GreaterOrEqual),
        ];
        self.sum()?;
        for (sign, two) in COMPARISONS {
            if self.passes(sign) {
                self.sum()?;
                self.two(two);
                break;
            }
        }
        Ok(())
    }

    fn sum(&mut self) -> Result<(), Error> {
        self.product()?;
        loop {
            let two = match () {
                () if self.passes("+") => Two::Add,
                () if self.passes("-") => Two::Subtract,
                () => return Ok(()),
            };
            self.product()?;
            self.two(two);
        }
    }

    fn product(&mut self) -> Result<(), Error> {
        self.signed()?;
        while self.passes("*") {
            self.signed()?;
            self.two(Two::Multiply);
        }
        Ok(())
    }

    fn signed(&mut self) -> Result<(), Error> {
        if self.passes("-") {
            self.nested(Parser::signed)?;
            self.ops.push(Op::Negate);
            return Ok(());
        }
        self.value()
    }

    fn value(&mut self) -> Result<(), Error> {
        let Token { kind, at } = self.here().clone();
        match kind {
            Kind::Integer(value) => {
                self.next += 1;
                self.push(Op::Constant(value), at)
            }
            Kind::Name(name) if !matches!(&name[..], "and" | "or" | "not") => {
                self.next += 1;
                self.call(&name, at)
            }
            Kind::Sign("(") => {
                self.next += 1;
                self.nested(Parser::any_of)?;
                self.expects(")")
            }
            _ => Err(self.expected("a value")),
        }
    }

    /// What follows a name.
    fn call(&mut self, name: &str, at: usize) -> Result<(), Error> {
        match name {
            "u8" => self.read(at, |_| Ok((Reading::Little, 1))),
            "u16le" => self.read(at, |_| Ok((Reading::Little, 2))),
            "u16be" => self.read(at, |_| Ok((Reading::Big, 2))),
            "bcd" => self.read(at, |parser| Ok((Reading::Decimal, parser.count(1, 8)?))),
            "bit" => self.read(at, |parser| {
                let number = parser.count(0, 7)?;
                Ok((Reading::Bit(number as u8), 1))
            }),
            "count_nonzero" => self.read(at, |parser| {
                Ok((Reading::CountNonzero, parser.count(1, 0x2000)?))
            }),
            "count_bits" => self.read(at, |parser| {
                Ok((Reading::CountBits, parser.count(1, 0x2000)?))
            }),
            "max_over" => self.read(at, |parser| Ok((Reading::Max, parser.count(1, 0x2000)?))),
            "sum_over" => self.read(at, |parser| Ok((Reading::Sum, parser.count(1, 0x2000)?))),
            "min" => self.choice(Two::Min),
            "max" => self.choice(Two::Max),
            "before" => self.before(at),
            _ => Err(wrong(
                at,
                &format!("unknown name '{name}'; accepted: {NAMES}"),
            )),
        }
    }

    /// `(address ...)`, where `more` reads what follows the address: what is read, and how many
    /// bytes of it there are.
    fn read(
        &mut self,
        at: usize,
        more: fn(&mut Parser) -> Result<(Reading, u16), Error>,
    ) -> Result<(), Error> {
        self.expects("(")?;
        let address_at = self.here().at;
        let address = self.integer()?;
        let (reading, bytes) = more(self)?;
        self.expects(")")?;
        let place = place(address, bytes, address_at)?;
        self.push(Op::Read(reading, place), at)
    }

    fn integer(&mut self) -> Result<i64, Error> {
        let Kind::Integer(value) = self.here().kind else {
            return Err(self.expected("an integer"));
        };
        self.next += 1;
        Ok(value)
    }

    /// `, integer` within bounds.
    fn count(&mut self, low: i64, high: i64) -> Result<u16, Error> {
        self.expects(",")?;
        let at = self.here().at;
        let value = self.integer()?;
        if (low..=high).contains(&value) {
            return Ok(value as u16);
        }
        Err(wrong(at, &format!("{value} is not from {low} to {high}")))
    }

    /// `(a, b, ...)`, at least two.
    fn choice(&mut self, two: Two) -> Result<(), Error> {
        self.expects("(")?;
        self.nested(Parser::any_of)?;
        self.expects(",")?;
        self.nested(Parser::any_of)?;
        self.two(two);
        while self.passes(",") {
            self.nested(Parser::any_of)?;
            self.two(two);
        }
        self.expects(")")
    }

    fn before(&mut self, at: usize) -> Result<(), Error> {
        if !self.may_look_back {
            return Err(wrong(
                at,
                "before() has no place in a feature or in another before()",
            ));
        }
        if self.befores.len() == BEFORES {
            return Err(wrong(at, &format!("more than {BEFORES} before()")));
        }
        self.expects("(")?;
        let (ops, height) = (std::mem::take(&mut self.ops), self.height);
        (self.height, self.may_look_back) = (0, false);
        self.nested(Parser::any_of)?;
        self.befores.push(std::mem::replace(&mut self.ops, ops));
        (self.height, self.may_look_back) = (height, true);
        self.expects(")")?;
        self.push(Op::Before(self.befores.len() as u8 - 1), at)
    }
}

/// Where `bytes` bytes from `address` on are.
fn place(address: i64, bytes: u16, at: usize) -> Result<Place, Error> {
    let last = address.saturating_add(i64::from(bytes) - 1);
    for (memory, low, high) in MEMORIES {
        if low <= address && last <= high {
            let offset = (address - low) as u16;
            return Ok(Place {
                memory,
                offset,
                bytes,
            });
        }
    }
    let span = match bytes {
        1 => format!("{address:04X}"),
        _ => format!("{address:04X}-{last:04X}"),
    };
    Err(wrong(
        at,
        &format!(
            "{span} cannot be read; accepted: 8000-9FFF, A000-BFFF, C000-DFFF, FE00-FEFF, FF80-FFFE"
        ),
    ))
}
