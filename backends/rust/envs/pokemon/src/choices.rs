//! What a player may choose, and what a choice sets in motion.
//!
//! Source: Showdown 0.11.11, sim/pokemon.ts, `getMoveRequestData`; sim/side.ts, `chooseMove`,
//! `chooseSwitch`, `commitChoices`.

use crate::consts::*;
use crate::moves::data;
use crate::queue::{Action, Kind};
use crate::state::{status, Battle, Side, SLOTS, SPEED, TEAM};

/// Actions of a player.
pub const CHOICES: usize = ACTIONS as usize;
const FIRST_MOVE: usize = ACTION_MOVE as usize;

/// What a move request shows for the Pokemon that is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offer {
    /// One move without a choice, for which this slot's action stands.
    Single { slot: usize, may_switch: bool },
    /// The slots with bit i set.
    Slots(u8),
}

/// What a chosen move comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selected {
    /// The Pokemon goes on with a move.
    GoesOn,
    /// It is asleep, frozen or partially trapped.
    Fights,
    Struggles,
    Slot(u8),
}

impl Side {
    /// Whether the player is left to think that the Pokemon may be locked into a move.
    fn maybe_locked(&self) -> bool {
        let active = &self.active;
        let mut maybe = active.trapped_turns != 0 && active.trapped_maybe;
        maybe |= active.fake_trapped_turns != 0;
        maybe &= !matches!(self.pokemon().status, status::SLEEP | status::FREEZE);
        maybe &= active.bide_turns == 0;
        let turns_passed = active.trapping_total.saturating_sub(active.trapping_turns);
        maybe || (active.trapping_move != 0 && turns_passed > 1)
    }

    /// Bits of the slots whose moves have PP and are not disabled.
    fn usable_slots(&self) -> u8 {
        let active = &self.active;
        let usable = slots_above_0(active.moves) & slots_above_0(active.pp);
        match active.disable_turns != 0 && usize::from(active.disable_slot) < SLOTS {
            true => usable & !(1 << active.disable_slot),
            false => usable,
        }
    }

    fn is_helpless(&self) -> bool {
        matches!(self.pokemon().status, status::SLEEP | status::FREEZE)
    }

    fn offer(&self) -> Offer {
        if let Some(locked) = self.active.locked_move() {
            return self.single(locked, false);
        }
        let maybe_locked = self.maybe_locked();
        if !maybe_locked {
            if let Some(locked) = self.active.half_locked_move() {
                return self.single(locked, true);
            }
        }
        let trapped = self.active.trapped_turns != 0 && !maybe_locked;
        if self.is_helpless() || trapped {
            return self.single(MOVE_ID_FIGHT as u8, true);
        }
        match self.usable_slots() {
            0 => self.single(MOVE_ID_STRUGGLE as u8, true),
            usable => Offer::Slots(usable),
        }
    }

    fn single(&self, id: u8, may_switch: bool) -> Offer {
        let slot = self.active.moves.iter().position(|&other| other == id);
        Offer::Single {
            slot: slot.unwrap_or(0),
            may_switch,
        }
    }

    /// Bits of the actions that a request of 1 (move) or 2 (switch) allows; action 0 for a wait.
    fn allowed(&self, request: u8) -> u16 {
        let moves = match i32::from(request) {
            REQUEST_MOVE => self.offer(),
            REQUEST_SWITCH => Offer::Slots(0),
            _ => return 1,
        };
        match moves {
            Offer::Single { slot, may_switch } => {
                let switches = if may_switch { self.switches() } else { 0 };
                switches | 1 << (FIRST_MOVE + slot)
            }
            Offer::Slots(usable) => self.switches() | u16::from(usable) << FIRST_MOVE,
        }
    }

    /// Bits of the slots with Pokemon that can come out.
    fn switches(&self) -> u16 {
        let standing = self.standing();
        standing & !(1 << self.front())
    }

    /// Bits of the slots with Pokemon that have HP.
    fn standing(&self) -> u16 {
        (0..TEAM).fold(0, |bits, slot| {
            bits | u16::from(self.team[slot].hp > 0) << slot
        })
    }

    /// What a move action of a move request comes to.
    fn selected(&self, slot: usize) -> Selected {
        let active = &self.active;
        if active.locked_move().or(active.half_locked_move()).is_some() {
            Selected::GoesOn
        } else if self.is_helpless() || active.trapped_turns != 0 {
            Selected::Fights
        } else if self.usable_slots() == 0 {
            Selected::Struggles
        } else {
            Selected::Slot(slot as u8)
        }
    }

    /// The move in the slot that was chosen last; None if there is none, which is more than
    /// Showdown can take.
    fn last_slot_move(&self) -> Option<u8> {
        let id = self.active.moves.get(usize::from(self.last_selected_slot));
        id.copied().filter(|&id| id != 0)
    }

    /// Takes a choice in; the move that will be used.
    fn select(&mut self, selected: Selected) -> u8 {
        match selected {
            Selected::Slot(slot) => {
                self.last_selected_slot = slot;
                let id = self.last_slot_move();
                self.select_both(id.unwrap_or_default());
            }
            _ => self.select_without_choice(selected),
        }
        self.last_selected_move
    }

    #[cold]
    #[inline(never)]
    fn select_without_choice(&mut self, selected: Selected) {
        match selected {
            Selected::Fights if !self.is_helpless() => self.select_both(MOVE_ID_CANNOTMOVE as u8),
            Selected::GoesOn | Selected::Fights => {
                let shown = self.last_slot_move();
                self.last_enemy_selected_move = shown.unwrap_or_default();
            }
            _ => self.select_both(MOVE_ID_STRUGGLE as u8),
        }
    }

    fn select_both(&mut self, id: u8) {
        self.last_selected_move = id;
        self.last_enemy_selected_move = id;
    }
}

/// Bit i is set where byte i is not 0. All at once, for branches would be mispredicted.
fn slots_above_0(bytes: [u8; SLOTS]) -> u8 {
    const LOW: u32 = 0x7f7f_7f7f;
    let word = u32::from_le_bytes(bytes);
    let ones = ((((word & LOW) + LOW) | word) & !LOW) >> 7;
    // Bits 0, 8, 16 and 24 move to 24, 25, 26 and 27.
    (ones.wrapping_mul(0x0102_0408) >> 24 & 0xf) as u8
}

/// What an action comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Waits,
    Switches(u8),
    Moves(Selected),
    /// Showdown cannot carry it out: it reads a move slot that is not there.
    BreaksOff,
}

impl Battle {
    /// A player's mask, bit i for action i; a player who waits has action 0 alone.
    pub fn legal(&self, side: usize) -> u16 {
        self.sides[side].allowed(self.request[side])
    }

    /// What a player's action comes to; one that is not legal counts as the first that is.
    pub(crate) fn choice(&self, side: usize, action: i32, legal: u16) -> Choice {
        if i32::from(self.request[side]) == REQUEST_WAIT {
            return Choice::Waits;
        }
        let action = match action {
            0..ACTIONS if legal >> action & 1 == 1 => action as usize,
            _ => legal.trailing_zeros() as usize,
        };
        if action < FIRST_MOVE {
            return Choice::Switches(action as u8);
        }
        let own = &self.sides[side];
        let selected = own.selected(action - FIRST_MOVE);
        let reads_slot = match selected {
            Selected::GoesOn => true,
            Selected::Fights => own.is_helpless(),
            _ => false,
        };
        match reads_slot && own.last_slot_move().is_none() {
            true => Choice::BreaksOff,
            false => Choice::Moves(selected),
        }
    }

    /// Queues what a choice sets in motion.
    pub(crate) fn queue_choice(&mut self, side: usize, choice: Choice) {
        let replaces = i32::from(self.request[side]) == REQUEST_SWITCH;
        let own = &mut self.sides[side];
        let (kind, argument) = match choice {
            Choice::Waits | Choice::BreaksOff => return,
            Choice::Switches(slot) if replaces => (Kind::Replace, slot),
            Choice::Switches(slot) => (Kind::Switch, slot),
            Choice::Moves(selected) => (Kind::Move, own.select(selected)),
        };
        let priority = match kind {
            Kind::Move => data(argument).priority,
            _ => 0,
        };
        self.queue.push(Action {
            kind,
            side: side as u8,
            argument,
            priority,
            speed: own.active.modified_stats[SPEED],
        });
    }
}
