//! Which states a battle that goes on can be in.

use crate::consts::*;
use crate::moves::data;
use crate::state::{status, Active, Battle, Pokemon, Side, NOBODY, SLOTS, TEAM, TYPELESS};
use samestep_core::Error;

const LAST_MOVE: u8 = MOVE_ID_STRUGGLE as u8;
const HIGHEST_STAT: u16 = 999;
/// A raised stat that is lowered by a stage is not limited to 999 again.
const HIGHEST_MODIFIED: u16 = 4 * HIGHEST_STAT;

fn in_range(name: &str, value: impl Into<u32>, low: u32, high: u32) -> Result<(), Error> {
    let value = value.into();
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(Error::new(format!(
        "{name} is {value}; accepted: {low} to {high}"
    )))
}

fn require(holds: bool, rule: &str) -> Result<(), Error> {
    match holds {
        true => Ok(()),
        false => Err(Error::new(rule)),
    }
}

impl Battle {
    /// Whether such a battle can be, and goes on.
    pub(crate) fn check(&self) -> Result<(), Error> {
        require(!self.is_over(), "winner is not 0: that battle is over")?;
        in_range("turn", self.turn, 1, 1000)?;
        for side in &self.sides {
            side.check()?;
        }
        let fallen = [self.hp(0) == 0, self.hp(1) == 0];
        let asked = fallen.map(|fallen| match (fallen, fallen_any(&self.sides)) {
            (true, _) => REQUEST_SWITCH as u8,
            (false, true) => REQUEST_WAIT as u8,
            (false, false) => REQUEST_MOVE as u8,
        });
        require(
            self.request == asked,
            "request must be 1 for both, or 2 for who has to replace a Pokemon and 0 for the other",
        )
    }
}

fn fallen_any(sides: &[Side; 2]) -> bool {
    sides.iter().any(|side| side.pokemon().hp == 0)
}

impl Side {
    fn check(&self) -> Result<(), Error> {
        let size = self
            .team
            .iter()
            .take_while(|pokemon| pokemon.species != 0)
            .count();
        for pokemon in &self.team[..size] {
            pokemon.check()?;
        }
        require(
            self.team[size..]
                .iter()
                .all(|empty| *empty == Pokemon::default()),
            "a team's empty slots must be 0 and come last",
        )?;
        self.check_order(size)?;
        require(self.left() > 0, "a team has no Pokemon left")?;
        for (name, id) in [
            ("last_selected_move", self.last_selected_move),
            ("last_enemy_selected_move", self.last_enemy_selected_move),
        ] {
            let pseudo = [MOVE_ID_CANNOTMOVE as u8, MOVE_ID_NOMOVE as u8].contains(&id);
            require(
                pseudo || (1..=LAST_MOVE).contains(&id),
                &format!("{name} is {id}; accepted: 1 to 165, 167 and 168"),
            )?;
        }
        in_range("last_enemy_move", self.last_enemy_move, 0, LAST_MOVE.into())?;
        in_range("last_selected_slot", self.last_selected_slot, 0, 3)?;
        in_range_stats(
            "modified_stats",
            &self.active.modified_stats,
            HIGHEST_MODIFIED,
        )?;
        if self.pokemon().hp == 0 {
            let empty = Active::fainted(self.active.modified_stats);
            return require(
                self.active == empty,
                "a fainted Pokemon has nothing but modified_stats",
            );
        }
        self.active.check()?;
        require(
            self.pokemon().status != status::TOXIC || self.active.toxic,
            "toxic must be 1 for who is badly poisoned and out",
        )?;
        self.check_engagement()?;
        self.check_slots()
    }

    /// At most one thing at a time takes several turns, and it is what the Pokemon was last to do.
    fn check_engagement(&self) -> Result<(), Error> {
        let active = &self.active;
        let engagements = [
            (active.recharge, MOVE_ID_HYPERBEAM as u8),
            (active.rage, MOVE_ID_RAGE as u8),
            (active.bide_turns != 0, MOVE_ID_BIDE as u8),
            (active.thrash_move != 0, active.thrash_move),
            (active.charging_move != 0, active.charging_move),
            (active.trapping_move != 0, active.trapping_move),
        ];
        let mut engaged = engagements.iter().filter(|(engaged, _)| *engaged);
        let Some(&(_, id)) = engaged.next() else {
            return Ok(());
        };
        require(
            engaged.next().is_none(),
            "only one of recharge, rage, bide_turns, thrash_move, charging_move and trapping_move \
             can be other than 0",
        )?;
        let last = self.last_selected_move;
        let metronome = active.trapping_move != 0 && last == MOVE_ID_METRONOME as u8;
        require(
            last == id || last == MOVE_ID_CANNOTMOVE as u8 || metronome,
            &format!("last_selected_move is {last}; accepted with what goes on: {id} or 167"),
        )
    }

    fn check_order(&self, size: usize) -> Result<(), Error> {
        let mut found = [false; TEAM];
        for &slot in &self.order[..size] {
            in_range("order", slot, 0, (size - 1) as u32)?;
            found[usize::from(slot)] = true;
        }
        let unused = self.order[size..].iter().all(|&slot| slot == NOBODY);
        require(
            size > 0 && unused && found[..size] == [true; TEAM][..size],
            "order must have each slot of the team once, then 255",
        )
    }

    /// Moves and PP are the Pokemon's own, but for Transform's and Mimic's.
    fn check_slots(&self) -> Result<(), Error> {
        let (active, own) = (&self.active, self.pokemon());
        if active.transformed {
            return require(active.mimicked == 0, "virtual must be 0 after Transform");
        }
        let same = (0..SLOTS).all(|slot| {
            let mimicked = active.mimicked >> slot & 1 == 1 && own.moves[slot] != 0;
            mimicked || active.moves[slot] == own.moves[slot]
        });
        require(
            same && active.pp == own.pp,
            "active_moves and active_pp must be the Pokemon's own",
        )
    }
}

fn in_range_stats(name: &str, stats: &[u16; 4], high: u16) -> Result<(), Error> {
    stats
        .iter()
        .try_for_each(|&stat| in_range(name, stat, 1, high.into()))
}

fn check_moves(name: &str, moves: &[u8; SLOTS], pp: &[u8; SLOTS]) -> Result<(), Error> {
    let known = moves.iter().take_while(|&&id| id != 0).count();
    let dense = moves[known..] == [0; SLOTS][known..] && pp[known..] == [0; SLOTS][known..];
    require(
        known > 0 && dense,
        &format!("{name} must be one to four, then 0 without PP"),
    )?;
    for slot in 0..known {
        in_range(name, moves[slot], 1, LAST_MOVE.into())?;
        in_range("pp", pp[slot], 0, 63)?;
    }
    Ok(())
}

impl Pokemon {
    fn check(&self) -> Result<(), Error> {
        in_range("species", self.species, 1, 151)?;
        in_range("level", self.level, 1, 100)?;
        for points in self.stat_points {
            in_range("stat_points", points, 0, 93)?;
        }
        in_range("hp", self.hp, 0, self.max_hp().into())?;
        in_range("status", self.status, 0, status::TOXIC.into())?;
        let asleep = self.status == status::SLEEP;
        let (low, high) = if asleep { (1, 7) } else { (0, 0) };
        in_range("sleep_turns", self.sleep_turns, low, high)?;
        require(
            asleep || !self.slept_by_own,
            "slept_by_own must be 0 for who is awake",
        )?;
        require(
            self.hp > 0 || (self.status == status::NONE && !self.substitute_broken),
            "a fainted Pokemon has no status and no substitute_broken",
        )?;
        check_moves("moves", &self.moves, &self.pp)?;
        in_range("seen", self.seen, 0, TEAM as u32)?;
        in_range("revealed", self.revealed, 0, 15)
    }
}

impl Active {
    fn check(&self) -> Result<(), Error> {
        in_range("active_species", self.species, 1, 151)?;
        in_range("types", self.types[0], 0, TYPE_DRAGON as u32)?;
        if self.types[1] != TYPELESS {
            in_range("types", self.types[1], 0, TYPE_DRAGON as u32)?;
        }
        in_range_stats("active_stats", &self.stats, HIGHEST_STAT)?;
        in_range("speed", self.speed, 1, HIGHEST_MODIFIED.into())?;
        for stage in self.boosts {
            require(
                (-6..=6).contains(&stage),
                &format!("boosts is {stage}; accepted: -6 to 6"),
            )?;
        }
        check_moves("active_moves", &self.moves, &self.pp)?;
        in_range("virtual", self.mimicked, 0, 15)?;
        in_range("last_move", self.last_move, 0, LAST_MOVE.into())?;
        self.check_trapping()?;
        self.check_conditions()
    }

    fn check_trapping(&self) -> Result<(), Error> {
        in_range("trapped_turns", self.trapped_turns, 0, 2)?;
        let trapped = self.trapped_turns != 0;
        together("trapped_by", trapped, self.trapped_by)?;
        require(
            trapped || !self.trapped_maybe,
            "trapped_maybe must be 0 for who is not trapped",
        )?;
        in_range("fake_trapped_turns", self.fake_trapped_turns, 0, 2)?;
        let fake = self.fake_trapped_turns != 0;
        together("fake_trapped_with", fake, self.fake_trapped_with)?;
        let traps = self.trapping_move != 0;
        together("trapping_target", traps, self.trapping_target)?;
        if !traps {
            return require(
                self.trapping_turns == 0 && self.trapping_total == 0 && self.trapping_damage == 0,
                "trapping_turns, _total and _damage must be 0 without a trapping_move",
            );
        }
        of_kind("trapping_move", self.trapping_move, EFFECT_TRAPPING)?;
        in_range("trapping_total", self.trapping_total, 2, 5)?;
        in_range(
            "trapping_turns",
            self.trapping_turns,
            1,
            self.trapping_total.into(),
        )
    }

    fn check_conditions(&self) -> Result<(), Error> {
        in_range("bide_turns", self.bide_turns, 0, 3)?;
        let none = self.bide_turns != 0 || self.bide_damage == 0;
        require(none, "bide_damage must be 0 without Bide")?;
        in_range("confusion", self.confusion, 0, 5)?;
        if self.thrash_move != 0 {
            of_kind("thrash_move", self.thrash_move, EFFECT_THRASH)?;
            in_range("thrash_turns", self.thrash_turns, 1, 3)?;
            in_range("thrash_accuracy", self.thrash_accuracy, 1, 255)?;
        } else {
            let none = self.thrash_turns == 0 && self.thrash_accuracy == 0;
            require(
                none,
                "thrash_turns and _accuracy must be 0 without a thrash_move",
            )?;
        }
        let charges = self.charging_move == 0 || data(self.charging_move).two_turn;
        require(charges, "charging_move must be one that takes two turns")?;
        in_range("disable_move", self.disable_move, 0, LAST_MOVE.into())?;
        in_range("disable_slot", self.disable_slot, 0, 3)?;
        let disabled = self.disable_move != 0;
        let (low, high) = if disabled { (1, 8) } else { (0, 0) };
        in_range("disable_turns", self.disable_turns, low, high)?;
        require(
            disabled || self.disable_slot == 0,
            "disable_slot must be 0 without a disable_move",
        )?;
        let (low, high) = if self.rage { (1, 255) } else { (0, 0) };
        in_range("rage_accuracy", self.rage_accuracy, low, high)?;
        let counts = self.toxic || self.toxic_counter == 0;
        require(counts, "toxic_counter must be 0 without toxic")
    }
}

/// A Pokemon's number is there if, and only if, what it belongs to is.
fn together(name: &str, there: bool, number: u8) -> Result<(), Error> {
    match there {
        true => in_range(name, number, 0, (2 * TEAM - 1) as u32),
        false => in_range(name, number, NOBODY.into(), NOBODY.into()),
    }
}

fn of_kind(name: &str, id: u8, effect: i32) -> Result<(), Error> {
    require(
        data(id).effect == effect,
        &format!("{name} is {id}, which is no move of that kind"),
    )
}
