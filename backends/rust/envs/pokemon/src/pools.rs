//! The pairs of teams that resets draw from; copies of references/pokemon/pools.

use crate::state::{Pokemon, SLOTS, TEAM};

/// One pool: pairs of teams, packed.
#[derive(Debug, Clone, Copy)]
pub struct Pool {
    teams: &'static [u8],
}

const HEADER: usize = 16;
const POKEMON_BYTES: usize = 11;
const PAIR_BYTES: usize = 2 * TEAM * POKEMON_BYTES;

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
            teams: &FILES[format][HEADER..],
        }
    }

    /// Pairs of teams.
    pub fn pairs(self) -> usize {
        self.teams.len() / PAIR_BYTES
    }

    /// A pair; the first team is player 1's. All are unhurt.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn pair(self, index: usize) -> [[Pokemon; TEAM]; 2] {
        let packed = &self.teams[index * PAIR_BYTES..][..PAIR_BYTES];
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
