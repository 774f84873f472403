"""Learning curves made up from formulas with noise, of every verdict: what a diagnosis must tell apart.

A run's losses are in any unit (a regression's may be thousands), so each curve is drawn with a scale of its own. What
makes its verdict is a share of that scale, or of the run's length, and stands in the function that makes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.history import EpochRow, History

Numbers = np.ndarray


@dataclass(frozen=True)
class Losses:
    """What a maker draws, each `[epochs]`, as shares of the untrained loss."""

    clean: Numbers
    validation: Numbers
    shown: Numbers | None = None
    """The training loss as measured while training; where None, a little above the clean one."""
    first: tuple[float, ...] = (1.0,)
    """The losses of the first steps."""


def made(verdict: str, seed: int, epochs: int | None = None) -> History:
    """A run with this verdict: 12 to 120 epochs unless told, of noise and shape that the seed draws."""
    rng = np.random.default_rng([seed, *verdict.encode()])
    count = epochs or int(rng.integers(12, 121))
    losses = MAKERS[verdict](rng, count)
    classes = int(rng.integers(2, 101)) if rng.random() < 0.7 else 0
    scale = math.log(classes) if classes else 10 ** rng.uniform(-3, 3)
    shown = losses.shown if losses.shown is not None else losses.clean * (1 + rng.uniform(0, 0.25)) + 0.01
    history, lr = History(), 10 ** rng.uniform(-4, -1)
    for epoch in range(count):
        clean, validation = float(losses.clean[epoch]), float(losses.validation[epoch])
        accuracies = [math.exp(-2 * each) if classes else None for each in (shown[epoch], clean, validation)]
        history.add_epoch(EpochRow(
            epoch + 1, float(shown[epoch]) * scale, accuracies[0], clean * scale, accuracies[1], validation * scale,
            accuracies[2], lr, 1.0, 1000, 0.1,
        ))  # fmt: skip
    history.add_steps((step, loss * scale, lr) for step, loss in enumerate(losses.first, 1))
    return history


def _noisy(rng: np.random.Generator, curve: Numbers, low: float, high: float) -> Numbers:
    """With a share of noise between these, the same for all epochs."""
    noise: Numbers = curve * np.exp(rng.uniform(low, high) * rng.standard_normal(len(curve)))
    return noise


def _falling(count: int, start: float, end: float, tau: float) -> Numbers:
    """Exponential decay, from `start` before the first epoch towards `end`; `tau` in epochs."""
    curve: Numbers = end + (start - end) * np.exp(-np.arange(1, count + 1) / tau)
    return curve


def overfitting(rng: np.random.Generator, count: int) -> Losses:
    """The validation loss turns in the first half and ends a fifth or more above its least; training falls on."""
    epochs = np.arange(1, count + 1)
    turn = max(2.0, rng.uniform(0.1, 0.45) * count)
    clean = _falling(count, 1.0, rng.uniform(0.0, 0.05), turn * rng.uniform(0.7, 1.3))
    least = rng.uniform(0.15, 0.5)
    before = _falling(count, 1.0, least, turn / rng.uniform(2, 4))
    rise = np.maximum(0, epochs - turn) / (count - turn)
    validation = before + least * rng.uniform(0.25, 1.5) * rise ** rng.uniform(0.6, 1.2)
    return Losses(_noisy(rng, clean, 0.005, 0.03), _noisy(rng, np.maximum(validation, clean), 0.005, 0.03))


def underfitting(rng: np.random.Generator, count: int) -> Losses:
    """Both losses stop falling, together, at a third of the untrained loss or more."""
    floor = rng.uniform(0.36, 0.85)
    clean = _falling(count, 1.0, floor, count * rng.uniform(0.03, 0.18))
    validation = clean * (1 + rng.uniform(0.0, 0.06))
    return Losses(_noisy(rng, clean, 0.001, 0.012), _noisy(rng, validation, 0.001, 0.015))


def lr_too_high(rng: np.random.Generator, count: int) -> Losses:
    """The first steps throw the weights away: nothing is learnt after it, or something by leaps and bounds."""
    spike = 1 + 10 ** rng.uniform(0, 2)
    if rng.random() < 0.5:
        clean = _noisy(rng, np.full(count, rng.uniform(0.97, 1.03)), 0.002, 0.02)
        validation = _noisy(rng, clean, 0.001, 0.01)
    else:
        level = _falling(count, rng.uniform(0.5, 1.2), rng.uniform(0.3, 0.5), count * rng.uniform(0.1, 0.5))
        clean = _noisy(rng, level, 0.12, 0.3)
        validation = _noisy(rng, clean * (1 + rng.uniform(0, 0.1)), 0.02, 0.1)
    shown = _noisy(rng, clean * 1.1, 0.02, 0.1)
    shown[0] = spike * rng.uniform(0.3, 0.8) + 1
    return Losses(clean, validation, shown, (1.0, spike * 0.7, spike, spike * 0.8))


def lr_too_low(rng: np.random.Generator, count: int) -> Losses:
    """Both losses fall in every epoch, evenly, and have hardly begun: the time that it takes is that of the run."""
    clean = _falling(count, 1.0, rng.uniform(0.0, 0.2), count * rng.uniform(1.3, 30.0))
    step = (clean[0] - clean[-1]) / count / clean[-1]
    clean = clean * (1 + rng.uniform(0, 0.3) * step * rng.standard_normal(count))
    validation = clean * (1 + rng.uniform(-0.01, 0.02)) * (1 + rng.uniform(0, 0.3) * step * rng.standard_normal(count))
    return Losses(clean, validation, clean + (clean[0] - clean[-1]) / count)


def plateau(rng: np.random.Generator, count: int) -> Losses:
    """Both losses have fallen far and stopped, well before the end; they waver about where they are."""
    level = rng.uniform(0.06, 0.26)
    clean = _falling(count, 1.0, level, count * rng.uniform(0.02, 0.05))
    validation = clean * (1 + rng.uniform(0.0, 0.2))
    return Losses(_noisy(rng, clean, 0.01, 0.06), _noisy(rng, validation, 0.01, 0.05))


def diverging(rng: np.random.Generator, count: int) -> Losses:
    """The training loss itself grows, and ends far above what it was untrained."""
    turn = int(rng.integers(0, max(1, count - 4)))
    grown = np.maximum(0, np.arange(1, count + 1) - turn) / (count - turn)
    clean = _falling(count, 1.0, rng.uniform(0.2, 0.8), max(1.0, count * rng.uniform(0.1, 0.5)))
    clean = clean * 10 ** (rng.uniform(1.2, 4) * grown)
    return Losses(_noisy(rng, clean, 0.01, 0.15), _noisy(rng, clean * (1 + rng.uniform(0, 0.2)), 0.01, 0.15))


def healthy(rng: np.random.Generator, count: int) -> Losses:
    """Both losses fall far, validation somewhat behind, and its best is near the end."""
    epochs = np.arange(1, count + 1)
    end = rng.uniform(0.04, 0.2)
    slow = np.minimum(0.9, end * (count / epochs) ** rng.uniform(0.2, 0.5))
    clean = slow if rng.random() < 0.5 else _falling(count, 0.6, end, count / 3.5)
    gap = rng.uniform(0.0, 0.3) * end * epochs / count
    return Losses(_noisy(rng, clean, 0.003, 0.015), _noisy(rng, clean + gap, 0.003, 0.015))


MAKERS: dict[str, Callable[[np.random.Generator, int], Losses]] = {
    "overfitting": overfitting,
    "underfitting": underfitting,
    "lr-too-high": lr_too_high,
    "lr-too-low": lr_too_low,
    "plateau": plateau,
    "diverging": diverging,
    "healthy": healthy,
}
