//! The built-in opponents, by poke-env's definitions.

use crate::choices::CHOICES;
use crate::consts::ACTION_MOVE;
use crate::heuristics;
use crate::moves::data;
use crate::state::{Battle, SLOTS};
use samestep_core::threefry::below;

/// Who plays the second side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opponent {
    /// The other player.
    Nobody,
    /// Uniform among the legal actions.
    Random,
    /// The legal move with the greatest base power; a uniform switch where it must switch.
    MaxBasePower,
    /// poke-env's rules of thumb on matchups and damage.
    SimpleHeuristics,
}

impl Opponent {
    /// Its action among the legal ones, `word` being the step's draw for it.
    pub fn choose(self, battle: &Battle, side: usize, legal: u16, word: u32) -> i32 {
        if self == Opponent::SimpleHeuristics {
            return heuristics::choose(battle, side, legal);
        }
        let usable = legal >> ACTION_MOVE;
        if self == Opponent::MaxBasePower && usable != 0 {
            return ACTION_MOVE + strongest(battle, side, usable);
        }
        let mut rank = below(word, legal.count_ones().max(1));
        for action in 0..CHOICES {
            if legal >> action & 1 == 1 {
                if rank == 0 {
                    return action as i32;
                }
                rank -= 1;
            }
        }
        0
    }
}

/// The first slot with the greatest base power among the usable ones.
fn strongest(battle: &Battle, side: usize, usable: u16) -> i32 {
    let moves = &battle.active(side).moves;
    let mut best = None;
    for slot in (0..SLOTS).filter(|slot| usable >> slot & 1 == 1) {
        let power = data(moves[slot]).power;
        if best.is_none_or(|(_, most)| power > most) {
            best = Some((slot, power));
        }
    }
    best.map_or(0, |(slot, _)| slot as i32)
}
