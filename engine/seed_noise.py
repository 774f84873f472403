"""How much of a difference is the luck of the seed: mean and deviation over seeds, and the interval of a difference."""

from __future__ import annotations

import functools
import math
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95
BEYOND_MEASURE = 1e100
"""Of figures so large the squares would overflow."""
MAX_TERMS = 500
"""Of the continued fraction, which needs about the square root of its larger parameter."""


@dataclass(frozen=True)
class Spread:
    """A figure over the runs of a group."""

    count: int
    mean: float
    deviation: float | None
    """Standard deviation with n − 1 in the denominator; None for a single run."""


@dataclass(frozen=True)
class MeanDifference:
    """The mean of one group less that of another, and where the true difference lies with 95 % confidence."""

    difference: float
    interval: tuple[float, float] | None
    """None where there is no noise to judge by: every seed of either group gave the same figure, or of pairs the same
    difference other than 0, or there is but one pair."""

    @property
    def within_noise(self) -> bool | None:
        """Whether the seeds alone may have made it: the interval holds 0. None where it can't be told."""
        return None if self.interval is None else self.interval[0] <= 0 <= self.interval[1]


def spread(values: Sequence[float]) -> Spread | None:
    """Mean and deviation of these figures; None where there are none, or one is not finite or beyond all measure."""
    if not values or not all(abs(value) < BEYOND_MEASURE for value in values):
        return None
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return Spread(len(values), statistics.fmean(values), deviation)


def mean_difference(one: Spread, other: Spread) -> MeanDifference | None:
    """`one` less `other`, by Welch's t: groups may differ in size and in spread. None with fewer than two runs in one.

    B. L. Welch, "The generalization of Student's problem when several different population variances are involved",
    Biometrika 34 (1947); the degrees of freedom are those of F. E. Satterthwaite, Biometrics Bulletin 2 (1946):
    (a + b)² / (a²/(n₁ − 1) + b²/(n₂ − 1)) with a = s₁²/n₁ and b = s₂²/n₂.
    """
    if one.deviation is None or other.deviation is None:
        return None
    difference = one.mean - other.mean
    a, b = one.deviation**2 / one.count, other.deviation**2 / other.count
    if a + b == 0:
        return MeanDifference(difference, None)
    share = a / (a + b)  # the same quotient, where the squares of small variances would vanish
    freedom = 1 / (share**2 / (one.count - 1) + (1 - share) ** 2 / (other.count - 1))
    reach = t_quantile((1 + CONFIDENCE) / 2, freedom) * math.sqrt(a + b)
    return MeanDifference(difference, (difference - reach, difference + reach))


def paired_difference(ones: Sequence[float], others: Sequence[float]) -> MeanDifference | None:
    """The mean of `ones` less that of `others`, the two of each pair with a seed in common; None without a pair.

    What a seed does to both of a pair cancels, so this tells smaller differences apart than `mean_difference` does:
    Student's t on the n differences, their mean ± t(n − 1) · s / √n ("Student", "The probable error of a mean",
    Biometrika 6 (1908)). Where no pair differs at all the interval is [0, 0]. Raises `ValueError` for unequal lengths.
    """
    pairs = list(zip(ones, others, strict=True))
    if not pairs or not all(abs(value) < BEYOND_MEASURE for pair in pairs for value in pair):
        return None
    differences = [one - other for one, other in pairs]
    count = len(differences)
    mean = math.fsum(differences) / count
    if count == 1:
        return MeanDifference(mean, None)
    deviation = math.sqrt(math.fsum((each - mean) ** 2 for each in differences) / (count - 1))
    rounding = 4 * sys.float_info.epsilon * max(abs(value) for pair in pairs for value in pair)
    if deviation <= rounding:  # 0.9 - 0.8 and 0.5 - 0.4 are the same difference
        return MeanDifference(mean, None if any(differences) else (0.0, 0.0))
    reach = t_quantile((1 + CONFIDENCE) / 2, count - 1) * deviation / math.sqrt(count)
    return MeanDifference(mean, (mean - reach, mean + reach))


@functools.lru_cache(maxsize=256)
def t_quantile(probability: float, freedom: float) -> float:
    """The value that Student's t with so many degrees of freedom (any number from 1 on) stays below this often.

    `probability` lies between 0.5 and 1. By bisection of the distribution function, whose upper tail is
    I_x(ν/2, 1/2) / 2 with x = ν/(ν + t²) (Abramowitz and Stegun, 26.7.1).
    """
    if not (0.5 <= probability < 1 and freedom >= 1):
        raise ValueError(f"no quantile {probability} of Student's t with {freedom} degrees of freedom")
    tails = 2 * (1 - probability)
    low, high = 0.0, 1.0
    while _both_tails(high, freedom) > tails:
        low, high = high, 2 * high
    for _ in range(100):
        middle = (low + high) / 2
        if _both_tails(middle, freedom) > tails:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _both_tails(t: float, freedom: float) -> float:
    """How often Student's t lies further from 0 than this."""
    square = t * t
    return _incomplete_beta(freedom / (freedom + square), square / (freedom + square), freedom / 2, 0.5)


def _incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), with `rest` = 1 − x given so that no digits are lost."""
    if x <= 0 or rest <= 0:
        return float(rest <= 0)
    if x > (a + 1) / (a + b + 2):  # where the fraction converges slowly, its mirror image converges fast
        return 1 - _incomplete_beta(rest, x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest)
    return math.exp(front) / (a * _beta_fraction(x, a, b))


def _beta_fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function (NIST Digital Library of Mathematical Functions, 8.17.22).

    Evaluated from its beginning by the method of Lentz as modified by Thompson and Barnett (J. Comput. Phys. 64, 1986).
    """
    tiny = 1e-300
    value = c = 1.0
    d = 0.0
    for n in range(1, MAX_TERMS):
        m = n // 2
        if n % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / (1 + term * d or tiny)
        c = 1 + term / c or tiny
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def f_tail(value: float, above: float, below: float) -> float:
    """How often Fisher's F with so many degrees of freedom above and below exceeds this value.

    I_x(ν₂/2, ν₁/2) with x = ν₂/(ν₂ + ν₁F) (Abramowitz and Stegun, 26.6.2).
    """
    if value <= 0:
        return 1.0
    whole = below + above * value
    return _incomplete_beta(below / whole, above * value / whole, below / 2, above / 2)
