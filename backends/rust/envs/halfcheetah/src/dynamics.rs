//! Planar rigid bodies: kinematics, mass matrix, bias forces.
//!
//! Everything is measured from the torso's origin, so that no precision is lost far from where an
//! episode began. Angles turn about +y, from z to x. A spatial vector is (x, z, about y): of a
//! motion the velocity at the torso's origin and the rate of turn, of a force its components and
//! its moment about that point. docs/envs/halfcheetah.md derives what is used here.

use crate::consts::*;
use crate::lanes::{sin_cos, Lanes, LANES};
use crate::tree::{diagonal, unroll, Packed, Vector, ABOVE, DOFS, PATH, ROW};

/// The torso, and thigh, shin and foot of the back and of the front leg.
pub const BODIES: usize = NUM_BODIES as usize;

/// The body above each one; the torso's is itself.
pub const PARENT: [usize; BODIES] = {
    let mut parents = [0; BODIES];
    let mut body = 1;
    while body < BODIES {
        parents[body] = BODY_PARENT[body] as usize;
        body += 1;
    }
    parents
};

/// The hinge that turns each body: degrees of freedom 2 to 8.
pub const fn hinge(body: usize) -> usize {
    body + 2
}

/// A number for each body in each lane.
pub type PerBody = [Lanes; BODIES];

/// Where the bodies are.
#[derive(Clone)]
pub struct Pose {
    /// Height of the torso's origin above the floor, m.
    pub height: Lanes,
    /// Sines of the bodies' angles to the world.
    pub sin: PerBody,
    /// Cosines of them.
    pub cos: PerBody,
    /// Origins of the bodies, where their hinges are, m.
    pub origin_x: PerBody,
    /// The same, upwards.
    pub origin_z: PerBody,
    /// Centres of mass, m.
    pub com_x: PerBody,
    /// The same, upwards.
    pub com_z: PerBody,
}

/// A point of a body in world directions: the body's `x` and `z` turned by its angle.
#[inline(always)]
pub fn turn(sin: f64, cos: f64, x: f64, z: f64) -> (f64, f64) {
    (cos * x + sin * z, cos * z - sin * x)
}

impl Pose {
    /// All at the origin.
    pub fn new() -> Self {
        let zero = [[0.0; LANES]; BODIES];
        Pose {
            height: [0.0; LANES],
            sin: zero,
            cos: zero,
            origin_x: zero,
            origin_z: zero,
            com_x: zero,
            com_z: zero,
        }
    }

    /// Follows from the joint positions.
    #[inline(always)]
    pub fn update(&mut self, qpos: &Vector) {
        let mut angle = [[0.0; LANES]; BODIES];
        for lane in 0..LANES {
            self.height[lane] = BODY_Z[0] + qpos[1][lane];
        }
        for body in 0..BODIES {
            let above = PARENT[body];
            let (parent_angle, sin, cos) = (angle[above], self.sin[above], self.cos[above]);
            let (parent_x, parent_z) = (self.origin_x[above], self.origin_z[above]);
            let turned = &qpos[hinge(body)];
            let (offset_x, offset_z) = (BODY_X[body], BODY_Z[body]);
            let (com_x, com_z) = (BODY_COM_X[body], BODY_COM_Z[body]);
            for lane in 0..LANES {
                let (mut x, mut z) = (0.0, 0.0);
                let mut total = turned[lane];
                if body > 0 {
                    total += parent_angle[lane];
                    let (dx, dz) = turn(sin[lane], cos[lane], offset_x, offset_z);
                    (x, z) = (parent_x[lane] + dx, parent_z[lane] + dz);
                }
                let (s, c) = sin_cos(total);
                let (dx, dz) = turn(s, c, com_x, com_z);
                angle[body][lane] = total;
                self.sin[body][lane] = s;
                self.cos[body][lane] = c;
                self.origin_x[body][lane] = x;
                self.origin_z[body][lane] = z;
                self.com_x[body][lane] = x + dx;
                self.com_z[body][lane] = z + dz;
            }
        }
    }

    /// Velocity of every body as a spatial vector, from the velocities of the joints.
    #[inline(always)]
    pub fn velocities(&self, joints: &Vector, motion: &mut Spatial) {
        motion.x[0] = joints[0];
        motion.z[0] = joints[1];
        motion.y[0] = joints[2];
        for body in 1..BODIES {
            let above = PARENT[body];
            let (x, z, y) = (motion.x[above], motion.z[above], motion.y[above]);
            let rate = &joints[hinge(body)];
            for lane in 0..LANES {
                motion.x[body][lane] = x[lane] - self.origin_z[body][lane] * rate[lane];
                motion.z[body][lane] = z[lane] + self.origin_x[body][lane] * rate[lane];
                motion.y[body][lane] = y[lane] + rate[lane];
            }
        }
    }

    /// Forces of the joints that do the same work as `wrench` on the bodies, whose entries become
    /// sums over all that hangs on a body.
    #[inline(always)]
    pub fn joint_forces(&self, wrench: &mut Spatial, joints: &mut Vector) {
        for body in (1..BODIES).rev() {
            let above = PARENT[body];
            let (x, z, y) = (wrench.x[body], wrench.z[body], wrench.y[body]);
            for lane in 0..LANES {
                wrench.x[above][lane] += x[lane];
                wrench.z[above][lane] += z[lane];
                wrench.y[above][lane] += y[lane];
                joints[hinge(body)][lane] = y[lane] - self.origin_z[body][lane] * x[lane]
                    + self.origin_x[body][lane] * z[lane];
            }
        }
        joints[0] = wrench.x[0];
        joints[1] = wrench.z[0];
        joints[2] = wrench.y[0];
    }

    /// Forces that the joints would have to bear against gravity and what turning throws
    /// outwards, without any acceleration of a joint: MuJoCo's `qfrc_bias`.
    #[inline(always)]
    pub fn bias(&self, qvel: &Vector, forces: &mut Vector) {
        let mut rate = [[0.0; LANES]; BODIES];
        // Gravity is an acceleration of the whole upwards.
        let mut ax = [[0.0; LANES]; BODIES];
        let mut az = [[GRAVITY; LANES]; BODIES];
        let mut wrench = Spatial::new();
        rate[0] = qvel[2];
        for body in 0..BODIES {
            let above = PARENT[body];
            let (turning, above_ax, above_az) = (rate[above], ax[above], az[above]);
            let (above_x, above_z) = (self.origin_x[above], self.origin_z[above]);
            let mass = BODY_MASS[body];
            for lane in 0..LANES {
                let (x, z) = (self.origin_x[body][lane], self.origin_z[body][lane]);
                let inward = turning[lane] * turning[lane];
                let mut own = turning[lane];
                if body > 0 {
                    own += qvel[hinge(body)][lane];
                }
                let ox = above_ax[lane] - inward * (x - above_x[lane]);
                let oz = above_az[lane] - inward * (z - above_z[lane]);
                let (com_x, com_z) = (self.com_x[body][lane], self.com_z[body][lane]);
                let fx = mass * (ox - own * own * (com_x - x));
                let fz = mass * (oz - own * own * (com_z - z));
                rate[body][lane] = own;
                ax[body][lane] = ox;
                az[body][lane] = oz;
                wrench.x[body][lane] = fx;
                wrench.z[body][lane] = fz;
                wrench.y[body][lane] = com_z * fx - com_x * fz;
            }
        }
        self.joint_forces(&mut wrench, forces);
    }

    /// The bodies' own inertia.
    #[inline(always)]
    pub fn inertia(&self, inertia: &mut Inertia) {
        for body in 0..BODIES {
            let mass = BODY_MASS[body];
            let moment = BODY_INERTIA[body];
            for lane in 0..LANES {
                let (x, z) = (self.com_x[body][lane], self.com_z[body][lane]);
                inertia.xx[body][lane] = mass;
                inertia.xz[body][lane] = 0.0;
                inertia.zz[body][lane] = mass;
                inertia.xy[body][lane] = mass * z;
                inertia.zy[body][lane] = -(mass * x);
                inertia.yy[body][lane] = moment + mass * (x * x + z * z);
            }
        }
    }

    /// The matrix over the joints that composite inertia amounts to, plus a diagonal.
    ///
    /// `inertia` becomes that of each body and all that hangs on it.
    #[inline(always)]
    pub fn project(&self, inertia: &mut Inertia, extra: &Vector, matrix: &mut Packed) {
        inertia.compose();
        for lane in 0..LANES {
            matrix[0][lane] = inertia.xx[0][lane] + extra[0][lane];
            matrix[1][lane] = inertia.xz[0][lane];
            matrix[2][lane] = inertia.zz[0][lane] + extra[1][lane];
            matrix[3][lane] = inertia.xy[0][lane];
            matrix[4][lane] = inertia.zy[0][lane];
            matrix[5][lane] = inertia.yy[0][lane] + extra[2][lane];
        }
        for lane in 0..LANES {
            unroll!(B in [1, 2, 3, 4, 5, 6] {
                const J: usize = hinge(B);
                let (sx, sz) = (-self.origin_z[B][lane], self.origin_x[B][lane]);
                // The force that accelerates all below when the hinge alone does.
                let (xz, xy, zy) = (inertia.xz[B][lane], inertia.xy[B][lane], inertia.zy[B][lane]);
                let fx = inertia.xx[B][lane] * sx + xz * sz + xy;
                let fz = xz * sx + inertia.zz[B][lane] * sz + zy;
                let fy = xy * sx + zy * sz + inertia.yy[B][lane];
                matrix[ROW[J]][lane] = fx;
                matrix[ROW[J] + 1][lane] = fz;
                matrix[ROW[J] + 2][lane] = fy;
                unroll!(A in [3, 4] {
                    if A < ABOVE[J] {
                        const UP: usize = if A < ABOVE[J] { PATH[J][A] - 2 } else { 0 };
                        let (x, z) = (self.origin_x[UP][lane], self.origin_z[UP][lane]);
                        matrix[ROW[J] + A][lane] = fy - z * fx + x * fz;
                    }
                });
                matrix[diagonal(J)][lane] = fy + sx * fx + sz * fz + extra[J][lane];
            });
        }
    }
}

impl Default for Pose {
    fn default() -> Self {
        Self::new()
    }
}

/// A spatial vector for each body.
#[derive(Clone)]
pub struct Spatial {
    /// Along x.
    pub x: PerBody,
    /// Upwards.
    pub z: PerBody,
    /// About y.
    pub y: PerBody,
}

impl Spatial {
    /// Zero.
    pub fn new() -> Self {
        let zero = [[0.0; LANES]; BODIES];
        Spatial {
            x: zero,
            z: zero,
            y: zero,
        }
    }
}

impl Default for Spatial {
    fn default() -> Self {
        Self::new()
    }
}

/// A symmetric matrix from motions to forces for each body.
#[derive(Clone)]
pub struct Inertia {
    /// Entry (x, x), and so on.
    pub xx: PerBody,
    #[allow(missing_docs)]
    pub xz: PerBody,
    #[allow(missing_docs)]
    pub zz: PerBody,
    #[allow(missing_docs)]
    pub xy: PerBody,
    #[allow(missing_docs)]
    pub zy: PerBody,
    #[allow(missing_docs)]
    pub yy: PerBody,
}

impl Inertia {
    /// Zero.
    pub fn new() -> Self {
        let zero = [[0.0; LANES]; BODIES];
        Inertia {
            xx: zero,
            xz: zero,
            zz: zero,
            xy: zero,
            zy: zero,
            yy: zero,
        }
    }

    /// Adds to each body what hangs on it.
    #[inline(always)]
    fn compose(&mut self) {
        for body in (1..BODIES).rev() {
            let above = PARENT[body];
            for entry in [
                &mut self.xx,
                &mut self.xz,
                &mut self.zz,
                &mut self.xy,
                &mut self.zy,
                &mut self.yy,
            ] {
                let own = entry[body];
                for lane in 0..LANES {
                    entry[above][lane] += own[lane];
                }
            }
        }
    }
}

impl Default for Inertia {
    fn default() -> Self {
        Self::new()
    }
}

/// A diagonal that is the same in all lanes.
#[inline(always)]
pub fn broadcast(values: &[f64; DOFS]) -> Vector {
    let mut vector = [[0.0; LANES]; DOFS];
    for (lanes, value) in vector.iter_mut().zip(values) {
        *lanes = [*value; LANES];
    }
    vector
}
