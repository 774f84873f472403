"""No scaling: pixels as torchvision's `PILToTensor` gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.strategy import Code, Scaling, hookimpl

if TYPE_CHECKING:
    from engine.config import RunConfig


class NoScaling(Scaling):
    """Leave inputs as they are: pixels from 0 to 255. Here to be compared with; training suffers from it."""

    id = "no-scaling"

    def fit(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        return torch.zeros(inputs.shape[1]), torch.ones(inputs.shape[1])

    def code(self, config: RunConfig) -> Code:
        return Code(lines="mean, std = 0, 1")


@hookimpl
def register_strategies() -> list[type[Scaling]]:
    return [NoScaling]
