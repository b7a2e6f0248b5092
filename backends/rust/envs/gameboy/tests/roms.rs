//! ROMs that are refused: each with one line that says what was wrong and what is accepted.

mod common;

use common::{image, sign};
use proptest::prelude::*;
use samestep_gameboy::{Console, Rom};

fn refusal(bytes: Vec<u8>) -> String {
    Rom::new(bytes)
        .expect_err("a ROM that cannot be run")
        .to_string()
}

#[test]
fn a_length_that_no_cartridge_has() {
    let accepted = "accepted: a multiple of 16384, up to 8388608";
    for length in [0, 1, 0x150, 0x3FFF, 0x4001, 0x4000 * 513] {
        let line = refusal(vec![0; length]);
        assert_eq!(line, format!("the ROM has {length} bytes; {accepted}"));
    }
}

#[test]
fn a_header_that_was_damaged() {
    let mut bytes = image(0, 2, 0, &[]);
    let right = bytes[0x14D];
    bytes[0x14D] ^= 1;
    let line = format!(
        "the ROM's header checksum is {:02X}; accepted: {right:02X}, which its header sums to",
        right ^ 1
    );
    assert_eq!(refusal(bytes), line);
}

#[test]
fn a_cartridge_that_is_not_known() {
    for kind in [0x04, 0x0B, 0x1F, 0x20, 0x22, 0xFC, 0xFF] {
        let line = format!(
            "the ROM's header has cartridge type {kind:02X}; \
             accepted: 00-03, 05, 06, 08, 09, 0F-13, 19-1E"
        );
        assert_eq!(refusal(image(kind, 2, 0, &[])), line);
    }
}

#[test]
fn a_size_of_ram_that_is_not_known() {
    let line = "the ROM's header has RAM size 06; accepted: 00 to 05";
    assert_eq!(refusal(image(0x03, 2, 6, &[])), line);
}

/// Opcodes that lock the processor up.
const LOCKING: [u8; 11] = [
    0xD3, 0xDB, 0xDD, 0xE3, 0xE4, 0xEB, 0xEC, 0xED, 0xF4, 0xFC, 0xFD,
];

#[test]
fn an_opcode_that_does_not_exist_stops_the_processor_and_not_the_frames() {
    for opcode in LOCKING {
        let rom = Rom::new(image(0, 2, 0, &[0xF3, opcode])).unwrap();
        let mut console = Console::new(&rom);
        console.frame(&rom, false);
        let before = console.cycles();
        console.frame(&rom, false);
        assert_eq!(console.cpu().pc, 0x151);
        assert_eq!(console.cycles() - before, 70224);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a ROM holds, it is refused or it runs: frames end, and nothing panics.
    #[test]
    fn any_bytes_run(
        body in prop::collection::vec(any::<u8>(), 2 * 0x4000),
        kind in prop::sample::select(vec![0u8, 3, 6, 0x10, 0x13, 0x1B, 0x1E]),
        ram in 0..6u8,
    ) {
        let mut bytes = body;
        bytes[0x147] = kind;
        bytes[0x149] = ram;
        sign(&mut bytes);
        let rom = Rom::new(bytes).unwrap();
        let mut console = Console::new(&rom);
        for frame in 0..8 {
            let before = console.cycles();
            console.frame(&rom, frame % 2 == 1);
            prop_assert!(console.cycles() - before <= 2 * 70224);
        }
    }
}
