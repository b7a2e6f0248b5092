"""Whether a policy scores the same on two implementations.

Exact environments: every episode is equal. Others: two one-sided t-tests on pairs of episodes
(Schuirmann 1987, doi 10.1007/BF01068419), as statsmodels computes them, with a margin that is fixed
before the differences are seen.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW, ttost_paired

from harness.errors import UserError
from transfer.playing import Played

ALPHA = 0.05
"""Of each one-sided test; the interval of the mean difference has 1 - 2 ALPHA."""

EQUAL, EQUIVALENT = "equal", "equivalent"
DIFFERS, NOT_SHOWN = "differs", "not shown"
NOISE_FLOOR = "noise floor"
FAILED = (DIFFERS, NOT_SHOWN)

Pair = dict[str, Any]


def margin_of(policy: str, share: float, trained: np.ndarray, random: np.ndarray) -> float:
    """The largest mean difference that counts as none: `share` of what was learned.

    Args:
        policy: its name.
        share: `EnvSpec.transfer_margin`.
        trained: (N,), returns of the policy on the reference.
        random: (M,), returns of uniformly drawn actions on the reference.

    Raises:
        UserError: if the policy is no better than drawn actions.
    """
    margin = share * float(np.mean(trained) - np.mean(random))
    if not margin > 0:
        raise UserError(
            f"{policy} returns {np.mean(trained):.6g} on the reference and drawn actions "
            f"{np.mean(random):.6g}; accepted: a policy that learned something"
        )
    return margin


def judged(policy: str, a: str, b: str, on_a: Played, on_b: Played, margin: float | None) -> Pair:
    """What the same keys and noise came to on two implementations.

    Args:
        policy: its name.
        a: an implementation.
        b: another one.
        on_a: episodes on it.
        on_b: episodes on the other, in the same order.
        margin: of the mean difference; None if every episode must be equal.
    """
    pair = measured(policy, a, b, on_a, on_b, margin)
    if margin is None:
        return {**pair, "verdict": EQUAL if pair["equal"] == pair["episodes"] else DIFFERS}
    p = p_tost(on_a.returns, on_b.returns, margin)
    verdict = EQUIVALENT if p < ALPHA else NOT_SHOWN  # a p that is no number shows nothing
    return {**pair, "p_tost": p, "verdict": verdict}


def noise_floor(policy: str, impl: str, once: Played, again: Played, margin: float | None) -> Pair:
    """How far an implementation is from itself under other keys and other noise."""
    return {**measured(policy, impl, impl, once, again, margin), "verdict": NOISE_FLOOR}


def measured(policy: str, a: str, b: str, on_a: Played, on_b: Played, margin: float | None) -> Pair:
    """A pair without its verdict; differences are a's returns less b's."""
    same = (on_a.returns == on_b.returns) & (on_a.lengths == on_b.lengths)
    difference = on_a.returns - on_b.returns
    with np.errstate(invalid="ignore"):  # a broken implementation's returns may be infinite
        sd = float(difference.std(ddof=1))
        ci90 = None if margin is None else interval(difference)
    return {
        "policy": policy,
        "a": a,
        "b": b,
        "episodes": len(difference),
        "mean_a": float(on_a.returns.mean()),
        "mean_b": float(on_b.returns.mean()),
        "mean_difference": float(difference.mean()),
        "sd_difference": sd,
        "equal": int(same.sum()),
        "margin": margin,
        "p_tost": None,
        "ci90": ci90,
    }


def p_tost(on_a: np.ndarray, on_b: np.ndarray, margin: float) -> float:
    """The p value of the hypothesis that the mean difference is `margin` or more, either way."""
    difference = on_a - on_b
    if len(difference) and np.ptp(difference) == 0:  # t is not defined
        return 0.0 if abs(float(difference[0])) < margin else 1.0
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        p = float(ttost_paired(on_a, on_b, -margin, margin)[0])
    return p if math.isfinite(p) else 1.0


def power(sd: float, margin: float, episodes: int) -> float:
    """The chance that so many pairs show two implementations equivalent whose means are the same.

    Args:
        sd: of returns on the reference; implementations that part early differ by sqrt(2) of it.
        margin: of the mean difference.
        episodes: pairs.
    """
    error = sd * math.sqrt(2 / episodes)
    beyond = stats.norm.ppf(1 - ALPHA)
    return max(0.0, float(2 * stats.norm.cdf(margin / error - beyond) - 1)) if error else 1.0


def interval(difference: np.ndarray) -> list[float]:
    """The 90 % interval of a mean, (low, high)."""
    low, high = DescrStatsW(difference).tconfint_mean(alpha=2 * ALPHA)
    return [float(low), float(high)]
