"""Group normalisation (Wu, He 2018, arXiv:1803.08494)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torch import nn

from engine.strategy import Advice, DataSpec, Field, Place, Regularizer, hookimpl
from plugins.regularizer._advice import advice_on_width

if TYPE_CHECKING:
    from engine.config import RunConfig

FEWEST_FEATURES = 4
"""Features in a group, at least: two of them, normalised, are 1 and −1 whatever they were, and nothing is learned."""


class GroupNorm(Regularizer):
    """Bring each sample's channels, group by group, to mean 0 and deviation 1, before the activation.

    The batch plays no part, so it stands in for batch norm (배치 정규화) where batches are small. It is PyTorch's
    `GroupNorm`: over the channels of a group and all their pixels, or over a group's features after a linear layer.
    """

    slot = "norm"

    num_groups: int = Field(8, ge=1, le=4_096)
    """Groups into which channels are divided: where it does not divide them, the next smaller number that does. The
    paper's networks, of 64 channels and more, take 32. Groups of features after a linear layer hold 4 or more."""
    eps: float = Field(1e-5, gt=0, le=1)
    """Added to the variance, so that it is never 0."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        yield from advice_on_width(config)

    def layer(self, place: Place) -> nn.Module:
        most = place.features if place.dimensions == 2 else place.features // FEWEST_FEATURES
        groups = max(1, min(self.num_groups, most))
        while place.features % groups:
            groups -= 1
        return nn.GroupNorm(groups, place.features, eps=self.eps)


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [GroupNorm]
