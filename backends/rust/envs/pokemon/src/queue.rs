//! The actions of a turn that are still to run, in Showdown's order.
//!
//! Source: Showdown 0.11.11, sim/battle-queue.ts; sim/battle.ts, `comparePriority`, `speedSort`.

use crate::rng::Rng;

/// What an action does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Replace a fainted Pokemon.
    #[default]
    Replace,
    /// Bring a Pokemon's arrival to its end.
    Arrive,
    /// Switch.
    Switch,
    /// Use a move.
    Move,
    /// Let what lasts for a number of turns run down.
    Residual,
}

impl Kind {
    fn order(self) -> u16 {
        match self {
            Kind::Replace => 3,
            Kind::Arrive => 101,
            Kind::Switch => 103,
            Kind::Move => 200,
            Kind::Residual => 300,
        }
    }
}

/// One action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Action {
    pub kind: Kind,
    pub side: u8,
    /// A move's number, the slot of the Pokemon to switch to, or whether one that arrives replaces
    /// a fainted one.
    pub argument: u8,
    pub priority: i8,
    pub speed: u16,
}

impl Action {
    /// What runs first is least.
    fn key(&self) -> (u16, i8, i32) {
        (self.kind.order(), -self.priority, -i32::from(self.speed))
    }
}

/// At most one action a side, the arrival that one leads to, and the residual.
const CAPACITY: usize = 4;

/// The queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Queue {
    actions: [Action; CAPACITY],
    len: u8,
}

impl Queue {
    pub(crate) fn clear(&mut self) {
        *self = Queue::default();
    }

    pub(crate) fn first(&self) -> Option<&Action> {
        self.actions[..usize::from(self.len)].first()
    }

    pub(crate) fn take_first(&mut self) -> Option<Action> {
        let first = *self.first()?;
        self.remove(0);
        Some(first)
    }

    pub(crate) fn push(&mut self, action: Action) {
        self.insert_at(usize::from(self.len), action);
    }

    /// Sorts two choices; equal ones change places by a draw.
    pub(crate) fn sort(&mut self, rng: &mut Rng) {
        if self.len < 2 {
            return;
        }
        let [first, second, ..] = &self.actions;
        let swap = match first.key().cmp(&second.key()) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => rng.below(2) == 1,
        };
        if swap {
            self.actions.swap(0, 1);
        }
    }

    /// Inserts an action where it belongs; among equal ones, by a draw.
    pub(crate) fn insert(&mut self, action: Action, rng: &mut Rng) {
        let len = usize::from(self.len);
        let queued = &self.actions[..len];
        let after = |limit: &Action| action.key() < limit.key();
        let not_before = |limit: &Action| action.key() <= limit.key();
        let Some(first) = queued.iter().position(not_before) else {
            return self.push(action);
        };
        let last = queued.iter().position(after).unwrap_or(len);
        let at = match first == last {
            true => first,
            false => rng.between(first as u32, last as u32 + 1) as usize,
        };
        self.insert_at(at, action);
    }

    /// Takes a side's actions out; whether one of them was a move.
    pub(crate) fn cancel(&mut self, side: usize) -> bool {
        let mut moves = false;
        let mut at = 0;
        while at < usize::from(self.len) {
            let action = self.actions[at];
            if action.kind != Kind::Residual && usize::from(action.side) == side {
                moves |= action.kind == Kind::Move;
                self.remove(at);
            } else {
                at += 1;
            }
        }
        moves
    }

    /// Whether a side's move is still to come.
    pub(crate) fn will_move(&self, side: usize) -> bool {
        let queued = &self.actions[..usize::from(self.len)];
        queued
            .iter()
            .any(|action| action.kind == Kind::Move && usize::from(action.side) == side)
    }

    fn insert_at(&mut self, at: usize, action: Action) {
        let len = usize::from(self.len);
        if len == CAPACITY || at > len {
            debug_assert!(false, "more actions than a turn has");
            return;
        }
        self.actions.copy_within(at..len, at + 1);
        self.actions[at] = action;
        self.len += 1;
    }

    fn remove(&mut self, at: usize) {
        let len = usize::from(self.len);
        self.actions.copy_within(at + 1..len, at);
        self.actions[len - 1] = Action::default();
        self.len -= 1;
    }
}
