//! Stepping blocks: time, autoreset and time limit, the same for every environment and for both
//! ways of holding state (a [`crate::Driver`], or saved blocks in a caller's buffer).

use crate::driver::filled;
use crate::isa::{Isa, Kernel};
use crate::rules::{BlockOut, Draws, Info, Rules};
use crate::threefry::{env_key, Key};
use crate::Error;

/// Where each instance stands in the randomness: structure of arrays, one entry a lane.
#[derive(Debug, Clone, Default)]
pub struct Ids {
    /// Root key, first words.
    pub root0: Vec<u32>,
    /// Root key, second words.
    pub root1: Vec<u32>,
    /// Global index in the batch.
    pub env_index: Vec<u32>,
    /// Episodes count from 0.
    pub episode: Vec<u32>,
    /// Steps taken in this episode.
    pub t: Vec<u32>,
    /// Key of this episode, first words; follows from the above.
    pub key0: Vec<u32>,
    /// Key of this episode, second words.
    pub key1: Vec<u32>,
}

impl Ids {
    /// `lanes` entries, all zero.
    ///
    /// # Errors
    /// If there is no memory for them.
    pub fn try_new(lanes: usize) -> Result<Self, Error> {
        let zeros = || filled(0, lanes);
        Ok(Ids {
            root0: zeros()?,
            root1: zeros()?,
            env_index: zeros()?,
            episode: zeros()?,
            t: zeros()?,
            key0: zeros()?,
            key1: zeros()?,
        })
    }

    /// All entries, mutably.
    pub fn as_mut(&mut self) -> IdsMut<'_> {
        IdsMut {
            root0: &mut self.root0,
            root1: &mut self.root1,
            env_index: &mut self.env_index,
            episode: &mut self.episode,
            t: &mut self.t,
            key0: &mut self.key0,
            key1: &mut self.key1,
        }
    }
}

/// A part of [`Ids`], mutably.
#[derive(Debug)]
pub struct IdsMut<'a> {
    /// See [`Ids`], as the fields below.
    pub root0: &'a mut [u32],
    #[allow(missing_docs)]
    pub root1: &'a mut [u32],
    #[allow(missing_docs)]
    pub env_index: &'a mut [u32],
    #[allow(missing_docs)]
    pub episode: &'a mut [u32],
    #[allow(missing_docs)]
    pub t: &'a mut [u32],
    #[allow(missing_docs)]
    pub key0: &'a mut [u32],
    #[allow(missing_docs)]
    pub key1: &'a mut [u32],
}

impl<'a> IdsMut<'a> {
    /// The entries before and from `mid`.
    #[inline(always)]
    pub fn split_at(self, mid: usize) -> (IdsMut<'a>, IdsMut<'a>) {
        let (root0, root0_rest) = self.root0.split_at_mut(mid);
        let (root1, root1_rest) = self.root1.split_at_mut(mid);
        let (env_index, env_index_rest) = self.env_index.split_at_mut(mid);
        let (episode, episode_rest) = self.episode.split_at_mut(mid);
        let (t, t_rest) = self.t.split_at_mut(mid);
        let (key0, key0_rest) = self.key0.split_at_mut(mid);
        let (key1, key1_rest) = self.key1.split_at_mut(mid);
        (
            IdsMut {
                root0,
                root1,
                env_index,
                episode,
                t,
                key0,
                key1,
            },
            IdsMut {
                root0: root0_rest,
                root1: root1_rest,
                env_index: env_index_rest,
                episode: episode_rest,
                t: t_rest,
                key0: key0_rest,
                key1: key1_rest,
            },
        )
    }

    /// Sets where one lane stands and derives its episode's key.
    pub fn set(&mut self, lane: usize, root: Key, env_index: u32, episode: u32, t: u32) -> Key {
        let key = env_key(root, env_index, episode);
        [self.root0[lane], self.root1[lane]] = root;
        self.env_index[lane] = env_index;
        self.episode[lane] = episode;
        self.t[lane] = t;
        [self.key0[lane], self.key1[lane]] = key;
        key
    }

    /// Moves one lane on to its next episode; that episode's key.
    fn next_episode(&mut self, lane: usize) -> Key {
        let root = [self.root0[lane], self.root1[lane]];
        let episode = self.episode[lane].wrapping_add(1);
        self.set(lane, root, self.env_index[lane], episode, 0)
    }
}

/// Where a step writes, flat, instance by instance. `final_obs`, `legal`, `acting` and, where
/// [`Rules::OBS_OPTIONAL`], `obs` may be empty: unwanted.
#[derive(Debug)]
pub struct OutMut<'a, O, W> {
    /// (n, obs_len): the new episode's first where one ended.
    pub obs: &'a mut [O],
    /// (n, obs_len): the old episode's last, written only where one ended; or empty
    pub final_obs: &'a mut [O],
    /// (n, players)
    pub reward: &'a mut [W],
    /// (n,) 0 or 1
    pub terminated: &'a mut [u8],
    /// (n,) 0 or 1, never together with `terminated`
    pub truncated: &'a mut [u8],
    /// (n, players, actions) 0 or 1, or empty
    pub legal: &'a mut [u8],
    /// (n, players) 0 or 1, or empty
    pub acting: &'a mut [u8],
}

/// Elements of one instance's share of each array.
#[derive(Debug, Clone, Copy)]
pub struct Widths {
    /// Observation, all players.
    pub obs: usize,
    /// Action, all players.
    pub action: usize,
    /// Mask of legal actions, all players.
    pub legal: usize,
    /// Rewards and acting flags.
    pub players: usize,
}

impl Widths {
    /// Those of an environment.
    pub fn of(info: &Info) -> Self {
        Widths {
            obs: info.obs_len(),
            action: info.action_len(),
            legal: info.legal_len(),
            players: info.players,
        }
    }
}

impl<'a, O, W> OutMut<'a, O, W> {
    /// The same arrays for a shorter time.
    #[inline(always)]
    pub fn reborrow(&mut self) -> OutMut<'_, O, W> {
        OutMut {
            obs: self.obs,
            final_obs: self.final_obs,
            reward: self.reward,
            terminated: self.terminated,
            truncated: self.truncated,
            legal: self.legal,
            acting: self.acting,
        }
    }

    /// The parts before and from instance `mid`.
    #[inline(always)]
    pub fn split_at(self, mid: usize, widths: Widths) -> (OutMut<'a, O, W>, OutMut<'a, O, W>) {
        let legal_mid = if self.legal.is_empty() {
            0
        } else {
            mid * widths.legal
        };
        let acting_mid = if self.acting.is_empty() {
            0
        } else {
            mid * widths.players
        };
        let final_mid = if self.final_obs.is_empty() {
            0
        } else {
            mid * widths.obs
        };
        let obs_mid = if self.obs.is_empty() {
            0
        } else {
            mid * widths.obs
        };
        let (obs, obs_rest) = self.obs.split_at_mut(obs_mid);
        let (final_obs, final_obs_rest) = self.final_obs.split_at_mut(final_mid);
        let (reward, reward_rest) = self.reward.split_at_mut(mid * widths.players);
        let (terminated, terminated_rest) = self.terminated.split_at_mut(mid);
        let (truncated, truncated_rest) = self.truncated.split_at_mut(mid);
        let (legal, legal_rest) = self.legal.split_at_mut(legal_mid);
        let (acting, acting_rest) = self.acting.split_at_mut(acting_mid);
        (
            OutMut {
                obs,
                final_obs,
                reward,
                terminated,
                truncated,
                legal,
                acting,
            },
            OutMut {
                obs: obs_rest,
                final_obs: final_obs_rest,
                reward: reward_rest,
                terminated: terminated_rest,
                truncated: truncated_rest,
                legal: legal_rest,
                acting: acting_rest,
            },
        )
    }
}

/// What stays the same over a batch's step.
#[derive(Debug)]
pub struct Context<'a, R> {
    /// The environment.
    pub rules: &'a R,
    /// Sizes of an instance's share of each array.
    pub widths: Widths,
    /// Whether masks of legal actions change; if not, all actions are always legal.
    pub legal_varies: bool,
    /// Truncates episodes; 0 never does.
    pub max_episode_steps: u32,
    /// What this is compiled for.
    pub isa: Isa,
}

impl<R> Clone for Context<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Context<'_, R> {}

/// Whole blocks and everything that belongs to their lanes.
pub struct Chunk<'a, R: Rules> {
    /// The states.
    pub blocks: &'a mut [R::Block],
    /// Lanes of all blocks.
    pub ids: IdsMut<'a>,
    /// (lanes, action_len)
    pub actions: &'a [R::Action],
    /// Lanes of all blocks.
    pub out: OutMut<'a, R::Obs, R::Reward>,
}

impl<'a, R: Rules> Chunk<'a, R> {
    /// No blocks.
    pub fn empty() -> Self {
        Chunk {
            blocks: &mut [],
            ids: IdsMut {
                root0: &mut [],
                root1: &mut [],
                env_index: &mut [],
                episode: &mut [],
                t: &mut [],
                key0: &mut [],
                key1: &mut [],
            },
            actions: &[],
            out: OutMut {
                obs: &mut [],
                final_obs: &mut [],
                reward: &mut [],
                terminated: &mut [],
                truncated: &mut [],
                legal: &mut [],
                acting: &mut [],
            },
        }
    }

    /// The blocks before and from `mid`.
    #[inline(always)]
    pub fn split_at(self, mid: usize, widths: Widths) -> (Chunk<'a, R>, Chunk<'a, R>) {
        let (blocks, blocks_rest) = self.blocks.split_at_mut(mid);
        let (ids, ids_rest) = self.ids.split_at(mid * R::LANES);
        let (actions, actions_rest) = self.actions.split_at(mid * R::LANES * widths.action);
        let (out, out_rest) = self.out.split_at(mid * R::LANES, widths);
        (
            Chunk {
                blocks,
                ids,
                actions,
                out,
            },
            Chunk {
                blocks: blocks_rest,
                ids: ids_rest,
                actions: actions_rest,
                out: out_rest,
            },
        )
    }
}

/// Steps every block of a chunk, as [`crate::Isa::run`] takes it.
pub struct StepChunk<'a, R: Rules> {
    /// What stays the same.
    pub context: Context<'a, R>,
    /// What changes.
    pub chunk: Chunk<'a, R>,
}

impl<R: Rules> Kernel for StepChunk<'_, R> {
    #[inline(always)]
    fn run(self) {
        let Chunk {
            blocks,
            ids,
            actions,
            out,
        } = self.chunk;
        let widths = self.context.widths;
        for (index, block) in blocks.iter_mut().enumerate() {
            let lanes = Part(index * R::LANES, R::LANES);
            step_block(
                self.context,
                block,
                IdsMut {
                    root0: lanes.of(ids.root0, 1),
                    root1: lanes.of(ids.root1, 1),
                    env_index: lanes.of(ids.env_index, 1),
                    episode: lanes.of(ids.episode, 1),
                    t: lanes.of(ids.t, 1),
                    key0: lanes.of(ids.key0, 1),
                    key1: lanes.of(ids.key1, 1),
                },
                &actions[lanes.range(widths.action)],
                OutMut {
                    obs: match R::OBS_OPTIONAL {
                        true => lanes.of_optional(out.obs, widths.obs),
                        false => lanes.of(out.obs, widths.obs),
                    },
                    final_obs: lanes.of_optional(out.final_obs, widths.obs),
                    reward: lanes.of(out.reward, widths.players),
                    terminated: lanes.of(out.terminated, 1),
                    truncated: lanes.of(out.truncated, 1),
                    legal: lanes.of_optional(out.legal, widths.legal),
                    acting: lanes.of_optional(out.acting, widths.players),
                },
            );
        }
    }
}

/// The instances from one number on, and how many.
#[derive(Clone, Copy)]
struct Part(usize, usize);

impl Part {
    #[inline(always)]
    fn range(self, width: usize) -> std::ops::Range<usize> {
        self.0 * width..(self.0 + self.1) * width
    }

    #[inline(always)]
    fn of<T>(self, array: &mut [T], width: usize) -> &mut [T] {
        &mut array[self.range(width)]
    }

    #[inline(always)]
    fn of_optional<T>(self, array: &mut [T], width: usize) -> &mut [T] {
        match array.is_empty() {
            true => array,
            false => self.of(array, width),
        }
    }
}

/// One step of one block: time, rules, time limit, autoreset, masks.
#[inline(always)]
pub fn step_block<R: Rules>(
    context: Context<'_, R>,
    block: &mut R::Block,
    mut ids: IdsMut<'_>,
    actions: &[R::Action],
    out: OutMut<'_, R::Obs, R::Reward>,
) {
    let rules = context.rules;
    for t in &mut ids.t[..R::LANES] {
        *t = t.wrapping_add(1);
    }
    out.truncated[..R::LANES].fill(0);
    rules.step_block_on(
        context.isa,
        block,
        Draws {
            key0: ids.key0,
            key1: ids.key1,
            t: ids.t,
        },
        actions,
        BlockOut {
            obs: out.obs,
            reward: out.reward,
            terminated: out.terminated,
            truncated: out.truncated,
        },
    );
    let terminated = &out.terminated[..R::LANES];
    let truncated = &mut out.truncated[..R::LANES];
    if context.max_episode_steps > 0 {
        for lane in 0..R::LANES {
            let limit_reached = ids.t[lane] >= context.max_episode_steps;
            truncated[lane] |= u8::from(limit_reached && terminated[lane] == 0);
        }
    }
    let mut ended = 0;
    for lane in 0..R::LANES {
        ended |= terminated[lane] | truncated[lane];
    }
    if ended != 0 {
        for lane in 0..R::LANES {
            if terminated[lane] | truncated[lane] != 0 {
                let row = match R::OBS_OPTIONAL && out.obs.is_empty() {
                    true => 0..0,
                    false => lane * context.widths.obs..(lane + 1) * context.widths.obs,
                };
                if !out.final_obs.is_empty() && !row.is_empty() {
                    out.final_obs[row.clone()].copy_from_slice(&out.obs[row.clone()]);
                }
                let key = ids.next_episode(lane);
                rules.reset_lane(block, lane, key, &mut out.obs[row]);
            }
        }
    }
    write_masks(context, block, out.legal, out.acting);
}

/// Fills the masks that are wanted.
#[inline(always)]
pub fn write_masks<R: Rules>(
    context: Context<'_, R>,
    block: &R::Block,
    legal: &mut [u8],
    acting: &mut [u8],
) {
    // Even to fill nothing is a call, which halved the rate inside XLA: hence the outer test.
    if !legal.is_empty() {
        if context.legal_varies {
            for (lane, legal) in legal.chunks_exact_mut(context.widths.legal).enumerate() {
                context.rules.legal_lane(block, lane, legal);
            }
        } else {
            legal.fill(1);
        }
    }
    if !acting.is_empty() {
        for (lane, acting) in acting.chunks_exact_mut(context.widths.players).enumerate() {
            context.rules.acting_lane(block, lane, acting);
        }
    }
}
