//! SimpleHeuristics: poke-env's rule-based player.
//!
//! Source: poke-env 0.16 (MIT), SimpleHeuristicsPlayer, in whole numbers; references/pokemon has
//! the same rules in fractions, and says where poke-env's doubles can take another of two equals.

use crate::choices::CHOICES;
use crate::consts::*;
use crate::moves::{data, effectiveness};
use crate::species::{species, Species};
use crate::state::{Battle, Side, ATTACK, DEFENSE, SLOTS, SPECIAL, TEAM, TYPELESS};

/// A stage that low is a reason to switch.
const LOW_STAGE: i8 = -3;
/// 500 times -2: a matchup worse than this is left, if another is better than even.
const LEAVES_BELOW: i64 = -1000;

/// What is weighed of a Pokemon.
struct Fighter {
    species: &'static Species,
    types: [u8; 2],
    hp: i64,
    max_hp: i64,
}

/// A matchup's worth: a fraction, of 500 for one.
#[derive(Clone, Copy)]
struct Worth {
    numerator: i64,
    denominator: i64,
}

impl Worth {
    fn exceeds(self, other: Worth) -> bool {
        self.numerator * other.denominator > other.numerator * self.denominator
    }

    fn exceeds_whole(self, whole: i64) -> bool {
        self.numerator > whole * self.denominator
    }
}

/// The action that it takes among the legal ones, bit by bit.
pub(crate) fn choose(battle: &Battle, side: usize, legal: u16) -> i32 {
    let (own, other) = (&battle.sides[side], &battle.sides[side ^ 1]);
    let foe = front(other);
    let percent = shown_percent(&foe);
    let mut best: Option<(usize, Worth)> = None;
    let benched = own.order.iter().map(|&slot| usize::from(slot));
    for slot in benched.filter(|&slot| slot < TEAM && legal >> slot & 1 == 1) {
        let worth = matchup(&benched_fighter(own, slot), &foe, percent);
        if best.is_none_or(|(_, most)| worth.exceeds(most)) {
            best = Some((slot, worth));
        }
    }
    let usable = legal >> ACTION_MOVE;
    let better = best.is_some_and(|(_, worth)| worth.exceeds_whole(0));
    if usable != 0 {
        let fighter = front(own);
        if !(better && should_leave(own, &matchup(&fighter, &foe, percent))) {
            return ACTION_MOVE + strongest(own, other, usable, &fighter, &foe);
        }
    }
    best.map_or(0, |(slot, _)| slot as i32)
}

fn benched_fighter(side: &Side, slot: usize) -> Fighter {
    let pokemon = &side.team[slot];
    let kind = species(pokemon.species);
    Fighter {
        species: kind,
        types: kind.types,
        hp: pokemon.hp.into(),
        max_hp: i64::from(pokemon.max_hp()).max(1),
    }
}

/// The active Pokemon, as Transform and Conversion have left it; as it was once it fainted.
fn front(side: &Side) -> Fighter {
    let plain = benched_fighter(side, side.front());
    match plain.hp {
        0 => plain,
        _ => Fighter {
            species: species(side.active.species),
            types: side.active.types,
            ..plain
        },
    }
}

/// HP in percent, as the other player is shown it.
fn shown_percent(foe: &Fighter) -> i64 {
    let percent = (100 * foe.hp + foe.max_hp - 1) / foe.max_hp;
    percent - i64::from(percent == 100 && foe.hp < foe.max_hp)
}

/// Four times what a type does to a Pokemon of these types.
fn multiplier(attacking: u8, defending: [u8; 2]) -> i64 {
    i64::from(effectiveness(attacking, defending[0]) * effectiveness(attacking, defending[1]))
}

/// The greatest multiplier of a Pokemon's own types.
fn best_multiplier(attacking: [u8; 2], defending: [u8; 2]) -> i64 {
    let first = multiplier(attacking[0], defending);
    match attacking[1] {
        TYPELESS => first,
        second => first.max(multiplier(second, defending)),
    }
}

/// How well a Pokemon stands against the foe's: types, then a tenth for the higher base speed, and
/// four tenths of the difference in HP.
fn matchup(own: &Fighter, foe: &Fighter, percent: i64) -> Worth {
    const BASE_SPEED: usize = 3;
    let types = best_multiplier(own.types, foe.types) - best_multiplier(foe.types, own.types);
    let faster = own.species.base[BASE_SPEED].cmp(&foe.species.base[BASE_SPEED]) as i64;
    let whole = 125 * types + 50 * faster - 2 * percent;
    Worth {
        numerator: whole * own.max_hp + 200 * own.hp,
        denominator: own.max_hp,
    }
}

/// Whether there is a reason to switch: low stages, or a bad matchup.
fn should_leave(own: &Side, matchup: &Worth) -> bool {
    let stages = &own.active.boosts;
    // A special stage counts for both of the stats that later games made of it.
    if stages[DEFENSE] <= LOW_STAGE || stages[SPECIAL] <= LOW_STAGE {
        return true;
    }
    let pokemon = own.pokemon();
    let hits_hard = pokemon.stat(1 + ATTACK) >= pokemon.stat(1 + SPECIAL);
    (stages[ATTACK] <= LOW_STAGE && hits_hard)
        || matchup.numerator < LEAVES_BELOW * matchup.denominator
}

/// The first slot with the most expected damage among the usable ones.
fn strongest(own: &Side, other: &Side, usable: u16, fighter: &Fighter, foe: &Fighter) -> i32 {
    let mine = |stat| estimate(fighter.species, &own.active.boosts, stat);
    let theirs = |stat| estimate(foe.species, &other.active.boosts, stat);
    // Attack by defense and special by special, over one denominator.
    let physical = mine(ATTACK) * theirs(SPECIAL);
    let special = mine(SPECIAL) * theirs(DEFENSE);
    let mut best = (0, -1);
    for slot in (0..SLOTS).filter(|slot| usable >> slot & 1 == 1) {
        let id = own.active.moves[slot];
        let ratio = match data(id).category == CATEGORY_PHYSICAL as u8 {
            true => physical,
            false => special,
        };
        let damage = weight(id, fighter.types, foe.types) * ratio;
        if damage > best.1 {
            best = (slot as i32, damage);
        }
    }
    best.0
}

/// Power by accuracy, hits, types and the bonus for an own type, in units of 1/4800.
fn weight(id: u8, own: [u8; 2], foe: [u8; 2]) -> i64 {
    let row = data(id);
    let percent = MOVE_ACCURACY
        .get(usize::from(id))
        .map_or(0, |&p| i64::from(p));
    let accuracy = if percent == 0 { 100 } else { percent };
    let bonus = if own.contains(&row.kind) { 3 } else { 2 };
    let hits = match row.multihit {
        2 => 12,
        5 => 19,
        _ => 6,
    };
    i64::from(row.power) * bonus * accuracy * hits * multiplier(row.kind, foe)
}

/// 420 times a stat as poke-env guesses it, whose first stage up is worth as much as the second.
fn estimate(species: &Species, stages: &[i8; 6], stat: usize) -> i64 {
    const FACTORS: [i64; 13] = [
        105, 120, 140, 168, 210, 280, 420, 840, 840, 1050, 1260, 1470, 1680,
    ];
    let stage = stages[stat].clamp(-6, 6);
    (2 * i64::from(species.base[1 + stat]) + 36) * FACTORS[(stage + 6) as usize]
}

const _: () = assert!(CHOICES == TEAM + SLOTS);
