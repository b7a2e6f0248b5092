//! MuJoCo's exact line search: safeguarded Newton steps on the slope of the cost, which along a
//! line is piecewise quadratic and convex.

use crate::constraint::{Constraints, Residuals};
use crate::consts::*;
use crate::lanes::{any, select, Flags, Lanes, LANES};
use crate::solver::pyramid;
use crate::tree::unroll;

/// Evaluations of the cost that one search may take.
const MAX_EVALUATIONS: i32 = LINESEARCH_ITERATIONS;

/// A quadratic in each lane: constant + slope a + half_curvature a^2.
#[derive(Clone, Copy)]
pub struct Quadratic {
    /// At 0.
    pub constant: Lanes,
    /// At 0.
    pub slope: Lanes,
    /// Everywhere.
    pub half_curvature: Lanes,
}

/// The cost along a direction.
pub struct Line<'a> {
    /// What must be kept to.
    pub constraints: &'a Constraints,
    /// The rows at 0.
    pub residuals: &'a Residuals,
    /// How they change along the line.
    pub rates: &'a Residuals,
    /// The cost at 0.
    pub cost: Lanes,
    /// Its slope there.
    pub slope: Lanes,
    /// The cost without the constraints'.
    pub smooth: Quadratic,
    /// Length of the direction.
    pub search_norm: Lanes,
    /// The solver's scale of costs.
    pub scale: &'a Lanes,
}

/// A point of the line.
#[derive(Clone, Copy)]
struct Point {
    alpha: Lanes,
    cost: Lanes,
    slope: Lanes,
    curvature: Lanes,
}

impl Point {
    /// Takes `other` where `chosen`.
    #[inline(always)]
    fn blend(&mut self, chosen: &Flags, other: &Self) {
        for lane in 0..LANES {
            let chosen = chosen[lane];
            self.alpha[lane] = select(chosen, other.alpha[lane], self.alpha[lane]);
            self.cost[lane] = select(chosen, other.cost[lane], self.cost[lane]);
            self.slope[lane] = select(chosen, other.slope[lane], self.slope[lane]);
            self.curvature[lane] = select(chosen, other.curvature[lane], self.curvature[lane]);
        }
    }

    /// Where Newton's method goes from here.
    #[inline(always)]
    fn newton(&self) -> Lanes {
        let mut alpha = self.alpha;
        for lane in 0..LANES {
            alpha[lane] -= self.slope[lane] / self.curvature[lane];
        }
        alpha
    }
}

/// Both ends of a bracket, where Newton's method goes from each, and how often the cost was
/// evaluated.
struct Bracket {
    ends: [Point; 2],
    next: [Point; 2],
    evaluations: [i32; LANES],
}

impl Line<'_> {
    /// How far to go in each lane that is `running`; 0 where nothing is to be gained.
    #[inline(always)]
    pub fn search(&self, running: &Flags) -> Lanes {
        let start = self.start();
        // The direction is Newton's, so the first of his steps along it is a whole one.
        let mut first = self.evaluate(&[1.0; LANES]);
        let mut worse = [false; LANES];
        for lane in 0..LANES {
            worse[lane] = start.cost[lane] < first.cost[lane];
        }
        first.blend(&worse, &start);
        let tolerance = self.slope_tolerance();
        let mut alpha = first.alpha;
        let mut open = *running;
        for lane in 0..LANES {
            let short = self.search_norm[lane] < MINVAL;
            alpha[lane] = select(short, 0.0, alpha[lane]);
            let flat = first.slope[lane].abs() < tolerance[lane];
            open[lane] &= !short & !flat;
        }
        if any(&open) {
            self.search_on(&start, first, &tolerance, open, &mut alpha);
        }
        alpha
    }

    /// Where the search begins. Along Newton's direction the curvature is minus the slope.
    #[inline(always)]
    fn start(&self) -> Point {
        Point {
            alpha: [0.0; LANES],
            cost: self.cost,
            slope: self.slope,
            curvature: self.slope.map(|slope| -slope),
        }
    }

    /// Slopes that count as zero.
    #[inline(always)]
    fn slope_tolerance(&self) -> Lanes {
        let mut tolerance = [0.0; LANES];
        for lane in 0..LANES {
            tolerance[lane] =
                SOLVER_TOLERANCE * LINESEARCH_TOLERANCE * self.search_norm[lane] / self.scale[lane];
        }
        tolerance
    }

    /// The search beyond the first Newton step, in the lanes that are `open`: on in the same
    /// direction until the slope changes its sign, then between the last two points.
    #[inline(always)]
    fn search_on(
        &self,
        start: &Point,
        first: Point,
        tolerance: &Lanes,
        mut open: Flags,
        alpha: &mut Lanes,
    ) {
        let mut evaluations = [2; LANES];
        let (mut last, mut before) = (first, first);
        let mut moved = [false; LANES];
        loop {
            let mut onwards = [false; LANES];
            for lane in 0..LANES {
                // The slope still has the sign that it had at the first point.
                let same = (last.slope[lane] < 0.0) == (first.slope[lane] < 0.0);
                let steep = last.slope[lane].abs() >= tolerance[lane];
                onwards[lane] = open[lane] && same && steep && evaluations[lane] < MAX_EVALUATIONS;
            }
            if !any(&onwards) {
                break;
            }
            let next = self.evaluate(&last.newton());
            before.blend(&onwards, &last);
            last.blend(&onwards, &next);
            for lane in 0..LANES {
                moved[lane] |= onwards[lane];
                evaluations[lane] += i32::from(onwards[lane]);
                let found = onwards[lane] & (last.slope[lane].abs() < tolerance[lane]);
                alpha[lane] = select(found, last.alpha[lane], alpha[lane]);
                open[lane] &= !found;
            }
        }
        for lane in 0..LANES {
            let stuck = !moved[lane] || evaluations[lane] >= MAX_EVALUATIONS;
            alpha[lane] = select(open[lane] & stuck, last.alpha[lane], alpha[lane]);
            open[lane] &= !stuck;
            evaluations[lane] += 1;
        }
        if any(&open) {
            let next = self.evaluate(&last.newton());
            let bracket = Bracket {
                ends: [last, before],
                next: [next, last],
                evaluations,
            };
            self.search_between(start, bracket, tolerance, open, alpha);
        }
    }

    /// The search between two points, in the lanes that are `open`.
    #[inline(always)]
    fn search_between(
        &self,
        start: &Point,
        mut bracket: Bracket,
        tolerance: &Lanes,
        mut open: Flags,
        alpha: &mut Lanes,
    ) {
        loop {
            for lane in 0..LANES {
                let ended = open[lane] && bracket.evaluations[lane] >= MAX_EVALUATIONS;
                let best = bracket.best_end(lane, start.cost[lane]);
                alpha[lane] = select(ended, best, alpha[lane]);
                open[lane] &= !ended;
            }
            if !any(&open) {
                return;
            }
            let mut middle = [0.0; LANES];
            for lane in 0..LANES {
                let [one, other] = &bracket.ends;
                middle[lane] = 0.5 * (one.alpha[lane] + other.alpha[lane]);
            }
            let middle = self.evaluate(&middle);
            let candidates = [bracket.next[0], bracket.next[1], middle];
            for lane in 0..LANES {
                bracket.evaluations[lane] += 1;
                let (found, best) = flattest(&candidates, tolerance[lane], lane);
                alpha[lane] = select(open[lane] & found, best, alpha[lane]);
                open[lane] &= !found;
            }
            let mut narrowed = [false; LANES];
            for end in 0..2 {
                let closer = bracket.narrow(end, &candidates);
                let next = self.evaluate(&bracket.ends[end].newton());
                bracket.next[end].blend(&closer, &next);
                for lane in 0..LANES {
                    bracket.evaluations[lane] += i32::from(closer[lane]);
                    narrowed[lane] |= closer[lane];
                }
            }
            for lane in 0..LANES {
                let exhausted = open[lane] & !narrowed[lane];
                alpha[lane] = select(exhausted, middle.alpha[lane], alpha[lane]);
                open[lane] &= narrowed[lane];
            }
        }
    }

    /// Cost, slope and curvature at `alpha`.
    #[inline(always)]
    fn evaluate(&self, alpha: &Lanes) -> Point {
        let (mut constant, mut slope) = (self.smooth.constant, self.smooth.slope);
        let mut half_curvature = self.smooth.half_curvature;
        for &end in self.constraints.touching() {
            for lane in 0..LANES {
                let weight = self.constraints.weight[end][lane];
                let rows = pyramid(
                    self.residuals.normal[end][lane],
                    self.residuals.tangent[end][lane],
                );
                let rates = pyramid(self.rates.normal[end][lane], self.rates.tangent[end][lane]);
                // The last stands for two rows.
                let weights = [weight, weight, weight + weight];
                unroll!(R in [0, 1, 2] {
                    let short = rows[R] + alpha[lane] * rates[R] < 0.0;
                    let weight = select(short, weights[R], 0.0);
                    constant[lane] += 0.5 * weight * rows[R] * rows[R];
                    slope[lane] += weight * rows[R] * rates[R];
                    half_curvature[lane] += 0.5 * weight * rates[R] * rates[R];
                });
            }
        }
        for &limit in self.constraints.exceeded() {
            for lane in 0..LANES {
                let row = self.residuals.limit[limit][lane];
                let rate = self.rates.limit[limit][lane];
                let short = row + alpha[lane] * rate < 0.0;
                let weight = self.constraints.limit_weight[limit][lane];
                let weight = select(short, weight, 0.0);
                constant[lane] += 0.5 * weight * row * row;
                slope[lane] += weight * row * rate;
                half_curvature[lane] += 0.5 * weight * rate * rate;
            }
        }
        let mut point = Point {
            alpha: *alpha,
            cost: constant,
            slope,
            curvature: half_curvature,
        };
        for lane in 0..LANES {
            let (a, half) = (alpha[lane], half_curvature[lane]);
            point.cost[lane] = a * a * half + a * slope[lane] + constant[lane];
            point.slope[lane] = (a + a) * half + slope[lane];
            let curvature = half + half;
            let positive = curvature > 0.0;
            point.curvature[lane] = select(positive, curvature, MINVAL);
        }
        point
    }
}

impl Bracket {
    /// Where the cheaper end is, if it is cheaper than the start, else 0.
    #[inline(always)]
    fn best_end(&self, lane: usize, start_cost: f64) -> f64 {
        let [one, other] = &self.ends;
        let first = one.cost[lane] <= other.cost[lane];
        let cost = select(first, one.cost[lane], other.cost[lane]);
        let alpha = select(first, one.alpha[lane], other.alpha[lane]);
        select(cost < start_cost, alpha, 0.0)
    }

    /// Moves one end to the candidates on its side that are closer to a slope of zero; the lanes
    /// in which it moved.
    #[inline(always)]
    fn narrow(&mut self, end: usize, candidates: &[Point; 3]) -> Flags {
        let mut moved = [false; LANES];
        for candidate in candidates {
            let point = &mut self.ends[end];
            let mut closer = [false; LANES];
            for lane in 0..LANES {
                let (own, other) = (point.slope[lane], candidate.slope[lane]);
                let zero = 0.0;
                let falling = (own < zero) & (other < zero) & (own < other);
                let rising = (own > zero) & (other > zero) & (own > other);
                closer[lane] = falling | rising;
                moved[lane] |= closer[lane];
            }
            point.blend(&closer, candidate);
        }
        moved
    }
}

/// Whether the slope of any candidate counts as zero, and where the cheapest of those is.
#[inline(always)]
fn flattest(candidates: &[Point; 3], tolerance: f64, lane: usize) -> (bool, f64) {
    let (mut found, mut cost, mut alpha) = (false, 0.0, 0.0);
    for candidate in candidates {
        let flat = candidate.slope[lane].abs() < tolerance;
        let better = flat & (!found | (candidate.cost[lane] < cost));
        cost = select(better, candidate.cost[lane], cost);
        alpha = select(better, candidate.alpha[lane], alpha);
        found |= flat;
    }
    (found, alpha)
}
