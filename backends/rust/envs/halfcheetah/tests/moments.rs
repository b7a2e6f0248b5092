//! Every intermediate result against MuJoCo's own, as references/halfcheetah/moments.py exports
//! them: mass matrix, bias, forces, contacts, limits, accelerations, and the next state.

#![allow(clippy::needless_range_loop)] // indices run over several arrays alike

use samestep_halfcheetah::constraint::{Residuals, ENDS, FIRST_LIMIT, LIMITS};
use samestep_halfcheetah::lanes::LANES;
use samestep_halfcheetah::substep::{Controls, Dynamics, Workspace, MOTORS};
use samestep_halfcheetah::tree::{ABOVE, DOFS, PATH, ROW};

/// Numbers of one moment, in the order of moments.py's LAYOUT.
struct Moment<'a>(&'a [f64]);

const WIDTHS: [(&str, usize); 20] = [
    ("qpos", DOFS),
    ("qvel", DOFS),
    ("qacc_warmstart", DOFS),
    ("ctrl", MOTORS),
    ("mass", DOFS * DOFS),
    ("bias", DOFS),
    ("force", DOFS),
    ("smooth", DOFS),
    ("distance", ENDS),
    ("contact_x", ENDS),
    ("contact_weight", ENDS),
    ("contact_normal", ENDS),
    ("contact_tangent", ENDS),
    ("limit_weight", LIMITS),
    ("limit_reference", LIMITS),
    ("constraint_force", DOFS),
    ("qacc", DOFS),
    ("iterations", 1),
    ("next_qpos", DOFS),
    ("next_qvel", DOFS),
];

impl Moment<'_> {
    fn get(&self, name: &str) -> &[f64] {
        let mut at = 0;
        for (field, width) in WIDTHS {
            if field == name {
                return &self.0[at..at + width];
            }
            at += width;
        }
        panic!("no field {name}");
    }
}

fn width() -> usize {
    WIDTHS.iter().map(|(_, width)| width).sum()
}

fn numbers() -> Vec<f64> {
    let bytes = include_bytes!("data/moments.bin");
    let words = bytes.chunks_exact(8);
    words
        .map(|word| f64::from_le_bytes(word.try_into().unwrap()))
        .collect()
}

/// Runs `check` on each moment with a workspace and a lane that hold it, before and after.
fn each(check: impl Fn(usize, &Moment<'_>, &Case, usize)) {
    let numbers = numbers();
    let moments: Vec<Moment<'_>> = numbers.chunks_exact(width()).map(Moment).collect();
    assert!(moments.len() >= 200 && numbers.len().is_multiple_of(width()));
    for (block, moments) in moments.chunks(LANES).enumerate() {
        let case = Case::new(moments);
        for (lane, moment) in moments.iter().enumerate() {
            check(block * LANES + lane, moment, &case, lane);
        }
    }
}

struct Case {
    before: Dynamics,
    after: Dynamics,
    workspace: Workspace,
}

impl Case {
    fn new(moments: &[Moment<'_>]) -> Self {
        let mut before = Dynamics::default();
        let mut controls: Controls = [[0.0; LANES]; MOTORS];
        for (lane, moment) in moments.iter().enumerate() {
            for dof in 0..DOFS {
                before.qpos[dof][lane] = moment.get("qpos")[dof];
                before.qvel[dof][lane] = moment.get("qvel")[dof];
                before.qacc_warmstart[dof][lane] = moment.get("qacc_warmstart")[dof];
            }
            for motor in 0..MOTORS {
                controls[motor][lane] = moment.get("ctrl")[motor];
            }
        }
        let (mut after, mut workspace) = (before, Workspace::new());
        workspace.substep(&mut after, &mut controls);
        Case {
            before,
            after,
            workspace,
        }
    }
}

/// Fails unless the error is at most `bound` times the greater of 1 and what is expected.
fn close(what: &str, moment: usize, index: usize, expected: f64, got: f64, bound: f64) {
    let error = (got - expected).abs() / expected.abs().max(1.0);
    assert!(
        error <= bound,
        "moment {moment}: {what}[{index}] is {got:e}, MuJoCo's is {expected:e} ({error:e} off)"
    );
}

#[test]
fn mass_matrix() {
    each(|index, moment, case, lane| {
        let expected = moment.get("mass");
        for row in 0..DOFS {
            let mut dense = [0.0; DOFS];
            for above in 0..=ABOVE[row] {
                dense[PATH[row][above]] = case.workspace.mass[ROW[row] + above][lane];
            }
            for column in 0..=row {
                let entry = row * DOFS + column;
                close("mass", index, entry, expected[entry], dense[column], 1e-12);
            }
        }
    });
}

#[test]
fn forces_and_accelerations_without_constraints() {
    each(|index, moment, case, lane| {
        let fields = [
            ("bias", &case.workspace.bias, 1e-11),
            ("force", &case.workspace.force, 1e-11),
            ("smooth", &case.workspace.smooth, 1e-10),
        ];
        for (name, vector, bound) in fields {
            for dof in 0..DOFS {
                close(
                    name,
                    index,
                    dof,
                    moment.get(name)[dof],
                    vector[dof][lane],
                    bound,
                );
            }
        }
    });
}

#[test]
fn contacts() {
    each(|index, moment, case, lane| {
        let constraints = &case.workspace.constraints;
        // With no acceleration, what rows fall short by is their reference, the other way round.
        let mut rows = Residuals::new();
        let zero = [[0.0; LANES]; DOFS];
        let pose = &case.workspace.pose;
        constraints.residuals(pose, &zero, &case.before.qvel, &mut rows);
        for end in 0..ENDS {
            let expected = moment.get("distance")[end];
            let touches = constraints.weight[end][lane] > 0.0;
            assert_eq!(touches, expected < 0.0, "moment {index}: end {end} touches");
            if !touches {
                continue;
            }
            assert!(constraints.touching().contains(&end));
            let fields = [
                ("distance", constraints.distance[end][lane], 1e-12),
                ("contact_x", constraints.x[end][lane], 1e-12),
                ("contact_weight", constraints.weight[end][lane], 1e-11),
                ("contact_normal", -rows.normal[end][lane], 1e-11),
                // A row along x holds the tangent times the friction.
                ("contact_tangent", -0.4 * rows.tangent[end][lane], 1e-11),
            ];
            for (name, got, bound) in fields {
                close(name, index, end, moment.get(name)[end], got, bound);
            }
        }
    });
}

#[test]
fn limits() {
    each(|index, moment, case, lane| {
        let constraints = &case.workspace.constraints;
        let mut rows = Residuals::new();
        let zero = [[0.0; LANES]; DOFS];
        let pose = &case.workspace.pose;
        constraints.residuals(pose, &zero, &case.before.qvel, &mut rows);
        for limit in 0..LIMITS {
            let weight = constraints.limit_weight[limit][lane];
            let expected = moment.get("limit_weight")[limit];
            close("limit_weight", index, limit, expected, weight, 1e-11);
            if weight > 0.0 {
                let expected = moment.get("limit_reference")[limit];
                let got = -rows.limit[limit][lane];
                close("limit_reference", index, limit, expected, got, 1e-11);
                let sign = constraints.limit_sign[limit][lane];
                let low = case.before.qpos[FIRST_LIMIT + limit][lane] < 0.0;
                assert_eq!(sign, if low { 1.0 } else { -1.0 });
            }
        }
    });
}

#[test]
fn solution() {
    each(|index, moment, case, lane| {
        let solver = &case.workspace.solver;
        let iterations = f64::from(solver.iterations[lane]);
        assert_eq!(iterations, moment.get("iterations")[0], "moment {index}");
        for dof in 0..DOFS {
            let constraint = solver.total_force(lane, dof) - case.workspace.force[dof][lane];
            let expected = moment.get("constraint_force")[dof];
            close("constraint_force", index, dof, expected, constraint, 1e-10);
            let qacc = case.after.qacc_warmstart[dof][lane];
            close("qacc", index, dof, moment.get("qacc")[dof], qacc, 1e-10);
        }
    });
}

#[test]
fn next_state() {
    each(|index, moment, case, lane| {
        for dof in 0..DOFS {
            let (qpos, qvel) = (case.after.qpos[dof][lane], case.after.qvel[dof][lane]);
            close(
                "qpos",
                index,
                dof,
                moment.get("next_qpos")[dof],
                qpos,
                1e-12,
            );
            close(
                "qvel",
                index,
                dof,
                moment.get("next_qvel")[dof],
                qvel,
                1e-10,
            );
        }
    });
}
