"""Class weights, so that a rare class counts as much as a common one (King, Zeng 2001)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import torch
from torch import Tensor

from engine.message import message
from engine.strategy import Advice, DataSpec

ClassWeights = Literal["none", "balanced"]
EVEN = 1.05
"""The largest class may have so many times the samples of the smallest: weights then change next to nothing."""

BALANCED = """\
counts = targets.bincount(minlength=classes)  # rare classes count as much as common ones
class_weights = torch.where(counts > 0, len(targets) / ((counts > 0).sum() * counts), 1.0).to(device)"""
"""In the script of a run."""


class Weighted:
    """A loss with a weight for each class; it takes the weights along to where the outputs are."""

    def __init__(self, loss: Callable[[Tensor, Tensor, Tensor], Tensor], weights: Tensor) -> None:
        self._loss, self._weights = loss, weights

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if (self._weights.device, self._weights.dtype) != (outputs.device, outputs.dtype):
            # The first batch may be that of an evaluation, and what inference mode makes can't be trained with.
            with torch.inference_mode(False):
                self._weights = self._weights.to(outputs.device, outputs.dtype)
        return self._loss(outputs, targets, self._weights)


def balanced(data: DataSpec) -> Tensor:
    """n / (K · n_c) for each class, from its training samples n_c, all n, and the K classes that have any: `[outputs]`.

    Over the training part they average 1. A class without samples, which validation may have, counts as if unweighted.
    """
    counts = torch.tensor(data.class_counts)
    return torch.where(counts > 0, counts.sum() / ((counts > 0).sum() * counts), 1.0)


def advice_on_weights(class_weights: ClassWeights, data: DataSpec | None) -> Iterable[Advice]:
    """What to tell about class weights for these data."""
    if class_weights == "none" or data is None:
        return
    counts = [count for count in data.class_counts if count]
    if counts and max(counts) <= EVEN * min(counts):
        least, most = min(counts), max(counts)
        yield Advice("warning", message(
            "balanced-already", "class weights change nothing: the classes have {samples} training samples each",
            samples=least if least == most else f"{least}–{most}",
        ), "class_weights")  # fmt: skip
    if len(counts) < len(data.class_counts):
        yield Advice("warning", message(
            "class-without-samples", "classes without training samples: {missing} of {classes}. No weight can make "
            "up for that", missing=len(data.class_counts) - len(counts), classes=len(data.class_counts),
        ), "class_weights")  # fmt: skip
