"""MuJoCo's Newton solver: the accelerations that minimise its cost, to its own stopping rule.

The cost is the Gauss distance to the unconstrained accelerations plus half the weighted squares of
the rows that push. Between changes of that set it is quadratic, so a full Newton step that changes
no row is the minimum; other steps end where an exact line search does.

Loops run until every instance of a batch is done, at most as often as their caps say. Under
`jax.vmap` an instance that is done keeps its values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from samestep_jax.halfcheetah import consts
from samestep_jax.halfcheetah.constraints import (
    Constraints,
    Rows,
    add_hessian,
    any_row,
    any_there,
    directional_rows,
    forces,
    negative,
    rows_at,
    sum_rows,
)
from samestep_jax.halfcheetah.several import where
from samestep_jax.halfcheetah.tree import Dofs, Matrix, Pose, combine, dot, multiply, solve

ITERATIONS, EVALUATIONS = 20, 20
"""The most Newton iterations of a substep, and evaluations of a line search.

From 500 extreme states MuJoCo needs 9 iterations at most.
"""


def when_any(predicate: Any, function: Callable[[], Any], otherwise: Any) -> Any:
    """`function()` where `predicate` holds, else `otherwise`; skipped if it holds in no instance.

    A loop of one turn rather than `jax.lax.cond`, which `jax.vmap` turns into both branches and a
    selection. What it gives is computed once: XLA's CPU compiler would otherwise fold the whole
    function into each place that uses a part of it.
    """

    def turn(carry: tuple[Any, Any]) -> tuple[Any, Any]:
        return jnp.zeros_like(carry[0]), function()

    return jax.lax.while_loop(lambda carry: carry[0], turn, (predicate, otherwise))[1]


class Problem(NamedTuple):
    """What the accelerations are sought for."""

    mass: Matrix
    smooth_force: Dofs  # all forces but the constraints', MuJoCo's qfrc_smooth
    smooth: Dofs  # the accelerations under these alone, MuJoCo's qacc_smooth
    found: Constraints
    pose: Pose


def accelerations(problem: Problem, warm: Dofs) -> Dofs:
    """MuJoCo's qacc, which it keeps as the next substep's warm start.

    Args:
        problem: of this substep.
        warm: the last substep's accelerations.
    """
    constrained = any_there(problem.found)
    use_warm = when_any(
        constrained,
        lambda: ~(_cost(problem, warm) > _cost(problem, problem.smooth)),
        jnp.zeros_like(constrained),
    )
    start = combine(lambda w, s: where(use_warm, w, s), warm, problem.smooth)
    return _newton(problem, start, ~constrained)


def _cost(problem: Problem, at: Dofs) -> Any:
    away = combine(lambda a, b: a - b, at, problem.smooth)
    rows = rows_at(problem.found, problem.pose, at)
    pushing = sum_rows(problem.found, lambda w, r: w * negative(r) * negative(r), rows)
    return 0.5 * (dot(away, multiply(problem.mass, away)) + pushing)


def _newton(problem: Problem, start: Dofs, done: Any) -> Dofs:
    """Newton's method from `start`; `done` is true where nothing is to be done."""
    mass, found, pose = problem.mass, problem.found, problem.pose
    scale = 1.0 / (mass.xx + mass.zz + mass.tt + sum(d.sum() for d in mass.d))

    def iterate(carry: tuple[Any, Any, Dofs]) -> tuple[Any, Any, Dofs]:
        iteration, _, at = carry
        rows = rows_at(found, pose, at)
        residual = combine(lambda a, b: a - b, multiply(mass, at), problem.smooth_force)
        downhill = combine(lambda f, r: f - r, forces(found, pose, rows), residual)
        step = solve(add_hessian(mass, found, pose, rows), downhill)
        along = directional_rows(found, pose, step)
        settled = ~any_row(found, lambda r, a: (r < 0.0) != (r + a < 0.0), rows, along)
        descent = dot(step, downhill)
        steepness = scale * jnp.sqrt(dot(downhill, downhill))
        stop = (steepness < consts.SOLVER_TOLERANCE) | (
            (iteration > 0) & (0.5 * scale * descent < consts.SOLVER_TOLERANCE)
        )
        line = Line(
            found, rows, along, dot(step, residual), dot(step, multiply(mass, step)), descent
        )
        tolerance = consts.SOLVER_TOLERANCE * consts.LINESEARCH_TOLERANCE / scale
        tolerance = tolerance * jnp.sqrt(dot(step, step))
        length = _line_search(line, tolerance, settled | stop)
        length = jnp.where(stop, 0.0, jnp.where(settled, 1.0, length))
        return iteration + 1, settled | stop, combine(lambda a, s: a + length * s, at, step)

    def unfinished(carry: tuple[Any, Any, Dofs]) -> Any:
        return ~carry[1] & (carry[0] < ITERATIONS)

    return jax.lax.while_loop(unfinished, iterate, (jnp.int32(0), done, start))[2]


class Line(NamedTuple):
    """The cost along a Newton step: its slope is piecewise linear, and grows."""

    found: Constraints
    rows: Rows  # at the start
    along: Rows  # their change along the whole step
    gauss_slope: Any
    gauss_curvature: Any
    descent: Any  # minus the slope at the start, which is the curvature there

    def slope(self, length: Any) -> tuple[Any, Any]:
        """Slope and curvature after this part of the step."""
        slope = sum_rows(
            self.found, lambda w, r, a: w * a * negative(r + length * a), self.rows, self.along
        )
        curvature = sum_rows(
            self.found,
            lambda w, r, a: where(r + length * a < 0.0, w * a * a, 0.0),
            self.rows,
            self.along,
        )
        return (
            self.gauss_slope + length * self.gauss_curvature + slope,
            self.gauss_curvature + curvature,
        )


def _line_search(line: Line, tolerance: Any, skip: Any) -> Any:
    """Where the slope vanishes: Newton's method in one dimension, halving what it leaves."""

    def evaluate(carry: tuple[Any, ...]) -> tuple[Any, ...]:
        evaluation, length, low, high, slope, curvature = carry
        low, high = jnp.where(slope < 0.0, length, low), jnp.where(slope < 0.0, high, length)
        onward = length - slope / curvature
        outside = (onward <= low) | (onward >= high)
        onward = jnp.where(outside & (high < jnp.inf), 0.5 * (low + high), onward)
        return evaluation + 1, onward, low, high, *line.slope(onward)

    def unfinished(carry: tuple[Any, ...]) -> Any:
        return ~skip & (carry[0] < EVALUATIONS) & ~(jnp.abs(carry[4]) <= tolerance)

    zero = jnp.zeros_like(line.descent)
    start = (jnp.int32(0), zero, zero, zero + jnp.inf, -line.descent, line.descent)
    return jax.lax.while_loop(unfinished, evaluate, start)[1]
