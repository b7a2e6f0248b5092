//! A batch of one environment that holds its own state: what the Python classes wrap.

use crate::block::{write_masks, Chunk, Context, Ids, OutMut, StepChunk, Widths};
use crate::isa::Isa;
use crate::pool::Pool;
use crate::rules::{Array, ArrayMut, Dtype, Element, Info, Rules, HEADER_BYTES};
use crate::threefry::Key;
use crate::{rows, Error};

/// Where a batch's step writes. Arrays are flat, sized exactly as [`OutMut`] says.
#[derive(Debug)]
pub struct Out<'a> {
    /// (n, obs_len), or empty if unwanted, where [`Rules::OBS_OPTIONAL`]
    pub obs: ArrayMut<'a>,
    /// (n, obs_len), written only where an episode ended, or empty if unwanted
    pub final_obs: ArrayMut<'a>,
    /// (n, players)
    pub reward: ArrayMut<'a>,
    /// (n,)
    pub terminated: &'a mut [u8],
    /// (n,)
    pub truncated: &'a mut [u8],
    /// (n, players, actions), or empty if unwanted
    pub legal: &'a mut [u8],
    /// (n, players), or empty if unwanted
    pub acting: &'a mut [u8],
}

/// A batch of any environment.
///
/// Every method checks what it is given before it changes anything; results depend neither on
/// the batch's size, nor on a lane, nor on the number of threads or the instruction set.
pub trait BatchEnv: Send + Sync {
    /// Names, layouts and sizes.
    fn info(&self) -> &Info;
    /// Instances.
    fn num_envs(&self) -> usize;
    /// Threads that a step uses.
    fn threads(&self) -> usize;
    /// Element type of observations.
    fn obs_dtype(&self) -> Dtype;
    /// Element type of rewards.
    fn reward_dtype(&self) -> Dtype;
    /// The time limit; 0 is none.
    fn max_episode_steps(&self) -> u32;
    /// Starts instances (all if `indices` is None) at episode 0 of `root`; their rows of `obs`,
    /// which is that of the whole batch, are written.
    ///
    /// # Errors
    /// For an array of another type or size, or an index out of range.
    fn reset(
        &mut self,
        root: Key,
        indices: Option<&[usize]>,
        obs: ArrayMut<'_>,
    ) -> Result<(), Error>;
    /// One step of every instance.
    ///
    /// # Errors
    /// For an array of another type or size, or an action out of range or NaN.
    fn step(&mut self, actions: Array<'_>, out: Out<'_>) -> Result<(), Error>;
    /// The masks as they are now; either may be empty.
    ///
    /// # Errors
    /// For an array of another size.
    fn masks(&self, legal: &mut [u8], acting: &mut [u8]) -> Result<(), Error>;
    /// Packed rows of chosen instances, (n, state_bytes).
    ///
    /// # Errors
    /// For an array of another size, or an index out of range.
    fn export_state(&self, indices: Option<&[usize]>, rows: &mut [u8]) -> Result<(), Error>;
    /// Restores chosen instances from packed rows: all of them or, on an error, none.
    ///
    /// # Errors
    /// For rows of another size or layout, a state that cannot exist, an index out of range.
    fn import_state(&mut self, indices: Option<&[usize]>, rows: &[u8]) -> Result<(), Error>;
    /// An independent copy in the same state.
    ///
    /// # Errors
    /// If there is no memory, or threads cannot be started.
    fn clone_box(&self) -> Result<Box<dyn BatchEnv>, Error>;
}

/// [`BatchEnv`] over any [`Rules`].
pub struct Driver<R: Rules> {
    rules: R,
    info: Info,
    num_envs: usize,
    max_episode_steps: u32,
    isa: Isa,
    threads: usize,
    /// Global index of the first instance.
    first_index: u32,
    /// Workers beside the calling thread; None for a single thread.
    pool: Option<Pool>,
    /// The last block may be partly unused; its spare lanes are instances that nobody sees.
    blocks: Vec<R::Block>,
    ids: Ids,
    tail: Tail<R>,
}

/// Full-width arrays for a last block that is not full.
#[derive(Clone)]
pub(crate) struct Tail<R: Rules> {
    actions: Vec<R::Action>,
    obs: Vec<R::Obs>,
    final_obs: Vec<R::Obs>,
    reward: Vec<R::Reward>,
    terminated: Vec<u8>,
    truncated: Vec<u8>,
    legal: Vec<u8>,
    acting: Vec<u8>,
}

impl<R: Rules> Tail<R> {
    pub(crate) fn new(widths: Widths) -> Self {
        Tail {
            actions: vec![R::Action::default(); R::LANES * widths.action],
            obs: vec![R::Obs::default(); R::LANES * widths.obs],
            final_obs: vec![R::Obs::default(); R::LANES * widths.obs],
            reward: vec![R::Reward::default(); R::LANES * widths.players],
            terminated: vec![0; R::LANES],
            truncated: vec![0; R::LANES],
            legal: vec![0; R::LANES * widths.legal],
            acting: vec![0; R::LANES * widths.players],
        }
    }

    /// Runs `step` on these arrays and copies the lanes that are in use to `out`. Spare lanes
    /// are given whatever actions were legal last time: nobody sees what they do.
    pub(crate) fn step(
        &mut self,
        actions: &[R::Action],
        out: OutMut<'_, R::Obs, R::Reward>,
        step: impl FnOnce(&[R::Action], OutMut<'_, R::Obs, R::Reward>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.actions[..actions.len()].copy_from_slice(actions);
        let wanted = |array: &[u8], like: &[u8]| if like.is_empty() { 0 } else { array.len() };
        let legal = wanted(&self.legal, out.legal);
        let acting = wanted(&self.acting, out.acting);
        let no_obs = R::OBS_OPTIONAL && out.obs.is_empty();
        let observed = if no_obs { 0 } else { self.obs.len() };
        step(
            &self.actions,
            OutMut {
                obs: &mut self.obs[..observed],
                final_obs: &mut self.final_obs,
                reward: &mut self.reward,
                terminated: &mut self.terminated,
                truncated: &mut self.truncated,
                legal: &mut self.legal[..legal],
                acting: &mut self.acting[..acting],
            },
        )?;
        let live = out.terminated.len();
        let obs_len = out.obs.len() / live;
        for lane in 0..live {
            let ended = self.terminated[lane] | self.truncated[lane] != 0;
            if ended && !out.final_obs.is_empty() && !no_obs {
                let row = lane * obs_len..(lane + 1) * obs_len;
                out.final_obs[row.clone()].copy_from_slice(&self.final_obs[row]);
            }
        }
        copy_start(&self.obs, out.obs);
        copy_start(&self.reward, out.reward);
        copy_start(&self.terminated, out.terminated);
        copy_start(&self.truncated, out.truncated);
        copy_start(&self.legal, out.legal);
        copy_start(&self.acting, out.acting);
        Ok(())
    }
}

/// The largest batch: a slip of the pen must not take all of a machine's memory.
pub const MAX_ENVS: usize = 1 << 24;

impl<R: Rules + Clone> Driver<R> {
    /// A batch of `num_envs` instances, all reset under seed 0.
    ///
    /// # Errors
    /// If `num_envs` or `threads` is 0 or absurd, there is no memory, or threads cannot be
    /// started.
    pub fn new(
        rules: R,
        num_envs: usize,
        threads: usize,
        max_episode_steps: Option<u32>,
        isa: Isa,
    ) -> Result<Self, Error> {
        check_range("num_envs", num_envs, MAX_ENVS)?;
        check_range("threads", threads, 1024)?;
        let info = rules.info();
        let widths = Widths::of(&info);
        let num_blocks = num_envs.div_ceil(R::LANES);
        let lanes = num_blocks * R::LANES;
        let mut driver = Driver {
            blocks: filled(rules.new_block(), num_blocks)?,
            ids: Ids::try_new(lanes)?,
            tail: Tail::new(widths),
            pool: pool(threads)?,
            max_episode_steps: max_episode_steps.unwrap_or(info.default_max_episode_steps),
            rules,
            info,
            num_envs,
            isa,
            threads,
            first_index: 0,
        };
        driver.reset_all();
        Ok(driver)
    }

    /// The same, as instances `first_index` onwards of a larger batch.
    ///
    /// # Errors
    /// If an index does not fit into 32 bits.
    pub fn starting_at(mut self, first_index: u32) -> Result<Self, Error> {
        let highest = u32::MAX - (self.num_envs - 1) as u32;
        if first_index > highest {
            return Err(Error::new(format!(
                "first_index is {first_index}; accepted: an integer from 0 to {highest}"
            )));
        }
        self.first_index = first_index;
        self.reset_all();
        Ok(self)
    }

    /// Resets every lane, the spare ones too, under seed 0.
    fn reset_all(&mut self) {
        let mut obs = vec![R::Obs::default(); self.info.obs_len()];
        for index in 0..self.blocks.len() * R::LANES {
            self.reset_one([0, 0], index, &mut obs);
        }
    }

    fn reset_one(&mut self, root: Key, index: usize, obs: &mut [R::Obs]) {
        let env_index = self.first_index.wrapping_add(index as u32);
        let key = self.ids.as_mut().set(index, root, env_index, 0, 0);
        let (block, lane) = (index / R::LANES, index % R::LANES);
        self.rules
            .reset_lane(&mut self.blocks[block], lane, key, obs);
    }

    /// The instances meant by `indices`, checked.
    fn chosen(&self, indices: Option<&[usize]>) -> Result<Vec<usize>, Error> {
        let Some(indices) = indices else {
            return Ok((0..self.num_envs).collect());
        };
        if let Some(index) = indices.iter().find(|&&index| index >= self.num_envs) {
            return Err(Error::new(format!(
                "index {index} is out of range; accepted: integers from 0 to {}",
                self.num_envs - 1
            )));
        }
        let mut sorted = indices.to_vec();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Error::new(
                "an index is given twice; accepted: distinct indices",
            ));
        }
        Ok(indices.to_vec())
    }

    /// Steps the blocks that are full, over all threads.
    fn step_full(
        &mut self,
        full: usize,
        actions: &[R::Action],
        out: OutMut<'_, R::Obs, R::Reward>,
    ) {
        let context = context(&self.rules, &self.info, self.max_episode_steps, self.isa);
        let (ids, _) = self.ids.as_mut().split_at(full * R::LANES);
        let chunk = Chunk {
            blocks: &mut self.blocks[..full],
            ids,
            actions,
            out,
        };
        let pieces = self.threads.min(full / R::MIN_BLOCKS_A_THREAD).max(1);
        if pieces > 1 && !self.pool.as_ref().is_some_and(Pool::is_of_this_process) {
            // A child of a fork has none of its parent's threads. The old pool is left as it is:
            // its locks may be held by threads that are not there to release them.
            std::mem::forget(self.pool.take());
            self.pool = pool(self.threads).unwrap_or(None);
        }
        let isa = self.isa;
        let step = |chunk| isa.run(StepChunk { context, chunk });
        match &mut self.pool {
            Some(pool) if pieces > 1 => {
                let size = full / pieces;
                let (last, mut rest) = chunk.split_at(full - size * (pieces - 1), context.widths);
                let parts = (1..pieces).map(|_| {
                    let all = std::mem::replace(&mut rest, Chunk::empty());
                    let (first, others) = all.split_at(size, context.widths);
                    rest = others;
                    first
                });
                pool.run(parts, last, step);
            }
            _ => step(chunk),
        }
    }

    /// Steps the last block, if it is not full, by way of full-width arrays.
    fn step_tail(
        &mut self,
        actions: &[R::Action],
        out: OutMut<'_, R::Obs, R::Reward>,
    ) -> Result<(), Error> {
        let full = self.blocks.len() - 1;
        let (_, ids) = self.ids.as_mut().split_at(full * R::LANES);
        let context = context(&self.rules, &self.info, self.max_episode_steps, self.isa);
        let (isa, blocks) = (self.isa, &mut self.blocks[full..]);
        self.tail.step(actions, out, |actions, out| {
            let chunk = Chunk {
                blocks,
                ids,
                actions,
                out,
            };
            isa.run(StepChunk { context, chunk });
            Ok(())
        })
    }
}

impl<R: Rules + Clone> BatchEnv for Driver<R> {
    fn info(&self) -> &Info {
        &self.info
    }

    fn num_envs(&self) -> usize {
        self.num_envs
    }

    fn threads(&self) -> usize {
        self.threads
    }

    fn obs_dtype(&self) -> Dtype {
        R::Obs::DTYPE
    }

    fn reward_dtype(&self) -> Dtype {
        R::Reward::DTYPE
    }

    fn max_episode_steps(&self) -> u32 {
        self.max_episode_steps
    }

    fn reset(
        &mut self,
        root: Key,
        indices: Option<&[usize]>,
        obs: ArrayMut<'_>,
    ) -> Result<(), Error> {
        let width = self.info.obs_len();
        let obs = typed_mut::<R::Obs>("obs", obs)?;
        check_len("obs", obs.len(), self.num_envs * width)?;
        let chosen = self.chosen(indices)?;
        for index in chosen {
            self.reset_one(root, index, &mut obs[index * width..(index + 1) * width]);
        }
        Ok(())
    }

    fn step(&mut self, actions: Array<'_>, out: Out<'_>) -> Result<(), Error> {
        let actions = R::Action::slice(actions)
            .ok_or_else(|| Error::new(format!("actions must be {:?}", R::Action::DTYPE)))?;
        let out = check_out::<R>(&self.info, self.num_envs, out)?;
        check_actions(&self.info, self.num_envs, actions)?;
        let full = self.num_envs / R::LANES;
        let widths = Widths::of(&self.info);
        let (actions, tail_actions) = actions.split_at(full * R::LANES * widths.action);
        let (out, tail_out) = out.split_at(full * R::LANES, widths);
        self.step_full(full, actions, out);
        if full < self.blocks.len() {
            self.step_tail(tail_actions, tail_out)?;
        }
        Ok(())
    }

    fn masks(&self, legal: &mut [u8], acting: &mut [u8]) -> Result<(), Error> {
        let widths = Widths::of(&self.info);
        check_optional_len("legal", legal.len(), self.num_envs * widths.legal)?;
        check_optional_len("acting", acting.len(), self.num_envs * widths.players)?;
        let context = context(&self.rules, &self.info, self.max_episode_steps, self.isa);
        for (index, block) in self.blocks.iter().enumerate() {
            let from = index * R::LANES;
            let to = (from + R::LANES).min(self.num_envs);
            let part = |array: &[u8], width: usize| match array.is_empty() {
                true => 0..0,
                false => from * width..to * width,
            };
            let (legal_part, acting_part) =
                (part(legal, widths.legal), part(acting, widths.players));
            write_masks(
                context,
                block,
                &mut legal[legal_part],
                &mut acting[acting_part],
            );
        }
        Ok(())
    }

    fn export_state(&self, indices: Option<&[usize]>, rows: &mut [u8]) -> Result<(), Error> {
        let chosen = self.chosen(indices)?;
        let size = self.info.state_bytes;
        check_len("rows", rows.len(), chosen.len() * size)?;
        for (row, index) in rows.chunks_exact_mut(size).zip(chosen) {
            let header = [
                self.info.layout_id,
                self.ids.root0[index],
                self.ids.root1[index],
                self.ids.env_index[index],
                self.ids.episode[index],
                self.ids.t[index],
            ];
            let (head, state) = row.split_at_mut(HEADER_BYTES);
            rows::write_header(header, head);
            let (block, lane) = (index / R::LANES, index % R::LANES);
            self.rules.pack_lane(&self.blocks[block], lane, state);
        }
        Ok(())
    }

    fn import_state(&mut self, indices: Option<&[usize]>, rows: &[u8]) -> Result<(), Error> {
        let chosen = self.chosen(indices)?;
        let size = self.info.state_bytes;
        check_len("rows", rows.len(), chosen.len() * size)?;
        // A trial in a spare block first, so that a refused row leaves everything as it was.
        let mut trial = self.rules.new_block();
        for (number, row) in rows.chunks_exact(size).enumerate() {
            rows::check_row(&self.rules, &self.info, &mut trial, number, row)?;
        }
        for (row, index) in rows.chunks_exact(size).zip(chosen) {
            let (head, state) = row.split_at(HEADER_BYTES);
            let [_, root0, root1, env_index, episode, t] = rows::read_header(head);
            let (block, lane) = (index / R::LANES, index % R::LANES);
            self.rules
                .unpack_lane(&mut self.blocks[block], lane, state)?;
            self.ids
                .as_mut()
                .set(index, [root0, root1], env_index, episode, t);
        }
        Ok(())
    }

    fn clone_box(&self) -> Result<Box<dyn BatchEnv>, Error> {
        Ok(Box::new(Driver {
            rules: self.rules.clone(),
            info: self.info.clone(),
            num_envs: self.num_envs,
            max_episode_steps: self.max_episode_steps,
            isa: self.isa,
            threads: self.threads,
            first_index: self.first_index,
            pool: pool(self.threads)?,
            blocks: self.blocks.clone(),
            ids: self.ids.clone(),
            tail: self.tail.clone(),
        }))
    }
}

/// Workers for all but the calling thread.
fn pool(threads: usize) -> Result<Option<Pool>, Error> {
    (threads > 1).then(|| Pool::new(threads)).transpose()
}

/// `len` clones of `value`.
///
/// # Errors
/// If there is no memory for them.
pub(crate) fn filled<T: Clone>(value: T, len: usize) -> Result<Vec<T>, Error> {
    let mut values = Vec::new();
    values
        .try_reserve_exact(len)
        .map_err(|_| Error::new(format!("there is no memory for {len} instances")))?;
    values.resize(len, value);
    Ok(values)
}

/// What a step needs to know beside the states.
pub(crate) fn context<'a, R: Rules>(
    rules: &'a R,
    info: &Info,
    max_episode_steps: u32,
    isa: Isa,
) -> Context<'a, R> {
    Context {
        rules,
        widths: Widths::of(info),
        legal_varies: info.legal_varies,
        max_episode_steps,
        isa,
    }
}

/// The output arrays with their types and sizes checked.
pub(crate) fn check_out<'a, R: Rules>(
    info: &Info,
    n: usize,
    out: Out<'a>,
) -> Result<OutMut<'a, R::Obs, R::Reward>, Error> {
    let widths = Widths::of(info);
    let obs = typed_mut::<R::Obs>("obs", out.obs)?;
    let final_obs = typed_mut::<R::Obs>("final_obs", out.final_obs)?;
    match R::OBS_OPTIONAL {
        true => check_optional_len("obs", obs.len(), n * widths.obs)?,
        false => check_len("obs", obs.len(), n * widths.obs)?,
    }
    check_optional_len("final_obs", final_obs.len(), n * widths.obs)?;
    let reward = typed_mut::<R::Reward>("reward", out.reward)?;
    check_len("reward", reward.len(), n * widths.players)?;
    check_len("terminated", out.terminated.len(), n)?;
    check_len("truncated", out.truncated.len(), n)?;
    check_optional_len("legal", out.legal.len(), n * widths.legal)?;
    check_optional_len("acting", out.acting.len(), n * widths.players)?;
    Ok(OutMut {
        obs,
        final_obs,
        reward,
        terminated: out.terminated,
        truncated: out.truncated,
        legal: out.legal,
        acting: out.acting,
    })
}

/// Refuses a batch of actions before any instance is stepped.
pub(crate) fn check_actions<A: Element>(info: &Info, n: usize, actions: &[A]) -> Result<(), Error> {
    check_len("actions", actions.len(), n * info.action_len())?;
    let layout = info.action;
    // One pass without branches, which the compiler turns into vector code; then the culprit.
    let good = actions
        .iter()
        .fold(true, |good, action| good & action.accepted(layout));
    if good {
        return Ok(());
    }
    let bad = actions
        .iter()
        .position(|action| !action.accepted(layout))
        .unwrap_or(0);
    Err(Error::new(format!(
        "action {bad} is {}; accepted: {}",
        actions[bad],
        layout.accepted()
    )))
}

pub(crate) fn typed_mut<'a, E: Element>(
    name: &str,
    array: ArrayMut<'a>,
) -> Result<&'a mut [E], Error> {
    E::slice_mut(array).ok_or_else(|| Error::new(format!("{name} must be {:?}", E::DTYPE)))
}

pub(crate) fn check_len(name: &str, len: usize, accepted: usize) -> Result<(), Error> {
    if len == accepted {
        return Ok(());
    }
    Err(Error::new(format!(
        "{name} has {len} elements; accepted: {accepted}"
    )))
}

pub(crate) fn check_optional_len(name: &str, len: usize, accepted: usize) -> Result<(), Error> {
    if len == 0 {
        return Ok(());
    }
    check_len(name, len, accepted)
}

fn check_range(name: &str, value: usize, high: usize) -> Result<(), Error> {
    if (1..=high).contains(&value) {
        return Ok(());
    }
    Err(Error::new(format!(
        "{name} is {value}; accepted: an integer from 1 to {high}"
    )))
}

fn copy_start<T: Copy>(from: &[T], to: &mut [T]) {
    to.copy_from_slice(&from[..to.len()]);
}
