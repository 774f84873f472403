"""Scaling to the range 0 to 1, as torchvision's `ToTensor` does to pixels."""

import torch
from torch import Tensor

from engine.strategy import Scaling, hookimpl


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


@hookimpl
def register_strategies() -> list[type[Scaling]]:
    return [ZeroOne]
