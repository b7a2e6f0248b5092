//! `speed ROM FRAMES`: frames a second of one console, with the last of every 24 drawn; and what
//! copies and states cost.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use samestep_gameboy::{state, Button, Console, Rom};

const SKIP: u32 = 24;

fn run() -> Result<(), String> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [path, frames] = &given[..] else {
        return Err("usage: speed ROM FRAMES".into());
    };
    let frames: u32 = frames.parse().map_err(|error| format!("FRAMES: {error}"))?;
    let bytes = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    let rom = Rom::new(bytes).map_err(|error| format!("{path}: {error}"))?;
    let mut console = Console::new(&rom);
    let start = Instant::now();
    for frame in 0..frames {
        match frame % (2 * SKIP) {
            0 => console.press(Button::Start),
            8 => console.release(Button::Start),
            _ => {}
        }
        console.frame(&rom, frame % SKIP == SKIP - 1);
    }
    let speed = f64::from(frames) / start.elapsed().as_secs_f64();
    println!("{speed:.0} frames/s");
    let mut copy = console.clone();
    let start = Instant::now();
    for _ in 0..1000 {
        black_box(&mut copy).clone_from(black_box(&console));
    }
    println!("clone_from {:.2} us", start.elapsed().as_secs_f64() * 1e3);
    let mut row = vec![0; state::BYTES];
    let start = Instant::now();
    for _ in 0..1000 {
        black_box(&console).export(black_box(&mut row));
    }
    println!("export {:.2} us", start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    for _ in 0..1000 {
        copy = Console::import(&rom, black_box(&row)).map_err(|error| error.to_string())?;
    }
    println!("import {:.2} us", start.elapsed().as_secs_f64() * 1e3);
    black_box(copy);
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(line) => {
            eprintln!("{line}");
            ExitCode::from(2)
        }
    }
}
