//! A turn, from the players' choices to the next request.
//!
//! Source: Showdown 0.11.11, sim/battle.ts, `commitChoices`, `turnLoop`, `runAction`,
//! `faintMessages`, `endTurn`, `maybeTriggerEndlessBattleClause`.

use crate::choices::Choice;
use crate::consts::*;
use crate::queue::{Action, Kind};
use crate::rng::Rng;
use crate::species::species;
use crate::state::{status, Active, Battle, Pokemon, NOBODY, SLOTS, TEAM};

/// The battle is a tie when a turn after this one would begin.
const MOST_TURNS: u16 = 1000;

impl Battle {
    /// Starts a battle between two teams, with the generator's 64 bits, to its first request.
    /// The first Pokemon of each team leads; a team's empty slots come last.
    pub fn start(teams: &[[Pokemon; TEAM]; 2], seed: u64) -> Self {
        let mut battle = Battle {
            rng: Rng(seed),
            ..Battle::default()
        };
        for (side, team) in battle.sides.iter_mut().zip(teams) {
            side.team = *team;
            for (slot, place) in side.order.iter_mut().enumerate() {
                let empty = team[slot].species == 0;
                *place = if empty { NOBODY } else { slot as u8 };
            }
            side.last_selected_move = MOVE_ID_NOMOVE as u8;
            side.last_enemy_selected_move = MOVE_ID_NOMOVE as u8;
        }
        for side in 0..2 {
            battle.come_out(side, 0);
            battle.queue_arrival(side, false);
        }
        battle.update_event();
        battle.run_queue();
        battle
    }

    /// One commit: what both players chose, up to the next request or the end. An action of a
    /// player who waits is ignored; one that is not legal counts as the first that is.
    pub fn commit(&mut self, actions: [i32; 2]) {
        let legal = [self.legal(0), self.legal(1)];
        self.commit_within(actions, legal);
    }

    /// The same, told both masks.
    pub(crate) fn commit_within(&mut self, actions: [i32; 2], legal: [u16; 2]) {
        if self.is_over() {
            return;
        }
        let choices = [0, 1].map(|side| self.choice(side, actions[side], legal[side]));
        if choices.contains(&Choice::BreaksOff) {
            // Showdown gives the battle up there.
            self.end(WINNER_TIE);
            return;
        }
        self.update_speeds();
        self.queue_choice(0, choices[0]);
        self.queue_choice(1, choices[1]);
        let begins_turn = self.request.contains(&(REQUEST_MOVE as u8));
        self.request = [REQUEST_WAIT as u8; 2];
        self.queue.sort(&mut self.rng);
        if begins_turn {
            self.queue.push(Action {
                kind: Kind::Residual,
                speed: 1,
                ..Action::default()
            });
            // Two events that nothing listens to, before anything else happens.
            self.update_event();
            self.update_event();
        }
        self.run_queue();
    }

    /// An event that every Pokemon gets, the faster first: a tie costs a draw.
    pub(crate) fn update_event(&mut self) {
        let both = self.hp(0) > 0 && self.hp(1) > 0;
        if both && self.active(0).speed == self.active(1).speed {
            self.rng.order_of(2);
        }
    }

    /// Runs what is queued, and ends the turn unless a player has to replace a Pokemon first.
    fn run_queue(&mut self) {
        while let Some(action) = self.queue.take_first() {
            self.run_action(action);
            if self.faint_and_judge() || self.asks_for_replacement() {
                return;
            }
        }
        self.end_turn();
    }

    fn run_action(&mut self, action: Action) {
        let side = usize::from(action.side & 1);
        match action.kind {
            Kind::Move => self.run_move(side, action.argument),
            Kind::Residual => self.residual(),
            Kind::Switch => self.switch(side, action.argument),
            // Apart, so that what a turn is made of needs no table of jumps.
            _ => self.run_replacement(action, side),
        }
    }

    #[cold]
    #[inline(never)]
    fn run_replacement(&mut self, action: Action, side: usize) {
        match action.kind {
            Kind::Replace => self.replace(side, action.argument),
            _ => self.arrive(side, action.argument != 0),
        }
    }

    /// Takes the Pokemon without HP out of the battle, which ends the turn for all. Whether the
    /// battle is over.
    fn faint_and_judge(&mut self) -> bool {
        let mut fell = false;
        for side in 0..2 {
            if self.hp(side) == 0 && self.active(side).species != 0 {
                self.faint(side);
                fell = true;
            }
        }
        if !fell {
            return false;
        }
        self.queue.clear();
        match [self.sides[0].left(), self.sides[1].left()] {
            [0, 0] => self.end(WINNER_TIE),
            [_, 0] => self.end(WINNER_P1),
            [0, _] => self.end(WINNER_P2),
            _ => return false,
        }
        true
    }

    fn faint(&mut self, side: usize) {
        let own = &mut self.sides[side];
        let modified_stats = own.pokemon().modified_stats();
        own.active = Active::fainted(modified_stats);
        let pokemon = own.pokemon_mut();
        pokemon.status = status::NONE;
        pokemon.sleep_turns = 0;
        pokemon.slept_by_own = false;
        pokemon.substitute_broken = false;
    }

    /// Asks for the replacement of what fainted. If nothing did, the event that ends an action.
    fn asks_for_replacement(&mut self) -> bool {
        let next = self.queue.first().map(|action| action.kind);
        if next == Some(Kind::Replace) {
            return false;
        }
        let due = !matches!(next, Some(Kind::Arrive | Kind::Switch));
        let fallen = [self.hp(0) == 0, self.hp(1) == 0];
        if due && fallen != [false, false] {
            self.request = fallen.map(|fallen| match fallen {
                true => REQUEST_SWITCH as u8,
                false => REQUEST_WAIT as u8,
            });
            return true;
        }
        self.update_event();
        false
    }

    fn end(&mut self, winner: i32) {
        self.winner = winner as u8;
        self.request = [REQUEST_WAIT as u8; 2];
    }

    fn end_turn(&mut self) {
        self.turn = self.turn.saturating_add(1);
        let lasting = [0, 1].map(|side| self.active(side).lasting());
        if lasting != [0, 0] {
            for side in 0..2 {
                self.loosen_traps(side);
            }
            for side in 0..2 {
                self.disable_event(side);
            }
        }
        if self.turn > MOST_TURNS || (!self.can_hit(0) && self.cannot_both_progress()) {
            self.end(WINNER_TIE);
        } else {
            self.request = [REQUEST_MOVE as u8; 2];
        }
    }

    /// Partial trapping ends with the other half of it.
    fn loosen_traps(&mut self, side: usize) {
        let active = *self.active(side);
        let trapped = |other: &Active| other.trapped_turns != 0;
        if active.trapping_move != 0 && !self.is_out(active.trapping_target, trapped) {
            self.active_mut(side).stop_trapping();
        }
        let traps = |other: &Active| other.trapping_move != 0;
        if active.trapped_turns != 0 && !self.is_out(active.trapped_by, traps) {
            self.active_mut(side).free();
        }
        let pretends = |other: &Active| other.fake_trapped_turns != 0;
        if active.fake_trapped_turns != 0 && !self.is_out(active.fake_trapped_with, pretends) {
            self.active_mut(side).end_fake_trap();
        }
    }

    /// Whether the Pokemon of a number is out, has not fainted, and is as `state` says.
    fn is_out(&self, number: u8, state: impl Fn(&Active) -> bool) -> bool {
        let side = usize::from(number) / TEAM;
        side < 2 && self.number(side) == number && self.hp(side) > 0 && state(self.active(side))
    }

    /// The event that disables moves: what listens to it at the same time ties, and costs draws.
    fn disable_event(&mut self, side: usize) {
        let active = self.active(side);
        let first =
            u32::from(active.trapped_turns != 0) + u32::from(active.fake_trapped_turns != 0);
        let then = u32::from(active.disable_turns != 0)
            + u32::from(active.bide_turns != 0)
            + u32::from(active.trapping_move != 0);
        self.rng.order_of(first);
        self.rng.order_of(then);
    }

    /// Whether the Pokemon that is out can still do something, which settles what follows for
    /// nearly every turn.
    fn can_hit(&self, side: usize) -> bool {
        let (pokemon, active) = (self.pokemon(side), self.active(side));
        let first = active.moves[0];
        pokemon.hp > 0
            && pokemon.status != status::FREEZE
            && first != 0
            && first != MOVE_ID_TRANSFORM as u8
            && active.pp != [0; SLOTS]
    }

    #[cold]
    fn cannot_both_progress(&self) -> bool {
        (0..2).all(|side| self.cannot_progress(side))
    }

    /// Endless Battle Clause: nothing that a side has left can ever change anything.
    fn cannot_progress(&self, side: usize) -> bool {
        let foe = 1 - side;
        (0..TEAM).all(|slot| {
            let pokemon = &self.sides[side].team[slot];
            pokemon.hp == 0
                || pokemon.status == status::FREEZE
                || (self.only_transforms(side, slot)
                    && (0..TEAM).all(|slot| self.only_transforms(foe, slot)))
                || (self.moves_of(side, slot).1 == [0; SLOTS]
                    && (0..TEAM).all(|slot| self.is_ghost(foe, slot)))
        })
    }

    /// Moves and PP of a slot's Pokemon, as it has them now.
    fn moves_of(&self, side: usize, slot: usize) -> ([u8; SLOTS], [u8; SLOTS]) {
        let own = &self.sides[side];
        match slot == own.front() {
            true => (own.active.moves, own.active.pp),
            false => (own.team[slot].moves, own.team[slot].pp),
        }
    }

    /// Whether it has fainted, or knows nothing but Transform.
    fn only_transforms(&self, side: usize, slot: usize) -> bool {
        let transform = MOVE_ID_TRANSFORM as u8;
        let (moves, _) = self.moves_of(side, slot);
        self.sides[side].team[slot].hp == 0 || moves.iter().all(|&id| id == transform || id == 0)
    }

    /// Whether it has fainted, or is a Ghost.
    fn is_ghost(&self, side: usize, slot: usize) -> bool {
        let own = &self.sides[side];
        let types = match slot == own.front() {
            true => own.active.types,
            false => species(own.team[slot].species).types,
        };
        own.team[slot].hp == 0 || types.contains(&(TYPE_GHOST as u8))
    }
}
