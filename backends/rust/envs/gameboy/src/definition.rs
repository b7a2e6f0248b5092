//! A game's definition: the file that makes an environment of a ROM; docs/envs/gameboy.md says what
//! stands in it.

use crate::expression::Expression;
use samestep_core::Error;
use std::fs;
use std::path::{Path, PathBuf};
use toml::Table;

mod fields;
mod games;

use fields::Fields;
pub use games::{names, rom_of};

/// Frames of one step at most.
pub const FRAMES: i64 = 1024;
/// Frames after the start that a reset lets pass, at most.
const NOOPS: i64 = 63;
/// Frames of one entry of the start's script at most.
const SCRIPT_FRAMES: i64 = 10_000;

/// The buttons' names, by bit.
const BUTTONS: [&str; 8] = ["right", "left", "up", "down", "a", "b", "select", "start"];

/// A game, as its file defines it.
#[derive(Debug, Clone)]
pub struct Definition {
    /// What it is called.
    pub name: String,
    /// The ROM's file name.
    pub rom: String,
    /// The ROM's SHA-256, 64 digits.
    pub sha256: String,
    /// The folder that the definition was read from; None if it came with the library.
    pub folder: Option<PathBuf>,
    /// Buttons held, a bit each, and for how many frames, from the end of the boot.
    pub script: Vec<(u8, u32)>,
    /// A packed row in a file, instead of the script.
    pub state: Option<String>,
    /// Frames without buttons that a reset lets pass at most.
    pub noops: u32,
    /// Frames of a step.
    pub frames: u32,
    /// Frames of a step in which its buttons are held.
    pub press: u32,
    /// Buttons held, a bit each, by action.
    pub actions: Vec<u8>,
    /// The reward before it is scaled.
    pub reward: Expression,
    /// What the reward is multiplied by.
    pub reward_scale: f64,
    /// Not 0 where the episode is over.
    pub terminated: Expression,
    /// Names of the features, and their values.
    pub features: Vec<(String, Expression)>,
}

impl Definition {
    /// The definition of that name that comes with the library, or the one in that file.
    ///
    /// # Errors
    /// One line: for an unknown name, a file that cannot be read, or what is wrong in it.
    pub fn open(game: &str) -> Result<Definition, Error> {
        if let Some(text) = games::definition_of(game) {
            return Definition::parse(text, game, None);
        }
        let path = Path::new(game);
        if path.extension().is_none_or(|extension| extension != "toml") {
            return Err(Error::new(format!(
                "game is '{game}'; accepted: {}, or the path of a definition, which ends in .toml",
                names().join(", ")
            )));
        }
        let text = read(path)?;
        let text = String::from_utf8(text)
            .map_err(|_| Error::new(format!("{game}: not UTF-8; accepted: a TOML file")))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Definition::parse(&text, game, Some(folder))
    }

    /// The definition in a file's text; `source` is what an error calls it, `folder` where it is.
    ///
    /// # Errors
    /// One line, for what is wrong in it.
    pub fn parse(text: &str, source: &str, folder: Option<PathBuf>) -> Result<Self, Error> {
        let table: Table = text
            .parse()
            .map_err(|error| not_toml(source, text, &error))?;
        definition(&table, folder).map_err(|error| Error::new(format!("{source}: {error}")))
    }
}

/// A file's bytes.
///
/// # Errors
/// One line that names the file.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let read = || match path.metadata()?.is_file() {
        true => fs::read(path),
        // A pipe or a device may never end.
        false => Err(std::io::ErrorKind::Unsupported.into()),
    };
    read().map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::NotFound => "no such file",
            _ => "cannot be read",
        };
        Error::new(format!("{}: {reason}", path.display()))
    })
}

fn not_toml(source: &str, text: &str, error: &toml::de::Error) -> Error {
    let from = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = 1 + text.as_bytes()[..from]
        .iter()
        .filter(|&&byte| byte == b'\n')
        .count();
    Error::new(format!("{source}: not TOML, line {line}"))
}

fn definition(table: &Table, folder: Option<PathBuf>) -> Result<Definition, Error> {
    let top = Fields::new(table, "", TOP)?;
    let start = top.table("start", &["script", "state", "noops"])?;
    let step = top.table("step", &["frames", "press", "actions"])?;
    let episode = top.table("episode", &["reward", "reward_scale", "terminated"])?;
    let frames = step.integer("frames", 24, 1, FRAMES)?;
    let (script, state) = (start.pairs("script")?, start.text("state", "")?);
    if !script.is_empty() && !state.is_empty() {
        return Err(Error::new(
            "start.state and start.script; accepted: one of them",
        ));
    }
    let mut held = Vec::new();
    for (index, [buttons, length]) in script.iter().enumerate() {
        let at = format!("start.script[{index}]");
        held.push((
            held_buttons(&at, fields::text(&at, buttons)?)?,
            fields::integer(&at, length, 1, SCRIPT_FRAMES)? as u32,
        ));
    }
    let mut actions = Vec::new();
    for (index, buttons) in step.texts("actions")?.into_iter().enumerate() {
        actions.push(held_buttons(&format!("step.actions[{index}]"), buttons)?);
    }
    if actions.is_empty() || actions.len() > 256 {
        return Err(Error::new(format!(
            "step.actions has {} elements; accepted: 1 to 256",
            actions.len()
        )));
    }
    let mut features = Vec::new();
    for (index, [name, value]) in top.pairs("features")?.iter().enumerate() {
        let at = format!("features[{index}]");
        let value = fields::text(&at, value)?;
        features.push((
            fields::text(&at, name)?.to_owned(),
            expression(&at, value, false)?,
        ));
    }
    Ok(Definition {
        name: name(top.text("name", "")?)?,
        rom: file_name(top.text("rom", "")?)?,
        sha256: digest(top.text("sha256", "")?)?,
        folder,
        script: held,
        state: (!state.is_empty()).then(|| state.to_owned()),
        noops: start.integer("noops", 0, 0, NOOPS)? as u32,
        frames: frames as u32,
        press: step.integer("press", 8.min(frames), 1, frames)? as u32,
        actions,
        reward: expression("episode.reward", episode.text("reward", "0")?, true)?,
        reward_scale: episode.number("reward_scale", 1.0)?,
        terminated: expression("episode.terminated", episode.text("terminated", "0")?, true)?,
        features,
    })
}

/// What stands at the top of a definition.
const TOP: &[&str] = &[
    "name", "rom", "sha256", "features", "start", "step", "episode",
];

fn name(text: &str) -> Result<String, Error> {
    let good =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if (1..=32).contains(&text.len()) && text.chars().all(good) {
        return Ok(text.to_owned());
    }
    Err(Error::new(
        "name: accepted: 1 to 32 small letters, digits and hyphens",
    ))
}

fn file_name(text: &str) -> Result<String, Error> {
    if text.is_empty() || text.contains(['/', '\\', '\0']) || matches!(text, "." | "..") {
        return Err(Error::new("rom: accepted: a file's name, without a folder"));
    }
    Ok(text.to_owned())
}

fn digest(text: &str) -> Result<String, Error> {
    let good = |letter: char| letter.is_ascii_digit() || ('a'..='f').contains(&letter);
    if text.len() == 64 && text.chars().all(good) {
        return Ok(text.to_owned());
    }
    Err(Error::new(
        "sha256: accepted: the ROM's SHA-256 as 64 digits 0-9a-f",
    ))
}

/// The bits of buttons whose names are joined by '+'; none for the empty string.
fn held_buttons(at: &str, text: &str) -> Result<u8, Error> {
    if text.is_empty() {
        return Ok(0);
    }
    let mut held = 0;
    for name in text.split('+') {
        let bit = BUTTONS.iter().position(|button| *button == name);
        let Some(bit) = bit else {
            return Err(Error::new(format!(
                "{at} names an unknown button; accepted: {}, joined by '+'",
                BUTTONS.join(", ")
            )));
        };
        held |= 1 << bit;
    }
    Ok(held)
}

fn expression(at: &str, text: &str, stepped: bool) -> Result<Expression, Error> {
    Expression::new(text, stepped).map_err(|error| Error::new(format!("{at}: {error}")))
}
