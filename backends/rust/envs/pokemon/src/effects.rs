//! What single moves do besides damage, statuses and stages.
//!
//! Source: Showdown 0.11.11, data/mods/gen1/moves.ts and conditions.ts.

use crate::consts::*;
use crate::moves::data;
use crate::queue::{Action, Kind};
use crate::species::stat;
use crate::state::{status, Active, Battle, SLOTS, SPEED};
use crate::use_move::Cause;

impl Battle {
    /// The lasting condition that a move puts on its target; whether it is news.
    pub(crate) fn add_condition(&mut self, user: usize, target: usize, id: u8) -> bool {
        let chosen = data(id);
        if chosen.effect == EFFECT_TRAPPING {
            // Renewing it counts for nothing; no trapping move comes without damage.
            return self.trap_partially(target, self.number(user));
        }
        if chosen.confuses {
            return self.confuse(target);
        }
        let held = self.active_mut(target);
        match chosen.effect {
            EFFECT_LEECH_SEED => !std::mem::replace(&mut held.leech_seed, true),
            EFFECT_MIST => !std::mem::replace(&mut held.mist, true),
            EFFECT_FOCUS_ENERGY => !std::mem::replace(&mut held.focus_energy, true),
            EFFECT_REFLECT => !std::mem::replace(&mut held.reflect, true),
            EFFECT_LIGHT_SCREEN => !std::mem::replace(&mut held.light_screen, true),
            EFFECT_DISABLE => self.disable(target),
            EFFECT_SUBSTITUTE => self.put_up_substitute(target),
            EFFECT_BIDE => self.start_biding(target),
            _ => false,
        }
    }

    /// One of the moves that have PP is disabled, for 1 to 8 turns of its user.
    fn disable(&mut self, side: usize) -> bool {
        if self.active(side).disable_turns != 0 {
            return false;
        }
        let usable = self.active(side).pp.iter().filter(|&&pp| pp > 0).count();
        let chosen = self.rng.below(usable as u32) as usize;
        let turns = self.rng.between(1, 9) as u8;
        let active = self.active_mut(side);
        let mut slots = (0..SLOTS).filter(|&slot| active.pp[slot] > 0);
        let Some(slot) = slots.nth(chosen) else {
            return false;
        };
        active.disable_move = active.moves[slot];
        active.disable_slot = slot as u8;
        active.disable_turns = turns;
        true
    }

    fn put_up_substitute(&mut self, side: usize) -> bool {
        let most = self.pokemon(side).max_hp();
        let active = self.active_mut(side);
        active.substitute = (most / 4 + 1) as u8;
        active.free();
        true
    }

    fn start_biding(&mut self, side: usize) -> bool {
        let turns = self.rng.between(2, 4) as u8;
        let active = self.active_mut(side);
        active.bide_turns = turns;
        active.bide_damage = 0;
        true
    }

    /// What a move does of its own; false if that fails.
    pub(crate) fn special_effect(
        &mut self,
        user: usize,
        target: usize,
        id: u8,
        cause: Cause,
    ) -> bool {
        match data(id).effect {
            EFFECT_CONVERSION => self.active_mut(user).types = self.active(target).types,
            EFFECT_HAZE => self.haze(user),
            EFFECT_METRONOME => {
                let index = self.rng.below(METRONOME_MOVES.len() as u32) as usize;
                self.call(user, METRONOME_MOVES[index] as u8, cause);
            }
            EFFECT_MIRROR_MOVE => match self.mirrored(user) {
                Some(last) => self.call(user, last, cause),
                None => return false,
            },
            EFFECT_MIMIC => self.mimic(user, target),
            EFFECT_RECOVER => return self.recover(user),
            EFFECT_REST => return self.rest(user),
            EFFECT_SUBSTITUTE => self.pay_for_substitute(user),
            EFFECT_TRANSFORM => self.transform(user, target),
            _ => {}
        }
        true
    }

    /// What a move does to its user: nothing if the hit broke a substitute, but for trapping.
    pub(crate) fn effect_on_user(&mut self, user: usize, target: usize, id: u8, broke: bool) {
        let effect = data(id).effect;
        if effect == EFFECT_TRAPPING {
            self.start_trapping(user, target, id);
        }
        if broke || self.hp(user) == 0 {
            return;
        }
        let active = self.active_mut(user);
        match effect {
            EFFECT_RECHARGE => active.recharge = true,
            EFFECT_RAGE if !active.rage => {
                active.rage = true;
                active.rage_accuracy = 255;
            }
            _ => {}
        }
    }

    /// A trapping move holds the foe for 2 to 5 turns, its duration drawn even if the foe fell.
    fn start_trapping(&mut self, user: usize, target: usize, id: u8) {
        if self.hp(user) == 0 || self.active(user).trapping_move != 0 {
            return;
        }
        let index = self.rng.below(HIT_COUNTS.len() as u32) as usize;
        if self.hp(target) == 0 {
            return;
        }
        let held = self.number(target);
        let damage = self.last_damage;
        let active = self.active_mut(user);
        active.trapping_move = id;
        active.trapping_turns = HIT_COUNTS[index] as u8;
        active.trapping_total = HIT_COUNTS[index] as u8;
        active.trapping_damage = damage;
        active.trapping_target = held;
        self.trap_partially(target, self.number(user));
    }

    /// Haze takes away stages and much else of both, and the foe's status. A foe that was asleep
    /// or frozen cannot move for what it had selected.
    fn haze(&mut self, user: usize) {
        for side in 0..2 {
            if self.hp(side) == 0 {
                continue;
            }
            let active = self.active_mut(side);
            active.boosts = [0; 6];
            active.modified_stats = active.stats;
            if side != user {
                self.haze_foe(side);
            }
            if self.pokemon(side).status == status::TOXIC {
                self.force_status(side, status::POISON, true);
            }
            let active = self.active_mut(side);
            active.speed = active.modified_stats[SPEED];
            active.enable();
            active.confusion = 0;
            active.mist = false;
            active.focus_energy = false;
            active.leech_seed = false;
            active.light_screen = false;
            active.reflect = false;
            active.toxic = false;
            active.toxic_counter = 0;
        }
    }

    fn haze_foe(&mut self, side: usize) {
        let status = self.pokemon(side).status;
        if status == status::FREEZE || status == status::SLEEP {
            self.select_for(side, MOVE_ID_CANNOTMOVE as u8);
        }
        self.cure_status(side);
    }

    /// Makes a Pokemon's selected move another, also the one that is still to come this turn.
    pub(crate) fn select_for(&mut self, side: usize, id: u8) {
        self.sides[side].last_selected_move = id;
        self.sides[side].last_enemy_selected_move = id;
        if self.queue.will_move(side) {
            self.queue.cancel(side);
            self.update_speed(side);
            let action = Action {
                kind: Kind::Move,
                side: side as u8,
                argument: id,
                priority: data(id).priority,
                speed: self.active(side).speed,
            };
            self.queue.insert(action, &mut self.rng);
        }
    }

    /// Mimic takes over the slot that was chosen last.
    fn mimic(&mut self, user: usize, target: usize) {
        let known = self.active(target).moves;
        let count = known.iter().take_while(|&&id| id != 0).count();
        let index = self.rng.below(count as u32) as usize;
        let slot = usize::from(self.sides[user].last_selected_slot);
        let active = self.active_mut(user);
        if slot < SLOTS && active.moves[slot] != 0 {
            active.moves[slot] = known[index % SLOTS];
            if !active.transformed {
                active.mimicked |= 1 << slot;
            }
        }
    }

    /// Half the HP back, unless 255 or 511 are missing.
    fn recover(&mut self, side: usize) -> bool {
        let most = self.pokemon(side).max_hp();
        let works = can_recover(self.hp(side), most);
        if works {
            self.heal(side, u32::from(most / 2));
        }
        works
    }

    fn rest(&mut self, side: usize) -> bool {
        let most = self.pokemon(side).max_hp();
        if !can_recover(self.hp(side), most) || !self.set_status(side, status::SLEEP, true) {
            return false;
        }
        self.pokemon_mut(side).sleep_turns = 2;
        self.heal(side, most.into());
        true
    }

    /// A quarter of the HP, which can be all that is left.
    fn pay_for_substitute(&mut self, side: usize) {
        let most = self.pokemon(side).max_hp();
        if most > 3 {
            self.take(side, u32::from(most / 4));
        }
    }

    /// Transform copies nearly all. The cached speed becomes what the Pokemon itself would have as
    /// that species, until it is next taken anew.
    fn transform(&mut self, user: usize, target: usize) {
        let copied = *self.active(target);
        let own = self.pokemon(user);
        let points = own.stat_points[SPEED + 1];
        let speed = stat(copied.species, own.level, points, SPEED + 1);
        let mut pp = [0; SLOTS];
        for (pp, &id) in pp.iter_mut().zip(&copied.moves) {
            *pp = data(id).base_pp.min(5);
        }
        let active = self.active_mut(user);
        *active = Active {
            species: copied.species,
            types: copied.types,
            transformed: true,
            stats: copied.stats,
            modified_stats: copied.modified_stats,
            speed,
            boosts: copied.boosts,
            moves: copied.moves,
            pp,
            mimicked: 0,
            ..*active
        };
    }
}

/// Recovery fails at full HP, and where 255 or 511 are missing, unless what is left is a multiple
/// of 256.
fn can_recover(hp: u16, most: u16) -> bool {
    let missing = most.saturating_sub(hp);
    missing != 0 && ((missing != 255 && missing != 511) || hp.is_multiple_of(256))
}
