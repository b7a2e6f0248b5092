//! MuJoCo's soft constraints: joint limits, and the capsules' ends on the floor.
//!
//! A row asks that its acceleration, J qacc, be at least a reference, -b v - k i r: of its
//! velocity v and its distance r, with an impedance i that grows with depth. A row that falls
//! short by s costs D s^2 / 2. A contact's friction pyramid has four rows: normal plus and minus
//! friction times the tangent along x, and the same with the tangent along y, where nothing
//! moves, so that both are the normal alone and count twice.

use crate::consts::*;
use crate::dynamics::{turn, Pose, Spatial};
use crate::lanes::{select, Flags, Lanes, LANES};
use crate::tree::Vector;

/// Ends of capsules: at most this many contacts.
pub const ENDS: usize = NUM_ENDS as usize;

/// The body that each end belongs to.
pub const fn body_of(end: usize) -> usize {
    END_BODY[end] as usize
}

/// Joints with limits: all hinges but the root's.
pub const LIMITS: usize = 6;

/// The first degree of freedom with a limit.
pub const FIRST_LIMIT: usize = 3;

/// The constraints of one moment.
#[derive(Clone)]
pub struct Constraints {
    /// Ends that touch the floor in any lane.
    pub touching: [usize; ENDS],
    /// How many they are.
    pub num_touching: usize,
    /// Where an end touches, from the torso's origin, m.
    pub x: [Lanes; ENDS],
    /// The same, upwards.
    pub z: [Lanes; ENDS],
    /// Distance of an end from the floor, negative in contact, m.
    pub distance: [Lanes; ENDS],
    /// Weight D of each of a contact's rows, kg; 0 where there is no contact.
    pub weight: [Lanes; ENDS],
    /// k i r of each contact, m/s^2.
    pub reference: [Lanes; ENDS],
    /// Joints whose limits are exceeded in any lane.
    pub exceeded: [usize; LIMITS],
    /// How many they are.
    pub num_exceeded: usize,
    /// +1 where a lower limit is exceeded, -1 where an upper one is.
    pub limit_sign: [Lanes; LIMITS],
    /// Weight D of a limit's row, kg m^2; 0 within the limits.
    pub limit_weight: [Lanes; LIMITS],
    /// k i r of each limit, rad/s^2.
    pub limit_reference: [Lanes; LIMITS],
    /// Whether a lane has any constraint.
    pub any: Flags,
}

/// What rows have in common under one vector over the joints: J times it, less the reference.
#[derive(Clone)]
pub struct Residuals {
    /// Of each contact, along the normal.
    pub normal: [Lanes; ENDS],
    /// Of each contact, along x.
    pub tangent: [Lanes; ENDS],
    /// Of each limit.
    pub limit: [Lanes; LIMITS],
}

/// The impedance at a distance beyond the limit or the floor (MuJoCo's documentation, "Solver
/// parameters"; midpoint 0.5 and power 2).
#[inline(always)]
fn impedance(distance: f64, dmin: f64, dmax: f64, width: f64) -> f64 {
    let x = distance.abs() * (1.0 / width);
    let rest = 1.0 - x;
    let rising = 2.0 * x * x;
    let y = select(x <= 0.5, rising, 1.0 - 2.0 * rest * rest);
    let inside = dmin + y * (dmax - dmin);
    select(x >= 1.0, dmax, inside)
}

/// How far an angle is from the limit that it exceeds, negative, or else from the upper one, and
/// the direction back: +1 or -1.
#[inline(always)]
fn limit_distance(limit: usize, angle: f64) -> (f64, f64) {
    let (below, above) = (angle - JOINT_LOW[limit], JOINT_HIGH[limit] - angle);
    let lower = below < 0.0;
    (select(lower, below, above), select(lower, 1.0, -1.0))
}

impl Constraints {
    /// None.
    pub fn new() -> Self {
        let ends = [[0.0; LANES]; ENDS];
        let limits = [[0.0; LANES]; LIMITS];
        Constraints {
            touching: [0; ENDS],
            num_touching: 0,
            x: ends,
            z: ends,
            distance: ends,
            weight: ends,
            reference: ends,
            exceeded: [0; LIMITS],
            num_exceeded: 0,
            limit_sign: limits,
            limit_weight: limits,
            limit_reference: limits,
            any: [false; LANES],
        }
    }

    /// The ends that touch the floor in any lane.
    #[inline(always)]
    pub fn touching(&self) -> &[usize] {
        &self.touching[..self.num_touching]
    }

    /// The joints whose limits are exceeded in any lane.
    #[inline(always)]
    pub fn exceeded(&self) -> &[usize] {
        &self.exceeded[..self.num_exceeded]
    }

    /// Finds what touches the floor and which limits are exceeded.
    #[inline(always)]
    pub fn update(&mut self, qpos: &Vector, pose: &Pose) {
        self.any = [false; LANES];
        self.num_touching = 0;
        self.num_exceeded = 0;
        for end in 0..ENDS {
            self.find_contact(end, pose);
        }
        for limit in 0..LIMITS {
            self.find_limit(limit, &qpos[FIRST_LIMIT + limit]);
        }
    }

    /// Most ends are in the air in all lanes, and for them nothing but their distance is computed.
    #[inline(always)]
    fn find_contact(&mut self, end: usize, pose: &Pose) {
        let body = body_of(end);
        let mut least = 0.0;
        for lane in 0..LANES {
            let (sin, cos) = (pose.sin[body][lane], pose.cos[body][lane]);
            let (dx, dz) = turn(sin, cos, END_X[end], END_Z[end]);
            let height = pose.origin_z[body][lane] + dz + pose.height[lane];
            let distance = height - CAPSULE_RADIUS;
            self.x[end][lane] = pose.origin_x[body][lane] + dx;
            self.distance[end][lane] = distance;
            least = select(distance < least, distance, least);
        }
        self.weight[end] = [0.0; LANES];
        if least < 0.0 {
            self.touching[self.num_touching] = end;
            self.num_touching += 1;
            self.add_contact(end, pose);
        }
    }

    #[inline(always)]
    fn add_contact(&mut self, end: usize, pose: &Pose) {
        // Every row of a pyramid has the weight 1 / (2 mu^2 R), with R from the approximate
        // inverse inertia of the first row, which mixes normal and tangent.
        let mu = FRICTION;
        let softness = 2.0 * mu * mu * (1.0 + mu * mu) * BODY_INVWEIGHT[body_of(end)];
        for lane in 0..LANES {
            let distance = self.distance[end][lane];
            let touches = distance < 0.0;
            let i = impedance(distance, CONTACT_DMIN, CONTACT_DMAX, CONTACT_WIDTH);
            let weight = i / ((1.0 - i) * softness);
            // Halfway between the floor and the capsule's lowest point.
            self.z[end][lane] = distance * 0.5 - pose.height[lane];
            self.weight[end][lane] = select(touches, weight, 0.0);
            self.reference[end][lane] = select(touches, CONTACT_STIFFNESS * i * distance, 0.0);
            self.any[lane] |= touches;
        }
    }

    /// As for contacts: most joints are within their limits in all lanes.
    #[inline(always)]
    fn find_limit(&mut self, limit: usize, angle: &Lanes) {
        let mut least = 0.0;
        for lane in 0..LANES {
            let distance = limit_distance(limit, angle[lane]).0;
            least = select(distance < least, distance, least);
        }
        self.limit_weight[limit] = [0.0; LANES];
        if least < 0.0 {
            self.exceeded[self.num_exceeded] = limit;
            self.num_exceeded += 1;
            self.add_limit(limit, angle);
        }
    }

    #[inline(always)]
    fn add_limit(&mut self, limit: usize, angle: &Lanes) {
        let softness = DOF_INVWEIGHT[FIRST_LIMIT + limit];
        for lane in 0..LANES {
            let (distance, sign) = limit_distance(limit, angle[lane]);
            let exceeded = distance < 0.0;
            let i = impedance(distance, LIMIT_DMIN, LIMIT_DMAX, LIMIT_WIDTH);
            let weight = i / ((1.0 - i) * softness);
            self.limit_sign[limit][lane] = sign;
            self.limit_weight[limit][lane] = select(exceeded, weight, 0.0);
            self.limit_reference[limit][lane] =
                select(exceeded, LIMIT_STIFFNESS * i * distance, 0.0);
            self.any[lane] |= exceeded;
        }
    }

    /// J times accelerations, plus b J times velocities and k i r: what is left to the reference.
    #[inline(always)]
    pub fn residuals(&self, pose: &Pose, qacc: &Vector, qvel: &Vector, residuals: &mut Residuals) {
        let mut sum = *qacc;
        for (sum, velocity) in sum.iter_mut().zip(qvel) {
            for lane in 0..LANES {
                sum[lane] += CONTACT_DAMPING * velocity[lane];
            }
        }
        let mut motion = Spatial::new();
        pose.velocities(&sum, &mut motion);
        for &end in self.touching() {
            self.contact_rows(end, &motion, residuals);
            for lane in 0..LANES {
                residuals.normal[end][lane] += self.reference[end][lane];
            }
        }
        for &limit in self.exceeded() {
            let joint = FIRST_LIMIT + limit;
            for lane in 0..LANES {
                let sum = qacc[joint][lane] + LIMIT_DAMPING * qvel[joint][lane];
                residuals.limit[limit][lane] =
                    self.limit_sign[limit][lane] * sum + self.limit_reference[limit][lane];
            }
        }
    }

    /// J times a vector over the joints.
    #[inline(always)]
    pub fn rows(&self, pose: &Pose, joints: &Vector, rows: &mut Residuals) {
        let mut motion = Spatial::new();
        pose.velocities(joints, &mut motion);
        for &end in self.touching() {
            self.contact_rows(end, &motion, rows);
        }
        for &limit in self.exceeded() {
            for lane in 0..LANES {
                rows.limit[limit][lane] =
                    self.limit_sign[limit][lane] * joints[FIRST_LIMIT + limit][lane];
            }
        }
    }

    #[inline(always)]
    fn contact_rows(&self, end: usize, motion: &Spatial, rows: &mut Residuals) {
        let body = body_of(end);
        for lane in 0..LANES {
            let turning = motion.y[body][lane];
            rows.normal[end][lane] = motion.z[body][lane] - turning * self.x[end][lane];
            rows.tangent[end][lane] = motion.x[body][lane] + turning * self.z[end][lane];
        }
    }
}

impl Default for Constraints {
    fn default() -> Self {
        Self::new()
    }
}

impl Residuals {
    /// Zero.
    pub fn new() -> Self {
        Residuals {
            normal: [[0.0; LANES]; ENDS],
            tangent: [[0.0; LANES]; ENDS],
            limit: [[0.0; LANES]; LIMITS],
        }
    }

    /// Takes those of `other` where `chosen`.
    #[inline(always)]
    pub fn blend(&mut self, constraints: &Constraints, chosen: &Flags, other: &Self) {
        for &end in constraints.touching() {
            for lane in 0..LANES {
                let normal = self.normal[end][lane];
                let tangent = self.tangent[end][lane];
                self.normal[end][lane] = select(chosen[lane], other.normal[end][lane], normal);
                self.tangent[end][lane] = select(chosen[lane], other.tangent[end][lane], tangent);
            }
        }
        for &limit in constraints.exceeded() {
            for lane in 0..LANES {
                let own = self.limit[limit][lane];
                self.limit[limit][lane] = select(chosen[lane], other.limit[limit][lane], own);
            }
        }
    }

    /// Moves on by `alpha` times `rates` where `running`.
    #[inline(always)]
    pub fn advance(
        &mut self,
        constraints: &Constraints,
        running: &Flags,
        alpha: &Lanes,
        rates: &Self,
    ) {
        for &end in constraints.touching() {
            for lane in 0..LANES {
                let (n, t) = (self.normal[end][lane], self.tangent[end][lane]);
                let new_n = n + alpha[lane] * rates.normal[end][lane];
                let new_t = t + alpha[lane] * rates.tangent[end][lane];
                self.normal[end][lane] = select(running[lane], new_n, n);
                self.tangent[end][lane] = select(running[lane], new_t, t);
            }
        }
        for &limit in constraints.exceeded() {
            for lane in 0..LANES {
                let old = self.limit[limit][lane];
                let new = old + alpha[lane] * rates.limit[limit][lane];
                self.limit[limit][lane] = select(running[lane], new, old);
            }
        }
    }
}

impl Default for Residuals {
    fn default() -> Self {
        Self::new()
    }
}
