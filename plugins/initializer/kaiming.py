"""Kaiming initialisation (He et al. 2015, arXiv:1502.01852)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Literal

from torch import nn

from engine.strategy import Advice, Code, DataSpec, Initializer, hookimpl
from plugins.initializer._layers import advice_on_own_weights, fill, filled

if TYPE_CHECKING:
    from engine.config import RunConfig


class Kaiming(Initializer):
    """Normal, with deviation √(2 / inputs of the layer), biases 0: keeps the signal's size through layers of ReLU.

    `torch.nn.init.kaiming_normal_` and `kaiming_uniform_` for ReLU: the 2 makes up for its halving the signal.
    """

    distribution: Literal["normal", "uniform"] = "normal"
    """Shape of the distribution; the deviation is the same."""
    mode: Literal["fan_in", "fan_out"] = "fan_in"
    """What keeps its size: the signal on its way forward (fan_in), or the gradient on its way back (fan_out)."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        return advice_on_own_weights(config)

    def apply(self, model: nn.Module) -> None:
        draw = nn.init.kaiming_normal_ if self.distribution == "normal" else nn.init.kaiming_uniform_
        fill(model, partial(draw, mode=self.mode, nonlinearity="relu"))

    def code(self, config: RunConfig) -> Code:
        return filled(f'kaiming_{self.distribution}_({{}}, mode="{self.mode}", nonlinearity="relu")')


@hookimpl
def register_strategies() -> list[type[Initializer]]:
    return [Kaiming]
