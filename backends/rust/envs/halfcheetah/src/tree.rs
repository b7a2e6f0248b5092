//! Symmetric matrices over the nine degrees of freedom that are as sparse as the kinematic tree:
//! an entry is not zero only where one degree of freedom moves the other.
//!
//! Packed by rows of the lower triangle: rootx, rootz and rooty take 1, 2 and 3 entries; of each
//! leg, thigh, shin and foot take 4, 5 and 6: the root's three, then the leg's own from the top.

use crate::lanes::{Lanes, LANES};

/// Degrees of freedom.
pub const DOFS: usize = 9;

/// Entries of a packed matrix.
pub const ENTRIES: usize = 36;

/// Where each row begins.
pub const ROW: [usize; DOFS] = [0, 1, 3, 6, 10, 15, 21, 25, 30];

/// How many degrees of freedom move each one, besides itself.
pub const ABOVE: [usize; DOFS] = [0, 1, 2, 3, 4, 5, 3, 4, 5];

/// The degrees of freedom that move each one, itself last.
pub const PATH: [[usize; 6]; DOFS] = [
    [0, 0, 0, 0, 0, 0],
    [0, 1, 0, 0, 0, 0],
    [0, 1, 2, 0, 0, 0],
    [0, 1, 2, 3, 0, 0],
    [0, 1, 2, 3, 4, 0],
    [0, 1, 2, 3, 4, 5],
    [0, 1, 2, 6, 0, 0],
    [0, 1, 2, 6, 7, 0],
    [0, 1, 2, 6, 7, 8],
];

/// A packed matrix in each lane.
pub type Packed = [Lanes; ENTRIES];

/// A vector in each lane.
pub type Vector = [Lanes; DOFS];

/// Where the diagonal entry of a row is.
pub const fn diagonal(row: usize) -> usize {
    ROW[row] + ABOVE[row]
}

/// Repeats a block with a constant running over the values given: the entries a block names are
/// then known to the compiler, and all lanes' loop around it becomes one of vector instructions.
macro_rules! unroll {
    ($name:ident in [$($value:literal),*] $body:block) => {
        $({ const $name: usize = $value; $body })*
    };
}
pub(crate) use unroll;

/// Factors L^T D L in place, leaves first, which fills no entry that was zero: 1 / D on the
/// diagonal and L below it. The matrix must be positive definite.
#[allow(clippy::absurd_extreme_comparisons)] // in the first and the last turn of `unroll`
#[inline(always)]
pub fn factor(matrix: &mut Packed) {
    for lane in 0..LANES {
        let mut m = [0.0; ENTRIES];
        unroll!(E in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
            22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35] { m[E] = matrix[E][lane]; });
        unroll!(J in [8, 7, 6, 5, 4, 3, 2, 1] {
            let inverse = 1.0 / m[diagonal(J)];
            unroll!(A in [4, 3, 2, 1, 0] {
                if A < ABOVE[J] {
                    let l = m[ROW[J] + A] * inverse;
                    unroll!(B in [0, 1, 2, 3, 4] {
                        if B <= A {
                            m[ROW[PATH[J][A]] + B] -= l * m[ROW[J] + B];
                        }
                    });
                    m[ROW[J] + A] = l;
                }
            });
            m[diagonal(J)] = inverse;
        });
        m[0] = 1.0 / m[0];
        unroll!(E in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
            22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35] { matrix[E][lane] = m[E]; });
    }
}

/// Solves for `x`, in place of the right-hand side, with what [`factor`] made.
#[inline(always)]
pub fn solve(factors: &Packed, x: &mut Vector) {
    for lane in 0..LANES {
        let mut v = [0.0; DOFS];
        unroll!(J in [0, 1, 2, 3, 4, 5, 6, 7, 8] { v[J] = x[J][lane]; });
        unroll!(J in [8, 7, 6, 5, 4, 3, 2, 1] {
            unroll!(A in [0, 1, 2, 3, 4] {
                if A < ABOVE[J] {
                    v[PATH[J][A]] -= factors[ROW[J] + A][lane] * v[J];
                }
            });
        });
        unroll!(J in [0, 1, 2, 3, 4, 5, 6, 7, 8] {
            let mut sum = v[J] * factors[diagonal(J)][lane];
            unroll!(A in [0, 1, 2, 3, 4] {
                if A < ABOVE[J] {
                    sum -= factors[ROW[J] + A][lane] * v[PATH[J][A]];
                }
            });
            v[J] = sum;
        });
        unroll!(J in [0, 1, 2, 3, 4, 5, 6, 7, 8] { x[J][lane] = v[J]; });
    }
}

/// The product of a matrix and a vector.
#[inline(always)]
pub fn multiply(matrix: &Packed, x: &Vector, product: &mut Vector) {
    for lane in 0..LANES {
        let mut sum = [0.0; DOFS];
        unroll!(J in [0, 1, 2, 3, 4, 5, 6, 7, 8] {
            sum[J] += matrix[diagonal(J)][lane] * x[J][lane];
            unroll!(A in [0, 1, 2, 3, 4] {
                if A < ABOVE[J] {
                    let entry = matrix[ROW[J] + A][lane];
                    sum[J] += entry * x[PATH[J][A]][lane];
                    sum[PATH[J][A]] += entry * x[J][lane];
                }
            });
        });
        unroll!(J in [0, 1, 2, 3, 4, 5, 6, 7, 8] { product[J][lane] = sum[J]; });
    }
}
