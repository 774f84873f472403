"""The statistics of the training inputs, by which they are scaled: of any number of them, and never from a copy."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.data import Part
from engine.strategy import Scaling

SAMPLE_BYTES = 2**28
"""Of larger images a scaling that can't do with counts is fitted to a sample of about this size, however much memory
there is: the same settings should repeat a run anywhere."""


def pixel_counts(part: Part) -> Tensor:
    """How often each of the 256 values occurs in each channel of a part's images: int64 `[C, 256]`."""
    channels = part.shape[1]
    counts = torch.zeros(channels, 256, dtype=torch.int64)
    for some in part.chunks():
        for channel in range(channels):
            counts[channel] += torch.bincount(some[:, channel].flatten(), minlength=256)
    return counts


def fit(scaling: Scaling, training: Part) -> tuple[Tensor, Tensor]:
    """Mean and deviation `[C]` by which a scaling brings the training inputs into range."""
    if training.dtype == torch.uint8 and _takes_counts(type(scaling)):
        return scaling.fit_counts(pixel_counts(training))
    if training.dtype != torch.uint8 or training.bytes <= SAMPLE_BYTES:
        return scaling.fit(training.inputs)
    few = max(2, len(training) * SAMPLE_BYTES // training.bytes)
    return scaling.fit(training.at(torch.arange(few) * len(training) // few))


def _takes_counts(technique: type[Scaling]) -> bool:
    """Whether counts will do: not where a class gives a `fit` of its own, and its parent alone the other."""
    nearest = next(each for each in technique.__mro__ if "fit" in vars(each) or "fit_counts" in vars(each))
    return nearest is not Scaling and "fit_counts" in vars(nearest)
