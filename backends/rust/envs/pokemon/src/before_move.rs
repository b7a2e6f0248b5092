//! What can keep a Pokemon from the move that it was about to use, in order.
//!
//! Source: Showdown 0.11.11, data/mods/gen1/conditions.ts and moves.ts, the `onBeforeMove`s by
//! their priorities.

use crate::consts::*;
use crate::state::{status, Battle, ATTACK, DEFENSE};

impl Battle {
    /// Whether the Pokemon gets to use its move.
    pub(crate) fn may_move(&mut self, user: usize, target: usize, id: u8) -> bool {
        let pokemon = self.pokemon_mut(user);
        match pokemon.status {
            status::FREEZE => {
                self.active_mut(user).last_move = 0;
                return false;
            }
            status::SLEEP => {
                pokemon.sleep_turns = pokemon.sleep_turns.saturating_sub(1);
                self.active_mut(user).last_move = 0;
                return false;
            }
            _ => {}
        }
        let active = self.active_mut(user);
        if active.trapped_turns != 0 || active.flinch {
            return false;
        }
        if active.recharge {
            active.recharge = false;
            return false;
        }
        if self.is_disabled(user, id) || self.is_lost_in_confusion(user) {
            return false;
        }
        if self.pokemon(user).status == status::PARALYSIS && self.rng.happens(63) {
            self.interrupt(user);
            return false;
        }
        self.goes_on(user, target)
    }

    /// Disable's own turn: it runs down, or keeps the disabled move from being used.
    fn is_disabled(&mut self, user: usize, id: u8) -> bool {
        let active = self.active_mut(user);
        if active.disable_turns == 0 {
            return false;
        }
        active.disable_turns -= 1;
        if active.disable_turns == 0 {
            active.enable();
            return false;
        }
        let id = match active.bide_turns {
            0 => id,
            _ => MOVE_ID_BIDE as u8,
        };
        if id != active.disable_move {
            return false;
        }
        active.charging_move = 0;
        true
    }

    /// Confusion's own turn: it runs down, or the Pokemon hurts itself.
    fn is_lost_in_confusion(&mut self, user: usize) -> bool {
        let active = self.active_mut(user);
        if active.confusion == 0 {
            return false;
        }
        active.confusion -= 1;
        if active.confusion == 0 || self.rng.happens(128) {
            return false;
        }
        let level = u32::from(self.pokemon(user).level);
        let stats = self.active(user).modified_stats;
        let defense = u32::from(stats[DEFENSE]).max(1);
        let damage = (2 * level / 5 + 2) * u32::from(stats[ATTACK]) * 40 / defense / 50 + 2;
        self.hurt_oneself(user, damage);
        if self.hp(user) > 0 {
            self.interrupt(user);
            self.active_mut(user).invulnerable = false;
        }
        true
    }

    /// Ends what takes several turns, but leaves one who is out of reach there.
    fn interrupt(&mut self, user: usize) {
        let active = self.active_mut(user);
        active.stop_biding();
        active.charging_move = 0;
        active.stop_trapping();
        active.stop_thrashing();
    }

    /// Bide takes the move's place; a trapping move ends if its victim has changed.
    fn goes_on(&mut self, user: usize, target: usize) -> bool {
        let victim = self.number(target);
        let active = self.active_mut(user);
        if active.bide_turns != 0 {
            self.bide(user);
            return false;
        }
        if active.trapping_target != victim {
            active.stop_trapping();
        }
        true
    }

    /// A turn of Bide: the last damage is stored, and at the end paid back twofold.
    fn bide(&mut self, user: usize) {
        let last_damage = self.last_damage;
        let active = self.active_mut(user);
        active.bide_damage = active.bide_damage.saturating_add(last_damage);
        active.bide_turns -= 1;
        if active.bide_turns > 0 {
            return;
        }
        let damage = 2 * u32::from(active.bide_damage);
        if damage > 0 {
            self.release_bide(1 - user, damage);
        }
        self.active_mut(user).stop_biding();
    }
}
