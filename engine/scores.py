"""What predictions are worth: confusion matrix, figures of each class and of a regression, in plain NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class ClassFigures:
    """Figures of each class, float64 `[K]`; NaN where a figure has no meaning (0 of 0)."""

    precision: Floats
    """Of the samples that were called this class, the share that is of it."""
    recall: Floats
    """Of the samples of this class, the share that was called so."""
    f1: Floats
    """Harmonic mean of precision and recall; 0 where the class was never hit."""
    support: Ints
    """Samples of this class, int64 `[K]`."""

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the classes that were there or were predicted, as scikit-learn's `average="macro"`."""
        known = self.f1[np.isfinite(self.f1)]
        return float(known.mean()) if len(known) else float("nan")


@dataclass(frozen=True)
class RegressionFigures:
    """Figures of a regression."""

    r2: float
    """Share of the targets' variance that is explained, mean over the outputs; NaN where a target never varies."""
    rmse: float
    """Root of the mean squared error."""
    mae: float
    """Mean absolute error."""


def confusion(true: Ints, predicted: Ints, classes: int) -> Ints:
    """How many samples of each class (row) were called each class (column): int64 `[K, K]`."""
    return np.bincount(true * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def class_figures(counts: Ints) -> ClassFigures:
    """Precision, recall, F1 and support of each class from a confusion matrix `[K, K]`."""
    hits, support, called = np.diag(counts), counts.sum(1), counts.sum(0)
    return ClassFigures(_share(hits, called), _share(hits, support), _share(2 * hits, support + called), support)


def regression_figures(true: Floats, predicted: Floats) -> RegressionFigures:
    """R², RMSE and MAE of predicted against true values, both `[N, K]`."""
    error = predicted.astype(np.float64) - true
    variation = np.square(true - true.mean(0, dtype=np.float64)).sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = np.where(variation > 0, 1 - np.square(error).sum(0) / variation, np.nan)
    return RegressionFigures(float(r2.mean()), float(np.sqrt(np.square(error).mean())), float(np.abs(error).mean()))


def suspected_labels(true: Ints, probabilities: Floats) -> NDArray[np.bool_]:
    """Samples whose label may be wrong, bool `[N]`: those for which `suggested_labels` has another."""
    return np.asarray(suggested_labels(true, probabilities) >= 0)


def suggested_labels(true: Ints, probabilities: Floats) -> Ints:
    """For samples whose label may be wrong another, for all others -1, by confident learning (Northcutt et al. 2021).

    The network is surer of another class than it is, on average, of the samples that bear that class's label. Means
    little on the samples that it was trained on: those it may know by heart, wrong labels with them.
    """
    classes = probabilities.shape[1]
    count = np.bincount(true, minlength=classes)
    own = np.bincount(true, weights=probabilities[np.arange(len(true)), true], minlength=classes)
    usual = np.where(count > 0, own / np.maximum(count, 1), np.inf)
    sure = np.where(probabilities >= usual, probabilities, -np.inf)
    best = sure.argmax(1)
    return np.where(np.isfinite(sure.max(1)) & (best != true), best, -1)


def _share(part: Ints, whole: Ints) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(part / whole)
