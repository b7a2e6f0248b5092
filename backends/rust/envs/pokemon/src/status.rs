//! Statuses and the conditions that pass when a Pokemon leaves.
//!
//! Source: Showdown 0.11.11, sim/pokemon.ts, `setStatus`, `addVolatile`; data/rulesets.ts,
//! `sleepclausemod`, `freezeclausemod`; data/mods/gen1/conditions.ts.

use crate::consts::*;
use crate::state::{status, Battle, ATTACK, SPEED};

impl Battle {
    /// Gives a Pokemon a status, in place of any that it has; `by_own`: its own side does it.
    ///
    /// Sleep and Freeze Clause both look at every status, tie, and cost a draw for their order.
    pub(crate) fn set_status(&mut self, side: usize, status: u8, by_own: bool) -> bool {
        let pokemon = self.pokemon(side);
        if pokemon.hp == 0 || pokemon.status == status {
            return false;
        }
        let poisons = status == status::POISON || status == status::TOXIC;
        if poisons && self.active(side).has_type(TYPE_POISON as u8) {
            return false;
        }
        self.force_status(side, status, by_own)
    }

    /// The same for one whose type does not protect it.
    pub(crate) fn force_status(&mut self, side: usize, status: u8, by_own: bool) -> bool {
        self.rng.order_of(2);
        if !by_own && self.clause_forbids(side, status) {
            return false;
        }
        let sleep_turns = match status {
            status::SLEEP => self.rng.between(1, 8) as u8,
            _ => 0,
        };
        let pokemon = self.pokemon_mut(side);
        pokemon.status = status;
        pokemon.sleep_turns = sleep_turns;
        pokemon.slept_by_own = by_own && status == status::SLEEP;
        if status == status::TOXIC {
            let active = self.active_mut(side);
            active.toxic = true;
            active.toxic_counter = 0;
        }
        true
    }

    /// Sleep Clause: one foe asleep by the other side's doing; Freeze Clause: one frozen.
    fn clause_forbids(&self, side: usize, status: u8) -> bool {
        let mut team = self.sides[side].team.iter();
        match status {
            status::SLEEP => team.any(|pokemon| {
                pokemon.hp > 0 && pokemon.status == status::SLEEP && !pokemon.slept_by_own
            }),
            status::FREEZE => team.any(|pokemon| pokemon.status == status::FREEZE),
            _ => false,
        }
    }

    pub(crate) fn cure_status(&mut self, side: usize) {
        let pokemon = self.pokemon_mut(side);
        if pokemon.hp > 0 {
            pokemon.status = status::NONE;
            pokemon.sleep_turns = 0;
            pokemon.slept_by_own = false;
        }
    }

    /// A move's status, with the drop of the stat that it halves or quarters. It works on a healthy
    /// Pokemon only; but sleep works on any that must recharge.
    pub(crate) fn inflict(&mut self, side: usize, status: u8) {
        if status == status::SLEEP && self.active(side).recharge {
            if self.set_status(side, status, false) {
                self.active_mut(side).recharge = false;
            }
        } else if self.pokemon(side).status == status::NONE && self.set_status(side, status, false)
        {
            self.drop_stat(side);
        }
    }

    /// Works the drop of paralysis or burn into the modified stats, again if it already is.
    pub(crate) fn drop_stat(&mut self, side: usize) {
        let status = self.pokemon(side).status;
        status_drop(status, &mut self.active_mut(side).modified_stats);
    }

    /// Confuses a Pokemon that is not.
    pub(crate) fn confuse(&mut self, side: usize) -> bool {
        if self.hp(side) == 0 || self.active(side).confusion != 0 {
            return false;
        }
        self.active_mut(side).confusion = self.rng.between(2, 6) as u8;
        true
    }

    /// Makes a Pokemon flinch, which also spares it Hyper Beam's pause.
    pub(crate) fn make_flinch(&mut self, side: usize) {
        let active = self.active_mut(side);
        if !active.flinch {
            active.flinch = true;
            active.recharge = false;
        }
    }

    /// Traps a Pokemon partially for this turn and the next, or for longer; whether it is news.
    pub(crate) fn trap_partially(&mut self, side: usize, by: u8) -> bool {
        if self.hp(side) == 0 {
            return false;
        }
        let active = self.active_mut(side);
        let news = active.trapped_turns == 0;
        active.trapped_turns = 2;
        if news {
            active.trapped_by = by;
            active.trapped_maybe = false;
        }
        news
    }
}

/// The drop of paralysis or burn.
pub(crate) fn status_drop(status: u8, modified_stats: &mut [u16; 4]) {
    match status {
        status::PARALYSIS => modified_stats[SPEED] = (modified_stats[SPEED] / 4).max(1),
        status::BURN => modified_stats[ATTACK] = (modified_stats[ATTACK] / 2).max(1),
        _ => {}
    }
}
