//! States outside a driver: packed rows, and saved blocks that a caller holds (XLA's buffers).
//!
//! A packed row is a header and one instance's STATE; it is what is exported and compared. Saved
//! blocks are the same states in the layout that steps fastest: for every block of
//! `Rules::LANES` instances, eight u32 arrays (layout, root (2), env_index, episode, t and the
//! episode's key (2)) in the machine's byte order, then what [`Rules::save_block`] writes. An
//! instance takes the same number of bytes in it everywhere, so that saved blocks are an array
//! (instances, saved_bytes), with instances rounded up to whole blocks. They are stepped where
//! they lie if they are aligned, as XLA's buffers are.

use crate::block::{step_block, write_masks, Context, IdsMut, OutMut, Widths};
use crate::driver::{
    check_actions, check_len, check_optional_len, check_out, context, typed_mut, Out, Tail,
};
use crate::isa::{Isa, Kernel};
use crate::rules::{Array, ArrayMut, Element, Info, Rules, HEADER_BYTES, MAX_LANES};
use crate::threefry::{env_key, Key};
use crate::Error;

/// The header's six words.
pub type Header = [u32; 6];

/// Words of a saved block's ids: the header's and the episode's key.
const ID_WORDS: usize = 8;

/// Writes a packed row's header.
pub fn write_header(header: Header, bytes: &mut [u8]) {
    for (word, bytes) in header.iter().zip(bytes.chunks_exact_mut(4)) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
}

/// Reads a packed row's header.
pub fn read_header(bytes: &[u8]) -> Header {
    std::array::from_fn(|index| u32::from_le_bytes(word_at(bytes, index)))
}

/// A word of a saved block's ids.
fn read_id(bytes: &[u8], index: usize) -> u32 {
    u32::from_ne_bytes(word_at(bytes, index))
}

fn word_at(bytes: &[u8], index: usize) -> [u8; 4] {
    let at = index * 4;
    [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]
}

/// Refuses a packed row of another layout, or one whose state cannot exist.
pub(crate) fn check_row<R: Rules>(
    rules: &R,
    info: &Info,
    spare: &mut R::Block,
    number: usize,
    row: &[u8],
) -> Result<(), Error> {
    let (head, state) = row.split_at(HEADER_BYTES);
    let header = read_header(head);
    check_layout(info, number, header[0])?;
    check_time(number, header[5])?;
    rules
        .unpack_lane(spare, 0, state)
        .map_err(|error| Error::new(format!("state row {number}: {error}")))
}

/// The next step adds one, which must not come out as a reset's 0.
fn check_time(number: usize, t: u32) -> Result<(), Error> {
    if t < u32::MAX {
        return Ok(());
    }
    Err(Error::new(format!(
        "state row {number}: t is {t}; accepted: 0 to {}",
        u32::MAX - 1
    )))
}

fn check_layout(info: &Info, number: usize, layout: u32) -> Result<(), Error> {
    if layout == info.layout_id {
        return Ok(());
    }
    Err(Error::new(format!(
        "state row {number} has layout {layout:#010x}; {} version {} has {:#010x}",
        info.name, info.version, info.layout_id
    )))
}

/// Bytes that one instance takes in saved blocks.
pub fn saved_bytes(info: &Info) -> usize {
    info.state_bytes - HEADER_BYTES + ID_WORDS * 4
}

/// Packed rows (n, state_bytes) into saved blocks; spare lanes repeat the last row.
///
/// # Errors
/// For rows of another size or layout, or a state that cannot exist.
pub fn save_rows<R: Rules>(rules: &R, rows: &[u8]) -> Result<Vec<u8>, Error> {
    let info = rules.info();
    let size = info.state_bytes;
    if rows.is_empty() || !rows.len().is_multiple_of(size) {
        return Err(Error::new(format!(
            "state rows have {} bytes; accepted: a multiple of {size}",
            rows.len()
        )));
    }
    let n = rows.len() / size;
    let mut block = rules.new_block();
    let block_bytes = saved_bytes(&info) * R::LANES;
    let mut saved = vec![0; n.div_ceil(R::LANES) * block_bytes];
    for (number, bytes) in saved.chunks_exact_mut(block_bytes).enumerate() {
        let (ids, states) = bytes.split_at_mut(ID_WORDS * 4 * R::LANES);
        for lane in 0..R::LANES {
            let index = (number * R::LANES + lane).min(n - 1);
            let row = &rows[index * size..(index + 1) * size];
            let (head, state) = row.split_at(HEADER_BYTES);
            let header = read_header(head);
            check_layout(&info, index, header[0])?;
            check_time(index, header[5])?;
            rules
                .unpack_lane(&mut block, lane, state)
                .map_err(|error| Error::new(format!("state row {index}: {error}")))?;
            let [_, root0, root1, env_index, episode, _] = header;
            let key = env_key([root0, root1], env_index, episode);
            for (word, value) in header.iter().chain(&key).enumerate() {
                let at = (word * R::LANES + lane) * 4;
                ids[at..at + 4].copy_from_slice(&value.to_ne_bytes());
            }
        }
        rules.save_block(&block, states);
    }
    Ok(saved)
}

/// Saved blocks back into `n` packed rows.
///
/// # Errors
/// For an array of another size, or a state that cannot exist.
pub fn load_rows<R: Rules>(rules: &R, saved: &[u8], n: usize) -> Result<Vec<u8>, Error> {
    let info = rules.info();
    check_saved_len::<R>(&info, saved.len(), n)?;
    let size = info.state_bytes;
    let block_bytes = saved_bytes(&info) * R::LANES;
    let mut block = rules.new_block();
    let mut rows = vec![0; n * size];
    for (number, bytes) in saved.chunks_exact(block_bytes).enumerate() {
        let (ids, states) = bytes.split_at(ID_WORDS * 4 * R::LANES);
        rules.load_block(&mut block, states)?;
        for lane in 0..R::LANES.min(n - number * R::LANES) {
            let header: Header = std::array::from_fn(|word| read_id(ids, word * R::LANES + lane));
            let index = number * R::LANES + lane;
            check_layout(&info, index, header[0])?;
            let row = &mut rows[index * size..(index + 1) * size];
            let (head, state) = row.split_at_mut(HEADER_BYTES);
            write_header(header, head);
            rules.pack_lane(&block, lane, state);
        }
    }
    Ok(rows)
}

fn check_saved_len<R: Rules>(info: &Info, len: usize, n: usize) -> Result<(), Error> {
    let accepted = n.div_ceil(R::LANES) * R::LANES * saved_bytes(info);
    if len == accepted {
        return Ok(());
    }
    Err(Error::new(format!(
        "saved state of {n} instances has {len} bytes; accepted: {accepted}"
    )))
}

/// New episodes: instances `first_index` to `first_index + n - 1` of a batch at episode 0 of
/// `root`, into `saved` and `obs` (n, obs_len).
///
/// # Errors
/// For an array of another type or size.
pub fn reset_rows<R: Rules>(
    rules: &R,
    root: Key,
    first_index: u32,
    n: usize,
    saved: &mut [u8],
    obs: ArrayMut<'_>,
) -> Result<(), Error> {
    let info = rules.info();
    let width = info.obs_len();
    check_saved_len::<R>(&info, saved.len(), n)?;
    let obs = typed_mut::<R::Obs>("obs", obs)?;
    check_len("obs", obs.len(), n * width)?;
    let mut block = rules.new_block();
    let mut spare_obs = vec![R::Obs::default(); width];
    let block_bytes = saved_bytes(&info) * R::LANES;
    for (number, bytes) in saved.chunks_exact_mut(block_bytes).enumerate() {
        let (ids, states) = bytes.split_at_mut(ID_WORDS * 4 * R::LANES);
        // Whatever the block does not fill is not to depend on what was in the memory before.
        states.fill(0);
        for lane in 0..R::LANES {
            let index = number * R::LANES + lane;
            let env_index = first_index.wrapping_add(index as u32);
            let key = env_key(root, env_index, 0);
            let obs = match index < n {
                true => &mut obs[index * width..(index + 1) * width],
                false => &mut spare_obs[..],
            };
            rules.reset_lane(&mut block, lane, key, obs);
            let header = [info.layout_id, root[0], root[1], env_index, 0, 0];
            for (word, value) in header.iter().chain(&key).enumerate() {
                let at = (word * R::LANES + lane) * 4;
                ids[at..at + 4].copy_from_slice(&value.to_ne_bytes());
            }
        }
        rules.save_block(&block, states);
    }
    Ok(())
}

/// The masks of `n` instances whose saved blocks are in `saved`; either may be empty.
///
/// # Errors
/// For an array of another size, another layout, or a state that cannot exist.
pub fn masks_rows<R: Rules>(
    rules: &R,
    n: usize,
    saved: &[u8],
    legal: &mut [u8],
    acting: &mut [u8],
) -> Result<(), Error> {
    let info = rules.info();
    let context = context(rules, &info, 0, Isa::Baseline);
    check_saved_len::<R>(&info, saved.len(), n)?;
    check_optional_len("legal", legal.len(), n * context.widths.legal)?;
    check_optional_len("acting", acting.len(), n * context.widths.players)?;
    let mut block = rules.new_block();
    let block_bytes = saved_bytes(&info) * R::LANES;
    for (number, bytes) in saved.chunks_exact(block_bytes).enumerate() {
        let (ids, states) = bytes.split_at(ID_WORDS * 4 * R::LANES);
        for lane in 0..R::LANES {
            check_layout(&info, number * R::LANES + lane, read_id(ids, lane))?;
        }
        rules.load_block(&mut block, states)?;
        let from = number * R::LANES;
        let to = (from + R::LANES).min(n);
        let part = |array: &[u8], width: usize| match array.is_empty() {
            true => 0..0,
            false => from * width..to * width,
        };
        let legal_part = part(legal, context.widths.legal);
        let acting_part = part(acting, context.widths.players);
        write_masks(
            context,
            &block,
            &mut legal[legal_part],
            &mut acting[acting_part],
        );
    }
    Ok(())
}

/// One step of `n` instances whose saved blocks are in `saved`, in place; nothing is kept.
///
/// Unlike a driver's step, it fills `final_obs` (unless that is empty) everywhere: with the
/// observation that the step led to, before any autoreset.
///
/// # Errors
/// For an array of another type or size, or an action out of range or NaN, before anything is
/// changed; for another layout, with some blocks stepped and others not.
pub fn step_rows<R: Rules>(
    rules: &R,
    max_episode_steps: u32,
    isa: Isa,
    n: usize,
    saved: &mut [u8],
    actions: Array<'_>,
    out: Out<'_>,
) -> Result<(), Error> {
    let info = rules.info();
    check_saved_len::<R>(&info, saved.len(), n)?;
    let actions = R::Action::slice(actions)
        .ok_or_else(|| Error::new(format!("actions must be {:?}", R::Action::DTYPE)))?;
    let out = check_out::<R>(&info, n, out)?;
    check_actions(&info, n, actions)?;
    let mut result = Ok(());
    isa.run(StepSaved {
        context: context(rules, &info, max_episode_steps, isa),
        info: &info,
        n,
        saved,
        actions,
        out,
        result: &mut result,
    });
    result
}

struct StepSaved<'a, R: Rules> {
    context: Context<'a, R>,
    info: &'a Info,
    n: usize,
    saved: &'a mut [u8],
    actions: &'a [R::Action],
    out: OutMut<'a, R::Obs, R::Reward>,
    result: &'a mut Result<(), Error>,
}

impl<R: Rules> Kernel for StepSaved<'_, R> {
    #[inline(always)]
    fn run(self) {
        let widths = self.context.widths;
        let mut spare = self.context.rules.new_block();
        let block_bytes = saved_bytes(self.info) * R::LANES;
        let full = self.n / R::LANES;
        let (full_bytes, tail_bytes) = self.saved.split_at_mut(full * block_bytes);
        let (actions, tail_actions) = self.actions.split_at(full * R::LANES * widths.action);
        let actions = actions.chunks_exact(R::LANES * widths.action);
        let mut rest = self.out;
        for (bytes, actions) in full_bytes.chunks_exact_mut(block_bytes).zip(actions) {
            let (mut first, others) = rest.split_at(R::LANES, widths);
            rest = others;
            let out = first.reborrow();
            let step = step_saved_block(self.context, self.info, &mut spare, bytes, actions, out);
            if step.is_err() {
                *self.result = step;
                return;
            }
            fill_final_obs(widths, &mut first);
        }
        if !tail_bytes.is_empty() {
            let out = rest.reborrow();
            *self.result = Tail::<R>::new(widths).step(tail_actions, out, |actions, out| {
                step_saved_block(
                    self.context,
                    self.info,
                    &mut spare,
                    tail_bytes,
                    actions,
                    out,
                )
            });
            fill_final_obs(widths, &mut rest);
        }
    }
}

/// Where no episode ended, `final_obs` is `obs`; copied while both are in the nearest cache.
#[inline(always)]
fn fill_final_obs<O: Element, W>(widths: Widths, out: &mut OutMut<'_, O, W>) {
    if out.final_obs.is_empty() {
        return;
    }
    let flags = || out.terminated.iter().zip(out.truncated.iter());
    if flags().fold(0, |ended, (a, b)| ended | a | b) == 0 {
        out.final_obs.copy_from_slice(out.obs);
        return;
    }
    for (lane, (terminated, truncated)) in flags().enumerate() {
        if terminated | truncated == 0 {
            let row = lane * widths.obs..(lane + 1) * widths.obs;
            out.final_obs[row.clone()].copy_from_slice(&out.obs[row]);
        }
    }
}

/// Steps one saved block of `R::LANES` instances: where it lies if it can be, else by way of
/// `spare` and a copy of the ids.
#[inline(always)]
fn step_saved_block<R: Rules>(
    context: Context<'_, R>,
    info: &Info,
    spare: &mut R::Block,
    bytes: &mut [u8],
    actions: &[R::Action],
    out: OutMut<'_, R::Obs, R::Reward>,
) -> Result<(), Error> {
    let (id_bytes, state_bytes) = bytes.split_at_mut(ID_WORDS * 4 * R::LANES);
    let in_place = R::block_in_place(state_bytes).is_some();
    let ids_in_place = bytemuck::try_cast_slice_mut::<u8, u32>(id_bytes).is_ok();
    let mut copied_ids = None;
    let ids: &mut [u32] = if ids_in_place {
        bytemuck::cast_slice_mut(id_bytes)
    } else {
        let copy = copied_ids.insert([0; ID_WORDS * MAX_LANES]);
        let copy = &mut copy[..ID_WORDS * R::LANES];
        bytemuck::cast_slice_mut(copy).copy_from_slice(id_bytes);
        copy
    };
    let (layout, ids) = ids.split_at_mut(R::LANES);
    let wrong = layout
        .iter()
        .fold(0, |wrong, layout| wrong | (layout ^ info.layout_id));
    if wrong != 0 {
        return Err(Error::new(format!(
            "a saved state has another layout; {} version {} has {:#010x}",
            info.name, info.version, info.layout_id
        )));
    }
    let block = match R::block_in_place(state_bytes) {
        Some(block) => block,
        None => {
            context.rules.load_block(spare, state_bytes)?;
            &mut *spare
        }
    };
    step_block(context, block, split_ids::<R>(ids), actions, out);
    if !in_place {
        context.rules.save_block(spare, state_bytes);
    }
    if let Some(copy) = copied_ids {
        id_bytes.copy_from_slice(bytemuck::cast_slice(&copy[..ID_WORDS * R::LANES]));
    }
    Ok(())
}

/// The seven arrays after the layout's.
#[inline(always)]
fn split_ids<R: Rules>(ids: &mut [u32]) -> IdsMut<'_> {
    let (root0, ids) = ids.split_at_mut(R::LANES);
    let (root1, ids) = ids.split_at_mut(R::LANES);
    let (env_index, ids) = ids.split_at_mut(R::LANES);
    let (episode, ids) = ids.split_at_mut(R::LANES);
    let (t, ids) = ids.split_at_mut(R::LANES);
    let (key0, ids) = ids.split_at_mut(R::LANES);
    let (key1, _) = ids.split_at_mut(R::LANES);
    IdsMut {
        root0,
        root1,
        env_index,
        episode,
        t,
        key0,
        key1,
    }
}
