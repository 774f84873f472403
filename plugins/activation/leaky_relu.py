"""Leaky ReLU (Maas, Hannun, Ng 2013, "Rectifier nonlinearities improve neural network acoustic models")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torch import nn

from engine.strategy import Activation, Advice, DataSpec, Field, hookimpl
from plugins.activation._depth import advice_on_fading

if TYPE_CHECKING:
    from engine.config import RunConfig


class LeakyReLU(Activation):
    """As ReLU, but with a small slope below 0, so that no neuron falls silent for good.

    Name and default are those of `torch.nn.LeakyReLU`.
    """

    id = "leaky-relu"

    negative_slope: float = Field(0.01, ge=0, lt=1)
    """Slope below 0; with 0 it is ReLU."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        return advice_on_fading(config)

    def build(self) -> nn.Module:
        return nn.LeakyReLU(self.negative_slope)


@hookimpl
def register_strategies() -> list[type[Activation]]:
    return [LeakyReLU]
