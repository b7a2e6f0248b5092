//! Sending a Pokemon out.
//!
//! Source: Showdown 0.11.11, sim/battle-actions.ts, `switchIn`; data/mods/gen4/scripts.ts,
//! `runSwitch`, which gen 1 inherits.

use crate::consts::*;
use crate::queue::{Action, Kind};
use crate::species::species;
use crate::state::{status, Active, Battle, Pokemon, SPEED, TEAM};
use crate::status::status_drop;

impl Battle {
    /// A switch of a turn. Nothing comes before the end of its arrival, which is in the queue only
    /// if somebody has to be taken out first.
    pub(crate) fn switch(&mut self, side: usize, slot: u8) {
        self.switch_in(side, slot);
        if self.hp(0) > 0 && self.hp(1) > 0 {
            self.update_event();
            self.arrive(side, false);
        } else {
            self.queue_arrival(side, false);
        }
    }

    /// The replacement of a fainted Pokemon; where both are replaced, both arrive afterwards.
    pub(crate) fn replace(&mut self, side: usize, slot: u8) {
        self.switch_in(side, slot);
        self.queue_arrival(side, true);
    }

    /// Sends the Pokemon in `slot` out, in the place of the one that is.
    fn switch_in(&mut self, side: usize, slot: u8) {
        self.queue.cancel(side);
        let own = &mut self.sides[side];
        let positions = own.order.iter().rev();
        let place = positions.fold(0u8, |bits, &other| bits << 1 | u8::from(other == slot));
        if place != 0 {
            own.order.swap(0, place.trailing_zeros() as usize);
        }
        self.come_out(side, slot);
    }

    /// The Pokemon in `slot`, which is in front now, appears.
    pub(crate) fn come_out(&mut self, side: usize, slot: u8) {
        let own = &mut self.sides[side];
        let rank = own.team.iter().map(|pokemon| pokemon.seen).max();
        let pokemon = &mut own.team[usize::from(slot).min(TEAM - 1)];
        if pokemon.seen == 0 {
            pokemon.seen = rank.unwrap_or(0).saturating_add(1);
        }
        own.active = Active::of(pokemon);
    }

    /// The end of an arrival, which is still to come.
    pub(crate) fn queue_arrival(&mut self, side: usize, replaces: bool) {
        let action = Action {
            kind: Kind::Arrive,
            side: side as u8,
            argument: u8::from(replaces),
            priority: 0,
            speed: self.active(side).speed,
        };
        self.queue.insert(action, &mut self.rng);
    }

    /// The end of an arrival: what is forgotten, and the damage of burn or poison, from which one
    /// is spared who replaces a fainted Pokemon.
    pub(crate) fn arrive(&mut self, side: usize, replaces: bool) {
        let pokemon = self.pokemon_mut(side);
        if pokemon.status == status::TOXIC {
            pokemon.status = status::POISON;
        }
        for side in 0..2 {
            self.active_mut(side).last_move = 0;
        }
        self.sides[side].last_selected_slot = 0;
        self.start_metronome_again(1 - side);
        let status = self.pokemon(side).status;
        if !replaces && matches!(status, status::BURN | status::POISON) {
            self.take(side, self.sixteenth(side));
        }
    }

    /// A trapping move that Metronome called loses its target to a switch: it is Metronome again.
    fn start_metronome_again(&mut self, side: usize) {
        let own = &self.sides[side];
        let slot = usize::from(own.last_selected_slot);
        let metronome = MOVE_ID_METRONOME as u8;
        let called = own.active.moves.get(slot) == Some(&metronome);
        if self.hp(side) > 0 && own.active.trapping_move != 0 && called {
            self.select_for(side, metronome);
        }
    }

    /// Showdown's cached speed, taken anew.
    pub(crate) fn update_speed(&mut self, side: usize) {
        let active = self.active_mut(side);
        if active.species != 0 {
            active.speed = active.modified_stats[SPEED];
        }
    }

    /// Both cached speeds.
    pub(crate) fn update_speeds(&mut self) {
        self.update_speed(0);
        self.update_speed(1);
    }
}

impl Pokemon {
    /// Attack to special without stages.
    #[inline]
    fn stats(&self) -> [u16; 4] {
        let mut stats = [0; 4];
        for (index, stat) in stats.iter_mut().enumerate() {
            *stat = self.stat(index + 1);
        }
        stats
    }

    /// The same with what its status takes.
    #[inline]
    pub(crate) fn modified_stats(&self) -> [u16; 4] {
        let mut stats = self.stats();
        status_drop(self.status, &mut stats);
        stats
    }
}

impl Active {
    /// A Pokemon that has just come out.
    #[inline]
    pub(crate) fn of(pokemon: &Pokemon) -> Self {
        let stats = pokemon.stats();
        let mut modified_stats = stats;
        status_drop(pokemon.status, &mut modified_stats);
        Active {
            stats,
            modified_stats,
            speed: modified_stats[SPEED],
            species: pokemon.species,
            types: species(pokemon.species).types,
            moves: pokemon.moves,
            pp: pokemon.pp,
            ..Active::fainted([0; 4])
        }
    }
}
