"""Exponential linear unit (Clevert, Unterthiner, Hochreiter 2015, arXiv:1511.07289)."""

from torch import nn

from engine.strategy import Activation, Field, hookimpl


class ELU(Activation):
    """x above 0, and alpha · (exp(x) − 1) below: bends smoothly towards −alpha, which keeps the mean near 0.

    Name and default are those of `torch.nn.ELU`.
    """

    alpha: float = Field(1.0, ge=0, le=10)
    """The value, negated, that it nears far below 0; with 0 it is ReLU."""

    def build(self) -> nn.Module:
        return nn.ELU(self.alpha)


@hookimpl
def register_strategies() -> list[type[Activation]]:
    return [ELU]
