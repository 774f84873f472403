"""NAdam (Dozat 2016, "Incorporating Nesterov momentum into Adam")."""

import torch

from engine.strategy import Field, Optimizer, ParameterGroup, hookimpl


class NAdam(Optimizer):
    """Adam with Nesterov's look ahead: each step already goes along with the momentum that the next one will have.

    Names and defaults are those of `torch.optim.NAdam`, whose learning rate is 0.002.
    """

    id = "nadam"

    beta1: float = Field(0.9, ge=0, lt=1)
    """Memory of the running mean of gradients, once it has grown."""
    beta2: float = Field(0.999, ge=0, lt=1)
    """Memory of the running mean of squared gradients."""
    eps: float = Field(1e-8, gt=0, le=1)
    """Added to the divisor, so that it is never 0."""
    momentum_decay: float = Field(4e-3, ge=0, le=1)
    """How fast momentum grows from half of `beta1` to the whole of it."""
    decoupled_weight_decay: bool = False
    """Let weight decay act on the weights themselves, as AdamW does; otherwise it is part of the gradient."""

    def build(self, groups: list[ParameterGroup]) -> torch.optim.Optimizer:
        return torch.optim.NAdam(
            groups,
            betas=(self.beta1, self.beta2),
            eps=self.eps,
            momentum_decay=self.momentum_decay,
            decoupled_weight_decay=self.decoupled_weight_decay,
            foreach=True,
        )


@hookimpl
def register_strategies() -> list[type[Optimizer]]:
    return [NAdam]
