//! What XLA calls. One handler a task, for all environments: the attribute `env` names the one.
//!
//! State is (..., padded instances, saved_bytes) u8, as `samestep_core::rows` has it. Leading
//! axes are vmap's: every element along them is a batch of its own. An environment with a large
//! constant (a ROM) will take it as one more argument, after these.

use super::frame::{answer, Buffer, Frame};
use super::{api, key};
use crate::arrays::empty;
use samestep_core::driver::Out;
use samestep_core::rules::{ActionLayout, Array, ArrayMut, Dtype};
use samestep_core::{Error, Isa};

/// The handlers under the names that they are registered by.
pub const HANDLERS: [(&str, api::Handler); 3] = [
    ("samestep_reset", reset_handler),
    ("samestep_step", step_handler),
    ("samestep_masks", masks_handler),
];

unsafe extern "C" fn reset_handler(frame: *mut api::CallFrame) -> *mut api::Error {
    // SAFETY: XLA calls this with a frame of its own.
    unsafe { answer(frame, reset) }
}

unsafe extern "C" fn step_handler(frame: *mut api::CallFrame) -> *mut api::Error {
    // SAFETY: XLA calls this with a frame of its own.
    unsafe { answer(frame, step) }
}

unsafe extern "C" fn masks_handler(frame: *mut api::CallFrame) -> *mut api::Error {
    // SAFETY: XLA calls this with a frame of its own.
    unsafe { answer(frame, masks) }
}

/// (root key (..., 2) u32, first env_index (...,) u32) -> (state, obs (..., n, *obs)).
fn reset(frame: &mut Frame<'_>) -> Result<(), Error> {
    let made = key::resolve(frame.string("env")?)?;
    let roots: &[u32] = frame.arg()?.read(api::U32)?;
    let first: &[u32] = frame.arg()?.read(api::U32)?;
    let state = frame.ret()?;
    let obs = frame.ret()?;
    let elements = Elements::new(&state.dims()?, &obs.dims()?)?;
    let state: &mut [u8] = state.write(api::U8)?;
    let mut obs = write_typed(obs, made.env.obs_dtype())?;
    if roots.len() != 2 * elements.count || first.len() != elements.count {
        return Err(Error::new("a reset takes one key and one index an element"));
    }
    for index in 0..elements.count {
        made.env.reset_rows(
            [roots[2 * index], roots[2 * index + 1]],
            first[index],
            elements.n,
            elements.part_mut(state, index),
            elements.typed_part_mut(&mut obs, index),
        )?;
    }
    Ok(())
}

/// (state, actions (..., n, *action)) -> (state, obs, reward, terminated, truncated, then legal
/// where it varies, acting where there are several players, and final_obs if it is asked for).
fn step(frame: &mut Frame<'_>) -> Result<(), Error> {
    let made = key::resolve(frame.string("env")?)?;
    let info = made.env.info();
    let state = frame.arg()?;
    let actions = frame.arg()?;
    let elements = Elements::new(&state.dims()?, &actions.dims()?)?;
    let actions = match info.action {
        ActionLayout::Discrete { .. } => Array::I32(actions.read(api::S32)?),
        ActionLayout::Box { .. } => Array::F32(actions.read(api::F32)?),
    };
    let state = state.write_in_place(frame.ret()?)?;
    let mut obs = write_typed(frame.ret()?, made.env.obs_dtype())?;
    let mut reward = write_typed(frame.ret()?, made.env.reward_dtype())?;
    let terminated: &mut [u8] = frame.ret()?.write(api::PRED)?;
    let truncated: &mut [u8] = frame.ret()?.write(api::PRED)?;
    let mut flags = |wanted: bool| match wanted {
        true => frame.ret()?.write::<u8>(api::PRED),
        false => Ok(Default::default()),
    };
    let legal = flags(info.legal_varies)?;
    let acting = flags(info.players > 1)?;
    let mut final_obs = match frame.is_done() {
        true => empty(made.env.obs_dtype()),
        false => write_typed(frame.ret()?, made.env.obs_dtype())?,
    };
    for index in 0..elements.count {
        made.env.step_rows(
            made.max_episode_steps,
            Isa::detect(),
            elements.n,
            elements.part_mut(state, index),
            elements.typed_part(actions, index),
            Out {
                obs: elements.typed_part_mut(&mut obs, index),
                final_obs: elements.typed_part_mut(&mut final_obs, index),
                reward: elements.typed_part_mut(&mut reward, index),
                terminated: elements.part_mut(terminated, index),
                truncated: elements.part_mut(truncated, index),
                legal: elements.part_mut(legal, index),
                acting: elements.part_mut(acting, index),
            },
        )?;
    }
    Ok(())
}

/// (state,) -> (acting (..., n, players), legal if it varies).
fn masks(frame: &mut Frame<'_>) -> Result<(), Error> {
    let made = key::resolve(frame.string("env")?)?;
    let state = frame.arg()?;
    let acting = frame.ret()?;
    let elements = Elements::new(&state.dims()?, &acting.dims()?)?;
    let state: &[u8] = state.read(api::U8)?;
    let acting: &mut [u8] = acting.write(api::PRED)?;
    let legal = match frame.is_done() {
        true => &mut [],
        false => frame.ret()?.write::<u8>(api::PRED)?,
    };
    for index in 0..elements.count {
        made.env.masks_rows(
            elements.n,
            elements.part(state, index),
            elements.part_mut(legal, index),
            elements.part_mut(acting, index),
        )?;
    }
    Ok(())
}

/// Batches along the leading axes of a call's arrays.
struct Elements {
    /// How many.
    count: usize,
    /// Instances of each.
    n: usize,
}

impl Elements {
    /// From the shapes of the state and of any array whose first axis of its own is instances.
    fn new(state: &[usize], other: &[usize]) -> Result<Self, Error> {
        let leading = state.len().checked_sub(2);
        match leading.map(|leading| (&state[..leading], other.get(leading))) {
            Some((leading, Some(&n))) => Ok(Elements {
                count: leading.iter().product(),
                n,
            }),
            _ => Err(Error::new(format!(
                "state has the shape {state:?} beside {other:?}; accepted: (..., instances, bytes)"
            ))),
        }
    }

    fn range(&self, len: usize, index: usize) -> std::ops::Range<usize> {
        let size = len / self.count;
        index * size..(index + 1) * size
    }

    fn part<'a, T>(&self, all: &'a [T], index: usize) -> &'a [T] {
        &all[self.range(all.len(), index)]
    }

    fn part_mut<'a, T>(&self, all: &'a mut [T], index: usize) -> &'a mut [T] {
        let range = self.range(all.len(), index);
        &mut all[range]
    }

    fn typed_part<'a>(&self, all: Array<'a>, index: usize) -> Array<'a> {
        match all {
            Array::F32(all) => Array::F32(self.part(all, index)),
            Array::F64(all) => Array::F64(self.part(all, index)),
            Array::I16(all) => Array::I16(self.part(all, index)),
            Array::I32(all) => Array::I32(self.part(all, index)),
            Array::U8(all) => Array::U8(self.part(all, index)),
        }
    }

    fn typed_part_mut<'a>(&self, all: &'a mut ArrayMut<'_>, index: usize) -> ArrayMut<'a> {
        match all {
            ArrayMut::F32(all) => ArrayMut::F32(self.part_mut(all, index)),
            ArrayMut::F64(all) => ArrayMut::F64(self.part_mut(all, index)),
            ArrayMut::I16(all) => ArrayMut::I16(self.part_mut(all, index)),
            ArrayMut::I32(all) => ArrayMut::I32(self.part_mut(all, index)),
            ArrayMut::U8(all) => ArrayMut::U8(self.part_mut(all, index)),
        }
    }
}

fn write_typed(buffer: Buffer<'_>, dtype: Dtype) -> Result<ArrayMut<'_>, Error> {
    Ok(match dtype {
        Dtype::F32 => ArrayMut::F32(buffer.write(api::F32)?),
        Dtype::F64 => ArrayMut::F64(buffer.write(api::F64)?),
        Dtype::I16 => ArrayMut::I16(buffer.write(api::S16)?),
        Dtype::I32 => ArrayMut::I32(buffer.write(api::S32)?),
        Dtype::U8 => ArrayMut::U8(buffer.write(api::U8)?),
    })
}
