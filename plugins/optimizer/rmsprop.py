"""RMSprop (Tieleman, Hinton 2012, lecture 6.5 of "Neural networks for machine learning")."""

import torch

from engine.strategy import Field, Optimizer, ParameterGroup, hookimpl


class RMSprop(Optimizer):
    """RMSprop: the gradient of each weight is divided by its usual size, a running mean over the last steps.

    Names and defaults are those of `torch.optim.RMSprop`, whose learning rate is 0.01.
    """

    id = "rmsprop"

    alpha: float = Field(0.99, ge=0, lt=1)
    """Memory of the running mean of squared gradients."""
    eps: float = Field(1e-8, gt=0, le=1)
    """Added to the divisor, so that it is never 0."""
    momentum: float = Field(0.0, ge=0, lt=1)
    """Share of the last step that is added to the next."""
    centered: bool = False
    """Divide by the gradient's deviation from its running mean instead of its size."""

    def build(self, groups: list[ParameterGroup]) -> torch.optim.Optimizer:
        return torch.optim.RMSprop(
            groups, alpha=self.alpha, eps=self.eps, momentum=self.momentum, centered=self.centered, foreach=True
        )


@hookimpl
def register_strategies() -> list[type[Optimizer]]:
    return [RMSprop]
