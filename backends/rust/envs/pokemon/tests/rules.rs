//! Rules by value (L1) and together (L2). Where no source is named it is Showdown 0.11.11,
//! data/mods/gen1.

mod common;

use common::moves::*;
use common::species::*;
use common::{after, battle, duel, pokemon, turns, MOVE};
use samestep_pokemon::state::status::*;
use samestep_pokemon::state::{ATTACK, SPEED};
use samestep_pokemon::Battle;

/// Stats of level 100 with all DVs and stat experience, as any gen 1 dex lists them.
#[test]
fn stats_of_species() {
    let stats = |species| [0, 1, 2, 3, 4].map(|index| pokemon(species, &[POUND]).stat(index));
    assert_eq!(stats(MEWTWO), [415, 318, 278, 358, 406]);
    assert_eq!(stats(CHANSEY), [703, 108, 108, 198, 308]);
    assert_eq!(stats(TAUROS), [353, 298, 288, 318, 238]);
}

/// (42 * 85 * (298 / 4) / (108 / 4) / 50 + 2) * 1.5 for a Pound of 40 power, then * 217..255 / 255.
#[test]
fn damage_formula_and_its_random_factor() {
    let base = 42_u32 * 40 * (298 / 4) / (108 / 4) / 50 + 2;
    let base = base + base / 2;
    let possible: Vec<u32> = (217..=255).map(|factor| base * factor / 255).collect();
    let hits: Vec<u32> = turns(600, |seed| {
        duel((TAUROS, &[POUND]), (CHANSEY, &[SPLASH]), seed)
    })
    .iter()
    .map(|battle| 703 - u32::from(battle.hp(1)))
    .filter(|&damage| damage != 0 && damage <= base)
    .collect();
    assert!(hits.iter().all(|damage| possible.contains(damage)));
    assert!(hits.contains(&possible[0]) && hits.contains(&base));
}

/// Base speed 110: 55 in 256 hits are critical; a Pound of full accuracy misses 1 in 256.
#[test]
fn odds_of_critical_hits_and_of_the_miss() {
    let count = 20_000;
    let damages: Vec<u16> = turns(count, |seed| {
        duel((TAUROS, &[POUND]), (CHANSEY, &[SPLASH]), seed)
    })
    .iter()
    .map(|battle| 703 - battle.hp(1))
    .collect();
    let share = |number: usize| number as f64 / count as f64;
    let missed = share(damages.iter().filter(|&&damage| damage == 0).count());
    let critical = share(damages.iter().filter(|&&damage| damage > 141).count());
    assert!((missed - 1.0 / 256.0).abs() < 0.002, "{missed}");
    assert!((critical - 55.0 / 256.0).abs() < 0.012, "{critical}");
}

#[test]
fn recoil_is_a_quarter_of_the_damage_rounded_down() {
    for battle in turns(50, |seed| {
        duel((TAUROS, &[DOUBLE_EDGE]), (CHANSEY, &[SPLASH]), seed)
    }) {
        let damage = 703 - battle.hp(1);
        assert_eq!(353 - battle.hp(0), damage / 4);
    }
}

#[test]
fn an_immune_type_takes_nothing_and_struggle_does_not_pass_it() {
    for known in [POUND, EXPLOSION] {
        for battle in turns(20, |seed| {
            duel((TAUROS, &[known]), (GENGAR, &[SPLASH]), seed)
        }) {
            assert_eq!(battle.hp(1), battle.sides[1].team[0].max_hp());
            assert_eq!(battle.hp(0) == 0, known == EXPLOSION);
        }
    }
}

/// Moves in slots without PP underflow to 63.
#[test]
fn forced_moves_without_pp_underflow() {
    let mut start = duel((TAUROS, &[WRAP]), (CHANSEY, &[SPLASH]), 3);
    for pp in [
        &mut start.sides[0].team[0].pp,
        &mut start.sides[0].active.pp,
    ] {
        pp[0] = 0;
    }
    // Left alone it struggles.
    let next = after(start, 0, 0);
    assert_eq!(next.sides[0].last_selected_move, STRUGGLE);
    assert_eq!(next.sides[0].team[0].pp[0], 0);
    // A trapping move whose target has switched is used again, PP or not.
    start.sides[0].last_selected_move = WRAP;
    let lock = &mut start.sides[0].active;
    (lock.trapping_move, lock.trapping_turns, lock.trapping_total) = (WRAP, 2, 3);
    lock.trapping_target = 6;
    start.commit([MOVE, 1]);
    assert_eq!(start.sides[0].team[0].pp[0], 63);
}

#[test]
fn paralysis_quarters_speed_and_is_worked_in_again_by_the_foes_boosts() {
    let next = turns(40, |seed| {
        duel(
            (TAUROS, &[THUNDER_WAVE, SWORDS_DANCE]),
            (CHANSEY, &[SPLASH]),
            seed,
        )
    });
    let next = *next
        .iter()
        .find(|b| b.pokemon(1).status == PARALYSIS)
        .unwrap();
    assert_eq!(next.active(1).modified_stats[SPEED], 198 / 4);
    let again = after(next, 1, 0);
    assert_eq!(again.active(0).modified_stats[ATTACK], 596);
    assert_eq!(again.active(1).modified_stats[SPEED], 198 / 4 / 4);
}

#[test]
fn a_stat_at_999_takes_one_stage_of_the_boost_back() {
    let mut start = duel((TAUROS, &[SWORDS_DANCE]), (CHANSEY, &[SPLASH]), 1);
    start.sides[0].active.modified_stats[ATTACK] = 999;
    start.sides[0].active.boosts[ATTACK] = 3;
    let next = after(start, 0, 0);
    assert_eq!(next.active(0).boosts[ATTACK], 4);
    assert_eq!(next.active(0).modified_stats[ATTACK], 999);
}

#[test]
fn a_raised_stat_is_limited_to_999_and_a_lowered_one_is_not() {
    let mut start = duel((CHANSEY, &[SCREECH]), (CLOYSTER, &[SPLASH]), 5);
    start.sides[1].active.boosts[1] = 6;
    start.sides[1].active.modified_stats[1] = 998;
    for seed in 0..8 {
        start.rng = samestep_pokemon::Rng(seed);
        let next = after(start, 0, 0);
        if next.active(1).boosts[1] == 4 {
            assert_eq!(next.active(1).modified_stats[1], 458 * 3);
            return;
        }
    }
    panic!("Screech never hit");
}

#[test]
fn sleep_clause_counts_sleep_by_the_foe_alone() {
    let asleep = |by_own: bool| {
        let mut start = duel((GENGAR, &[HYPNOSIS]), (CHANSEY, &[SPLASH]), 0);
        let other = &mut start.sides[1].team[1];
        (other.status, other.sleep_turns, other.slept_by_own) = (SLEEP, 3, by_own);
        (0..60).any(|seed| {
            start.rng = samestep_pokemon::Rng(seed);
            after(start, 0, 0).pokemon(1).status == SLEEP
        })
    };
    assert!(asleep(true));
    assert!(!asleep(false));
}

#[test]
fn waking_up_takes_the_whole_turn() {
    let mut start = duel((GENGAR, &[POUND]), (CHANSEY, &[SPLASH]), 0);
    (
        start.sides[0].team[0].status,
        start.sides[0].team[0].sleep_turns,
    ) = (SLEEP, 1);
    let next = after(start, 0, 0);
    assert_eq!(next.pokemon(0).status, NONE);
    assert_eq!(next.hp(1), 703);
}

#[test]
fn toxic_grows_with_leech_seed_and_becomes_poison_on_switching() {
    let mut start = duel((CHANSEY, &[SPLASH]), (MEW, &[SPLASH]), 9);
    start.sides[0].team[0].status = TOXIC;
    start.sides[0].active.toxic = true;
    start.sides[0].active.leech_seed = true;
    start.sides[1].team[0].hp = 1;
    let next = after(start, 0, 0);
    // 1/16 for the poison, then 2/16 for the seed.
    assert_eq!(next.hp(0), 703 - 43 - 86);
    assert_eq!(next.hp(1), 1 + 86);
    assert_eq!(next.active(0).toxic_counter, 2);
    let mut away = next;
    away.commit([1, MOVE]);
    assert_eq!(away.sides[0].team[0].status, TOXIC);
    away.commit([0, MOVE]);
    assert_eq!(away.pokemon(0).status, POISON);
    assert_eq!(away.hp(0), next.hp(0) - 43);
}

#[test]
fn recovery_fails_where_255_or_511_are_missing() {
    for (missing, works) in [
        (0, false),
        (255, false),
        (511, false),
        (256, true),
        (447, true),
    ] {
        let mut start = duel((CHANSEY, &[RECOVER]), (MEW, &[SPLASH]), 2);
        start.sides[0].team[0].hp = 703 - missing;
        let next = after(start, 0, 0);
        assert_eq!(next.hp(0) > 703 - missing, works, "{missing} missing");
    }
}

#[test]
fn rest_sleeps_two_turns_and_keeps_the_burns_drop() {
    let mut start = duel((CHANSEY, &[REST]), (MEW, &[SPLASH]), 2);
    start.sides[0].team[0].hp = 100;
    start.sides[0].team[0].status = BURN;
    start.sides[0].active.modified_stats[ATTACK] = 54;
    let next = after(start, 0, 0);
    let own = next.pokemon(0);
    assert_eq!((own.hp, own.status, own.sleep_turns), (703, SLEEP, 2));
    assert!(own.slept_by_own);
    assert_eq!(next.active(0).modified_stats[ATTACK], 54);
}

#[test]
fn a_substitute_at_a_quarter_of_the_hp_is_the_last_thing_one_does() {
    let mut start = duel((CHANSEY, &[SUBSTITUTE]), (MEW, &[SPLASH]), 2);
    start.sides[0].team[0].hp = 175;
    assert_eq!(after(start, 0, 0).hp(0), 175, "4 * 175 < 703");
    start.sides[0].team[0].hp = 176;
    let next = after(start, 0, 0);
    assert_eq!((next.hp(0), next.active(0).substitute), (1, 176));
}

#[test]
fn explosion_that_breaks_a_substitute_spares_its_user() {
    let mut start = duel((SNORLAX, &[EXPLOSION]), (CHANSEY, &[SPLASH]), 4);
    start.sides[1].active.substitute = 1;
    let next = after(start, 0, 0);
    assert!(next.hp(0) > 0 && next.hp(1) == 703);
    assert!(next.pokemon(1).substitute_broken);
}

/// data/mods/gen1/moves.ts, `counter`: Normal and Fighting alone, twice the last damage.
#[test]
fn counter_pays_back_twice() {
    for (used, counters) in [(POUND, true), (FLAMETHROWER, false)] {
        let next = after(duel((CHARIZARD, &[used]), (CHANSEY, &[COUNTER]), 6), 0, 0);
        let damage = 703 - next.hp(1);
        assert!(damage > 0);
        let taken = next.pokemon(0).max_hp() - next.hp(0);
        assert_eq!(taken, if counters { 2 * damage } else { 0 });
    }
}

#[test]
fn hyper_beam_recharges_unless_it_fells() {
    let mut start = duel((TAUROS, &[HYPER_BEAM]), (CHANSEY, &[SPLASH]), 1);
    let next = after(start, 0, 0);
    assert!(next.active(0).recharge);
    // Nothing but that pause can be chosen, and no switch.
    assert_eq!(next.legal(0), 1 << MOVE);
    start.sides[1].team[0].hp = 1;
    let next = after(start, 0, 0);
    assert_eq!(next.hp(1), 0);
    assert!(!next.active(0).recharge);
    assert_eq!(next.request, [0, 2]);
}

#[test]
fn a_fainted_pokemon_ends_the_turn_and_only_its_player_chooses() {
    let mut start = duel((JOLTEON, &[POUND]), (CHANSEY, &[POUND]), 1);
    start.sides[1].team[0].hp = 1;
    let next = after(start, 0, 0);
    assert_eq!(
        next.hp(0),
        next.pokemon(0).max_hp(),
        "the slower never moved"
    );
    assert_eq!([next.legal(0), next.legal(1)], [1, 1 << 1]);
    let mut replaced = next;
    replaced.commit([0, 1]);
    assert_eq!((replaced.turn, replaced.request), (start.turn + 1, [1, 1]));
    assert_eq!(replaced.sides[1].order[..2], [1, 0]);
}

#[test]
fn the_last_pokemon_to_fall_loses_and_both_at_once_tie() {
    let lone = |hp: u16, known: u8| {
        let mut own = pokemon(TAUROS, &[known]);
        own.hp = hp;
        own
    };
    let won = after(battle(&[lone(353, POUND)], &[lone(1, SPLASH)], 1), 0, 0);
    assert_eq!((won.winner, won.request), (1, [0, 0]));
    let tied = after(battle(&[lone(353, EXPLOSION)], &[lone(1, SPLASH)], 1), 0, 0);
    assert_eq!(tied.winner, 3);
}

#[test]
fn haze_frees_the_foe_of_its_status_but_not_to_move() {
    let mut start = duel((JOLTEON, &[HAZE]), (CHANSEY, &[POUND]), 1);
    start.sides[1].team[0].status = FREEZE;
    start.sides[1].active.boosts[ATTACK] = 2;
    let next = after(start, 0, 0);
    assert_eq!(next.pokemon(1).status, NONE);
    assert_eq!(next.active(1).boosts, [0; 6]);
    assert_eq!(next.sides[1].last_selected_move, CANNOT_MOVE);
    assert_eq!(next.hp(0), next.pokemon(0).max_hp());
}

#[test]
fn trapping_shows_only_what_its_victim_can_know() {
    let next = turns(60, |seed| {
        duel((JOLTEON, &[WRAP, POUND]), (CHANSEY, &[POUND]), seed)
    });
    let held = next
        .iter()
        .find(|b| b.active(0).trapping_total == 4)
        .unwrap();
    // The first turn is plain: the trapper goes on, its victim can only switch or look on.
    assert_eq!(held.legal(0), 0b10 | 1 << MOVE);
    assert_eq!(held.legal(1), 0b10 | 1 << MOVE);
    assert_eq!(held.hp(0), held.pokemon(0).max_hp());
    let later = after(*held, 0, 0);
    let again = after(later, 0, 0);
    assert!(later.active(1).trapped_maybe);
    assert_eq!(
        again.legal(0),
        0b10 | 0b11 << MOVE,
        "maybe locked: all moves are shown"
    );
}

#[test]
fn bide_pays_back_twice_what_was_done() {
    let mut next = duel((SNORLAX, &[BIDE]), (CHANSEY, &[SEISMIC_TOSS]), 8);
    for _ in 0..4 {
        next = after(next, 0, 0);
        if next.active(0).bide_turns == 0 {
            break;
        }
    }
    let taken = next.pokemon(0).max_hp() - next.hp(0);
    assert!(taken >= 200 && next.hp(1) < 703);
}

#[test]
fn transform_copies_and_mimic_borrows() {
    let next = after(
        duel((DITTO, &[TRANSFORM]), (TAUROS, &[SPLASH, POUND]), 1),
        0,
        0,
    );
    let active = next.active(0);
    assert!(active.transformed);
    assert_eq!(
        (active.species, active.moves),
        (TAUROS, [SPLASH, POUND, 0, 0])
    );
    assert_eq!(
        (active.pp, active.stats),
        ([5, 5, 0, 0], next.active(1).stats)
    );
    assert_eq!(next.pokemon(0).moves, [TRANSFORM, 0, 0, 0]);
    let next = after(duel((MEW, &[MIMIC]), (TAUROS, &[SWIFT]), 1), 0, 0);
    assert_eq!(next.active(0).moves[0], SWIFT);
    assert_eq!(next.active(0).mimicked, 1);
    let pp = next.active(0).pp[0];
    let used = after(next, 0, 0);
    assert_eq!(
        (used.pokemon(0).pp[0], used.pokemon(0).moves[0]),
        (pp - 1, MIMIC)
    );
}

/// A locked choice while the slot chosen last is not there: Showdown throws, the battle is a tie.
#[test]
fn a_choice_that_showdown_cannot_carry_out_is_a_tie() {
    let mut start = duel((MEW, &[POUND]), (TAUROS, &[POUND]), 1);
    start.sides[0].last_selected_slot = 3;
    (
        start.sides[0].team[0].status,
        start.sides[0].team[0].sleep_turns,
    ) = (SLEEP, 3);
    let next = after(start, 0, 0);
    assert_eq!((next.winner, next.request), (3, [0, 0]));
    assert_eq!((next.rng, next.turn), (start.rng, start.turn));
}

#[test]
fn ties_of_speed_cost_draws() {
    let draws = |first: u8, second: u8| {
        let start = duel((first, &[SPLASH]), (second, &[SPLASH]), 5);
        let next = after(start, 0, 0);
        let mut rng = start.rng;
        (0..20).find(|_| {
            let reached = rng == next.rng;
            rng.below(1);
            reached
        })
    };
    assert_eq!(draws(TAUROS, CHANSEY), Some(0));
    // The order of the moves, two events before them, one after each move and the residual.
    assert_eq!(draws(TAUROS, TAUROS), Some(6));
}

/// data/mods/gen1/rulesets: sim/battle.ts, `maybeTriggerEndlessBattleClause`; the turn limit.
#[test]
fn battles_that_cannot_end_are_ties() {
    let frozen = || {
        let mut own = pokemon(TAUROS, &[POUND]);
        own.status = FREEZE;
        own
    };
    let next = after(battle(&[frozen()], &[frozen()], 1), 0, 0);
    assert_eq!(next.winner, 3);
    let mut late = duel((TAUROS, &[SPLASH]), (CHANSEY, &[SPLASH]), 1);
    late.turn = 999;
    let last = after(late, 0, 0);
    assert_eq!((last.turn, last.winner), (1000, 0));
    assert_eq!(after(last, 0, 0).winner, 3);
}

#[test]
fn an_illegal_action_counts_as_the_first_legal_one() {
    let start = duel((TAUROS, &[POUND, SPLASH]), (CHANSEY, &[SPLASH]), 1);
    let commit = |first: i32| -> Battle {
        let mut battle = start;
        battle.commit([first, MOVE]);
        battle
    };
    assert_eq!(start.legal(0), 0b10 | 0b11 << MOVE);
    for illegal in [0, 2, 5, 8, 9, -1, 10] {
        assert_eq!(commit(illegal), commit(1), "action {illegal}");
    }
}

#[test]
fn haze_turns_its_users_own_toxic_into_poison_for_a_draw() {
    let mut start = duel((JOLTEON, &[HAZE]), (CHANSEY, &[SPLASH]), 1);
    start.sides[0].team[0].status = TOXIC;
    start.sides[0].active.toxic = true;
    start.sides[0].active.toxic_counter = 5;
    let next = after(start, 0, 0);
    assert_eq!(next.pokemon(0).status, POISON);
    assert!(!next.active(0).toxic);
    let mut rng = start.rng;
    rng.below(1);
    assert_eq!(next.rng, rng);
}

#[test]
fn mist_keeps_off_moves_that_lower_but_not_what_damage_lowers_besides() {
    let mut start = duel((JOLTEON, &[SCREECH, BUBBLE_BEAM]), (CHANSEY, &[SPLASH]), 1);
    start.sides[1].active.mist = true;
    let mut lowered = |slot: i32, stat: usize| {
        (0..60).any(|seed| {
            start.rng = samestep_pokemon::Rng(seed);
            after(start, slot, 0).active(1).boosts[stat] < 0
        })
    };
    assert!(!lowered(0, 1));
    assert!(lowered(1, SPEED));
}

/// data/mods/gen1/moves.ts, `substitute`: it keeps poison and primary confusion off, not sleep,
/// paralysis, Leech Seed or what damage confuses.
#[test]
fn what_a_substitute_keeps_off() {
    let mut start = duel(
        (JOLTEON, &[CONFUSE_RAY, THUNDER_WAVE, LEECH_SEED, PSYBEAM]),
        (CHANSEY, &[SPLASH]),
        1,
    );
    start.sides[1].active.substitute = 170;
    let mut happens = |slot: i32, what: fn(&Battle) -> bool| {
        (0..200).any(|seed| {
            start.rng = samestep_pokemon::Rng(seed);
            what(&after(start, slot, 0))
        })
    };
    assert!(!happens(0, |b| b.active(1).confusion > 0));
    assert!(happens(1, |b| b.pokemon(1).status == PARALYSIS));
    assert!(happens(2, |b| b.active(1).leech_seed));
    assert!(happens(3, |b| b.active(1).confusion > 0 && b.hp(1) == 703));
}

#[test]
fn confusion_behind_a_substitute_hits_the_foes() {
    let mut start = duel((CHANSEY, &[SPLASH]), (SNORLAX, &[SPLASH]), 1);
    for side in 0..2 {
        start.sides[side].active.substitute = 100;
    }
    start.sides[0].active.confusion = 5;
    let hurt = turns(20, |seed| {
        let mut battle = start;
        battle.rng = samestep_pokemon::Rng(seed);
        battle
    });
    let hurt = hurt.iter().find(|b| b.last_damage > 0).unwrap();
    // 42 * 108 * 40 / 108 / 50 + 2, for attack and defense are the same.
    assert_eq!(hurt.last_damage, 35);
    assert_eq!([0, 1].map(|side| hurt.active(side).substitute), [100, 65]);
    assert_eq!([hurt.hp(0), hurt.hp(1)], [start.hp(0), start.hp(1)]);
}

#[test]
fn psywave_fails_at_level_one() {
    let mut own = pokemon(MEW, &[PSYWAVE]);
    own.level = 1;
    for seed in 0..20 {
        let next = after(battle(&[own], &[pokemon(CHANSEY, &[SPLASH])], seed), 0, 0);
        assert_eq!(next.hp(1), 703);
    }
}
