//! Batches: threads decide nothing, opponents play what their definitions say, rewards are right.

mod common;

use common::{duel, moves, species, Games, MOVE};
use samestep_core::Value;
use samestep_pokemon::consts::STATE_BYTES;
use samestep_pokemon::{Opponent, Pool};

#[test]
fn the_number_of_threads_decides_nothing() {
    let params = [("format", Value::Int(1))];
    let (mut one, mut two) = (Games::new(150, 1, &params), Games::new(150, 2, &params));
    for _ in 0..120 {
        let actions = one.choose();
        one.step(&actions);
        two.step(&actions);
        assert_eq!((&one.obs, &one.legal), (&two.obs, &two.legal));
    }
    assert_eq!(one.rows(STATE_BYTES), two.rows(STATE_BYTES));
}

#[test]
fn steps_without_observations_leave_the_next_ones_right() {
    let params = [("full_information", Value::Bool(true))];
    let (mut seen, mut unseen) = (Games::new(40, 1, &params), Games::new(40, 1, &params));
    for step in 0..200 {
        let actions = seen.choose();
        seen.step(&actions);
        match step % 5 {
            3 | 4 => unseen.step(&actions),
            _ => unseen.step_unseen(&actions),
        }
        assert_eq!((&seen.legal, &seen.reward), (&unseen.legal, &unseen.reward));
        if step % 5 > 2 {
            assert_eq!(seen.obs, unseen.obs, "after step {step}");
        }
    }
    assert_eq!(seen.rows(STATE_BYTES), unseen.rows(STATE_BYTES));
}

#[test]
fn rewards_sum_to_nothing_and_count_fainted_pokemon() {
    let mut plain = Games::new(32, 1, &[]);
    let mut shaped = Games::new(32, 1, &[("faint_reward", Value::Float(0.125))]);
    let mut won = 0;
    let mut points = [0.0; 32];
    for _ in 0..200 {
        let actions = plain.choose();
        plain.step(&actions);
        shaped.step(&actions);
        for (game, points) in points.iter_mut().enumerate() {
            let [first, second] = [plain.reward[2 * game], plain.reward[2 * game + 1]];
            assert_eq!(first + second, 0.0);
            assert!(plain.terminated[game] == 1 || first == 0.0);
            won += i32::from(first == 1.0);
            *points += shaped.reward[2 * game] - first;
            if plain.terminated[game] == 1 {
                if first != 0.0 {
                    // The winner has felled all six, and lost none to five.
                    let lead = *points * first / 0.125;
                    assert!((1.0..=6.0).contains(&lead), "{lead}");
                }
                *points = 0.0;
            }
        }
    }
    assert!(won > 10);
}

#[test]
fn max_base_power_takes_the_first_of_the_strongest_and_random_anything_legal() {
    let known = [
        moves::SPLASH,
        moves::POUND,
        moves::HYPER_BEAM,
        moves::EXPLOSION,
    ];
    let battle = duel((species::SNORLAX, &known), (species::CHANSEY, &[1]), 0);
    let legal = battle.legal(0);
    for word in [0, !0, 1 << 31] {
        let strongest = Opponent::MaxBasePower.choose(&battle, 0, legal, word);
        assert_eq!(strongest, MOVE + 3);
    }
    // Five are legal: the other Pokemon, then the moves.
    for (rank, action) in [1, 6, 7, 8, 9].into_iter().enumerate() {
        let word = (rank as u32 * 65_536).div_ceil(5) << 16;
        assert_eq!(Opponent::Random.choose(&battle, 0, legal, word), action);
    }
}

#[test]
fn pools_are_the_references() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let theirs = folder.join("../../../../references/pokemon/pools");
    for (format, name) in ["random", "ou", "coverage"].into_iter().enumerate() {
        let own = std::fs::read(folder.join(format!("data/{name}.bin"))).unwrap();
        assert_eq!(
            own,
            std::fs::read(theirs.join(format!("{name}.bin"))).unwrap()
        );
        assert_eq!(own[..8], *b"GEN1TEAM");
        let pool = Pool::of(format);
        let pairs = u32::from_le_bytes(own[8..12].try_into().unwrap());
        assert_eq!(pool.pairs(), pairs as usize);
        let members = pool.pair(pool.pairs() - 1);
        assert!(members
            .iter()
            .all(|team| team[0].hp > 0 && team[0].pp[0] > 0));
    }
}
