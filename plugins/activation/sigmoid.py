"""Logistic sigmoid (Rumelhart, Hinton, Williams 1986, "Learning representations by back-propagating errors")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torch import nn

from engine.message import message
from engine.strategy import Activation, Advice, DataSpec, hookimpl

if TYPE_CHECKING:
    from engine.config import RunConfig

DEEP = 5
"""Hidden layers from which on the derivatives alone leave less than a thousandth of the gradient."""


class Sigmoid(Activation):
    """1 / (1 + exp(−x)): between 0 and 1 (시그모이드). Its gradient is at most 1/4: deep networks of it hardly learn.

    It stands between the layers. The output needs none: the loss has its softmax or sigmoid in it.
    """

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        layers = config.model.hidden_layers
        # Norms keep what comes in near 0, where the gradient does not vanish.
        if layers >= DEEP and not config.normalised:
            yield Advice("warning", message(
                "sigmoid-vanishes", "the gradient of sigmoid is at most 1/4 per layer: hardly any of it reaches the "
                "first of {layers} hidden layers. Take relu with kaiming, or tick batch-norm", layers=layers,
            ))  # fmt: skip

    def build(self) -> nn.Module:
        return nn.Sigmoid()


@hookimpl
def register_strategies() -> list[type[Activation]]:
    return [Sigmoid]
