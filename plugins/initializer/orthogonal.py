"""Orthogonal initialisation (Saxe, McClelland, Ganguli 2013, arXiv:1312.6120)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import nn

from engine.strategy import Advice, Code, DataSpec, Field, Initializer, hookimpl
from plugins.initializer._layers import advice_on_own_weights, fill, filled

if TYPE_CHECKING:
    from engine.config import RunConfig


class Orthogonal(Initializer):
    """Each layer turns its inputs without stretching any: its weights are orthogonal, of length `gain`, biases 0.

    `torch.nn.init.orthogonal_`; the weights of a convolution are taken as one row per output channel.
    """

    gain: float = Field(1.0, gt=0, le=100)
    """Length of each row (or column, where these are fewer): 1 for tanh near 0, 1.414 for ReLU."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        return advice_on_own_weights(config)

    def apply(self, model: nn.Module) -> None:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # the last bits of a decomposition depend on it, and weights on the seed alone
        try:
            fill(model, lambda weight: nn.init.orthogonal_(weight, gain=self.gain))
        finally:
            torch.set_num_threads(threads)

    def code(self, config: RunConfig) -> Code:
        return filled(f"orthogonal_({{}}, gain={self.gain})")


@hookimpl
def register_strategies() -> list[type[Initializer]]:
    return [Orthogonal]
