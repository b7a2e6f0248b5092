//! Moves as the tables have them, a row each.

use crate::consts::*;

const ROWS: usize = MOVE_POWER.len();

/// A move's numbers; consts.rs says where they come from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Move {
    pub power: u8,
    pub kind: u8,
    pub category: u8,
    /// Of 256, before stages; 0: never checked.
    pub accuracy: u8,
    pub base_pp: u8,
    pub priority: i8,
    pub targets_self: bool,
    pub crit_ratio: u8,
    /// 0: one hit; 2: two; 5: two to five.
    pub multihit: u8,
    pub drains: bool,
    /// 0: no recoil.
    pub recoil_divisor: u8,
    pub fixed_damage: u8,
    pub status: u8,
    pub boost_stat: u8,
    pub boost_stages: i8,
    pub confuses: bool,
    pub has_volatile: bool,
    pub secondary: u8,
    /// Of 256.
    pub secondary_chance: u8,
    pub secondary_status: u8,
    pub secondary_stat: u8,
    pub secondary_stages: i8,
    pub ignores_immunity: bool,
    pub effect: i32,
    pub two_turn: bool,
    pub keeps_last_damage: bool,
    pub hits_invulnerable: bool,
}

static TABLE: [Move; ROWS] = table();

const fn table() -> [Move; ROWS] {
    let mut table = [row(0); ROWS];
    let mut number = 1;
    while number < ROWS {
        table[number] = row(number);
        number += 1;
    }
    table
}

const fn row(number: usize) -> Move {
    Move {
        power: MOVE_POWER[number] as u8,
        kind: MOVE_TYPE[number] as u8,
        category: MOVE_CATEGORY[number] as u8,
        accuracy: MOVE_ACCURACY_BYTE[number] as u8,
        base_pp: MOVE_BASE_PP[number] as u8,
        priority: MOVE_PRIORITY[number] as i8,
        targets_self: MOVE_TARGETS_SELF[number] != 0,
        crit_ratio: MOVE_CRIT_RATIO[number] as u8,
        multihit: MOVE_MULTIHIT[number] as u8,
        drains: MOVE_DRAIN[number] != 0,
        recoil_divisor: MOVE_RECOIL_DIVISOR[number] as u8,
        fixed_damage: MOVE_DAMAGE[number] as u8,
        status: MOVE_STATUS[number] as u8,
        boost_stat: MOVE_BOOST_STAT[number] as u8,
        boost_stages: MOVE_BOOST_STAGES[number] as i8,
        confuses: MOVE_CONFUSES[number] != 0,
        has_volatile: MOVE_VOLATILE[number] != 0,
        secondary: MOVE_SECONDARY[number] as u8,
        secondary_chance: MOVE_SECONDARY_CHANCE[number] as u8,
        secondary_status: MOVE_SECONDARY_STATUS[number] as u8,
        secondary_stat: MOVE_SECONDARY_STAT[number] as u8,
        secondary_stages: MOVE_SECONDARY_STAGES[number] as i8,
        ignores_immunity: MOVE_IGNORES_IMMUNITY[number] != 0,
        effect: MOVE_EFFECT[number],
        two_turn: MOVE_TWO_TURN[number] != 0,
        keeps_last_damage: MOVE_KEEPS_LAST_DAMAGE[number] != 0,
        hits_invulnerable: MOVE_HITS_INVULNERABLE[number] != 0,
    }
}

/// The move of a number; of 0 for one that is none.
#[inline]
pub(crate) fn data(number: u8) -> &'static Move {
    TABLE.get(usize::from(number)).unwrap_or(&TABLE[0])
}

impl Move {
    #[inline]
    pub(crate) fn is_status(&self) -> bool {
        self.category == CATEGORY_STATUS as u8
    }

    #[inline]
    pub(crate) fn explodes(&self) -> bool {
        self.effect == EFFECT_EXPLODE
    }
}

/// What an attacking type does to one defending type: 0, 1, 2 or 4 halves.
#[inline]
pub(crate) fn effectiveness(attacking: u8, defending: u8) -> i32 {
    let row = usize::from(attacking).min(TYPES);
    EFFECTIVENESS[row][usize::from(defending).min(TYPES)].into()
}

const TYPES: usize = 15;

/// The chart with a row and a column for what is no type, so that a look needs no branch.
static EFFECTIVENESS: [[u8; TYPES + 1]; TYPES + 1] = effectiveness_table();

const fn effectiveness_table() -> [[u8; TYPES + 1]; TYPES + 1] {
    let mut table = [[2; TYPES + 1]; TYPES + 1];
    let mut index = 0;
    while index < TYPES * TYPES {
        table[index / TYPES][index % TYPES] = TYPE_CHART[index] as u8;
        index += 1;
    }
    table
}

/// A move's PP with three PP Ups.
pub(crate) fn full_pp(number: u8) -> u8 {
    let pp = MOVE_PP.get(usize::from(number));
    pp.map_or(0, |&pp| pp as u8)
}
