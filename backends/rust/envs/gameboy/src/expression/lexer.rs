//! An expression's words.

use samestep_core::Error;

/// A word: what it is, and where it begins, counted in characters from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub at: usize,
}

/// What a word is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Integer(i64),
    Name(String),
    Sign(&'static str),
    End,
}

impl Kind {
    /// The word as an error names it.
    pub fn shown(&self) -> String {
        match self {
            Kind::Integer(value) => format!("{value}"),
            Kind::Name(name) => format!("'{name}'"),
            Kind::Sign(sign) => format!("'{sign}'"),
            Kind::End => "the end".to_owned(),
        }
    }
}

/// Longer ones come before those that they begin with.
const SIGNS: [&str; 12] = [
    "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "(", ")", ",",
];

/// An error at a character, counted from 1.
pub fn wrong(at: usize, what: &str) -> Error {
    Error::new(format!("at {at}: {what}"))
}

/// The words of `text`, the last of which is the end.
pub fn tokens(text: &str) -> Result<Vec<Token>, Error> {
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut from = 0;
    while from < characters.len() {
        let rest = &characters[from..];
        if matches!(rest[0], ' ' | '\t' | '\n' | '\r') {
            from += 1;
            continue;
        }
        let (kind, length) = token(rest, from + 1)?;
        tokens.push(Token { kind, at: from + 1 });
        from += length;
    }
    let at = characters.len() + 1;
    tokens.push(Token {
        kind: Kind::End,
        at,
    });
    Ok(tokens)
}

/// The first word of `rest`, and its length.
fn token(rest: &[char], at: usize) -> Result<(Kind, usize), Error> {
    let word: String = rest
        .iter()
        .take_while(|letter| letter.is_ascii_alphanumeric() || **letter == '_')
        .collect();
    let length = word.len();
    if word.starts_with(|letter: char| letter.is_ascii_digit()) {
        return Ok((Kind::Integer(integer(&word, at)?), length));
    }
    if !word.is_empty() {
        return Ok((Kind::Name(word), length));
    }
    let begins = |sign: &&&str| sign.chars().eq(rest.iter().copied().take(sign.len()));
    match SIGNS.iter().find(begins) {
        Some(sign) => Ok((Kind::Sign(sign), sign.len())),
        None => Err(wrong(
            at,
            &format!("unexpected character U+{:04X}", u32::from(rest[0])),
        )),
    }
}

fn integer(word: &str, at: usize) -> Result<i64, Error> {
    let value = match word.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16),
        None => word.parse(),
    };
    value.map_err(|_| wrong(at, &format!("'{word}' is no integer from 0 to 2**63 - 1")))
}
