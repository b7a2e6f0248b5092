//! Species, and the stats that follow from them.

use crate::consts::*;

const SPECIES: usize = SPECIES_HP.len();

/// What a species gives: base stats (HP, attack, defense, speed, special) and types.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Species {
    pub base: [u8; 5],
    pub types: [u8; 2],
}

static TABLE: [Species; SPECIES] = table();

const fn table() -> [Species; SPECIES] {
    let mut table = [Species {
        base: [0; 5],
        types: [TYPE_NONE as u8; 2],
    }; SPECIES];
    let mut number = 1;
    while number < SPECIES {
        table[number] = Species {
            base: [
                SPECIES_HP[number] as u8,
                SPECIES_ATK[number] as u8,
                SPECIES_DEF[number] as u8,
                SPECIES_SPE[number] as u8,
                SPECIES_SPC[number] as u8,
            ],
            types: [SPECIES_TYPE1[number] as u8, SPECIES_TYPE2[number] as u8],
        };
        number += 1;
    }
    table
}

/// The species of a national number; of 0 for one that is none.
#[inline]
pub(crate) fn species(number: u8) -> &'static Species {
    TABLE.get(usize::from(number)).unwrap_or(&TABLE[0])
}

/// A stat of a Pokemon (0 is HP) by its species, level and stat points.
///
/// Source: Showdown 0.11.11, sim/battle.ts, `statModify`.
pub(crate) fn stat(number: u8, level: u8, points: u8, index: usize) -> u16 {
    let doubled = 2 * u32::from(species(number).base[index]) + u32::from(points);
    let level = u32::from(level);
    let value = match index {
        0 => (doubled + 100) * level / 100 + 10,
        _ => doubled * level / 100 + 5,
    };
    value as u16
}
