"""Max-norm (Srebro, Shraibman 2005; with dropout: Srivastava et al. 2014, JMLR 15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from engine.strategy import Code, Field, Regularizer, hookimpl

if TYPE_CHECKING:
    from engine.config import RunConfig

BOUNDED = """\
with torch.no_grad():
    for p in model.parameters():
        if p.ndim > 1 and p.requires_grad:
            p.copy_(torch.renorm(p, 2, 0, {max_norm}))"""


class MaxNorm(Regularizer):
    """Shorten the weights that lead into a neuron after each step where together they are longer than a bound.

    Unlike weight decay it leaves short weights alone. A neuron's weights are a row of a linear layer, or all of the
    kernel of one output channel of a convolution. Biases and norms are left out.
    """

    max_norm: float = Field(3.0, gt=0, le=1_000)
    """Greatest length of the weights that lead into one neuron; 3 to 4 is usual."""

    @torch.no_grad()
    def after_step(self, model: nn.Module) -> None:
        for parameter in model.parameters():
            # Weights of layers are matrices or more; biases and the parameters of norms are vectors.
            if parameter.ndim > 1 and parameter.requires_grad:
                parameter.copy_(torch.renorm(parameter, 2, 0, self.max_norm))

    def code(self, config: RunConfig) -> Code:
        return Code(after_step=BOUNDED.format(max_norm=self.max_norm))


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [MaxNorm]
