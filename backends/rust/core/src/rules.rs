//! What an environment's crate implements: its rules, over blocks of lanes.

use crate::threefry::{threefry2x32_lanes, Key};
use crate::{Error, Isa};

/// Bytes of the header that starts every packed state row: layout, root (2), env_index, episode
/// and t, each a little-endian u32.
pub const HEADER_BYTES: usize = 24;

/// The largest number of lanes in a block.
pub const MAX_LANES: usize = 64;

/// Element types of observations, rewards and actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dtype {
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 16-bit signed integer.
    I16,
    /// 32-bit signed integer.
    I32,
    /// Unsigned byte.
    U8,
}

/// A borrowed array of any element type, flat.
#[derive(Debug, Clone, Copy)]
pub enum Array<'a> {
    /// 32-bit floats.
    F32(&'a [f32]),
    /// 64-bit floats.
    F64(&'a [f64]),
    /// 16-bit signed integers.
    I16(&'a [i16]),
    /// 32-bit signed integers.
    I32(&'a [i32]),
    /// Unsigned bytes.
    U8(&'a [u8]),
}

/// A mutably borrowed array of any element type, flat.
#[derive(Debug)]
pub enum ArrayMut<'a> {
    /// 32-bit floats.
    F32(&'a mut [f32]),
    /// 64-bit floats.
    F64(&'a mut [f64]),
    /// 16-bit signed integers.
    I16(&'a mut [i16]),
    /// 32-bit signed integers.
    I32(&'a mut [i32]),
    /// Unsigned bytes.
    U8(&'a mut [u8]),
}

/// A type that observations, rewards or actions are made of.
pub trait Element: Copy + Default + PartialOrd + Send + Sync + std::fmt::Display + 'static {
    /// Its name at run time.
    const DTYPE: Dtype;
    /// The array's elements, if it has this type.
    fn slice(array: Array<'_>) -> Option<&[Self]>;
    /// The same, mutably.
    fn slice_mut(array: ArrayMut<'_>) -> Option<&mut [Self]>;
    /// Whether an action element is acceptable.
    fn accepted(self, layout: ActionLayout) -> bool;
}

impl Element for f32 {
    const DTYPE: Dtype = Dtype::F32;
    fn slice(array: Array<'_>) -> Option<&[Self]> {
        match array {
            Array::F32(slice) => Some(slice),
            _ => None,
        }
    }
    fn slice_mut(array: ArrayMut<'_>) -> Option<&mut [Self]> {
        match array {
            ArrayMut::F32(slice) => Some(slice),
            _ => None,
        }
    }
    #[inline(always)]
    fn accepted(self, layout: ActionLayout) -> bool {
        // NaN fails both comparisons.
        matches!(layout, ActionLayout::Box { low, high, .. } if self >= low && self <= high)
    }
}

impl Element for f64 {
    const DTYPE: Dtype = Dtype::F64;
    fn slice(array: Array<'_>) -> Option<&[Self]> {
        match array {
            Array::F64(slice) => Some(slice),
            _ => None,
        }
    }
    fn slice_mut(array: ArrayMut<'_>) -> Option<&mut [Self]> {
        match array {
            ArrayMut::F64(slice) => Some(slice),
            _ => None,
        }
    }
    #[inline(always)]
    fn accepted(self, layout: ActionLayout) -> bool {
        matches!(layout, ActionLayout::Box { low, high, .. }
            if self >= f64::from(low) && self <= f64::from(high))
    }
}

impl Element for i16 {
    const DTYPE: Dtype = Dtype::I16;
    fn slice(array: Array<'_>) -> Option<&[Self]> {
        match array {
            Array::I16(slice) => Some(slice),
            _ => None,
        }
    }
    fn slice_mut(array: ArrayMut<'_>) -> Option<&mut [Self]> {
        match array {
            ArrayMut::I16(slice) => Some(slice),
            _ => None,
        }
    }
    #[inline(always)]
    fn accepted(self, layout: ActionLayout) -> bool {
        i32::from(self).accepted(layout)
    }
}

impl Element for i32 {
    const DTYPE: Dtype = Dtype::I32;
    fn slice(array: Array<'_>) -> Option<&[Self]> {
        match array {
            Array::I32(slice) => Some(slice),
            _ => None,
        }
    }
    fn slice_mut(array: ArrayMut<'_>) -> Option<&mut [Self]> {
        match array {
            ArrayMut::I32(slice) => Some(slice),
            _ => None,
        }
    }
    #[inline(always)]
    fn accepted(self, layout: ActionLayout) -> bool {
        matches!(layout, ActionLayout::Discrete { n } if (self as u32) < n)
    }
}

impl Element for u8 {
    const DTYPE: Dtype = Dtype::U8;
    fn slice(array: Array<'_>) -> Option<&[Self]> {
        match array {
            Array::U8(slice) => Some(slice),
            _ => None,
        }
    }
    fn slice_mut(array: ArrayMut<'_>) -> Option<&mut [Self]> {
        match array {
            ArrayMut::U8(slice) => Some(slice),
            _ => None,
        }
    }
    #[inline(always)]
    fn accepted(self, layout: ActionLayout) -> bool {
        matches!(layout, ActionLayout::Discrete { n } if u32::from(self) < n)
    }
}

/// What one player's action is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ActionLayout {
    /// An i32 from 0 to n - 1.
    Discrete {
        /// Number of actions.
        n: u32,
    },
    /// A vector of f32.
    Box {
        /// Number of elements.
        len: usize,
        /// Least value of each.
        low: f32,
        /// Greatest value of each.
        high: f32,
    },
}

impl ActionLayout {
    /// Elements of one player's action.
    pub fn len(self) -> usize {
        match self {
            ActionLayout::Discrete { .. } => 1,
            ActionLayout::Box { len, .. } => len,
        }
    }

    /// Whether an action has no elements.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Width of the mask of legal actions; 0 if actions are continuous.
    pub fn num_actions(self) -> usize {
        match self {
            ActionLayout::Discrete { n } => n as usize,
            ActionLayout::Box { .. } => 0,
        }
    }

    /// What a caller may pass, in words.
    pub fn accepted(self) -> String {
        match self {
            ActionLayout::Discrete { n } => format!("integers from 0 to {}", n - 1),
            ActionLayout::Box { low, high, .. } => format!("numbers from {low:?} to {high:?}"),
        }
    }
}

/// An environment's name, layouts and sizes.
#[derive(Debug, Clone)]
pub struct Info {
    /// Its name.
    pub name: &'static str,
    /// Rises when behaviour changes.
    pub version: u32,
    /// Identifies name, version and state layout in packed rows.
    pub layout_id: u32,
    /// Bytes of a packed state row, header included.
    pub state_bytes: usize,
    /// Number of players; arrays have a player axis if there are several.
    pub players: usize,
    /// Shape of one player's observation.
    pub obs_shape: Vec<usize>,
    /// Least value of an observation's element.
    pub obs_low: f32,
    /// Greatest value of an observation's element.
    pub obs_high: f32,
    /// One player's action.
    pub action: ActionLayout,
    /// Whether masks of legal actions change; if not, all actions are always legal.
    pub legal_varies: bool,
    /// Time limit unless a caller sets another; 0 is none.
    pub default_max_episode_steps: u32,
}

impl Info {
    /// Elements of one instance's observation, all players together.
    pub fn obs_len(&self) -> usize {
        self.players * self.obs_shape.iter().product::<usize>()
    }

    /// Elements of one instance's action, all players together.
    pub fn action_len(&self) -> usize {
        self.players * self.action.len()
    }

    /// Elements of one instance's mask of legal actions, all players together.
    pub fn legal_len(&self) -> usize {
        self.players * self.action.num_actions()
    }
}

/// A block's randomness: draw `slot` of a lane's step is threefry(env_key, (t, slot)).
#[derive(Debug, Clone, Copy)]
pub struct Draws<'a> {
    /// First words of the lanes' episode keys.
    pub key0: &'a [u32],
    /// Second words.
    pub key1: &'a [u32],
    /// Steps taken, this one included.
    pub t: &'a [u32],
}

impl Draws<'_> {
    /// The first word of one lane's draw.
    pub fn word(&self, lane: usize, slot: u32) -> u32 {
        let key = [self.key0[lane], self.key1[lane]];
        crate::threefry::threefry2x32(key, [self.t[lane], slot])[0]
    }

    /// The first words of all lanes' draws.
    ///
    /// # Panics
    /// If the block does not have `L` lanes.
    #[inline(always)]
    pub fn words<const L: usize>(&self, slot: u32) -> [u32; L] {
        let lanes = "a block of L lanes";
        threefry2x32_lanes(
            self.key0.try_into().expect(lanes),
            self.key1.try_into().expect(lanes),
            self.t.try_into().expect(lanes),
            &[slot; L],
        )
        .0
    }
}

/// Where a block's step writes: `Rules::LANES` instances, flat, lane by lane.
#[derive(Debug)]
pub struct BlockOut<'a, O, W = f32> {
    /// (lanes, obs_len); or empty, where [`Rules::OBS_OPTIONAL`]
    pub obs: &'a mut [O],
    /// (lanes, players)
    pub reward: &'a mut [W],
    /// (lanes,) 0 or 1
    pub terminated: &'a mut [u8],
    /// (lanes,) 0 or 1; all 0 when the step is called
    pub truncated: &'a mut [u8],
}

/// The rules of one environment under given parameters.
///
/// A block holds the state of `LANES` instances, in whatever layout steps fastest. Rules never
/// allocate while stepping, never reset an instance by themselves, and know no batch.
pub trait Rules: Send + Sync + Sized + 'static {
    /// Element type of observations.
    type Obs: Element;
    /// Element type of rewards: f32, or f64 where the rules compute in double precision.
    type Reward: Element;
    /// Element type of actions: i32 if discrete, f32 if continuous.
    type Action: Element;
    /// The state of `LANES` instances.
    type Block: Clone + Send + Sync;
    /// Instances in a block, at most [`MAX_LANES`].
    const LANES: usize;

    /// Whether `step_block` and `reset_lane` take an empty `obs`, and then observe nothing.
    const OBS_OPTIONAL: bool = false;

    /// The least number of blocks worth handing to another thread.
    const MIN_BLOCKS_A_THREAD: usize = 8;

    /// Names, layouts and sizes.
    fn info(&self) -> Info;

    /// A block whose lanes are all to be reset or unpacked before use.
    fn new_block(&self) -> Self::Block;

    /// A new episode in one lane; `obs` is its first observation.
    fn reset_lane(&self, block: &mut Self::Block, lane: usize, key: Key, obs: &mut [Self::Obs]);

    /// One step of every lane. `actions` is (lanes, action_len), checked beforehand.
    ///
    /// Implementations are `#[inline(always)]`, to be compiled for each instruction set.
    fn step_block(
        &self,
        block: &mut Self::Block,
        draws: Draws<'_>,
        actions: &[Self::Action],
        out: BlockOut<'_, Self::Obs, Self::Reward>,
    );

    /// The same, told what it is compiled for. Rules that are too long to be compiled at every
    /// place that steps a block override this and send the work through [`Isa::run`].
    #[inline(always)]
    fn step_block_on(
        &self,
        _isa: Isa,
        block: &mut Self::Block,
        draws: Draws<'_>,
        actions: &[Self::Action],
        out: BlockOut<'_, Self::Obs, Self::Reward>,
    ) {
        self.step_block(block, draws, actions, out);
    }

    /// Masks of legal actions, (players, actions), 0 or 1.
    fn legal_lane(&self, _block: &Self::Block, _lane: usize, legal: &mut [u8]) {
        legal.fill(1);
    }

    /// Which players must choose now, 0 or 1.
    fn acting_lane(&self, _block: &Self::Block, _lane: usize, acting: &mut [u8]) {
        acting.fill(1);
    }

    /// Writes one lane's STATE, packed, without the header.
    fn pack_lane(&self, block: &Self::Block, lane: usize, state: &mut [u8]);

    /// Reads what `pack_lane` wrote.
    ///
    /// # Errors
    /// If no such state can exist; the lane is then left as it was.
    fn unpack_lane(&self, block: &mut Self::Block, lane: usize, state: &[u8]) -> Result<(), Error>;

    /// The block that `bytes`, written by [`Rules::save_block`], start with, if it can be stepped
    /// where it lies: a block is plain numbers and the bytes are aligned as it is. None, unless
    /// overridden for speed, sends them through [`Rules::load_block`] and `save_block`.
    #[inline(always)]
    fn block_in_place(_bytes: &mut [u8]) -> Option<&mut Self::Block> {
        None
    }

    /// Writes a whole block into the room of `LANES` packed states, in any order that
    /// [`Rules::load_block`] reads; lane by lane unless overridden for speed. A block that is
    /// smaller, for it holds in single precision what rows carry in double, leaves the rest alone.
    #[inline(always)]
    fn save_block(&self, block: &Self::Block, bytes: &mut [u8]) {
        let size = bytes.len() / Self::LANES;
        for (lane, state) in bytes.chunks_exact_mut(size).enumerate() {
            self.pack_lane(block, lane, state);
        }
    }

    /// Reads what `save_block` wrote. Other bytes are refused or taken as some state, in which
    /// stepping goes on without a panic.
    ///
    /// # Errors
    /// If no such state can exist, as far as an implementation looks.
    #[inline(always)]
    fn load_block(&self, block: &mut Self::Block, bytes: &[u8]) -> Result<(), Error> {
        let size = bytes.len() / Self::LANES;
        for (lane, state) in bytes.chunks_exact(size).enumerate() {
            self.unpack_lane(block, lane, state)?;
        }
        Ok(())
    }
}
