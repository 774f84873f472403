"""Sigmoid linear unit, or swish (Elfwing, Uchibe, Doya 2017, arXiv:1702.03118)."""

from torch import nn

from engine.strategy import Activation, hookimpl


class SiLU(Activation):
    """x · sigmoid(x): a smooth ReLU that dips a little below 0, usual in EfficientNet."""

    id = "silu"

    def build(self) -> nn.Module:
        return nn.SiLU()


@hookimpl
def register_strategies() -> list[type[Activation]]:
    return [SiLU]
