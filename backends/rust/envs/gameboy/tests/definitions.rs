//! Definitions: what is read from them, and the line that refuses what is wrong.

mod common;

use common::Folder;
use proptest::prelude::*;
use samestep_gameboy::definition::{names, Definition};

fn refusal(game: &str) -> String {
    let error = Definition::open(game).expect_err("a wrong definition");
    error.to_string()
}

#[test]
fn the_library_s_own_are_read() {
    assert_eq!(names()[0], "orchard");
    for name in names() {
        let definition = Definition::open(name).expect(name);
        assert_eq!(definition.name, name);
        assert!(definition.folder.is_none());
        assert!(!definition.actions.is_empty() && definition.press <= definition.frames);
    }
}

#[test]
fn defaults() {
    let folder = Folder::new("defaults");
    let text = format!(
        "name = 'a-1'\nrom = 'x.gb'\nsha256 = '{}'\nstep.actions = ['', 'a+start']\n",
        "0f".repeat(32)
    );
    let path = folder.write("x.toml", text.as_bytes());
    let read = Definition::open(&path).expect("a definition");
    assert_eq!((read.frames, read.press, read.noops), (24, 8, 0));
    assert_eq!(read.actions, [0, 0x90]);
    assert!(read.script.is_empty() && read.state.is_none() && read.features.is_empty());
    assert_eq!(read.reward_scale, 1.0);
    assert_eq!(read.folder.as_deref(), Some(folder.path()));
}

#[test]
fn refusals() {
    let cases: toml::Table = include_str!("definitions.toml").parse().expect("the cases");
    let cases = cases["case"].as_array().expect("an array");
    let folder = Folder::new("refusals");
    for (index, case) in cases.iter().enumerate() {
        let text = case["text"].as_str().expect("a string");
        let path = folder.write("x.toml", text.as_bytes());
        let expected = format!("{path}: {}", case["error"].as_str().expect("a string"));
        assert_eq!(refusal(&path), expected, "case {index}:\n{text}");
    }
    assert!(cases.len() > 25);
}

#[test]
fn files_that_are_no_definitions() {
    let folder = Folder::new("files");
    let accepted = format!(
        "accepted: {}, or the path of a definition, which ends in .toml",
        names().join(", ")
    );
    assert_eq!(refusal("tetris"), format!("game is 'tetris'; {accepted}"));
    let missing = folder.path().join("none.toml").display().to_string();
    assert_eq!(refusal(&missing), format!("{missing}: no such file"));
    let folder_itself = folder.path().join("sub.toml");
    std::fs::create_dir(&folder_itself).expect("a folder");
    let line = format!("{}: cannot be read", folder_itself.display());
    assert_eq!(refusal(&folder_itself.display().to_string()), line);
    let path = folder.write("bytes.toml", b"name = '\xFF'");
    assert_eq!(
        refusal(&path),
        format!("{path}: not UTF-8; accepted: a TOML file")
    );
    let path = folder.write("broken.toml", b"name = 'x'\nrom = \n");
    assert_eq!(refusal(&path), format!("{path}: not TOML, line 2"));
}

/// The library's definitions as files.
const TEXTS: [&str; 3] = [
    include_str!("../games/orchard.toml"),
    include_str!("../games/snake.toml"),
    include_str!("../games/pokemon-red.toml"),
];

proptest! {
    /// A definition with some characters exchanged is read, or refused in one line.
    #[test]
    fn damaged_definitions(
        which in 0..TEXTS.len(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), "[\\[\\]\"'={}0-9a-z+ \n]|."), 1..6),
    ) {
        let mut letters: Vec<char> = TEXTS[which].chars().collect();
        for (at, with) in damage {
            let at = at.index(letters.len());
            letters.splice(at..=at, with.chars());
        }
        let text: String = letters.into_iter().collect();
        if let Err(error) = Definition::parse(&text, "x", None) {
            prop_assert_eq!(error.to_string().lines().count(), 1);
        }
    }

    /// So is any text.
    #[test]
    fn any_text(text in "(?s).{0,200}") {
        prop_assert!(Definition::parse(&text, "x", None).is_err());
    }
}

#[test]
fn tables_within_tables() {
    let deep = format!("features = {}", "[".repeat(100_000));
    let error = Definition::parse(&deep, "x", None).expect_err("no definition");
    assert_eq!(error.to_string(), "x: not TOML, line 1");
}
