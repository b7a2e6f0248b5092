//! Expressions: what each is worth, or the line that refuses it; see expressions.txt.

mod common;

use common::image;
use proptest::prelude::*;
use samestep_gameboy::expression::Expression;
use samestep_gameboy::{Console, Rom};

/// All that expressions can read.
const SPANS: [(u16, u16); 5] = [
    (0x8000, 0x9FFF),
    (0xA000, 0xBFFF),
    (0xC000, 0xDFFF),
    (0xFE00, 0xFEFF),
    (0xFF80, 0xFFFE),
];

/// At each address it ^ it >> 7, with the bits of `turned` turned around.
fn fill(console: &mut Console, rom: &Rom, turned: u8) {
    for (low, high) in SPANS {
        for address in low..=high {
            console.write(rom, address, (address ^ address >> 7) as u8 ^ turned);
        }
    }
}

/// A console whose memory was filled when the step began, and the same now.
fn consoles() -> [Console; 2] {
    let rom = Rom::new(image(0x08, 2, 2, &[0x18, 0xFE])).expect("a right header");
    [0, 0x55].map(|turned| {
        let mut console = Console::new(&rom);
        fill(&mut console, &rom, turned);
        console
    })
}

fn outcome(text: &str, [before, now]: &[Console; 2]) -> String {
    match Expression::new(text, true) {
        Ok(expression) => {
            let befores = expression.before(before);
            format!("=> {}", expression.value(now, &befores))
        }
        Err(error) => format!("!> {error}"),
    }
}

#[test]
fn values_and_refusals() {
    let consoles = consoles();
    let mut seen = 0;
    for line in include_str!("expressions.txt").lines() {
        let at = line.find(" => ").or_else(|| line.find(" !> "));
        let Some(at) = at.filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let (text, expected) = (&line[..at], &line[at + 1..]);
        assert_eq!(outcome(text, &consoles), expected, "{text}");
        seen += 1;
    }
    assert!(seen > 400);
}

#[test]
fn features_do_not_look_back() {
    let error = Expression::new("1 + before(2)", false).expect_err("a feature");
    let line = "at 5: before() has no place in a feature or in another before()";
    assert_eq!(error.to_string(), line);
}

/// What is too much of something, and as much as there may be of it.
#[test]
fn limits() {
    let deep = |n| format!("{}1{}", "(".repeat(n), ")".repeat(n));
    let wide = |n| format!("{}0{}", "1 + (".repeat(n), ")".repeat(n));
    let held = |n: usize| {
        format!(
            "1 < 2 + 3 * {}1{}",
            "(1 < 1 + 1 * ".repeat(n),
            ")".repeat(n)
        )
    };
    let looking = |n: usize| vec!["before(1)"; n].join(" + ");
    let consoles = consoles();
    assert_eq!(outcome(&deep(32), &consoles), "=> 1");
    assert_eq!(
        outcome(&deep(33), &consoles),
        "!> at 34: nested more than 32 deep"
    );
    assert_eq!(outcome(&wide(32), &consoles), "=> 32");
    assert_eq!(outcome(&held(20), &consoles), "=> 1");
    let line = "!> at 278: more than 64 values are held at once";
    assert_eq!(outcome(&held(30), &consoles), line);
    assert_eq!(outcome(&looking(32), &consoles), "=> 32");
    assert_eq!(
        outcome(&looking(33), &consoles),
        "!> at 385: more than 32 before()"
    );
    assert_eq!(
        outcome(&format!("1{}", "+1".repeat(2047)), &consoles),
        "=> 2048"
    );
    let long = "1".to_owned() + &"+1".repeat(2048);
    let line = "!> at 4097: 4097 characters; accepted: up to 4096";
    assert_eq!(outcome(&long, &consoles), line);
}

proptest! {
    /// Any text is an expression or refused in one line.
    #[test]
    fn any_text(text in "[u8x0-9a-f()+*<=>!, -]{0,40}|.{0,40}") {
        let consoles = consoles();
        prop_assert_eq!(outcome(&text, &consoles).lines().count(), 1);
    }
}
