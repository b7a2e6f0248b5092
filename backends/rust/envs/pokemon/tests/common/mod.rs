//! Battles set up by hand, and batches with their arrays.
#![allow(dead_code, missing_docs)]

use samestep_core::driver::Out;
use samestep_core::rules::{Array, ArrayMut};
use samestep_core::{BatchEnv, Driver, Isa, Params, Value};
use samestep_pokemon::state::{Pokemon, TEAM};
use samestep_pokemon::{Battle, Number, CHOICES};

pub const MOVE: i32 = 6;

/// All stats as high as they get.
pub const POINTS: [u8; 5] = [93; 5];

/// National numbers.
pub mod species {
    pub const CHARIZARD: u8 = 6;
    pub const CLOYSTER: u8 = 91;
    pub const GENGAR: u8 = 94;
    pub const CHANSEY: u8 = 113;
    pub const TAUROS: u8 = 128;
    pub const DITTO: u8 = 132;
    pub const JOLTEON: u8 = 135;
    pub const SNORLAX: u8 = 143;
    pub const MEWTWO: u8 = 150;
    pub const MEW: u8 = 151;
}

/// Move numbers.
pub mod moves {
    pub const POUND: u8 = 1;
    pub const WRAP: u8 = 35;
    pub const GUILLOTINE: u8 = 12;
    pub const SWORDS_DANCE: u8 = 14;
    pub const DOUBLE_EDGE: u8 = 38;
    pub const ROAR: u8 = 46;
    pub const DISABLE: u8 = 50;
    pub const FLAMETHROWER: u8 = 53;
    pub const PSYBEAM: u8 = 60;
    pub const BUBBLE_BEAM: u8 = 61;
    pub const HYPER_BEAM: u8 = 63;
    pub const COUNTER: u8 = 68;
    pub const SEISMIC_TOSS: u8 = 69;
    pub const LEECH_SEED: u8 = 73;
    pub const THUNDER_WAVE: u8 = 86;
    pub const DIG: u8 = 91;
    pub const HYPNOSIS: u8 = 95;
    pub const AGILITY: u8 = 97;
    pub const MIMIC: u8 = 102;
    pub const SCREECH: u8 = 103;
    pub const RECOVER: u8 = 105;
    pub const CONFUSE_RAY: u8 = 109;
    pub const HAZE: u8 = 114;
    pub const REFLECT: u8 = 115;
    pub const BIDE: u8 = 117;
    pub const METRONOME: u8 = 118;
    pub const SWIFT: u8 = 129;
    pub const TRANSFORM: u8 = 144;
    pub const PSYWAVE: u8 = 149;
    pub const SPLASH: u8 = 150;
    pub const EXPLOSION: u8 = 153;
    pub const REST: u8 = 156;
    pub const SUBSTITUTE: u8 = 164;
    pub const STRUGGLE: u8 = 165;
    pub const CANNOT_MOVE: u8 = 167;
}

/// A Pokemon of level 100 with these moves.
pub fn pokemon(species: u8, known: &[u8]) -> Pokemon {
    let mut moves = [0; 4];
    moves[..known.len()].copy_from_slice(known);
    Pokemon::new(species, 100, moves, &POINTS)
}

/// A team of these.
pub fn team(members: &[Pokemon]) -> [Pokemon; TEAM] {
    let mut team = [Pokemon::default(); TEAM];
    team[..members.len()].copy_from_slice(members);
    team
}

/// A battle at its first request.
pub fn battle(first: &[Pokemon], second: &[Pokemon], seed: u64) -> Battle {
    Battle::start(&[team(first), team(second)], seed)
}

/// One Pokemon against one, each with one reserve that does nothing.
pub fn duel(first: (u8, &[u8]), second: (u8, &[u8]), seed: u64) -> Battle {
    let reserve = pokemon(species::CHANSEY, &[moves::SPLASH]);
    battle(
        &[pokemon(first.0, first.1), reserve],
        &[pokemon(second.0, second.1), reserve],
        seed,
    )
}

/// The battle after both used these move slots.
pub fn after(mut battle: Battle, first: i32, second: i32) -> Battle {
    battle.commit([MOVE + first, MOVE + second]);
    battle
}

/// Battles of `make` for as many seeds, after one turn of both first slots.
pub fn turns(count: u64, make: impl Fn(u64) -> Battle) -> Vec<Battle> {
    (0..count).map(|seed| after(make(seed), 0, 0)).collect()
}

/// Rules under parameters.
pub fn rules(params: &[(&str, Value)]) -> samestep_pokemon::Pokemon {
    let mut params = Params::new(
        params
            .iter()
            .map(|(name, v)| ((*name).to_owned(), v.clone())),
    );
    samestep_pokemon::Pokemon::new(&mut params).unwrap()
}

/// A batch of two players' battles with its arrays.
pub struct Games {
    pub env: Box<dyn BatchEnv>,
    pub obs: Vec<Number>,
    pub final_obs: Vec<Number>,
    pub reward: Vec<f32>,
    pub terminated: Vec<u8>,
    pub truncated: Vec<u8>,
    pub legal: Vec<u8>,
    pub acting: Vec<u8>,
    seed: u64,
}

impl Games {
    pub fn new(n: usize, threads: usize, params: &[(&str, Value)]) -> Self {
        let env = Driver::new(rules(params), n, threads, None, Isa::detect()).unwrap();
        let obs_len = n * env.info().obs_len();
        let mut games = Games {
            env: Box::new(env),
            obs: vec![0; obs_len],
            final_obs: vec![0; obs_len],
            reward: vec![0.0; n * 2],
            terminated: vec![0; n],
            truncated: vec![0; n],
            legal: vec![0; n * 2 * CHOICES],
            acting: vec![0; n * 2],
            seed: 1,
        };
        games
            .env
            .reset([0, 5], None, ArrayMut::I16(&mut games.obs))
            .unwrap();
        games
            .env
            .masks(&mut games.legal, &mut games.acting)
            .unwrap();
        games
    }

    /// A random legal action for everybody.
    pub fn choose(&mut self) -> Vec<i32> {
        let seed = &mut self.seed;
        let masks = self.legal.chunks_exact(CHOICES);
        masks
            .map(|mask| {
                *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let legal = || (0..CHOICES).filter(|&action| mask[action] == 1);
                let rank = (*seed >> 33) as usize % legal().count();
                legal().nth(rank).unwrap() as i32
            })
            .collect()
    }

    pub fn step(&mut self, actions: &[i32]) {
        self.env
            .step(
                Array::I32(actions),
                Out {
                    obs: ArrayMut::I16(&mut self.obs),
                    final_obs: ArrayMut::I16(&mut self.final_obs),
                    reward: ArrayMut::F32(&mut self.reward),
                    terminated: &mut self.terminated,
                    truncated: &mut self.truncated,
                    legal: &mut self.legal,
                    acting: &mut self.acting,
                },
            )
            .unwrap();
    }

    /// A step without observations: the arrays keep the ones before.
    pub fn step_unseen(&mut self, actions: &[i32]) {
        self.env
            .step(
                Array::I32(actions),
                Out {
                    obs: ArrayMut::I16(&mut []),
                    final_obs: ArrayMut::I16(&mut []),
                    reward: ArrayMut::F32(&mut self.reward),
                    terminated: &mut self.terminated,
                    truncated: &mut self.truncated,
                    legal: &mut self.legal,
                    acting: &mut self.acting,
                },
            )
            .unwrap();
    }

    pub fn rows(&self, state_bytes: usize) -> Vec<u8> {
        let mut rows = vec![0; self.terminated.len() * state_bytes];
        self.env.export_state(None, &mut rows).unwrap();
        rows
    }
}
