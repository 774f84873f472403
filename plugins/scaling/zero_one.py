"""Scaling to the range 0 to 1, as torchvision's `ToTensor` does to pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.strategy import Code, Scaling, hookimpl

if TYPE_CHECKING:
    from engine.config import RunConfig


class ZeroOne(Scaling):
    """Bring pixels into the range 0 to 1 by dividing by 255; features by their smallest and largest value (정규화).

    Networks train poorly on inputs of a large or uneven range: their first steps are then far too long or too short.
    """

    def fit(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        if inputs.dtype == torch.uint8:
            channels = inputs.shape[1]
            return torch.zeros(channels), torch.full((channels,), 255.0)
        low, high = inputs.amin(0), inputs.amax(0)
        return low, torch.where(high > low, high - low, 1.0)

    def code(self, config: RunConfig) -> Code:
        if config.dataset.task == "classification":
            return Code(lines="mean, std = 0, 255")
        return Code(lines="mean, std = inputs.amin(0).to(device), (inputs.amax(0) - inputs.amin(0)).to(device)")


@hookimpl
def register_strategies() -> list[type[Scaling]]:
    return [ZeroOne]
