"""Adam (Kingma, Ba 2014, arXiv:1412.6980) and AMSGrad (Reddi, Kale, Kumar 2018, arXiv:1904.09237)."""

import torch

from engine.strategy import Field, Optimizer, ParameterGroup, hookimpl


class Adam(Optimizer):
    """Adam: each weight takes steps of its own size, from running means of its gradient and of the gradient's square.

    Names and defaults are those of `torch.optim.Adam`.
    """

    beta1: float = Field(0.9, ge=0, lt=1)
    """Memory of the running mean of gradients."""
    beta2: float = Field(0.999, ge=0, lt=1)
    """Memory of the running mean of squared gradients."""
    eps: float = Field(1e-8, gt=0, le=1)
    """Added to the divisor, so that it is never 0."""
    amsgrad: bool = False
    """Use the largest squared mean so far (AMSGrad)."""

    def build(self, groups: list[ParameterGroup]) -> torch.optim.Optimizer:
        return torch.optim.Adam(groups, betas=(self.beta1, self.beta2), eps=self.eps, amsgrad=self.amsgrad, fused=True)


@hookimpl
def register_strategies() -> list[type[Optimizer]]:
    return [Adam]
