//! The environment: battles between teams drawn from a pool.

use crate::choices::CHOICES;
use crate::consts::*;
use crate::observe::{Number, View, FULL_OBS_SIZE, OBS_SIZE};
use crate::opponents::Opponent;
use crate::pools::Pool;
use crate::state::{Battle, TEAM};
use samestep_core::isa::Kernel;
use samestep_core::rules::{ActionLayout, BlockOut, Draws, Info, Rules};
use samestep_core::threefry::{below, threefry2x32};
use samestep_core::{Error, Isa, Key, Params};

/// The rules under given parameters.
#[derive(Debug, Clone)]
pub struct Pokemon {
    pool: Pool,
    opponent: Opponent,
    full_information: bool,
    faint_reward: f32,
}

/// A battle, and what follows from it.
#[derive(Debug, Clone, Default)]
pub struct Block {
    battle: Battle,
    view: View,
    /// `view` has not followed the battle.
    stale: bool,
    /// Both masks.
    legal: [u16; 2],
}

impl Block {
    fn set(&mut self, battle: Battle) {
        self.battle = battle;
        self.stale = true;
        self.mask();
    }

    fn mask(&mut self) {
        self.legal = [self.battle.legal(0), self.battle.legal(1)];
    }
}

impl Pokemon {
    /// Takes `format`, `teams`, `opponent`, `full_information` and `faint_reward` from the
    /// parameters.
    ///
    /// # Errors
    /// If one of them is not what docs/envs/pokemon.md accepts.
    pub fn new(params: &mut Params) -> Result<Self, Error> {
        let format = params.int("format", 0, 0..=2)?;
        let pool = match params.text("teams", "")?.as_str() {
            "" => Pool::of(format as usize),
            path => Pool::open(path)?,
        };
        let opponent = match params.int("opponent", 0, 0..=3)? {
            0 => Opponent::Nobody,
            1 => Opponent::Random,
            2 => Opponent::MaxBasePower,
            _ => Opponent::SimpleHeuristics,
        };
        Ok(Pokemon {
            pool,
            opponent,
            full_information: params.bool("full_information", false)?,
            faint_reward: params.float("faint_reward", 0.0, -1.0..=1.0)? as f32,
        })
    }

    fn players(&self) -> usize {
        match self.opponent {
            Opponent::Nobody => 2,
            _ => 1,
        }
    }

    fn obs_size(&self) -> usize {
        match self.full_information {
            true => FULL_OBS_SIZE,
            false => OBS_SIZE,
        }
    }

    /// Both players' observations; the view must not be stale.
    #[inline(always)]
    fn write_obs(&self, block: &Block, obs: &mut [Number]) {
        let (battle, view) = (&block.battle, &block.view);
        if let ([both], []) = obs.as_chunks_mut() {
            return battle.observe_both(view, both);
        }
        for (player, obs) in obs.chunks_exact_mut(self.obs_size()).enumerate() {
            battle.observe(view, player & 1, obs);
        }
    }

    /// Pokemon that both sides have left, counted only if that is worth something.
    #[inline(always)]
    fn left(&self, battle: &Battle) -> [i32; 2] {
        match self.faint_reward == 0.0 {
            true => [0; 2],
            false => [0, 1].map(|side| battle.sides[side].left() as i32),
        }
    }

    /// One commit; the word is drawn for the opponent. Not part of what calls it, which is
    /// compiled many times.
    #[inline(never)]
    fn step(
        &self,
        block: &mut Block,
        actions: &[i32],
        word: impl Fn() -> u32,
        reward: &mut [f32],
    ) -> bool {
        let battle = &mut block.battle;
        let standing = self.left(battle);
        let second = match self.opponent {
            Opponent::Nobody => actions[1],
            opponent => opponent.choose(battle, 1, block.legal[1], word()),
        };
        battle.commit_within([actions[0], second], block.legal);
        let after = self.left(battle);
        let lost = [standing[0] - after[0], standing[1] - after[1]];
        let won = match i32::from(battle.winner) {
            WINNER_P1 => 1.0,
            WINNER_P2 => -1.0,
            _ => 0.0,
        };
        // A zero is positive, as the reference's is.
        let rewards = [
            won + self.faint_reward * (lost[1] - lost[0]) as f32 + 0.0,
            -won + self.faint_reward * (lost[0] - lost[1]) as f32 + 0.0,
        ];
        reward.copy_from_slice(&rewards[..reward.len()]);
        battle.is_over()
    }
}

/// Both players' observations.
struct Observe<'a> {
    rules: &'a Pokemon,
    block: &'a Block,
    obs: &'a mut [Number],
}

impl Kernel for Observe<'_> {
    #[inline(always)]
    fn run(self) {
        self.rules.write_obs(self.block, self.obs);
    }
}

/// A view made anew.
struct Look<'a>(&'a mut Block);

impl Kernel for Look<'_> {
    #[inline(always)]
    fn run(self) {
        let Look(block) = self;
        block.view = View::of(&block.battle);
        block.stale = false;
    }
}

/// The slots that are out.
fn fronts(battle: &Battle) -> [usize; 2] {
    [0, 1].map(|side| battle.sides[side].front())
}

impl Rules for Pokemon {
    type Obs = Number;
    type Reward = f32;
    type Action = i32;
    type Block = Block;
    const LANES: usize = 1;
    const OBS_OPTIONAL: bool = true;
    const MIN_BLOCKS_A_THREAD: usize = 64;

    fn info(&self) -> Info {
        Info {
            name: "pokemon",
            version: VERSION,
            layout_id: LAYOUT_ID,
            state_bytes: STATE_BYTES,
            players: self.players(),
            obs_shape: vec![self.obs_size()],
            obs_low: -6.0,
            obs_high: 1001.0,
            action: ActionLayout::Discrete { n: ACTIONS as u32 },
            legal_varies: true,
            default_max_episode_steps: 0,
        }
    }

    fn new_block(&self) -> Block {
        Block::default()
    }

    fn reset_lane(&self, block: &mut Block, _lane: usize, key: Key, obs: &mut [Number]) {
        let word = |slot| threefry2x32(key, [0, slot])[0];
        let index = below(word(SLOT_TEAM), self.pool.pairs() as u32);
        let high = u64::from(word(SLOT_SEED_HIGH));
        let low = u64::from(word(SLOT_SEED_LOW));
        let teams = self.pool.pair(index as usize);
        block.set(Battle::start(&teams, high << 32 | low));
        if !obs.is_empty() {
            let isa = Isa::detect();
            isa.run(Look(block));
            let rules = self;
            isa.run(Observe { rules, block, obs });
        }
    }

    fn step_block(
        &self,
        block: &mut Block,
        draws: Draws<'_>,
        actions: &[i32],
        out: BlockOut<'_, Number>,
    ) {
        self.step_block_on(Isa::Baseline, block, draws, actions, out);
    }

    /// Only what writes observations gains from an instruction set.
    #[inline(always)]
    fn step_block_on(
        &self,
        isa: Isa,
        block: &mut Block,
        draws: Draws<'_>,
        actions: &[i32],
        out: BlockOut<'_, Number>,
    ) {
        let fronts = fronts(&block.battle);
        let word = || draws.word(0, SLOT_OPPONENT);
        let over = self.step(block, actions, word, out.reward);
        out.terminated[0] = u8::from(over);
        // Masks come between, for what was just stored is slow to read.
        match (out.obs.is_empty(), block.stale) {
            (true, _) => block.stale = true,
            (_, true) => isa.run(Look(block)),
            (_, false) => block.view.follow(&block.battle, fronts),
        }
        block.mask();
        if !out.obs.is_empty() {
            isa.run(Observe {
                rules: self,
                block,
                obs: out.obs,
            });
        }
    }

    fn legal_lane(&self, block: &Block, _lane: usize, legal: &mut [u8]) {
        for (player, mask) in legal.chunks_exact_mut(CHOICES).enumerate() {
            let allowed = block.legal[player & 1];
            for (action, legal) in mask.iter_mut().enumerate() {
                *legal = (allowed >> action & 1) as u8;
            }
        }
    }

    fn acting_lane(&self, block: &Block, _lane: usize, acting: &mut [u8]) {
        match acting {
            [one] => *one = 1,
            both => {
                for (acting, request) in both.iter_mut().zip(block.battle.request) {
                    *acting = u8::from(request != REQUEST_WAIT as u8);
                }
            }
        }
    }

    fn pack_lane(&self, block: &Block, _lane: usize, state: &mut [u8]) {
        block.battle.pack(state);
    }

    fn unpack_lane(&self, block: &mut Block, _lane: usize, state: &[u8]) -> Result<(), Error> {
        block.set(Battle::unpack(state)?);
        Ok(())
    }

    fn save_block(&self, block: &Block, bytes: &mut [u8]) {
        block.battle.save(bytes);
    }

    /// Takes any bytes as some battle: none makes a step panic.
    fn load_block(&self, block: &mut Block, bytes: &[u8]) -> Result<(), Error> {
        block.battle.load(bytes);
        block.stale = true;
        block.mask();
        Ok(())
    }
}

const _: () = assert!(TEAM == 6 && std::mem::size_of::<Battle>() <= 512);
