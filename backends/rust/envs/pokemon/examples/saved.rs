//! Nanoseconds a commit of battles whose states a caller holds, as inside `jax.jit`; beside
//! `speed`.

use samestep_core::driver::Out;
use samestep_core::rows::{masks_rows, reset_rows, saved_bytes, step_rows};
use samestep_core::rules::{Array, ArrayMut, Rules};
use samestep_core::{Isa, Params};
use samestep_pokemon::{Number, Pokemon, CHOICES, OBS_SIZE};
use std::time::Instant;

const PLAYERS: usize = 2;
const CALLS: usize = 600;

fn main() {
    let n = 1024;
    let rules = Pokemon::new(&mut Params::default()).expect("parameters");
    let info = rules.info();
    let mut saved = vec![0; n * saved_bytes(&info)];
    let mut obs: Vec<Number> = vec![0; n * PLAYERS * OBS_SIZE];
    let mut final_obs = obs.clone();
    let mut reward = vec![0.0; n * PLAYERS];
    let (mut terminated, mut truncated) = (vec![0; n], vec![0; n]);
    let mut legal = vec![0; n * PLAYERS * CHOICES];
    let mut acting = vec![0; n * PLAYERS];
    let mut actions = vec![0; n * PLAYERS];
    reset_rows(&rules, [0, 1], 0, n, &mut saved, ArrayMut::I16(&mut obs)).expect("a reset");
    masks_rows(&rules, n, &saved, &mut legal, &mut acting).expect("masks");
    let mut best = f64::INFINITY;
    let mut seed = 7u64;
    for _ in 0..CALLS {
        for (mask, action) in legal.chunks_exact(CHOICES).zip(&mut actions) {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let count = mask.iter().filter(|&&bit| bit == 1).count() as u64;
            let rank = ((seed >> 33) * count) >> 31;
            let allowed = mask.iter().enumerate().filter(|(_, &bit)| bit == 1);
            *action = allowed
                .map(|(index, _)| index as i32)
                .nth(rank as usize)
                .unwrap_or(0);
        }
        let start = Instant::now();
        let out = Out {
            obs: ArrayMut::I16(&mut obs),
            final_obs: ArrayMut::I16(&mut final_obs),
            reward: ArrayMut::F32(&mut reward),
            terminated: &mut terminated,
            truncated: &mut truncated,
            legal: &mut legal,
            acting: &mut acting,
        };
        step_rows(
            &rules,
            0,
            Isa::detect(),
            n,
            &mut saved,
            Array::I32(&actions),
            out,
        )
        .expect("a step");
        best = f64::min(best, start.elapsed().as_secs_f64() * 1e9 / n as f64);
    }
    println!("{best:.0} ns a commit");
}
