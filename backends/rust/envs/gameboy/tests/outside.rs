//! What is done to a console between frames: it starts in the boot's last frame, and its registers
//! and cartridge RAM can be changed.

mod common;

use common::rom;
use samestep_gameboy::cpu::register;
use samestep_gameboy::{state, Console};

fn row(console: &Console) -> Vec<u8> {
    let mut row = vec![0; state::BYTES];
    console.export(&mut row);
    row
}

#[test]
fn a_new_console_is_one_that_was_handed_over_at_the_end_of_that_frame() {
    let rom = rom(0, 2, 0, &[]);
    let mut console = Console::handed_over(&rom);
    assert_eq!((console.cycles(), console.cpu().pc), (4_507_360, 0x100));
    console.frame(&rom, false);
    assert_eq!(row(&console), row(&Console::new(&rom)));
}

#[test]
fn registers_are_changed() {
    let rom = rom(0, 2, 0, &[]);
    let mut console = Console::new(&rom);
    console.write(&rom, 0xC000, 0x3C); // inc a
    console.write(&rom, 0xC001, 0x18);
    console.write(&rom, 0xC002, 0xFE);
    console.cpu_mut().pc = 0xC000;
    console.cpu_mut().r[register::A] = 0x41;
    console.frame(&rom, false);
    assert_eq!(
        (console.cpu().r[register::A], console.cpu().pc),
        (0x42, 0xC001)
    );
}

#[test]
fn cartridge_ram_is_reached_while_it_is_disabled() {
    let rom = rom(3, 2, 3, &[]);
    let mut console = Console::new(&rom);
    assert_eq!(console.cartridge_ram().len(), 4 * 0x2000);
    console.cartridge_ram_mut()[5] = 7;
    assert_eq!(console.read(&rom, 0xA005), 0xFF);
    console.write(&rom, 0x0000, 0x0A);
    assert_eq!(console.read(&rom, 0xA005), 7);
}
