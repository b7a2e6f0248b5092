//! Games together (L2): lanes, sizes, threads, instruction sets, autoreset, saved blocks.
#![allow(missing_docs)]

mod common;

use common::{row, Games, State, OBS};
use samestep_core::driver::Out;
use samestep_core::rules::{Array, ArrayMut};
use samestep_core::{rows, Isa, Params, Value};
use samestep_pong::consts::STATE_BYTES;
use samestep_pong::DiscretePong;

const SKIP: [(&str, Value); 1] = [("frame_skip", Value::Int(8))];

/// Actions that differ by instance and step; instance `index` gets the same in any batch.
fn actions(n: usize, step: usize) -> Vec<i32> {
    (0..n)
        .map(|index| {
            let word =
                (index as u32).wrapping_mul(0x9e37_79b9) ^ (step as u32).wrapping_mul(77_773);
            (word.rotate_left(13).wrapping_mul(0x85eb_ca6b) >> 16) as i32 % 3
        })
        .collect()
}

/// All that a run of `steps` shows: rows, observations, rewards, flags of each instance.
fn run(games: &mut Games, steps: usize) -> Vec<Vec<u8>> {
    let n = games.env.num_envs();
    let mut seen = vec![Vec::new(); n];
    for step in 0..steps {
        games.step(Array::I32(&actions(n, step)));
        let rows = games.rows();
        for (index, seen) in seen.iter_mut().enumerate() {
            seen.extend(&rows[index * STATE_BYTES..(index + 1) * STATE_BYTES]);
            for value in &games.obs[index * OBS..(index + 1) * OBS] {
                seen.extend(value.to_le_bytes());
            }
            seen.extend(games.reward[index].to_le_bytes());
            seen.extend([games.terminated[index], games.truncated[index]]);
        }
    }
    seen
}

#[test]
fn results_depend_on_nothing_but_the_instance() {
    let expected = run(
        &mut Games::with(300, &SKIP, 1, Isa::Baseline, Some(150)),
        400,
    );
    for isa in Isa::available() {
        for (n, threads) in [(300, 2), (300, 3), (37, 1), (16, 1), (1, 1), (257, 4)] {
            let seen = run(&mut Games::with(n, &SKIP, threads, isa, Some(150)), 400);
            assert!(
                seen[..] == expected[..n],
                "{isa:?}, {n} games, {threads} threads"
            );
        }
    }
}

#[test]
fn serves_go_both_ways_and_differ_by_game() {
    let mut games = Games::new(1000, &[]);
    games.reset(1);
    let level = games.states().iter().filter(|s| s.ball_vy == 0.0).count();
    let down = games.states().iter().filter(|s| s.ball_vy == -1.0).count();
    assert_eq!(level + down, 1000);
    assert!(
        (400..600).contains(&level),
        "{level} of 1000 serves are level"
    );
}

#[test]
fn an_ended_game_is_followed_by_the_next_episode() {
    let mut games = Games::new(3, &[]);
    let last_point = State {
        score_l: 20,
        ball_x: 460.0,
        ball_y: 100.0,
        ..State::default()
    };
    games
        .env
        .import_state(Some(&[1]), &row(&last_point, 1, 4, 9))
        .unwrap();
    games.final_obs.fill(7.0);
    games.step(Array::I32(&[0, 0, 0]));
    assert_eq!(games.terminated, [0, 1, 0]);
    assert_eq!(games.truncated, [0, 0, 0]);
    assert!(games.final_obs[..OBS].iter().all(|&value| value == 7.0));
    assert_eq!(games.final_obs[OBS + 2], 460.0 * (1.0 / 500.0));
    assert_eq!(games.obs[OBS + 2], 0.2);
    let rows = games.rows();
    let header = rows::read_header(&rows[STATE_BYTES..]);
    assert_eq!(header[1..], [0, 7, 1, 5, 0]);
}

#[test]
fn the_time_limit_truncates() {
    let mut games = Games::with(2, &[], 1, Isa::detect(), Some(3));
    let last_point = State {
        score_l: 20,
        ball_x: 440.0,
        ball_y: 100.0,
        ..State::default()
    };
    games
        .env
        .import_state(Some(&[1]), &row(&last_point, 1, 0, 0))
        .unwrap();
    let mut flags = Vec::new();
    for _ in 0..4 {
        games.step(Array::I32(&[0, 0]));
        flags.push([games.terminated.clone(), games.truncated.clone()]);
    }
    let quiet = [vec![0, 0], vec![0, 0]];
    // Game 1 ends by the rules in the very step in which its time is up: not truncated.
    assert_eq!(flags[0], quiet);
    assert_eq!(flags[1], quiet);
    assert_eq!(flags[2], [vec![0, 1], vec![1, 0]]);
    assert_eq!(flags[3], quiet);
}

#[test]
fn saved_blocks_step_as_a_batch_does() {
    for n in [1, 15, 16, 37] {
        let mut games = Games::with(n, &SKIP, 1, Isa::detect(), Some(90));
        let rules = DiscretePong::new(&mut Params::new([("frame_skip".to_owned(), Value::Int(8))]))
            .unwrap();
        let mut saved = rows::save_rows(&rules, &games.rows()).unwrap();
        let mut obs = vec![0.0; n * OBS];
        let mut final_obs = vec![0.0; n * OBS];
        let mut reward = vec![0.0; n];
        let mut terminated = vec![0; n];
        let mut truncated = vec![0; n];
        for step in 0..300 {
            let actions = actions(n, step);
            games.step(Array::I32(&actions));
            rows::step_rows(
                &rules,
                90,
                Isa::detect(),
                n,
                &mut saved,
                Array::I32(&actions),
                Out {
                    obs: ArrayMut::F32(&mut obs),
                    final_obs: ArrayMut::F32(&mut final_obs),
                    reward: ArrayMut::F32(&mut reward),
                    terminated: &mut terminated,
                    truncated: &mut truncated,
                    legal: &mut [],
                    acting: &mut [],
                },
            )
            .unwrap();
            assert_eq!(rows::load_rows(&rules, &saved, n).unwrap(), games.rows());
            assert_eq!(obs, games.obs);
            for lane in 0..n {
                let row = lane * OBS..(lane + 1) * OBS;
                let ended = terminated[lane] | truncated[lane] != 0;
                let last = if ended { &games.final_obs } else { &games.obs };
                assert_eq!(final_obs[row.clone()], last[row]);
            }
            assert_eq!(reward, games.reward);
            assert_eq!(
                (&terminated, &truncated),
                (&games.terminated, &games.truncated)
            );
        }
    }
}

#[test]
fn refused_states_change_nothing() {
    let mut games = Games::new(4, &[]);
    let before = games.rows();
    let good = row(&State::default(), 0, 0, 0);
    let with = |state: State| [good.clone(), row(&state, 0, 0, 0)].concat();
    for (rows, message) in [
        (
            with(State {
                ball_x: f32::NAN,
                ..State::default()
            }),
            "state row 1: ball_x is NaN; it must be finite",
        ),
        (
            with(State {
                score_l: 21,
                ..State::default()
            }),
            "state row 1: score_l is 21; a running game has 0 to 20",
        ),
        (
            with(State {
                score_r: -1,
                ..State::default()
            }),
            "state row 1: score_r is -1; a running game has 0 to 20",
        ),
    ] {
        let error = games.env.import_state(Some(&[0, 1]), &rows).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(games.rows(), before);
    }
    let error = games.env.import_state(Some(&[4]), &good).unwrap_err();
    assert_eq!(
        error.to_string(),
        "index 4 is out of range; accepted: integers from 0 to 3"
    );
}
