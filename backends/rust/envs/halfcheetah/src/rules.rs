//! The environment: what an action does to an instance, what it sees and what it earns.
//!
//! Source: Gymnasium's HalfCheetah-v5; docs/envs/halfcheetah.md.

use crate::consts::*;
use crate::lanes::LANES;
use crate::substep::{Controls, Dynamics, Workspace, MOTORS};
use crate::tree::{Vector, DOFS};
use samestep_core::isa::Kernel;
use samestep_core::rules::{ActionLayout, BlockOut, Draws, Element, Info, Rules};
use samestep_core::threefry::{threefry2x32, uniform, Key};
use samestep_core::{Error, Isa, Params};
use std::marker::PhantomData;

/// What observations, rewards and states are kept in: f64, or f32, to which an instance's state
/// is rounded after every step. A step is always computed in f64: with f32 inside it, contacts
/// are so stiff that accelerations would be off by 1e-3; see docs/envs/halfcheetah.md.
pub trait Precision: Element {
    /// The nearest number of this precision.
    fn round(value: f64) -> Self;
    /// The same number as f64.
    fn widen(self) -> f64;
}

impl Precision for f32 {
    #[inline(always)]
    fn round(value: f64) -> f32 {
        value as f32
    }
    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(self)
    }
}

impl Precision for f64 {
    #[inline(always)]
    fn round(value: f64) -> f64 {
        value
    }
    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }
}

/// HalfCheetah under given parameters.
#[derive(Debug, Clone)]
pub struct HalfCheetah<P> {
    forward_reward_weight: f64,
    ctrl_cost_weight: f64,
    reset_noise_scale: f64,
    frame_skip: u32,
    /// Joint positions that are not observed: x, or none.
    hidden: usize,
    precision: PhantomData<P>,
}

impl<P: Precision> HalfCheetah<P> {
    /// Takes the parameters of `references/halfcheetah/spec.py` but `double_precision`.
    ///
    /// # Errors
    /// For a value that is not accepted.
    pub fn new(params: &mut Params) -> Result<Self, Error> {
        let without_x = "exclude_current_positions_from_observation";
        Ok(HalfCheetah {
            forward_reward_weight: params.float("forward_reward_weight", 1.0, -1e6..=1e6)?,
            ctrl_cost_weight: params.float("ctrl_cost_weight", 0.1, -1e6..=1e6)?,
            reset_noise_scale: params.float("reset_noise_scale", 0.1, 0.0..=10.0)?,
            frame_skip: params.int("frame_skip", 5, 1..=1024)? as u32,
            hidden: usize::from(params.bool(without_x, true)?),
            precision: PhantomData,
        })
    }

    fn obs_len(&self) -> usize {
        2 * DOFS - self.hidden
    }

    #[inline(always)]
    fn observe(&self, block: &Dynamics, lane: usize, obs: &mut [P]) {
        let positions = block.qpos[self.hidden..].iter();
        for (obs, lanes) in obs.iter_mut().zip(positions.chain(&block.qvel)) {
            *obs = P::round(lanes[lane]);
        }
    }
}

/// The substeps of one step, compiled once an instruction set and shared by all precisions.
struct Substeps<'a> {
    block: &'a mut Dynamics,
    controls: &'a mut Controls,
    count: u32,
}

impl Kernel for Substeps<'_> {
    #[inline(always)]
    fn run(self) {
        let mut workspace = Workspace::new();
        for _ in 0..self.count {
            workspace.substep(self.block, self.controls);
        }
    }
}

impl<P: Precision> Rules for HalfCheetah<P> {
    type Obs = P;
    type Reward = P;
    type Action = f32;
    type Block = Dynamics;
    const LANES: usize = LANES;
    const MIN_BLOCKS_A_THREAD: usize = 1;

    fn info(&self) -> Info {
        Info {
            name: "halfcheetah",
            version: VERSION,
            layout_id: LAYOUT_ID,
            state_bytes: STATE_BYTES,
            players: 1,
            obs_shape: vec![self.obs_len()],
            obs_low: f32::NEG_INFINITY,
            obs_high: f32::INFINITY,
            action: ActionLayout::Box {
                len: MOTORS,
                low: CONTROL_LOW as f32,
                high: CONTROL_HIGH as f32,
            },
            legal_varies: false,
            default_max_episode_steps: 1000,
        }
    }

    fn new_block(&self) -> Dynamics {
        Dynamics::default()
    }

    /// Uniform noise on positions, normal noise on velocities, a solver that knows nothing.
    fn reset_lane(&self, block: &mut Dynamics, lane: usize, key: Key, obs: &mut [P]) {
        let draw = |slot| f64::from(uniform(threefry2x32(key, [0, slot])[0]));
        let scale = self.reset_noise_scale;
        for dof in 0..DOFS {
            let noise = scale * (2.0 * draw(SLOT_POSITION + dof as u32) - 1.0);
            block.qpos[dof][lane] = P::round(noise).widen();
            block.qacc_warmstart[dof][lane] = 0.0;
        }
        for pair in 0..DOFS.div_ceil(2) {
            let slot = SLOT_VELOCITY + 2 * pair as u32;
            let radius = (-2.0 * (1.0 - draw(slot)).ln()).sqrt();
            let (sin, cos) = (std::f64::consts::TAU * draw(slot + 1)).sin_cos();
            for (dof, part) in [(2 * pair, cos), (2 * pair + 1, sin)] {
                if dof < DOFS {
                    block.qvel[dof][lane] = P::round(scale * radius * part).widen();
                }
            }
        }
        self.observe(block, lane, obs);
    }

    fn step_block(
        &self,
        block: &mut Dynamics,
        draws: Draws<'_>,
        actions: &[f32],
        out: BlockOut<'_, P, P>,
    ) {
        self.step_block_on(Isa::Baseline, block, draws, actions, out);
    }

    fn step_block_on(
        &self,
        isa: Isa,
        block: &mut Dynamics,
        _draws: Draws<'_>,
        actions: &[f32],
        out: BlockOut<'_, P, P>,
    ) {
        let mut controls = [[0.0; LANES]; MOTORS];
        for (lane, action) in actions.chunks_exact(MOTORS).enumerate() {
            for (control, value) in controls.iter_mut().zip(action) {
                control[lane] = f64::from(*value);
            }
        }
        let mut cost = [0.0; LANES];
        for control in &controls {
            for lane in 0..LANES {
                cost[lane] += control[lane] * control[lane];
            }
        }
        let before = block.qpos[0];
        isa.run(Substeps {
            block,
            controls: &mut controls,
            count: self.frame_skip,
        });
        let seconds = TIMESTEP * f64::from(self.frame_skip);
        for lane in 0..LANES {
            let velocity = (block.qpos[0][lane] - before[lane]) / seconds;
            let reward = self.forward_reward_weight * velocity - self.ctrl_cost_weight * cost[lane];
            out.reward[lane] = P::round(reward);
        }
        for lanes in block.vectors_mut().into_iter().flatten() {
            for value in lanes {
                *value = P::round(*value).widen();
            }
        }
        for (lane, obs) in out.obs.chunks_exact_mut(self.obs_len()).enumerate() {
            self.observe(block, lane, obs);
        }
        out.terminated[..LANES].fill(0);
    }

    fn pack_lane(&self, block: &Dynamics, lane: usize, state: &mut [u8]) {
        let values = block.vectors().into_iter().flatten();
        for (lanes, bytes) in values.zip(state.chunks_exact_mut(8)) {
            bytes.copy_from_slice(&lanes[lane].to_le_bytes());
        }
    }

    fn unpack_lane(&self, block: &mut Dynamics, lane: usize, state: &[u8]) -> Result<(), Error> {
        let mut values = [0.0; 3 * DOFS];
        for (value, bytes) in values.iter_mut().zip(state.chunks_exact(8)) {
            *value = f64::from_le_bytes(bytes.try_into().expect("eight bytes"));
        }
        for (name, values) in ["qpos", "qvel", "qacc_warmstart"]
            .iter()
            .zip(values.chunks_exact(DOFS))
        {
            // What f32 cannot hold would become infinite.
            let finite = |value: f64| P::round(value).widen().is_finite();
            if let Some(value) = values.iter().find(|value| !finite(**value)) {
                return Err(Error::new(format!("{name} is {value}; it must be finite")));
            }
        }
        let vectors = block.vectors_mut().into_iter().flatten();
        for (lanes, value) in vectors.zip(values) {
            lanes[lane] = P::round(value).widen();
        }
        Ok(())
    }

    #[inline(always)]
    fn save_block(&self, block: &Dynamics, bytes: &mut [u8]) {
        bytes.copy_from_slice(bytemuck::bytes_of(block));
    }

    #[inline(always)]
    fn load_block(&self, block: &mut Dynamics, bytes: &[u8]) -> Result<(), Error> {
        bytemuck::bytes_of_mut(block).copy_from_slice(bytes);
        Ok(())
    }

    #[inline(always)]
    fn block_in_place(bytes: &mut [u8]) -> Option<&mut Dynamics> {
        bytemuck::try_from_bytes_mut(bytes).ok()
    }
}

impl Dynamics {
    /// Positions, velocities and warm start, in STATE's order.
    fn vectors(&self) -> [&Vector; 3] {
        [&self.qpos, &self.qvel, &self.qacc_warmstart]
    }

    /// The same, mutably.
    fn vectors_mut(&mut self) -> [&mut Vector; 3] {
        [&mut self.qpos, &mut self.qvel, &mut self.qacc_warmstart]
    }
}
