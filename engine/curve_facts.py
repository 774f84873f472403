"""What the curves of a run come to: the figures from which a diagnosis judges.

All are ratios, so that the unit of the loss does not matter. Cost: a few passes over the epochs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.history import EpochRow

Curve = np.ndarray
"""float64 `[epochs]`."""


@dataclass(frozen=True)
class Facts:
    """Figures of the judged epochs."""

    epochs: Curve
    """Their numbers."""
    training: Curve
    """The clean training loss; where it was not measured, the training loss."""
    validation: Curve
    """The validation loss; that of training where there is no validation part."""
    shown: Curve
    """The training loss as measured while training, with every technique at work."""
    validated: bool
    cleaned: bool
    """Whether the clean training loss was measured."""
    untrained: float
    """The loss before anything was learnt, as far as is known: of the first step, else of the first epoch."""
    spike: float
    """The largest training loss of the first steps and epochs, as a multiple of the untrained one."""
    best: int
    """The place of the least validation loss, the earliest of equals."""
    crossing: int | None
    """The place from which on the validation loss lies above the training loss as shown, to the end; None where it
    doesn't, or always did."""
    noise: float
    """How far the validation loss jumps from one epoch to the next, typically, as a share of it."""
    training_noise: float
    """The same of the training loss."""

    @property
    def count(self) -> int:
        """How many epochs are judged."""
        return len(self.epochs)

    @property
    def rises(self) -> int:
        """In how many epochs the training loss came out above that of the epoch before."""
        return int((np.diff(self.training) > 0).sum())

    @property
    def level(self) -> float:
        """The training loss of the last epochs, as a share of the untrained one."""
        return ratio(float(np.median(self.training[-late(self.count) :])), self.untrained)

    @property
    def rise(self) -> float:
        """How far the validation loss of the last epochs lies above its least, as a share of that.

        Each of them is a median of three epochs: of many noisy epochs the least is far below all others.
        """
        curve = self.validation
        smooth = curve if len(curve) < 3 else np.median(np.stack((curve[:-2], curve[1:-1], curve[2:])), axis=0)
        return ratio(float(smooth[-1]), float(smooth.min())) - 1

    @property
    def last_half(self) -> float:
        """How much lower the last quarter of the validation loss lies than the second quarter, as a share of that."""
        size = late(self.count)
        return 1 - ratio(float(np.median(self.validation[-size:])), float(np.median(self.validation[size : 2 * size])))

    @property
    def fall(self) -> float:
        """How far the validation loss has fallen within the last half of the epochs, as a share of it."""
        return fallen(self.validation)

    @property
    def training_fall(self) -> float:
        """The same of the training loss."""
        return fallen(self.training)

    @property
    def gap(self) -> float:
        """The validation loss less the training loss, of the last epochs, as a share of the former."""
        return 1 - ratio(float(np.median(self.training[-3:])), float(np.median(self.validation[-3:])))


def ratio(one: float, other: float) -> float:
    """One as a share of the other; 1 where both are 0, and never NaN."""
    if other == 0:
        return 1.0 if one == 0 else math.inf
    return one / other


def late(count: int) -> int:
    """How many of the epochs are the last ones."""
    return max(2, count // 4)


def fallen(curve: Curve) -> float:
    """How much lower its last quarter lies than the quarter before, as a share of that: medians, for the noise."""
    size = late(len(curve))
    before = float(np.median(curve[-2 * size : -size])) if len(curve) > size else float(curve[0])
    return 1 - ratio(float(np.median(curve[-size:])), before)


def facts_of(rows: Sequence[EpochRow], first_losses: Sequence[float] = ()) -> Facts | None:
    """The facts of these epochs, all of whose losses are finite; None without a training loss."""
    shown = _column(rows, "train_loss")
    clean = _column(rows, "clean_train_loss")
    training = clean if clean is not None else shown
    if training is None:
        return None
    validation = _column(rows, "val_loss")
    judged = validation if validation is not None else training
    seen = shown if shown is not None else training
    untrained = float(first_losses[0]) if len(first_losses) else float(seen[0])
    highest = max([*map(float, first_losses), *map(float, seen[:2])])
    return Facts(
        epochs=np.array([row.epoch for row in rows]), training=training, validation=judged, shown=seen,
        validated=validation is not None, cleaned=clean is not None, untrained=untrained,
        spike=ratio(highest, untrained), best=int(np.argmin(judged)), crossing=_crossing(seen, validation),
        noise=_noise(judged), training_noise=_noise(training),
    )  # fmt: skip


def _column(rows: Sequence[EpochRow], name: str) -> Curve | None:
    """A column, where every row has a figure in it."""
    values = [getattr(row, name) for row in rows]
    return None if not values or None in values else np.array(values, dtype=np.float64)


def _crossing(shown: Curve, validation: Curve | None) -> int | None:
    if validation is None:
        return None
    below = np.flatnonzero(validation <= shown)
    place = int(below[-1]) + 1 if len(below) else 0
    return place if 0 < place < len(shown) else None


def _noise(curve: Curve) -> float:
    """From second differences, which know nothing of a trend: their deviation is √6 times that of single epochs."""
    if len(curve) < 3:
        return 0.0
    second = np.abs(curve[2:] - 2 * curve[1:-1] + curve[:-2])
    return ratio(float(np.median(second)) / (0.6745 * math.sqrt(6)), float(np.median(np.abs(curve))))
