//! One batch of HalfCheetah with its arrays, its states readable and settable by name.
#![allow(dead_code, missing_docs)]

use samestep_core::driver::Out;
use samestep_core::rules::{Array, ArrayMut, HEADER_BYTES};
use samestep_core::threefry::{root_key, threefry2x32, uniform};
use samestep_core::{rows, BatchEnv, Driver, Isa, Params, Value};
use samestep_halfcheetah::consts::{LAYOUT_ID, STATE_BYTES};
use samestep_halfcheetah::{HalfCheetah, Precision};

pub const DOFS: usize = 9;
pub const MOTORS: usize = 6;

/// One instance's STATE.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State {
    pub qpos: [f64; DOFS],
    pub qvel: [f64; DOFS],
    pub qacc_warmstart: [f64; DOFS],
}

impl Default for State {
    /// Where the model begins, at rest: in the air, just above the floor.
    fn default() -> Self {
        State {
            qpos: [0.0; DOFS],
            qvel: [0.0; DOFS],
            qacc_warmstart: [0.0; DOFS],
        }
    }
}

impl State {
    pub fn numbers(&self) -> Vec<f64> {
        [self.qpos, self.qvel, self.qacc_warmstart].concat()
    }

    /// Every number as single precision holds it.
    pub fn rounded(&self) -> Self {
        let round = |values: [f64; DOFS]| values.map(|value| f64::from(value as f32));
        State {
            qpos: round(self.qpos),
            qvel: round(self.qvel),
            qacc_warmstart: round(self.qacc_warmstart),
        }
    }

    /// On its feet or in the air, moving, with a warm start; all numbers fit into f32.
    pub fn random(random: &mut Random) -> Self {
        let mut state = State {
            qpos: std::array::from_fn(|_| random.within(0.5)),
            qvel: std::array::from_fn(|_| random.within(5.0)),
            qacc_warmstart: std::array::from_fn(|_| random.within(50.0)),
        };
        state.qpos[1] = -0.1 + random.within(0.15);
        state.rounded()
    }
}

/// Numbers that are the same in every run.
pub struct Random(pub u32);

impl Random {
    /// Uniform in [-bound, bound).
    pub fn within(&mut self, bound: f64) -> f64 {
        self.0 += 1;
        let unit = uniform(threefry2x32([3, 14], [self.0, 15])[0]);
        bound * (2.0 * f64::from(unit) - 1.0)
    }

    /// `n` actions, flat.
    pub fn actions(&mut self, n: usize) -> Vec<f32> {
        (0..n * MOTORS).map(|_| self.within(1.0) as f32).collect()
    }
}

/// A packed row of `state`, `t` steps into `episode`.
pub fn row(state: &State, env_index: u32, episode: u32, t: u32) -> Vec<u8> {
    let mut row = vec![0; STATE_BYTES];
    rows::write_header([LAYOUT_ID, 0, 7, env_index, episode, t], &mut row);
    for (value, bytes) in state
        .numbers()
        .iter()
        .zip(row[HEADER_BYTES..].chunks_exact_mut(8))
    {
        bytes.copy_from_slice(&value.to_le_bytes());
    }
    row
}

/// A packed row's STATE.
pub fn state_of(row: &[u8]) -> State {
    let mut values = row[HEADER_BYTES..]
        .chunks_exact(8)
        .map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap()));
    let mut nine = || std::array::from_fn(|_| values.next().unwrap());
    State {
        qpos: nine(),
        qvel: nine(),
        qacc_warmstart: nine(),
    }
}

/// A precision, as arrays want it.
pub trait Number: Precision {
    fn array(slice: &mut [Self]) -> ArrayMut<'_>;
}

impl Number for f32 {
    fn array(slice: &mut [f32]) -> ArrayMut<'_> {
        ArrayMut::F32(slice)
    }
}

impl Number for f64 {
    fn array(slice: &mut [f64]) -> ArrayMut<'_> {
        ArrayMut::F64(slice)
    }
}

/// A batch and the arrays that its steps write.
pub struct Cheetahs<P: Number> {
    pub env: Box<dyn BatchEnv>,
    pub obs: Vec<P>,
    pub final_obs: Vec<P>,
    pub reward: Vec<P>,
    pub terminated: Vec<u8>,
    pub truncated: Vec<u8>,
}

pub fn rules<P: Number>(params: &[(&str, Value)]) -> HalfCheetah<P> {
    let given = params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    HalfCheetah::new(&mut Params::new(given)).unwrap()
}

impl<P: Number> Cheetahs<P> {
    pub fn new(n: usize, params: &[(&str, Value)]) -> Self {
        Cheetahs::with(n, params, 1, Isa::detect(), None)
    }

    pub fn with(
        n: usize,
        params: &[(&str, Value)],
        threads: usize,
        isa: Isa,
        limit: Option<u32>,
    ) -> Self {
        let env = Driver::new(rules::<P>(params), n, threads, limit, isa).unwrap();
        let len = n * env.info().obs_len();
        let mut cheetahs = Cheetahs {
            env: Box::new(env),
            obs: vec![P::default(); len],
            final_obs: vec![P::default(); len],
            reward: vec![P::default(); n],
            terminated: vec![0; n],
            truncated: vec![0; n],
        };
        cheetahs.reset(0);
        cheetahs
    }

    pub fn reset(&mut self, seed: u64) {
        let obs = P::array(&mut self.obs);
        self.env.reset(root_key(seed), None, obs).unwrap();
    }

    /// Puts every instance in a state, in the middle of an episode.
    pub fn put(&mut self, states: &[State]) {
        let row_of = |(index, state)| row(state, index as u32, 0, 5);
        let rows: Vec<u8> = states.iter().enumerate().flat_map(row_of).collect();
        self.env.import_state(None, &rows).unwrap();
    }

    pub fn step(&mut self, actions: &[f32]) {
        self.env
            .step(
                Array::F32(actions),
                Out {
                    obs: P::array(&mut self.obs),
                    final_obs: P::array(&mut self.final_obs),
                    reward: P::array(&mut self.reward),
                    terminated: &mut self.terminated,
                    truncated: &mut self.truncated,
                    legal: &mut [],
                    acting: &mut [],
                },
            )
            .unwrap();
    }

    pub fn rows(&self) -> Vec<u8> {
        let mut rows = vec![0; self.env.num_envs() * STATE_BYTES];
        self.env.export_state(None, &mut rows).unwrap();
        rows
    }

    pub fn states(&self) -> Vec<State> {
        self.rows()
            .chunks_exact(STATE_BYTES)
            .map(state_of)
            .collect()
    }
}
