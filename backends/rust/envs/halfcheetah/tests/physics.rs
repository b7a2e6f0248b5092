//! Parts together (L2), held to mechanics alone: energy, momentum, rest, limits, order of a substep.
#![allow(missing_docs)]
#![allow(clippy::needless_range_loop)] // indices run over several arrays alike

mod common;

use common::Random;
use samestep_halfcheetah::consts::*;
use samestep_halfcheetah::dynamics::BODIES;
use samestep_halfcheetah::lanes::LANES;
use samestep_halfcheetah::substep::{Controls, Dynamics, Workspace, FIRST_MOTOR, MOTORS};
use samestep_halfcheetah::tree::{multiply, Vector, DOFS};

const NO_CONTROLS: Controls = [[0.0; LANES]; MOTORS];
const ZERO: Vector = [[0.0; LANES]; DOFS];

/// Lanes of cheetahs at `height` above where the model begins, in any posture, moving.
fn moving(random: &mut Random, height: f64) -> Dynamics {
    let mut dynamics = Dynamics::default();
    for dof in 0..DOFS {
        for lane in 0..LANES {
            let bound = if dof == 2 { 3.0 } else { 0.35 };
            dynamics.qpos[dof][lane] = random.within(bound);
            dynamics.qvel[dof][lane] = random.within(8.0);
        }
    }
    dynamics.qpos[1].iter_mut().for_each(|z| *z += height);
    dynamics
}

/// `a + scale b`.
fn sum(a: &Vector, scale: f64, b: &Vector) -> Vector {
    std::array::from_fn(|dof| std::array::from_fn(|lane| a[dof][lane] + scale * b[dof][lane]))
}

fn dot(a: &Vector, b: &Vector, lane: usize) -> f64 {
    (0..DOFS).map(|dof| a[dof][lane] * b[dof][lane]).sum()
}

/// What a substep computes on its way, without the substep.
fn forward(dynamics: &Dynamics, controls: &Controls) -> (Workspace, Vector) {
    let mut workspace = Workspace::new();
    let mut qacc = dynamics.qacc_warmstart;
    workspace.accelerations(dynamics, controls, &mut qacc);
    (workspace, qacc)
}

/// M v at other positions.
fn momenta(qpos: &Vector, qvel: &Vector) -> Vector {
    let dynamics = Dynamics {
        qpos: *qpos,
        ..Dynamics::default()
    };
    let mut product = ZERO;
    multiply(&forward(&dynamics, &NO_CONTROLS).0.mass, qvel, &mut product);
    product
}

fn close(what: &str, got: f64, expected: f64, bound: f64) {
    let error = (got - expected).abs() / expected.abs().max(1.0);
    assert!(error <= bound, "{what} is {got:e}, not {expected:e}");
}

/// Mass, place, velocity and turning of every body, apart from the code under test: angles are
/// sums down the tree, velocities differences of places.
fn bodies(qpos: &[f64; DOFS]) -> [(f64, f64, f64); BODIES] {
    let mut joints = [(0.0, 0.0, 0.0); BODIES];
    let mut places = joints;
    let turned = |angle: f64, x: f64, z: f64| {
        let (sin, cos) = angle.sin_cos();
        (cos * x + sin * z, cos * z - sin * x)
    };
    for body in 0..BODIES {
        let (mut x, mut z, mut angle) = (qpos[0], qpos[1] + BODY_Z[0], qpos[2 + body]);
        if body > 0 {
            let (above_x, above_z, above) = joints[BODY_PARENT[body] as usize];
            let (dx, dz) = turned(above, BODY_X[body], BODY_Z[body]);
            (x, z, angle) = (above_x + dx, above_z + dz, angle + above);
        }
        joints[body] = (x, z, angle);
        let (dx, dz) = turned(angle, BODY_COM_X[body], BODY_COM_Z[body]);
        places[body] = (x + dx, z + dz, angle);
    }
    places
}

fn lane_of(vector: &Vector, lane: usize) -> [f64; DOFS] {
    std::array::from_fn(|dof| vector[dof][lane])
}

fn places(qpos: &Vector, lane: usize) -> [(f64, f64, f64); BODIES] {
    bodies(&lane_of(qpos, lane))
}

/// Each body's (v_x, v_z, rate of turn).
fn velocities(qpos: &Vector, qvel: &Vector, lane: usize) -> [(f64, f64, f64); BODIES] {
    let eps = 1e-6;
    let before = places(&sum(qpos, -eps, qvel), lane);
    let after = places(&sum(qpos, eps, qvel), lane);
    std::array::from_fn(|body| {
        let (a, b) = (after[body], before[body]);
        let rate = |a: f64, b: f64| (a - b) / (2.0 * eps);
        (rate(a.0, b.0), rate(a.1, b.1), rate(a.2, b.2))
    })
}

/// Momentum along x and z, and angular momentum about the world's origin, about +y.
fn total_momentum(qpos: &Vector, qvel: &Vector, lane: usize) -> [f64; 3] {
    let mut total = [0.0; 3];
    let moving = velocities(qpos, qvel, lane);
    for (body, (x, z, _)) in places(qpos, lane).into_iter().enumerate() {
        let (mass, (vx, vz, turning)) = (BODY_MASS[body], moving[body]);
        total[0] += mass * vx;
        total[1] += mass * vz;
        total[2] += mass * (z * vx - x * vz) + BODY_INERTIA[body] * turning;
    }
    total
}

fn weight() -> f64 {
    GRAVITY * BODY_MASS.iter().sum::<f64>()
}

#[test]
fn kinetic_energy_is_that_of_the_bodies_and_the_motors() {
    let mut random = Random(0);
    for _ in 0..10 {
        let dynamics = moving(&mut random, 0.0);
        let (qpos, qvel) = (&dynamics.qpos, &dynamics.qvel);
        let product = momenta(qpos, qvel);
        for lane in 0..LANES {
            let bodies: f64 = velocities(qpos, qvel, lane)
                .iter()
                .enumerate()
                .map(|(body, (vx, vz, turning))| {
                    BODY_MASS[body] * (vx * vx + vz * vz) + BODY_INERTIA[body] * turning * turning
                })
                .sum();
            let motors: f64 = (0..DOFS)
                .map(|dof| DOF_ARMATURE[dof] * qvel[dof][lane] * qvel[dof][lane])
                .sum();
            let twice = dot(&product, qvel, lane);
            close("twice the kinetic energy", twice, bodies + motors, 1e-8);
        }
    }
}

/// Forces of turning move energy about and make none: v . c = v . (dM/dt v) / 2.
#[test]
fn turning_makes_no_energy() {
    let mut random = Random(100);
    for _ in 0..10 {
        let dynamics = moving(&mut random, 0.0);
        let (qpos, qvel) = (&dynamics.qpos, &dynamics.qvel);
        let bias = forward(&dynamics, &NO_CONTROLS).0.bias;
        let still = Dynamics {
            qvel: ZERO,
            ..dynamics
        };
        let gravity = forward(&still, &NO_CONTROLS).0.bias;
        let eps = 1e-5;
        let after = momenta(&sum(qpos, eps, qvel), qvel);
        let before = momenta(&sum(qpos, -eps, qvel), qvel);
        for lane in 0..LANES {
            let change = (dot(qvel, &after, lane) - dot(qvel, &before, lane)) / (2.0 * eps);
            let power = dot(qvel, &bias, lane) - dot(qvel, &gravity, lane);
            close("power of the bias", power, change / 2.0, 1e-6);
        }
    }
}

/// Not power alone, which forces at right angles to the motion do not show: d/dt (M v) less the
/// slope of the kinetic energy, Lagrange's own, is every component of the bias without gravity.
#[test]
fn forces_of_turning_are_lagranges() {
    let mut random = Random(200);
    let dynamics = moving(&mut random, 0.0);
    let (qpos, qvel) = (&dynamics.qpos, &dynamics.qvel);
    let eps = 1e-5;
    let after = momenta(&sum(qpos, eps, qvel), qvel);
    let before = momenta(&sum(qpos, -eps, qvel), qvel);
    let bias = forward(&dynamics, &NO_CONTROLS).0.bias;
    let still = Dynamics {
        qvel: ZERO,
        ..dynamics
    };
    let gravity = forward(&still, &NO_CONTROLS).0.bias;
    for dof in 0..DOFS {
        let mut along = ZERO;
        along[dof] = [1.0; LANES];
        let up = momenta(&sum(qpos, eps, &along), qvel);
        let down = momenta(&sum(qpos, -eps, &along), qvel);
        for lane in 0..LANES {
            let rate = (after[dof][lane] - before[dof][lane]) / (2.0 * eps);
            let slope = (dot(qvel, &up, lane) - dot(qvel, &down, lane)) / (4.0 * eps);
            let force = bias[dof][lane] - gravity[dof][lane];
            close(&format!("bias[{dof}]"), force, rate - slope, 1e-7);
        }
    }
}

#[test]
fn gravity_is_the_slope_of_the_potential_energy() {
    let mut random = Random(300);
    let potential = |qpos: &Vector, lane: usize| -> f64 {
        let places = places(qpos, lane);
        let moments = places.iter().enumerate().map(|(b, at)| BODY_MASS[b] * at.1);
        GRAVITY * moments.sum::<f64>()
    };
    let mut still = moving(&mut random, 0.0);
    still.qvel = ZERO;
    let bias = forward(&still, &NO_CONTROLS).0.bias;
    let eps = 1e-5;
    for dof in 0..DOFS {
        let mut along = ZERO;
        along[dof] = [1.0; LANES];
        for lane in 0..LANES {
            let up = potential(&sum(&still.qpos, eps, &along), lane);
            let down = potential(&sum(&still.qpos, -eps, &along), lane);
            let slope = (up - down) / (2.0 * eps);
            close(&format!("bias[{dof}]"), bias[dof][lane], slope, 1e-8);
        }
    }
}

/// In the air motors, springs and dampers act between bodies: the whole keeps its momentum along
/// x, loses its weight a second upwards, and its angular momentum follows from the weight alone.
#[test]
fn momentum_in_flight() {
    let mut random = Random(400);
    for _ in 0..5 {
        let mut dynamics = moving(&mut random, 3.0);
        let controls: Controls = std::array::from_fn(|_| [random.within(1.0); LANES]);
        // Within limits, nothing but gravity reaches it from outside.
        dynamics.qpos[5] = [0.1; LANES];
        dynamics.qpos[8] = [0.2; LANES];
        let (workspace, qacc) = forward(&dynamics, &controls);
        assert!(workspace.constraints.any.iter().all(|any| !any));
        let (qpos, qvel) = (&dynamics.qpos, &dynamics.qvel);
        let eps = 1e-5;
        let at = |time: f64, lane: usize| {
            let moved = sum(&sum(qpos, time, qvel), time * time / 2.0, &qacc);
            total_momentum(&moved, &sum(qvel, time, &qacc), lane)
        };
        for lane in 0..LANES {
            let (after, before) = (at(eps, lane), at(-eps, lane));
            let centre: f64 = places(qpos, lane)
                .iter()
                .enumerate()
                .map(|(body, at)| BODY_MASS[body] * at.0)
                .sum();
            for (axis, expected) in [0.0, -weight(), GRAVITY * centre].into_iter().enumerate() {
                let rate = (after[axis] - before[axis]) / (2.0 * eps);
                assert!(
                    (rate - expected).abs() < 1e-3,
                    "momentum {axis} changes by {rate} a second, not {expected}"
                );
            }
        }
    }
}

/// (M + h D) (v' - v) / h = M a with the solver's a, x' - x = h v', and a is the next warm start.
#[test]
fn order_of_a_substep() {
    let mut random = Random(500);
    let mut touched = 0;
    for _ in 0..10 {
        let before = moving(&mut random, -0.2);
        let mut controls: Controls = std::array::from_fn(|_| [random.within(1.0); LANES]);
        let (workspace, qacc) = forward(&before, &controls);
        let mut after = before;
        Workspace::new().substep(&mut after, &mut controls);
        assert_eq!(after.qacc_warmstart, qacc, "the warm start is undamped");
        let mean: Vector = std::array::from_fn(|dof| {
            std::array::from_fn(|lane| (after.qvel[dof][lane] - before.qvel[dof][lane]) / TIMESTEP)
        });
        let (mut left, mut right) = (ZERO, ZERO);
        multiply(&workspace.mass, &mean, &mut left);
        multiply(&workspace.mass, &qacc, &mut right);
        for lane in 0..LANES {
            touched += workspace.constraints.touching().len();
            for dof in 0..DOFS {
                let damped = left[dof][lane] + TIMESTEP * DOF_DAMPING[dof] * mean[dof][lane];
                // What is left of the gradient when the solver stops is not in a's force.
                close("force", damped, right[dof][lane], 1e-5);
                let moved = before.qpos[dof][lane] + TIMESTEP * after.qvel[dof][lane];
                close("position", after.qpos[dof][lane], moved, 1e-15);
            }
        }
    }
    assert!(touched > 100);
}

/// From its own solution the solver has nothing to do; from elsewhere it comes to the same.
#[test]
fn the_warm_start_is_where_the_solver_begins() {
    let mut random = Random(600);
    let mut saved = 0;
    for _ in 0..10 {
        let mut dynamics = moving(&mut random, -0.2);
        let (cold, solution) = forward(&dynamics, &NO_CONTROLS);
        dynamics.qacc_warmstart = solution;
        let (warm, again) = forward(&dynamics, &NO_CONTROLS);
        for lane in 0..LANES {
            let [cold, warm] = [&cold, &warm].map(|workspace| workspace.solver.iterations[lane]);
            assert!(warm <= 1, "{warm} steps from the solution");
            saved += cold - warm.min(cold);
            for dof in 0..DOFS {
                close("qacc", again[dof][lane], solution[dof][lane], 1e-4);
            }
        }
    }
    assert!(saved > 40, "only {saved} steps saved");
}

#[test]
fn left_alone_it_comes_to_rest_on_the_floor() {
    let mut dynamics = Dynamics::default();
    let mut random = Random(700);
    for dof in 1..DOFS {
        dynamics.qpos[dof] = std::array::from_fn(|_| random.within(0.1));
    }
    let mut workspace = Workspace::new();
    let mut controls = NO_CONTROLS;
    for _ in 0..1000 {
        workspace.substep(&mut dynamics, &mut controls);
    }
    let rested = dynamics;
    for _ in 0..300 {
        workspace.substep(&mut dynamics, &mut controls);
    }
    let (workspace, qacc) = forward(&dynamics, &NO_CONTROLS);
    for lane in 0..LANES {
        for dof in 0..DOFS {
            let (speed, acceleration) = (dynamics.qvel[dof][lane], qacc[dof][lane]);
            assert!(speed.abs() < 1e-6, "qvel[{dof}] is {speed}");
            assert!(acceleration.abs() < 1e-4, "qacc[{dof}] is {acceleration}");
            let drift = dynamics.qpos[dof][lane] - rested.qpos[dof][lane];
            assert!(drift.abs() < 1e-5, "qpos[{dof}] went {drift} in 3 s");
        }
        // The root is carried by the floor alone, upwards and along.
        let [along, upwards] =
            [0, 1].map(|dof| workspace.solver.total_force(lane, dof) - workspace.force[dof][lane]);
        close("the floor's force", upwards, weight(), 1e-6);
        assert!(along.abs() < 1e-3, "the floor pushes along by {along}");
        let deepest = workspace.constraints.distance.iter().map(|end| end[lane]);
        let deepest = deepest.fold(f64::INFINITY, f64::min);
        assert!((-0.01..0.0).contains(&deepest), "sunk by {deepest}");
    }
}

/// A motor holds a joint of a falling cheetah against its limit with more than the spring bears.
#[test]
fn limits_hold_a_little_beyond() {
    let surplus = 50.0;
    for joint in 0..MOTORS {
        let dof = FIRST_MOTOR + joint;
        for (side, limit) in [(-1.0, JOINT_LOW[joint]), (1.0, JOINT_HIGH[joint])] {
            let mut dynamics = Dynamics::default();
            dynamics.qpos[1] = [1000.0; LANES];
            let mut controls = NO_CONTROLS;
            let torque = JOINT_STIFFNESS[dof] * limit + side * surplus;
            controls[joint] = [torque / MOTOR_GEAR[joint]; LANES];
            let mut workspace = Workspace::new();
            for _ in 0..400 {
                workspace.substep(&mut dynamics, &mut controls);
            }
            let (angle, speed) = (dynamics.qpos[dof][0], dynamics.qvel[dof][0]);
            let beyond = side * (angle - limit);
            assert!(
                beyond > 0.0 && beyond < 0.04 && speed.abs() < 1e-3,
                "joint {joint} at {angle}, turning by {speed}; its limit is {limit}"
            );
            let push = workspace.solver.total_force(0, dof) - workspace.force[dof][0];
            let left = JOINT_STIFFNESS[dof] * angle - torque;
            close("the limit's torque", push, left, 1e-2);
        }
    }
}

/// The floor pushes and never pulls, and friction stays within its cone.
#[test]
fn the_floor_pushes_and_friction_is_limited() {
    let mut random = Random(900);
    let mut slid = 0;
    for _ in 0..20 {
        let mut dynamics = moving(&mut random, -0.25);
        // No limit is reached, so that the root's constraint force is the floor's alone.
        dynamics.qpos[5] = [0.1; LANES];
        dynamics.qpos[8] = [0.2; LANES];
        let (workspace, _) = forward(&dynamics, &NO_CONTROLS);
        for lane in 0..LANES {
            let [along, upwards] = [0, 1]
                .map(|dof| workspace.solver.total_force(lane, dof) - workspace.force[dof][lane]);
            assert!(upwards >= -1e-9, "pulled by {upwards}");
            // The cone's rows along y carry a part of the normal force and no friction.
            let bound = FRICTION * upwards + 1e-9;
            assert!(along.abs() <= bound, "{along} along, {upwards} upwards");
            slid += usize::from(upwards > 1.0 && along.abs() > 0.3 * bound);
        }
    }
    assert!(slid > 20, "only {slid} slid");
}
