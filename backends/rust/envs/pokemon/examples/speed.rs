//! Decisions a second of the rules alone, without Python: for profiling.
//!
//! The best of many short windows, which other work on the machine disturbs least; what is
//! published comes from `make bench`.

use samestep_core::driver::Out;
use samestep_core::rules::{Array, ArrayMut};
use samestep_core::{BatchEnv, Driver, Isa, Params, Value};
use samestep_pokemon::{Pokemon, CHOICES, OBS_SIZE};
use std::time::Instant;

const PLAYERS: usize = 2;
const WINDOWS: usize = 40;
const CALLS: usize = 8;

/// A uniformly random legal action for every player.
fn choose(seed: &mut u64, legal: &[u8], actions: &mut [i32]) {
    for (mask, action) in legal.chunks_exact(CHOICES).zip(actions) {
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let count: u32 = mask.iter().map(|&bit| u32::from(bit)).sum();
        let mut rank = ((*seed >> 33) * u64::from(count)) >> 31;
        for (index, &bit) in mask.iter().enumerate() {
            if bit == 1 {
                if rank == 0 {
                    *action = index as i32;
                    break;
                }
                rank -= 1;
            }
        }
    }
}

fn main() {
    let n = std::env::args()
        .nth(1)
        .map_or(1024, |n| n.parse().expect("a number of battles"));
    for (format, name) in [(0, "gen1randombattle"), (1, "gen1ou"), (2, "coverage")] {
        let mut params = Params::new([("format".to_owned(), Value::Int(format))]);
        let rules = Pokemon::new(&mut params).expect("parameters");
        let mut env = Driver::new(rules, n, 1, None, Isa::detect()).expect("a batch");
        let mut obs = vec![0; n * PLAYERS * OBS_SIZE];
        let mut final_obs = obs.clone();
        let mut reward = vec![0.0; n * PLAYERS];
        let (mut terminated, mut truncated) = (vec![0; n], vec![0; n]);
        let mut legal = vec![0; n * PLAYERS * CHOICES];
        let mut acting = vec![0; n * PLAYERS];
        let mut actions = vec![0; n * PLAYERS];
        env.reset([0, 1], None, ArrayMut::I32(&mut obs))
            .expect("a reset");
        env.masks(&mut legal, &mut acting).expect("masks");
        let mut seed = 7;
        let mut best = 0.0f64;
        for _ in 0..WINDOWS {
            let mut seconds = 0.0;
            let mut decisions = 0;
            for _ in 0..CALLS {
                choose(&mut seed, &legal, &mut actions);
                decisions += acting.iter().map(|&bit| usize::from(bit)).sum::<usize>();
                let start = Instant::now();
                env.step(
                    Array::I32(&actions),
                    Out {
                        obs: ArrayMut::I32(&mut obs),
                        final_obs: ArrayMut::I32(&mut final_obs),
                        reward: ArrayMut::F32(&mut reward),
                        terminated: &mut terminated,
                        truncated: &mut truncated,
                        legal: &mut legal,
                        acting: &mut acting,
                    },
                )
                .expect("a step");
                seconds += start.elapsed().as_secs_f64();
            }
            best = best.max(decisions as f64 / seconds);
        }
        println!("{name:16} {:.2} M decisions/s on one core", best / 1e6);
    }
}
