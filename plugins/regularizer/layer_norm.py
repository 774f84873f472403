"""Layer normalisation (Ba, Kiros, Hinton 2016, arXiv:1607.06450)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torch import nn

from engine.strategy import Advice, DataSpec, Field, Place, Regularizer, hookimpl
from plugins.regularizer._advice import advice_on_width

if TYPE_CHECKING:
    from engine.config import RunConfig


class LayerNorm(Regularizer):
    """Bring each sample's outputs of a layer to mean 0 and deviation 1, before the activation; the batch plays no part.

    So it works for batches of any size, and alike in training and in validation. After a linear layer it is PyTorch's
    `LayerNorm` over the features; after a convolution it is `GroupNorm` with one group, over all channels and pixels of
    the sample, with a scale and shift per channel.
    """

    slot = "norm"

    eps: float = Field(1e-5, gt=0, le=1)
    """Added to the variance, so that it is never 0."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        yield from advice_on_width(config)

    def layer(self, place: Place) -> nn.Module:
        if place.dimensions == 2:
            return nn.GroupNorm(1, place.features, eps=self.eps)
        return nn.LayerNorm(place.features, eps=self.eps)


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [LayerNorm]
