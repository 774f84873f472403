"""L1 penalty (Tibshirani 1996)."""

import torch
from torch import Tensor, nn

from engine.strategy import Field, Regularizer, hookimpl


class L1(Regularizer):
    """Add the absolute values of all weights to the loss: many become nearly 0. Biases and norms are left out."""

    strength: float = Field(1e-5, ge=0, le=1)
    """Factor of the sum. The loss that is shown leaves the penalty out."""

    def penalty(self, model: nn.Module) -> Tensor:
        return self.strength * torch.stack([p.abs().sum() for p in model.parameters() if p.ndim > 1]).sum()


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [L1]
