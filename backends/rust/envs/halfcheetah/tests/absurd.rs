//! States that no episode reaches (L2): an instance is put back as MuJoCo does it, and no other
//! lane knows.
#![allow(missing_docs)]

mod common;

use common::{Cheetahs, Random, State, MOTORS};
use samestep_core::Value;
use samestep_halfcheetah::lanes::LANES;

/// One number of a state: 0 to 8 of the positions, 9 to 17 velocities, 18 to 26 the warm start.
fn with(number: usize, value: f64) -> State {
    let mut state = State::random(&mut Random(77));
    let vectors = [&mut state.qpos, &mut state.qvel, &mut state.qacc_warmstart];
    let [qpos, qvel, qacc] = vectors;
    match number / 9 {
        0 => qpos[number] = value,
        1 => qvel[number - 9] = value,
        _ => qacc[number - 18] = value,
    }
    state
}

/// Everything that is finite and out of all proportion.
fn absurd() -> Vec<State> {
    let mut states = Vec::new();
    for number in 0..27 {
        for value in [1e6, -1e6, 1e10, -1.1e10, 1e11, 3e38] {
            states.push(with(number, value));
        }
    }
    let everywhere = |value| State {
        qpos: [value; 9],
        qvel: [-value; 9],
        qacc_warmstart: [value; 9],
    };
    states.extend([1e3, 1e6, 1e9, 1e11, -1e11, 3e38].map(everywhere));
    // Deep in the floor.
    states.extend([-2.0, -10.0, -1e3].map(|z| with(1, z)));
    states
}

/// Blocks that differ in one lane alone agree in all others, bit for bit, and nothing is NaN.
#[test]
fn other_lanes_know_nothing_of_it() {
    let mut random = Random(0);
    let sane: Vec<State> = (0..LANES).map(|_| State::random(&mut random)).collect();
    let actions = random.actions(LANES);
    let steps = 3;
    let run = |states: &[State]| {
        let mut cheetahs = Cheetahs::<f64>::new(LANES, &[]);
        cheetahs.put(states);
        let mut seen = vec![Vec::new(); LANES];
        for _ in 0..steps {
            cheetahs.step(&actions);
            for (lane, state) in cheetahs.states().iter().enumerate() {
                seen[lane].extend(state.numbers());
                seen[lane].push(cheetahs.reward[lane]);
            }
        }
        seen
    };
    let expected = run(&sane);
    for (index, bad) in absurd().into_iter().enumerate() {
        let bad_lane = index % LANES;
        let mut states = sane.clone();
        states[bad_lane] = bad;
        let seen = run(&states);
        for lane in (0..LANES).filter(|&lane| lane != bad_lane) {
            assert_eq!(seen[lane], expected[lane], "lane {lane} beside {bad:?}");
        }
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        assert!(
            finite(&seen[bad_lane]),
            "{bad:?} gives {:?}",
            seen[bad_lane]
        );
    }
}

/// Positions and velocities beyond 1e10 put an instance where the model begins, at rest, with its
/// motors off until the next action.
#[test]
fn what_diverged_begins_again_with_its_motors_off() {
    let rest = |frames: i64| {
        let mut cheetahs = Cheetahs::<f64>::new(1, &[("frame_skip", Value::Int(frames))]);
        cheetahs.put(&[State::default()]);
        cheetahs.step(&[0.0; MOTORS]);
        (cheetahs.states()[0], cheetahs.obs.clone())
    };
    for frames in [1, 5] {
        for (number, value) in [(0, 1.1e10), (2, -1e11), (8, 1e11), (9, 1e11), (17, -2e10)] {
            let mut cheetahs = Cheetahs::<f64>::new(1, &[("frame_skip", Value::Int(frames))]);
            cheetahs.put(&[with(number, value)]);
            cheetahs.step(&[1.0; MOTORS]);
            assert_eq!((cheetahs.states()[0], cheetahs.obs), rest(frames));
        }
    }
}

/// The bound itself is still a state, as long as the accelerations that follow from it are.
#[test]
fn the_bound_is_not_beyond_itself() {
    for (x, again) in [(1e10, false), (1.000_001e10, true), (-1e10, false)] {
        let mut cheetahs = Cheetahs::<f64>::new(1, &[("frame_skip", Value::Int(1))]);
        let mut state = State::default();
        state.qpos[0] = x;
        cheetahs.put(&[state]);
        cheetahs.step(&[0.0; MOTORS]);
        let after = cheetahs.states()[0].qpos[0];
        assert_eq!(after.abs() < 1.0, again, "x is {after}");
    }
}

/// Velocities are within the bound and the accelerations they cause are not.
#[test]
fn accelerations_that_diverge_begin_again_too() {
    let mut cheetahs = Cheetahs::<f64>::new(1, &[("frame_skip", Value::Int(1))]);
    let mut state = State::default();
    state.qvel[2] = 1e9;
    cheetahs.put(&[state]);
    cheetahs.step(&[1.0; MOTORS]);
    let seen = cheetahs.states()[0];
    cheetahs.put(&[State::default()]);
    cheetahs.step(&[0.0; MOTORS]);
    assert_eq!(seen, cheetahs.states()[0]);
}
