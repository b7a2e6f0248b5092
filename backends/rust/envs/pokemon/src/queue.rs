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

/// Showdown's orders of these kinds.
const ORDERS: [u16; 5] = [3, 101, 103, 200, 300];

impl Kind {
    fn order(self) -> u16 {
        ORDERS[self as usize]
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
    fn rank(&self) -> (u16, i8, i32) {
        (self.kind.order(), -self.priority, -i32::from(self.speed))
    }

    /// The same in one number, which is compared at once.
    fn key(&self) -> i64 {
        let (order, priority, speed) = self.rank();
        (i64::from(order) << 40) + (i64::from(priority) << 20) + i64::from(speed)
    }
}

/// At most one action a side, the arrival that one leads to, and the residual.
const CAPACITY: usize = 4;

/// The queue.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Queue {
    actions: [Action; CAPACITY],
    /// Those from `start` to `end` are queued.
    start: u8,
    end: u8,
}

impl PartialEq for Queue {
    fn eq(&self, other: &Self) -> bool {
        self.queued() == other.queued()
    }
}

impl Eq for Queue {}

impl Queue {
    fn queued(&self) -> &[Action] {
        &self.actions[usize::from(self.start)..usize::from(self.end)]
    }

    #[inline]
    pub(crate) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    #[inline]
    pub(crate) fn first(&self) -> Option<&Action> {
        match self.start < self.end {
            true => self.actions.get(usize::from(self.start)),
            false => None,
        }
    }

    #[inline]
    pub(crate) fn take_first(&mut self) -> Option<Action> {
        let first = self.first().copied();
        match first {
            Some(_) => self.start += 1,
            None => self.clear(),
        }
        first
    }

    /// Adds what runs last.
    #[inline]
    pub(crate) fn push(&mut self, action: Action) {
        let Some(free) = self.actions.get_mut(usize::from(self.end)) else {
            return self.insert_at(usize::from(self.end), action);
        };
        *free = action;
        self.end += 1;
    }

    /// Sorts two choices, which are all that is queued; equal ones change places by a draw.
    #[inline]
    pub(crate) fn sort(&mut self, rng: &mut Rng) {
        if self.end < 2 {
            return;
        }
        let [first, second, ..] = self.actions;
        let swap = match first.key().cmp(&second.key()) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => rng.below(2) == 1,
        };
        // Without a branch, which would be mispredicted.
        self.actions[usize::from(swap)] = first;
        self.actions[usize::from(!swap)] = second;
    }

    /// Inserts an action where it belongs; among equal ones, by a draw.
    pub(crate) fn insert(&mut self, action: Action, rng: &mut Rng) {
        let key = action.key();
        let before = |limit: i64| self.queued().iter().filter(|x| x.key() < limit).count();
        // The queue is in order: what comes first is as much as is less.
        let (first, last) = (before(key), before(key + 1));
        let at = match first == last {
            true => first,
            false => rng.between(first as u32, last as u32 + 1) as usize,
        };
        self.insert_at(usize::from(self.start) + at, action);
    }

    /// Takes a side's actions out; whether one of them was a move.
    pub(crate) fn cancel(&mut self, side: usize) -> bool {
        let mut moves = false;
        let start = usize::from(self.start);
        let mut kept = start;
        for at in start..usize::from(self.end).min(CAPACITY) {
            let action = self.actions[at];
            if action.kind != Kind::Residual && usize::from(action.side) == side {
                moves |= action.kind == Kind::Move;
            } else {
                self.actions[kept] = action;
                kept += 1;
            }
        }
        self.end = kept as u8;
        moves
    }

    /// Whether a side's move is still to come.
    pub(crate) fn will_move(&self, side: usize) -> bool {
        self.queued()
            .iter()
            .any(|action| action.kind == Kind::Move && usize::from(action.side) == side)
    }

    /// Puts an action before the one at `at`, with the room that was left at the start first.
    fn insert_at(&mut self, at: usize, action: Action) {
        let (start, end) = (usize::from(self.start), usize::from(self.end));
        if start > 0 {
            for from in start..at {
                self.actions[from - 1] = self.actions[from];
            }
            self.actions[at - 1] = action;
            self.start -= 1;
        } else if end < CAPACITY {
            for from in (at..end).rev() {
                self.actions[from + 1] = self.actions[from];
            }
            self.actions[at] = action;
            self.end += 1;
        } else {
            debug_assert!(false, "more actions than a turn has");
        }
    }
}
