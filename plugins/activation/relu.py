"""Rectified linear unit (Nair, Hinton 2010)."""

from torch import nn

from engine.strategy import Activation, hookimpl


class ReLU(Activation):
    """max(0, x): cheap, and its gradient does not vanish for positive x. The usual choice."""

    id = "relu"

    def build(self) -> nn.Module:
        return nn.ReLU()


@hookimpl
def register_strategies() -> list[type[Activation]]:
    return [ReLU]
