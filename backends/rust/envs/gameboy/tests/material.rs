//! Test ROMs that are not ours to carry: they are looked for in $SAMESTEP_SHARED, and beside the
//! repository.

mod common;

use std::fs;

use common::shared;
use flate2::Crc;
use samestep_gameboy::cpu::register::{B, C, D, E, H, L};
use samestep_gameboy::{Console, Rom, COLUMNS};

/// How every Mooneye ROM ends on PyBoy 2.8.1: the number of the frame in which it passes.
const MOONEYE: &str = include_str!("mooneye.txt");
/// After so many a ROM that has not passed never will.
const MOST_FRAMES: u32 = 1735;
/// What a ROM that passes leaves in B, C, D, E, H and L.
const PASSED: [u8; 6] = [3, 5, 8, 13, 21, 34];

fn passes_in(rom: &Rom) -> Option<u32> {
    let mut console = Console::new(rom);
    (1..=MOST_FRAMES).find(|_| {
        console.frame(rom, false);
        [B, C, D, E, H, L].map(|register| console.cpu().r[register]) == PASSED
    })
}

#[test]
fn mooneye_ends_as_on_pyboy() {
    let folder = shared().join("gameboy/mooneye");
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
        return;
    }
    let ends: Vec<(&str, Option<u32>)> = MOONEYE
        .lines()
        .map(|line| line.split_once(' ').expect("a name and a number"))
        .map(|(name, frame)| (name, frame.parse().ok()))
        .collect();
    assert_eq!(ends.len(), 111);
    for (name, frame) in ends {
        let bytes = fs::read(folder.join(name)).expect("the ROM");
        let rom = Rom::new(bytes).expect("a right header");
        assert_eq!(passes_in(&rom), frame, "{name}");
    }
}

/// The sum of the picture that comes with dmg-acid2, as shades, the lightest 0.
const ACID2: u32 = 0x9F51_DD25;

#[test]
fn the_picture_of_dmg_acid2() {
    let path = shared().join("gameboy/acid2/dmg-acid2.gb");
    let Ok(bytes) = fs::read(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return;
    };
    let rom = Rom::new(bytes).expect("a right header");
    let mut console = Console::new(&rom);
    for _ in 0..60 {
        console.frame(&rom, true);
    }
    let shades = console.shades();
    let mut sum = Crc::new();
    sum.update(shades);
    assert!(shades.chunks(COLUMNS).any(|line| line.contains(&3)));
    assert_eq!(sum.sum(), ACID2);
}
