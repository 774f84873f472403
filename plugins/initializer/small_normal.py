"""Small random weights, as in AlexNet (Krizhevsky, Sutskever, Hinton 2012)."""

from functools import partial

from torch import nn

from engine.strategy import Field, Initializer, hookimpl
from plugins.initializer._layers import fill


class SmallNormal(Initializer):
    """Small random numbers (작은 난수), normal, the same for all layers, biases 0: the signal fades in deep networks.

    Whatever a layer's width, its weights have the same size. Kaiming and Xavier fit the size to the width.
    """

    std: float = Field(0.01, gt=0, le=10)
    """Standard deviation."""

    def apply(self, model: nn.Module) -> None:
        fill(model, partial(nn.init.normal_, std=self.std))


@hookimpl
def register_strategies() -> list[type[Initializer]]:
    return [SmallNormal]
