//! A battle as STATE's packed bytes, in the order of references/pokemon/spec.py.

use crate::consts::STATE_BYTES;
use crate::state::{Active, Battle, Pokemon};
use samestep_core::rules::HEADER_BYTES;
use samestep_core::Error;

/// Bytes of STATE, without the header.
pub const STATE_SIZE: usize = STATE_BYTES - HEADER_BYTES;

/// Reads or writes fields one after the other.
pub(crate) trait Fields {
    fn bytes<const N: usize>(&mut self, value: [u8; N]) -> [u8; N];

    #[inline(always)]
    fn u8(&mut self, value: &mut u8) {
        [*value] = self.bytes([*value]);
    }

    #[inline(always)]
    fn i8(&mut self, value: &mut i8) {
        *value = i8::from_le_bytes(self.bytes(value.to_le_bytes()));
    }

    #[inline(always)]
    fn u16(&mut self, value: &mut u16) {
        *value = u16::from_le_bytes(self.bytes(value.to_le_bytes()));
    }

    fn u32(&mut self, value: u32) -> u32 {
        u32::from_le_bytes(self.bytes(value.to_le_bytes()))
    }

    /// A flag, 0 or 1.
    #[inline(always)]
    fn flag(&mut self, value: &mut bool) {
        self.bytes([u8::from(*value)]);
    }
}

pub(crate) struct Writer<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl<'a> Writer<'a> {
    #[inline(always)]
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Writer { bytes, at: 0 }
    }
}

impl Fields for Writer<'_> {
    #[inline(always)]
    fn bytes<const N: usize>(&mut self, value: [u8; N]) -> [u8; N] {
        self.bytes[self.at..self.at + N].copy_from_slice(&value);
        self.at += N;
        value
    }
}

pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// No flag was anything but 0 or 1.
    flags_are_flags: bool,
}

impl<'a> Reader<'a> {
    #[inline(always)]
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader {
            bytes,
            at: 0,
            flags_are_flags: true,
        }
    }
}

impl Fields for Reader<'_> {
    #[inline(always)]
    fn bytes<const N: usize>(&mut self, _: [u8; N]) -> [u8; N] {
        let mut value = [0; N];
        value.copy_from_slice(&self.bytes[self.at..self.at + N]);
        self.at += N;
        value
    }

    #[inline(always)]
    fn flag(&mut self, value: &mut bool) {
        let [byte] = self.bytes([0]);
        self.flags_are_flags &= byte <= 1;
        *value = byte != 0;
    }
}

impl Battle {
    /// Writes STATE.
    pub fn pack(&self, bytes: &mut [u8]) {
        let mut battle = *self;
        visit(&mut battle, &mut Writer::new(bytes));
    }

    /// Reads STATE.
    ///
    /// # Errors
    /// If no battle that goes on can be in such a state.
    pub fn unpack(bytes: &[u8]) -> Result<Battle, Error> {
        let (battle, flags_are_flags) = Battle::read(bytes);
        if !flags_are_flags {
            return Err(Error::new("a flag is neither 0 nor 1"));
        }
        battle.check()?;
        Ok(battle)
    }

    /// Reads STATE as it stands, whether or not such a battle can be: playing on from it does
    /// something, and never panics. And whether its flags are 0 and 1.
    pub fn read(bytes: &[u8]) -> (Battle, bool) {
        let mut battle = Battle::default();
        let mut reader = Reader::new(bytes);
        visit(&mut battle, &mut reader);
        (battle, reader.flags_are_flags)
    }
}

/// All fields, in order.
fn visit(battle: &mut Battle, io: &mut impl Fields) {
    teams(battle, io);
    stats(battle, io);
    conditions(battle, io);
    for_sides(battle, |side| io.u8(&mut side.last_selected_move));
    for_sides(battle, |side| io.u8(&mut side.last_enemy_selected_move));
    for_sides(battle, |side| io.u8(&mut side.last_enemy_move));
    for_sides(battle, |side| io.u8(&mut side.last_selected_slot));
    io.u16(&mut battle.turn);
    io.u16(&mut battle.last_damage);
    let high = io.u32((battle.rng.0 >> 32) as u32);
    let low = io.u32(battle.rng.0 as u32);
    battle.rng.0 = u64::from(high) << 32 | u64::from(low);
    battle.request.iter_mut().for_each(|request| io.u8(request));
    io.u8(&mut battle.winner);
}

fn for_sides(battle: &mut Battle, field: impl FnMut(&mut crate::state::Side)) {
    battle.sides.iter_mut().for_each(field);
}

fn teams(battle: &mut Battle, io: &mut impl Fields) {
    for_slots(battle, |own| io.u8(&mut own.species));
    for_slots(battle, |own| io.u8(&mut own.level));
    for_slots(battle, |own| {
        own.stat_points.iter_mut().for_each(|x| io.u8(x))
    });
    for_slots(battle, |own| io.u16(&mut own.hp));
    for_slots(battle, |own| io.u8(&mut own.status));
    for_slots(battle, |own| io.u8(&mut own.sleep_turns));
    for_slots(battle, |own| io.flag(&mut own.slept_by_own));
    for_slots(battle, |own| own.moves.iter_mut().for_each(|x| io.u8(x)));
    for_slots(battle, |own| own.pp.iter_mut().for_each(|x| io.u8(x)));
    for_slots(battle, |own| io.flag(&mut own.substitute_broken));
    for_slots(battle, |own| io.u8(&mut own.seen));
    for_slots(battle, |own| io.u8(&mut own.revealed));
    for_sides(battle, |side| side.order.iter_mut().for_each(|x| io.u8(x)));
}

fn for_slots(battle: &mut Battle, mut field: impl FnMut(&mut Pokemon)) {
    for side in &mut battle.sides {
        side.team.iter_mut().for_each(&mut field);
    }
}

fn for_actives(battle: &mut Battle, mut field: impl FnMut(&mut Active)) {
    for_sides(battle, |side| field(&mut side.active));
}

fn stats(battle: &mut Battle, io: &mut impl Fields) {
    for_actives(battle, |active| io.u8(&mut active.species));
    for_actives(battle, |active| {
        active.types.iter_mut().for_each(|x| io.u8(x))
    });
    for_actives(battle, |active| io.flag(&mut active.transformed));
    for_actives(battle, |active| {
        active.stats.iter_mut().for_each(|x| io.u16(x))
    });
    for_actives(battle, |active| {
        active.modified_stats.iter_mut().for_each(|x| io.u16(x));
    });
    for_actives(battle, |active| io.u16(&mut active.speed));
    for_actives(battle, |active| {
        active.boosts.iter_mut().for_each(|x| io.i8(x))
    });
    for_actives(battle, |active| {
        active.moves.iter_mut().for_each(|x| io.u8(x))
    });
    for_actives(battle, |active| active.pp.iter_mut().for_each(|x| io.u8(x)));
    for_actives(battle, |active| io.u8(&mut active.mimicked));
    for_actives(battle, |active| io.u8(&mut active.last_move));
}

fn conditions(battle: &mut Battle, io: &mut impl Fields) {
    for_actives(battle, |active| io.u8(&mut active.bide_turns));
    for_actives(battle, |active| io.u16(&mut active.bide_damage));
    for_actives(battle, |active| io.u8(&mut active.confusion));
    for_actives(battle, |active| io.flag(&mut active.flinch));
    for_actives(battle, |active| io.u8(&mut active.trapped_turns));
    for_actives(battle, |active| io.u8(&mut active.trapped_by));
    for_actives(battle, |active| io.flag(&mut active.trapped_maybe));
    for_actives(battle, |active| io.u8(&mut active.fake_trapped_turns));
    for_actives(battle, |active| io.u8(&mut active.fake_trapped_with));
    for_actives(battle, |active| io.u8(&mut active.trapping_move));
    for_actives(battle, |active| io.u8(&mut active.trapping_turns));
    for_actives(battle, |active| io.u8(&mut active.trapping_total));
    for_actives(battle, |active| io.u16(&mut active.trapping_damage));
    for_actives(battle, |active| io.u8(&mut active.trapping_target));
    for_actives(battle, |active| io.flag(&mut active.recharge));
    for_actives(battle, |active| io.u8(&mut active.thrash_move));
    for_actives(battle, |active| io.u8(&mut active.thrash_turns));
    for_actives(battle, |active| io.u8(&mut active.thrash_accuracy));
    for_actives(battle, |active| io.u8(&mut active.charging_move));
    for_actives(battle, |active| io.flag(&mut active.invulnerable));
    for_actives(battle, |active| io.u8(&mut active.substitute));
    for_actives(battle, |active| io.flag(&mut active.leech_seed));
    for_actives(battle, |active| io.flag(&mut active.reflect));
    for_actives(battle, |active| io.flag(&mut active.light_screen));
    for_actives(battle, |active| io.flag(&mut active.mist));
    for_actives(battle, |active| io.flag(&mut active.focus_energy));
    for_actives(battle, |active| io.u8(&mut active.disable_move));
    for_actives(battle, |active| io.u8(&mut active.disable_slot));
    for_actives(battle, |active| io.u8(&mut active.disable_turns));
    for_actives(battle, |active| io.flag(&mut active.rage));
    for_actives(battle, |active| io.u8(&mut active.rage_accuracy));
    for_actives(battle, |active| io.flag(&mut active.toxic));
    for_actives(battle, |active| io.u8(&mut active.toxic_counter));
}
