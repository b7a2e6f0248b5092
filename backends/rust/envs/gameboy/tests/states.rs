//! States as bytes: out and in again, and what is refused.

mod common;

use common::rom;
use proptest::prelude::*;
use samestep_gameboy::{state, Button, Console, Rom};

/// Offsets in a state of the fields that are damaged here.
const F: usize = 9;
const IME: usize = 20;
const TIMA_RELOAD: usize = 31;
const SERIAL_CYCLES: usize = 34;
const DMA_START: usize = 42;
const STAT: usize = 51;
const LY: usize = 54;
const CLOCK: usize = 61;
const TARGET: usize = 69;
const NEXT_MODE: usize = 77;
const WINDOW_LINE: usize = 87;
const ROM_BANK: usize = 91;
const RAM_BANK: usize = 95;
const CART_RAM: usize = 101 + 0x2000 + 0x2000 + 0x100 + 8 + 0x7F;

/// Counts in RAM, with the timer on and MBC1's RAM in use.
fn counting(kind: u8, ram: u8) -> Rom {
    let program = [
        0x3E, 0x0A, 0xEA, 0x00, 0x00, // ld a, 0A; ld (0000), a
        0x3E, 0x05, 0xE0, 0x07, // ldh (TAC), 5
        0x21, 0x00, 0xA0, // ld hl, A000
        0x34, 0x2C, 0x18, 0xFC, // inc (hl); inc l; jr back to inc (hl)
    ];
    rom(kind, 4, ram, &program)
}

fn export(console: &Console) -> Vec<u8> {
    let mut row = vec![0xEE; state::BYTES];
    console.export(&mut row);
    row
}

fn word(row: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(row[offset..offset + 8].try_into().expect("eight bytes"))
}

fn refusal(rom: &Rom, row: &[u8]) -> String {
    Console::import(rom, row)
        .expect_err("a state that cannot be")
        .to_string()
}

#[test]
fn a_console_goes_on_from_its_state() {
    let rom = counting(0x03, 3);
    let mut console = Console::new(&rom);
    for frame in 0..20 {
        console.frame(&rom, frame % 3 == 0);
        if frame == 7 {
            console.press(Button::A);
        }
        let row = export(&console);
        let mut copy = Console::import(&rom, &row).expect("its own state");
        assert!(export(&copy) == row, "frame {frame}: not the same state");
        let mut original = console.clone();
        for _ in 0..3 {
            original.frame(&rom, true);
            copy.frame(&rom, true);
        }
        assert!(
            export(&copy) == export(&original),
            "frame {frame}: another future"
        );
    }
}

#[test]
fn a_console_can_be_copied_over_any_other() {
    let roms = [counting(0x03, 3), counting(0x00, 0), counting(0x1B, 4)];
    for rom in &roms {
        let mut console = Console::new(rom);
        console.frame(rom, true);
        for other in &roms {
            let mut copy = Console::new(other);
            copy.clone_from(&console);
            assert!(export(&copy) == export(&console));
            assert!(export(&copy.clone()) == export(&console));
        }
    }
}

#[test]
fn a_length_that_no_state_has() {
    let rom = counting(0x03, 3);
    let row = export(&Console::new(&rom));
    for length in [0, 1, state::BYTES - 1] {
        let line = format!("the state has {length} bytes; accepted: 153708");
        assert_eq!(refusal(&rom, &row[..length]), line);
    }
}

#[test]
fn values_that_no_console_has() {
    let rom = counting(0x03, 3);
    let row = export(&Console::new(&rom));
    let cycles = format!(
        "cycles is {}; it can be below 4611686018427387904",
        word(&row, 0) | 1 << 62
    );
    let clock = format!(
        "lcd_clock is {}; it lies within a frame",
        word(&row, CLOCK) | 1 << 24
    );
    let target = format!(
        "lcd_target is {}; it lies within a frame",
        word(&row, TARGET) | 1 << 24
    );
    let refused: [(usize, &[u8], &str); 14] = [
        (F, &[0xB1], "f is 177; its low nibble is 0"),
        (7, &[0x40], &cycles),
        (IME, &[2], "ime is 2; it can be 0 to 1"),
        (
            TIMA_RELOAD,
            &[1],
            "tima_reload and tima_reload_cycles are 0 together",
        ),
        (
            SERIAL_CYCLES,
            &[7, 0],
            "serial_cycles is 7; it can be 1 to 1024 in a transfer by our clock, else 0",
        ),
        (
            DMA_START + 7,
            &[1],
            "dma_start is 72057594037927936; it can be up to 12 after cycles",
        ),
        (STAT, &[0x06], "stat is 6; it can be 128 to 255"),
        (
            LY,
            &[154],
            "ly is 154; it can be 0 to 153, and 0 with the LCD off",
        ),
        (CLOCK + 3, &[1], &clock),
        (TARGET + 3, &[1], &target),
        (
            NEXT_MODE,
            &[1],
            "lcd_next_mode is 1 with lcd_transition 0 in line 0; they follow from the line",
        ),
        (
            WINDOW_LINE,
            &[0xFE, 0xFF, 0xFF, 0xFF],
            "window_line is -2; it can be -1 to 2147483647",
        ),
        (ROM_BANK, &[4, 0], "rom_bank is 4; it can be 0 to 3"),
        (
            RAM_BANK,
            &[4],
            "ram_bank is 4; it is one that the cartridge has",
        ),
    ];
    for (offset, bytes, line) in refused {
        let mut damaged = row.clone();
        damaged[offset..offset + bytes.len()].copy_from_slice(bytes);
        assert_eq!(refusal(&rom, &damaged), line);
    }
}

#[test]
fn ram_that_the_cartridge_does_not_have() {
    let rom = counting(0x03, 2);
    let mut row = export(&Console::new(&rom));
    row[CART_RAM + 0x1FFF] = 1;
    assert!(Console::import(&rom, &row).is_ok());
    row[CART_RAM + 0x2000] = 1;
    let line = "cart_ram is not 0 in banks that the cartridge does not have";
    assert_eq!(refusal(&rom, &row), line);
}

/// A few bytes of a state, changed.
fn damage() -> impl Strategy<Value = Vec<(usize, u8)>> {
    // Mostly among the registers, which stand in the first hundred bytes.
    let offset = prop_oneof![4 => 0..100usize, 1 => 0..state::BYTES];
    prop::collection::vec((offset, any::<u8>()), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// A damaged state is refused, or is a console whose frames end and which gives it back.
    #[test]
    fn damaged_states(damage in damage(), kind in prop::sample::select(vec![0u8, 3, 6, 0x10, 0x1E])) {
        let rom = counting(kind, 3);
        let mut row = export(&Console::new(&rom));
        for (offset, byte) in damage {
            row[offset] = byte;
        }
        if let Ok(mut console) = Console::import(&rom, &row) {
            prop_assert!(export(&console) == row);
            for frame in 0..3 {
                console.frame(&rom, frame == 2);
            }
        }
    }

    /// So are any bytes.
    #[test]
    fn any_bytes(seed in any::<u64>()) {
        let rom = counting(3, 3);
        let mut word = seed;
        let row: Vec<u8> = std::iter::repeat_with(|| {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (word >> 56) as u8
        })
        .take(state::BYTES)
        .collect();
        prop_assert!(Console::import(&rom, &row).is_err());
    }
}
