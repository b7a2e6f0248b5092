//! One batch of Pong with its arrays, its states readable and settable by name.
#![allow(dead_code, missing_docs)]

use samestep_core::driver::Out;
use samestep_core::rules::{Array, ArrayMut, HEADER_BYTES};
use samestep_core::threefry::root_key;
use samestep_core::{rows, BatchEnv, Driver, Isa, Params, Value};
use samestep_pong::consts::{LAYOUT_ID, STATE_BYTES};
use samestep_pong::{ContinuousPong, DiscretePong};

pub const OBS: usize = 8;

/// One game's STATE.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State {
    pub paddle_yl: f32,
    pub paddle_yr: f32,
    pub ball_x: f32,
    pub ball_y: f32,
    pub ball_vx: f32,
    pub ball_vy: f32,
    pub score_l: i32,
    pub score_r: i32,
}

impl Default for State {
    /// The ball in the middle of the field, flying level to the right.
    fn default() -> Self {
        State {
            paddle_yl: 285.0,
            paddle_yr: 285.0,
            ball_x: 240.0,
            ball_y: 304.0,
            ball_vx: 10.0,
            ball_vy: 0.0,
            score_l: 0,
            score_r: 0,
        }
    }
}

impl State {
    fn words(&self) -> [u32; 8] {
        [
            self.paddle_yl.to_bits(),
            self.paddle_yr.to_bits(),
            self.ball_x.to_bits(),
            self.ball_y.to_bits(),
            self.ball_vx.to_bits(),
            self.ball_vy.to_bits(),
            self.score_l as u32,
            self.score_r as u32,
        ]
    }

    fn from_words(words: [u32; 8]) -> Self {
        let f = f32::from_bits;
        State {
            paddle_yl: f(words[0]),
            paddle_yr: f(words[1]),
            ball_x: f(words[2]),
            ball_y: f(words[3]),
            ball_vx: f(words[4]),
            ball_vy: f(words[5]),
            score_l: words[6] as i32,
            score_r: words[7] as i32,
        }
    }
}

/// A packed row of `state`, `t` steps into `episode`.
pub fn row(state: &State, env_index: u32, episode: u32, t: u32) -> Vec<u8> {
    let mut row = vec![0; STATE_BYTES];
    rows::write_header([LAYOUT_ID, 0, 7, env_index, episode, t], &mut row);
    for (word, bytes) in state
        .words()
        .iter()
        .zip(row[HEADER_BYTES..].chunks_exact_mut(4))
    {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    row
}

/// A packed row's STATE.
pub fn state_of(row: &[u8]) -> State {
    let mut words = [0; 8];
    for (word, bytes) in words.iter_mut().zip(row[HEADER_BYTES..].chunks_exact(4)) {
        *word = u32::from_le_bytes(bytes.try_into().unwrap());
    }
    State::from_words(words)
}

/// A batch and the arrays that its steps write.
pub struct Games {
    pub env: Box<dyn BatchEnv>,
    pub obs: Vec<f32>,
    pub final_obs: Vec<f32>,
    pub reward: Vec<f32>,
    pub terminated: Vec<u8>,
    pub truncated: Vec<u8>,
}

impl Games {
    pub fn new(n: usize, params: &[(&str, Value)]) -> Self {
        Games::with(n, params, 1, Isa::detect(), None)
    }

    pub fn with(
        n: usize,
        params: &[(&str, Value)],
        threads: usize,
        isa: Isa,
        limit: Option<u32>,
    ) -> Self {
        let mut params = Params::new(
            params
                .iter()
                .map(|(name, v)| ((*name).to_owned(), v.clone())),
        );
        let env: Box<dyn BatchEnv> = if params.bool("continuous", false).unwrap() {
            let rules = ContinuousPong::new(&mut params).unwrap();
            Box::new(Driver::new(rules, n, threads, limit, isa).unwrap())
        } else {
            let rules = DiscretePong::new(&mut params).unwrap();
            Box::new(Driver::new(rules, n, threads, limit, isa).unwrap())
        };
        let mut games = Games {
            env,
            obs: vec![0.0; n * OBS],
            final_obs: vec![0.0; n * OBS],
            reward: vec![0.0; n],
            terminated: vec![0; n],
            truncated: vec![0; n],
        };
        games.reset(0);
        games
    }

    pub fn reset(&mut self, seed: u64) {
        let obs = ArrayMut::F32(&mut self.obs);
        self.env.reset(root_key(seed), None, obs).unwrap();
    }

    pub fn step(&mut self, actions: Array<'_>) {
        self.env
            .step(
                actions,
                Out {
                    obs: ArrayMut::F32(&mut self.obs),
                    final_obs: ArrayMut::F32(&mut self.final_obs),
                    reward: ArrayMut::F32(&mut self.reward),
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

/// What one step from `state` gives: next state, observation, reward, whether the game ended.
pub struct After {
    pub state: State,
    pub obs: [f32; OBS],
    pub reward: f32,
    pub terminated: bool,
}

/// One step of one discrete game.
pub fn step(state: State, action: i32, frame_skip: i64) -> After {
    let mut games = Games::new(1, &[("frame_skip", Value::Int(frame_skip))]);
    games.env.import_state(None, &row(&state, 0, 0, 5)).unwrap();
    games.step(Array::I32(&[action]));
    after(&games)
}

/// One step of one continuous game.
pub fn step_continuous(state: State, action: f32) -> After {
    let mut games = Games::new(1, &[("continuous", Value::Bool(true))]);
    games.env.import_state(None, &row(&state, 0, 0, 5)).unwrap();
    games.step(Array::F32(&[action]));
    after(&games)
}

fn after(games: &Games) -> After {
    let ended = games.terminated[0] == 1;
    let obs = if ended { &games.final_obs } else { &games.obs };
    After {
        state: games.states()[0],
        obs: obs[..].try_into().unwrap(),
        reward: games.reward[0],
        terminated: ended,
    }
}
