"""No scaling: pixels as torchvision's `PILToTensor` gives them."""

import torch
from torch import Tensor

from engine.strategy import Scaling, hookimpl


class NoScaling(Scaling):
    """Leave inputs as they are: pixels from 0 to 255. Here to be compared with; training suffers from it."""

    id = "no-scaling"

    def fit(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        return torch.zeros(inputs.shape[1]), torch.ones(inputs.shape[1])


@hookimpl
def register_strategies() -> list[type[Scaling]]:
    return [NoScaling]
