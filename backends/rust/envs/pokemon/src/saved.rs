//! A battle as the bytes that a caller holds between steps: STATE's, in the order that they lie in
//! memory, so that most of them are moved by the word.

use crate::rows::{Fields, Reader, Writer, STATE_SIZE};
use crate::state::{Active, Battle, Pokemon, Side, TEAM};

/// Bytes of a Pokemon, of what only one that is out has, and of a side.
const POKEMON: usize = 23;
const ACTIVE: usize = 73;
const SIDE: usize = TEAM * POKEMON + TEAM + ACTIVE + 4;
const REST: usize = STATE_SIZE - 2 * SIDE;

impl Battle {
    /// Writes what [`Battle::load`] reads.
    ///
    /// # Panics
    /// If `bytes` are not [`STATE_SIZE`].
    #[inline(always)]
    pub fn save(&self, bytes: &mut [u8]) {
        let bytes: &mut [u8; STATE_SIZE] = bytes.try_into().expect("STATE_SIZE bytes");
        let (sides, rest) = bytes.as_chunks_mut::<SIDE>();
        for (side, bytes) in self.sides.iter().zip(sides) {
            let (team, after) = bytes.split_at_mut(TEAM * POKEMON);
            let (team, _) = team.as_chunks_mut::<POKEMON>();
            for (own, bytes) in side.team.iter().zip(team) {
                pokemon(&mut own.clone(), &mut Writer::new(bytes));
            }
            let (out, others) = after.split_at_mut(ACTIVE);
            active(&mut side.active.clone(), &mut Writer::new(out));
            choices(&mut side.clone(), &mut Writer::new(others));
        }
        common(&mut self.clone(), &mut Writer::new(&mut rest[..REST]));
    }

    /// Reads what [`Battle::save`] wrote. As with [`Battle::read`], any bytes are some battle.
    ///
    /// # Panics
    /// If `bytes` are not [`STATE_SIZE`].
    #[inline(always)]
    pub fn load(&mut self, bytes: &[u8]) {
        let bytes: &[u8; STATE_SIZE] = bytes.try_into().expect("STATE_SIZE bytes");
        let (sides, rest) = bytes.as_chunks::<SIDE>();
        for (side, bytes) in self.sides.iter_mut().zip(sides) {
            let (team, after) = bytes.split_at(TEAM * POKEMON);
            let (team, _) = team.as_chunks::<POKEMON>();
            for (own, bytes) in side.team.iter_mut().zip(team) {
                pokemon(own, &mut Reader::new(bytes));
            }
            let (out, others) = after.split_at(ACTIVE);
            active(&mut side.active, &mut Reader::new(out));
            choices(side, &mut Reader::new(others));
        }
        common(self, &mut Reader::new(&rest[..REST]));
        self.queue.clear();
    }
}

#[inline(always)]
fn pokemon(own: &mut Pokemon, io: &mut impl Fields) {
    io.u16(&mut own.hp);
    io.u8(&mut own.species);
    io.u8(&mut own.level);
    own.stat_points = io.bytes(own.stat_points);
    io.u8(&mut own.status);
    io.u8(&mut own.sleep_turns);
    io.flag(&mut own.slept_by_own);
    own.moves = io.bytes(own.moves);
    own.pp = io.bytes(own.pp);
    io.flag(&mut own.substitute_broken);
    io.u8(&mut own.seen);
    io.u8(&mut own.revealed);
}

#[inline(always)]
fn active(active: &mut Active, io: &mut impl Fields) {
    for stat in active.stats.iter_mut().chain(&mut active.modified_stats) {
        io.u16(stat);
    }
    io.u16(&mut active.speed);
    io.u16(&mut active.bide_damage);
    io.u16(&mut active.trapping_damage);
    io.u8(&mut active.species);
    active.types = io.bytes(active.types);
    io.flag(&mut active.transformed);
    active.boosts.iter_mut().for_each(|stage| io.i8(stage));
    io.u8(&mut active.last_move);
    io.u8(&mut active.confusion);
    io.u8(&mut active.substitute);
    io.flag(&mut active.leech_seed);
    io.flag(&mut active.reflect);
    io.flag(&mut active.light_screen);
    io.flag(&mut active.mist);
    io.flag(&mut active.focus_energy);
    io.u8(&mut active.charging_move);
    io.flag(&mut active.invulnerable);
    io.flag(&mut active.recharge);
    io.u8(&mut active.trapping_move);
    io.u8(&mut active.bide_turns);
    io.u8(&mut active.thrash_move);
    io.flag(&mut active.rage);
    io.u8(&mut active.disable_move);
    active.moves = io.bytes(active.moves);
    active.pp = io.bytes(active.pp);
    io.u8(&mut active.mimicked);
    io.flag(&mut active.flinch);
    io.u8(&mut active.trapped_turns);
    io.u8(&mut active.trapped_by);
    io.flag(&mut active.trapped_maybe);
    io.u8(&mut active.fake_trapped_turns);
    io.u8(&mut active.fake_trapped_with);
    io.u8(&mut active.trapping_turns);
    io.u8(&mut active.trapping_total);
    io.u8(&mut active.trapping_target);
    io.u8(&mut active.thrash_turns);
    io.u8(&mut active.thrash_accuracy);
    io.u8(&mut active.disable_slot);
    io.u8(&mut active.disable_turns);
    io.u8(&mut active.rage_accuracy);
    io.flag(&mut active.toxic);
    io.u8(&mut active.toxic_counter);
}

/// What a side has besides Pokemon.
#[inline(always)]
fn choices(side: &mut Side, io: &mut impl Fields) {
    side.order = io.bytes(side.order);
    io.u8(&mut side.last_selected_move);
    io.u8(&mut side.last_enemy_selected_move);
    io.u8(&mut side.last_enemy_move);
    io.u8(&mut side.last_selected_slot);
}

/// What is neither side's.
#[inline(always)]
fn common(battle: &mut Battle, io: &mut impl Fields) {
    battle.rng.0 = u64::from_le_bytes(io.bytes(battle.rng.0.to_le_bytes()));
    io.u16(&mut battle.turn);
    io.u16(&mut battle.last_damage);
    battle.request = io.bytes(battle.request);
    io.u8(&mut battle.winner);
}
