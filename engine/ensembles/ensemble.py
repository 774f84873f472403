"""An ensemble: the mean of several networks' probabilities, and whether it is worth having. Plain NumPy.

L. K. Hansen, P. Salamon, "Neural network ensembles", IEEE Transactions on Pattern Analysis and Machine Intelligence 12
(1990).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.message import Message, message
from engine.scores import Floats, Ints
from engine.trained.network import wilson

Z = 1.959963984540054
"""95 % of a normal distribution lie within so many deviations of its mean."""
ROUNDS = 10_000
"""Of the search for weights, at most; it ends sooner where nothing changes any more."""
SETTLED = 1e-12
"""Change of a weight below which nothing does."""


@dataclass(frozen=True)
class Figures:
    """What probabilities come to on some samples."""

    loss: float
    """Mean of -log of the probability of the true class: cross-entropy, whatever loss the network was trained with."""
    accuracy: float
    interval: tuple[float, float]
    """95 % confidence interval of the accuracy (Wilson)."""


@dataclass(frozen=True)
class Gain:
    """By how much an ensemble's accuracy is above that of one network, on the same samples."""

    accuracy: float
    interval: tuple[float, float]
    """95 % confidence interval."""

    @property
    def measurable(self) -> bool:
        """Whether the interval leaves 0 out."""
        return not self.interval[0] <= 0 <= self.interval[1]

    def verdict(self) -> Message:
        """What it comes to, in words."""
        points, (low, high) = 100 * self.accuracy, (100 * end for end in self.interval)
        values = {"points": f"{abs(points):.2f}", "low": f"{low:.2f}", "high": f"{high:.2f}"}
        if not self.measurable:
            return message(
                "no-measurable-gain", "no measurable gain over its best member: {points} points of accuracy, "
                "95 % interval {low} to {high}", **(values | {"points": f"{points:.2f}"}),
            )  # fmt: skip
        if points > 0:
            return message(
                "ensemble-better", "better than its best member by {points} points of accuracy, 95 % interval {low} to "
                "{high}", **values,
            )  # fmt: skip
        return message(
            "ensemble-worse", "worse than its best member by {points} points of accuracy, "
            "95 % interval of the difference {low} to {high}", **values,
        )  # fmt: skip


def combine(probabilities: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """The weighted mean of the members' probabilities, each `[N, K]`; weights sum to 1."""
    total = np.zeros(probabilities[0].shape)
    for weight, each in zip(weights, probabilities, strict=True):
        total += weight * each
    return total


def equal_weights(members: int) -> list[float]:
    """The same weight for each."""
    return [1 / members] * members


def fitted_weights(probabilities: Sequence[Floats], true: Ints) -> list[float]:
    """The weights, none negative and 1 in all, with which the mean of the probabilities has the least loss.

    By expectation maximisation for the proportions of a mixture (Dempster, Laird, Rubin, Journal of the Royal
    Statistical Society B 39 (1977)), from equal weights: no round makes the loss larger, and the only minimum is the
    global one, as the loss is convex in the weights.
    """
    rows = np.arange(len(true))
    own = np.stack([np.maximum(each[rows, true], np.finfo(np.float64).tiny) for each in probabilities], axis=1)
    weights = np.full(own.shape[1], 1 / own.shape[1])
    for _ in range(ROUNDS):
        shares = own * weights
        after = (shares / shares.sum(1, keepdims=True)).mean(0)
        settled = float(np.abs(after - weights).max()) < SETTLED
        weights = after
        if settled:
            break
    return [float(weight) for weight in weights / weights.sum()]


def figures_of(probabilities: Floats, true: Ints) -> Figures:
    """Loss and accuracy of probabilities `[N, K]`."""
    accuracy = float((probabilities.argmax(1) == true).mean())
    return Figures(log_loss(probabilities, true), accuracy, wilson(accuracy, len(true)))


def log_loss(probabilities: Floats, true: Ints) -> float:
    """Mean of -log of the probability of the true class."""
    own = np.maximum(probabilities[np.arange(len(true)), true], np.finfo(np.float32).tiny)
    return float(-np.log(own.astype(np.float64)).mean())


def disagreements(called: Sequence[Ints]) -> NDArray[np.float64]:
    """The share of samples on which each two members call another class, `[M, M]`; 0 on the diagonal."""
    return np.array([[float((one != other).mean()) for other in called] for one in called])


def any_disagree(called: Sequence[Ints]) -> float:
    """The share of samples that not all members call the same."""
    stacked = np.stack(list(called))
    return float((stacked != stacked[0]).any(0).mean())


def gain(right: NDArray[np.bool_], other: NDArray[np.bool_]) -> Gain:
    """By how much the share of samples that one got right is above another's, on the same samples, bool `[N]` each.

    The interval is that of A. Agresti and Y. Min, "Simple improved confidence intervals for comparing matched
    proportions", Statistics in Medicine 24 (2005): Wald's, once half a sample is added to each of the four cells.
    """
    count = len(right)
    won, lost = int((right & ~other).sum()), int((~right & other).sum())
    difference = (won - lost) / count
    middle = (won - lost) / (count + 2)
    reach = Z * math.sqrt((won + lost + 1) - (won - lost) ** 2 / (count + 2)) / (count + 2)
    return Gain(difference, (middle - reach, middle + reach))
