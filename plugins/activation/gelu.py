"""Gaussian error linear unit (Hendrycks, Gimpel 2016, arXiv:1606.08415)."""

from typing import Literal

from torch import nn

from engine.strategy import Activation, hookimpl


class GELU(Activation):
    """x times the share of a normal distribution below x: a smooth ReLU, usual in transformers.

    Name and default are those of `torch.nn.GELU`.
    """

    approximate: Literal["none", "tanh"] = "none"
    """How to compute it: exactly (none), or by an approximation with tanh."""

    def build(self) -> nn.Module:
        return nn.GELU(self.approximate)


@hookimpl
def register_strategies() -> list[type[Activation]]:
    return [GELU]
