//! Whether a move hits, and what it does where it does.
//!
//! Source: Showdown 0.11.11, data/mods/gen1/scripts.ts, `tryMoveHit`, `moveHit`; moves.ts,
//! `substitute`.

use crate::boosts::stage_percent;
use crate::consts::*;
use crate::damage::{is_immune, kept, Damage};
use crate::moves::{data, Move};
use crate::state::{status, Battle, ACCURACY, ATTACK, EVASION, SPEED};
use crate::use_move::Cause;

/// A hit among those of one move.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit {
    /// The first one's damage, for the later ones.
    repeats: Option<u32>,
    last: bool,
    pub cause: Cause,
}

/// What a substitute does about a move.
enum Substitute {
    /// It lets the move pass.
    Passes,
    /// The move fails.
    Stops,
    /// It takes the damage.
    Takes,
}

impl Battle {
    /// Tries to hit. The damage done, 0 for a move that does none; None if it missed or failed.
    pub(crate) fn try_to_hit(
        &mut self,
        user: usize,
        target: usize,
        id: u8,
        cause: Cause,
    ) -> Option<u32> {
        let chosen = data(id);
        if chosen.effect == EFFECT_THRASH {
            self.thrash(user, id);
        }
        if self.cannot_be_hit(user, target, chosen) {
            if chosen.explodes() {
                self.take(user, u32::MAX);
            }
            return None;
        }
        if !self.can_work(user, target, chosen) {
            return None;
        }
        let mut damage = None;
        if self.is_accurate(user, target, chosen) {
            damage = self.hits(user, target, id, cause);
        } else {
            self.last_damage = 0;
        }
        if chosen.explodes() && !self.pokemon(target).substitute_broken {
            self.take(user, u32::MAX);
        }
        if damage.is_none() {
            self.active_mut(user).stop_trapping();
            return None;
        }
        let burns = chosen.secondary_status == status::BURN;
        if burns && self.pokemon(target).status == status::FREEZE {
            self.cure_status(target);
        }
        damage
    }

    /// Thrash or Petal Dance begins, or comes closer to its end in confusion.
    fn thrash(&mut self, user: usize, id: u8) {
        if self.active(user).thrash_move == 0 {
            let turns = self.rng.between(2, 4) as u8;
            let active = self.active_mut(user);
            active.thrash_move = id;
            active.thrash_turns = turns;
            active.thrash_accuracy = 255;
            return;
        }
        let active = self.active_mut(user);
        active.thrash_turns = active.thrash_turns.saturating_sub(1);
        if active.thrash_turns == 0 {
            active.confusion = 0;
            self.confuse(user);
        }
    }

    /// Out of reach, or of a type that the move does nothing to.
    fn cannot_be_hit(&self, user: usize, target: usize, chosen: &Move) -> bool {
        let held = self.active(target);
        let away = held.invulnerable && target != user && !chosen.hits_invulnerable;
        away || (!chosen.ignores_immunity && is_immune(held, chosen.kind))
    }

    /// What some moves ask of their target.
    fn can_work(&self, user: usize, target: usize, chosen: &Move) -> bool {
        let held = self.active(target);
        match chosen.effect {
            EFFECT_LEECH_SEED => !held.has_type(TYPE_GRASS as u8),
            EFFECT_DREAM_EATER => {
                self.pokemon(target).status == status::SLEEP && held.substitute == 0
            }
            EFFECT_OHKO => held.modified_stats[SPEED] <= self.active(user).modified_stats[SPEED],
            _ => true,
        }
    }

    /// The draw against a move's accuracy, if it needs one.
    fn is_accurate(&mut self, user: usize, target: usize, chosen: &Move) -> bool {
        let surely_sleeps = chosen.status == status::SLEEP && self.active(target).recharge;
        if chosen.accuracy == 0 || surely_sleeps {
            return true;
        }
        let stages = self.active(user).boosts[ACCURACY];
        let evasion = self.active(target).boosts[EVASION];
        let active = self.active_mut(user);
        let mut accuracy = chosen.accuracy;
        if active.thrash_move != 0 {
            accuracy = active.thrash_accuracy;
        }
        if active.rage {
            accuracy = active.rage_accuracy;
        }
        let mut odds = u32::from(accuracy) * stage_percent(stages) / 100;
        odds = odds * stage_percent(evasion.saturating_neg()) / 100;
        odds = odds.clamp(1, 255);
        if active.thrash_move != 0 {
            active.thrash_accuracy = odds as u8;
        }
        if active.rage {
            active.rage_accuracy = odds as u8;
        }
        let held = self.active(target);
        let holds = held.trapped_turns != 0 && held.trapped_by == self.number(user);
        holds || self.rng.happens(odds)
    }

    /// All hits of a move, which end when somebody falls or a substitute has broken. The damage of
    /// the last one; None if it fails, as no move of several hits does.
    fn hits(&mut self, user: usize, target: usize, id: u8, cause: Cause) -> Option<u32> {
        let mut hit = Hit {
            repeats: None,
            last: true,
            cause,
        };
        let hits = match data(id).multihit {
            0 => return self.hit(user, target, id, hit),
            5 => HIT_COUNTS[self.rng.below(HIT_COUNTS.len() as u32) as usize],
            twice => i32::from(twice),
        };
        let mut damage = None;
        for number in 1..=hits {
            hit.last = number == hits;
            damage = self.hit(user, target, id, hit);
            hit.repeats = hit.repeats.or(damage);
            let over = self.hp(target) == 0 || self.hp(user) == 0;
            if over || self.pokemon(target).substitute_broken {
                break;
            }
        }
        damage
    }

    /// One hit, on the target or its substitute. The damage done; None if it fails.
    fn hit(&mut self, user: usize, target: usize, id: u8, hit: Hit) -> Option<u32> {
        let chosen = data(id);
        if !self.may_be_tried(target, id) {
            return None;
        }
        let had_substitute = self.active(target).substitute > 0;
        let mut damage = 0;
        let mut reached = true;
        if had_substitute {
            match self.hit_on_substitute(user, target, id, hit) {
                Substitute::Passes => {}
                Substitute::Stops => return None,
                Substitute::Takes => reached = false,
            }
        }
        if reached {
            damage = self.hit_on_target(user, target, id, hit)?;
        }
        let broke = had_substitute && self.active(target).substitute == 0;
        self.effect_on_user(user, target, id, broke);
        let rolls = chosen.multihit == 0 || hit.last;
        if reached && rolls && self.hp(target) > 0 {
            self.secondary(user, target, chosen);
        }
        Some(damage)
    }

    /// What makes some moves fail at once.
    fn may_be_tried(&self, target: usize, id: u8) -> bool {
        let held = self.active(target);
        match data(id).effect {
            EFFECT_DISABLE => held.pp.iter().any(|&pp| pp > 0),
            EFFECT_LIGHT_SCREEN => !held.light_screen,
            EFFECT_REFLECT => !held.reflect,
            EFFECT_SUBSTITUTE => {
                let pokemon = self.pokemon(target);
                held.substitute == 0 && 4 * u32::from(pokemon.hp) >= u32::from(pokemon.max_hp())
            }
            _ => true,
        }
    }

    fn hit_on_substitute(&mut self, user: usize, target: usize, id: u8, hit: Hit) -> Substitute {
        let chosen = data(id);
        if chosen.is_status() {
            let poisons = chosen.status == status::POISON || chosen.status == status::TOXIC;
            let lowers = chosen.boost_stages != 0 && target != user;
            return match poisons || lowers || chosen.confuses {
                true => Substitute::Stops,
                false => Substitute::Passes,
            };
        }
        if chosen.has_volatile && target == user {
            return Substitute::Passes;
        }
        let damage = match hit.repeats {
            Some(_) => u32::from(self.last_damage),
            None => match self.damage_of(user, target, id) {
                Damage::Amount(damage) => damage,
                _ => return Substitute::Stops,
            },
        };
        self.last_damage = kept(damage);
        self.hit_substitute(target, damage);
        if self.active(target).substitute > 0 {
            self.after_substitute(user, target, chosen, damage);
        }
        Substitute::Takes
    }

    /// What a substitute that holds does not keep off.
    fn after_substitute(&mut self, user: usize, target: usize, chosen: &Move, damage: u32) {
        if damage > 0 {
            self.recoil(user, chosen, damage);
        }
        if chosen.drains {
            self.drain(user, damage);
        }
        let confuses = i32::from(chosen.secondary) == SECONDARY_CONFUSION;
        if confuses && self.rng.happens(chosen.secondary_chance.into()) {
            self.confuse(target);
        }
    }

    /// The hit on the Pokemon itself. The damage done; None if it fails.
    fn hit_on_target(&mut self, user: usize, target: usize, id: u8, hit: Hit) -> Option<u32> {
        let chosen = data(id);
        let mut did_something = false;
        let mut damage = 0;
        let amount = match hit.repeats {
            Some(first) => Damage::Amount(first),
            None => self.damage_of(user, target, id),
        };
        match amount {
            Damage::Fails => return None,
            Damage::Nothing => {}
            Damage::Amount(amount) => {
                damage = self.deal(user, target, chosen, amount);
                did_something = true;
            }
        }
        if chosen.boost_stages != 0 && self.hp(target) > 0 {
            if !self.boost_by_move(user, target, chosen) {
                return None;
            }
            did_something = true;
        }
        if chosen.status != status::NONE {
            self.inflict(target, chosen.status);
            did_something = true;
        }
        did_something |= self.add_condition(user, target, id);
        let worked = self.special_effect(user, target, id, hit.cause);
        let held = self.active(target);
        let angers = !chosen.is_status() && !chosen.explodes();
        if angers && held.rage && held.boosts[ATTACK] < 6 {
            self.boost(target, ATTACK as u8, 1);
        }
        (worked || did_something).then_some(damage)
    }

    /// Damage of a hit, with what it drains and the recoil.
    fn deal(&mut self, user: usize, target: usize, chosen: &Move, amount: u32) -> u32 {
        let amount = amount.min(self.hp(target).into());
        let dealt = self.take_for_move(target, amount);
        if dealt > 0 {
            if chosen.drains {
                self.drain(user, dealt);
            }
            self.recoil(user, chosen, dealt);
        }
        dealt
    }

    /// A move's change of a stage. Mist keeps a foe's off, and it brings the foe's burn or
    /// paralysis to bear once more.
    fn boost_by_move(&mut self, user: usize, target: usize, chosen: &Move) -> bool {
        let lowers = chosen.boost_stages < 0 && target != user;
        if lowers && self.active(target).mist {
            return false;
        }
        let changed = self.boost(target, chosen.boost_stat, chosen.boost_stages);
        if changed {
            self.drop_stat(1 - user);
        }
        changed
    }

    /// What a move may do besides.
    fn secondary(&mut self, user: usize, target: usize, chosen: &Move) {
        let kind = i32::from(chosen.secondary);
        if kind == SECONDARY_NONE {
            return;
        }
        let status = chosen.secondary_status;
        let typed = matches!(status, status::PARALYSIS | status::BURN | status::FREEZE);
        if typed && self.active(target).has_type(chosen.kind) {
            return;
        }
        if !self.rng.happens(chosen.secondary_chance.into()) {
            return;
        }
        match kind {
            SECONDARY_STATUS => self.inflict(target, status),
            SECONDARY_FLINCH => self.make_flinch(target),
            SECONDARY_CONFUSION => {
                self.confuse(target);
            }
            _ => {
                if self.boost(target, chosen.secondary_stat, chosen.secondary_stages) {
                    self.drop_stat(1 - user);
                }
            }
        }
    }

    /// What Bide pays back, to the foe or its substitute.
    pub(crate) fn release_bide(&mut self, target: usize, damage: u32) {
        if self.active(target).substitute > 0 {
            self.last_damage = kept(damage);
            self.hit_substitute(target, damage);
            return;
        }
        let damage = damage.min(self.hp(target).into());
        self.take_for_move(target, damage);
        let held = self.active(target);
        if held.rage && held.boosts[ATTACK] < 6 {
            self.boost(target, ATTACK as u8, 1);
        }
    }
}
