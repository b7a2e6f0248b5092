//! Rules in single and double precision over rows that carry f64: types, sizes, saved blocks.
#![allow(missing_docs)]

use samestep_core::driver::Out;
use samestep_core::rows::{load_rows, reset_rows, save_rows, saved_bytes, step_rows};
use samestep_core::rules::{Array, ArrayMut, Element, HEADER_BYTES};
use samestep_core::{
    ActionLayout, BatchEnv, BlockOut, Draws, Driver, Dtype, Env, Error, Info, Isa, Key, Rules,
};

const LANES: usize = 4;
const LIMIT: u32 = 5;
const N: usize = 6;

/// A float that the rules compute in.
trait Real: Element + bytemuck::Pod + std::fmt::Debug {
    fn from_f64(value: f64) -> Self;
    fn to_f64(self) -> f64;
}

impl Real for f32 {
    fn from_f64(value: f64) -> Self {
        value as f32
    }
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
    fn to_f64(self) -> f64 {
        self
    }
}

/// One number that is driven to 1: x += (action + 1 - x) / 3. Its row carries it in f64.
#[derive(Clone)]
struct Drift<T>(std::marker::PhantomData<T>);

impl<T: Real> Rules for Drift<T> {
    type Obs = T;
    type Reward = T;
    type Action = f32;
    type Block = [T; LANES];
    const LANES: usize = LANES;

    fn info(&self) -> Info {
        Info {
            name: "drift",
            version: 1,
            layout_id: 77,
            state_bytes: HEADER_BYTES + 8,
            players: 1,
            obs_shape: vec![1],
            obs_low: f32::NEG_INFINITY,
            obs_high: f32::INFINITY,
            action: ActionLayout::Box {
                len: 1,
                low: -1.0,
                high: 1.0,
            },
            legal_varies: false,
            default_max_episode_steps: LIMIT,
        }
    }

    fn new_block(&self) -> Self::Block {
        [T::default(); LANES]
    }

    fn reset_lane(&self, block: &mut Self::Block, lane: usize, key: Key, obs: &mut [T]) {
        block[lane] = T::from_f64(f64::from(key[0]) / 3e9);
        obs[0] = block[lane];
    }

    fn step_block(
        &self,
        block: &mut Self::Block,
        _draws: Draws<'_>,
        actions: &[f32],
        out: BlockOut<'_, T, T>,
    ) {
        for (lane, x) in block.iter_mut().enumerate() {
            *x = T::from_f64(x.to_f64() + (f64::from(actions[lane]) + 1.0 - x.to_f64()) / 3.0);
            out.obs[lane] = *x;
            out.reward[lane] = T::from_f64(x.to_f64() / 7.0);
            out.terminated[lane] = 0;
        }
    }

    fn pack_lane(&self, block: &Self::Block, lane: usize, state: &mut [u8]) {
        state.copy_from_slice(&block[lane].to_f64().to_le_bytes());
    }

    fn unpack_lane(&self, block: &mut Self::Block, lane: usize, state: &[u8]) -> Result<(), Error> {
        let x = f64::from_le_bytes(state.try_into().expect("eight bytes"));
        if !x.is_finite() {
            return Err(Error::new(format!("x is {x}; it must be finite")));
        }
        block[lane] = T::from_f64(x);
        Ok(())
    }

    fn block_in_place(bytes: &mut [u8]) -> Option<&mut Self::Block> {
        let bytes = bytes.get_mut(..size_of::<Self::Block>())?;
        bytemuck::try_from_bytes_mut(bytes).ok()
    }

    fn save_block(&self, block: &Self::Block, bytes: &mut [u8]) {
        bytes[..size_of::<Self::Block>()].copy_from_slice(bytemuck::bytes_of(block));
    }

    fn load_block(&self, block: &mut Self::Block, bytes: &[u8]) -> Result<(), Error> {
        bytemuck::bytes_of_mut(block).copy_from_slice(&bytes[..size_of::<Self::Block>()]);
        Ok(())
    }
}

fn drift<T: Real>() -> Drift<T> {
    Drift(std::marker::PhantomData)
}

fn mutable<T: Real>(array: &mut [T]) -> ArrayMut<'_> {
    match T::DTYPE {
        Dtype::F64 => ArrayMut::F64(bytemuck::cast_slice_mut(array)),
        _ => ArrayMut::F32(bytemuck::cast_slice_mut(array)),
    }
}

/// What a step writes.
#[derive(Clone, Debug, PartialEq)]
struct Seen<T> {
    obs: Vec<T>,
    final_obs: Vec<T>,
    reward: Vec<T>,
    flags: [Vec<u8>; 2],
}

impl<T: Real> Seen<T> {
    fn new() -> Self {
        let zeros = || vec![T::default(); N];
        Seen {
            obs: zeros(),
            final_obs: zeros(),
            reward: zeros(),
            flags: [vec![0; N], vec![0; N]],
        }
    }

    fn out(&mut self) -> Out<'_> {
        let [terminated, truncated] = &mut self.flags;
        Out {
            obs: mutable(&mut self.obs),
            final_obs: mutable(&mut self.final_obs),
            reward: mutable(&mut self.reward),
            terminated,
            truncated,
            legal: &mut [],
            acting: &mut [],
        }
    }
}

fn actions(step: usize) -> Vec<f32> {
    (0..N)
        .map(|lane| (lane as f32 - step as f32) / 16.0)
        .collect()
}

/// A driver and saved blocks side by side over two episodes, the blocks at `offset` in memory.
fn driver_and_saved_blocks_agree<T: Real>(offset: usize) {
    let rules = drift::<T>();
    let mut driver = Driver::new(drift::<T>(), N, 1, Some(LIMIT), Isa::detect()).unwrap();
    let size = 2 * LANES * saved_bytes(&Env::info(&rules));
    let mut memory = vec![0xAAu8; size + 128];
    let start = memory.as_ptr().align_offset(64) + offset;
    let saved = &mut memory[start..start + size];
    let (mut ours, mut theirs) = (Seen::<T>::new(), Seen::<T>::new());
    driver.reset([1, 2], None, mutable(&mut ours.obs)).unwrap();
    reset_rows(&rules, [1, 2], 0, N, saved, mutable(&mut theirs.obs)).unwrap();
    assert_eq!(ours.obs, theirs.obs);
    for step in 0..2 * LIMIT as usize {
        let actions = actions(step);
        driver.step(Array::F32(&actions), ours.out()).unwrap();
        let isa = Isa::detect();
        let out = theirs.out();
        step_rows(&rules, LIMIT, isa, N, saved, Array::F32(&actions), out).unwrap();
        assert_eq!(ours.obs, theirs.obs, "step {step}");
        assert_eq!(ours.reward, theirs.reward, "step {step}");
        assert_eq!(ours.flags, theirs.flags, "step {step}");
        for lane in 0..N {
            let reached = match ours.flags[1][lane] {
                0 => ours.obs[lane],
                _ => ours.final_obs[lane],
            };
            assert_eq!(theirs.final_obs[lane], reached);
            assert_eq!(ours.reward[lane], T::from_f64(reached.to_f64() / 7.0));
        }
    }
    let mut rows = vec![0; N * (HEADER_BYTES + 8)];
    driver.export_state(None, &mut rows).unwrap();
    assert_eq!(load_rows(&rules, saved, N).unwrap(), rows);
    let again = save_rows(&rules, &rows).unwrap();
    assert_eq!(load_rows(&rules, &again, N).unwrap(), rows);
}

#[test]
fn single_precision_in_rows_of_double() {
    for offset in [0, 1, 4] {
        driver_and_saved_blocks_agree::<f32>(offset);
    }
}

#[test]
fn double_precision() {
    for offset in [0, 1, 4] {
        driver_and_saved_blocks_agree::<f64>(offset);
    }
}

#[test]
fn a_saved_state_depends_on_nothing_that_was_in_memory() {
    let rules = drift::<f32>();
    let size = 2 * LANES * saved_bytes(&Env::info(&rules));
    let started = |before: u8| {
        let mut saved = vec![before; size];
        let mut obs = vec![0f32; N];
        reset_rows(&rules, [3, 4], 0, N, &mut saved, ArrayMut::F32(&mut obs)).unwrap();
        saved
    };
    assert_eq!(started(0), started(0xFF));
}

#[test]
fn rows_are_rounded_to_what_the_rules_hold() {
    let mut row = vec![0; HEADER_BYTES + 8];
    row[..4].copy_from_slice(&77u32.to_le_bytes());
    let x = 1.0 + f64::EPSILON;
    row[HEADER_BYTES..].copy_from_slice(&x.to_le_bytes());
    let given_back = |mut env: Box<dyn BatchEnv>| {
        env.import_state(None, &row).unwrap();
        let mut back = vec![0; row.len()];
        env.export_state(None, &mut back).unwrap();
        f64::from_le_bytes(back[HEADER_BYTES..].try_into().unwrap())
    };
    let single = drift::<f32>().batch(1, 1, None, Isa::Baseline).unwrap();
    let double = drift::<f64>().batch(1, 1, None, Isa::Baseline).unwrap();
    assert_eq!(given_back(single), 1.0);
    assert_eq!(given_back(double), x);
}

#[test]
fn arrays_of_another_precision_are_refused() {
    let mut env = drift::<f64>().batch(N, 1, None, Isa::Baseline).unwrap();
    assert_eq!(
        (env.obs_dtype(), env.reward_dtype()),
        (Dtype::F64, Dtype::F64)
    );
    let (mut seen, mut single) = (Seen::<f64>::new(), vec![0f32; N]);
    let error = env.reset([0, 0], None, ArrayMut::F32(&mut single));
    assert_eq!(error.unwrap_err().to_string(), "obs must be F64");
    let mut out = seen.out();
    out.reward = ArrayMut::F32(&mut single);
    let error = env.step(Array::F32(&actions(0)), out);
    assert_eq!(error.unwrap_err().to_string(), "reward must be F64");
    let error = env.step(Array::F64(&[0.0; N]), seen.out());
    assert_eq!(error.unwrap_err().to_string(), "actions must be F32");
    let mut short = vec![0f64; N - 1];
    let mut out = seen.out();
    out.reward = ArrayMut::F64(&mut short);
    let error = env.step(Array::F32(&actions(0)), out);
    let message = "reward has 5 elements; accepted: 6";
    assert_eq!(error.unwrap_err().to_string(), message);
}
