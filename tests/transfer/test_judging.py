"""What counts as the same: p values by hand, margins, and returns that are no numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import stdtr

from harness.errors import UserError
from transfer.judging import interval, judged, margin_of, noise_floor, p_tost, power
from transfer.playing import Played

BASE = np.array([10.0, 12.0, 9.0, 11.0, 13.0, 8.0])
SHIFT = np.array([0.1, -0.2, 0.3, 0.0, -0.1, 0.2])


def played(returns: np.ndarray, length: int = 5) -> Played:
    return Played(np.asarray(returns, float), np.full(len(returns), length, np.int64))


def by_hand(difference: np.ndarray, margin: float) -> float:
    """The larger of the two one-sided p values of Student's t."""
    n = len(difference)
    error = math.sqrt(sum((d - sum(difference) / n) ** 2 for d in difference) / (n - 1) / n)
    mean = sum(difference) / n
    return float(max(stdtr(n - 1, (mean - margin) / error), stdtr(n - 1, -(mean + margin) / error)))


def test_margin_is_a_share_of_what_was_learned_on_the_reference() -> None:
    assert margin_of("p", 0.02, np.array([2000.0, 3000.0]), np.array([-300.0, -100.0])) == 54.0


@pytest.mark.parametrize("trained", [-200.0, -300.0, math.nan])
def test_no_margin_for_a_policy_that_learned_nothing(trained: float) -> None:
    with pytest.raises(UserError, match=r"p returns .* accepted: a policy that learned something"):
        margin_of("p", 0.02, np.array([trained]), np.array([-300.0, -100.0]))


@pytest.mark.parametrize("margin", [0.05, 0.2, 0.5])
@pytest.mark.parametrize("offset", [0.0, 0.1, -0.3])
def test_p_is_the_larger_of_two_one_sided_tests(margin: float, offset: float) -> None:
    assert p_tost(BASE + SHIFT + offset, BASE, margin) == pytest.approx(
        by_hand(SHIFT + offset, margin), rel=1e-9
    )


def test_known_p_value() -> None:
    # Differences 1, 2, 3 with a margin of 4: mean 2, standard error 1/sqrt(3), t = -2 sqrt(3) with
    # two degrees of freedom, whose distribution function is (1 + t / sqrt(2 + t^2)) / 2.
    t = -2 * math.sqrt(3)
    p = p_tost(np.array([1.0, 2.0, 3.0]), np.zeros(3), 4.0)
    assert p == pytest.approx((1 + t / math.sqrt(2 + t * t)) / 2)


def test_equivalent_and_not_shown() -> None:
    close, apart = played(BASE + SHIFT), played(BASE + SHIFT + 0.4)
    here = judged("p", "a", "b", close, played(BASE), 0.4)
    there = judged("p", "a", "b", apart, played(BASE), 0.4)
    assert (here["verdict"], there["verdict"]) == ("equivalent", "not shown")
    assert here["p_tost"] < 0.05 < there["p_tost"]
    assert here["mean_difference"] == pytest.approx(0.05)
    assert here["sd_difference"] == pytest.approx(float(np.std(SHIFT, ddof=1)))


@pytest.mark.parametrize("direction", [1, -1])
def test_an_imprecise_comparison_shows_nothing(direction: int) -> None:
    noisy = BASE + np.array([9.0, -9.0, 9.0, -9.0, 9.0, -9.0])
    on_a, on_b = (played(noisy), played(BASE))[::direction]
    pair = judged("p", "a", "b", on_a, on_b, 0.4)
    assert pair["mean_difference"] == 0
    assert pair["verdict"] == "not shown"


def test_equivalence_agrees_with_the_interval_within_the_margin() -> None:
    for margin in np.linspace(0.05, 0.4, 30):
        low, high = interval(SHIFT)
        inside = -margin < low and high < margin
        assert (p_tost(BASE + SHIFT, BASE, margin) < 0.05) == inside


@pytest.mark.parametrize(("offset", "p"), [(0.0, 0.0), (0.25, 0.0), (0.5, 1.0), (-2.0, 1.0)])
def test_differences_that_are_all_the_same(offset: float, p: float) -> None:
    assert p_tost(BASE + offset, BASE, 0.5) == p


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_no_number_shows_nothing(bad: float) -> None:
    returns = BASE.copy()
    returns[3] = bad
    assert judged("p", "a", "b", played(returns), played(BASE), 5.0)["verdict"] == "not shown"
    assert judged("p", "a", "b", played(returns), played(BASE), None)["verdict"] == "differs"


def test_exact_is_every_return_and_every_length() -> None:
    assert judged("p", "a", "b", played(BASE), played(BASE), None)["verdict"] == "equal"
    last_bit = BASE.copy()
    last_bit[-1] = np.nextafter(last_bit[-1], 0)
    pair = judged("p", "a", "b", played(BASE), played(last_bit), None)
    assert (pair["verdict"], pair["equal"]) == ("differs", 5)
    longer = played(BASE)
    longer.lengths[2] = 6
    pair = judged("p", "a", "b", played(BASE), longer, None)
    assert (pair["verdict"], pair["equal"]) == ("differs", 5)
    assert pair["mean_difference"] == 0


def test_the_order_of_episodes_counts() -> None:
    swapped = played(BASE[::-1].copy())
    assert judged("p", "a", "b", played(BASE), swapped, None)["verdict"] == "differs"


def test_noise_floor_judges_nothing() -> None:
    pair = noise_floor("p", "reference", played(BASE), played(BASE + 100), 0.4)
    assert pair["verdict"] == "noise floor"
    assert pair["p_tost"] is None
    assert pair["mean_difference"] == -100


@pytest.mark.parametrize("margin", [0.3, 0.8])
def test_power_is_how_often_equal_means_are_shown(margin: float) -> None:
    rng = np.random.default_rng(0)
    count, runs = 40, 400
    shown = sum(
        p_tost(rng.normal(0, 1, count), rng.normal(0, 1, count), margin) < 0.05 for _ in range(runs)
    )
    assert power(1.0, margin, count) == pytest.approx(shown / runs, abs=0.07)
