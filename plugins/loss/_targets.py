"""Targets as the numbers that outputs are compared with, where these stand for classes and where they are values."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from engine.strategy import DataSpec


def as_numbers(outputs: Tensor, targets: Tensor) -> Tensor:
    """Targets `[N, K]` of the outputs' type: classes `[N]` become 1 for the right class and 0 for the others."""
    if targets.is_floating_point():
        return targets.to(outputs.dtype)
    return functional.one_hot(targets, outputs.shape[1]).to(outputs.dtype)


def may_be_classes(data: DataSpec | None) -> bool:
    """Whether the targets are classes, as far as is known: until the data are there they are taken to be."""
    return data is None or data.task == "classification"
