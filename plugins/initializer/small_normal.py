"""Small random weights, as in AlexNet (Krizhevsky, Sutskever, Hinton 2012)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from torch import nn

from engine.message import message
from engine.strategy import Advice, Code, DataSpec, Field, Initializer, hookimpl
from plugins.initializer._layers import advice_on_own_weights, fill, filled

if TYPE_CHECKING:
    from engine.config import RunConfig

DEEP = 5
"""Hidden layers from which on hardly anything of the signal is left at the end."""
SMALL = 0.05
"""Deviation below which that is so for layers of a usual width."""


class SmallNormal(Initializer):
    """Small random numbers (작은 난수), normal, the same for all layers, biases 0: the signal fades in deep networks.

    Whatever a layer's width, its weights have the same size. Kaiming and Xavier fit the size to the width.
    """

    std: float = Field(0.01, gt=0, le=10)
    """Standard deviation."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        yield from advice_on_own_weights(config)
        layers = config.model.hidden_layers
        if layers >= DEEP and self.std < SMALL and not config.normalised:
            yield Advice("warning", message(
                "too-small-for-depth", "weights of a deviation of {std} make the signal smaller at each of {layers} "
                "hidden layers, until hardly any is left: take kaiming or xavier, or tick batch-norm",
                std=self.std, layers=layers,
            ), "std")  # fmt: skip

    def apply(self, model: nn.Module) -> None:
        fill(model, partial(nn.init.normal_, std=self.std))

    def code(self, config: RunConfig) -> Code:
        return filled(f"normal_({{}}, std={self.std})")


@hookimpl
def register_strategies() -> list[type[Initializer]]:
    return [SmallNormal]
