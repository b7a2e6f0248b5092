//! One substep of 0.01 s: MuJoCo's `mj_step` with the Euler integrator.

use crate::constraint::Constraints;
use crate::consts::*;
use crate::dynamics::{broadcast, Inertia, Pose};
use crate::lanes::{any, select, Flags, Lanes, LANES};
use crate::solver::{Problem, Solver};
use crate::tree::{diagonal, factor, solve, Packed, Vector, DOFS, ENTRIES};
use bytemuck::{Pod, Zeroable};

/// Motors, one a hinge but the root's.
pub const MOTORS: usize = 6;

/// The first degree of freedom with a motor.
pub const FIRST_MOTOR: usize = 3;

/// What decides the future of `L` instances.
#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Dynamics {
    /// Joint positions, m and rad.
    pub qpos: Vector,
    /// Joint velocities, m/s and rad/s.
    pub qvel: Vector,
    /// Where the solver starts: the last accelerations, m/s^2 and rad/s^2.
    pub qacc_warmstart: Vector,
}

/// What the motors are told, -1 to 1.
pub type Controls = [Lanes; MOTORS];

/// Everything that a substep computes on its way.
#[derive(Clone)]
pub struct Workspace {
    /// Where the bodies are.
    pub pose: Pose,
    /// Their own inertia.
    pub inertia: Inertia,
    /// The mass matrix, armatures included.
    pub mass: Packed,
    /// Forces of gravity and turning; MuJoCo's `qfrc_bias`.
    pub bias: Vector,
    /// Forces on the joints without constraints; `qfrc_smooth`.
    pub force: Vector,
    /// Accelerations without constraints; `qacc_smooth`.
    pub smooth: Vector,
    /// Limits and contacts.
    pub constraints: Constraints,
    /// Finds the accelerations under constraints.
    pub solver: Solver,
    armature: Vector,
    factors: Packed,
}

impl Workspace {
    /// Ready for a first substep.
    pub fn new() -> Self {
        let vector = [[0.0; LANES]; DOFS];
        let matrix = [[0.0; LANES]; ENTRIES];
        Workspace {
            pose: Pose::new(),
            inertia: Inertia::new(),
            mass: matrix,
            bias: vector,
            force: vector,
            smooth: vector,
            constraints: Constraints::new(),
            solver: Solver::new(),
            armature: broadcast(&DOF_ARMATURE),
            factors: matrix,
        }
    }

    /// One substep.
    ///
    /// As in MuJoCo, an instance with a position, velocity or acceleration that is no number or
    /// beyond 1e10 is put back to where the model begins, at rest and with its motors off.
    #[inline(always)]
    pub fn substep(&mut self, dynamics: &mut Dynamics, controls: &mut Controls) {
        let mut diverged = [false; LANES];
        mark_bad(&dynamics.qpos, &mut diverged);
        mark_bad(&dynamics.qvel, &mut diverged);
        let qacc = loop {
            if any(&diverged) {
                begin_again(&diverged, dynamics, controls);
            }
            let mut qacc = dynamics.qacc_warmstart;
            self.accelerations(dynamics, controls, &mut qacc);
            diverged = [false; LANES];
            mark_bad(&qacc, &mut diverged);
            // If any is, the others come out of another turn as they are: lanes know nothing of
            // each other.
            if !any(&diverged) {
                break qacc;
            }
        };
        self.advance(dynamics, &qacc);
    }

    /// Accelerations of the joints from `qacc`, the warm start; MuJoCo's `mj_forward`.
    #[inline(always)]
    pub fn accelerations(&mut self, dynamics: &Dynamics, controls: &Controls, qacc: &mut Vector) {
        let (qpos, qvel) = (&dynamics.qpos, &dynamics.qvel);
        self.pose.update(qpos);
        self.pose.inertia(&mut self.inertia);
        let mut composite = self.inertia.clone();
        self.pose
            .project(&mut composite, &self.armature, &mut self.mass);
        self.pose.bias(qvel, &mut self.bias);
        self.sum_forces(dynamics, controls);
        self.smooth = self.force;
        self.factors = self.mass;
        factor(&mut self.factors);
        solve(&self.factors, &mut self.smooth);
        self.constraints.update(qpos, &self.pose);
        let problem = Problem {
            pose: &self.pose,
            inertia: &self.inertia,
            mass: &self.mass,
            force: &self.force,
            smooth: &self.smooth,
            constraints: &self.constraints,
            qvel,
            armature: &self.armature,
        };
        self.solver.solve(&problem, qacc);
    }

    /// Springs, dampers and motors, less the bias.
    #[inline(always)]
    fn sum_forces(&mut self, dynamics: &Dynamics, controls: &Controls) {
        for dof in 0..DOFS {
            let (stiffness, damping) = (JOINT_STIFFNESS[dof], DOF_DAMPING[dof]);
            for lane in 0..LANES {
                self.force[dof][lane] = -stiffness * dynamics.qpos[dof][lane]
                    - damping * dynamics.qvel[dof][lane]
                    - self.bias[dof][lane];
            }
        }
        for motor in 0..MOTORS {
            let gear = MOTOR_GEAR[motor];
            for lane in 0..LANES {
                self.force[FIRST_MOTOR + motor][lane] += gear * controls[motor][lane];
            }
        }
    }

    /// Euler's method, semi-implicit, with the dampers taken at the end of the substep:
    /// (M + h diag(damping)) a = forces, then velocities, then positions.
    #[inline(always)]
    fn advance(&mut self, dynamics: &mut Dynamics, qacc: &Vector) {
        let step = TIMESTEP;
        self.factors = self.mass;
        let mut acceleration = [[0.0; LANES]; DOFS];
        for dof in 0..DOFS {
            let damping = TIMESTEP * DOF_DAMPING[dof];
            for lane in 0..LANES {
                self.factors[diagonal(dof)][lane] += damping;
                acceleration[dof][lane] = self.solver.total_force(lane, dof);
            }
        }
        factor(&mut self.factors);
        solve(&self.factors, &mut acceleration);
        for dof in 0..DOFS {
            for lane in 0..LANES {
                let velocity = dynamics.qvel[dof][lane] + step * acceleration[dof][lane];
                dynamics.qvel[dof][lane] = velocity;
                dynamics.qpos[dof][lane] += step * velocity;
            }
        }
        dynamics.qacc_warmstart = *qacc;
    }
}

impl Default for Workspace {
    fn default() -> Self {
        Self::new()
    }
}

/// Marks the lanes in which a value is no number or too large.
#[inline(always)]
fn mark_bad(vector: &Vector, bad: &mut Flags) {
    for entry in vector {
        for lane in 0..LANES {
            let good = entry[lane].abs() <= MAXVAL; // which NaN is not
            bad[lane] |= !good;
        }
    }
}

/// Where the model begins, at rest and with its motors off, in the lanes that are `chosen`.
#[inline(always)]
fn begin_again(chosen: &Flags, dynamics: &mut Dynamics, controls: &mut Controls) {
    let Dynamics {
        qpos,
        qvel,
        qacc_warmstart,
    } = dynamics;
    let vectors = [qpos, qvel, qacc_warmstart];
    for entry in vectors.into_iter().flatten().chain(controls) {
        for lane in 0..LANES {
            entry[lane] = select(chosen[lane], 0.0, entry[lane]);
        }
    }
}
