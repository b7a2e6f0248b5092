//! What a battle is: everything that decides its future, in plain numbers.

use crate::consts::*;
use crate::queue::Queue;
use crate::rng::Rng;
use crate::species::{species, stat};

/// Pokemon in a team.
pub const TEAM: usize = TEAM_SIZE as usize;
/// Moves of a Pokemon.
pub const SLOTS: usize = MOVE_SLOTS as usize;
/// The number of no Pokemon, where one of either side is meant by side * 6 + slot.
pub const NOBODY: u8 = NO_POKEMON as u8;
/// The number of no type.
pub const TYPELESS: u8 = TYPE_NONE as u8;

/// Statuses, as STATE numbers them.
pub mod status {
    #![allow(missing_docs)]
    use crate::consts::*;
    pub const NONE: u8 = STATUS_NONE as u8;
    pub const BURN: u8 = STATUS_BRN as u8;
    pub const PARALYSIS: u8 = STATUS_PAR as u8;
    pub const SLEEP: u8 = STATUS_SLP as u8;
    pub const FREEZE: u8 = STATUS_FRZ as u8;
    pub const POISON: u8 = STATUS_PSN as u8;
    pub const TOXIC: u8 = STATUS_TOX as u8;
}

/// Stats without HP, and their stages.
pub const ATTACK: usize = 0;
#[allow(missing_docs)]
pub const DEFENSE: usize = 1;
#[allow(missing_docs)]
pub const SPEED: usize = 2;
#[allow(missing_docs)]
pub const SPECIAL: usize = 3;
#[allow(missing_docs)]
pub const ACCURACY: usize = 4;
#[allow(missing_docs)]
pub const EVASION: usize = 5;

/// One Pokemon of a team, whether it is out or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Pokemon {
    /// 0: it has fainted.
    pub hp: u16,
    /// National number; 0: the team has no Pokemon in this slot.
    pub species: u8,
    #[allow(missing_docs)]
    pub level: u8,
    /// 2 DV + EV / 4 of HP, attack, defense, speed and special.
    pub stat_points: [u8; 5],
    /// One of [`status`].
    pub status: u8,
    /// The sleep counter.
    pub sleep_turns: u8,
    /// Asleep by its own side's doing, which Sleep Clause does not count.
    pub slept_by_own: bool,
    /// Move numbers; 0: none.
    pub moves: [u8; SLOTS],
    #[allow(missing_docs)]
    pub pp: [u8; SLOTS],
    /// Its substitute broke, and no move has been aimed at it since.
    pub substitute_broken: bool,
    /// Rank of its first appearance; 0: it has not appeared.
    pub seen: u8,
    /// Bit i: the foe saw it use its own move i.
    pub revealed: u8,
}

impl Pokemon {
    /// Its stat without stages and status; 0 is HP, then as [`ATTACK`] onwards, plus one.
    pub fn stat(&self, index: usize) -> u16 {
        stat(self.species, self.level, self.stat_points[index], index)
    }

    /// All of these, computed together.
    #[inline(always)]
    pub(crate) fn all_stats(&self) -> [u16; 5] {
        let base = species(self.species).base;
        let level = u32::from(self.level);
        // More than five, which fill a register.
        let mut doubled = [0; 8];
        for index in 0..5 {
            doubled[index] = 2 * u32::from(base[index]) + u32::from(self.stat_points[index]);
        }
        let [hp, attack, defense, speed, special, ..] =
            doubled.map(|x| (x * level / 100 + 5) as u16);
        [
            hp + 5 + u16::from(self.level),
            attack,
            defense,
            speed,
            special,
        ]
    }

    /// Its HP when unhurt.
    pub fn max_hp(&self) -> u16 {
        self.stat(0)
    }
}

/// What only a Pokemon that is out has, and loses when it leaves.
///
/// One that has fainted keeps nothing but `modified_stats` until it is replaced: its speed still
/// orders the switches.
///
/// What players see lies together, in the order that they are given it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Active {
    /// Attack, defense, speed, special; another's after Transform.
    pub stats: [u16; 4],
    /// The same with stages, paralysis and burn worked in, in the order these came.
    pub modified_stats: [u16; 4],
    /// Showdown's cached speed, which decides ties until it is taken anew.
    pub speed: u16,
    /// Damage that Bide has stored.
    pub bide_damage: u16,
    /// Damage of every turn of a trapping move.
    pub trapping_damage: u16,
    /// National number, another's after Transform; 0 once it has fainted.
    pub species: u8,
    /// The second is [`TYPELESS`] if it has one type.
    pub types: [u8; 2],
    #[allow(missing_docs)]
    pub transformed: bool,
    /// Stages of attack, defense, speed, special, accuracy, evasion.
    pub boosts: [i8; 6],
    /// The last move it used, which Mirror Move repeats; 0: none.
    pub last_move: u8,
    /// Turns of confusion left.
    pub confusion: u8,
    /// HP of its substitute; 0: none.
    pub substitute: u8,
    #[allow(missing_docs)]
    pub leech_seed: bool,
    #[allow(missing_docs)]
    pub reflect: bool,
    #[allow(missing_docs)]
    pub light_screen: bool,
    #[allow(missing_docs)]
    pub mist: bool,
    #[allow(missing_docs)]
    pub focus_energy: bool,
    /// The move that it charges; 0: none.
    pub charging_move: u8,
    /// Out of reach by Dig or Fly.
    pub invulnerable: bool,
    /// Hyper Beam's pause is due.
    pub recharge: bool,
    /// The trapping move that it goes on with; 0: none.
    pub trapping_move: u8,
    #[allow(missing_docs)]
    pub bide_turns: u8,
    /// Thrash or Petal Dance while it lasts; 0: none.
    pub thrash_move: u8,
    #[allow(missing_docs)]
    pub rage: bool,
    /// The disabled move; 0: none.
    pub disable_move: u8,
    /// Its moves now, with Mimic's and Transform's.
    pub moves: [u8; SLOTS],
    #[allow(missing_docs)]
    pub pp: [u8; SLOTS],
    /// Bit i: move i is Mimic's.
    pub mimicked: u8,
    #[allow(missing_docs)]
    pub flinch: bool,
    /// Turns for which it cannot move unless its trapper goes on.
    pub trapped_turns: u8,
    /// Its trapper, or [`NOBODY`].
    pub trapped_by: u8,
    /// Its player cannot be sure that it is trapped.
    pub trapped_maybe: bool,
    /// Turns for which its player, or its former prisoner's, has to think it locked.
    pub fake_trapped_turns: u8,
    /// The other one of that pair, or [`NOBODY`].
    pub fake_trapped_with: u8,
    /// Turns of it left.
    pub trapping_turns: u8,
    /// Turns of it in all.
    pub trapping_total: u8,
    /// Whom it holds, or [`NOBODY`].
    pub trapping_target: u8,
    #[allow(missing_docs)]
    pub thrash_turns: u8,
    /// Of 256; what lowers it is worked in again every turn.
    pub thrash_accuracy: u8,
    #[allow(missing_docs)]
    pub disable_slot: u8,
    #[allow(missing_docs)]
    pub disable_turns: u8,
    /// As `thrash_accuracy`.
    pub rage_accuracy: u8,
    /// The toxic counter runs; it outlives the poison.
    pub toxic: bool,
    #[allow(missing_docs)]
    pub toxic_counter: u8,
}

impl Default for Active {
    fn default() -> Self {
        Active::fainted([0; 4])
    }
}

impl Active {
    /// What is left of one that has fainted.
    pub const fn fainted(modified_stats: [u16; 4]) -> Self {
        Active {
            stats: [0; 4],
            modified_stats,
            speed: 0,
            bide_damage: 0,
            trapping_damage: 0,
            species: 0,
            types: [TYPELESS; 2],
            transformed: false,
            boosts: [0; 6],
            moves: [0; SLOTS],
            pp: [0; SLOTS],
            mimicked: 0,
            last_move: 0,
            bide_turns: 0,
            confusion: 0,
            flinch: false,
            trapped_turns: 0,
            trapped_by: NOBODY,
            trapped_maybe: false,
            fake_trapped_turns: 0,
            fake_trapped_with: NOBODY,
            trapping_move: 0,
            trapping_turns: 0,
            trapping_total: 0,
            trapping_target: NOBODY,
            recharge: false,
            thrash_move: 0,
            thrash_turns: 0,
            thrash_accuracy: 0,
            charging_move: 0,
            invulnerable: false,
            substitute: 0,
            leech_seed: false,
            reflect: false,
            light_screen: false,
            mist: false,
            focus_energy: false,
            disable_move: 0,
            disable_slot: 0,
            disable_turns: 0,
            rage: false,
            rage_accuracy: 0,
            toxic: false,
            toxic_counter: 0,
        }
    }

    /// Whether it has one of its types.
    pub fn has_type(&self, kind: u8) -> bool {
        self.types.contains(&kind)
    }

    /// The move that leaves its player no other choice, and no switch.
    #[inline]
    pub fn locked_move(&self) -> Option<u8> {
        let any = u8::from(self.recharge | self.rage) | self.thrash_move | self.charging_move;
        if any == 0 {
            None
        } else if self.recharge {
            Some(MOVE_ID_RECHARGE as u8)
        } else if self.thrash_move != 0 {
            Some(self.thrash_move)
        } else if self.charging_move != 0 {
            Some(self.charging_move)
        } else if self.rage {
            Some(MOVE_ID_RAGE as u8)
        } else {
            None
        }
    }

    /// The move that leaves it no other move, but lets it switch.
    #[inline]
    pub fn half_locked_move(&self) -> Option<u8> {
        if self.bide_turns != 0 {
            Some(MOVE_ID_BIDE as u8)
        } else if self.trapping_move != 0 {
            Some(self.trapping_move)
        } else {
            None
        }
    }

    /// 0 where nothing lasts that ties with anything or ends with the foe's.
    #[inline]
    pub(crate) fn lasting(&self) -> u8 {
        let traps = self.trapped_turns | self.fake_trapped_turns | self.trapping_move;
        traps | self.bide_turns | self.disable_turns
    }

    /// Ends partial trapping of another.
    pub fn stop_trapping(&mut self) {
        self.trapping_move = 0;
        self.trapping_turns = 0;
        self.trapping_total = 0;
        self.trapping_damage = 0;
        self.trapping_target = NOBODY;
    }

    /// Sets it free of a partial trap.
    pub fn free(&mut self) {
        self.trapped_turns = 0;
        self.trapped_by = NOBODY;
        self.trapped_maybe = false;
    }

    /// Ends the pretence that it may be trapped.
    pub fn end_fake_trap(&mut self) {
        self.fake_trapped_turns = 0;
        self.fake_trapped_with = NOBODY;
    }

    /// Ends Thrash or Petal Dance.
    pub fn stop_thrashing(&mut self) {
        self.thrash_move = 0;
        self.thrash_turns = 0;
        self.thrash_accuracy = 0;
    }

    /// Ends Bide.
    pub fn stop_biding(&mut self) {
        self.bide_turns = 0;
        self.bide_damage = 0;
    }

    /// Ends Disable.
    pub fn enable(&mut self) {
        self.disable_move = 0;
        self.disable_slot = 0;
        self.disable_turns = 0;
    }
}

/// A player's side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Side {
    /// By stable slot: the team as it was given.
    pub team: [Pokemon; TEAM],
    /// Showdown's order: position to slot. Position 0 is out.
    pub order: [u8; TEAM],
    #[allow(missing_docs)]
    pub active: Active,
    /// What its Pokemon is about to do, or did.
    pub last_selected_move: u8,
    /// The same as the foe sees it, which can differ.
    pub last_enemy_selected_move: u8,
    /// The last move that the foe saw; 0: none.
    pub last_enemy_move: u8,
    /// The move slot that was chosen last; 0 after a switch.
    pub last_selected_slot: u8,
}

impl Side {
    /// The slot of the Pokemon that is out.
    #[inline]
    pub fn front(&self) -> usize {
        // No import is accepted with a larger slot; the limit only spares the check.
        usize::from(self.order[0]).min(TEAM - 1)
    }

    /// The Pokemon that is out.
    #[inline]
    pub fn pokemon(&self) -> &Pokemon {
        &self.team[self.front()]
    }

    /// The same, mutably.
    #[inline]
    pub fn pokemon_mut(&mut self) -> &mut Pokemon {
        let front = self.front();
        &mut self.team[front]
    }

    /// Pokemon that can still fight.
    pub fn left(&self) -> usize {
        self.team.iter().filter(|pokemon| pokemon.hp > 0).count()
    }
}

/// A battle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Battle {
    #[allow(missing_docs)]
    pub rng: Rng,
    #[allow(missing_docs)]
    pub sides: [Side; 2],
    /// Turns begun.
    pub turn: u16,
    /// Damage of the last hit by either side; 65,535 stands for anything above it too.
    pub last_damage: u16,
    /// What each player is asked: 0 nothing, 1 a move, 2 a switch.
    pub request: [u8; 2],
    /// 0: it goes on; 1 or 2: that player won; 3: a tie.
    pub winner: u8,
    /// Actions still to run; empty between commits.
    pub(crate) queue: Queue,
}

impl Battle {
    /// The Pokemon that a side has out.
    #[inline]
    pub fn pokemon(&self, side: usize) -> &Pokemon {
        self.sides[side].pokemon()
    }

    #[inline]
    pub(crate) fn pokemon_mut(&mut self, side: usize) -> &mut Pokemon {
        self.sides[side].pokemon_mut()
    }

    /// Its passing state.
    #[inline]
    pub fn active(&self, side: usize) -> &Active {
        &self.sides[side].active
    }

    #[inline]
    pub(crate) fn active_mut(&mut self, side: usize) -> &mut Active {
        &mut self.sides[side].active
    }

    /// Its HP.
    #[inline]
    pub fn hp(&self, side: usize) -> u16 {
        self.pokemon(side).hp
    }

    /// Its number among the Pokemon of both sides.
    #[inline]
    pub(crate) fn number(&self, side: usize) -> u8 {
        (side * TEAM + self.sides[side].front()) as u8
    }

    /// Whether the battle is over.
    pub fn is_over(&self) -> bool {
        self.winner != WINNER_NONE as u8
    }
}
