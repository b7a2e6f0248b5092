//! What happens to a Pokemon after its move, and to both at the end of a turn.
//!
//! Source: Showdown 0.11.11, data/mods/gen1/conditions.ts and moves.ts, the `onAfterMoveSelf`s and
//! `onAfterMove`s; data/mods/gen2/conditions.ts, `tox`, `residualdmg`.

use crate::state::{status, Battle};

impl Battle {
    /// Waking up, poison, burn and Leech Seed, each after the Pokemon's own move.
    pub(crate) fn after_move_self(&mut self, user: usize) {
        let status = self.pokemon(user).status;
        let hurts = matches!(status, status::BURN | status::POISON | status::TOXIC);
        if hurts && self.active(user).toxic {
            self.count_toxic(user);
        }
        if status == status::SLEEP && self.pokemon(user).sleep_turns == 0 {
            self.cure_status(user);
        }
        if hurts {
            let active = self.active(user);
            let times = if active.toxic {
                active.toxic_counter
            } else {
                1
            };
            self.take(user, self.sixteenth(user) * u32::from(times));
        }
        if self.active(user).leech_seed {
            self.leech(user);
        }
    }

    /// Leech Seed: the foe gets what it takes, and gets it even from one who has nothing left.
    fn leech(&mut self, user: usize) {
        let leecher = 1 - user;
        if self.hp(leecher) == 0 {
            return;
        }
        let mut times = 1;
        if self.active(user).toxic {
            self.count_toxic(user);
            times = u32::from(self.active(user).toxic_counter);
        }
        let amount = self.sixteenth(user) * times;
        self.take(user, amount);
        self.heal(leecher, amount);
    }

    fn count_toxic(&mut self, side: usize) {
        let active = self.active_mut(side);
        active.toxic_counter = active.toxic_counter.saturating_add(1);
    }

    /// A sixteenth of the maximum HP, at least 1.
    pub(crate) fn sixteenth(&self, side: usize) -> u32 {
        u32::from(self.pokemon(side).max_hp() / 16).max(1)
    }

    /// What a move that takes several turns does after each of them.
    pub(crate) fn after_move(&mut self, user: usize, target: usize) {
        if self.active(user).trapping_move != 0 {
            self.after_trapping(user, target);
        }
        let fells = self.hp(target) == 0;
        let active = self.active_mut(user);
        if fells {
            active.recharge = false;
        }
        if active.thrash_move != 0 && active.thrash_turns == 0 {
            active.stop_thrashing();
        }
    }

    /// A trapping move ends, with both players left to think otherwise, or holds on.
    fn after_trapping(&mut self, user: usize, target: usize) {
        if self.hp(target) == 0 {
            self.active_mut(user).stop_trapping();
            return;
        }
        let (turns, total) = {
            let active = self.active(user);
            (active.trapping_turns, active.trapping_total)
        };
        if turns != 1 {
            self.trap_partially(target, self.number(user));
            if total > turns {
                self.active_mut(target).trapped_maybe = true;
            }
        } else if total != 5 {
            let pair = [(user, self.number(target)), (target, self.number(user))];
            for (side, other) in pair {
                let active = self.active_mut(side);
                if active.fake_trapped_turns == 0 {
                    active.fake_trapped_turns = 2;
                }
                active.fake_trapped_with = other;
            }
        }
    }

    /// The end of a turn in which nobody fainted: what lasts for a number of turns runs down. What
    /// belongs to equally fast Pokemon, or to one, ties and costs draws for its order.
    pub(crate) fn residual(&mut self) {
        self.update_speeds();
        let lasting = [0, 1].map(|side| self.active(side).lasting());
        if lasting == [0, 0] && !self.active(0).flinch && !self.active(1).flinch {
            return; // Nothing ties, nothing runs down.
        }
        let mut tied = [0; 2];
        for (side, tied) in tied.iter_mut().enumerate() {
            let active = self.active(side);
            *tied = u32::from(active.flinch)
                + u32::from(active.trapped_turns != 0)
                + u32::from(active.fake_trapped_turns != 0)
                + u32::from(active.trapping_move != 0);
        }
        if self.active(0).speed == self.active(1).speed {
            self.rng.order_of(tied[0] + tied[1]);
        } else {
            self.rng.order_of(tied[0]);
            self.rng.order_of(tied[1]);
        }
        for side in 0..2 {
            self.run_down(side);
        }
    }

    fn run_down(&mut self, side: usize) {
        let active = self.active_mut(side);
        active.flinch = false;
        if active.trapped_turns > 1 {
            active.trapped_turns -= 1;
        } else {
            active.free();
        }
        if active.fake_trapped_turns > 1 {
            active.fake_trapped_turns -= 1;
        } else {
            active.end_fake_trap();
        }
        if active.trapping_turns > 1 {
            active.trapping_turns -= 1;
        } else {
            active.stop_trapping();
        }
    }
}
