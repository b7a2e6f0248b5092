//! The pairs of teams that resets draw from: copies of references/pokemon/pools, or a file of one's
//! own.

use crate::consts::MOVE_ID_STRUGGLE;
use crate::state::{Pokemon, SLOTS, TEAM};
use samestep_core::Error;
use std::sync::Arc;

/// One pool: pairs of teams, packed.
#[derive(Debug, Clone)]
pub struct Pool {
    teams: Teams,
}

#[derive(Debug, Clone)]
enum Teams {
    BuiltIn(&'static [u8]),
    Own(Arc<[u8]>),
}

const MAGIC: &[u8] = b"GEN1TEAM";
/// The magic, the number of pairs and the CRC-32 of the rest.
const HEADER: usize = 16;
const POKEMON_BYTES: usize = 11;
const TEAM_BYTES: usize = TEAM * POKEMON_BYTES;
const PAIR_BYTES: usize = 2 * TEAM_BYTES;
/// A pair is drawn with 16 random bits.
const MOST_PAIRS: usize = 65_536;

static FILES: [&[u8]; 3] = [
    include_bytes!("../data/random.bin"),
    include_bytes!("../data/ou.bin"),
    include_bytes!("../data/coverage.bin"),
];

impl Pool {
    /// The pool of a `format`: 0 gen1randombattle, 1 gen1ou, 2 coverage.
    ///
    /// # Panics
    /// For any other.
    pub fn of(format: usize) -> Self {
        Pool {
            teams: Teams::BuiltIn(&FILES[format][HEADER..]),
        }
    }

    /// A pool of one's own, from a file that `python -m references.pokemon.pools make` wrote.
    ///
    /// # Errors
    /// If there is no such file, or it is no pool of Pokemon that can be.
    pub fn open(path: &str) -> Result<Self, Error> {
        let refused = |what: String| Error::new(format!("teams is '{path}': {what}"));
        let content = std::fs::read(path).map_err(|_| {
            refused("no file that can be read; accepted: the path of a pool of teams".to_owned())
        })?;
        let teams = pairs_of(&content).map_err(refused)?;
        for (index, team) in teams.chunks_exact(TEAM_BYTES).enumerate() {
            let (pair, player) = (index / 2, index % 2 + 1);
            check_team(team)
                .map_err(|what| refused(format!("pair {pair}, player {player}, {what}")))?;
        }
        Ok(Pool {
            teams: Teams::Own(teams.into()),
        })
    }

    /// Pairs of teams.
    pub fn pairs(&self) -> usize {
        self.packed().len() / PAIR_BYTES
    }

    /// A pair; the first team is player 1's. All are unhurt.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn pair(&self, index: usize) -> [[Pokemon; TEAM]; 2] {
        let packed = &self.packed()[index * PAIR_BYTES..][..PAIR_BYTES];
        let mut pair = [[Pokemon::default(); TEAM]; 2];
        let places = pair.iter_mut().flatten();
        for (place, bytes) in places.zip(packed.chunks_exact(POKEMON_BYTES)) {
            if let &[species, level, a, b, c, d, ref points @ ..] = bytes {
                if species != 0 {
                    *place = Pokemon::new(species, level, [a, b, c, d], points);
                }
            }
        }
        pair
    }

    fn packed(&self) -> &[u8] {
        match &self.teams {
            Teams::BuiltIn(teams) => teams,
            Teams::Own(teams) => teams,
        }
    }
}

/// What follows a pool's header.
fn pairs_of(content: &[u8]) -> Result<&[u8], String> {
    if content.len() < HEADER || !content.starts_with(MAGIC) {
        return Err("it does not begin with GEN1TEAM; accepted: a pool of teams".to_owned());
    }
    let (header, body) = content.split_at(HEADER);
    let number = |at: usize| {
        header[at..at + 4]
            .iter()
            .rev()
            .fold(0u32, |n, &b| n << 8 | u32::from(b))
    };
    let pairs = number(8) as usize;
    if !(1..=MOST_PAIRS).contains(&pairs) || body.len() != pairs * PAIR_BYTES {
        return Err(format!(
            "{pairs} pairs in {} bytes; accepted: 1 to {MOST_PAIRS} of {PAIR_BYTES} bytes each",
            body.len()
        ));
    }
    match crc32(body) == number(12) {
        true => Ok(body),
        false => Err("its checksum is not its content's; accepted: a pool as written".to_owned()),
    }
}

/// As zip and PNG compute it.
fn crc32(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xEDB8_8320;
    let shift = |crc: u32, _| (crc >> 1) ^ (POLYNOMIAL & (crc & 1).wrapping_neg());
    !bytes
        .iter()
        .fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), shift))
}

/// Whether a team's Pokemon can be; what is wrong and accepted if not.
fn check_team(team: &[u8]) -> Result<(), String> {
    for (slot, pokemon) in team.chunks_exact(POKEMON_BYTES).enumerate() {
        if slot > 0 && pokemon[0] == 0 {
            let empty = team[slot * POKEMON_BYTES..].iter().all(|&byte| byte == 0);
            return match empty {
                true => Ok(()),
                false => Err("empty slots must be 0 and come last".to_owned()),
            };
        }
        check_pokemon(pokemon).map_err(|what| format!("Pokemon {}: {what}", slot + 1))?;
    }
    Ok(())
}

fn check_pokemon(packed: &[u8]) -> Result<(), String> {
    in_range("species", packed[0], 1, 151)?;
    in_range("level", packed[1], 1, 100)?;
    let (moves, points) = packed[2..].split_at(SLOTS);
    let known = moves.iter().take_while(|&&id| id != 0).count().max(1);
    for (slot, &id) in moves[..known].iter().enumerate() {
        in_range("a move", id, 1, MOVE_ID_STRUGGLE as u8 - 1)?;
        if moves[..slot].contains(&id) {
            return Err(format!("move {id} twice; accepted: each move once"));
        }
    }
    if moves[known..].iter().any(|&id| id != 0) {
        return Err("a move follows a 0; accepted: one to four moves, then 0".to_owned());
    }
    points
        .iter()
        .try_for_each(|&points| in_range("stat points", points, 0, 93))
}

fn in_range(name: &str, value: u8, low: u8, high: u8) -> Result<(), String> {
    match (low..=high).contains(&value) {
        true => Ok(()),
        false => Err(format!("{name} is {value}; accepted: {low} to {high}")),
    }
}

impl Pokemon {
    /// An unhurt one. Moves come first, then 0; `points` are those of HP, attack, defense, speed
    /// and special.
    pub fn new(species: u8, level: u8, moves: [u8; SLOTS], points: &[u8]) -> Self {
        let mut pokemon = Pokemon {
            species,
            level,
            moves,
            pp: moves.map(crate::moves::full_pp),
            ..Pokemon::default()
        };
        for (own, points) in pokemon.stat_points.iter_mut().zip(points) {
            *own = *points;
        }
        pokemon.hp = pokemon.max_hp();
        pokemon
    }
}
