//! Where episodes begin: the ROM, and the consoles that a reset copies.

use crate::console::Console;
use crate::consts::{LAYOUT_ID, STATE_BYTES};
use crate::definition::{read, rom_of, Definition};
use crate::joypad::Button;
use crate::rom::Rom;
use samestep_core::rules::HEADER_BYTES;
use samestep_core::Error;
use sha2::{Digest, Sha256};
use std::path::Path;

/// The game's ROM: from `path`, or if that is empty the one beside the definition, or the one that
/// comes with the library.
///
/// # Errors
/// One line: when there is none, it cannot be read, is another one, or is no ROM.
pub fn rom(definition: &Definition, path: &str) -> Result<Rom, Error> {
    let beside = definition
        .folder
        .as_ref()
        .map(|folder| folder.join(&definition.rom));
    let (bytes, source) = match (path, beside, rom_of(&definition.name)) {
        ("", Some(beside), _) => (read(&beside)?, beside.display().to_string()),
        ("", None, Some(bytes)) => (bytes.to_vec(), definition.rom.clone()),
        ("", None, None) => {
            return Err(Error::new(format!(
                "rom is ''; accepted: the path of {}, which does not come with the library",
                definition.rom
            )))
        }
        (path, ..) => (read(Path::new(path))?, path.to_owned()),
    };
    let found: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if found != definition.sha256 {
        return Err(Error::new(format!(
            "{source} has the SHA-256 {found}; accepted: {}, that of {}",
            definition.sha256, definition.rom
        )));
    }
    Rom::new(bytes).map_err(|error| Error::new(format!("{source}: {error}")))
}

/// Holds these buttons, a bit each, and no others.
pub fn hold(console: &mut Console, held: u8) {
    let joypad = &console.machine.joypad;
    let before = !(joypad.directions & 0xF | joypad.buttons << 4);
    for (bit, button) in Button::ALL.into_iter().enumerate() {
        match (held >> bit & 1, before >> bit & 1) {
            (1, 0) => console.press(button),
            (0, 1) => console.release(button),
            _ => {}
        }
    }
}

/// The consoles that a reset may copy, by the number of frames that it lets pass; the last frame of
/// each is drawn if `drawn`.
///
/// # Errors
/// One line, when the definition's state cannot be read or is none of this ROM.
pub fn starts(definition: &Definition, rom: &Rom, drawn: bool) -> Result<Vec<Console>, Error> {
    let mut console = match &definition.state {
        Some(file) => saved(definition, file, rom)?,
        None => Console::new(rom),
    };
    for &(held, frames) in &definition.script {
        hold(&mut console, held);
        for _ in 0..frames {
            console.frame(rom, false);
        }
    }
    hold(&mut console, 0);
    let mut starts = Vec::new();
    for _ in 0..=definition.noops {
        let mut start = console.clone();
        start.frame(rom, drawn);
        starts.push(start);
        console.frame(rom, false);
    }
    Ok(starts)
}

/// The console of a packed row in a file beside the definition.
fn saved(definition: &Definition, file: &str, rom: &Rom) -> Result<Console, Error> {
    let folder = definition.folder.as_deref().unwrap_or(Path::new(""));
    let path = folder.join(file);
    let row = read(&path)?;
    let is_row = row.len() == STATE_BYTES && row[..4] == LAYOUT_ID.to_le_bytes();
    if !is_row {
        return Err(Error::new(format!(
            "{}: no packed row; accepted: {STATE_BYTES} bytes of layout {LAYOUT_ID:#010x}",
            path.display()
        )));
    }
    Console::import(rom, &row[HEADER_BYTES..])
        .map_err(|error| Error::new(format!("{}: {error}", path.display())))
}
