//! Plays battles of Showdown's again. After every commit STATE, the generator and both masks are
//! the same, bit for bit; so are observations and rewards, of a batch of all these battles.

mod common;

use common::Games;
use samestep_core::rules::HEADER_BYTES;
use samestep_core::Value;
use samestep_pokemon::consts::STATE_BYTES;
use samestep_pokemon::{Battle, CHOICES, STATE_SIZE};

static BATTLES: &[u8] = include_bytes!("battles/showdown.battles");

/// One battle; battles/make.py tells what it consists of.
struct Recorded {
    start: &'static [u8],
    /// CRC-32 of STATE and masks, a moment.
    states: Vec<u32>,
    /// CRC-32 of both observations, a moment.
    observations: Vec<u32>,
    /// Of player 1, in quarters, a commit.
    rewards: Vec<i8>,
    /// A commit.
    actions: Vec<[i32; 2]>,
}

/// CRC-32 as zlib has it, of each byte alone.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            sum = (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg());
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
};

/// CRC-32 as zlib has it, of what is added so far.
fn crc(sum: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(sum, |sum, &byte| {
        (sum >> 8) ^ TABLE[(sum as u8 ^ byte) as usize]
    })
}

/// The CRC-32 of a battle's STATE and masks.
fn sum(battle: &Battle) -> u32 {
    let mut state = [0; STATE_SIZE];
    battle.pack(&mut state);
    let mut sum = crc(!0, &state);
    for side in 0..2 {
        let legal = battle.legal(side);
        let mask: [u8; CHOICES] = std::array::from_fn(|action| (legal >> action & 1) as u8);
        sum = crc(sum, &mask);
    }
    !sum
}

fn take(bytes: &mut &'static [u8], len: usize) -> &'static [u8] {
    let (taken, rest) = bytes.split_at(len);
    *bytes = rest;
    taken
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().expect("four bytes"))
}

fn numbers(bytes: &mut &'static [u8], count: usize) -> Vec<u32> {
    take(bytes, 4 * count).chunks_exact(4).map(number).collect()
}

/// All battles, and how many of them, the first ones, are whole.
fn recorded() -> (Vec<Recorded>, usize) {
    let mut bytes = BATTLES;
    assert_eq!(take(&mut bytes, 8), b"GEN1PLAY");
    let [count, whole] = [(); 2].map(|()| number(take(&mut bytes, 4)) as usize);
    let battles = (0..count).map(|_| {
        let len = number(take(&mut bytes, 4)) as usize;
        Recorded {
            start: take(&mut bytes, STATE_SIZE),
            states: numbers(&mut bytes, len + 1),
            observations: numbers(&mut bytes, len + 1),
            rewards: take(&mut bytes, len)
                .iter()
                .map(|&byte| byte as i8)
                .collect(),
            actions: take(&mut bytes, len)
                .iter()
                .map(|&pair| [i32::from(pair & 15), i32::from(pair >> 4)])
                .collect(),
        }
    });
    let battles = battles.collect();
    assert!(bytes.is_empty());
    (battles, whole)
}

#[test]
fn the_checksum_is_zlibs() {
    assert_eq!(!crc(!0, b"123456789"), 0xCBF4_3926);
}

#[test]
fn battles_of_showdown() {
    let (battles, whole) = recorded();
    let mut commits = 0;
    for (index, recorded) in battles.iter().enumerate() {
        let mut battle = Battle::unpack(recorded.start).expect("a state");
        for (moment, &expected) in recorded.states.iter().enumerate() {
            if let Some(step) = moment.checked_sub(1) {
                battle.commit(recorded.actions[step]);
                commits += 1;
            }
            assert_eq!(
                sum(&battle),
                expected,
                "battle {index} differs after {moment} commits: {battle:?}"
            );
        }
        assert!(battle.is_over() || index >= whole, "battle {index} goes on");
    }
    assert!(commits > 20_000, "{commits} commits");
}

/// What both players get, with full information and a quarter for every Pokemon that faints.
#[test]
fn observations_and_rewards_of_showdown() {
    let (battles, whole) = recorded();
    let mut games = Games::new(
        battles.len(),
        1,
        &[
            ("full_information", Value::Bool(true)),
            ("faint_reward", Value::Float(0.25)),
        ],
    );
    let mut rows = games.rows(STATE_BYTES);
    for (row, battle) in rows.chunks_exact_mut(STATE_BYTES).zip(&battles) {
        row[HEADER_BYTES..].copy_from_slice(battle.start);
    }
    games.env.import_state(None, &rows).expect("states");
    let longest = battles.iter().map(|battle| battle.actions.len()).max();
    let mut ended = 0;
    for step in 0..longest.expect("battles") {
        // One that has ended goes on as some other battle, which nobody looks at.
        let waiting = [0, 0];
        let actions: Vec<i32> = battles
            .iter()
            .flat_map(|battle| *battle.actions.get(step).unwrap_or(&waiting))
            .collect();
        games.step(&actions);
        for (lane, battle) in battles.iter().enumerate() {
            let Some(&quarters) = battle.rewards.get(step) else {
                continue;
            };
            let at = format!("battle {lane} after {} commits", step + 1);
            let over = games.terminated[lane] == 1;
            let last = step + 1 == battle.actions.len();
            assert!(
                if lane < whole {
                    over == last
                } else {
                    last || !over
                },
                "{at}"
            );
            ended += usize::from(over);
            let obs = if over { &games.final_obs } else { &games.obs };
            let size = obs.len() / battles.len();
            let bytes: Vec<u8> = obs[lane * size..][..size]
                .iter()
                .flat_map(|value| i64::from(*value).to_le_bytes()[..2].to_owned())
                .collect();
            assert_eq!(!crc(!0, &bytes), battle.observations[step + 1], "{at}");
            let reward = f32::from(quarters) / 4.0;
            let rewards = [reward, 0.0 - reward].map(f32::to_bits);
            let got = [games.reward[2 * lane], games.reward[2 * lane + 1]];
            assert_eq!(got.map(f32::to_bits), rewards, "{at}");
        }
    }
    assert!(ended >= whole);
}
