//! Cheetahs together (L2): lanes, sizes, threads, instruction sets, autoreset, saved blocks.
#![allow(missing_docs)]

mod common;

use common::{row, rules, Cheetahs, Number, Random, State, MOTORS};
use samestep_core::driver::Out;
use samestep_core::rules::Array;
use samestep_core::threefry::{threefry2x32, uniform};
use samestep_core::{rows, Isa, Value};
use samestep_halfcheetah::consts::STATE_BYTES;

const LIMIT: u32 = 40;
const OBS: usize = 17;

/// Actions that differ by instance and step; instance `index` gets the same in any batch.
fn actions(n: usize, step: usize) -> Vec<f32> {
    (0..n * MOTORS)
        .map(|at| 2.0 * uniform(threefry2x32([4, 2], [at as u32, step as u32])[0]) - 1.0)
        .collect()
}

/// All that a run of `steps` shows: rows, observations, rewards, flags of each instance.
fn run<P: Number>(cheetahs: &mut Cheetahs<P>, steps: usize) -> Vec<Vec<u8>> {
    let n = cheetahs.env.num_envs();
    let mut seen = vec![Vec::new(); n];
    for step in 0..steps {
        cheetahs.step(&actions(n, step));
        let rows = cheetahs.rows();
        for (index, seen) in seen.iter_mut().enumerate() {
            seen.extend(&rows[index * STATE_BYTES..(index + 1) * STATE_BYTES]);
            let obs = &cheetahs.obs[index * OBS..(index + 1) * OBS];
            let final_obs = &cheetahs.final_obs[index * OBS..(index + 1) * OBS];
            for value in obs.iter().chain(final_obs) {
                seen.extend(value.widen().to_le_bytes());
            }
            seen.extend(cheetahs.reward[index].widen().to_le_bytes());
            seen.extend([cheetahs.terminated[index], cheetahs.truncated[index]]);
        }
    }
    seen
}

fn depends_on_nothing_but_the_instance<P: Number>() {
    let steps = 2 * LIMIT as usize + 5;
    let mut all = Cheetahs::<P>::with(41, &[], 1, Isa::Baseline, Some(LIMIT));
    let expected = run(&mut all, steps);
    for isa in Isa::available() {
        for (n, threads) in [(41, 2), (41, 3), (16, 2), (8, 1), (5, 1), (1, 1)] {
            let mut some = Cheetahs::<P>::with(n, &[], threads, isa, Some(LIMIT));
            assert!(
                run(&mut some, steps)[..] == expected[..n],
                "{isa:?}, {n} cheetahs, {threads} threads"
            );
        }
    }
}

#[test]
fn results_depend_on_nothing_but_the_instance() {
    depends_on_nothing_but_the_instance::<f32>();
    depends_on_nothing_but_the_instance::<f64>();
}

/// A lane gives what it gives elsewhere, beside others: no mask of the solver is mixed up.
#[test]
fn results_do_not_depend_on_the_lane_or_its_neighbours() {
    let mut random = Random(0);
    let states: Vec<State> = (0..24).map(|_| State::random(&mut random)).collect();
    let actions = random.actions(24);
    let step = |order: &[usize]| {
        let mut cheetahs = Cheetahs::<f64>::new(order.len(), &[]);
        let put: Vec<State> = order.iter().map(|&index| states[index]).collect();
        cheetahs.put(&put);
        let given: Vec<f32> = order
            .iter()
            .flat_map(|index| &actions[index * MOTORS..(index + 1) * MOTORS])
            .copied()
            .collect();
        cheetahs.step(&given);
        (cheetahs.states(), cheetahs.reward)
    };
    let (expected, rewards) = step(&(0..24).collect::<Vec<_>>());
    for shift in [1, 3, 13] {
        let order: Vec<usize> = (0..24).map(|index| (index * 5 + shift) % 24).collect();
        let (after, reward) = step(&order);
        for (at, &index) in order.iter().enumerate() {
            assert_eq!(after[at], expected[index]);
            assert_eq!(reward[at], rewards[index]);
        }
    }
}

#[test]
fn an_ended_episode_is_followed_by_the_next() {
    let mut cheetahs = Cheetahs::<f32>::with(3, &[], 1, Isa::detect(), Some(LIMIT));
    let state = State::random(&mut Random(1));
    cheetahs
        .env
        .import_state(Some(&[1]), &row(&state, 1, 4, LIMIT - 1))
        .unwrap();
    cheetahs.final_obs.fill(7.0);
    cheetahs.step(&actions(3, 0));
    assert_eq!(cheetahs.terminated, [0, 0, 0]);
    assert_eq!(cheetahs.truncated, [0, 1, 0]);
    assert!(cheetahs.final_obs[..OBS].iter().all(|&value| value == 7.0));
    let rows = cheetahs.rows();
    let header = rows::read_header(&rows[STATE_BYTES..]);
    assert_eq!(header[1..], [0, 7, 1, 5, 0]);
    // The old episode's last, the new one's first, which began at rest but for its noise.
    let after = cheetahs.states()[1];
    assert!(after.qpos.iter().all(|position| position.abs() <= 0.1));
    assert_eq!(after.qacc_warmstart, [0.0; 9]);
    assert_eq!(cheetahs.obs[OBS], after.qpos[1] as f32);
    let mut alone = Cheetahs::<f32>::new(1, &[]);
    alone.put(&[state]);
    alone.step(&actions(2, 0)[MOTORS..]);
    assert_eq!(cheetahs.final_obs[OBS..2 * OBS], alone.obs);
    assert_eq!(cheetahs.reward[1], alone.reward[0]);
}

/// Saved blocks are stepped where they lie, or copied if they are not aligned for that.
fn saved_blocks_step_as_a_batch_does<P: Number + std::fmt::Debug>(n: usize, offset: usize) {
    let rules = rules::<P>(&[("frame_skip", Value::Int(2))]);
    let mut cheetahs = Cheetahs::<P>::with(
        n,
        &[("frame_skip", Value::Int(2))],
        1,
        Isa::detect(),
        Some(LIMIT),
    );
    let packed = rows::save_rows(&rules, &cheetahs.rows()).unwrap();
    let mut memory = vec![0; packed.len() + 128];
    let start = memory.as_ptr().align_offset(64) + offset;
    let saved = &mut memory[start..start + packed.len()];
    saved.copy_from_slice(&packed);
    let mut obs = vec![P::default(); n * OBS];
    let mut final_obs = vec![P::default(); n * OBS];
    let mut reward = vec![P::default(); n];
    let (mut terminated, mut truncated) = (vec![0; n], vec![0; n]);
    for step in 0..LIMIT as usize + 10 {
        let actions = actions(n, step);
        cheetahs.step(&actions);
        let out = Out {
            obs: P::array(&mut obs),
            final_obs: P::array(&mut final_obs),
            reward: P::array(&mut reward),
            terminated: &mut terminated,
            truncated: &mut truncated,
            legal: &mut [],
            acting: &mut [],
        };
        let actions = Array::F32(&actions);
        rows::step_rows(&rules, LIMIT, Isa::detect(), n, saved, actions, out).unwrap();
        assert_eq!(rows::load_rows(&rules, saved, n).unwrap(), cheetahs.rows());
        assert_eq!(obs, cheetahs.obs);
        assert_eq!(reward, cheetahs.reward);
        assert_eq!(
            (&terminated, &truncated),
            (&cheetahs.terminated, &cheetahs.truncated)
        );
    }
}

#[test]
fn saved_blocks() {
    for n in [1, 7, 8, 19] {
        saved_blocks_step_as_a_batch_does::<f32>(n, 0);
    }
    for offset in [1, 4, 8, 63] {
        saved_blocks_step_as_a_batch_does::<f64>(9, offset);
    }
}
