//! MuJoCo's primal Newton solver: the accelerations that minimise
//!
//! (M a - f) . (a - a0) / 2 + sum over the rows that fall short of D s^2 / 2,
//!
//! where a0 = M^-1 f are the accelerations without constraints. Every Newton step is followed by
//! MuJoCo's exact line search, and both stop where MuJoCo's do (engine_solver.c, MuJoCo 3.17).
//! Lanes that are done keep their values while others go on.

use crate::constraint::{body_of, Constraints, Residuals, FIRST_LIMIT};
use crate::consts::*;
use crate::dynamics::{Inertia, Pose, Spatial};
use crate::lanes::{any, select, Flags, Lanes, LANES};
use crate::linesearch::{Line, Quadratic};
use crate::tree::{diagonal, factor, multiply, solve, Packed, Vector, DOFS, ENTRIES};

/// What the solver is given and what it works with; made once, used again and again.
#[derive(Clone)]
pub struct Solver {
    /// J a less the reference, of each row.
    residuals: Residuals,
    /// J times the search direction.
    rates: Residuals,
    /// M a.
    momentum: Vector,
    /// M times the search direction.
    momentum_rate: Vector,
    gradient: Vector,
    search: Vector,
    hessian: Packed,
    cost: Lanes,
    /// The part of the cost that is not the constraints'.
    gauss: Lanes,
    /// Lanes whose solution is not found yet.
    running: Flags,
    /// Newton steps taken in each lane.
    pub iterations: [u32; LANES],
}

/// The problem: inertia, forces and constraints of one moment.
pub struct Problem<'a> {
    /// Where the bodies are.
    pub pose: &'a Pose,
    /// Their own inertia.
    pub inertia: &'a Inertia,
    /// The mass matrix.
    pub mass: &'a Packed,
    /// Forces on the joints, f.
    pub force: &'a Vector,
    /// Accelerations without constraints, a0.
    pub smooth: &'a Vector,
    /// What must be kept to.
    pub constraints: &'a Constraints,
    /// Velocities of the joints.
    pub qvel: &'a Vector,
    /// Armatures.
    pub armature: &'a Vector,
}

impl Solver {
    /// With nothing solved.
    pub fn new() -> Self {
        let vector = [[0.0; LANES]; DOFS];
        Solver {
            residuals: Residuals::new(),
            rates: Residuals::new(),
            momentum: vector,
            momentum_rate: vector,
            gradient: vector,
            search: vector,
            hessian: [[0.0; LANES]; ENTRIES],
            cost: [0.0; LANES],
            gauss: [0.0; LANES],
            running: [false; LANES],
            iterations: [0; LANES],
        }
    }

    /// Forces on the joints that the solution amounts to, constraints included: M a where the
    /// solver has converged, and what is left of the gradient less.
    #[inline(always)]
    pub fn total_force(&self, lane: usize, dof: usize) -> f64 {
        self.momentum[dof][lane] - self.gradient[dof][lane]
    }

    /// Solves from `qacc`, the warm start, which becomes the solution.
    #[inline(always)]
    pub fn solve(&mut self, problem: &Problem<'_>, qacc: &mut Vector) {
        self.iterations = [0; LANES];
        self.running = problem.constraints.any;
        if !any(&self.running) {
            *qacc = *problem.smooth;
            self.momentum = *problem.force;
            self.gradient = [[0.0; LANES]; DOFS];
            return;
        }
        self.start(problem, qacc);
        let mut scale = [0.0; LANES];
        for dof in 0..DOFS {
            for (lane, scale) in scale.iter_mut().enumerate() {
                *scale += problem.mass[diagonal(dof)][lane];
            }
        }
        for scale in &mut scale {
            *scale = 1.0 / *scale;
        }
        self.update(problem, qacc);
        let norm = norm(&self.gradient);
        for lane in 0..LANES {
            let solved = scale[lane] * norm[lane] < SOLVER_TOLERANCE;
            self.running[lane] &= !solved;
        }
        for iteration in 0..SOLVER_ITERATIONS {
            if !any(&self.running) {
                break;
            }
            self.step(problem, &scale, iteration == 0, qacc);
        }
    }

    /// The warm start, or the accelerations without constraints where they cost less.
    #[inline(always)]
    fn start(&mut self, problem: &Problem<'_>, qacc: &mut Vector) {
        let (constraints, pose) = (problem.constraints, problem.pose);
        let smooth = problem.smooth;
        constraints.residuals(pose, smooth, problem.qvel, &mut self.rates);
        let smooth_cost = cost_of(constraints, &self.rates);
        constraints.residuals(pose, qacc, problem.qvel, &mut self.residuals);
        let warm_cost = cost_of(constraints, &self.residuals);
        multiply(problem.mass, qacc, &mut self.momentum);
        let gauss = gauss_of(problem, &self.momentum, qacc);
        let mut cold = [false; LANES];
        for lane in 0..LANES {
            // Lanes without constraints start where they end.
            cold[lane] = warm_cost[lane] + gauss[lane] > smooth_cost[lane] || !self.running[lane];
        }
        for dof in 0..DOFS {
            for lane in 0..LANES {
                qacc[dof][lane] = select(cold[lane], smooth[dof][lane], qacc[dof][lane]);
                let force = problem.force[dof][lane];
                self.momentum[dof][lane] = select(cold[lane], force, self.momentum[dof][lane]);
            }
        }
        self.residuals.blend(constraints, &cold, &self.rates);
    }

    /// Cost and gradient at the present accelerations.
    #[inline(always)]
    fn update(&mut self, problem: &Problem<'_>, qacc: &Vector) {
        let constraints = problem.constraints;
        let mut wrench = Spatial::new();
        let mut cost = [0.0; LANES];
        for &end in constraints.touching() {
            let body = body_of(end);
            for lane in 0..LANES {
                let weight = constraints.weight[end][lane];
                let rows = pyramid(
                    self.residuals.normal[end][lane],
                    self.residuals.tangent[end][lane],
                );
                let [plus, minus, middle] = rows.map(shortfall);
                cost[lane] +=
                    0.5 * weight * (plus * plus + minus * minus) + weight * middle * middle;
                let normal = -weight * (plus + minus + 2.0 * middle);
                let tangent = -weight * FRICTION * (plus - minus);
                wrench.x[body][lane] += tangent;
                wrench.z[body][lane] += normal;
                wrench.y[body][lane] +=
                    constraints.z[end][lane] * tangent - constraints.x[end][lane] * normal;
            }
        }
        let mut force = [[0.0; LANES]; DOFS];
        problem.pose.joint_forces(&mut wrench, &mut force);
        for &limit in constraints.exceeded() {
            for lane in 0..LANES {
                let weight = constraints.limit_weight[limit][lane];
                let short = shortfall(self.residuals.limit[limit][lane]);
                cost[lane] += 0.5 * weight * short * short;
                force[FIRST_LIMIT + limit][lane] -=
                    constraints.limit_sign[limit][lane] * weight * short;
            }
        }
        self.gauss = gauss_of(problem, &self.momentum, qacc);
        for lane in 0..LANES {
            self.cost[lane] = cost[lane] + self.gauss[lane];
        }
        for dof in 0..DOFS {
            for lane in 0..LANES {
                self.gradient[dof][lane] =
                    self.momentum[dof][lane] - problem.force[dof][lane] - force[dof][lane];
            }
        }
    }

    /// One Newton step with its line search, in the lanes that are running.
    #[inline(always)]
    fn step(&mut self, problem: &Problem<'_>, scale: &Lanes, first: bool, qacc: &mut Vector) {
        self.find_direction(problem);
        let slope = dot(&self.gradient, &self.search);
        let mut running = self.running;
        if !first {
            // What another step can gain; MuJoCo asks that after its first one alone.
            for lane in 0..LANES {
                let solved = -0.5 * scale[lane] * slope[lane] < SOLVER_TOLERANCE;
                running[lane] &= !solved;
            }
            if !any(&running) {
                self.running = running;
                return;
            }
        }
        multiply(problem.mass, &self.search, &mut self.momentum_rate);
        problem
            .constraints
            .rows(problem.pose, &self.search, &mut self.rates);
        let line = Line {
            constraints: problem.constraints,
            residuals: &self.residuals,
            rates: &self.rates,
            cost: self.cost,
            slope,
            smooth: self.quadratic(problem),
            search_norm: norm(&self.search),
            scale,
        };
        let alpha = line.search(&running);
        for lane in 0..LANES {
            running[lane] &= alpha[lane] != 0.0;
            self.iterations[lane] += u32::from(running[lane]);
        }
        for dof in 0..DOFS {
            for lane in 0..LANES {
                let (a, m) = (qacc[dof][lane], self.momentum[dof][lane]);
                let moved = a + alpha[lane] * self.search[dof][lane];
                let pushed = m + alpha[lane] * self.momentum_rate[dof][lane];
                qacc[dof][lane] = select(running[lane], moved, a);
                self.momentum[dof][lane] = select(running[lane], pushed, m);
            }
        }
        self.residuals
            .advance(problem.constraints, &running, &alpha, &self.rates);
        let old_cost = self.cost;
        self.update(problem, qacc);
        let norm = norm(&self.gradient);
        let tolerance = SOLVER_TOLERANCE;
        for lane in 0..LANES {
            let improvement = scale[lane] * (old_cost[lane] - self.cost[lane]);
            let done = improvement < tolerance || scale[lane] * norm[lane] < tolerance;
            self.running[lane] = running[lane] && !done;
        }
    }

    /// The Newton direction: minus the Hessian's inverse times the gradient. The Hessian is the
    /// mass matrix with the inertia that contacts and limits seem to add.
    #[inline(always)]
    fn find_direction(&mut self, problem: &Problem<'_>) {
        let constraints = problem.constraints;
        let mut inertia = problem.inertia.clone();
        let mut extra = *problem.armature;
        for &end in constraints.touching() {
            let body = body_of(end);
            let mu = FRICTION;
            for lane in 0..LANES {
                let weight = constraints.weight[end][lane];
                let rows = pyramid(
                    self.residuals.normal[end][lane],
                    self.residuals.tangent[end][lane],
                );
                let [plus, minus, middle] = rows.map(|row| select(row < 0.0, weight, 0.0));
                let nn = plus + minus + 2.0 * middle;
                let nt = mu * (plus - minus);
                let tt = mu * mu * (plus + minus);
                let (x, z) = (constraints.x[end][lane], constraints.z[end][lane]);
                let (tangent, normal) = (tt * z - nt * x, nt * z - nn * x);
                inertia.xx[body][lane] += tt;
                inertia.xz[body][lane] += nt;
                inertia.zz[body][lane] += nn;
                inertia.xy[body][lane] += tangent;
                inertia.zy[body][lane] += normal;
                inertia.yy[body][lane] += z * tangent - x * normal;
            }
        }
        for &limit in constraints.exceeded() {
            for lane in 0..LANES {
                let active = self.residuals.limit[limit][lane] < 0.0;
                let weight = constraints.limit_weight[limit][lane];
                extra[FIRST_LIMIT + limit][lane] += select(active, weight, 0.0);
            }
        }
        problem
            .pose
            .project(&mut inertia, &extra, &mut self.hessian);
        factor(&mut self.hessian);
        for dof in 0..DOFS {
            for lane in 0..LANES {
                self.search[dof][lane] = -self.gradient[dof][lane];
            }
        }
        solve(&self.hessian, &mut self.search);
    }

    /// The part of the cost along the search direction that is not the constraints'.
    #[inline(always)]
    fn quadratic(&self, problem: &Problem<'_>) -> Quadratic {
        let mut slope = [0.0; LANES];
        let mut half_curvature = [0.0; LANES];
        for dof in 0..DOFS {
            for lane in 0..LANES {
                let search = self.search[dof][lane];
                slope[lane] += search * (self.momentum[dof][lane] - problem.force[dof][lane]);
                half_curvature[lane] += 0.5 * search * self.momentum_rate[dof][lane];
            }
        }
        Quadratic {
            constant: self.gauss,
            slope,
            half_curvature,
        }
    }
}

impl Default for Solver {
    fn default() -> Self {
        Self::new()
    }
}

/// A contact's rows: the tangent along x with the normal, both ways, and the normal alone, which
/// stands for the two rows of the tangent along y.
#[inline(always)]
pub fn pyramid(normal: f64, tangent: f64) -> [f64; 3] {
    let side = FRICTION * tangent;
    [normal + side, normal - side, normal]
}

/// By how much a row falls short: its residual if that is negative.
#[inline(always)]
fn shortfall(residual: f64) -> f64 {
    select(residual < 0.0, residual, 0.0)
}

/// The constraints' cost.
#[inline(always)]
fn cost_of(constraints: &Constraints, residuals: &Residuals) -> Lanes {
    let mut cost = [0.0; LANES];
    for &end in constraints.touching() {
        for lane in 0..LANES {
            let rows = pyramid(residuals.normal[end][lane], residuals.tangent[end][lane]);
            let [plus, minus, middle] = rows.map(shortfall);
            cost[lane] += constraints.weight[end][lane]
                * (0.5 * (plus * plus + minus * minus) + middle * middle);
        }
    }
    for &limit in constraints.exceeded() {
        for lane in 0..LANES {
            let short = shortfall(residuals.limit[limit][lane]);
            cost[lane] += 0.5 * constraints.limit_weight[limit][lane] * short * short;
        }
    }
    cost
}

/// The part of the cost that is not the constraints'.
#[inline(always)]
fn gauss_of(problem: &Problem<'_>, momentum: &Vector, qacc: &Vector) -> Lanes {
    let mut sum = [0.0; LANES];
    for dof in 0..DOFS {
        for lane in 0..LANES {
            sum[lane] += 0.5
                * (momentum[dof][lane] - problem.force[dof][lane])
                * (qacc[dof][lane] - problem.smooth[dof][lane]);
        }
    }
    sum
}

#[inline(always)]
fn dot(one: &Vector, other: &Vector) -> Lanes {
    let mut sum = [0.0; LANES];
    for (one, other) in one.iter().zip(other) {
        for lane in 0..LANES {
            sum[lane] += one[lane] * other[lane];
        }
    }
    sum
}

#[inline(always)]
fn norm(vector: &Vector) -> Lanes {
    dot(vector, vector).map(f64::sqrt)
}
