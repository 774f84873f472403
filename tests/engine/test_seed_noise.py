"""Mean and deviation over seeds, Student's t and Welch's interval, against numbers known from elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.seed_noise import MeanDifference, Spread, mean_difference, paired_difference, spread, t_quantile


@pytest.mark.parametrize(
    ("probability", "freedom", "expected"),
    [  # the tables of Student's t
        (0.975, 1, 12.7062), (0.975, 2, 4.3027), (0.975, 3, 3.1824), (0.975, 4, 2.7764), (0.975, 5, 2.5706),
        (0.975, 8, 2.3060), (0.975, 10, 2.2281), (0.975, 30, 2.0423), (0.975, 120, 1.9799), (0.975, 1e7, 1.95996),
        (0.95, 1, 6.3138), (0.95, 10, 1.8125), (0.995, 2, 9.9248), (0.995, 20, 2.8453), (0.5, 7, 0.0),
    ],
)  # fmt: skip
def test_the_quantiles_of_students_t_are_those_of_the_tables(probability, freedom, expected):
    assert t_quantile(probability, freedom) == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize("probability", [0.6, 0.9, 0.975, 0.9999])
def test_with_one_and_two_degrees_of_freedom_the_quantile_is_a_formula(probability):
    assert t_quantile(probability, 1) == pytest.approx(math.tan(math.pi * (probability - 0.5)), rel=1e-9)
    twice = 2 * probability - 1
    assert t_quantile(probability, 2) == pytest.approx(twice * math.sqrt(2 / (1 - twice**2)), rel=1e-9)


@pytest.mark.parametrize("freedom", [1.5, 3.7, 6.789, 41.25])
def test_between_whole_degrees_of_freedom_the_density_below_the_quantile_is_the_probability(freedom):
    front = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)
    t = np.linspace(0, t_quantile(0.975, freedom), 200_001)
    density = front * (1 + t**2 / freedom) ** (-(freedom + 1) / 2)
    area = (density[:-1] + density[1:]).sum() / 2 * t[1]
    assert 0.5 + area == pytest.approx(0.975, abs=1e-9)


@pytest.mark.parametrize(("probability", "freedom"), [(0.4, 3), (1.0, 3), (0.975, 0.5), (math.nan, 3)])
def test_what_has_no_quantile_is_refused(probability, freedom):
    with pytest.raises(ValueError, match="no quantile"):
        t_quantile(probability, freedom)


def test_the_deviation_divides_by_one_less_than_the_count():
    assert spread([2, 4, 4, 4, 5, 5, 7, 9]) == Spread(8, 5.0, pytest.approx(math.sqrt(32 / 7)))
    assert spread([0.3]) == Spread(1, 0.3, None)
    assert spread([]) is None
    assert spread([0.1, math.inf]) is None and spread([0.1, math.nan]) is None and spread([-1e200, 0]) is None


SLEEP = (
    [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
    [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
)
"""Hours of sleep gained by two drugs: the data of Student's paper of 1908, which come with R."""


def test_the_interval_of_a_difference_is_what_r_gives():
    """`t.test(extra ~ group, data = sleep)`: t = -1.8608, df = 17.776, interval -3.3654832 to 0.2054832."""
    found = mean_difference(*map(spread, SLEEP))
    assert found.difference == pytest.approx(-1.58)
    assert found.interval == pytest.approx((-3.3654832, 0.2054832), abs=1e-7)
    assert found.within_noise is True
    turned = mean_difference(*map(spread, reversed(SLEEP)))
    assert turned.interval == pytest.approx((-0.2054832, 3.3654832), abs=1e-7)


def test_a_difference_beyond_the_noise_is_told_from_one_within():
    """Groups of two and three runs, by hand: a + b = 0.5/2 + 1/3, 2.96 degrees of freedom."""
    apart = mean_difference(spread([10.5, 11.5]), spread([1, 2, 3]))
    reach = t_quantile(0.975, (0.25 + 1 / 3) ** 2 / (0.25**2 / 1 + (1 / 3) ** 2 / 2)) * math.sqrt(0.25 + 1 / 3)
    assert apart.interval == pytest.approx((9 - reach, 9 + reach))
    assert apart.within_noise is False
    assert mean_difference(spread([2.5, 3.5]), spread([1, 2, 3])).within_noise is True


def test_variances_whose_squares_vanish_still_have_an_interval():
    small = mean_difference(spread([1e-90, 3e-90]), spread([1e-90, 2e-90, 3e-90]))
    large = mean_difference(spread([1, 3]), spread([1, 2, 3]))
    assert small.interval == pytest.approx([1e-90 * end for end in large.interval], rel=1e-9, abs=0)


def test_without_two_seeds_or_without_noise_no_interval_is_invented():
    assert mean_difference(spread([1.0]), spread([1, 2, 3])) is None
    assert mean_difference(spread([1, 2, 3]), spread([1.0])) is None
    alike = mean_difference(spread([0.5, 0.5]), spread([0.25, 0.25]))
    assert alike == MeanDifference(0.25, None)
    assert alike.within_noise is None
    one_sided = mean_difference(spread([0.5, 0.5]), spread([0.25, 0.3, 0.35]))
    assert one_sided.interval == pytest.approx((0.2 - 4.30265 * 0.05 / 3**0.5, 0.2 + 4.30265 * 0.05 / 3**0.5), abs=1e-6)


def test_the_interval_of_pairs_is_what_r_gives():
    """`t.test(Pair(extra1, extra2) ~ 1)` on `sleep`: t = -4.0621, df = 9, interval -2.4598858 to -0.7001142."""
    found = paired_difference(*SLEEP)
    assert found.difference == pytest.approx(-1.58)
    assert found.interval == pytest.approx((-2.4598858, -0.7001142), abs=1e-7)
    assert found.within_noise is False, "the pairs tell what the groups could not"


DRAWS = 10_000


@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
@pytest.mark.parametrize("correlation", [-0.5, 0.0, 0.5, 0.95])
def test_of_ten_thousand_intervals_of_pairs_95_per_cent_hold_the_truth(seeds, correlation):
    numbers = np.random.default_rng([seeds, round(100 * correlation) + 100])
    truth, covariance = 0.03, 0.01**2 * np.array([[1.0, 1.5 * correlation], [1.5 * correlation, 2.25]])
    pairs = numbers.multivariate_normal([0.4 + truth, 0.4], covariance, size=(DRAWS, seeds), method="cholesky")
    found = [paired_difference(draw[:, 0].tolist(), draw[:, 1].tolist()).interval for draw in pairs]
    low, high = np.array(found).T
    assert 0.93 <= np.mean((low <= truth) & (truth <= high)) <= 0.97


def test_what_a_seed_does_to_both_of_a_pair_cancels():
    numbers = np.random.default_rng(5)
    luck, own = numbers.normal(0, 1, 8), numbers.normal(0, 0.01, 8)
    ones, others = (luck + own + 0.1).tolist(), luck.tolist()
    assert mean_difference(spread(ones), spread(others)).within_noise is True
    assert paired_difference(ones, others).within_noise is False


def test_pairs_that_do_not_differ_are_known_to_differ_by_nothing():
    assert paired_difference([0.3, 0.5], [0.3, 0.5]) == MeanDifference(0.0, (0.0, 0.0))
    assert paired_difference([0.3, 0.5], [0.3, 0.5]).within_noise is True


def test_of_one_pair_or_of_equal_differences_no_interval_is_invented():
    assert paired_difference([0.5], [0.3]) == MeanDifference(pytest.approx(0.2), None)
    equal = paired_difference([0.9, 0.5, 0.3], [0.8, 0.4, 0.2])  # as figures of 1 have it: not equal to the last bit
    assert equal == MeanDifference(pytest.approx(0.1), None) and equal.within_noise is None
    assert paired_difference([], []) is None
    assert paired_difference([0.1, math.nan], [0.1, 0.2]) is None and paired_difference([1e200, 0], [0, 0]) is None
    with pytest.raises(ValueError, match="zip"):
        paired_difference([1.0], [1.0, 2.0])
