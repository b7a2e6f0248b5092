//! How much a move takes, and taking and giving HP.
//!
//! Source: Showdown 0.11.11, data/mods/gen1/scripts.ts, `getDamage`; sim/battle.ts,
//! `spreadDamage`, `directDamage`, `heal`; sim/battle-actions.ts, `applyRecoilDamage`.

use crate::consts::*;
use crate::moves::{data, effectiveness, Move};
use crate::species::species;
use crate::state::{Active, Battle, ATTACK, DEFENSE, SPECIAL};

/// What a move's damage comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// The move fails.
    Fails,
    /// It does no damage: it does something else.
    Nothing,
    /// So much, before it is limited by the target's HP; 0 still counts as a hit.
    Amount(u32),
}

/// What an OHKO move takes.
const KNOCK_OUT: u32 = 65_535;

/// A number of damage as the state keeps it.
pub(crate) fn kept(damage: u32) -> u16 {
    damage.min(DAMAGE_LIMIT as u32) as u16
}

/// Whether one of the target's types makes a move do nothing.
pub(crate) fn is_immune(target: &Active, kind: u8) -> bool {
    let [first, second] = target.types;
    (effectiveness(kind, first) == 0) | (effectiveness(kind, second) == 0)
}

impl Battle {
    /// A move's damage to the other side's Pokemon, which is not immune to it.
    pub(crate) fn damage_of(&mut self, user: usize, target: usize, id: u8) -> Damage {
        let chosen = data(id);
        let level = u32::from(self.pokemon(user).level);
        match chosen.effect {
            EFFECT_OHKO => return Damage::Amount(KNOCK_OUT),
            EFFECT_COUNTER => return self.counter_damage(target),
            EFFECT_PSYWAVE => return self.psywave_damage(level),
            EFFECT_SUPER_FANG => {
                return Damage::Amount((u32::from(self.hp(target)) / 2).max(1));
            }
            EFFECT_LEVEL_DAMAGE => return Damage::Amount(level),
            EFFECT_FIXED_DAMAGE => return Damage::Amount(chosen.fixed_damage.into()),
            EFFECT_TRAPPING => {
                let normal = chosen.kind == TYPE_NORMAL as u8;
                if normal && self.active(target).has_type(TYPE_GHOST as u8) {
                    return Damage::Amount(0);
                }
            }
            _ => {}
        }
        let holder = self.active(user);
        if holder.trapping_move != 0 && holder.trapping_target == self.number(target) {
            return Damage::Amount(holder.trapping_damage.into());
        }
        if chosen.power == 0 {
            return Damage::Nothing;
        }
        self.formula(user, target, chosen)
    }

    /// Twice the last damage, if the foe's last move was Normal or Fighting and had power.
    fn counter_damage(&self, target: usize) -> Damage {
        let side = &self.sides[target];
        let shown = data(side.last_enemy_move);
        let counterable = side.last_enemy_move != 0
            && (shown.kind == TYPE_NORMAL as u8 || shown.kind == TYPE_FIGHTING as u8)
            && shown.power > 0;
        let chose_counter = side.last_enemy_selected_move == MOVE_ID_COUNTER as u8;
        if chose_counter || !counterable || self.last_damage == 0 {
            return Damage::Fails;
        }
        Damage::Amount(2 * u32::from(self.last_damage))
    }

    fn psywave_damage(&mut self, level: u32) -> Damage {
        let most = level + level / 2;
        if most & 0xff < 2 {
            return Damage::Fails;
        }
        Damage::Amount(self.rng.between(1, most))
    }

    /// The damage formula, step by step as the game computes it.
    fn formula(&mut self, user: usize, target: usize, chosen: &Move) -> Damage {
        let critical = self.is_critical(user, chosen);
        let physical = chosen.category == CATEGORY_PHYSICAL as u8;
        let (offensive, defensive) = match physical {
            true => (ATTACK, DEFENSE),
            false => (SPECIAL, SPECIAL),
        };
        let mut level = u32::from(self.pokemon(user).level);
        let (mut attack, mut defense);
        if critical {
            // The stats as they were at the start, even after Transform; no screens.
            level *= 2;
            attack = u32::from(self.pokemon(user).stat(offensive + 1));
            defense = u32::from(self.pokemon(target).stat(defensive + 1));
        } else {
            let held = self.active(target);
            attack = u32::from(self.active(user).modified_stats[offensive]);
            defense = u32::from(held.modified_stats[defensive]);
            let screened = match physical {
                true => held.reflect,
                false => held.light_screen,
            };
            defense <<= u32::from(screened);
        }
        level %= 256;
        if attack >= 256 || defense >= 256 {
            attack = (attack / 4 % 256).max(1);
            defense = (defense / 4 % 256).max(1);
        }
        if chosen.explodes() && physical {
            defense = (defense / 2).max(1);
        }
        let scaled = (level * 2 / 5 + 2) * u32::from(chosen.power) * attack / defense.max(1);
        let mut damage = (scaled / 50).min(997) + 2;
        let kind = chosen.kind;
        if kind != TYPE_NONE as u8 && self.active(user).has_type(kind) {
            damage += damage / 2;
        }
        for own in self.active(target).types {
            damage = match effectiveness(kind, own) {
                0 => damage,
                halves => damage * halves as u32 / 2,
            };
        }
        if damage > 1 {
            damage = damage * self.rng.between(217, 256) / 255;
        }
        Damage::Amount(damage)
    }

    /// Critical hits depend on the species' base speed; Focus Energy makes them rarer.
    fn is_critical(&mut self, user: usize, chosen: &Move) -> bool {
        let speed = u32::from(species(self.pokemon(user).species).base[3]);
        let mut chance = speed / 2;
        if self.active(user).focus_energy {
            chance /= 2;
        } else {
            chance = (chance * 2).clamp(1, 255);
        }
        match chosen.crit_ratio {
            1 => chance /= 2,
            _ => chance = (chance * 4).clamp(1, 255),
        }
        chance > 0 && self.rng.happens(chance)
    }

    /// Takes HP for a move, and keeps it as the last damage. What was really taken.
    pub(crate) fn take_for_move(&mut self, side: usize, damage: u32) -> u32 {
        self.last_damage = kept(damage);
        self.take(side, damage)
    }

    /// Takes HP, to 0 at least. What was really taken.
    pub(crate) fn take(&mut self, side: usize, damage: u32) -> u32 {
        let pokemon = self.pokemon_mut(side);
        let taken = damage.min(pokemon.hp.into());
        pokemon.hp -= taken as u16;
        taken
    }

    /// Gives HP, to the maximum at most, unless it has fainted.
    pub(crate) fn heal(&mut self, side: usize, amount: u32) {
        let pokemon = self.pokemon_mut(side);
        let most = pokemon.max_hp();
        if pokemon.hp > 0 && pokemon.hp < most {
            pokemon.hp = (u32::from(pokemon.hp) + amount).min(most.into()) as u16;
        }
    }

    /// The user's recoil from damage that it did.
    pub(crate) fn recoil(&mut self, user: usize, chosen: &Move, damage: u32) {
        if let Some(recoil) = damage.checked_div(chosen.recoil_divisor.into()) {
            self.take(user, recoil.max(1));
        }
    }

    /// Half the damage goes to the user, and counts as the last damage.
    pub(crate) fn drain(&mut self, user: usize, damage: u32) {
        let amount = (damage / 2).max(1);
        self.last_damage = kept(amount);
        self.heal(user, amount);
    }

    /// Damage to oneself by confusion or a crash: a substitute sends it on to the foe's, or, if
    /// the foe has none, takes it for nothing.
    pub(crate) fn hurt_oneself(&mut self, side: usize, damage: u32) {
        if self.hp(side) == 0 {
            return;
        }
        self.last_damage = kept(damage);
        if self.active(side).substitute == 0 {
            self.take(side, damage);
        } else if self.active(1 - side).substitute > 0 {
            self.hit_substitute(1 - side, damage);
        }
    }

    /// Takes HP from a substitute, which may break.
    pub(crate) fn hit_substitute(&mut self, side: usize, damage: u32) {
        let left = u32::from(self.active(side).substitute).saturating_sub(damage);
        self.active_mut(side).substitute = left as u8;
        if left == 0 {
            self.pokemon_mut(side).substitute_broken = true;
        }
    }
}
