//! Saved states stepped in a caller's buffer, against a batch that holds its own.

use samestep_core::driver::Out;
use samestep_core::rows::{self, saved_bytes};
use samestep_core::rules::{Array, ArrayMut};
use samestep_core::{BatchEnv, Driver, Env, Isa, Params, Value};
use samestep_pong::DiscretePong;

const OBS: usize = 8;
const ROOT: [u32; 2] = [3, 5];
const LIMIT: u32 = 40;

fn pong() -> DiscretePong {
    DiscretePong::new(&mut Params::new([("frame_skip".to_owned(), Value::Int(8))])).unwrap()
}

struct Buffers {
    obs: Vec<f32>,
    final_obs: Vec<f32>,
    reward: Vec<f32>,
    terminated: Vec<u8>,
    truncated: Vec<u8>,
}

impl Buffers {
    fn new(n: usize) -> Self {
        Buffers {
            obs: vec![0.0; n * OBS],
            final_obs: vec![0.0; n * OBS],
            reward: vec![0.0; n],
            terminated: vec![0; n],
            truncated: vec![0; n],
        }
    }

    fn out(&mut self, final_obs: bool) -> Out<'_> {
        Out {
            obs: ArrayMut::F32(&mut self.obs),
            final_obs: ArrayMut::F32(if final_obs {
                &mut self.final_obs
            } else {
                &mut []
            }),
            reward: ArrayMut::F32(&mut self.reward),
            terminated: &mut self.terminated,
            truncated: &mut self.truncated,
            legal: &mut [],
            acting: &mut [],
        }
    }

    /// All but `final_obs`, as bits.
    fn bits(&self) -> (Vec<u32>, Vec<u32>, &[u8], &[u8]) {
        let bits = |floats: &[f32]| floats.iter().map(|float| float.to_bits()).collect();
        (
            bits(&self.obs),
            bits(&self.reward),
            &self.terminated,
            &self.truncated,
        )
    }
}

/// Actions that hold for a while, different in each lane.
fn actions(n: usize, step: usize) -> Vec<i32> {
    (0..n)
        .map(|lane| ((step / (1 + lane % 9) + lane) % 3) as i32)
        .collect()
}

/// `n` instances in a buffer that starts `offset` bytes after one aligned to a cache line.
fn equals_the_driver(n: usize, offset: usize, final_obs: bool) {
    let rules = pong();
    let mut driver = Driver::new(pong(), n, 1, Some(LIMIT), Isa::Baseline).unwrap();
    let size = n.div_ceil(rules.lanes()) * rules.lanes() * saved_bytes(&Env::info(&rules));
    let mut memory = vec![0u8; size + 128];
    let start = memory.as_ptr().align_offset(64) + offset;
    let saved = &mut memory[start..start + size];
    let (mut ours, mut theirs) = (Buffers::new(n), Buffers::new(n));
    rows::reset_rows(&rules, ROOT, 0, n, saved, ArrayMut::F32(&mut ours.obs)).unwrap();
    driver
        .reset(ROOT, None, ArrayMut::F32(&mut theirs.obs))
        .unwrap();
    assert_eq!(ours.bits(), theirs.bits());
    let mut ended = 0;
    for step in 0..150 {
        let actions = actions(n, step);
        let isa = Isa::available()[step % Isa::available().len()];
        let out = ours.out(final_obs);
        rows::step_rows(&rules, LIMIT, isa, n, saved, Array::I32(&actions), out).unwrap();
        driver.step(Array::I32(&actions), theirs.out(true)).unwrap();
        assert_eq!(ours.bits(), theirs.bits(), "step {step}");
        for lane in (0..n).filter(|_| final_obs) {
            let row = lane * OBS..(lane + 1) * OBS;
            let done = theirs.terminated[lane] | theirs.truncated[lane] != 0;
            ended += usize::from(done);
            let expected = if done { &theirs.final_obs } else { &theirs.obs };
            assert_eq!(
                ours.final_obs[row.clone()],
                expected[row],
                "step {step} lane {lane}"
            );
        }
    }
    assert!(ended > 0 || !final_obs);
    let mut expected = vec![0; n * Env::info(&rules).state_bytes];
    driver.export_state(None, &mut expected).unwrap();
    let exported = rows::load_rows(&rules, saved, n).unwrap();
    assert_eq!(exported, expected);
    assert_eq!(
        rows::load_rows(&rules, &rows::save_rows(&rules, &exported).unwrap(), n),
        Ok(exported)
    );
}

#[test]
fn any_number_of_instances() {
    for n in [1, 15, 16, 17, 37] {
        equals_the_driver(n, 0, true);
        equals_the_driver(n, 0, false);
    }
}

#[test]
fn any_alignment() {
    for offset in [1, 2, 4, 16, 63] {
        equals_the_driver(17, offset, true);
    }
}

#[test]
fn a_refused_action_changes_nothing() {
    let rules = pong();
    let mut buffers = Buffers::new(17);
    let size = 32 * saved_bytes(&Env::info(&rules));
    let mut saved = vec![0; size];
    rows::reset_rows(
        &rules,
        ROOT,
        0,
        17,
        &mut saved,
        ArrayMut::F32(&mut buffers.obs),
    )
    .unwrap();
    let before = saved.clone();
    let mut bad = actions(17, 0);
    bad[16] = 3;
    let out = buffers.out(true);
    let error = rows::step_rows(
        &rules,
        0,
        Isa::detect(),
        17,
        &mut saved,
        Array::I32(&bad),
        out,
    );
    let message = "action 16 is 3; accepted: integers from 0 to 2";
    assert_eq!(error.unwrap_err().to_string(), message);
    assert_eq!(saved, before);
}

#[test]
fn other_layouts_and_sizes_are_refused() {
    let rules = pong();
    let mut buffers = Buffers::new(17);
    let mut saved = vec![0; 32 * saved_bytes(&Env::info(&rules))];
    let good = actions(17, 0);
    let mut step = |saved: &mut [u8]| {
        let out = buffers.out(true);
        rows::step_rows(&rules, 0, Isa::detect(), 17, saved, Array::I32(&good), out)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        step(&mut saved[..1024]),
        "saved state of 17 instances has 1024 bytes; accepted: 2048"
    );
    assert!(step(&mut saved).starts_with("a saved state has another layout; pong version 1"));
    let masks = rows::masks_rows(&rules, 17, &saved, &mut [], &mut []).unwrap_err();
    assert!(masks
        .to_string()
        .starts_with("state row 0 has layout 0x00000000"));
}
