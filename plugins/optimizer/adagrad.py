"""Adagrad (Duchi, Hazan, Singer 2011, "Adaptive subgradient methods for online learning")."""

import torch

from engine.strategy import Field, Optimizer, ParameterGroup, hookimpl


class Adagrad(Optimizer):
    """Adagrad: each weight has a learning rate of its own, which falls with every gradient and never rises again.

    Names and defaults are those of `torch.optim.Adagrad`, whose learning rate is 0.01.
    """

    lr_decay: float = Field(0.0, ge=0, le=1)
    """The learning rate is divided by 1 + this × steps, besides any scheduler; the rate that is shown leaves it out."""
    initial_accumulator_value: float = Field(0.0, ge=0, le=1e4)
    """What the sum of squared gradients starts with: more makes the first steps smaller."""
    eps: float = Field(1e-10, gt=0, le=1)
    """Added to the divisor, so that it is never 0."""

    def build(self, groups: list[ParameterGroup]) -> torch.optim.Optimizer:
        # Elsewhere than on a processor, not every PyTorch that we run with has a fused kernel.
        on_cpu = all(parameter.device.type == "cpu" for group in groups for _, parameter in group["params"])
        return torch.optim.Adagrad(
            groups,
            lr_decay=self.lr_decay,
            initial_accumulator_value=self.initial_accumulator_value,
            eps=self.eps,
            fused=on_cpu or None,
        )


@hookimpl
def register_strategies() -> list[type[Optimizer]]:
    return [Adagrad]
