//! `lockstep ROM INPUTS OUT [--render K]`: runs a frame a byte of INPUTS, whose bits are the buttons
//! held in it (right, left, up, down, A, B, select, start from bit 0), and writes a state a frame to
//! OUT, which may be a pipe. With K every K-th frame is drawn.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::process::ExitCode;

use samestep_gameboy::{state, Button, Console, Rom};

struct Arguments {
    rom: String,
    inputs: String,
    out: String,
    render: Option<usize>,
}

fn arguments() -> Result<Arguments, String> {
    const USAGE: &str = "usage: lockstep ROM INPUTS OUT [--render K], K 0 for none";
    let given: Vec<String> = std::env::args().skip(1).collect();
    let render = match given.get(3..) {
        Some([]) => None,
        Some([option, every]) if option == "--render" => {
            let every = every.parse().ok();
            Some(every.ok_or(USAGE)?)
        }
        _ => return Err(USAGE.into()),
    };
    let [rom, inputs, out] = [0, 1, 2].map(|index| given[index].clone());
    Ok(Arguments {
        rom,
        inputs,
        out,
        render,
    })
}

fn hold(console: &mut Console, held: u8, before: u8) {
    for (bit, button) in Button::ALL.into_iter().enumerate() {
        match (held >> bit & 1, before >> bit & 1) {
            (1, 0) => console.press(button),
            (0, 1) => console.release(button),
            _ => {}
        }
    }
}

fn run() -> Result<(), String> {
    let Arguments {
        rom,
        inputs,
        out,
        render,
    } = arguments()?;
    let read = |path: &str| fs::read(path).map_err(|error| format!("{path}: {error}"));
    let bytes = read(&rom)?;
    let inputs = read(&inputs)?;
    let rom = Rom::new(bytes).map_err(|error| format!("{rom}: {error}"))?;
    let failed = |error| format!("{out}: {error}");
    let mut file = BufWriter::new(File::create(&out).map_err(failed)?);
    let mut console = Console::new(&rom);
    let mut row = vec![0; state::BYTES];
    let mut before = 0;
    for (index, &held) in inputs.iter().enumerate() {
        hold(&mut console, held, before);
        before = held;
        let drawn = render.is_some_and(|every| every > 0 && (index + 1) % every == 0);
        console.frame(&rom, drawn);
        console.export(&mut row);
        file.write_all(&row).map_err(failed)?;
    }
    file.flush().map_err(failed)
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
