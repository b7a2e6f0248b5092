//! One rule of the environment at a time (L1): resets, observations, rewards, rounding, refusals.
#![allow(missing_docs)]

mod common;

use common::{row, rules, Cheetahs, Number, Random, State, DOFS, MOTORS};
use samestep_core::rules::Array;
use samestep_core::threefry::{env_key, root_key, threefry2x32, uniform};
use samestep_core::{BatchEnv, Driver, Isa, Params, Value};
use samestep_halfcheetah::HalfCheetah;

const WITH_X: (&str, Value) = (
    "exclude_current_positions_from_observation",
    Value::Bool(false),
);
const TIMESTEP: f64 = 0.01;

fn states(n: usize) -> Vec<State> {
    let mut random = Random(0);
    (0..n).map(|_| State::random(&mut random)).collect()
}

/// Positions and velocities of a reset, from the draws as docs/envs/halfcheetah.md gives them.
fn noise(seed: u64, index: u32, scale: f64) -> ([f64; DOFS], [f64; DOFS]) {
    let key = env_key(root_key(seed), index, 0);
    let draw = |slot| f64::from(uniform(threefry2x32(key, [0, slot])[0]));
    let qpos = std::array::from_fn(|dof| -scale + 2.0 * scale * draw(dof as u32));
    let qvel = std::array::from_fn(|dof| {
        let first = 9 + 2 * (dof as u32 / 2);
        let radius = (-2.0 * (1.0 - draw(first)).ln()).sqrt();
        let angle = 2.0 * std::f64::consts::PI * draw(first + 1);
        scale * radius * [angle.cos(), angle.sin()][dof % 2]
    });
    (qpos, qvel)
}

#[test]
fn a_reset_draws_uniform_positions_and_normal_velocities() {
    for scale in [0.1, 0.7] {
        let params = [("reset_noise_scale", Value::Float(scale))];
        let mut double = Cheetahs::<f64>::new(20, &params);
        let mut single = Cheetahs::<f32>::new(20, &params);
        double.reset(3);
        single.reset(3);
        for (index, state) in double.states().iter().enumerate() {
            let (qpos, qvel) = noise(3, index as u32, scale);
            for dof in 0..DOFS {
                assert!((state.qpos[dof] - qpos[dof]).abs() < 1e-15);
                assert!((state.qvel[dof] - qvel[dof]).abs() < 1e-14);
            }
            assert_eq!(state.qacc_warmstart, [0.0; DOFS]);
            assert_eq!(single.states()[index], state.rounded());
        }
    }
}

#[test]
fn noise_is_of_the_size_that_is_asked_for() {
    let n = 4000;
    let mut cheetahs = Cheetahs::<f64>::new(n, &[]);
    cheetahs.reset(9);
    let states = cheetahs.states();
    for dof in 0..DOFS {
        let moments = |values: &dyn Fn(&State) -> f64| {
            let mean = states.iter().map(values).sum::<f64>() / n as f64;
            let square = states.iter().map(|s| values(s).powi(2)).sum::<f64>() / n as f64;
            (mean, square)
        };
        let (mean, square) = moments(&|state| state.qpos[dof]);
        // Six standard errors of 4,000 draws.
        assert!(mean.abs() < 0.0055, "qpos[{dof}]: mean {mean}");
        assert!((square * 300.0 - 1.0).abs() < 0.085, "qpos[{dof}]");
        assert!(states.iter().all(|state| state.qpos[dof].abs() <= 0.1));
        let (mean, square) = moments(&|state| state.qvel[dof]);
        assert!(mean.abs() < 0.0095, "qvel[{dof}]: mean {mean}");
        assert!((square * 100.0 - 1.0).abs() < 0.135, "qvel[{dof}]");
    }
}

#[test]
fn without_noise_every_episode_begins_alike() {
    let mut cheetahs = Cheetahs::<f32>::new(5, &[("reset_noise_scale", Value::Float(0.0))]);
    cheetahs.reset(1);
    assert_eq!(cheetahs.states(), [State::default(); 5]);
}

fn observations_are_positions_then_velocities<P: Number + std::fmt::Debug>() {
    for (params, hidden) in [(vec![], 1), (vec![WITH_X], 0)] {
        let mut cheetahs = Cheetahs::<P>::new(11, &params);
        assert_eq!(cheetahs.env.info().obs_shape, [18 - hidden]);
        let check = |cheetahs: &Cheetahs<P>| {
            let expected: Vec<f64> = cheetahs
                .states()
                .iter()
                .flat_map(|state| [&state.qpos[hidden..], &state.qvel].concat())
                .collect();
            let obs: Vec<f64> = cheetahs.obs.iter().map(|value| value.widen()).collect();
            assert_eq!(obs, expected);
        };
        check(&cheetahs);
        cheetahs.put(&states(11));
        cheetahs.step(&Random(5).actions(11));
        check(&cheetahs);
    }
}

#[test]
fn observations() {
    observations_are_positions_then_velocities::<f32>();
    observations_are_positions_then_velocities::<f64>();
}

#[test]
fn reward_is_forward_velocity_less_the_cost_of_the_action() {
    for (forward, cost, skip) in [(1.0, 0.1, 5), (2.5, 0.0, 1), (0.0, 0.7, 3)] {
        let params = [
            ("forward_reward_weight", Value::Float(forward)),
            ("ctrl_cost_weight", Value::Float(cost)),
            ("frame_skip", Value::Int(skip)),
        ];
        let before = states(8);
        let actions = Random(5).actions(8);
        let mut cheetahs = Cheetahs::<f64>::new(8, &params);
        cheetahs.put(&before);
        cheetahs.step(&actions);
        for (lane, after) in cheetahs.states().iter().enumerate() {
            let moved = after.qpos[0] - before[lane].qpos[0];
            let effort: f64 = actions[lane * MOTORS..(lane + 1) * MOTORS]
                .iter()
                .map(|&control| f64::from(control).powi(2))
                .sum();
            let expected = forward * moved / (TIMESTEP * skip as f64) - cost * effort;
            assert!((cheetahs.reward[lane] - expected).abs() < 1e-12);
        }
    }
}

#[test]
fn a_step_is_as_many_substeps_as_frames_are_skipped() {
    let actions = Random(5).actions(8);
    for (params, frames) in [(vec![], 5), (vec![("frame_skip", Value::Int(3))], 3)] {
        let mut whole = Cheetahs::<f64>::new(8, &params);
        let mut frame = Cheetahs::<f64>::new(8, &[("frame_skip", Value::Int(1))]);
        whole.put(&states(8));
        frame.put(&states(8));
        whole.step(&actions);
        for _ in 0..frames {
            frame.step(&actions);
        }
        assert_eq!(whole.states(), frame.states());
    }
}

/// Single precision rounds what a step makes of a state, and nothing on the way.
#[test]
fn single_precision_is_double_precision_rounded() {
    let mut single = Cheetahs::<f32>::new(13, &[WITH_X]);
    let mut double = Cheetahs::<f64>::new(13, &[WITH_X]);
    let mut random = Random(7);
    single.put(&states(13));
    for step in 0..50 {
        double.put(&single.states());
        let actions = random.actions(13);
        single.step(&actions);
        double.step(&actions);
        let rounded: Vec<State> = double.states().iter().map(State::rounded).collect();
        assert_eq!(single.states(), rounded, "step {step}");
        let narrow = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<_>>();
        assert_eq!(single.obs, narrow(&double.obs));
        assert_eq!(single.reward, narrow(&double.reward));
    }
}

#[test]
fn an_imported_state_is_rounded_to_what_single_precision_holds() {
    let mut state = State::default();
    state.qpos[4] = 0.1;
    state.qvel[2] = -1.0 / 3.0;
    state.qacc_warmstart[8] = 1e-3;
    let mut single = Cheetahs::<f32>::new(1, &[]);
    single.put(&[state]);
    assert_eq!(single.states(), [state.rounded()]);
    let mut double = Cheetahs::<f64>::new(1, &[]);
    double.put(&[state]);
    assert_eq!(double.states(), [state]);
}

#[test]
fn an_episode_ends_by_its_length_alone() {
    let mut cheetahs = Cheetahs::<f32>::new(2, &[]);
    let rows = [
        row(&State::default(), 0, 0, 998),
        row(&State::default(), 1, 0, 999),
    ];
    cheetahs.env.import_state(None, &rows.concat()).unwrap();
    cheetahs.step(&[0.0; 2 * MOTORS]);
    assert_eq!(
        (cheetahs.terminated, cheetahs.truncated),
        (vec![0, 0], vec![0, 1])
    );
}

#[test]
fn refused_actions_change_nothing() {
    let mut cheetahs = Cheetahs::<f32>::new(3, &[]);
    let before = cheetahs.rows();
    for (bad, shown) in [
        (f32::NAN, "NaN"),
        (f32::INFINITY, "inf"),
        (f32::NEG_INFINITY, "-inf"),
        (1.000_000_1, "1.0000001"),
        (-1.5, "-1.5"),
    ] {
        let mut actions = vec![0.5; 3 * MOTORS];
        actions[7] = bad;
        let mut obs = vec![0.0; 3 * 17];
        let (mut reward, mut terminated, mut truncated) = (vec![0.0; 3], vec![0; 3], vec![0; 3]);
        let out = samestep_core::driver::Out {
            obs: f32::array(&mut obs),
            final_obs: f32::array(&mut []),
            reward: f32::array(&mut reward),
            terminated: &mut terminated,
            truncated: &mut truncated,
            legal: &mut [],
            acting: &mut [],
        };
        let error = cheetahs.env.step(Array::F32(&actions), out).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains(&format!("is {shown};")) && message.ends_with("from -1.0 to 1.0"),
            "{message}"
        );
        assert_eq!(cheetahs.rows(), before);
        assert!(obs.iter().chain(&reward).all(|&value| value == 0.0));
    }
    cheetahs.step(&[1.0; 3 * MOTORS]);
    cheetahs.step(&[-1.0; 3 * MOTORS]);
}

#[test]
fn refused_states_change_nothing() {
    fn refuses<P: Number>(set: impl Fn(&mut State), message: &str) {
        let mut cheetahs = Cheetahs::<P>::new(4, &[]);
        let before = cheetahs.rows();
        let mut bad = State::default();
        set(&mut bad);
        let rows = [row(&State::default(), 0, 0, 0), row(&bad, 1, 0, 0)].concat();
        let error = cheetahs.env.import_state(Some(&[0, 1]), &rows).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(cheetahs.rows(), before);
    }
    let nan = "state row 1: qpos is NaN; it must be finite";
    refuses::<f32>(|state| state.qpos[0] = f64::NAN, nan);
    refuses::<f64>(|state| state.qpos[8] = f64::NAN, nan);
    let infinite = "state row 1: qvel is -inf; it must be finite";
    refuses::<f32>(|state| state.qvel[3] = f64::NEG_INFINITY, infinite);
    refuses::<f64>(|state| state.qvel[3] = f64::NEG_INFINITY, infinite);
    let nan = "state row 1: qacc_warmstart is NaN; it must be finite";
    refuses::<f64>(|state| state.qacc_warmstart[5] = f64::NAN, nan);
    // Finite, but not as f32.
    let wide = format!("state row 1: qvel is {}; it must be finite", 1e39);
    refuses::<f32>(|state| state.qvel[0] = 1e39, &wide);
    let mut double = Cheetahs::<f64>::new(1, &[]);
    let mut state = State::default();
    state.qacc_warmstart[0] = 1e39;
    double.put(&[state]);
    assert_eq!(double.states(), [state]);
}

#[test]
fn refused_parameters() {
    for (name, value, message) in [
        (
            "frame_skip",
            Value::Int(0),
            "frame_skip is 0; accepted: an integer from 1 to 1024",
        ),
        (
            "reset_noise_scale",
            Value::Float(-0.1),
            "reset_noise_scale is -0.1; accepted: a number from 0.0 to 10.0",
        ),
        (
            "ctrl_cost_weight",
            Value::Float(f64::NAN),
            "ctrl_cost_weight is NaN; accepted: a number from -1000000.0 to 1000000.0",
        ),
    ] {
        let mut params = Params::new([(name.to_owned(), value)]);
        let error = HalfCheetah::<f32>::new(&mut params).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn what_it_says_of_itself() {
    let driver = Driver::new(rules::<f32>(&[]), 1, 1, None, Isa::Baseline).unwrap();
    let info = driver.info();
    assert_eq!(
        (info.name, info.players, info.version),
        ("halfcheetah", 1, 1)
    );
    assert_eq!(driver.max_episode_steps(), 1000);
    assert_eq!(info.action.accepted(), "numbers from -1.0 to 1.0");
    assert_eq!((info.action.len(), info.state_bytes), (MOTORS, 24 + 27 * 8));
    assert_eq!(
        (info.obs_low, info.obs_high),
        (f32::NEG_INFINITY, f32::INFINITY)
    );
    assert!(!info.legal_varies);
}
