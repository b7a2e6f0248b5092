//! The rules, sixteen games a block.
//!
//! The field is 500 x 640 pixels with its origin at the bottom left. The agent's paddle is on the
//! right (`yr`), the opponent's on the left (`yl`). A frame has no branches: each lane computes
//! what would happen in every case and selects. A game in which a point is made in a frame does
//! not take that frame over into its state, so it makes the same point again in each remaining
//! frame of the step; that is how "a point ends the step" and "the observation after a point is
//! that of the last completed frame" cost nothing.

use crate::consts::*;
use samestep_core::rules::{ActionLayout, BlockOut, Draws, Element, Info, Rules};
use samestep_core::threefry::{below, threefry2x32};
use samestep_core::{Error, Key, Params};
use std::marker::PhantomData;

/// Games in a block: one AVX-512 register, two of AVX2.
pub const LANES: usize = 16;

const OBS: usize = 8;

/// An action of either kind, as the paddle's direction.
pub trait PaddleAction: Element {
    /// The action's layout.
    const LAYOUT: ActionLayout;
    /// Direction and share of the paddle's speed, in [-1, 1]; up is positive.
    fn direction(self) -> f32;
}

impl PaddleAction for i32 {
    const LAYOUT: ActionLayout = ActionLayout::Discrete { n: 3 };
    /// 0 stay, 1 up, 2 down.
    #[inline(always)]
    fn direction(self) -> f32 {
        (i32::from(self == 1) - i32::from(self == 2)) as f32
    }
}

impl PaddleAction for f32 {
    const LAYOUT: ActionLayout = ActionLayout::Box {
        len: 1,
        low: -1.0,
        high: 1.0,
    };
    #[inline(always)]
    fn direction(self) -> f32 {
        self
    }
}

/// Pong with actions 0 stay, 1 up, 2 down.
pub type DiscretePong = Pong<i32>;

/// Pong with the paddle's direction in [-1, 1] as its action.
pub type ContinuousPong = Pong<f32>;

/// The rules under given parameters.
#[derive(Debug, Clone)]
pub struct Pong<A> {
    frame_skip: u32,
    action: PhantomData<fn(A)>,
}

impl<A> Pong<A> {
    /// Takes `frame_skip` from the parameters.
    ///
    /// # Errors
    /// If it is not an integer from 1 to 1024.
    pub fn new(params: &mut Params) -> Result<Self, Error> {
        Ok(Pong {
            frame_skip: params.int("frame_skip", 1, 1..=1024)? as u32,
            action: PhantomData,
        })
    }
}

type Lanes = [f32; LANES];

/// Sixteen games. Lengths in pixels, speeds in pixels a frame.
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
pub struct Block {
    /// Bottom of the opponent's paddle.
    pub paddle_yl: Lanes,
    /// Bottom of the agent's paddle.
    pub paddle_yr: Lanes,
    /// Left edge of the ball.
    pub ball_x: Lanes,
    /// Bottom edge of the ball.
    pub ball_y: Lanes,
    /// Horizontal speed.
    pub ball_vx: Lanes,
    /// Vertical speed.
    pub ball_vy: Lanes,
    /// The opponent's points.
    pub score_l: [i32; LANES],
    /// The agent's points.
    pub score_r: [i32; LANES],
}

#[inline(always)]
fn clip(value: f32, low: f32, high: f32) -> f32 {
    let value = if value > low { value } else { low };
    if value < high {
        value
    } else {
        high
    }
}

#[inline(always)]
fn select(condition: bool, yes: f32, no: f32) -> f32 {
    if condition {
        yes
    } else {
        no
    }
}

/// Whether the ball's height overlaps a paddle's.
#[inline(always)]
fn ball_meets(ball_y: f32, paddle_y: f32) -> bool {
    (ball_y + BALL_HEIGHT > paddle_y) & (ball_y < paddle_y + PADDLE_HEIGHT)
}

impl Block {
    /// One frame of every game; one in which a point is made stays as it was.
    ///
    /// `reward` is what the step has earned so far: a point's overwrites a bounce's.
    #[inline(always)]
    fn frame(&mut self, direction: &Lanes, reward: &mut Lanes) {
        for lane in 0..LANES {
            let direction = direction[lane];
            let [yl, yr] = [self.paddle_yl[lane], self.paddle_yr[lane]];
            let [vx, vy] = [self.ball_vx[lane], self.ball_vy[lane]];

            // The agent's paddle goes where it is told, the opponent's towards the ball.
            let to_ball = self.ball_y[lane] - (yl + PADDLE_HEIGHT / 2.0);
            let new_yr = clip(yr + PADDLE_SPEED * direction, MIN_PADDLE_Y, MAX_PADDLE_Y);
            let new_yl = clip(
                yl + clip(to_ball, -PADDLE_SPEED, PADDLE_SPEED),
                MIN_PADDLE_Y,
                MAX_PADDLE_Y,
            );

            // The ball flies; bottom and top walls turn its vertical speed around.
            let x = self.ball_x[lane] + vx;
            let y = self.ball_y[lane] + vy;
            let wall = (y < 0.0) | (y + BALL_HEIGHT > HEIGHT);
            let vy_after_wall = select(wall, -vy, vy);

            // Either end: a paddle, or a point.
            let at_left = x < 0.0;
            let at_right = x + BALL_WIDTH > WIDTH;
            let meets_l = ball_meets(y, new_yl);
            let meets_r = ball_meets(y, new_yr);
            let won = at_left & !meets_l;
            let lost = at_right & !meets_r;
            let hit_r = at_right & meets_r;
            let turned = (at_left & meets_l) | hit_r;

            // A moving paddle of the agent's drags the ball along, never to a level flight, and
            // the ball is put back into the field.
            let dragged = clip(
                vy_after_wall + BALL_SPEED_Y_INCREMENT * direction,
                -BALL_MAX_SPEED_Y,
                BALL_MAX_SPEED_Y,
            );
            let level = dragged.abs() <= HORIZONTAL_SPEED_Y;
            let vy_after_hit = select(level, BALL_SPEED_Y_INCREMENT, dragged);
            let x_in_field = clip(x, 0.0, WIDTH - BALL_WIDTH);
            let y_in_field = clip(y, 0.0, HEIGHT - BALL_HEIGHT);

            let point = won | lost;
            self.paddle_yl[lane] = select(point, yl, new_yl);
            self.paddle_yr[lane] = select(point, yr, new_yr);
            self.ball_x[lane] = select(point, self.ball_x[lane], select(hit_r, x_in_field, x));
            self.ball_y[lane] = select(point, self.ball_y[lane], select(hit_r, y_in_field, y));
            self.ball_vx[lane] = select(turned, -vx, vx);
            self.ball_vy[lane] = select(point, vy, select(hit_r, vy_after_hit, vy_after_wall));

            let bounced = select(hit_r, REWARD_BOUNCE, reward[lane]);
            let lost = select(lost, REWARD_LOSE_POINT, bounced);
            reward[lane] = select(won, REWARD_WIN_POINT, lost);
        }
    }

    /// (lanes, 8) observations, scaled by multiplication.
    ///
    /// The last two are the scores divided by 21 as integers: 0 as long as a game runs.
    #[inline(always)]
    fn observe(&self, obs: &mut [f32]) {
        for (lane, obs) in obs.chunks_exact_mut(OBS).enumerate() {
            self.observe_lane(lane, obs);
        }
    }

    #[inline(always)]
    fn observe_lane(&self, lane: usize, obs: &mut [f32]) {
        obs[0] = (self.paddle_yl[lane] - MIN_PADDLE_Y) * OBS_PADDLE_SCALE;
        obs[1] = (self.paddle_yr[lane] - MIN_PADDLE_Y) * OBS_PADDLE_SCALE;
        obs[2] = self.ball_x[lane] * OBS_X_SCALE;
        obs[3] = self.ball_y[lane] * OBS_Y_SCALE;
        obs[4] = (self.ball_vx[lane] + BALL_SPEED_X) * OBS_VX_SCALE;
        obs[5] = (self.ball_vy[lane] + BALL_MAX_SPEED_Y) * OBS_VY_SCALE;
        obs[6] = 0.0;
        obs[7] = 0.0;
    }

    /// Both paddles to the middle, the ball towards the agent, level or downwards.
    #[inline(always)]
    fn serve_lane(&mut self, lane: usize, word: u32) {
        self.paddle_yl[lane] = PADDLE_START_Y;
        self.paddle_yr[lane] = PADDLE_START_Y;
        self.ball_x[lane] = BALL_START_X;
        self.ball_y[lane] = BALL_START_Y;
        self.ball_vx[lane] = BALL_SPEED_X;
        self.ball_vy[lane] = (below(word, 2) as i32 - 1) as f32 * BALL_SERVE_SPEED_Y;
    }

    /// Counts the points made, and serves again where the game goes on.
    #[inline(always)]
    fn count_points(&mut self, reward: &Lanes, draws: Draws<'_>, terminated: &mut [u8; LANES]) {
        let words = draws.words::<LANES>(SLOT_SERVE);
        for lane in 0..LANES {
            let won = reward[lane] == REWARD_WIN_POINT;
            let lost = reward[lane] == REWARD_LOSE_POINT;
            self.score_r[lane] += i32::from(won);
            self.score_l[lane] += i32::from(lost);
            let over = (self.score_r[lane] == MAX_SCORE) | (self.score_l[lane] == MAX_SCORE);
            terminated[lane] = u8::from(over);
            if (won | lost) & !over {
                self.serve_lane(lane, words[lane]);
            }
        }
    }
}

impl<A: PaddleAction> Rules for Pong<A> {
    type Obs = f32;
    type Reward = f32;
    type Action = A;
    type Block = Block;
    const LANES: usize = LANES;

    fn info(&self) -> Info {
        Info {
            name: "pong",
            version: VERSION,
            layout_id: LAYOUT_ID,
            state_bytes: STATE_BYTES,
            players: 1,
            obs_shape: vec![OBS],
            obs_low: -0.05,
            obs_high: 1.0,
            action: A::LAYOUT,
            legal_varies: false,
            default_max_episode_steps: 0,
        }
    }

    fn new_block(&self) -> Block {
        Block {
            paddle_yl: [0.0; LANES],
            paddle_yr: [0.0; LANES],
            ball_x: [0.0; LANES],
            ball_y: [0.0; LANES],
            ball_vx: [0.0; LANES],
            ball_vy: [0.0; LANES],
            score_l: [0; LANES],
            score_r: [0; LANES],
        }
    }

    fn reset_lane(&self, block: &mut Block, lane: usize, key: Key, obs: &mut [f32]) {
        block.score_l[lane] = 0;
        block.score_r[lane] = 0;
        block.serve_lane(lane, threefry2x32(key, [0, SLOT_SERVE])[0]);
        block.observe_lane(lane, obs);
    }

    #[inline(always)]
    fn step_block(
        &self,
        block: &mut Block,
        draws: Draws<'_>,
        actions: &[A],
        out: BlockOut<'_, f32>,
    ) {
        let mut direction = [0.0; LANES];
        for (direction, action) in direction.iter_mut().zip(actions) {
            *direction = action.direction();
        }
        let mut reward = [0.0; LANES];
        for _ in 0..self.frame_skip {
            block.frame(&direction, &mut reward);
        }
        block.observe(&mut out.obs[..LANES * OBS]);
        out.reward[..LANES].copy_from_slice(&reward);
        let terminated = out.terminated.first_chunk_mut().expect("a flag a lane");
        *terminated = [0; LANES];
        let point = |earned: &f32| (*earned == REWARD_WIN_POINT) | (*earned == REWARD_LOSE_POINT);
        if reward.iter().fold(false, |any, earned| any | point(earned)) {
            block.count_points(&reward, draws, terminated);
        }
    }

    fn pack_lane(&self, block: &Block, lane: usize, state: &mut [u8]) {
        let words = [
            block.paddle_yl[lane].to_bits(),
            block.paddle_yr[lane].to_bits(),
            block.ball_x[lane].to_bits(),
            block.ball_y[lane].to_bits(),
            block.ball_vx[lane].to_bits(),
            block.ball_vy[lane].to_bits(),
            block.score_l[lane] as u32,
            block.score_r[lane] as u32,
        ];
        for (word, bytes) in words.iter().zip(state.chunks_exact_mut(4)) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
    }

    fn unpack_lane(&self, block: &mut Block, lane: usize, state: &[u8]) -> Result<(), Error> {
        const FLOATS: [&str; 6] = [
            "paddle_yl",
            "paddle_yr",
            "ball_x",
            "ball_y",
            "ball_vx",
            "ball_vy",
        ];
        let mut words = [0u32; 8];
        for (word, bytes) in words.iter_mut().zip(state.chunks_exact(4)) {
            *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        for (name, word) in FLOATS.iter().zip(words) {
            let value = f32::from_bits(word);
            if !value.is_finite() {
                return Err(Error::new(format!("{name} is {value}; it must be finite")));
            }
        }
        for (name, word) in ["score_l", "score_r"].iter().zip(&words[6..]) {
            let score = *word as i32;
            if !(0..MAX_SCORE).contains(&score) {
                return Err(Error::new(format!(
                    "{name} is {score}; a running game has 0 to {}",
                    MAX_SCORE - 1
                )));
            }
        }
        block.paddle_yl[lane] = f32::from_bits(words[0]);
        block.paddle_yr[lane] = f32::from_bits(words[1]);
        block.ball_x[lane] = f32::from_bits(words[2]);
        block.ball_y[lane] = f32::from_bits(words[3]);
        block.ball_vx[lane] = f32::from_bits(words[4]);
        block.ball_vy[lane] = f32::from_bits(words[5]);
        block.score_l[lane] = words[6] as i32;
        block.score_r[lane] = words[7] as i32;
        Ok(())
    }

    #[inline(always)]
    fn save_block(&self, block: &Block, bytes: &mut [u8]) {
        bytes.copy_from_slice(bytemuck::bytes_of(block));
    }

    #[inline(always)]
    fn load_block(&self, block: &mut Block, bytes: &[u8]) -> Result<(), Error> {
        bytemuck::bytes_of_mut(block).copy_from_slice(bytes);
        Ok(())
    }

    #[inline(always)]
    fn block_in_place(bytes: &mut [u8]) -> Option<&mut Block> {
        bytemuck::try_from_bytes_mut(bytes).ok()
    }
}
