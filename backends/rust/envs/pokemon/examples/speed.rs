//! Nanoseconds a commit of the rules alone, without Python: for profiling.
//!
//! `speed [battles [format]]`. The best of many short windows, which other work on the machine
//! disturbs least; what is published comes from `make bench`.

use samestep_core::driver::Out;
use samestep_core::rules::{Array, ArrayMut};
use samestep_core::{BatchEnv, Driver, Isa, Params, Value};
use samestep_pokemon::{Number, Pokemon, CHOICES, OBS_SIZE};
use std::time::Instant;

const PLAYERS: usize = 2;
const FORMATS: [&str; 3] = ["gen1randombattle", "gen1ou", "coverage"];
/// Commits of a window, and windows.
const WINDOW: usize = 8192;
const WINDOWS: usize = 60;

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

/// Decisions and nanoseconds of a commit, in the best of the windows.
fn measure(format: usize, n: usize, observed: bool) -> (f64, f64) {
    let mut params = Params::new([("format".to_owned(), Value::Int(format as i64))]);
    let rules = Pokemon::new(&mut params).expect("parameters");
    let mut env = Driver::new(rules, n, 1, None, Isa::detect()).expect("a batch");
    let mut obs: Vec<Number> = vec![0; n * PLAYERS * OBS_SIZE];
    let mut final_obs = obs.clone();
    let mut reward = vec![0.0; n * PLAYERS];
    let (mut terminated, mut truncated) = (vec![0; n], vec![0; n]);
    let mut legal = vec![0; n * PLAYERS * CHOICES];
    let mut acting = vec![0; n * PLAYERS];
    let mut actions = vec![0; n * PLAYERS];
    env.reset([0, 1], None, ArrayMut::I16(&mut obs))
        .expect("a reset");
    env.masks(&mut legal, &mut acting).expect("masks");
    if !observed {
        (obs, final_obs) = (vec![], vec![]);
    }
    let calls = WINDOW.div_ceil(n);
    let mut seed = 7;
    let mut best = (0.0, f64::INFINITY);
    for _ in 0..WINDOWS {
        let mut seconds = 0.0;
        let mut decisions = 0;
        for _ in 0..calls {
            choose(&mut seed, &legal, &mut actions);
            decisions += acting.iter().map(|&bit| usize::from(bit)).sum::<usize>();
            let start = Instant::now();
            env.step(
                Array::I32(&actions),
                Out {
                    obs: ArrayMut::I16(&mut obs),
                    final_obs: ArrayMut::I16(&mut final_obs),
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
        let commits = (calls * n) as f64;
        let nanoseconds = seconds * 1e9 / commits;
        if nanoseconds < best.1 {
            best = (decisions as f64 / commits, nanoseconds);
        }
    }
    best
}

fn main() {
    let argument = |index, otherwise| {
        let given = std::env::args().nth(index);
        given.map_or(otherwise, |text| text.parse().expect("a number"))
    };
    let n = argument(1, 1024);
    let formats = match argument(2, FORMATS.len()) {
        all if all == FORMATS.len() => 0..all,
        one => one..one + 1,
    };
    for format in formats {
        for (observed, what) in [(true, "observed"), (false, "not observed")] {
            let (decisions, nanoseconds) = measure(format, n, observed);
            println!(
                "{:16} {what:12} {nanoseconds:5.0} ns a commit, {:.2} M decisions/s on one core",
                FORMATS[format],
                decisions / nanoseconds * 1e3
            );
        }
    }
}
