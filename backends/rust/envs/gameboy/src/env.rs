//! The environment: consoles that run one game, as its definition says.

use crate::console::Console;
use crate::consts::{LAYOUT_ID, SLOT_START, STATE_BYTES, VERSION};
use crate::definition::{Definition, FRAMES};
use crate::observe::Observation;
use crate::rom::Rom;
use crate::start::{hold, rom, starts};
use samestep_core::rules::{ActionLayout, BlockOut, Draws, Info, Rules};
use samestep_core::threefry::{below, threefry2x32};
use samestep_core::{Error, Key, Params};
use std::sync::Arc;

/// The rules under given parameters; a copy shares the ROM and the starts.
#[derive(Debug, Clone)]
pub struct GameBoy {
    definition: Arc<Definition>,
    rom: Rom,
    starts: Arc<[Console]>,
    observation: Observation,
    frames: u32,
}

/// A console.
#[derive(Debug)]
pub struct Block(Console);

impl Clone for Block {
    fn clone(&self) -> Block {
        Block(self.0.clone())
    }

    fn clone_from(&mut self, other: &Block) {
        self.0.clone_from(&other.0);
    }
}

impl GameBoy {
    /// Takes `game`, `rom`, `observation` and `frame_skip` from the parameters.
    ///
    /// # Errors
    /// One line, if one of them is not what docs/envs/gameboy.md accepts, or a file is not what it
    /// should be.
    pub fn new(params: &mut Params) -> Result<Self, Error> {
        let game = params.text("game", "orchard")?;
        let path = params.text("rom", "")?;
        let kind = params.int("observation", 0, 0..=4)?;
        let skip = params.int("frame_skip", 0, 0..=FRAMES)? as u32;
        let definition = Definition::open(&game)?;
        let observation = Observation::ALL[kind as usize];
        if observation == Observation::Features && definition.features.is_empty() {
            return Err(Error::new(format!(
                "observation is {kind}; accepted: 0 to 3, for {} defines no features",
                definition.name
            )));
        }
        let rom = rom(&definition, &path)?;
        let starts = starts(&definition, &rom, observation.is_drawn())?;
        Ok(GameBoy {
            rom,
            starts: starts.into(),
            observation,
            frames: if skip == 0 { definition.frames } else { skip },
            definition: Arc::new(definition),
        })
    }

    fn observe(&self, console: &Console, obs: &mut [u8]) {
        self.observation
            .write(console, &self.definition.features, obs);
    }

    /// The frames of a step. The buttons are held for the first of them; the last may be drawn.
    fn run(&self, console: &mut Console, held: u8) {
        for frame in 0..self.frames {
            hold(
                console,
                if frame < self.definition.press {
                    held
                } else {
                    0
                },
            );
            let last = frame + 1 == self.frames;
            console.frame(&self.rom, last && self.observation.is_drawn());
        }
    }
}

impl Rules for GameBoy {
    type Obs = u8;
    type Reward = f32;
    type Action = i32;
    type Block = Block;
    const LANES: usize = 1;
    const MIN_BLOCKS_A_THREAD: usize = 1;

    fn info(&self) -> Info {
        Info {
            name: "gameboy",
            version: VERSION,
            layout_id: LAYOUT_ID,
            state_bytes: STATE_BYTES,
            players: 1,
            obs_shape: self.observation.shape(self.definition.features.len()),
            obs_low: 0.0,
            obs_high: self.observation.high(),
            action: ActionLayout::Discrete {
                n: self.definition.actions.len() as u32,
            },
            legal_varies: false,
            default_max_episode_steps: 0,
        }
    }

    fn new_block(&self) -> Block {
        Block(self.starts[0].clone())
    }

    fn reset_lane(&self, block: &mut Block, _lane: usize, key: Key, obs: &mut [u8]) {
        let word = threefry2x32(key, [0, SLOT_START])[0];
        let index = below(word, self.starts.len() as u32) as usize;
        block.0.clone_from(&self.starts[index]);
        self.observe(&block.0, obs);
    }

    fn step_block(
        &self,
        block: &mut Block,
        _draws: Draws<'_>,
        actions: &[i32],
        out: BlockOut<'_, u8>,
    ) {
        let (definition, console) = (&self.definition, &mut block.0);
        let before = definition.reward.before(console);
        let before_end = definition.terminated.before(console);
        self.run(console, definition.actions[actions[0] as usize]);
        let reward = definition.reward.value(console, &before) as f64;
        out.reward[0] = (reward * definition.reward_scale) as f32;
        let over = definition.terminated.value(console, &before_end);
        out.terminated[0] = u8::from(over != 0);
        self.observe(console, out.obs);
    }

    fn pack_lane(&self, block: &Block, _lane: usize, state: &mut [u8]) {
        block.0.export(state);
    }

    fn unpack_lane(&self, block: &mut Block, _lane: usize, state: &[u8]) -> Result<(), Error> {
        block.0 = Console::import(&self.rom, state)?;
        Ok(())
    }
}
