"""What is read off a run, and how two settings are compared over seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from engine.events import Finished
from engine.trained.network import Predictor
from engine.trainer import Trainer

T_95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}
"""The 97.5 % point of Student's distribution, by its degrees of freedom."""
BINS = 15
"""Bins of the expected calibration error, as in Guo et al. 2017, arXiv:1706.04599."""


@dataclass(frozen=True)
class Figure:
    """One column of a table."""

    heading: str
    better: Literal["lower", "higher"]
    compared: Literal["ratio", "difference"]
    format: str


FIGURES = {
    "final_val_loss": Figure("validation loss, last epoch", "lower", "ratio", "{:.3f}"),
    "best_val_loss": Figure("best validation loss", "lower", "ratio", "{:.3f}"),
    "gap": Figure("gap, last epoch", "lower", "ratio", "{:.3f}"),
    "test_accuracy": Figure("test accuracy", "higher", "difference", "{:.2%}"),
    "test_loss": Figure("test loss", "lower", "ratio", "{:.3f}"),
    "worst_recall": Figure("recall of the worst class", "higher", "difference", "{:.1%}"),
    "calibration_error": Figure("calibration error, last epoch", "lower", "ratio", "{:.3f}"),
    "epochs": Figure("epochs run", "lower", "ratio", "{:.0f}"),
    "best_epoch": Figure("best epoch", "lower", "ratio", "{:.0f}"),
    "epochs_to_half": Figure("epochs to a clean training loss of 0.5", "lower", "ratio", "{:.1f}"),
}


def read_off(trainer: Trainer, finished: Finished, last: Predictor, best: Predictor) -> dict[str, float]:
    """All figures of a run that has ended."""
    rows, test = trainer.history.epochs, trainer.learner.parts.test
    assert test is not None
    final = rows[-1]
    assert final.val_loss is not None
    assert final.clean_train_loss is not None
    half = [row.epoch for row in rows if row.clean_train_loss is not None and row.clean_train_loss < 0.5]
    return {
        "final_val_loss": final.val_loss,
        "gap": final.val_loss - final.clean_train_loss,
        "best_val_loss": finished.best_val_loss or math.nan,
        "test_accuracy": finished.test_accuracy or math.nan,
        "test_loss": finished.test_loss or math.nan,
        "best_epoch": finished.best_epoch or math.nan,
        "epochs": finished.epochs,
        "epochs_to_half": half[0] if half else trainer.config.epochs + 1,
        "calibration_error": calibration_error(last.probabilities(test.inputs), test.targets),
        "worst_recall": worst_recall(best.probabilities(test.inputs), test.targets),
        "seconds": finished.seconds,
    }


def calibration_error(probabilities: Tensor, targets: Tensor) -> float:
    """Mean distance between certainty and accuracy over bins of certainty, each weighted by its samples."""
    certainty, said = probabilities.clamp(0, 1).max(1)
    right = (said == targets).double()
    bins = (certainty * BINS).long().clamp(max=BINS - 1)
    distances = [
        (right[bins == number].mean() - certainty[bins == number].double().mean()).abs() * (bins == number).sum()
        for number in bins.unique()
    ]
    return float(torch.stack(distances).sum() / len(targets))


def worst_recall(probabilities: Tensor, targets: Tensor) -> float:
    """The share of right answers in the class where it is lowest."""
    right = probabilities.argmax(1) == targets
    return min(float(right[targets == label].double().mean()) for label in targets.unique())


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean, and the ends of its 95 % interval (Student)."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return mean, -math.inf, math.inf
    margin = T_95[len(values) - 1] * statistics.stdev(values) / math.sqrt(len(values))
    return mean, mean - margin, mean + margin


def effect(figure: Figure, ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """What a variant changes, paired by seed: the ratio or the difference, and its 95 % interval."""
    if figure.compared == "difference":
        return interval([one - other for one, other in zip(ours, theirs, strict=True)])
    logarithms = [math.log(max(one, 1e-9) / max(other, 1e-9)) for one, other in zip(ours, theirs, strict=True)]
    mean, low, high = interval(logarithms)
    return math.exp(mean), math.exp(low), math.exp(high)
