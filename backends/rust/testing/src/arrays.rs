//! Arrays of any element type, and those that a batch's step writes.

use crate::trace::Sizes;
use samestep_core::driver::Out;
use samestep_core::rules::{Array, ArrayMut, Dtype};
use samestep_core::{BatchEnv, Env};

/// An array of any element type.
pub enum Owned {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    U8(Vec<u8>),
}

impl Owned {
    pub fn zeros(dtype: Dtype, len: usize) -> Self {
        match dtype {
            Dtype::F32 => Owned::F32(vec![0.0; len]),
            Dtype::F64 => Owned::F64(vec![0.0; len]),
            Dtype::I16 => Owned::I16(vec![0; len]),
            Dtype::I32 => Owned::I32(vec![0; len]),
            Dtype::U8 => Owned::U8(vec![0; len]),
        }
    }

    pub fn as_mut(&mut self) -> ArrayMut<'_> {
        match self {
            Owned::F32(array) => ArrayMut::F32(array),
            Owned::F64(array) => ArrayMut::F64(array),
            Owned::I16(array) => ArrayMut::I16(array),
            Owned::I32(array) => ArrayMut::I32(array),
            Owned::U8(array) => ArrayMut::U8(array),
        }
    }

    /// Its elements, little-endian.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Owned::F32(array) => array.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Owned::F64(array) => array.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Owned::I16(array) => array.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Owned::I32(array) => array.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Owned::U8(array) => array.clone(),
        }
    }
}

/// Bytes of an element.
pub fn size_of(dtype: Dtype) -> usize {
    match dtype {
        Dtype::F64 => 8,
        Dtype::F32 | Dtype::I32 => 4,
        Dtype::I16 => 2,
        Dtype::U8 => 1,
    }
}

/// A batch's outputs.
pub struct Buffers {
    pub obs: Owned,
    pub final_obs: Owned,
    pub reward: Owned,
    pub terminated: Vec<u8>,
    pub truncated: Vec<u8>,
    pub legal: Vec<u8>,
    pub acting: Vec<u8>,
}

impl Buffers {
    pub fn new(env: &dyn Env, lanes: usize, sizes: &Sizes) -> Self {
        let obs = || Owned::zeros(env.obs_dtype(), lanes * env.info().obs_len());
        Buffers {
            obs: obs(),
            final_obs: obs(),
            reward: Owned::zeros(env.reward_dtype(), lanes * sizes.players),
            terminated: vec![0; lanes],
            truncated: vec![0; lanes],
            legal: vec![0; lanes * sizes.legal],
            acting: vec![0; lanes * sizes.acting],
        }
    }

    /// One step under a trace's actions: f32 if they are continuous, else i32.
    pub fn step(&mut self, batch: &mut dyn BatchEnv, actions: &[u8], continuous: bool) {
        let words = actions.chunks_exact(4);
        let words = words.map(|word| <[u8; 4]>::try_from(word).expect("four bytes"));
        let (mut floats, mut integers) = (Vec::new(), Vec::new());
        let actions = if continuous {
            floats.extend(words.map(f32::from_le_bytes));
            Array::F32(&floats)
        } else {
            integers.extend(words.map(i32::from_le_bytes));
            Array::I32(&integers)
        };
        let out = Out {
            obs: self.obs.as_mut(),
            final_obs: self.final_obs.as_mut(),
            reward: self.reward.as_mut(),
            terminated: &mut self.terminated,
            truncated: &mut self.truncated,
            legal: &mut self.legal,
            acting: &mut self.acting,
        };
        batch.step(actions, out).expect("legal actions");
    }
}
