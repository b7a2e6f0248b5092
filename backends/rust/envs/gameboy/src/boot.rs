//! The state in which PyBoy's boot ROM leaves a console. It reads nothing of the cartridge's ROM, so
//! the state is always the same.

use crate::cartridge::Cartridge;
use crate::console::Console;
use crate::cpu::Cpu;
use crate::dma::Dma;
use crate::idle::Watch;
use crate::joypad::Joypad;
use crate::machine::Machine;
use crate::ppu::Ppu;
use crate::rom::Rom;
use crate::serial::Serial;
use crate::timer::Timer;
use crate::NEVER;

/// The boot ROM takes 64 frames and most of another one.
const CYCLES: u64 = 4_507_360;

/// Its picture: where in video RAM bytes other than 0 stand, and which. First the tiles, then the
/// map.
const PICTURE: [(usize, &[u8]); 9] = [
    (
        0x0016,
        &[
            0x7C, 0x7C, 0x7E, 0x7E, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x7E, 0x7E, 0x7C, 0x7C,
            0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60,
        ],
    ),
    (
        0x0032,
        &[
            0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x7E, 0x7E, 0x3C, 0x3C, 0x1C, 0x1C,
            0x7E, 0x7E, 0x7C, 0x7C, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x7E, 0x7E, 0x7C, 0x7C,
        ],
    ),
    (
        0x0052,
        &[
            0x3C, 0x3C, 0x7E, 0x7E, 0x66, 0x66, 0x66, 0x66, 0x7E, 0x7E, 0x3C, 0x3C,
        ],
    ),
    (0x0060, &[0x18, 0x18, 0xF0, 0xF0, 0xE0, 0xE0]),
    (0x1908, &[0x01]),
    (0x190A, &[0x01]),
    (0x1928, &[0x02, 0x03, 0x04, 0x05, 0x03]),
    (0x1949, &[0x06]),
    (0x194C, &[0x06]),
];

/// A console at the end of the frame in which the ROM begins to run.
pub fn console(rom: &Rom) -> Console {
    let mut console = handed_over(rom);
    console.frame(rom, false);
    console
}

/// A console in that frame, with the ROM about to run.
pub fn handed_over(rom: &Rom) -> Console {
    Console {
        cpu: cpu(),
        machine: machine(rom),
    }
}

fn cpu() -> Cpu {
    Cpu {
        // B, C, D, E, H, L, F, A.
        r: [0x00, 0x13, 0x00, 0x8F, 0x00, 0x87, 0xD0, 0x01],
        sp: 0xFFFE,
        pc: 0x0100,
        ..Cpu::default()
    }
}

fn machine(rom: &Rom) -> Machine {
    let mut machine = Machine {
        cycles: CYCLES,
        bail: false,
        end: 0,
        watch: Watch::default(),
        interrupt_flag: 0x01,
        interrupt_enable: 0,
        timer: Timer {
            div_counter: 0xC6E0,
            synced: CYCLES,
            next: NEVER,
            ..Timer::default()
        },
        serial: Serial {
            control: 0x7E,
            end: NEVER,
            next: NEVER,
        },
        joypad: Joypad {
            joyp: 0,
            directions: 0xF,
            buttons: 0xF,
        },
        dma: Dma::default(),
        ppu: ppu(),
        cartridge: Cartridge::new(rom),
        wram: [0; 0x2000],
        hram: [0; 0x7F],
        io_unmapped: [0; 8],
    };
    machine.hram[0x7C] = 0xB1;
    machine
}

/// In the second line of the vertical blank.
fn ppu() -> Ppu {
    let mut ppu = Ppu::dark();
    ppu.lcdc = 0x91;
    ppu.stat = 0x81;
    ppu.ly = 145;
    (ppu.bgp, ppu.obp0, ppu.obp1) = (0xFC, 0xFF, 0xFF);
    (ppu.clock, ppu.target, ppu.next_mode) = (66232, 66576, 1);
    ppu.synced = CYCLES;
    for (offset, bytes) in PICTURE {
        ppu.vram[offset..offset + bytes.len()].copy_from_slice(bytes);
    }
    ppu
}
