"""Hyperbolic tangent (LeCun, Bottou, Orr, Müller 1998, "Efficient BackProp")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torch import nn

from engine.message import message
from engine.strategy import Activation, Advice, DataSpec, hookimpl

if TYPE_CHECKING:
    from engine.config import RunConfig

DEEP = 10
"""Hidden layers from which on much of the gradient is lost, unless the weights make up for it."""
SCALED = ("kaiming", "orthogonal", "xavier")
"""Initial weights of such a size that each layer gives as much gradient back as it takes."""


class Tanh(Activation):
    """tanh(x): between -1 and 1. Its gradient vanishes far from 0: deep networks of it learn slowly (기울기 소멸)."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        layers = config.model.hidden_layers
        if layers >= DEEP and not config.normalised and config.initializer.id not in SCALED:
            yield Advice("warning", message(
                "tanh-shrinks", "the gradient of tanh is 1 at 0 only, and shrinks a little from layer to layer: for "
                "{layers} hidden layers start from xavier, or tick batch-norm", layers=layers,
            ))  # fmt: skip

    def build(self) -> nn.Module:
        return nn.Tanh()


@hookimpl
def register_strategies() -> list[type[Activation]]:
    return [Tanh]
