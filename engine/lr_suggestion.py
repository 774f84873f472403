"""Which learning rate the curves of a range test suggest: a pure function of them. Imports no PyTorch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.message import Message, message

Curve = Sequence[tuple[float, float]]
"""Learning rate and loss of each step, the rates rising by one factor from step to step."""

DECADES_SMOOTHED = 0.15
"""Deviation of the bell by which losses are averaged, in decades of the rate."""
MEDIAN_OF = 5
"""Steps of which the middle loss is taken first: one odd batch says nothing."""
BEGUN = 0.1
"""Share of the whole fall after which it has begun: from there on a rate is of use."""
HALF = 0.5
"""Share of the whole fall after which the loss stands halfway."""
ABOVE_HALF = 2.5
"""So many times the rate at which the loss stands halfway: there it has not slowed down much yet."""
BELOW_EDGE = 4.0
"""By so much the suggestion stays below the rate at which the loss has risen again, at least."""
RISEN = 0.5
"""Share of the whole fall that is lost again where the rates of use end."""
LEAST_FALL = 0.03
"""Share of the first loss by which it has to fall, at least."""
NOISES = 3.0
"""By so many times the noise of the smoothed curve it has to fall, at least."""
MOST_APART = 10.0
"""The factor between the suggestions of single seeds beyond which they contradict each other."""
LEAST_STEPS = 10
"""Steps of a curve of which anything can be said."""


@dataclass(frozen=True)
class Suggestion:
    """What a range test came to."""

    lr: float | None
    """The rate to train with, rounded to two digits; None where none can be named: `reason` says why."""
    low: float | None = None
    """From here on the loss falls."""
    high: float | None = None
    """From here on half of what it fell is lost again."""
    reason: Message | None = None


def suggest(curves: Sequence[Curve]) -> Suggestion:
    """What the curves of one test, of a seed each and over the same rates, suggest together.

    Of the mean curve, made smooth: two and a half times the rate at which the loss has done half of its fall, yet no
    more than a quarter of the last rate before half of the fall is lost again. Rates between where the loss begins to
    fall and where it gets ragged are those of L. N. Smith, "Cyclical Learning Rates for Training Neural Networks"
    (2015, arXiv:1506.01186); the two factors are what trained well in `benchmarks/find_lr.py`. The place of half the
    fall, rather than of the steepest one, since the fall of a deep network is long and even: its steepest place is
    chance, and lies ten times higher with one seed than with another.
    """
    steps = min(len(curve) for curve in curves)
    if steps < LEAST_STEPS:
        return _none("diverged-at-once", "the loss diverged after {steps} steps, at the rate {lr}: begin lower "
                     "(--lowest), or look at the loss and the scaling", steps=steps,
                     lr=min(curves, key=len)[-1][0])  # fmt: skip
    rates = np.array([lr for lr, _ in curves[0][:steps]])
    losses = np.array([[loss for _, loss in curve[:steps]] for curve in curves])
    alone = [found.lr for each in losses if (found := _look(rates, each)).lr is not None]
    if alone and max(alone) > MOST_APART * min(alone):
        return _none("seeds-disagree", "the seeds contradict each other, from {low} to {high}: take more steps "
                     "(--steps), or a larger batch", low=min(alone), high=max(alone))  # fmt: skip
    return _look(rates, losses.mean(0))


def mean_curve(curves: Sequence[Curve]) -> list[tuple[float, float]]:
    """Rate and smooth loss of the mean of the curves, up to where the first of them ends; empty where one has none."""
    steps = min(len(curve) for curve in curves)
    if not steps:
        return []
    rates = np.array([lr for lr, _ in curves[0][:steps]])
    losses = smooth(rates, np.array([[loss for _, loss in curve[:steps]] for curve in curves]).mean(0))
    return list(zip(rates.tolist(), losses.tolist(), strict=True))


def smooth(rates: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """The losses (float64 `[N]`) made smooth: the middle one of a few, then a bell over the logarithm of the rate."""
    reach = MEDIAN_OF // 2
    padded = np.pad(losses, reach, mode="edge")
    middle = np.median(np.lib.stride_tricks.sliding_window_view(padded, MEDIAN_OF), axis=1)
    apart = (np.log10(rates)[:, None] - np.log10(rates)[None, :]) / DECADES_SMOOTHED
    weights = np.exp(-0.5 * apart**2)
    return np.asarray(weights @ middle / weights.sum(1))


def _look(rates: np.ndarray, losses: np.ndarray) -> Suggestion:
    """What one curve suggests."""
    curve = smooth(rates, losses)
    lowest = int(curve.argmin())
    # Before the rate acts the curve is flat: its first third says where it began, whatever the first batch was.
    start = float(np.median(curve[: max(1, lowest // 3)]))
    fall = start - float(curve[lowest])
    if fall < max(LEAST_FALL * abs(start), NOISES * _noise(rates, losses, curve)):
        return _none("no-fall", "the loss fell at no rate from {low} to {high}: the network does not learn with these "
                     "settings, or not within so few steps", low=float(rates[0]), high=float(rates[-1]))  # fmt: skip
    edge = int(np.flatnonzero(curve < curve[lowest] + RISEN * fall)[-1])
    if lowest >= len(rates) - 2:
        return _none("still-falling", "the loss still fell at the highest rate tried, {high}: go higher (--highest)",
                     high=float(rates[-1]))  # fmt: skip
    half = int(np.flatnonzero(curve < start - HALF * fall)[0])
    begun = int(np.flatnonzero(curve[: half + 1] > start - BEGUN * fall)[-1])
    if rates[begun] < rates[0] * 10 ** (2 * DECADES_SMOOTHED):
        return _none("already-falling", "the loss fell from the lowest rate on, {low}: begin lower (--lowest)",
                     low=float(rates[0]))  # fmt: skip
    lr = min(ABOVE_HALF * rates[half], rates[edge] / BELOW_EDGE)
    return Suggestion(_rounded(lr), _rounded(rates[begun]), _rounded(rates[edge]))


def _noise(rates: np.ndarray, losses: np.ndarray, curve: np.ndarray) -> float:
    """Deviation of the smoothed curve where the rate does nothing yet, by the middle deviation from it."""
    decades = math.log10(rates[-1] / rates[0])
    averaged = max(1.0, 2 * math.sqrt(math.pi) * DECADES_SMOOTHED / decades * len(rates))
    return 1.4826 * float(np.median(np.abs(losses - curve))) / math.sqrt(averaged)


def _rounded(lr: float) -> float:
    return float(f"{lr:.2g}")


def _none(code: str, template: str, **values: float) -> Suggestion:
    return Suggestion(None, reason=message(code, template, **values))
