"""What more data would bring, by a power law through what less data brought. Imports no PyTorch.

The error falls as a + b·n^−c with the number n of training samples, towards a that no amount of data removes
(J. Hestness et al., "Deep Learning Scaling is Predictable, Empirically", 2017, arXiv:1712.00409; POW3 in T. Viering and
M. Loog, "The Shape of Learning Curves: a Review", 2021, arXiv:2103.10948, who also show curves that are none).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.message import Message, message
from engine.seed_noise import CONFIDENCE, f_tail, t_quantile

EXPONENTS = np.geomspace(0.05, 3.0, 100)
"""The exponents c that are tried. Measured curves of networks have 0.05 to 1."""
ERRORS = 1_500
"""Errors that are tried for the amount asked for, between 0 and the largest that was seen."""
LEAST_AMOUNTS = 4
"""One more than the law has parameters: fewer fit any law."""
IMPLAUSIBLE = 0.01
"""A law that would miss the figures as badly as this seldom, by the luck of the seeds alone, does not hold."""
LEAST_WIDTH = 0.02
"""An interval that is no wider than this always tells something."""
EXACTNESS = 5e-4
"""No law is believed more exactly than this, however little the seeds differ."""
LEAST_VARIANCE = 1e-4
"""Of an error, for its weight: near 0 the seeds still differ."""


@dataclass(frozen=True)
class Extrapolation:
    """The accuracy that is to be expected with another amount of data."""

    accuracy: float
    low: float
    high: float
    """The ends of its 95 % interval."""


@dataclass(frozen=True)
class _Figures:
    """The errors of all runs, by amount."""

    amounts: np.ndarray
    """float64 `[K]`, rising; in any unit."""
    errors: np.ndarray
    """The mean of each `[K]`."""
    weights: np.ndarray
    """The number of runs over the variance, but for one factor that is the same for all `[K]`."""
    factor: float
    """That factor, as the runs of one amount differ."""
    freedom: int
    """With how many degrees of freedom it is known."""


def extrapolate(accuracies: Mapping[float, Sequence[float]], amount: float) -> Extrapolation | Message:
    """What the accuracies of some runs at each of several amounts let expect at another; or why that can't be told.

    The interval holds the accuracies that fit the figures so well that the luck of the seeds explains what is missing
    (profile likelihood, with Student's t for the variance is estimated). The variance of a run's error e is taken to be
    proportional to e(1 − e). It is the luck of the seeds alone: all runs are measured on the same samples.
    """
    figures = _figures(accuracies)
    if isinstance(figures, Message):
        return figures
    tried = np.linspace(0.0, float(figures.errors.max()), ERRORS)
    misfit = _misfit(figures, tried, amount) / figures.factor
    least = float(misfit.min())
    beyond = len(figures.amounts) - (LEAST_AMOUNTS - 1)
    if f_tail(least / beyond, beyond, figures.freedom) < IMPLAUSIBLE:
        return message(
            "no-power-law", "the accuracies do not follow a power law of the amount of data: with these settings other "
            "things than the data decide, such as how long the training is"
        )  # fmt: skip
    inside = tried[misfit <= least + t_quantile((1 + CONFIDENCE) / 2, figures.freedom) ** 2]
    found = Extrapolation(1 - float(tried[misfit.argmin()]), 1 - float(inside.max()), 1 - float(inside.min()))
    span = float(figures.errors.max() - figures.errors.min())
    if found.high - found.low > max(span, LEAST_WIDTH):
        return message(
            "too-uncertain", "anything from {low} to {high} fits these figures: more seeds or more shares tell more",
            low=f"{found.low:.1%}", high=f"{found.high:.1%}",
        )  # fmt: skip
    return found


def _figures(accuracies: Mapping[float, Sequence[float]]) -> _Figures | Message:
    given = sorted((amount, 1 - np.array(values, float)) for amount, values in accuracies.items() if len(values))
    if len(given) < LEAST_AMOUNTS:
        return message("few-amounts", "it takes runs with {count} amounts of data at least", count=LEAST_AMOUNTS)
    freedom = sum(len(errors) - 1 for _, errors in given)
    if freedom == 0:
        return message("one-seed", "it takes more than one seed to tell the data from luck")
    means = np.array([errors.mean() for _, errors in given])
    variances = np.maximum(means * (1 - means), LEAST_VARIANCE)
    scatters = np.array([((errors - errors.mean()) ** 2).sum() for _, errors in given])
    within = float((scatters / variances).sum())
    if within == 0:
        return message("no-noise", "every seed gave the same accuracy: there is no noise to judge by")
    counts = np.array([len(errors) for _, errors in given])
    factor = max(within / freedom, EXACTNESS**2 / float(variances.max()))
    return _Figures(np.array([amount for amount, _ in given]), means, counts / variances, factor, freedom)


def _misfit(figures: _Figures, tried: np.ndarray, amount: float) -> np.ndarray:
    """By how much the best law misses the figures that has these errors `[E]` at that amount: weighted squares.

    With n in units of the amount and x = n^−c, the law is q + b(x − 1) and its limit q − b: for each c the best b in
    closed form, kept where neither b nor the limit is negative.
    """
    least = np.full(len(tried), math.inf)
    missing = figures.errors[None, :] - tried[:, None]
    for exponent in EXPONENTS:
        rises = (figures.amounts / amount) ** -exponent - 1
        best = (missing * rises * figures.weights).sum(1) / (rises**2 * figures.weights).sum()
        b = np.clip(best, 0.0, tried)
        least = np.minimum(least, ((missing - b[:, None] * rises) ** 2 * figures.weights).sum(1))
    return least
