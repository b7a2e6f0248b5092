//! Generated ROMs and our own game, played on PyBoy by replays/make.py, which says what a file holds,
//! and here again: the same state after every frame.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use flate2::Crc;
use samestep_gameboy::{state, Button, Console, Rom};

struct Replay {
    rom: Rom,
    every: usize,
    /// Buttons held, and the sum of the state behind it, of each frame.
    frames: Vec<(u8, u32)>,
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (first, rest) = bytes.split_at(length);
    *bytes = rest;
    first
}

fn number(bytes: &mut &[u8]) -> u32 {
    u32::from_le_bytes(take(bytes, 4).try_into().expect("four bytes"))
}

fn load(path: &Path) -> Replay {
    let mut unpacked = Vec::new();
    let file = fs::File::open(path).expect("a replay");
    GzDecoder::new(file)
        .read_to_end(&mut unpacked)
        .expect("a whole file");
    let mut rest = &unpacked[..];
    assert_eq!(take(&mut rest, 8), b"GAMEBOY1");
    let [length, frames, every] = [(); 3].map(|()| number(&mut rest) as usize);
    let rom = Rom::new(take(&mut rest, length)).expect("a ROM");
    let inputs = take(&mut rest, frames).to_vec();
    let frames = inputs
        .into_iter()
        .map(|held| (held, number(&mut rest)))
        .collect();
    assert!(rest.is_empty());
    Replay { rom, every, frames }
}

fn replay(path: &Path) -> Result<(), String> {
    let Replay { rom, every, frames } = load(path);
    let mut console = Console::new(&rom);
    let mut row = vec![0; state::BYTES];
    for (frame, (held, wanted)) in frames.into_iter().enumerate() {
        for (bit, button) in Button::ALL.into_iter().enumerate() {
            if held >> bit & 1 != 0 {
                console.press(button);
            } else {
                console.release(button);
            }
        }
        console.frame(&rom, (frame + 1) % every == 0);
        console.export(&mut row);
        let mut sum = Crc::new();
        sum.update(&row);
        if sum.sum() != wanted {
            return Err(format!("{}: frame {frame} ends otherwise", path.display()));
        }
    }
    Ok(())
}

#[test]
fn every_replay_is_as_it_was_on_pyboy() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replays");
    let files = fs::read_dir(folder)
        .expect("replays")
        .map(|entry| entry.expect("a file").path());
    let is_replay = |path: &PathBuf| path.extension().is_some_and(|name| name == "trace");
    let files: Vec<PathBuf> = files.filter(is_replay).collect();
    assert!(files.len() >= 12, "{} replays", files.len());
    let wrong: Vec<String> = files.iter().filter_map(|path| replay(path).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
