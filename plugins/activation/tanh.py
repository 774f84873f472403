"""Hyperbolic tangent."""

from torch import nn

from engine.strategy import Activation, hookimpl


class Tanh(Activation):
    """tanh(x): between -1 and 1. Its gradient vanishes far from 0: deep networks of it learn slowly (기울기 소멸)."""

    def build(self) -> nn.Module:
        return nn.Tanh()


@hookimpl
def register_strategies() -> list[type[Activation]]:
    return [Tanh]
