//! Using a move: what comes before it hits, and after.
//!
//! Source: Showdown 0.11.11, data/mods/gen1/scripts.ts, `runMove`, `useMove`, `useMoveInner`.

use crate::consts::*;
use crate::moves::data;
use crate::state::{Battle, ATTACK, SLOTS};

/// Why a move is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It was chosen.
    Chosen,
    /// It takes several turns, and goes on.
    Locked,
    /// Metronome or Mirror Move called it; the number says how many of them in a row.
    Called(u8),
}

/// Metronome and Mirror Move call each other at most so often: Showdown gives up after eight
/// nested events.
const MOST_CALLS: u8 = 7;

impl Battle {
    /// A Pokemon's action, in which it may be kept from the move.
    pub(crate) fn run_move(&mut self, user: usize, id: u8) {
        if id == MOVE_ID_CANNOTMOVE as u8 {
            self.after_move_self(user);
            return;
        }
        let target = self.target_of(user, id);
        self.pokemon_mut(target).substitute_broken = false;
        if !self.may_move(user, target, id) {
            self.after_move_self(user);
            return;
        }
        let active = self.active(user);
        let struggles = id == MOVE_ID_STRUGGLE as u8;
        let locked = active.locked_move().or(active.half_locked_move());
        let pays_now = (locked.is_none() && !data(id).two_turn) || active.charging_move != 0;
        if !struggles && pays_now {
            self.change_pp(user, -1);
        }
        let cause = match locked {
            Some(_) if !struggles => Cause::Locked,
            _ => Cause::Chosen,
        };
        self.use_move(user, id, cause);
    }

    fn target_of(&self, user: usize, id: u8) -> usize {
        match data(id).targets_self {
            true => user,
            false => 1 - user,
        }
    }

    /// Changes the PP of the slot that was chosen last; below 0 they become 63, above 63, 0.
    fn change_pp(&mut self, user: usize, by: i8) {
        let side = &mut self.sides[user];
        let slot = usize::from(side.last_selected_slot);
        if slot >= SLOTS || side.active.moves[slot] == 0 {
            return;
        }
        let pp = side.active.pp[slot].wrapping_add_signed(by) % 64;
        side.active.pp[slot] = pp;
        if !side.active.transformed {
            side.pokemon_mut().pp[slot] = pp;
        }
    }

    /// Uses a move, and lets what follows it happen.
    pub(crate) fn use_move(&mut self, user: usize, id: u8, cause: Cause) {
        let chosen = data(id);
        let target = self.target_of(user, id);
        if let Cause::Called(_) = cause {
            self.repay_pp(user, chosen.two_turn);
        }
        let shown = match id == MOVE_ID_NOMOVE as u8 {
            true => MOVE_ID_FISSURE as u8,
            false => id,
        };
        self.sides[user].last_enemy_move = shown;
        let active = self.active_mut(user);
        if !chosen.two_turn || active.charging_move != 0 {
            active.last_move = shown;
        }
        if cause == Cause::Chosen {
            self.reveal(user, shown);
        }
        self.carry_out(user, target, id, cause);
        if self.calls_another(user, id) {
            return; // What follows a move followed the one that it called.
        }
        self.after_move(user, target);
        if self.hp(target) > 0 {
            self.after_move_self(user);
        }
    }

    fn calls_another(&self, user: usize, id: u8) -> bool {
        id == MOVE_ID_METRONOME as u8
            || (id == MOVE_ID_MIRRORMOVE as u8 && self.mirrored(user).is_some())
    }

    /// The move that Mirror Move would repeat.
    pub(crate) fn mirrored(&self, user: usize) -> Option<u8> {
        let last = self.active(1 - user).last_move;
        (last != 0 && last != MOVE_ID_MIRRORMOVE as u8).then_some(last)
    }

    /// A move that is called in the first of its two turns costs its caller nothing yet; and after
    /// Transform the Pokemon's own slot gains, whatever is called.
    fn repay_pp(&mut self, user: usize, two_turn: bool) {
        if two_turn {
            self.change_pp(user, 1);
        }
        let side = &mut self.sides[user];
        let slot = usize::from(side.last_selected_slot);
        let transformed = side.active.transformed;
        let own = side.pokemon_mut();
        if transformed && slot < SLOTS && own.moves[slot] != 0 {
            own.pp[slot] = own.pp[slot].wrapping_add(1) % 64;
        }
    }

    /// The foe sees a move that the Pokemon chose from its own.
    fn reveal(&mut self, user: usize, shown: u8) {
        if self.active(user).transformed {
            return;
        }
        let own = self.pokemon_mut(user);
        for (slot, &id) in own.moves.iter().enumerate() {
            own.revealed |= u8::from(id == shown) << slot;
        }
    }

    /// The move itself.
    fn carry_out(&mut self, user: usize, target: usize, id: u8, cause: Cause) {
        let chosen = data(id);
        if chosen.effect == EFFECT_TRAPPING && self.hp(target) > 0 {
            // Even one that misses spares Hyper Beam's user its pause.
            self.active_mut(target).recharge = false;
        }
        if chosen.two_turn && self.charges(user, id) {
            return;
        }
        if !chosen.keeps_last_damage {
            self.last_damage = 0;
        }
        let hit = self.try_to_hit(user, target, id, cause);
        let held = self.active(target);
        let stirs = chosen.explodes() || id == MOVE_ID_DISABLE as u8;
        if stirs && held.rage && held.boosts[ATTACK] < 6 {
            self.boost(target, ATTACK as u8, 1);
        }
        if hit.is_none() && chosen.effect == EFFECT_CRASH {
            self.hurt_oneself(user, 1);
        }
    }

    /// The first of a move's two turns, unless it is the second.
    fn charges(&mut self, user: usize, id: u8) -> bool {
        let active = self.active_mut(user);
        if active.charging_move != 0 {
            active.charging_move = 0;
            active.invulnerable = false;
            return false;
        }
        active.charging_move = id;
        active.invulnerable |= data(id).effect == EFFECT_CHARGE_INVULNERABLE;
        true
    }

    /// The call that Metronome or Mirror Move makes, told from which call it comes itself.
    pub(crate) fn call(&mut self, user: usize, id: u8, cause: Cause) {
        let calls = match cause {
            Cause::Called(calls) => calls + 1,
            _ => 1,
        };
        let side = &mut self.sides[user];
        side.last_selected_move = id;
        side.last_enemy_selected_move = id;
        if calls <= MOST_CALLS {
            self.use_move(user, id, Cause::Called(calls));
        }
    }
}
