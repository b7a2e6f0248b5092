//! Steps a second of the rules alone, without Python: for profiling.
//!
//! The best of many short windows, which other work on the machine disturbs least; what is
//! published comes from `make bench`.

use samestep_core::driver::Out;
use samestep_core::rules::{Array, ArrayMut};
use samestep_core::{BatchEnv, Driver, Isa, Params, Value};
use samestep_pong::DiscretePong;
use std::time::Instant;

fn main() {
    let n = 4096;
    for isa in Isa::available() {
        for skip in [1, 8] {
            for threads in [1, 2] {
                let mut params = Params::new([("frame_skip".to_owned(), Value::Int(skip))]);
                let rules = DiscretePong::new(&mut params).expect("parameters");
                let mut env = Driver::new(rules, n, threads, None, isa).expect("a batch");
                let mut seed = 1u32;
                let actions: Vec<Vec<i32>> = (0..64)
                    .map(|_| {
                        (0..n)
                            .map(|_| {
                                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                                (seed >> 16) as i32 % 3
                            })
                            .collect()
                    })
                    .collect();
                let mut obs = vec![0.0; n * 8];
                let mut final_obs = vec![0.0; n * 8];
                let mut reward = vec![0.0; n];
                let mut terminated = vec![0; n];
                let mut truncated = vec![0; n];
                let mut best = 0.0f64;
                for _ in 0..400 {
                    let start = Instant::now();
                    let calls = if skip == 1 { 32 } else { 8 };
                    for call in 0..calls {
                        env.step(
                            Array::I32(&actions[call % 64]),
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
                        .expect("a step");
                    }
                    best = best.max((calls * n) as f64 / start.elapsed().as_secs_f64());
                }
                println!(
                    "{:8} skip {skip} threads {threads}: {:.1} M steps/s",
                    isa.name(),
                    best / 1e6
                );
            }
        }
    }
}
