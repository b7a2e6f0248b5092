//! The definitions that come with the library, and the one ROM that does.

/// Name and definition of each game; copies of references/gameboy/games.
const GAMES: [(&str, &str); 6] = [
    ("orchard", include_str!("../../games/orchard.toml")),
    ("2048", include_str!("../../games/2048.toml")),
    ("plantboy", include_str!("../../games/plantboy.toml")),
    ("pokemon-red", include_str!("../../games/pokemon-red.toml")),
    ("rex-runner", include_str!("../../games/rex-runner.toml")),
    ("snake", include_str!("../../games/snake.toml")),
];

/// The game of our own, whose ROM may be shipped; a copy of references/gameboy/roms/orchard.gb.
const ROM: (&str, &[u8]) = ("orchard", include_bytes!("../../games/orchard.gb"));

/// The games whose definitions come with the library.
pub fn names() -> Vec<&'static str> {
    GAMES.iter().map(|(name, _)| *name).collect()
}

/// The definition of a game that comes with the library.
pub fn definition_of(name: &str) -> Option<&'static str> {
    let found = GAMES.iter().find(|(game, _)| *game == name);
    found.map(|(_, text)| *text)
}

/// The ROM of a game, if it comes with the library.
pub fn rom_of(name: &str) -> Option<&'static [u8]> {
    (ROM.0 == name).then_some(ROM.1)
}
